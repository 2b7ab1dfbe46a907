package js

import (
	"fmt"
	"math"

	"github.com/dop251/goja"
)

// refs holds the values that the program has references to, as wasm_exec.js does. A reference is a NaN whose low half is the value's number and
// whose high half has the kind of the value in three bits; other numbers stand for themselves.
type refs struct {
	values []goja.Value
	counts []int
	ids    map[any]uint32 // by *goja.Object, *goja.Symbol or string
	free   []uint32
}

const (
	nanHead    = 0x7FF80000
	predefined = 7 // NaN, 0, null, true, false, the global object, the Go object

	kindObject   = 1
	kindString   = 2
	kindSymbol   = 3
	kindFunction = 4
)

func (t *refs) init(global, self *goja.Object) {
	t.values = []goja.Value{goja.NaN(), nil, goja.Null(), nil, nil, global, self}
	t.counts = make([]int, predefined)
	t.ids = map[any]uint32{global: 5, self: 6}
}

func (vm *VM) load(ref uint64) goja.Value {
	if ref == 0 {
		return goja.Undefined()
	}
	if f := math.Float64frombits(ref); !math.IsNaN(f) {
		return vm.rt.ToValue(f)
	}
	switch id := uint32(ref); {
	case id == 1:
		return vm.rt.ToValue(0)
	case id == 3 || id == 4:
		return vm.rt.ToValue(id == 3)
	case int(id) < len(vm.refs.values) && vm.refs.values[id] != nil:
		return vm.refs.values[id]
	default:
		panic(fmt.Errorf("the Go program passed an unknown JavaScript reference %d", id))
	}
}

func (vm *VM) loadAll(list []uint64) []goja.Value {
	all := make([]goja.Value, len(list))
	for i, ref := range list {
		all[i] = vm.load(ref)
	}
	return all
}

// store returns a reference to v and counts it.
func (vm *VM) store(v goja.Value) uint64 {
	if v == nil || goja.IsUndefined(v) {
		return 0
	}
	if goja.IsNull(v) {
		return named(2, 0)
	}
	switch x := v.(type) {
	case *goja.Object:
		if _, ok := goja.AssertFunction(x); ok {
			return vm.refs.keep(x, x, kindFunction)
		}
		return vm.refs.keep(x, x, kindObject)
	case *goja.Symbol:
		return vm.refs.keep(x, x, kindSymbol)
	case goja.String:
		return vm.refs.keep(x.String(), x, kindString)
	}
	switch x := v.Export().(type) {
	case bool:
		if x {
			return named(3, 0)
		}
		return named(4, 0)
	case int64, float64:
		return number(v.ToFloat())
	}
	return vm.refs.keep(v, v, 0) // a BigInt, which Go only passes on
}

func named(id uint32, kind uint64) uint64 { return (nanHead|kind)<<32 | uint64(id) }

func number(f float64) uint64 {
	switch {
	case math.IsNaN(f):
		return nanHead << 32
	case f == 0:
		return named(1, 0) // also -0
	}
	return math.Float64bits(f)
}

func (t *refs) keep(key any, v goja.Value, kind uint64) uint64 {
	id, ok := t.ids[key]
	if !ok {
		if n := len(t.free); n > 0 {
			id = t.free[n-1]
			t.free = t.free[:n-1]
			t.values[id], t.counts[id] = v, 0
		} else {
			id = uint32(len(t.values))
			t.values = append(t.values, v)
			t.counts = append(t.counts, 0)
		}
		t.ids[key] = id
	}
	if id >= predefined {
		t.counts[id]++
	}
	return named(id, kind)
}

// Release implements gojs.Engine.
func (vm *VM) Release(id uint32) {
	t := &vm.refs
	if id < predefined || int(id) >= len(t.values) || t.counts[id] == 0 {
		return
	}
	if t.counts[id]--; t.counts[id] > 0 {
		return
	}
	switch v := t.values[id].(type) {
	case goja.String:
		delete(t.ids, v.String())
	default:
		delete(t.ids, v)
	}
	t.values[id] = nil
	t.free = append(t.free, id)
}
