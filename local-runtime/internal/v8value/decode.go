package v8value

import (
	"fmt"
	"math"
	"strconv"

	"grove.place/lattice/internal/abi"
)

// Kinds of values, as V8 tags them.
const (
	tagVersion = 0xff
	tagCount   = '?'

	tagUTF8   = 'S'
	tagLatin1 = '"'
	tagUTF16  = 'c'

	tagHole = '-'

	endObject = '{'
	endDense  = '$'
	endSparse = '@'
	endMap    = ':'
	endSet    = ','
	tagView   = 'V'
)

// hole is the element that an array lacks.
type hole struct{}

// value reads a value. The buffer is its memory when it is an ArrayBuffer that views may follow.
func (d *decoder) value(depth int) (abi.Value, *buffer) {
	v, memory := d.part(depth)
	for memory != nil && d.peek() == tagView { // it consumes the buffer before it
		d.tag()
		v, memory = d.view(memory), nil
	}
	return v, memory
}

func (d *decoder) inner(depth int) abi.Value {
	v, _ := d.value(depth)
	return v
}

func (d *decoder) part(depth int) (abi.Value, *buffer) {
	if depth > abi.MaxDepth {
		d.fail("it nests deeper than %d", abi.MaxDepth)
	}
	d.count(1)
	switch tag := d.tag(); tag {
	case tagCount:
		d.uint()
		return d.part(depth + 1)
	case '^':
		return d.again()
	case 'B', '~', 't':
		return d.arrayBuffer(tag)
	case tagHole:
		return hole{}, nil
	default:
		if v, ok := d.scalar(tag); ok {
			return v, nil
		}
		return d.composed(tag, depth), nil
	}
}

// scalar reads what has no parts, nor can be referred to.
func (d *decoder) scalar(tag byte) (v abi.Value, ok bool) {
	switch tag {
	case '_':
		return abi.Undefined{}, true
	case '0':
		return nil, true
	case 'T', 'F':
		return tag == 'T', true
	case 'I':
		n := d.uint()
		return int64(n>>1) ^ -int64(n&1), true
	case 'U':
		return int64(uint32(d.uint())), true
	case 'N':
		return number(d.double()), true
	case 'Z':
		return d.bigint(), true
	case tagUTF8, tagLatin1, tagUTF16:
		return d.text(tag), true
	}
	return nil, false
}

// number is a float, or the integer that it is.
func number(f float64) abi.Value {
	if f == math.Trunc(f) && math.Abs(f) <= abi.MaxSafeInt && !(f == 0 && math.Signbit(f)) {
		return int64(f)
	}
	return f
}

// composed reads what can be referred to.
func (d *decoder) composed(tag byte, depth int) abi.Value {
	complete := d.begin()
	switch tag {
	case 'o':
		return complete(d.object(endObject, 1, depth))
	case 'A':
		return complete(d.dense(depth))
	case 'a':
		return complete(d.sparse(depth))
	case 'D':
		return complete(abi.Date(d.double()))
	case 'y', 'x':
		return complete(tag == 'y')
	case 'n':
		return complete(number(d.double()))
	case 'z':
		return complete(d.bigint())
	case 's':
		return complete(d.anyText())
	case 'R':
		return complete(d.regExp())
	case ';':
		return complete(d.mapping(depth))
	case '\'':
		return complete(d.set(depth))
	case 'r':
		return complete(d.plainError(depth))
	case '\\':
		return complete(d.hostObject(depth))
	}
	d.fail("it has a part of the kind %q, which storage in Go cannot hold", tag)
	return nil
}

// object reads properties up to a tag, which so many numbers follow.
func (d *decoder) object(end byte, numbers, depth int) abi.Object {
	o := abi.Object{}
	for {
		if d.peek() == end {
			d.tag()
			for range numbers {
				d.uint()
			}
			return o
		}
		name := d.name()
		o = append(o, abi.Field{Name: name, Value: whole(d.inner(depth + 1))})
	}
}

// name reads the name of a property.
func (d *decoder) name() string {
	v, ok := d.scalar(d.tag())
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	d.fail("it is damaged: %v, %v is not the name of a property", v, ok)
	return ""
}

// whole is v, or what a hole reads as.
func whole(v abi.Value) abi.Value {
	if _, ok := v.(hole); ok {
		return abi.Undefined{}
	}
	return v
}

// dense reads an array that has its elements in order. Properties beside them are no part of its value in Go.
func (d *decoder) dense(depth int) abi.Array {
	a := abi.Array{}
	for n := d.uint(); n > 0; n-- {
		a = append(a, whole(d.inner(depth+1)))
	}
	d.object(endDense, 2, depth)
	return a
}

// sparse reads an array of elements with their numbers.
func (d *decoder) sparse(depth int) abi.Array {
	n := d.uint()
	if n > maxValues {
		d.fail("it has an array of %d elements", n)
	}
	d.count(int(n))
	a := make(abi.Array, n)
	for i := range a {
		a[i] = abi.Undefined{}
	}
	for _, f := range d.object(endSparse, 2, depth) {
		if i, err := strconv.ParseUint(f.Name, 10, 32); err == nil && i < n {
			a[i] = f.Value
		}
	}
	return a
}

func (d *decoder) regExp() abi.RegExp {
	r := abi.RegExp{Source: d.anyText()}
	flags := d.uint()
	for _, f := range []struct {
		bit  uint64
		name string
	}{{128, "d"}, {1, "g"}, {2, "i"}, {4, "m"}, {32, "s"}, {16, "u"}, {256, "v"}, {8, "y"}} { // in JavaScript's order
		if flags&f.bit != 0 {
			r.Flags += f.name
		}
	}
	return r
}

func (d *decoder) mapping(depth int) abi.Map {
	m := abi.Map{}
	for d.peek() != endMap {
		key := whole(d.inner(depth + 1))
		m = append(m, abi.Pair{Key: key, Value: whole(d.inner(depth + 1))})
	}
	d.tag()
	d.uint()
	return m
}

func (d *decoder) set(depth int) abi.Set {
	s := abi.Set{}
	for d.peek() != endSet {
		s = append(s, whole(d.inner(depth+1)))
	}
	d.tag()
	d.uint()
	return s
}

// views are the typed arrays: the ABI's kind, and the bytes of an element.
var views = map[byte]struct {
	kind byte
	size uint64
}{
	'b': {0, 1}, 'C': {1, 1}, 'w': {2, 2}, 'W': {3, 2}, 'd': {4, 4}, 'D': {5, 4}, 'f': {6, 4}, 'F': {7, 8}, 'q': {8, 8}, 'Q': {9, 8}, '?': {10, 1}, 'B': {0, 1},
}

func (d *decoder) arrayBuffer(tag byte) (abi.Value, *buffer) {
	complete := d.begin()
	id := len(d.seen) - 1
	if tag == 't' {
		d.fail("it has an ArrayBuffer that was handed over elsewhere")
	}
	n := d.uint()
	if tag == '~' {
		d.uint() // how far it may grow
	}
	memory := &buffer{d.bytes(n)}
	d.countBytes(memory.data)
	d.seen[id].bytes = memory
	return complete(abi.ArrayBuffer(append([]byte{}, memory.data...))), memory
}

// view reads a typed array or a DataView, whose memory came before.
func (d *decoder) view(memory *buffer) abi.Value {
	complete := d.begin()
	tag := d.byte()
	offset, length := d.uint(), d.uint()
	var flags uint64
	if d.version >= 14 {
		flags = d.uint()
	}
	size := uint64(len(memory.data))
	if flags&1 != 0 && offset <= size { // it goes to the end, wherever that is
		length = size - offset
	}
	kind, ok := views[tag]
	switch {
	case !ok:
		d.fail("it has a view of the kind %q (h is Float16Array), which storage in Go cannot hold", tag)
	case offset > size || length > size-offset:
		d.fail("it is damaged: a view goes beyond its memory")
	case length%kind.size != 0:
		length -= length % kind.size
	}
	part := append([]byte{}, memory.data[offset:offset+length]...)
	d.countBytes(part)
	if tag == 'B' {
		return complete(part)
	}
	return complete(abi.TypedArray{Kind: kind.kind, Bytes: part})
}

// plainError reads an Error as V8 itself has it.
func (d *decoder) plainError(depth int) *abi.Error {
	e := &abi.Error{Name: "Error"}
	for {
		switch tag := d.byte(); tag {
		case '.':
			return e
		case 'm':
			e.Message = d.anyText()
		case 's':
			d.anyText() // its stack, which Go does not get on workerd either
		case 'c':
			e.Props = append(e.Props, abi.Field{Name: "cause", Value: whole(d.inner(depth + 1))})
		default:
			name, ok := map[byte]string{'E': "EvalError", 'R': "RangeError", 'F': "ReferenceError", 'S': "SyntaxError", 'T': "TypeError", 'U': "URIError"}[tag]
			if !ok {
				d.fail("it has an Error with a part of the kind %q", tag)
			}
			e.Name = name
		}
	}
}

// hostObjects are workerd's own classes (io/worker-interface.capnp, SerializationTag).
var hostObjects = []string{"an unknown class", "a stub", "a WritableStream", "a ReadableStream", "Headers", "a Request", "a Response", "a DOMException", "a DOMException",
	"an AbortSignal", "an Error", "a service binding", "a Durable Object class", "an R2 bucket", "a KV namespace", "a Blob", "a Socket"}

// hostObject reads an object of a class of workerd's.
func (d *decoder) hostObject(depth int) abi.Value {
	switch tag := d.uint(); tag {
	case 8:
		e := &abi.Error{Name: string(d.bytes(d.uint())), Message: string(d.bytes(d.uint()))}
		d.bytes(d.uint()) // the stack
		return e
	case 10:
		return d.nativeError(depth)
	default:
		class := fmt.Sprintf("workerd's class %d", tag)
		if tag < uint64(len(hostObjects)) {
			class = hostObjects[tag]
		}
		d.fail("it has %s in it, which storage in Go cannot hold", class)
		return nil
	}
}

// errorNames are by the number that workerd writes (jsg/ser.c++), as stored by workerd 2026-11-17.
var errorNames = map[uint64]string{1: "Error", 2: "TypeError", 3: "RangeError", 4: "ReferenceError", 5: "SyntaxError", 10: "EvalError", 11: "URIError"}

// nativeError reads an Error: its name, its message, and an object with its properties.
func (d *decoder) nativeError(depth int) *abi.Error {
	number := d.uint()
	name, ok := errorNames[number]
	switch {
	case number == 0:
		name = d.anyText()
	case !ok:
		d.fail("it has an Error of the kind %d", number)
	}
	e := &abi.Error{Name: name, Message: d.anyText()}
	properties, ok := d.inner(depth + 1).(abi.Object)
	if !ok {
		d.fail("it is damaged: an Error lacks its properties")
	}
	for _, f := range properties {
		set := f.Value == true
		switch {
		case f.Name == "stack" || f.Name == "name" || f.Name == "message":
		case set && f.Name == "remote":
			e.Remote = true
		case set && f.Name == "retryable":
			e.Retryable = true
		case set && f.Name == "overloaded":
			e.Overloaded = true
		case set && f.Name == "durableObjectReset":
			e.ObjectWasReset = true
		default:
			e.Props = append(e.Props, f)
		}
	}
	return e
}
