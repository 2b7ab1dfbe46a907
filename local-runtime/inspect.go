package local

import (
	"errors"
	"fmt"
	"math"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/sqlvalue"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Storage is what an object has stored, for a test to look at: committed, as a crash would leave it. Looking does not wake the object, and does not
// disturb it while it lives. Each method reads anew.
type Storage struct {
	host          *Host
	class, object string
	database      string      // binding of a D1 database, which this is then
	copied        *storage.DB // of Still; nil: each method makes a copy of its own
}

// Storage returns what an object has stored. The object is named by its name or its id; it need not exist.
func (h *Host) Storage(class, object string) *Storage {
	return &Storage{host: h, class: class, object: object}
}

// Database returns the D1 database of a binding, for the methods of Storage that are about SQL.
func (h *Host) Database(binding string) *Storage { return &Storage{host: h, database: binding} }

func (s *Storage) snapshot() (*storage.DB, error) {
	if s.database != "" {
		return s.host.current().SnapshotDatabase(s.database)
	}
	return s.host.current().Snapshot(s.class, s.object)
}

// Still returns a Storage that stays as it is now, for several looks. The caller closes it.
func (s *Storage) Still() (still *Storage, close func() error, err error) {
	store, err := s.snapshot()
	if err != nil {
		return nil, nil, err
	}
	copied := *s
	copied.copied = store
	return &copied, store.Close, nil
}

// with runs read on a copy of what is stored.
func (s *Storage) with(read func(*storage.DB) error) (err error) {
	if s.copied != nil {
		return read(s.copied)
	}
	store, err := s.snapshot()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return read(store)
}

// Query returns the rows of a statement, by column. Values are nil, int64, float64, string and []byte.
func (s *Storage) Query(query string, args ...any) ([]map[string]any, error) {
	rows := []map[string]any{}
	err := s.rows(query, args, func(columns []string, row []abi.Value) error {
		m := make(map[string]any, len(row))
		for i, v := range row {
			m[columns[i]] = codec.Natural(v)
		}
		rows = append(rows, m)
		return nil
	})
	return rows, err
}

// Rows returns the rows of a statement as values of T, as durables.All does: structs by `json` tag or field name, or scalars.
func Rows[T any](s *Storage, query string, args ...any) ([]T, error) {
	list := []T{}
	err := s.rows(query, args, func(columns []string, row []abi.Value) error {
		var v T
		if err := sqlvalue.ScanRow(columns, row, &v); err != nil {
			return fmt.Errorf("sql: %w", err)
		}
		list = append(list, v)
		return nil
	})
	return list, err
}

func (s *Storage) rows(query string, args []any, each func(columns []string, row []abi.Value) error) error {
	var w abi.Writer
	if err := sqlvalue.WriteArgs(&w, args); err != nil {
		return fmt.Errorf("sql: %w", err)
	}
	r := abi.NewReader(w.Bytes())
	values := r.Values()
	if err := r.End(); err != nil {
		return err
	}
	return s.with(func(store *storage.DB) error {
		columns, page, err := store.Exec(query, values, math.MaxInt)
		if err != nil {
			return err
		}
		for _, row := range page.Rows {
			if err := each(columns, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// Get stores the value of a key in dest, a pointer, and reports whether there is one.
func (s *Storage) Get(key string, dest any) (found bool, err error) {
	err = s.with(func(store *storage.DB) error {
		values, err := store.Get([]string{key})
		if err != nil || len(values) == 0 {
			return err
		}
		found = true
		return codec.Assign(values[0].Value, dest)
	})
	return found, err
}

// Entry is a key and its value.
type Entry struct {
	Key   string `json:"key"`
	Value any    `json:"value"` // nil, bool, int64, float64, string, []byte, time.Time, []any, map[string]any and so on
}

// List returns the keys that begin with prefix, in their order, and their values.
func (s *Storage) List(prefix string) (list []Entry, err error) {
	err = s.with(func(store *storage.DB) error {
		fields, err := store.List(abi.ListOptions{Prefix: &prefix})
		for _, f := range fields {
			list = append(list, Entry{f.Name, codec.Natural(f.Value)})
		}
		return err
	})
	return list, err
}

// Alarm returns when the object's alarm goes off, and whether one is set.
func (s *Storage) Alarm() (at time.Time, set bool, err error) {
	err = s.with(func(store *storage.DB) error {
		ms, ok, err := store.Alarm()
		at, set = time.UnixMilli(int64(ms)).UTC(), ok
		return err
	})
	if !set {
		at = time.Time{}
	}
	return at, set, err
}
