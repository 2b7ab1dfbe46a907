package gojs

import (
	"fmt"
	"math"
	"strconv"
)

// A JavaScript value is one of: undefined, nil (null), bool, float64, string, *object.
type (
	undefined struct{}

	// object is every object and function. What it is beyond its properties is told by its class and the fields below.
	object struct {
		class  *object // constructor, for instanceof
		props  map[string]any
		name   string // of a function, for messages
		call   func(this any, args []any) (any, error)
		build  func(args []any) (any, error) // new
		bytes  []byte                        // of a Uint8Array
		isView bool
		list   []any // of an Array
		isList bool
		get    func(name string) (any, bool) // computed properties
		set    func(name string, v any) bool
	}

	// thrown is a JavaScript exception.
	thrown struct{ value any }
)

func (t thrown) Error() string { return "JavaScript error: " + toString(t.value) }

func function(name string, f func(this any, args []any) (any, error)) *object {
	return &object{name: name, call: f}
}

func newError(code, message string) *object {
	return &object{props: map[string]any{"name": "Error", "message": message, "code": code}}
}

func throwf(format string, args ...any) error {
	return thrown{newError("ENOSYS", fmt.Sprintf(format, args...))}
}

func (o *object) property(name string) any {
	if o.get != nil {
		if v, ok := o.get(name); ok {
			return v
		}
	}
	if v, ok := o.props[name]; ok {
		return v
	}
	switch name {
	case "length", "byteLength":
		if o.isView {
			return float64(len(o.bytes))
		}
		if o.isList {
			return float64(len(o.list))
		}
	case "name":
		if o.call != nil {
			return o.name
		}
	case "constructor":
		if o.class != nil {
			return o.class
		}
	}
	return undefined{}
}

func (o *object) setProperty(name string, v any) {
	if o.set != nil && o.set(name, v) {
		return
	}
	if o.props == nil {
		o.props = map[string]any{}
	}
	o.props[name] = v
}

func toString(v any) string {
	switch v := v.(type) {
	case undefined:
		return "undefined"
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return formatNumber(v)
	case string:
		return v
	case *object:
		if m, ok := v.props["message"].(string); ok {
			return "Error: " + m
		}
		if v.call != nil {
			return "function " + v.name + "() { [native code] }"
		}
	}
	return "[object Object]"
}

func formatNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	case v == math.Trunc(v) && math.Abs(v) < 1e21:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// A table holds the values that the program has references to. A reference is a NaN whose low half is the value's
// number and whose high half has the kind of the value in three bits; other numbers stand for themselves.
type table struct {
	values []any
	counts []int
	ids    map[any]uint32
	free   []uint32
}

const (
	nanHead    = 0x7FF80000
	predefined = 7 // NaN, 0, null, true, false, the global object, the Go object
)

func (t *table) init(global, self *object) {
	t.values = []any{math.NaN(), float64(0), nil, true, false, global, self}
	t.counts = make([]int, predefined)
	t.ids = map[any]uint32{float64(0): 1, nil: 2, true: 3, false: 4, global: 5, self: 6}
}

// load returns the value that a reference stands for.
func (t *table) load(ref uint64) any {
	if ref == 0 {
		return undefined{}
	}
	if f := math.Float64frombits(ref); !math.IsNaN(f) {
		return f
	}
	id := uint32(ref)
	if int(id) >= len(t.values) {
		panic(fmt.Errorf("the Go program passed an unknown JavaScript reference %d", id))
	}
	return t.values[id]
}

// store returns a reference to v and counts it.
func (t *table) store(v any) uint64 {
	var flag uint64
	switch x := v.(type) {
	case undefined:
		return 0
	case float64:
		if math.IsNaN(x) {
			return nanHead << 32
		}
		if x != 0 {
			return math.Float64bits(x)
		}
		v = float64(0) // -0 has no reference of its own
	case string:
		flag = 2
	case *object:
		flag = 1
		if x.call != nil {
			flag = 4
		}
	}
	id, ok := t.ids[v]
	if !ok {
		id = t.add(v)
	}
	if id >= predefined {
		t.counts[id]++
	}
	return (nanHead|flag)<<32 | uint64(id)
}

func (t *table) add(v any) uint32 {
	var id uint32
	if n := len(t.free); n > 0 {
		id = t.free[n-1]
		t.free = t.free[:n-1]
		t.values[id] = v
		t.counts[id] = 0
	} else {
		id = uint32(len(t.values))
		t.values = append(t.values, v)
		t.counts = append(t.counts, 0)
	}
	t.ids[v] = id
	return id
}

// release drops one reference.
func (t *table) release(id uint32) {
	if id < predefined || int(id) >= len(t.values) || t.counts[id] == 0 {
		return
	}
	if t.counts[id]--; t.counts[id] == 0 {
		delete(t.ids, t.values[id])
		t.values[id] = nil
		t.free = append(t.free, id)
	}
}
