package abi

import (
	"bytes"
	"fmt"
	"math"
	"time"
)

// Tags of a Value.
const (
	TagUndefined   = 0
	TagNull        = 1
	TagFalse       = 2
	TagTrue        = 3
	TagInt         = 4
	TagFloat       = 5
	TagString      = 6
	TagBytes       = 7
	TagDate        = 8
	TagArray       = 9
	TagObject      = 10
	TagMap         = 11
	TagSet         = 12
	TagBigInt      = 13
	TagError       = 14
	TagTypedArray  = 15
	TagArrayBuffer = 16
	TagRegExp      = 17
	TagStub        = 18
	TagReadable    = 19
	TagWritable    = 20
	TagRequest     = 21
	TagResponse    = 22
	TagHeaders     = 23
)

// MaxSafeInt is the largest integer a JavaScript number holds exactly along with its neighbours.
const MaxSafeInt = 1<<53 - 1

// Value is a structured value: nil (null), Undefined, bool, int64 (within ±MaxSafeInt), float64, string, []byte, Date,
// Array, Object, Map, Set, BigInt, *Error, TypedArray, ArrayBuffer, RegExp, StubValue, Readable, Writable, *Request, *Response or Headers.
// Nothing else is a Value. Those from StubValue on exist in RPC only.
type Value any

type (
	// Undefined is JavaScript's undefined.
	Undefined struct{}
	// Date is a JavaScript Date, in milliseconds since the epoch; NaN is the invalid date.
	Date float64
	// Array is a JavaScript array.
	Array []Value
	// Field is a property of an Object.
	Field struct {
		Name  string
		Value Value
	}
	// Object is a plain object with its properties in insertion order.
	Object []Field
	// Pair is an entry of a Map.
	Pair struct{ Key, Value Value }
	// Map is a JavaScript Map in insertion order.
	Map []Pair
	// Set is a JavaScript Set in insertion order.
	Set []Value
	// BigInt is a decimal integer of any size.
	BigInt string
	// TypedArray is a view of bytes other than Uint8Array.
	TypedArray struct {
		Kind  byte
		Bytes []byte
	}
	// ArrayBuffer is a buffer without a view.
	ArrayBuffer []byte
	// RegExp is a JavaScript regular expression.
	RegExp struct{ Source, Flags string }
	// StubValue is a function or RpcTarget of either side, passed by reference.
	StubValue struct {
		Owner   byte // HeldByHost or HeldByGuest
		Number  uint64
		Kind    byte     // of one that the guest holds: StubFunction or StubTarget
		Methods []string // of a StubTarget
	}
	// Readable is a ReadableStream of bytes, by the number of the stream.
	Readable uint64
	// Writable is a WritableStream of bytes, by the number of the stream.
	Writable uint64
	// Headers is a Headers object.
	Headers []Header
)

// Get returns the named property of o, or Undefined.
func (o Object) Get(name string) Value {
	for _, f := range o {
		if f.Name == name {
			return f.Value
		}
	}
	return Undefined{}
}

// DateOf converts a time to a Date.
func DateOf(t time.Time) Date { return Date(t.UnixMilli()) }

// Time converts a Date to a UTC time.
func (d Date) Time() time.Time { return time.UnixMilli(int64(d)).UTC() }

// Error is a failure as it crosses the boundary.
type Error struct {
	Name, Message                                 string
	Remote, Retryable, Overloaded, ObjectWasReset bool
	Stack                                         string
	Props                                         []Field

	Logged bool // its panic is in the log already; known only to the host that wrote it
}

// Error returns the message, preceded by the name unless that is plain "Error".
func (e *Error) Error() string {
	if e.Name == "" || e.Name == "Error" {
		return e.Message
	}
	return e.Name + ": " + e.Message
}

// InLog reports whether the log of the host has the error already.
func (e *Error) InLog() bool { return e.Logged }

// Errorf returns an Error with the name "Error".
func Errorf(format string, args ...any) *Error {
	return &Error{Name: "Error", Message: fmt.Sprintf(format, args...)}
}

// TypeErrorf returns an Error with the name "TypeError".
func TypeErrorf(format string, args ...any) *Error {
	return &Error{Name: "TypeError", Message: fmt.Sprintf(format, args...)}
}

// Error appends e. It panics as Value does.
func (w *Writer) Error(e *Error) { w.errorAt(e, 0) }

func (w *Writer) errorAt(e *Error, depth int) {
	w.Str(e.Name)
	w.Str(e.Message)
	var flags byte
	for i, set := range []bool{e.Remote, e.Retryable, e.Overloaded, e.ObjectWasReset} {
		if set {
			flags |= 1 << i
		}
	}
	w.U8(flags)
	w.Str(e.Stack)
	w.Uint(uint64(len(e.Props)))
	for _, p := range e.Props {
		w.Str(p.Name)
		w.valueAt(p.Value, depth+1)
	}
}

// Error reads an Error.
func (r *Reader) Error() *Error { return r.errorAt(0) }

func (r *Reader) errorAt(depth int) *Error {
	e := &Error{Name: r.Str(), Message: r.Str()}
	flags := r.U8()
	e.Remote, e.Retryable, e.Overloaded, e.ObjectWasReset = flags&1 != 0, flags&2 != 0, flags&4 != 0, flags&8 != 0
	e.Stack = r.Str()
	for n := r.Count(); n > 0 && r.err == nil; n-- {
		e.Props = append(e.Props, Field{r.Str(), r.valueAt(depth + 1)})
	}
	return e
}

// Int appends an integer: exactly when it is within ±MaxSafeInt, otherwise as the nearest float.
func (w *Writer) Int(v int64) {
	if v > MaxSafeInt || v < -MaxSafeInt {
		w.Float(float64(v))
		return
	}
	w.U8(TagInt)
	w.Uint(uint64(v)<<1 ^ uint64(v>>63))
}

// Float appends a number, as an integer where it is one.
func (w *Writer) Float(v float64) {
	if v == math.Trunc(v) && math.Abs(v) <= MaxSafeInt && !(v == 0 && math.Signbit(v)) {
		w.Int(int64(v))
		return
	}
	w.U8(TagFloat)
	w.F64(v)
}

// String appends a string Value.
func (w *Writer) String(s string) {
	w.U8(TagString)
	w.Str(s)
}

// Value appends v. It panics when v holds a type that is not a Value, or nests deeper than MaxDepth: encode data from
// outside with the SDK's encoder, which reports errors.
func (w *Writer) Value(v Value) { w.valueAt(v, 0) }

func (w *Writer) valueAt(v Value, depth int) {
	if depth > MaxDepth {
		panic("abi: value nests too deeply")
	}
	switch v := v.(type) {
	case nil:
		w.U8(TagNull)
	case Undefined:
		w.U8(TagUndefined)
	case bool:
		if v {
			w.U8(TagTrue)
		} else {
			w.U8(TagFalse)
		}
	case int:
		w.Int(int64(v))
	case int64:
		w.Int(v)
	case float64:
		w.Float(v)
	case string:
		w.String(v)
	case []byte:
		w.U8(TagBytes)
		w.Blob(v)
	case Date:
		w.U8(TagDate)
		w.F64(float64(v))
	case Array:
		w.list(TagArray, v, depth)
	case Set:
		w.list(TagSet, Array(v), depth)
	case Object:
		w.U8(TagObject)
		w.Uint(uint64(len(v)))
		for _, f := range v {
			w.Str(f.Name)
			w.valueAt(f.Value, depth+1)
		}
	case Map:
		w.U8(TagMap)
		w.Uint(uint64(len(v)))
		for _, p := range v {
			w.valueAt(p.Key, depth+1)
			w.valueAt(p.Value, depth+1)
		}
	case BigInt:
		w.U8(TagBigInt)
		w.Str(string(v))
	case *Error:
		w.U8(TagError)
		w.errorAt(v, depth)
	case TypedArray:
		w.U8(TagTypedArray)
		w.U8(v.Kind)
		w.Blob(v.Bytes)
	case ArrayBuffer:
		w.U8(TagArrayBuffer)
		w.Blob(v)
	case RegExp:
		w.U8(TagRegExp)
		w.Str(v.Source)
		w.Str(v.Flags)
	case StubValue:
		w.stubValue(v)
	case Readable:
		w.U8(TagReadable)
		w.Uint(uint64(v))
	case Writable:
		w.U8(TagWritable)
		w.Uint(uint64(v))
	case *Request:
		w.U8(TagRequest)
		w.Request(v)
	case *Response:
		w.U8(TagResponse)
		w.Response(v)
	case Headers:
		w.U8(TagHeaders)
		w.headers(v)
	default:
		panic(fmt.Sprintf("abi: %T is not a Value", v))
	}
}

func (w *Writer) stubValue(s StubValue) {
	w.U8(TagStub)
	w.U8(s.Owner)
	w.Uint(s.Number)
	if s.Owner == HeldByGuest {
		w.U8(s.Kind)
		w.Strs(s.Methods)
	}
}

func (r *Reader) stubValue() StubValue {
	s := StubValue{Owner: r.U8(), Number: r.Uint()}
	if s.Owner > HeldByGuest {
		r.Fail("unknown owner of a stub %d", s.Owner)
	}
	if s.Owner == HeldByGuest {
		s.Kind, s.Methods = r.U8(), r.Strs()
		if s.Kind > StubTarget {
			r.Fail("unknown kind of stub %d", s.Kind)
		}
	}
	return s
}

func (w *Writer) list(tag byte, v Array, depth int) {
	w.U8(tag)
	w.Uint(uint64(len(v)))
	for _, e := range v {
		w.valueAt(e, depth+1)
	}
}

// Zigzag reads the contents of a TagInt Value.
func (r *Reader) Zigzag() int64 {
	u := r.uvarint()
	v := int64(u>>1) ^ -int64(u&1)
	if v > MaxSafeInt || v < -MaxSafeInt {
		r.Fail("integer %d is not exact", v)
		return 0
	}
	return v
}

// Value reads a Value. Byte slices in it are copies.
func (r *Reader) Value() Value { return r.valueAt(0) }

func (r *Reader) valueAt(depth int) Value {
	if depth > MaxDepth {
		r.Fail("value nests deeper than %d", MaxDepth)
		return nil
	}
	switch tag := r.U8(); tag {
	case TagUndefined:
		return Undefined{}
	case TagNull:
		return nil
	case TagFalse:
		return false
	case TagTrue:
		return true
	case TagInt:
		return r.Zigzag()
	case TagFloat:
		return r.F64()
	case TagString:
		return r.Str()
	case TagBytes:
		return append([]byte{}, r.Blob()...)
	case TagDate:
		return Date(r.F64())
	case TagArray:
		return r.values(depth)
	case TagSet:
		return Set(r.values(depth))
	case TagObject:
		n := r.Count()
		o := make(Object, 0, room(n))
		for ; n > 0 && r.err == nil; n-- {
			o = append(o, Field{r.Str(), r.valueAt(depth + 1)})
		}
		return o
	case TagMap:
		n := r.Count()
		m := make(Map, 0, room(n))
		for ; n > 0 && r.err == nil; n-- {
			m = append(m, Pair{r.valueAt(depth + 1), r.valueAt(depth + 1)})
		}
		return m
	case TagBigInt:
		return r.bigInt()
	case TagError:
		return r.errorAt(depth)
	case TagTypedArray:
		return r.typedArray()
	case TagArrayBuffer:
		return ArrayBuffer(append([]byte{}, r.Blob()...))
	case TagRegExp:
		return RegExp{r.Str(), r.Str()}
	case TagStub:
		return r.stubValue()
	case TagReadable:
		return Readable(r.Uint())
	case TagWritable:
		return Writable(r.Uint())
	case TagRequest:
		q := r.Request()
		q.Body.Inline = append([]byte(nil), q.Body.Inline...)
		return q
	case TagResponse:
		p := r.Response()
		p.Body.Inline = append([]byte(nil), p.Body.Inline...)
		return p
	case TagHeaders:
		return Headers(r.headers())
	default:
		r.Fail("unknown value tag %d", tag)
		return nil
	}
}

func (r *Reader) values(depth int) Array {
	n := r.Count()
	a := make(Array, 0, room(n))
	for ; n > 0 && r.err == nil; n-- {
		a = append(a, r.valueAt(depth+1))
	}
	return a
}

func (r *Reader) bigInt() BigInt {
	s := r.Blob()
	if r.err == nil && !isDecimal(s) {
		r.Fail("%.20q is not a decimal integer", s)
	}
	return BigInt(s)
}

func isDecimal(s []byte) bool {
	digits := bytes.TrimPrefix(s, []byte("-"))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(digits) > 0
}

// elementSize is the size of an element of each kind of typed array; a DataView has bytes.
var elementSize = [...]int{1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 1}

func (r *Reader) typedArray() TypedArray {
	t := TypedArray{r.U8(), append([]byte{}, r.Blob()...)}
	r.checkTypedArray(t.Kind, len(t.Bytes))
	return t
}

func (r *Reader) checkTypedArray(kind byte, size int) {
	if int(kind) >= len(elementSize) {
		r.Fail("unknown kind of typed array %d", kind)
	} else if size%elementSize[kind] != 0 {
		r.Fail("%d bytes are no whole number of elements of a typed array of kind %d", size, kind)
	}
}
