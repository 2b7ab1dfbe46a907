package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"

	"grove.place/lattice/internal/abi"
)

// special writes a value of one of the types in collections.go.
func (e *encoder) special(v reflect.Value, depth int) error {
	tag, kind := v.Interface().(special).form()
	w := e.w
	if v.Kind() == reflect.Slice && v.IsNil() && v.Type().Elem().Kind() == reflect.Uint8 {
		w.Value(nil)
		return nil
	}
	switch tag {
	case abi.TagMap:
		return e.orderedMap(v, depth)
	case abi.TagSet:
		w.U8(abi.TagSet)
		return e.elements(v, depth)
	case abi.TagArrayBuffer:
		w.U8(tag)
		w.Blob(v.Bytes())
	case abi.TagTypedArray:
		w.U8(tag)
		w.U8(kind)
		w.Blob(elementBytes(v))
	case abi.TagRegExp:
		x := v.Interface().(RegExp)
		w.Value(abi.RegExp(x))
	}
	return nil
}

func (e *encoder) orderedMap(v reflect.Value, depth int) error {
	e.w.U8(abi.TagMap)
	e.w.Uint(uint64(v.Len()))
	for i := range v.Len() {
		entry := v.Index(i)
		if err := e.value(entry.Field(0), depth+1); err != nil {
			return inside(err, "key")
		}
		if err := e.value(entry.Field(1), depth+1); err != nil {
			return inside(err, keyText(entry.Field(0)))
		}
	}
	return nil
}

// elementBytes is the memory of a typed array: little-endian, as on every host of JavaScript there is.
func elementBytes(v reflect.Value) []byte {
	switch v.Type().Elem().Kind() {
	case reflect.Uint8:
		return v.Bytes()
	}
	b := make([]byte, 0, v.Len()*int(v.Type().Elem().Size()))
	for i := range v.Len() {
		b = appendElement(b, v.Index(i))
	}
	return b
}

func appendElement(b []byte, e reflect.Value) []byte {
	var bits uint64
	switch e.Kind() {
	case reflect.Float32:
		bits = uint64(math.Float32bits(float32(e.Float())))
	case reflect.Float64:
		bits = math.Float64bits(e.Float())
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		bits = uint64(e.Int())
	default:
		bits = e.Uint()
	}
	switch e.Type().Size() {
	case 1:
		return append(b, byte(bits))
	case 2:
		return binary.LittleEndian.AppendUint16(b, uint16(bits))
	case 4:
		return binary.LittleEndian.AppendUint32(b, uint32(bits))
	}
	return binary.LittleEndian.AppendUint64(b, bits)
}

func setElement(e reflect.Value, b []byte) {
	var bits uint64
	switch len(b) {
	case 1:
		bits = uint64(b[0])
	case 2:
		bits = uint64(binary.LittleEndian.Uint16(b))
	case 4:
		bits = uint64(binary.LittleEndian.Uint32(b))
	default:
		bits = binary.LittleEndian.Uint64(b)
	}
	shift := 64 - 8*len(b)
	switch e.Kind() {
	case reflect.Float32:
		e.SetFloat(float64(math.Float32frombits(uint32(bits))))
	case reflect.Float64:
		e.SetFloat(math.Float64frombits(bits))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.SetInt(int64(bits<<shift) >> shift)
	default:
		e.SetUint(bits)
	}
}

// special reads a value into one of the types in collections.go. tag has been read.
func (d *decoder) special(tag byte, v reflect.Value, depth int) {
	t := v.Type()
	want, kind := v.Interface().(special).form()
	switch {
	case want == abi.TagMap && tag == want:
		d.orderedMap(v, depth)
	case want == abi.TagSet && (tag == want || tag == abi.TagArray):
		d.slice(v, depth)
	case want == abi.TagArrayBuffer && (tag == want || tag == abi.TagBytes):
		v.SetBytes(append([]byte{}, d.r.Blob()...))
	case want == abi.TagTypedArray && tag == want:
		d.typedArray(v, kind, true)
	case want == abi.TagRegExp && tag == want:
		v.Set(reflect.ValueOf(RegExp{d.r.Str(), d.r.Str()}))
	default:
		d.mismatch(tag, t, "")
		d.skip()
	}
}

func (d *decoder) orderedMap(v reflect.Value, depth int) {
	n := d.r.Count()
	m := reflect.MakeSlice(v.Type(), 0, min(n, 256))
	for ; n > 0 && d.r.Err() == nil; n-- {
		entry := reflect.New(v.Type().Elem()).Elem()
		d.field(entry.Field(0), "key", depth)
		d.field(entry.Field(1), "value", depth)
		m = reflect.Append(m, entry)
	}
	v.Set(m)
}

var arrayTypes = [...]reflect.Type{
	reflect.TypeFor[Int8Array](), reflect.TypeFor[Uint8ClampedArray](), reflect.TypeFor[Int16Array](), reflect.TypeFor[Uint16Array](),
	reflect.TypeFor[Int32Array](), reflect.TypeFor[Uint32Array](), reflect.TypeFor[Float32Array](), reflect.TypeFor[Float64Array](),
	reflect.TypeFor[BigInt64Array](), reflect.TypeFor[BigUint64Array](), reflect.TypeFor[DataView](),
}

// typedArray reads a typed array into a slice: one of exactly that kind, or a plain slice of such elements.
func (d *decoder) typedArray(v reflect.Value, kind byte, exact bool) {
	got, b := d.r.U8(), d.r.Blob()
	if int(got) >= len(arrayTypes) {
		d.r.Fail("unknown kind of typed array %d", got)
		return
	}
	if exact && got != kind || v.Type().Elem().Kind() != arrayTypes[got].Elem().Kind() {
		if d.err == nil {
			d.err = &MismatchError{Got: article(arrayTypes[got].Name()), Want: v.Type()}
		}
		return
	}
	setElements(v, b)
}

func setElements(v reflect.Value, b []byte) {
	size := int(v.Type().Elem().Size())
	s := reflect.MakeSlice(v.Type(), len(b)/size, len(b)/size)
	if size == 1 && s.Type().Elem().Kind() == reflect.Uint8 {
		copy(s.Bytes(), b)
	} else {
		for i := range s.Len() {
			setElement(s.Index(i), b[i*size:(i+1)*size])
		}
	}
	v.Set(s)
}

func naturalArray(a abi.TypedArray) any {
	v := reflect.New(arrayTypes[a.Kind]).Elem()
	setElements(v, a.Bytes)
	return v.Interface()
}

func article(name string) string {
	if name != "" && (name[0] == 'I' || name[0] == 'U' && name[1] == 'n') {
		return "an " + name
	}
	return "a " + name
}

func keyText(v reflect.Value) string {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	if v.CanInt() || v.CanUint() {
		return fmt.Sprint(v.Interface())
	}
	return "value"
}
