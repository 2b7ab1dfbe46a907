package codec

import (
	"math/big"
	"reflect"

	"grove.place/lattice/internal/abi"
)

// Natural converts a Value to plain Go data: nil, bool, int64, float64, string, []byte, time.Time, *big.Int, []any,
// map[string]any (objects), Map[any, any], Set[any], typed arrays, RegExp, error.
func Natural(v abi.Value) any { return (&decoder{}).natural(v) }

// ErrorFrom converts an error that was found inside a value; the SDK sets it.
var ErrorFrom = func(e *abi.Error) error { return e }

func (d *decoder) natural(v abi.Value) any {
	switch v := v.(type) {
	case abi.Undefined:
		return nil
	case abi.Date:
		return v.Time()
	case abi.ArrayBuffer:
		return ArrayBuffer(v)
	case abi.BigInt:
		if n, ok := new(big.Int).SetString(string(v), 10); ok {
			return n
		}
		return v
	case abi.Array:
		return d.naturalList(v)
	case abi.Set:
		return Set[any](d.naturalList(abi.Array(v)))
	case abi.Object:
		m := make(map[string]any, len(v))
		for _, f := range v {
			m[f.Name] = d.natural(f.Value)
		}
		return m
	case abi.Map:
		m := make(Map[any, any], len(v))
		for i, p := range v {
			m[i] = Entry[any, any]{d.natural(p.Key), d.natural(p.Value)}
		}
		return m
	case abi.TypedArray:
		return naturalArray(v)
	case abi.RegExp:
		return RegExp(v)
	case *abi.Error:
		return ErrorFrom(v)
	case abi.StubValue, abi.Readable, abi.Writable, *abi.Request, *abi.Response, abi.Headers:
		return d.resolve(v)
	}
	return v
}

func (d *decoder) naturalList(v abi.Array) []any {
	s := make([]any, len(v))
	for i, e := range v {
		s[i] = d.natural(e)
	}
	return s
}

func (d *decoder) resolve(v abi.Value) any {
	if d.refs == nil {
		return nil
	}
	found, err := d.refs.Resolve(v)
	if err != nil {
		d.r.Fail("%s", err)
		return nil
	}
	return found
}

// reference reads a value into a Go type that is passed by reference, an error, or an interface with methods.
func (d *decoder) reference(tag byte, v reflect.Value) {
	t := v.Type()
	got := d.natural(d.r.Value())
	if got == nil {
		v.SetZero()
		return
	}
	to := v
	if t.Kind() == reflect.Pointer && t.Implements(referrerType) {
		to = reflect.New(t.Elem()).Elem()
	}
	if to.CanAddr() && reflect.PointerTo(to.Type()).Implements(referrerType) {
		if tag != abi.TagStub {
			d.mismatch(tag, t, "")
		} else if err := to.Addr().Interface().(Referrer).UnmarshalRPC(got); err != nil {
			d.mismatch(tag, t, err.Error())
		} else if to != v {
			v.Set(to.Addr())
		}
		return
	}
	if g := reflect.ValueOf(got); g.Type().AssignableTo(t) {
		v.Set(g)
		return
	}
	d.mismatch(tag, t, "")
}
