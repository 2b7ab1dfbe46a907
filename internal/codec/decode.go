package codec

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"grove.place/lattice/internal/abi"
)

// MismatchError reports a value that does not fit the Go type it should go to.
type MismatchError struct {
	Path string
	Got  string
	Want reflect.Type
	Why  string
}

func (e *MismatchError) Error() string {
	s := fmt.Sprintf("expected %s, got %s", describeType(e.Want), e.Got)
	if e.Why != "" {
		s = e.Why
	}
	if e.Path != "" {
		return e.Path + ": " + s
	}
	return s
}

func describeType(t reflect.Type) string {
	switch {
	case t == timeType:
		return "a Date"
	case t == bytesType:
		return "a Uint8Array"
	case t == bigIntType:
		return "a BigInt"
	case t == headerType:
		return "Headers"
	case t == requestType:
		return "a Request"
	case t == responseType:
		return "a Response"
	}
	switch formOf(t) {
	case formError:
		return "an Error"
	case formReference:
		if t.Implements(referenceType) {
			return "a function or stub"
		}
	case formSpecial:
		name, _, _ := strings.Cut(t.Name(), "[")
		return article(name)
	case formInterface:
		switch {
		case t == errorType:
			return "an Error"
		case t.Implements(readerType):
			return "a ReadableStream"
		case t.Implements(writerType):
			return "a WritableStream"
		}
	}
	switch t.Kind() {
	case reflect.Bool:
		return "a boolean"
	case reflect.String:
		return "a string"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Pointer:
		return describeType(t.Elem())
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Interface:
		return "a value"
	}
	return "an integer"
}

var tagNames = map[byte]string{
	abi.TagUndefined: "undefined", abi.TagNull: "null", abi.TagFalse: "a boolean", abi.TagTrue: "a boolean",
	abi.TagInt: "a number", abi.TagFloat: "a number", abi.TagString: "a string", abi.TagBytes: "a Uint8Array",
	abi.TagDate: "a Date", abi.TagArray: "an array", abi.TagObject: "an object", abi.TagMap: "a Map",
	abi.TagSet: "a Set", abi.TagBigInt: "a BigInt", abi.TagError: "an Error", abi.TagTypedArray: "a typed array",
	abi.TagArrayBuffer: "an ArrayBuffer", abi.TagRegExp: "a RegExp", abi.TagStub: "a function or stub",
	abi.TagReadable: "a ReadableStream", abi.TagWritable: "a WritableStream", abi.TagRequest: "a Request",
	abi.TagResponse: "a Response", abi.TagHeaders: "Headers",
}

// Unmarshal reads one Value from r into dest, which must be a non-nil pointer. Null and undefined leave the zero value.
// It reads the whole Value even when that does not fit, so that r stays usable.
func Unmarshal(r *abi.Reader, dest any) error { return UnmarshalWith(r, dest, nil) }

// UnmarshalWith is Unmarshal for values that may hold references.
func UnmarshalWith(r *abi.Reader, dest any, refs References) error {
	v := reflect.ValueOf(dest)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("codec: destination must be a non-nil pointer, not %T", dest)
	}
	d := decoder{r: r, refs: refs}
	d.value(v.Elem(), 0)
	if err := r.Err(); err != nil {
		return err
	}
	if d.err != nil {
		return d.err
	}
	return nil
}

// Assign stores an already decoded Value in dest, as Unmarshal does.
func Assign(value abi.Value, dest any) error {
	var w abi.Writer
	w.Value(value)
	return Unmarshal(abi.NewReader(w.Bytes()), dest)
}

type decoder struct {
	r    *abi.Reader
	refs References
	err  *MismatchError
}

func (d *decoder) mismatch(tag byte, want reflect.Type, why string) {
	if d.err == nil {
		d.err = &MismatchError{Got: tagNames[tag], Want: want, Why: why}
	}
}

// skip reads the contents of a value that does not fit.
func (d *decoder) skip() {
	d.r.Unread()
	d.r.Value()
}

func (d *decoder) value(v reflect.Value, depth int) {
	if depth > abi.MaxDepth {
		d.r.Fail("value nests deeper than %d", abi.MaxDepth)
		return
	}
	tag := d.r.Peek()
	t := v.Type()
	f := formOf(t)
	switch {
	case f == formInterface && t.NumMethod() == 0:
		if natural := d.natural(d.r.Value()); natural != nil {
			v.Set(reflect.ValueOf(natural))
		} else {
			v.SetZero()
		}
		return
	case tag >= abi.TagStub || f == formReference || f == formInterface || f == formError:
		d.reference(tag, v)
		return
	case f == formABI:
		got := d.r.Value()
		if g := reflect.ValueOf(got); g.IsValid() && g.Type() == t {
			v.Set(g)
		} else {
			d.mismatch(tag, t, "")
		}
		return
	}
	d.r.U8()
	switch {
	case tag == abi.TagUndefined || tag == abi.TagNull:
		v.SetZero()
	case f == formSpecial:
		d.special(tag, v, depth)
	case t.Kind() == reflect.Pointer:
		d.r.Unread()
		v.Set(reflect.New(t.Elem()))
		d.value(v.Elem(), depth+1)
	default:
		d.tagged(tag, v, depth)
	}
}

func (d *decoder) tagged(tag byte, v reflect.Value, depth int) {
	t := v.Type()
	kind := t.Kind()
	switch {
	case (tag == abi.TagTrue || tag == abi.TagFalse) && kind == reflect.Bool:
		v.SetBool(tag == abi.TagTrue)
	case tag == abi.TagInt:
		d.number(v, float64(d.r.Zigzag()), tag)
	case tag == abi.TagFloat:
		d.number(v, d.r.F64(), tag)
	case tag == abi.TagString && kind == reflect.String:
		v.SetString(d.r.Str())
	case tag == abi.TagBytes && kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8,
		tag == abi.TagArrayBuffer && kind == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		v.SetBytes(append([]byte{}, d.r.Blob()...))
	case tag == abi.TagTypedArray && kind == reflect.Slice:
		d.typedArray(v, 0, false)
	case tag == abi.TagDate && t == timeType:
		d.date(v)
	case tag == abi.TagBigInt && t == bigIntType:
		d.bigInt(v)
	case (tag == abi.TagArray || tag == abi.TagSet) && kind == reflect.Slice && t != bytesType:
		d.slice(v, depth)
	case tag == abi.TagArray && kind == reflect.Array:
		d.array(v, depth)
	case tag == abi.TagObject && kind == reflect.Struct && t != timeType && t != bigIntType:
		d.object(v, depth)
	case tag == abi.TagObject && kind == reflect.Map && t.Key().Kind() == reflect.String:
		d.stringMap(v, depth)
	case tag == abi.TagMap && kind == reflect.Map:
		d.anyMap(v, depth)
	default:
		d.mismatch(tag, t, "")
		d.skip()
	}
}

func (d *decoder) number(v reflect.Value, f float64, tag byte) {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		v.SetFloat(f)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if f != math.Trunc(f) || math.Abs(f) > abi.MaxSafeInt || v.OverflowInt(int64(f)) {
			d.mismatch(tag, v.Type(), inexact(f, v.Type()))
			return
		}
		v.SetInt(int64(f))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if f != math.Trunc(f) || f < 0 || f > abi.MaxSafeInt || v.OverflowUint(uint64(f)) {
			d.mismatch(tag, v.Type(), inexact(f, v.Type()))
			return
		}
		v.SetUint(uint64(f))
	default:
		d.mismatch(tag, v.Type(), "")
	}
}

func inexact(f float64, t reflect.Type) string {
	if math.Abs(f) > abi.MaxSafeInt && f == math.Trunc(f) {
		return fmt.Sprintf("number %s is beyond 2^53 and may have been rounded on the way: it cannot go into %s", strconv.FormatFloat(f, 'f', -1, 64), t)
	}
	return fmt.Sprintf("number %v does not fit %s", f, t)
}

func (d *decoder) date(v reflect.Value) {
	ms := d.r.F64()
	if math.IsNaN(ms) {
		d.mismatch(abi.TagDate, timeType, "invalid Date")
		return
	}
	v.Set(reflect.ValueOf(abi.Date(ms).Time()))
}

func (d *decoder) bigInt(v reflect.Value) {
	s := d.r.Str()
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		d.mismatch(abi.TagBigInt, bigIntType, "bad BigInt "+strconv.Quote(s))
		return
	}
	v.Addr().Interface().(*big.Int).Set(n)
}

func (d *decoder) slice(v reflect.Value, depth int) {
	n := d.r.Count()
	s := reflect.MakeSlice(v.Type(), n, n)
	for i := 0; i < n && d.r.Err() == nil; i++ {
		d.element(s.Index(i), i, depth)
	}
	v.Set(s)
}

func (d *decoder) array(v reflect.Value, depth int) {
	n := d.r.Count()
	if n != v.Len() {
		d.mismatch(abi.TagArray, v.Type(), fmt.Sprintf("expected %d elements, got %d", v.Len(), n))
	}
	spare := reflect.New(v.Type().Elem()).Elem()
	for i := 0; i < n && d.r.Err() == nil; i++ {
		if i < v.Len() {
			d.element(v.Index(i), i, depth)
		} else {
			d.element(spare, i, depth)
		}
	}
}

func (d *decoder) object(v reflect.Value, depth int) {
	fields := Fields(v.Type())
	next := 0
	v.SetZero()
	for n := d.r.Count(); n > 0 && d.r.Err() == nil; n-- {
		if f := fieldNamed(fields, d.r.Blob(), &next); f != nil {
			d.field(v.FieldByIndex(f.Index), f.Name, depth)
		} else {
			d.r.Value()
		}
	}
}

// field reads a value, and adds its name to the place of a failure in it.
func (d *decoder) field(v reflect.Value, name string, depth int) {
	before := d.err
	if d.value(v, depth+1); d.err != before {
		d.err.Path = place(name, d.err.Path)
	}
}

// element is field for elements of a list.
func (d *decoder) element(v reflect.Value, i, depth int) {
	before := d.err
	if d.value(v, depth+1); d.err != before {
		d.err.Path = place(element(i), d.err.Path)
	}
}

// fieldNamed is Find, quick where properties come in the order of the fields.
func fieldNamed(fields []Field, name []byte, next *int) *Field {
	if *next < len(fields) && fields[*next].Name == string(name) {
		*next++
		return &fields[*next-1]
	}
	f := Find(fields, string(name))
	for i := range fields {
		if &fields[i] == f {
			*next = i + 1
		}
	}
	return f
}

func (d *decoder) stringMap(v reflect.Value, depth int) {
	n := d.r.Count()
	m := reflect.MakeMapWithSize(v.Type(), n)
	for ; n > 0 && d.r.Err() == nil; n-- {
		name := d.r.Str()
		e := reflect.New(v.Type().Elem()).Elem()
		d.field(e, name, depth)
		m.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
	}
	v.Set(m)
}

func (d *decoder) anyMap(v reflect.Value, depth int) {
	n := d.r.Count()
	m := reflect.MakeMapWithSize(v.Type(), n)
	for ; n > 0 && d.r.Err() == nil; n-- {
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		d.field(k, "key", depth)
		d.field(e, "value", depth)
		if d.err == nil && k.Comparable() {
			m.SetMapIndex(k, e)
		}
	}
	v.Set(m)
}

// IsTime reports whether t is time.Time, which is a Date outside Go.
func IsTime(t reflect.Type) bool { return t == timeType }

// IsBigInt reports whether t is big.Int.
func IsBigInt(t reflect.Type) bool { return t == bigIntType }
