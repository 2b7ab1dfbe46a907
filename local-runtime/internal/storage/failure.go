package storage

import (
	"errors"
	"fmt"
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

// checkEmpty refuses an empty file whose log is not: SQLite would drop the log and with it committed data.
func checkEmpty(path string) error {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return &DamagedError{path, errors.New("the file is empty but its -wal file is not")}
	}
	return nil
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
