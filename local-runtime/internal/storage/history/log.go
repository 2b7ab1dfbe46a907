// Package history keeps what a SQLite database was before each of its transactions, so that it can be put back as it was at any of them.
//
// A Log is one file beside the database. Each record has a step from one state to the next: for every page that changed, the XOR of what it
// was and what it became, and a checksum of the latter. Undo takes the database back, record by record, and refuses a page that is not
// what the log says. Before SQLite copies its write-ahead log into the database, Archive turns the transactions in it into records: a
// transaction itself costs nothing. docs/decisions/0007-point-in-time-recovery.md has the reasons.
package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// Log is the history of one database.
type Log struct {
	path  string
	f     *os.File // nil while the file is not there
	size  int64
	last  Record // zero when there is none
	first Record
}

// ErrDamaged is a history that cannot be followed: the database was changed by something else, or a file was damaged.
var ErrDamaged = errors.New("the history of this storage is damaged")

// ErrTooFar is a state that the history does not reach back to.
var ErrTooFar = errors.New("the history of this storage does not reach back so far")

// Open opens the history at path, which Append creates. The end of a record that was cut off is dropped.
func Open(path string) (*Log, error) {
	l := &Log{path: path}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	l.f = f
	if err := l.load(); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

func (l *Log) load() error {
	info, err := l.f.Stat()
	if err != nil {
		return err
	}
	l.size = info.Size()
	if r, _, err := l.before(l.size); err == nil && r.final {
		l.last = r
	} else if err := l.repair(); err != nil {
		return err
	}
	l.first = Record{}
	if l.size > 0 {
		l.first, err = l.header(0)
	}
	return err
}

// repair cuts off what follows the last record that is whole.
func (l *Log) repair() error {
	end, at := int64(0), int64(0)
	l.last = Record{}
	for {
		r, err := l.header(at)
		if err != nil || at+int64(r.length) > l.size {
			break
		}
		if _, err := l.bytes(at, r.length); err != nil {
			break
		}
		at += int64(r.length)
		if r.final {
			end, l.last = at, r
		}
	}
	l.size = end
	return l.f.Truncate(end)
}

// Close closes the file.
func (l *Log) Close() error {
	if l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return f.Close()
}

// Last returns the latest record; its Seq is 0 when there is none.
func (l *Log) Last() Record { return l.last }

// Size returns the length of the file.
func (l *Log) Size() int64 { return l.size }

func (l *Log) header(at int64) (Record, error) {
	var h [headerSize]byte
	if _, err := l.f.ReadAt(h[:], at); err != nil {
		return Record{}, err
	}
	r, ok := header(h[:])
	if !ok {
		return r, ErrDamaged
	}
	return r, nil
}

func (l *Log) bytes(at int64, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := l.f.ReadAt(b, at); err != nil {
		return nil, err
	}
	if !whole(b) {
		return nil, ErrDamaged
	}
	return b, nil
}

// before returns the record that ends at end, and its bytes.
func (l *Log) before(end int64) (r Record, b []byte, err error) {
	r, at, err := l.headerBefore(end)
	if err != nil {
		return r, nil, err
	}
	b, err = l.bytes(at, r.length)
	return r, b, err
}

func (l *Log) headerBefore(end int64) (r Record, at int64, err error) {
	var n [4]byte
	if end < headerSize+tailSize {
		return r, 0, ErrDamaged
	}
	if _, err := l.f.ReadAt(n[:], end-4); err != nil {
		return r, 0, err
	}
	at = end - int64(binary.LittleEndian.Uint32(n[:]))
	if at < 0 || at >= end {
		return r, 0, ErrDamaged
	}
	r, err = l.header(at)
	if err == nil && at+int64(r.length) != end {
		err = ErrDamaged
	}
	return r, at, err
}

// appending collects records, and writes them at the end of the log.
type appending struct {
	l   *Log
	w   writer
	buf []byte
	end int64
	new Record
}

func (l *Log) appending() (*appending, error) {
	if l.f == nil {
		f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		l.f = f
	}
	return &appending{l: l, end: l.size}, nil
}

// page adds a page of step r, beginning another record when the present one is full.
func (a *appending) page(r Record, number uint32, before, after []byte) error {
	if a.w.buf == nil || a.w.pages == partPages {
		if a.w.buf != nil {
			a.take(false)
		}
		a.w.begin(r)
	}
	a.w.page(number, before, after)
	return a.flush(1 << 20)
}

// finish ends step r, which may have changed no page.
func (a *appending) finish(r Record) error {
	if a.w.buf == nil {
		a.w.begin(r)
	}
	pages := a.w.pages
	a.w.Record = r
	a.w.pages = pages
	a.take(true)
	a.new = r
	return a.flush(1 << 20)
}

func (a *appending) take(final bool) {
	a.buf = append(a.buf, a.w.end(final)...)
	a.w.buf = nil
}

func (a *appending) flush(limit int) error {
	if len(a.buf) < limit {
		return nil
	}
	if _, err := a.l.f.WriteAt(a.buf, a.end); err != nil {
		return err
	}
	a.end += int64(len(a.buf))
	a.buf = a.buf[:0]
	return nil
}

// done makes what was written part of the log.
func (a *appending) done() error {
	if err := a.flush(1); err != nil {
		return err
	}
	if a.end == a.l.size {
		return nil
	}
	a.l.size = a.end
	a.l.last = a.new
	a.l.last.final = true
	if a.l.first.Seq == 0 {
		var err error
		a.l.first, err = a.l.header(0)
		return err
	}
	return nil
}

// pageAt reads a page of a file, zeros where the file has none.
func pageAt(f *os.File, number uint32, page []byte) error {
	if f == nil {
		clear(page)
		return nil
	}
	n, err := f.ReadAt(page, int64(number-1)*int64(len(page)))
	if err == io.EOF {
		clear(page[n:])
		return nil
	}
	return err
}

func open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return f, err
}

func wrap(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("history file %s: %w", path, err)
}

func closeFile(f *os.File) {
	if f != nil {
		f.Close()
	}
}
