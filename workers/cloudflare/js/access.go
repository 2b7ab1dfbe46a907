package js

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"grove.place/lattice/internal/abi"
)

func object(m map[string]any) abi.Object {
	o := make(abi.Object, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		o = append(o, abi.Field{Name: name, Value: abiOf(m[name])})
	}
	return o
}

// Type returns the JavaScript type.
func (v Value) Type() Type {
	if !v.defined {
		return TypeUndefined
	}
	switch v.v.(type) {
	case nil:
		return TypeNull
	case bool:
		return TypeBoolean
	case int64, float64:
		return TypeNumber
	case string:
		return TypeString
	}
	return TypeObject
}

// IsUndefined reports whether v is undefined.
func (v Value) IsUndefined() bool { return !v.defined }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.Type() == TypeNull }

// IsNaN reports whether v is the number NaN.
func (v Value) IsNaN() bool { return v.Type() == TypeNumber && math.IsNaN(v.Float()) }

// Truthy reports whether v counts as true in JavaScript.
func (v Value) Truthy() bool {
	switch v.Type() {
	case TypeUndefined, TypeNull:
		return false
	case TypeBoolean:
		return v.Bool()
	case TypeNumber:
		return v.Float() != 0 && !v.IsNaN()
	case TypeString:
		return v.v != ""
	}
	return true
}

// Bool returns a boolean. It panics if v is none.
func (v Value) Bool() bool {
	b, ok := v.v.(bool)
	if !ok {
		panic(&ValueError{"Value.Bool", v.Type()})
	}
	return b
}

// Float returns a number. It panics if v is none.
func (v Value) Float() float64 {
	switch n := v.v.(type) {
	case float64:
		return n
	case int64:
		return float64(n)
	}
	panic(&ValueError{"Value.Float", v.Type()})
}

// Int returns a number, without its fraction. It panics if v is none.
func (v Value) Int() int {
	if v.Type() != TypeNumber {
		panic(&ValueError{"Value.Int", v.Type()})
	}
	return int(v.Float())
}

// String returns a string as it is, and other values in the form "<number: 1>", as syscall/js does: undefined is "<undefined>".
func (v Value) String() string {
	switch v.Type() {
	case TypeString:
		return v.v.(string)
	case TypeBoolean:
		return fmt.Sprintf("<boolean: %v>", v.v)
	case TypeNumber:
		return "<number: " + strconv.FormatFloat(v.Float(), 'f', -1, 64) + ">"
	default:
		return "<" + v.Type().String() + ">"
	}
}

// Length is the number of elements of an array, of bytes, or of a string's UTF-16 code units. It panics for others.
func (v Value) Length() int {
	switch list := v.v.(type) {
	case abi.Array:
		return len(list)
	case []byte:
		return len(list)
	case abi.ArrayBuffer:
		return len(list)
	case abi.TypedArray:
		return len(list.Bytes)
	case string:
		n := 0
		for _, r := range list {
			n++
			if r > 0xffff {
				n++
			}
		}
		return n
	}
	panic(&ValueError{"Value.Length", v.Type()})
}

// Index returns an element of an array or of bytes, or undefined. It panics for others.
func (v Value) Index(i int) Value {
	if i < 0 || i >= v.Length() {
		return Value{}
	}
	switch list := v.v.(type) {
	case abi.Array:
		return FromABI(list[i])
	case []byte:
		return Value{int64(list[i]), true}
	}
	panic(&ValueError{"Value.Index", v.Type()})
}

// Get returns a property of an object, or undefined. It panics when v is no object.
func (v Value) Get(name string) Value {
	switch o := v.v.(type) {
	case abi.Object:
		return FromABI(o.Get(name))
	case []byte, abi.ArrayBuffer, abi.TypedArray, abi.Array:
		if name == "length" || name == "byteLength" {
			return Value{int64(v.Length()), true}
		}
	}
	if v.Type() != TypeObject {
		panic(&ValueError{"Value.Get", v.Type()})
	}
	return Value{}
}

// Bytes returns the content of an ArrayBuffer or a typed array, and whether v is one. It is not in syscall/js.
func (v Value) Bytes() ([]byte, bool) {
	switch b := v.v.(type) {
	case []byte:
		return b, true
	case abi.ArrayBuffer:
		return b, true
	case abi.TypedArray:
		return b.Bytes, true
	}
	return nil, false
}

// CopyBytesToGo copies bytes, and returns how many. It panics when src has none.
func CopyBytesToGo(dst []byte, src Value) int {
	b, ok := src.Bytes()
	if !ok {
		panic("js: CopyBytesToGo: expected src to be bytes")
	}
	return copy(dst, b)
}
