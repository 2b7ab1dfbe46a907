package storage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"grove.place/lattice/internal/abi"
)

// ErrSnapshot is the error of a statement that would change a Snapshot.
var ErrSnapshot = abi.Errorf("this is a copy of what the object has stored: it can only be read")

// Snapshot returns a copy of what is committed in the file at path, which can only be read. The file may be open, between two turns. Close
// removes the copy.
func Snapshot(path string) (*DB, error) {
	dir, err := os.MkdirTemp("", "lattice-snapshot-")
	if err != nil {
		return nil, err
	}
	copied := filepath.Join(dir, "copy.sqlite")
	d, err := openCopy(path, copied)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	d.snapshot = dir
	return d, nil
}

func openCopy(path, copied string) (*DB, error) {
	for _, suffix := range []string{"", "-wal", "-journal"} {
		if err := copyFile(path+suffix, copied+suffix); err != nil {
			return nil, err
		}
	}
	d, err := Open(copied)
	if err != nil {
		return nil, err
	}
	d.Inject(func(at Point) error {
		if at == Read {
			return nil
		}
		return ErrSnapshot
	})
	return d, nil
}

// copyFile copies a file that may be absent.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Snapshot is a copy of what the database has committed, as the other Snapshot is.
func (d *D1) Snapshot() (*DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Snapshot(d.db.path)
}
