package storage

import (
	"math"
	"slices"
	"sort"

	"grove.place/lattice/internal/abi"
)

// formatVersion is the first byte of every stored value; the rest is the ABI encoding of the value.
const formatVersion = 1

// Get returns the values of those keys that exist, each once, in the byte order of the keys.
func (d *DB) Get(keys []string) ([]abi.Field, error) {
	if err := d.fault(Read); err != nil {
		return nil, err
	}
	if ok, err := d.haveKV(); err != nil || !ok {
		return nil, err
	}
	if len(keys) > 1 {
		keys = slices.Clone(keys)
		sort.Strings(keys)
		keys = slices.Compact(keys)
	}
	var found []abi.Field
	for _, k := range keys {
		err := d.query("SELECT value FROM _cf_KV WHERE key = ?", func(s *stmt) error {
			v, err := decodeValue(k, s.Bytes(0))
			found = append(found, abi.Field{Name: k, Value: v})
			return err
		}, valid(k))
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Put stores all entries.
func (d *DB) Put(entries []abi.Field) error {
	if len(entries) == 0 {
		return nil
	}
	if err := d.fault(Write); err != nil {
		return err
	}
	if err := d.write(); err != nil {
		return err
	}
	if !d.hasKV {
		if err := d.run("CREATE TABLE IF NOT EXISTS _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"); err != nil {
			return err
		}
		d.hasKV = true
	}
	put := func() error {
		for _, e := range entries {
			w := abi.NewWriter([]byte{formatVersion})
			w.Value(e.Value)
			err := d.query("INSERT INTO _cf_KV VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", nil, valid(e.Name), w.Bytes())
			if err != nil {
				return err
			}
		}
		return nil
	}
	if len(entries) == 1 {
		return put()
	}
	return d.atomically(put)
}

// Delete removes keys and returns how many there were.
func (d *DB) Delete(keys []string) (int, error) {
	if ok, err := d.haveKV(); err != nil || !ok || len(keys) == 0 {
		return 0, err
	}
	if err := d.fault(Write); err != nil {
		return 0, err
	}
	if err := d.write(); err != nil {
		return 0, err
	}
	removed := 0
	remove := func() error {
		for _, k := range keys {
			if err := d.query("DELETE FROM _cf_KV WHERE key = ?", nil, valid(k)); err != nil {
				return err
			}
			removed += d.conn.Changes()
		}
		return nil
	}
	if len(keys) > 1 {
		err := d.atomically(remove)
		return removed, err
	}
	err := remove()
	return removed, err
}

// List returns the entries that options select, in the byte order of the keys.
func (d *DB) List(options abi.ListOptions) ([]abi.Field, error) {
	r, limit, err := span(options)
	if err != nil {
		return nil, err
	}
	if err := d.fault(Read); err != nil {
		return nil, err
	}
	if ok, err := d.haveKV(); err != nil || !ok || r.empty() {
		return nil, err
	}
	q := "SELECT key, value FROM _cf_KV WHERE key >= ?"
	args := []any{r.from}
	if r.exclusive {
		q = "SELECT key, value FROM _cf_KV WHERE key > ?"
	}
	if r.bounded {
		q += " AND key < ?"
		args = append(args, r.to)
	}
	q += " ORDER BY key"
	if options.Reverse {
		q += " DESC"
	}
	q += " LIMIT ?"
	var found []abi.Field
	err = d.query(q, func(s *stmt) error {
		k := s.Text(0)
		v, err := decodeValue(k, s.Bytes(1))
		found = append(found, abi.Field{Name: k, Value: v})
		return err
	}, append(args, limit)...)
	return found, err
}

// keyRange is a range of keys: from (unless exclusive) up to but not including to (when bounded).
type keyRange struct {
	from, to           string
	exclusive, bounded bool
}

func (r keyRange) empty() bool { return r.bounded && r.from >= r.to }

// span turns options into a range and a limit (−1: none).
func span(o abi.ListOptions) (r keyRange, limit int, err error) {
	if o.Start != nil && o.StartAfter != nil {
		return r, 0, abi.TypeErrorf("list() cannot be called with both start and startAfter values.")
	}
	limit = -1
	if o.Limit != nil {
		v := math.Trunc(*o.Limit)
		if !math.IsInf(v, 0) && (v > math.MaxInt32 || v < math.MinInt32) {
			return r, 0, abi.TypeErrorf("Value out of range. Must be between -2147483648 and 2147483647 (inclusive).")
		}
		if !(v > 0) || math.IsInf(v, 0) {
			return r, 0, abi.TypeErrorf("List limit must be positive.")
		}
		limit = int(v)
	}
	if o.Start != nil {
		r.from = valid(*o.Start)
	}
	if o.StartAfter != nil {
		r.from, r.exclusive = valid(*o.StartAfter), true
	}
	if o.End != nil {
		r.to, r.bounded = valid(*o.End), true
	}
	if o.Prefix != nil && *o.Prefix != "" {
		p := valid(*o.Prefix)
		if r.from < p {
			r.from, r.exclusive = p, false
		}
		if next, ok := successor(p); ok && (!r.bounded || next < r.to) {
			r.to, r.bounded = next, true
		}
	}
	return r, limit, nil
}

// successor returns the least string above all that begin with p.
func successor(p string) (string, bool) {
	b := []byte(p)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1]), true
		}
	}
	return "", false
}

// DeleteAll removes everything: keys, tables and the alarm. It takes effect at once and ends all cursors. The object's
// name is kept, and written again by the next write. So is the history: a restore can bring everything back.
func (d *DB) DeleteAll() error {
	if len(d.savepoints) > 0 {
		return abi.Errorf("Cannot call deleteAll() within a transaction")
	}
	if d.broken != nil {
		return d.broken
	}
	if _, err := d.loadName(); err != nil {
		return err
	}
	if d.conn != nil {
		d.closeCursors()
		d.deleted = d.lastID
		if err := d.Rollback(); err != nil {
			return err
		}
		if err := d.Close(); err != nil {
			return asError(err)
		}
	}
	d.forget()
	d.logged, d.stored = false, false
	return d.removeAll()
}

// haveKV reports whether the table of keys exists.
func (d *DB) haveKV() (bool, error) { return d.haveTable("_cf_KV", &d.hasKV) }

func (d *DB) haveTable(name string, known *bool) (bool, error) {
	if d.broken != nil {
		return false, d.broken
	}
	if *known || d.conn == nil && !d.stored {
		return *known, nil
	}
	if err := d.connect(); err != nil {
		return false, asError(err)
	}
	err := d.query("SELECT 1 FROM sqlite_schema WHERE name = ?", func(*stmt) error { *known = true; return nil }, name)
	return *known, err
}

// atomically runs f in the open transaction, and undoes all of it when it fails.
func (d *DB) atomically(f func() error) error {
	if err := d.run("SAVEPOINT _cf_part"); err != nil {
		return err
	}
	err := f()
	if err != nil && d.broken == nil {
		d.run("ROLLBACK TO _cf_part")
	}
	if d.broken == nil {
		if e := d.run("RELEASE _cf_part"); err == nil {
			err = e
		}
	}
	return err
}

func decodeValue(key string, b []byte) (abi.Value, error) {
	if len(b) == 0 || b[0] != formatVersion {
		return nil, abi.Errorf("the value stored under %q is in a format this version does not know: use the version that wrote it", key)
	}
	r := abi.NewReader(b[1:])
	v := r.Value()
	if err := r.Err(); err != nil {
		return nil, abi.Errorf("the value stored under %q is damaged: %v", key, err)
	}
	return v, nil
}
