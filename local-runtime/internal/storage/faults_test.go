package storage

import (
	"errors"
	"path/filepath"
	"testing"

	"grove.place/lattice/internal/abi"
)

// TestInjectedFaultsBreakTheStorage: whatever point fails, what was committed before is there and what came after is not.
func TestInjectedFaultsBreakTheStorage(t *testing.T) {
	for _, c := range []struct {
		at   Point
		want string
	}{
		{Read, "disk I/O error: SQLITE_IOERR"},
		{Write, "database or disk is full: SQLITE_FULL"},
		{Commit, "database or disk is full: SQLITE_FULL"},
	} {
		path := filepath.Join(t.TempDir(), "x.sqlite")
		d, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		put := func(v int64) error {
			if _, err := d.Get([]string{"k"}); err != nil {
				return err
			}
			if err := d.Put([]abi.Field{{Name: "k", Value: v}}); err != nil {
				return err
			}
			return d.Commit()
		}
		if err := put(1); err != nil {
			t.Fatal(err)
		}
		d.Inject(func(p Point) error {
			switch {
			case p != c.at:
				return nil
			case p == Read:
				return ErrDiskIO
			}
			return ErrDiskFull
		})
		if err := put(2); err == nil || err.Error() != "Error: "+c.want && err.Error() != c.want {
			t.Errorf("point %d: %v", c.at, err)
		}
		if d.Broken() == nil {
			t.Errorf("point %d: the storage goes on", c.at)
		}
		d.Inject(nil)
		if err := put(3); err == nil {
			t.Errorf("point %d: a broken storage was written", c.at)
		}
		if err := errors.Join(d.Rollback(), d.Close()); err != nil {
			t.Errorf("point %d: %v", c.at, err)
		}
		again, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		found, err := again.Get([]string{"k"})
		if err != nil || len(found) != 1 || found[0].Value != int64(1) {
			t.Errorf("point %d: %v, %v, want what was committed", c.at, found, err)
		}
		again.Close()
	}
}
