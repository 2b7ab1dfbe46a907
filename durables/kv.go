package durables

import (
	"context"
	"fmt"
	"iter"
	"sort"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// SyncKV is the synchronous key-value API: no event is delivered to the object while a call runs.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#synchronous-kv-api.
type SyncKV struct{}

// Get stores the value of key in dest, a pointer, and reports whether there is one.
func (*SyncKV) Get(ctx context.Context, key string, dest any) (bool, error) {
	var w abi.Writer
	w.Str(key)
	r, err := guest.Invoke(ctx, abi.OpSyncKVGet, w.Bytes())
	if err != nil {
		return false, fmt.Errorf("storage: get %q: %w", key, err)
	}
	if !r.Bool() {
		return false, r.Err()
	}
	return true, Entry{key, r.Value()}.Decode(dest)
}

// Put stores value, any data that RPC can carry, under key. A value is limited to 2 MB with its key.
func (*SyncKV) Put(ctx context.Context, key string, value any) error {
	var w abi.Writer
	w.Str(key)
	if err := marshal(&w, key, value); err != nil {
		return err
	}
	if err := guest.Do(ctx, abi.OpSyncKVPut, w.Bytes()); err != nil {
		return fmt.Errorf("storage: put %q: %w", key, err)
	}
	return nil
}

// Delete removes key and reports whether it existed.
func (*SyncKV) Delete(ctx context.Context, key string) (bool, error) {
	var w abi.Writer
	w.Str(key)
	r, err := guest.Invoke(ctx, abi.OpSyncKVDel, w.Bytes())
	if err != nil {
		return false, fmt.Errorf("storage: delete %q: %w", key, err)
	}
	return r.Bool(), r.Err()
}

// List returns the entries that o selects, in key order. All of them are in memory at once: set a Limit, or use All.
func (*SyncKV) List(ctx context.Context, o ListOptions) (Entries, error) {
	var w abi.Writer
	o.write(&w)
	r, err := guest.Invoke(ctx, abi.OpSyncKVList, w.Bytes())
	if err != nil {
		return nil, wrap("list", err)
	}
	return entries(r)
}

// All yields the entries that o selects, in key order, and keeps no more than some of them in memory. The loop may write: what it stores further
// on in the range may or may not be among them. The first error ends the entries. Any number of loops may run at once, where JavaScript's
// kv.list() has one iterator.
//
//	for entry, err := range storage.KV().All(ctx, durables.ListOptions{Prefix: "user:"}) {
func (kv *SyncKV) All(ctx context.Context, o ListOptions) iter.Seq2[Entry, error] {
	return inPages(ctx, o, kv.List)
}

// All yields the entries that o selects, in key order, and keeps no more than some of them in memory. The loop may write: what it stores further
// on in the range may or may not be among them. The first error ends the entries.
func (s *Storage) All(ctx context.Context, o ListOptions) iter.Seq2[Entry, error] {
	return inPages(ctx, o, s.List)
}

// pageEntries is how many entries All fetches at a time.
const pageEntries = 128

func inPages(ctx context.Context, o ListOptions, list func(context.Context, ListOptions) (Entries, error)) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		page, left := o, o.Limit
		for {
			page.Limit = pageEntries
			if o.Limit != 0 {
				page.Limit = min(left, pageEntries)
			}
			entries, err := list(ctx, page)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
			left -= len(entries)
			if len(entries) < page.Limit || left == 0 || !page.follow(entries[len(entries)-1].Key) {
				return
			}
		}
	}
}

// follow makes o go on after key, and reports whether there can be more.
func (o *ListOptions) follow(key string) bool {
	if o.Reverse {
		o.End = key
		return key != ""
	}
	o.Start, o.StartAfter = "", key
	return true
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
