package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"

	"grove.place/lattice/internal/cloudflare"
	local "grove.place/lattice/local-runtime"
)

// remoteKV is a namespace of the account.
type remoteKV struct{ remote }

// refused is an error that names the binding.
func (k *remoteKV) refused(err error) error {
	if cloudflare.IsNoNamespace(err) {
		err = errors.New("the account has no such KV namespace: `lattice kv namespace list` shows those that there are, `lattice kv namespace create` makes one")
	}
	return k.failed(err)
}

// Get implements local.KVStore. The value and its metadata are two requests.
func (k *remoteKV) Get(key string, _ int64) (*local.KVEntry, error) {
	ctx, stop := k.within(0)
	defer stop()
	value, err := k.client.Value(ctx, k.id, key)
	if cloudflare.IsNoKey(err) {
		return nil, nil
	}
	if err != nil {
		return nil, k.refused(err)
	}
	metadata, err := k.client.Metadata(ctx, k.id, key)
	if cloudflare.IsNoKey(err) {
		return nil, nil // deleted between them
	}
	return &local.KVEntry{Key: key, Value: value, Metadata: jsonText(metadata)}, k.refused(err)
}

func jsonText(v json.RawMessage) string {
	if string(v) == "null" {
		return ""
	}
	return string(v)
}

// Put implements local.KVStore.
func (k *remoteKV) Put(e local.KVEntry, _ int64) error {
	ctx, stop := k.within(0)
	defer stop()
	var metadata json.RawMessage
	if e.Metadata != "" {
		metadata = json.RawMessage(e.Metadata)
	}
	return k.refused(k.client.PutValue(ctx, k.id, e.Key, e.Value, e.Expiration, 0, metadata))
}

// Delete implements local.KVStore.
func (k *remoteKV) Delete(key string) error {
	ctx, stop := k.within(0)
	defer stop()
	return k.refused(k.client.DeleteValue(ctx, k.id, key))
}

// page is a place in a list: a cursor of the API, and how many keys of its page were given out.
type page struct {
	Cursor string `json:"c"`
	Given  int    `json:"n"`
}

// List implements local.KVStore. The API's pages have a length of their own.
func (k *remoteKV) List(prefix, cursor string, limit int, _ int64) (list []local.KVEntry, next string, err error) {
	ctx, stop := k.within(0)
	defer stop()
	var at page
	if cursor != "" {
		text, err := base64.StdEncoding.DecodeString(cursor)
		if err != nil || json.Unmarshal(text, &at) != nil || at.Given < 0 {
			return nil, "", errors.New("400 Invalid cursor: it is not one of a list before.")
		}
	}
	keys, following, err := k.client.Keys(ctx, k.id, prefix, at.Cursor)
	if err != nil {
		return nil, "", k.refused(err)
	}
	keys = keys[min(at.Given, len(keys)):]
	if len(keys) > limit {
		keys, at.Given = keys[:limit], at.Given+limit
	} else {
		at = page{Cursor: following}
	}
	for _, e := range keys {
		list = append(list, local.KVEntry{Key: e.Name, Expiration: e.Expiration, Metadata: jsonText(e.Metadata)})
	}
	if at != (page{}) {
		text, err := json.Marshal(at)
		if err != nil {
			return nil, "", err
		}
		next = base64.StdEncoding.EncodeToString(text)
	}
	return list, next, nil
}
