package host

import (
	"math"
	"math/big"
	"strconv"
	"unicode/utf16"

	"grove.place/lattice/internal/abi"
)

// maxAttachment is the size of a serialized attachment beyond which it is refused.
const maxAttachment = 16384

// serializedSize returns the size of a value in V8's serialization format 15, header included, by which workerd measures
// attachments (v8 src/objects/value-serializer.cc).
func serializedSize(v abi.Value) int {
	m := measure(2)
	m.value(v)
	return int(m)
}

// measure counts bytes.
type measure int

func (m *measure) add(n int) { *m += measure(n) }

func (m *measure) varint(n uint64) {
	for m.add(1); n >= 0x80; n >>= 7 {
		m.add(1)
	}
}

func (m *measure) value(v abi.Value) {
	switch v := v.(type) {
	case nil, abi.Undefined, bool:
		m.add(1)
	case int64:
		m.integer(v)
	case float64:
		m.add(9)
	case abi.Date:
		m.add(9)
	case string:
		m.text(v)
	case []byte:
		m.view(len(v))
	case abi.TypedArray:
		m.view(len(v.Bytes))
	case abi.ArrayBuffer:
		m.buffer(len(v))
	case abi.Array:
		m.add(1)
		m.varint(uint64(len(v)))
		for _, e := range v {
			m.value(e)
		}
		m.add(2) // the end, and no properties
		m.varint(uint64(len(v)))
	case abi.Object:
		m.add(1)
		m.fields(v)
		m.add(1)
		m.varint(uint64(len(v)))
	case abi.Map:
		m.add(2)
		for _, p := range v {
			m.value(p.Key)
			m.value(p.Value)
		}
		m.varint(uint64(2 * len(v)))
	case abi.Set:
		m.add(2)
		for _, e := range v {
			m.value(e)
		}
		m.varint(uint64(len(v)))
	case abi.BigInt:
		m.bigInt(string(v))
	case abi.RegExp:
		m.add(1)
		m.text(v.Source)
		m.add(1)
	case *abi.Error:
		m.failure(v)
	}
}

// integer counts a small integer as V8 keeps it, in 31 bits, and another as a number.
func (m *measure) integer(v int64) {
	if v < -1<<30 || v >= 1<<30 {
		m.add(9)
		return
	}
	m.add(1)
	m.varint(uint64(v<<1 ^ v>>63))
}

// text counts a string: one byte a character if all are Latin-1, otherwise two, at an even place.
func (m *measure) text(s string) {
	chars, latin := 0, true
	for _, r := range s {
		chars += utf16.RuneLen(r)
		latin = latin && r <= 0xff
	}
	if !latin {
		chars *= 2
		head := measure(1)
		head.varint(uint64(chars))
		if (*m+head)%2 != 0 {
			m.add(1)
		}
	}
	m.add(1)
	m.varint(uint64(chars))
	m.add(chars)
}

func (m *measure) fields(fields []abi.Field) {
	for _, f := range fields {
		if n, err := strconv.ParseUint(f.Name, 10, 32); err == nil && strconv.FormatUint(n, 10) == f.Name && n < math.MaxUint32 {
			m.integer(int64(n))
		} else {
			m.text(f.Name)
		}
		m.value(f.Value)
	}
}

func (m *measure) buffer(n int) {
	m.add(1)
	m.varint(uint64(n))
	m.add(n)
}

func (m *measure) view(n int) {
	m.buffer(n)
	m.add(3) // the view, its kind, and where it begins
	m.varint(uint64(n))
	m.add(1)
}

func (m *measure) bigInt(s string) {
	n, _ := new(big.Int).SetString(s, 10)
	if n == nil {
		n = new(big.Int)
	}
	size := (n.BitLen() + 63) / 64 * 8
	m.add(1)
	m.varint(uint64(size) << 1)
	m.add(size)
}

// failure counts an Error: its kind, message, stack and own properties.
func (m *measure) failure(e *abi.Error) {
	m.add(3)
	m.text(e.Message)
	if e.Stack != "" {
		m.add(1)
		m.text(e.Stack)
	}
	m.fields(e.Props)
}
