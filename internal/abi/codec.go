package abi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// MaxDepth is the deepest nesting of a Value that the codec accepts.
const MaxDepth = 500

// ErrMalformed is the error behind every failure to decode a message.
var ErrMalformed = errors.New("malformed ABI message")

// Writer builds a message. The zero Writer is empty and ready to use.
type Writer struct{ buf []byte }

// NewWriter returns a Writer that appends to buf.
func NewWriter(buf []byte) *Writer { return &Writer{buf: buf} }

// Bytes returns the message built so far.
func (w *Writer) Bytes() []byte { return w.buf }

// Len returns the number of bytes written so far.
func (w *Writer) Len() int { return len(w.buf) }

// Reset empties the Writer and keeps its memory.
func (w *Writer) Reset() { w.buf = w.buf[:0] }

// U8 appends one byte.
func (w *Writer) U8(v byte) { w.buf = append(w.buf, v) }

// Bool appends a boolean.
func (w *Writer) Bool(v bool) {
	if v {
		w.U8(1)
	} else {
		w.U8(0)
	}
}

// Uint appends an unsigned integer.
func (w *Writer) Uint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }

// F64 appends a float.
func (w *Writer) F64(v float64) {
	w.buf = binary.LittleEndian.AppendUint64(w.buf, math.Float64bits(v))
}

// Str appends a string.
func (w *Writer) Str(s string) {
	w.Uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

// Raw appends b as it is, without a length.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// Blob appends a byte slice with its length.
func (w *Writer) Blob(b []byte) {
	w.Uint(uint64(len(b)))
	w.buf = append(w.buf, b...)
}

// OptStr appends an optional string.
func (w *Writer) OptStr(s *string) {
	w.Bool(s != nil)
	if s != nil {
		w.Str(*s)
	}
}

// OptF64 appends an optional number.
func (w *Writer) OptF64(v *float64) {
	w.Bool(v != nil)
	if v != nil {
		w.F64(*v)
	}
}

// Reader takes a message apart. The first failure sticks: later reads return zero values, and Err reports it.
type Reader struct {
	buf []byte
	off int
	err error
}

// NewReader returns a Reader of buf. Byte slices that it returns alias buf.
func NewReader(buf []byte) *Reader { return &Reader{buf: buf} }

// Err returns the first failure, wrapped around ErrMalformed, or nil.
func (r *Reader) Err() error { return r.err }

// Rest returns what has not been read.
func (r *Reader) Rest() []byte { return r.buf[r.off:] }

// Remaining returns how many bytes have not been read.
func (r *Reader) Remaining() int { return len(r.buf) - r.off }

// End reports a failure if anything is left.
func (r *Reader) End() error {
	if r.err == nil && r.off != len(r.buf) {
		r.Fail("%d bytes left over", len(r.buf)-r.off)
	}
	return r.err
}

// Fail records a failure at the current offset, unless there is one already.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w at byte %d: %s", ErrMalformed, r.off, fmt.Sprintf(format, args...))
		r.off = len(r.buf)
	}
}

// U8 reads one byte.
func (r *Reader) U8() byte {
	if r.off >= len(r.buf) {
		r.Fail("message ends early")
		return 0
	}
	b := r.buf[r.off]
	r.off++
	return b
}

// Bool reads a boolean.
func (r *Reader) Bool() bool {
	switch b := r.U8(); b {
	case 0:
		return false
	case 1:
		return true
	default:
		r.Fail("boolean is %d", b)
		return false
	}
}

// Uint reads an unsigned integer of at most 2^53−1.
func (r *Reader) Uint() uint64 {
	v := r.uvarint()
	if v > 1<<53-1 {
		r.Fail("integer beyond 2^53-1")
		return 0
	}
	return v
}

// zigzag integers need one bit more than Uint allows.
func (r *Reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.buf[r.off:])
	if n <= 0 {
		r.Fail("bad integer")
		return 0
	}
	r.off += n
	return v
}

// U32 reads an unsigned integer that must fit 32 bits.
func (r *Reader) U32() uint32 {
	v := r.Uint()
	if v > math.MaxUint32 {
		r.Fail("integer %d does not fit 32 bits", v)
		return 0
	}
	return uint32(v)
}

// Count reads the length of a list whose elements take at least one byte each.
func (r *Reader) Count() int {
	v := r.Uint()
	if v > uint64(r.Remaining()) {
		r.Fail("list of %d elements in %d bytes", v, r.Remaining())
		return 0
	}
	return int(v)
}

// room is the capacity to start a list of n elements with. It is bounded because lists nest: a short message that
// announces as many elements as it has bytes at each of MaxDepth levels must not make the reader ask for gigabytes.
func room(n int) int { return min(n, 256) }

// F64 reads a float.
func (r *Reader) F64() float64 {
	if r.Remaining() < 8 {
		r.Fail("message ends early")
		return 0
	}
	v := binary.LittleEndian.Uint64(r.buf[r.off:])
	r.off += 8
	return math.Float64frombits(v)
}

// Blob reads a byte slice, which aliases the message.
func (r *Reader) Blob() []byte {
	n := r.Uint()
	if n > uint64(r.Remaining()) {
		r.Fail("%d bytes announced, %d left", n, r.Remaining())
		return nil
	}
	b := r.buf[r.off : r.off+int(n) : r.off+int(n)]
	r.off += int(n)
	return b
}

// Str reads a string.
func (r *Reader) Str() string { return string(r.Blob()) }

// OptStr reads an optional string.
func (r *Reader) OptStr() *string {
	if !r.Bool() {
		return nil
	}
	s := r.Str()
	return &s
}

// OptF64 reads an optional number.
func (r *Reader) OptF64() *float64 {
	if !r.Bool() {
		return nil
	}
	v := r.F64()
	return &v
}

// Peek returns the next byte without reading it.
func (r *Reader) Peek() byte {
	if r.off >= len(r.buf) {
		r.Fail("message ends early")
		return 0
	}
	return r.buf[r.off]
}

// Unread steps back over the byte just read.
func (r *Reader) Unread() {
	if r.err == nil && r.off > 0 {
		r.off--
	}
}
