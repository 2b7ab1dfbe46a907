package history

import (
	"encoding/binary"
	"hash/crc32"
)

// Kind says what made a state of the database out of the one before.
type Kind byte

const (
	Commit  Kind = iota // a transaction of the write-ahead log
	Delete              // the file was removed
	Restore             // an earlier state was put back
)

const (
	magic      = 0x3152484c // "LHR1"
	headerSize = 64
	tailSize   = 8
	// partPages is how many pages a record has at most: a large transaction is several records, of which the last is final.
	partPages = 256
)

// Record describes a step from one state of the database to the next.
type Record struct {
	Kind          Kind
	Seq           uint64 // numbers the states, from 1
	Time          int64  // ms
	Before, After uint32 // size in pages
	Salt          uint64 // of the write-ahead log that it was in
	Frame         uint32 // its last in that log
	PageSize      uint32
	Nonce         uint64 // of what was asked for, for a Delete or Restore
	final         bool

	length int // of its bytes
	pages  int
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// writer builds records.
type writer struct {
	Record
	buf []byte
}

func (w *writer) begin(r Record) {
	w.Record, w.pages = r, 0
	w.buf = append(w.buf[:0], make([]byte, headerSize)...)
}

// page adds a page: what it was before and after the step.
func (w *writer) page(number uint32, before, after []byte) {
	w.pages++
	w.buf = binary.LittleEndian.AppendUint32(w.buf, number)
	w.buf = binary.LittleEndian.AppendUint32(w.buf, checksum(after))
	at := len(w.buf)
	w.buf = append(w.buf, 0, 0, 0, 0)
	w.buf = appendDelta(w.buf, before, after)
	binary.LittleEndian.PutUint32(w.buf[at:], uint32(len(w.buf)-at-4))
}

// end returns the record's bytes, valid until begin.
func (w *writer) end(final bool) []byte {
	h, le := w.buf, binary.LittleEndian
	w.length = len(h) + tailSize
	le.PutUint32(h, magic)
	le.PutUint32(h[4:], uint32(w.length))
	le.PutUint64(h[8:], w.Seq)
	le.PutUint64(h[16:], uint64(w.Time))
	le.PutUint32(h[24:], w.Before)
	le.PutUint32(h[28:], w.After)
	le.PutUint64(h[32:], w.Salt)
	le.PutUint32(h[40:], w.Frame)
	le.PutUint32(h[44:], w.PageSize)
	le.PutUint64(h[48:], w.Nonce)
	h[56], h[57] = byte(w.Kind), 0
	if final {
		h[57] = 1
	}
	le.PutUint32(h[60:], uint32(w.pages))
	w.buf = le.AppendUint32(w.buf, checksum(w.buf))
	w.buf = le.AppendUint32(w.buf, uint32(w.length))
	return w.buf
}

// header decodes the beginning of a record; ok is false when it is none.
func header(h []byte) (r Record, ok bool) {
	le := binary.LittleEndian
	if len(h) < headerSize || le.Uint32(h) != magic {
		return r, false
	}
	r = Record{
		Kind: Kind(h[56]), Seq: le.Uint64(h[8:]), Time: int64(le.Uint64(h[16:])), Before: le.Uint32(h[24:]), After: le.Uint32(h[28:]),
		Salt: le.Uint64(h[32:]), Frame: le.Uint32(h[40:]), PageSize: le.Uint32(h[44:]), Nonce: le.Uint64(h[48:]),
		final: h[57] == 1, length: int(le.Uint32(h[4:])), pages: int(le.Uint32(h[60:])),
	}
	return r, r.length >= headerSize+tailSize && validPageSize(r.PageSize)
}

func validPageSize(n uint32) bool { return n >= 512 && n <= 65536 && n&(n-1) == 0 }

// whole reports whether the bytes of a record are as they were written.
func whole(b []byte) bool {
	n := len(b) - tailSize
	return n >= headerSize && binary.LittleEndian.Uint32(b[n:]) == checksum(b[:n]) && int(binary.LittleEndian.Uint32(b[n+4:])) == len(b)
}

// change is a page of a record.
type change struct {
	number, after uint32
	delta         []byte
}

// changes decodes the pages of a record.
func changes(b []byte, count int) (list []change, ok bool) {
	b = b[headerSize : len(b)-tailSize]
	for range count {
		if len(b) < 12 {
			return nil, false
		}
		le := binary.LittleEndian
		c := change{number: le.Uint32(b), after: le.Uint32(b[4:])}
		n := int(le.Uint32(b[8:]))
		if c.number == 0 || n > len(b)-12 {
			return nil, false
		}
		c.delta, b = b[12:12+n], b[12+n:]
		list = append(list, c)
	}
	return list, len(b) == 0
}
