package durables

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

// Storage is an object's private, transactional storage: key-value data, SQL tables and one alarm. Writes made without waiting for
// something in between are atomic together, and no answer leaves the object before they are durable.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/.
type Storage struct {
	sql    SQL
	kv     SyncKV
	alarms bool // the class handles alarms
	wiped  int  // how often everything was removed: what is known of tables is not so any more
}

// SQL returns the SQL API.
func (s *Storage) SQL() *SQL { return &s.sql }

// KV returns the synchronous key-value API, over the same data as Get and Put.
func (s *Storage) KV() *SyncKV { return &s.kv }

// Entry is a key with its value, as it is stored.
type Entry struct {
	Key   string
	value abi.Value
}

// Decode stores the value in dest, a pointer.
func (e Entry) Decode(dest any) error {
	if err := codec.Assign(e.value, dest); err != nil {
		return fmt.Errorf("storage: value of %q: %w", e.Key, err)
	}
	return nil
}

// Entries is a list of entries in key order, by UTF-8 bytes.
type Entries []Entry

// Get returns the entry with that key.
func (e Entries) Get(key string) (Entry, bool) {
	for _, entry := range e {
		if entry.Key == key {
			return entry, true
		}
	}
	return Entry{}, false
}

func entries(r *abi.Reader) (Entries, error) {
	fields := r.Fields()
	list := make(Entries, len(fields))
	for i, f := range fields {
		list[i] = Entry{f.Name, f.Value}
	}
	return list, r.Err()
}

// Option changes how an operation of Storage is made.
type Option byte

// PutOption is an Option.
type PutOption = Option

const (
	// AllowUnconfirmed lets answers leave the object before the write is durable. It has no effect on reads, and on DeleteAll.
	AllowUnconfirmed Option = abi.AllowUnconfirmed
	// AllowConcurrency lets other events be delivered meanwhile. It has no effect on SQLite-backed objects, which answer at once.
	AllowConcurrency Option = abi.AllowConcurrency
	// NoCache keeps the value out of the runtime's cache. It has no effect on SQLite-backed objects.
	NoCache Option = abi.NoCache
)

func flags(options []Option) (f byte) {
	for _, o := range options {
		f |= byte(o)
	}
	return f
}

// Get stores the value of key in dest, a pointer, and reports whether there is one.
func (s *Storage) Get(ctx context.Context, key string, dest any, options ...Option) (bool, error) {
	r, err := s.get(ctx, false, []string{key}, options)
	if err != nil {
		return false, fmt.Errorf("storage: get %q: %w", key, err)
	}
	list, err := entries(r)
	if err != nil || len(list) == 0 {
		return false, err
	}
	return true, list[0].Decode(dest)
}

// GetMany returns the entries among keys that exist, in key order. At most 128 keys.
func (s *Storage) GetMany(ctx context.Context, keys []string, options ...Option) (Entries, error) {
	r, err := s.get(ctx, true, keys, options)
	if err != nil {
		return nil, fmt.Errorf("storage: get %d keys: %w", len(keys), err)
	}
	return entries(r)
}

func (s *Storage) get(ctx context.Context, many bool, keys []string, options []Option) (*abi.Reader, error) {
	var w abi.Writer
	w.Bool(many)
	w.Strs(keys)
	w.U8(flags(options))
	return guest.Invoke(ctx, abi.OpKVGet, w.Bytes())
}

// Put stores value, any data that RPC can carry, under key. A value is limited to 2 MB with its key.
func (s *Storage) Put(ctx context.Context, key string, value any, options ...Option) error {
	var w abi.Writer
	w.Bool(false)
	w.Uint(1)
	w.Str(key)
	if err := marshal(&w, key, value); err != nil {
		return err
	}
	w.U8(flags(options))
	if err := guest.Do(ctx, abi.OpKVPut, w.Bytes()); err != nil {
		return fmt.Errorf("storage: put %q: %w", key, err)
	}
	return nil
}

// PutMany stores all values, or none.
func (s *Storage) PutMany(ctx context.Context, values map[string]any, options ...Option) error {
	var w abi.Writer
	w.Bool(true)
	w.Uint(uint64(len(values)))
	for _, key := range sortedKeys(values) {
		w.Str(key)
		if err := marshal(&w, key, values[key]); err != nil {
			return err
		}
	}
	w.U8(flags(options))
	if err := guest.Do(ctx, abi.OpKVPut, w.Bytes()); err != nil {
		return fmt.Errorf("storage: put %d keys: %w", len(values), err)
	}
	return nil
}

func marshal(w *abi.Writer, key string, value any) error {
	if err := codec.Marshal(w, value); err != nil {
		return fmt.Errorf("storage: put %q: %w", key, guest.NewError("DataCloneError", err.Error()))
	}
	return nil
}

// Delete removes keys and returns how many of them existed.
func (s *Storage) Delete(ctx context.Context, keys ...string) (int, error) {
	return s.DeleteMany(ctx, keys)
}

// DeleteMany is Delete with options.
func (s *Storage) DeleteMany(ctx context.Context, keys []string, options ...Option) (int, error) {
	var w abi.Writer
	w.Bool(len(keys) != 1)
	w.Strs(keys)
	w.U8(flags(options))
	r, err := guest.Invoke(ctx, abi.OpKVDelete, w.Bytes())
	if err != nil {
		return 0, fmt.Errorf("storage: delete: %w", err)
	}
	return int(r.Uint()), r.Err()
}

// DeleteAll removes everything the object has stored, tables and alarm included. Cursors that are open fail. It is refused in a transaction.
func (s *Storage) DeleteAll(ctx context.Context, options ...Option) error {
	s.wiped++
	return wrap("delete all", guest.Do(ctx, abi.OpDeleteAll, []byte{flags(options)}))
}

// ListOptions selects a range of keys. Empty fields do not restrict; Limit 0 is no limit.
type ListOptions struct {
	// Start is the first key (inclusive), StartAfter the one before the first; not both. End is exclusive.
	Start, StartAfter, End string
	// Prefix restricts to keys that begin with it.
	Prefix string
	// Reverse lists from the last key to the first.
	Reverse bool
	// Limit is the largest number of entries returned. A negative limit is an error.
	Limit int
	// AllowConcurrency and NoCache are as for the Options. SyncKV ignores them.
	AllowConcurrency, NoCache bool
}

func (o ListOptions) flags() (f byte) {
	if o.AllowConcurrency {
		f |= abi.AllowConcurrency
	}
	if o.NoCache {
		f |= abi.NoCache
	}
	return f
}

func (o ListOptions) write(w *abi.Writer) {
	var a abi.ListOptions
	for _, f := range []struct {
		from string
		to   **string
	}{{o.Start, &a.Start}, {o.StartAfter, &a.StartAfter}, {o.End, &a.End}, {o.Prefix, &a.Prefix}} {
		if f.from != "" {
			*f.to = &f.from
		}
	}
	a.Reverse = o.Reverse
	if o.Limit != 0 {
		limit := float64(o.Limit)
		a.Limit = &limit
	}
	w.ListOptions(a)
}

// List returns the entries that o selects, in key order by UTF-8 bytes. All of them are in memory at once: set a Limit, or
// use All.
func (s *Storage) List(ctx context.Context, o ListOptions) (Entries, error) {
	var w abi.Writer
	o.write(&w)
	w.U8(o.flags())
	r, err := guest.Invoke(ctx, abi.OpKVList, w.Bytes())
	if err != nil {
		return nil, wrap("list", err)
	}
	return entries(r)
}

// Sync waits until all writes made so far are durable.
func (s *Storage) Sync(ctx context.Context) error {
	return wrap("sync", guest.Do(ctx, abi.OpSync, nil))
}

// GetAlarm returns when the alarm is due, and whether there is one. While the alarm handler runs there is none.
func (s *Storage) GetAlarm(ctx context.Context, options ...Option) (time.Time, bool, error) {
	r, err := guest.Invoke(ctx, abi.OpGetAlarm, []byte{flags(options)})
	if err != nil {
		return time.Time{}, false, wrap("get alarm", err)
	}
	if !r.Bool() {
		return time.Time{}, false, r.Err()
	}
	return time.UnixMilli(int64(r.F64())).UTC(), true, r.Err()
}

// SetAlarm sets the object's one alarm, in place of an earlier one. Times in the past fire at once. The resolution is a millisecond.
//
// See https://developers.cloudflare.com/durable-objects/api/alarms/#setalarm.
func (s *Storage) SetAlarm(ctx context.Context, at time.Time, options ...Option) error {
	if !s.alarms {
		return wrap("set alarm", errNoAlarm)
	}
	var w abi.Writer
	w.F64(float64(at.UnixMilli()))
	w.U8(flags(options))
	return wrap("set alarm", guest.Do(ctx, abi.OpSetAlarm, w.Bytes()))
}

// DeleteAlarm removes the alarm, if there is one. A handler that runs is not stopped, but is not retried.
func (s *Storage) DeleteAlarm(ctx context.Context, options ...Option) error {
	return wrap("delete alarm", guest.Do(ctx, abi.OpDeleteAlarm, []byte{flags(options)}))
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("storage: %s: %w", what, err)
}
