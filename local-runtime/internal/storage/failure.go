package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// DamagedError is a storage file that cannot be used. Nothing in it has been changed.
type DamagedError struct {
	Path string
	Err  error
}

// Error names the file and says what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("storage file %s cannot be read as a SQLite database (%v); nothing was deleted: restore the file from "+
		"a copy, or move it and its -wal file away to start empty", e.Path, e.Err)
}

// Unwrap returns what SQLite said.
func (e *DamagedError) Unwrap() error { return e.Err }

func unusable(path string, err error) error {
	var s *sqlite.Error
	if errors.As(err, &s) {
		switch s.Primary() {
		case sqlite.Corrupt, sqlite.NotADB:
			return &DamagedError{path, err}
		case sqlite.Busy:
			return fmt.Errorf("storage file %s is in use (%w): stop the other process that has it open, or give this one a folder of its own", path, err)
		}
	}
	return fmt.Errorf("storage file %s cannot be used (%w): check that the folder can be written and the disk is not full", path, err)
}

// checkSize refuses what SQLite would take silently and lose data: an empty file whose log is not, for it drops the log;
// and a last page that is cut off, for it reads zeros there. While there is a log or a journal the file may end anywhere,
// since a process may have died as it copied pages, and SQLite copies them again.
func checkSize(path string, size int64) error {
	if size%pageSize != 0 && size%int64(pageSizeOf(path)) != 0 && !hasContents(path+"-wal") && !hasContents(path+"-journal") {
		return &DamagedError{path, errors.New("its end is cut off")}
	}
	if size == 0 && hasContents(path+"-wal") {
		return &DamagedError{path, errors.New("the file is empty but its -wal file is not")}
	}
	return nil
}

// pageSize is that of every file made here. Others come from elsewhere, as a D1 database may.
const pageSize = 4096

// pageSizeOf reads the header: https://www.sqlite.org/fileformat2.html#page_size. What it cannot read counts as 1, and is
// left to SQLite to report.
func pageSizeOf(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 1
	}
	defer f.Close()
	var head [18]byte
	if _, err := io.ReadFull(f, head[:]); err != nil || string(head[:16]) != "SQLite format 3\x00" {
		return 1
	}
	switch n := int(binary.BigEndian.Uint16(head[16:])); n {
	case 0:
		return 1
	case 1:
		return 65536
	default:
		return n
	}
}

func hasContents(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

// Broken returns the failure after which the object must be reset, or nil. It is set by a failure of the disk, of
// memory or of the file, and by one that made SQLite roll the transaction back (workerd calls them critical errors).
// From then on every operation fails with it.
func (d *DB) Broken() error { return d.broken }

// fail turns err into an *abi.Error, and notes when it is one that the object cannot survive.
func (d *DB) fail(err error) error {
	if err == nil {
		return nil
	}
	e := asError(err)
	var s *sqlite.Error
	if !errors.As(err, &s) {
		return e
	}
	switch s.Primary() {
	case sqlite.Corrupt, sqlite.NotADB:
		e = asError(unusable(d.path, err))
		d.broken = e
	case sqlite.Full, sqlite.IOErr, sqlite.CantOpen, sqlite.ReadOnly:
		d.broken = e
	default:
		if d.inTx && d.conn.Autocommit() {
			d.broken = e
		}
	}
	return e
}

func asError(err error) *abi.Error {
	var e *abi.Error
	if errors.As(err, &e) {
		return e
	}
	return &abi.Error{Name: "Error", Message: err.Error()}
}
