// Package v8value reads values as V8 serializes them, which is how workerd keeps the values of a Durable Object's key-value storage: a byte for
// the kind of each value, and what it consists of (V8 src/objects/value-serializer.cc, format versions 13 to 15).
//
// A value comes out as the ABI's, the same that Go code on workerd gets when it reads the key there: what occurs twice is there twice, and a
// value that contains itself, or a class that storage in Go cannot hold, is an error that names it. Start with Decode.
package v8value

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"unicode/utf16"

	"grove.place/lattice/internal/abi"
)

// The versions of the format that are read. Earlier ones have another layout of views.
const (
	oldest = 13
	newest = 15
)

// maxValues is how many values one may consist of: what occurs twice counts twice, and holes of arrays count.
const maxValues = 4 << 20

// Decode reads a value.
func Decode(b []byte) (v abi.Value, err error) {
	d := &decoder{b: b}
	defer func() {
		if p := recover(); p != nil {
			bad, ok := p.(unreadable)
			if !ok {
				panic(p)
			}
			v, err = nil, bad
		}
	}()
	if d.byte() != tagVersion {
		return nil, unreadable("it is not a value that V8 has serialized")
	}
	if d.version = d.uint(); d.version < oldest || d.version > newest {
		return nil, unreadable(fmt.Sprintf("it is in version %d of V8's format, of which %d to %d are known", d.version, oldest, newest))
	}
	v, _ = d.value(0)
	if d.at < len(d.b) {
		d.fail("%d bytes follow its end", len(d.b)-d.at)
	}
	d.checkDepth(v, 0) // of what occurs twice, too
	return whole(v), nil
}

// unreadable is why a value cannot be read.
type unreadable string

func (u unreadable) Error() string { return string(u) }

// seen is a value that may be referred to again, once it is complete.
type seen struct {
	value abi.Value
	size  int // values that it consists of
	whole bool
	bytes *buffer // of an ArrayBuffer
}

// buffer is the memory that views are of.
type buffer struct{ data []byte }

type decoder struct {
	b       []byte
	at      int
	version uint64
	seen    []seen
	values  int
}

func (d *decoder) fail(format string, args ...any) { panic(unreadable(fmt.Sprintf(format, args...))) }

func (d *decoder) byte() byte {
	if d.at >= len(d.b) {
		d.fail("it is cut off")
	}
	d.at++
	return d.b[d.at-1]
}

// tag is the kind of the next value. Zero bytes only align what follows.
func (d *decoder) tag() byte {
	for {
		if t := d.byte(); t != 0 {
			return t
		}
	}
}

func (d *decoder) peek() byte {
	for d.at < len(d.b) && d.b[d.at] == 0 {
		d.at++
	}
	if d.at == len(d.b) {
		return 0
	}
	return d.b[d.at]
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b[d.at:])
	if n <= 0 {
		d.fail("it is cut off, or damaged")
	}
	d.at += n
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)-d.at) {
		d.fail("it is cut off")
	}
	d.at += int(n)
	return d.b[d.at-int(n) : d.at]
}

func (d *decoder) double() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(d.bytes(8)))
}

// text reads a string of a kind.
func (d *decoder) text(tag byte) string {
	raw := d.bytes(d.uint())
	d.countBytes(raw)
	switch tag {
	case tagUTF8:
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	case tagLatin1:
		runes := make([]rune, len(raw))
		for i, c := range raw {
			runes[i] = rune(c)
		}
		return string(runes)
	}
	if len(raw)%2 != 0 {
		d.fail("a string of it is cut off")
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(raw[2*i:])
	}
	return string(utf16.Decode(units))
}

// anyText reads a string of any kind.
func (d *decoder) anyText() string {
	tag := d.tag()
	if tag != tagUTF8 && tag != tagLatin1 && tag != tagUTF16 {
		d.fail("it is damaged: %q is not a string", tag)
	}
	return d.text(tag)
}

func (d *decoder) bigint() abi.BigInt {
	head := d.uint()
	digits := slices.Clone(d.bytes(head >> 1))
	slices.Reverse(digits)
	n := new(big.Int).SetBytes(digits)
	if head&1 != 0 {
		n.Neg(n)
	}
	return abi.BigInt(n.String())
}

// begin makes room for a value that may be referred to; the result completes it.
func (d *decoder) begin() (complete func(v abi.Value) abi.Value) {
	id, before := len(d.seen), d.values
	d.seen = append(d.seen, seen{})
	return func(v abi.Value) abi.Value {
		d.seen[id] = seen{value: v, size: d.values - before, whole: true, bytes: d.seen[id].bytes}
		return v
	}
}

// count adds to how many values there are.
func (d *decoder) count(n int) {
	if d.values += n; d.values > maxValues || n > maxValues {
		d.fail("it consists of more than %d values", maxValues)
	}
}

// countBytes is count for what takes memory.
func (d *decoder) countBytes(b []byte) { d.count(len(b) / 16) }

func (d *decoder) checkDepth(v abi.Value, depth int) {
	if depth > abi.MaxDepth {
		d.fail("it nests deeper than %d", abi.MaxDepth)
	}
	switch v := v.(type) {
	case abi.Array:
		for _, e := range v {
			d.checkDepth(e, depth+1)
		}
	case abi.Set:
		for _, e := range v {
			d.checkDepth(e, depth+1)
		}
	case abi.Object:
		for _, f := range v {
			d.checkDepth(f.Value, depth+1)
		}
	case abi.Map:
		for _, p := range v {
			d.checkDepth(p.Key, depth+1)
			d.checkDepth(p.Value, depth+1)
		}
	case *abi.Error:
		for _, f := range v.Props {
			d.checkDepth(f.Value, depth+1)
		}
	}
}

// again is a value that occurred before, and its memory when it is a buffer.
func (d *decoder) again() (abi.Value, *buffer) {
	id := d.uint()
	if id >= uint64(len(d.seen)) {
		d.fail("it is damaged: it refers to a value %d, which is not there", id)
	}
	s := d.seen[id]
	if !s.whole {
		d.fail("it contains itself, which values in Go cannot")
	}
	d.count(s.size)
	return s.value, s.bytes
}
