package storage

import "strings"

// KV is a Workers KV namespace in one file. It may be used by several goroutines.
type KV struct{ x *index }

// KVEntry is a value with what goes with it.
type KVEntry struct {
	Key        string
	Value      []byte // not in lists
	Expiration int64  // seconds since the epoch; 0: never
	Metadata   string // JSON; empty: none
}

// OpenKV opens the namespace in the file at path.
func OpenKV(path string) (*KV, error) {
	x, err := openIndex(path,
		`CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, expiration INTEGER NOT NULL, metadata TEXT NOT NULL, value BLOB NOT NULL)`,
		`CREATE INDEX IF NOT EXISTS expires ON entries (expiration) WHERE expiration > 0`)
	if err != nil {
		return nil, err
	}
	return &KV{x}, nil
}

// Close closes the file.
func (k *KV) Close() error { return k.x.close() }

// Get returns the entry of key at a time in seconds, or nil.
func (k *KV) Get(key string, now int64) (e *KVEntry, err error) {
	err = k.x.do(func(s *statements) error {
		return s.each("SELECT expiration, metadata, value FROM entries WHERE key = ? AND (expiration = 0 OR expiration > ?)", func(r *stmt) error {
			e = &KVEntry{Key: key, Expiration: r.Int64(0), Metadata: strings.Clone(r.Text(1)), Value: append([]byte{}, r.Bytes(2)...)}
			return nil
		}, key, int(now))
	})
	return e, err
}

// Put stores an entry in place of what has its key, and drops what has expired.
func (k *KV) Put(e KVEntry, now int64) error {
	value := e.Value
	if value == nil {
		value = []byte{}
	}
	return k.x.do(func(s *statements) error {
		if err := s.each("DELETE FROM entries WHERE expiration > 0 AND expiration <= ?", nil, int(now)); err != nil {
			return err
		}
		return s.each("INSERT OR REPLACE INTO entries (key, expiration, metadata, value) VALUES (?, ?, ?, ?)", nil, e.Key, int(e.Expiration), e.Metadata, value)
	})
}

// Delete removes the entry of key, if there is one.
func (k *KV) Delete(key string) error {
	return k.x.do(func(s *statements) error { return s.each("DELETE FROM entries WHERE key = ?", nil, key) })
}

// List returns up to limit entries with a prefix, after a key, in the order of the keys' bytes, and whether there are more.
func (k *KV) List(prefix, after string, limit int, now int64) (list []KVEntry, more bool, err error) {
	err = k.x.do(func(s *statements) error {
		return s.each(`SELECT key, expiration, metadata FROM entries
			WHERE key > ? AND key >= ? AND key < ? AND (expiration = 0 OR expiration > ?) ORDER BY key LIMIT ?`, func(r *stmt) error {
			if len(list) == limit {
				more = true
				return nil
			}
			list = append(list, KVEntry{Key: strings.Clone(r.Text(0)), Expiration: r.Int64(1), Metadata: strings.Clone(r.Text(2))})
			return nil
		}, after, prefix, prefix+"\xff", int(now), limit+1) // no UTF-8 has that byte
	})
	return list, more, err
}
