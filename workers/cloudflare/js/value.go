// Package js has the values that programs of github.com/syumai/workers see as js.Value of syscall/js: the cf object of a request, JSON variables, messages of
// queues. It has the names of syscall/js for looking at data and for making it.
//
// The one idea: a value is data, a copy, not a reference into a JavaScript engine. So there is no Global, Call, Invoke, New or FuncOf, and a program that uses them does
// not compile. Start with Value.
package js

import (
	"encoding/json"
	"fmt"
	"math"

	"grove.place/lattice/internal/abi"
)

// Type is the JavaScript type of a Value.
type Type int

// The types, in the order of syscall/js. TypeSymbol and TypeFunction never come up.
const (
	TypeUndefined Type = iota
	TypeNull
	TypeBoolean
	TypeNumber
	TypeString
	TypeSymbol
	TypeObject
	TypeFunction
)

func (t Type) String() string {
	names := [...]string{"undefined", "null", "boolean", "number", "string", "symbol", "object", "function"}
	if t < 0 || int(t) >= len(names) {
		return fmt.Sprintf("Type(%d)", int(t))
	}
	return names[t]
}

// Value is a JavaScript value. The zero Value is undefined.
type Value struct {
	v       abi.Value // nil is null
	defined bool
}

// A ValueError is what a method panics with that the Value's type does not have.
type ValueError struct {
	Method string
	Type   Type
}

func (e *ValueError) Error() string { return "js: call of " + e.Method + " on " + e.Type.String() }

// binding is a Value that stands for a binding.
type binding string

// FromABI makes a Value of one that has crossed; packages beside this one call it.
func FromABI(v abi.Value) Value {
	if _, undefined := v.(abi.Undefined); undefined {
		return Value{}
	}
	return Value{v, true}
}

// ABI returns the value as it crosses.
func (v Value) ABI() abi.Value {
	if !v.defined {
		return abi.Undefined{}
	}
	return v.v
}

// OfBinding makes the Value that cloudflare.GetBinding returns for a binding that is not data.
func OfBinding(name string) Value { return Value{binding(name), true} }

// Binding returns the name of the binding that the Value stands for.
func (v Value) Binding() (string, bool) {
	name, ok := v.v.(binding)
	return string(name), ok
}

// Parse makes a Value of JSON.
func Parse(text []byte) (Value, error) {
	var data any
	if err := json.Unmarshal(text, &data); err != nil {
		return Value{}, err
	}
	return ValueOf(data), nil
}

// Undefined returns the value undefined.
func Undefined() Value { return Value{} }

// Null returns the value null.
func Null() Value { return Value{nil, true} }

// ValueOf makes a Value of nil, a bool, a number, a string, a []byte, []any, map[string]any or Value. Like that of syscall/js it panics for anything else.
func ValueOf(x any) Value { return FromABI(abiOf(x)) }

func abiOf(x any) abi.Value {
	switch x := x.(type) {
	case nil, bool, string, []byte:
		return x
	case Value:
		return x.ABI()
	case []any:
		list := make(abi.Array, len(x))
		for i, e := range x {
			list[i] = abiOf(e)
		}
		return list
	case map[string]any:
		return object(x)
	}
	if f, ok := number(x); ok {
		return f
	}
	panic(fmt.Sprintf("js: ValueOf: invalid value of type %T", x))
}

func number(x any) (float64, bool) {
	switch x := x.(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), true
	case int:
		return float64(x), true
	case int8:
		return float64(x), true
	case int16:
		return float64(x), true
	case int32:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint:
		return float64(x), true
	case uint8:
		return float64(x), true
	case uint16:
		return float64(x), true
	case uint32:
		return float64(x), true
	case uint64:
		return float64(x), true
	}
	return math.NaN(), false
}
