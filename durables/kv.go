package durables

import (
	"context"
	"fmt"
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

// Put stores value under key.
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

// List returns the entries that o selects, in key order.
func (*SyncKV) List(ctx context.Context, o ListOptions) (Entries, error) {
	var w abi.Writer
	o.write(&w)
	r, err := guest.Invoke(ctx, abi.OpSyncKVList, w.Bytes())
	if err != nil {
		return nil, wrap("list", err)
	}
	return entries(r)
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
