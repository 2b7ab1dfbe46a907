// Package codec maps Go data to the structured values of the ABI and back, by reflection and the `json` tags of structs:
// structs and string-keyed maps are plain objects, []byte is Uint8Array, time.Time is Date, *big.Int is BigInt. What is passed by
// reference goes through References, which the guest runtime implements.
//
// Start with Marshal and Unmarshal.
package codec

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"sort"
	"time"

	"grove.place/lattice/internal/abi"
)

// Undefined is the value of what is absent, such as the result of a method that returns nothing.
type Undefined = abi.Undefined

// UnsupportedError reports data that has no structured form, such as a channel, or a cycle.
type UnsupportedError struct{ Path, Reason string }

func (e *UnsupportedError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// unreferred is an UnsupportedError with what References said.
type unreferred struct {
	*UnsupportedError
	cause error
}

func (e unreferred) Unwrap() []error { return []error{e.UnsupportedError, e.cause} }

// ErrorOf converts an error found inside a value; the SDK sets it.
var ErrorOf = func(err error) *abi.Error { return &abi.Error{Name: "Error", Message: err.Error()} }

// Marshal appends v, which is data, to w. On an error w is left as it was.
func Marshal(w *abi.Writer, v any) error { return MarshalWith(w, v, nil) }

// MarshalWith is Marshal for values that may hold references.
func MarshalWith(w *abi.Writer, v any, refs References) error {
	switch v := v.(type) {
	case nil:
		w.Value(nil)
		return nil
	case string:
		w.String(v)
		return nil
	case bool, []byte, float64, int64, abi.Undefined:
		return marshalBasic(w, v)
	}
	start := w.Len()
	e := encoder{w: w, refs: refs}
	if err := e.value(reflect.ValueOf(v), 0); err != nil {
		*w = *abi.NewWriter(w.Bytes()[:start])
		return err
	}
	return nil
}

type encoder struct {
	w    *abi.Writer
	refs References
}

func marshalBasic(w *abi.Writer, v any) error {
	switch v := v.(type) {
	case int64:
		return encodeInt(w, v)
	case []byte:
		if v == nil {
			w.Value(nil)
			return nil
		}
	}
	w.Value(v)
	return nil
}

func encodeInt(w *abi.Writer, v int64) error {
	if v > abi.MaxSafeInt || v < -abi.MaxSafeInt {
		return &UnsupportedError{"", fmt.Sprintf("integer %d is beyond ±2^53, which a JavaScript number cannot hold; use *big.Int or a string", v)}
	}
	w.Int(v)
	return nil
}

func (e *encoder) value(v reflect.Value, depth int) error {
	if !v.IsValid() {
		e.w.Value(nil)
		return nil
	}
	return e.formed(v, formOf(v.Type()), depth)
}

// formed writes a value whose form is known.
func (e *encoder) formed(v reflect.Value, f form, depth int) error {
	if depth > abi.MaxDepth {
		return &UnsupportedError{"", fmt.Sprintf("nested deeper than %d, or a cycle", abi.MaxDepth)}
	}
	w := e.w
	switch f {
	case formOfKind:
		return e.kind(v, depth)
	case formInterface:
		if v.IsNil() {
			w.Value(nil)
			return nil
		}
		if declaredWriter(v.Type()) && e.refs != nil {
			return e.refer(Writer{v.Interface().(io.Writer)})
		}
		return e.value(v.Elem(), depth+1)
	case formTime:
		w.Value(abi.DateOf(v.Interface().(time.Time)))
	case formBigInt:
		b := v.Interface().(big.Int)
		w.Value(abi.BigInt(b.String()))
	case formABI:
		if !isABIValue(v) {
			return e.kind(v, depth)
		}
		w.Value(v.Interface())
	case formError:
		return e.failure(v)
	case formSpecial:
		return e.special(v, depth)
	case formHeader:
		if e.refs == nil {
			return e.kind(v, depth)
		}
		return e.reference(v)
	case formReference:
		return e.reference(v)
	}
	return nil
}

func (e *encoder) failure(v reflect.Value) error {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		e.w.Value(nil)
		return nil
	}
	var already *abi.Error
	if errors.As(v.Interface().(error), &already) {
		e.w.Value(already)
	} else {
		e.w.Value(ErrorOf(v.Interface().(error)))
	}
	return nil
}

func (e *encoder) reference(v reflect.Value) error {
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Map) && v.IsNil() {
		e.w.Value(nil)
		return nil
	}
	if e.refs == nil {
		return &UnsupportedError{"", fmt.Sprintf("%s is passed by reference, in RPC only: it cannot be stored", v.Type())}
	}
	return e.refer(v.Interface())
}

func (e *encoder) refer(v any) error {
	value, err := e.refs.Refer(v)
	if err != nil {
		return unreferred{&UnsupportedError{"", err.Error()}, err}
	}
	e.w.Value(value)
	return nil
}

// kind writes a value whose form is that of its kind.
func (e *encoder) kind(v reflect.Value, depth int) error {
	w := e.w
	switch v.Kind() {
	case reflect.Bool:
		w.Value(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return encodeInt(w, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Uint() > abi.MaxSafeInt {
			return &UnsupportedError{"", fmt.Sprintf("integer %d is beyond 2^53, which a JavaScript number cannot hold; use *big.Int or a string", v.Uint())}
		}
		w.Int(int64(v.Uint()))
	case reflect.Float32, reflect.Float64:
		w.Float(v.Float())
	case reflect.String:
		w.String(v.String())
	case reflect.Pointer:
		if v.IsNil() {
			w.Value(nil)
			return nil
		}
		return e.value(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		return e.list(v, depth)
	case reflect.Map:
		return e.mapping(v, depth)
	case reflect.Struct:
		return e.structure(v, depth)
	case reflect.Func:
		return &UnsupportedError{"", fmt.Sprintf("%s could not be cloned: pass functions as rpc.Function, made with rpc.NewFunction", v.Type())}
	default:
		return &UnsupportedError{"", fmt.Sprintf("%s could not be cloned", v.Type())}
	}
	return nil
}

func isABIValue(v reflect.Value) bool {
	switch v.Interface().(type) {
	case abi.Undefined, abi.Date, abi.Array, abi.Object, abi.Map, abi.Set, abi.BigInt, abi.TypedArray, abi.ArrayBuffer, abi.RegExp:
		return true
	}
	return false
}

func (e *encoder) list(v reflect.Value, depth int) error {
	w := e.w
	if v.Kind() == reflect.Slice && v.IsNil() {
		if v.Type().Elem().Kind() == reflect.Uint8 {
			w.Value(nil)
		} else {
			w.Value(abi.Array{})
		}
		return nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
		w.Value(v.Bytes())
		return nil
	}
	w.U8(abi.TagArray)
	return e.elements(v, depth)
}

func (e *encoder) elements(v reflect.Value, depth int) error {
	n, f := v.Len(), formOf(v.Type().Elem())
	e.w.Uint(uint64(n))
	for i := range n {
		if err := e.formed(v.Index(i), f, depth+1); err != nil {
			return inside(err, element(i))
		}
	}
	return nil
}

func (e *encoder) mapping(v reflect.Value, depth int) error {
	w, f := e.w, formOf(v.Type().Elem())
	keys := v.MapKeys()
	if v.Type().Key().Kind() != reflect.String {
		w.U8(abi.TagMap)
		w.Uint(uint64(len(keys)))
		for _, k := range keys {
			if err := e.value(k, depth+1); err != nil {
				return inside(err, "key")
			}
			if err := e.formed(v.MapIndex(k), f, depth+1); err != nil {
				return inside(err, keyText(k))
			}
		}
		return nil
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	w.U8(abi.TagObject)
	w.Uint(uint64(len(keys)))
	for _, k := range keys {
		w.Str(k.String())
		if err := e.formed(v.MapIndex(k), f, depth+1); err != nil {
			return inside(err, k.String())
		}
	}
	return nil
}

// Opaque is the first field of structs that are no data, and must not cross as if they were. Its tag js names the JavaScript type.
type Opaque struct{}

var opaqueType = reflect.TypeFor[Opaque]()

func (e *encoder) structure(v reflect.Value, depth int) error {
	if v.NumField() > 0 && v.Field(0).Type() == opaqueType {
		name := v.Type().Field(0).Tag.Get("js")
		return &UnsupportedError{"", fmt.Sprintf("Could not serialize object of type %q. This type does not support serialization.", name)}
	}
	w, fields := e.w, Fields(v.Type())
	n := 0
	for i := range fields {
		if !(fields[i].OmitEmpty && isEmpty(v.FieldByIndex(fields[i].Index))) {
			n++
		}
	}
	w.U8(abi.TagObject)
	w.Uint(uint64(n))
	for i := range fields {
		f := &fields[i]
		value := v.FieldByIndex(f.Index)
		if f.OmitEmpty && isEmpty(value) {
			continue
		}
		w.Str(f.Name)
		if err := e.formed(value, f.form, depth+1); err != nil {
			return inside(err, f.Name)
		}
	}
	return nil
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Array, reflect.String:
		return v.Len() == 0
	}
	return v.IsZero()
}
