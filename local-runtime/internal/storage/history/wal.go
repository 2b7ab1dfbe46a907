package history

import (
	"encoding/binary"
	"io"
	"os"
	"sync"
)

// The write-ahead log of SQLite: https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
const (
	walHeader   = 32
	frameHeader = 24
)

// wal reads a write-ahead log.
type wal struct {
	f        *os.File
	size     int64
	pageSize uint32
	salt     uint64
	order    binary.ByteOrder // of its checksums
	sum      [2]uint32
	chunk    []byte // the frames from number first on
	first    uint32
}

const chunkSize = 1 << 20

var chunks = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// frame is a page that a transaction wrote; commit is the size of the database in pages when it is the last of its transaction, or 0.
type frame struct {
	page, commit uint32
	data         []byte
}

// openWAL opens a log; it is nil when there is none, or an empty one.
func openWAL(path string) (*wal, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	w := &wal{f: f, size: info.Size()}
	var h [walHeader]byte
	if _, err := f.ReadAt(h[:], 0); err != nil {
		f.Close()
		return nil, nil // no frame in it is whole
	}
	be := binary.BigEndian
	w.pageSize, w.salt = be.Uint32(h[8:]), be.Uint64(h[16:])
	w.order = binary.LittleEndian
	if h[3]&1 == 1 {
		w.order = binary.BigEndian
	}
	w.add(h[:24])
	if be.Uint32(h[:])&^1 != 0x377f0682 || !validPageSize(w.pageSize) || w.sum != [2]uint32{be.Uint32(h[24:]), be.Uint32(h[28:])} {
		f.Close()
		return nil, nil
	}
	return w, nil
}

// add goes on with the checksum.
func (w *wal) add(b []byte) {
	s0, s1 := w.sum[0], w.sum[1]
	for i := 0; i+8 <= len(b); i += 8 {
		s0 += w.order.Uint32(b[i:]) + s1
		s1 += w.order.Uint32(b[i+4:]) + s0
	}
	w.sum = [2]uint32{s0, s1}
}

// frames calls f for each frame of the log up to number last, or to the last whole one when last is 0. Frames are numbered from 1. What f
// gets is valid during the call.
func (w *wal) frames(last uint32, f func(number uint32, fr frame) error) error {
	length := frameHeader + int(w.pageSize)
	pooled := chunks.Get().(*[chunkSize]byte)
	defer func() {
		w.chunk = nil
		chunks.Put(pooled)
	}()
	chunk := pooled[:chunkSize/length*length]
	be := binary.BigEndian
	for number, at := uint32(1), int64(walHeader); last == 0 || number <= last; {
		n, err := w.f.ReadAt(chunk, at)
		if err != nil && err != io.EOF {
			return err
		}
		n -= n % length
		if n == 0 {
			return nil
		}
		w.chunk, w.first = chunk[:n], number
		for b := w.chunk; len(b) > 0 && (last == 0 || number <= last); b = b[length:] {
			if be.Uint64(b[8:]) != w.salt {
				return nil
			}
			if last == 0 {
				w.add(b[:8])
				w.add(b[frameHeader:length])
				if w.sum != [2]uint32{be.Uint32(b[16:]), be.Uint32(b[20:])} {
					return nil
				}
			}
			if err := f(number, frame{be.Uint32(b), be.Uint32(b[4:]), b[frameHeader:length]}); err != nil {
				return err
			}
			number++
		}
		at += int64(n)
	}
	return nil
}

// read returns the page in a frame, and puts it into page when that is necessary.
func (w *wal) read(number uint32, page []byte) ([]byte, error) {
	length := frameHeader + int(w.pageSize)
	if at := (int(number) - int(w.first)) * length; number >= w.first && at < len(w.chunk) {
		return w.chunk[at+frameHeader : at+length], nil
	}
	_, err := w.f.ReadAt(page, walHeader+int64(number-1)*int64(length)+frameHeader)
	return page, err
}
