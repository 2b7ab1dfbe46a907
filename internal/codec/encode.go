// Package codec maps Go data to the structured values of the ABI and back, by reflection and the `json` tags of structs:
// structs and string-keyed maps are plain objects, []byte is Uint8Array, time.Time is Date, *big.Int is BigInt.
//
// Start with Marshal and Unmarshal.
package codec

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"sort"
	"time"

	"grove.place/lattice/internal/abi"
)

// Undefined is the value of what is absent, such as the result of a method that returns nothing.
type Undefined = abi.Undefined

var (
	timeType   = reflect.TypeFor[time.Time]()
	bigIntType = reflect.TypeFor[big.Int]()
	bytesType  = reflect.TypeFor[[]byte]()
	errorType  = reflect.TypeFor[error]()
)

// UnsupportedError reports data that has no structured form, such as a channel, or a cycle.
type UnsupportedError struct{ Path, Reason string }

func (e *UnsupportedError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// ErrorOf converts an error found inside a value; the SDK sets it.
var ErrorOf = func(err error) *abi.Error { return &abi.Error{Name: "Error", Message: err.Error()} }

// Marshal appends v to w. On an error w is left as it was.
func Marshal(w *abi.Writer, v any) error {
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
	if err := encode(w, reflect.ValueOf(v), 0); err != nil {
		*w = *abi.NewWriter(w.Bytes()[:start])
		return err
	}
	return nil
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

func encode(w *abi.Writer, v reflect.Value, depth int) error {
	if depth > abi.MaxDepth {
		return &UnsupportedError{"", fmt.Sprintf("nested deeper than %d, or a cycle", abi.MaxDepth)}
	}
	if !v.IsValid() {
		w.Value(nil)
		return nil
	}
	if done, err := encodeSpecial(w, v); done {
		return err
	}
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
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			w.Value(nil)
			return nil
		}
		return encode(w, v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		return encodeList(w, v, depth)
	case reflect.Map:
		return encodeMap(w, v, depth)
	case reflect.Struct:
		return encodeStruct(w, v, depth)
	default:
		return &UnsupportedError{"", fmt.Sprintf("%s could not be cloned", v.Type())}
	}
	return nil
}

// encodeSpecial handles the types whose structured form is not that of their kind.
func encodeSpecial(w *abi.Writer, v reflect.Value) (bool, error) {
	t := v.Type()
	switch {
	case t == timeType:
		w.Value(abi.DateOf(v.Interface().(time.Time)))
		return true, nil
	case t == bigIntType:
		b := v.Interface().(big.Int)
		w.Value(abi.BigInt(b.String()))
		return true, nil
	case t.PkgPath() == abiPath && isABIValue(v):
		w.Value(v.Interface())
		return true, nil
	case t.Kind() != reflect.Interface && t.Implements(errorType):
		if t.Kind() == reflect.Pointer && v.IsNil() {
			w.Value(nil)
			return true, nil
		}
		var already *abi.Error
		if errors.As(v.Interface().(error), &already) {
			w.Value(already)
		} else {
			w.Value(ErrorOf(v.Interface().(error)))
		}
		return true, nil
	}
	return false, nil
}

var abiPath = reflect.TypeFor[abi.Undefined]().PkgPath()

func isABIValue(v reflect.Value) bool {
	switch v.Interface().(type) {
	case abi.Undefined, abi.Date, abi.Array, abi.Object, abi.Map, abi.Set, abi.BigInt, abi.TypedArray, abi.ArrayBuffer, abi.RegExp:
		return true
	}
	return false
}

func encodeList(w *abi.Writer, v reflect.Value, depth int) error {
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
	w.Uint(uint64(v.Len()))
	for i := range v.Len() {
		if err := encode(w, v.Index(i), depth+1); err != nil {
			return inside(err, element(i))
		}
	}
	return nil
}

func encodeMap(w *abi.Writer, v reflect.Value, depth int) error {
	keys := v.MapKeys()
	if v.Type().Key().Kind() != reflect.String {
		w.U8(abi.TagMap)
		w.Uint(uint64(len(keys)))
		for _, k := range keys {
			if err := encode(w, k, depth+1); err != nil {
				return inside(err, "key")
			}
			if err := encode(w, v.MapIndex(k), depth+1); err != nil {
				return inside(err, fmt.Sprint(k))
			}
		}
		return nil
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	w.U8(abi.TagObject)
	w.Uint(uint64(len(keys)))
	for _, k := range keys {
		w.Str(k.String())
		if err := encode(w, v.MapIndex(k), depth+1); err != nil {
			return inside(err, k.String())
		}
	}
	return nil
}

func encodeStruct(w *abi.Writer, v reflect.Value, depth int) error {
	fields := Fields(v.Type())
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
		if err := encode(w, value, depth+1); err != nil {
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
