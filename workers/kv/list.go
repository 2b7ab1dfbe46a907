package kv

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"grove.place/lattice/internal/abi"
)

// ListOptions select keys. Empty fields do not restrict.
type ListOptions struct {
	Prefix string
	Limit  int    // at most 1,000, which is the default
	Cursor string // of the List before
}

// Key is a key of a namespace. As JSON it is what JavaScript makes of one: the expiration in seconds since 1970, and nothing of what it has not.
type Key struct {
	Name       string          `json:"name"`
	Expiration time.Time       `json:"expiration,omitzero"` // zero: never
	Metadata   json.RawMessage `json:"metadata,omitempty"`  // nil: none
}

// keyJSON is a Key as JSON.
type keyJSON struct {
	Name       string          `json:"name"`
	Expiration int64           `json:"expiration,omitempty"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (k Key) MarshalJSON() ([]byte, error) {
	j := keyJSON{Name: k.Name, Metadata: k.Metadata}
	if !k.Expiration.IsZero() {
		j.Expiration = k.Expiration.Unix()
	}
	return encodeJSON(j)
}

// UnmarshalJSON implements json.Unmarshaler.
func (k *Key) UnmarshalJSON(text []byte) error {
	var j keyJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*k = Key{Name: j.Name, Metadata: j.Metadata}
	if j.Expiration != 0 {
		k.Expiration = time.Unix(j.Expiration, 0).UTC()
	}
	return nil
}

// DecodeMetadata decodes the metadata into dest, a pointer, and leaves it alone when there is none.
func (k Key) DecodeMetadata(dest any) error {
	if k.Metadata == nil {
		return nil
	}
	return decodeJSON(k.Metadata, dest)
}

// Listing is a page of keys, in the order of their bytes. As JSON it is what list() of JavaScript answers, but for cacheStatus.
type Listing struct {
	Keys     []Key  `json:"keys"`
	Complete bool   `json:"list_complete"`    // there are no more
	Cursor   string `json:"cursor,omitempty"` // of the next page, unless Complete
}

// List returns a page of the namespace's keys. A page may be short, even empty, with more to come: look at Complete.
func (n NamespaceBinding) List(ctx context.Context, o ListOptions) (Listing, error) {
	options := abi.Object{}
	if o.Prefix != "" {
		options = append(options, abi.Field{Name: "prefix", Value: o.Prefix})
	}
	if o.Limit != 0 {
		options = append(options, abi.Field{Name: "limit", Value: int64(o.Limit)})
	}
	if o.Cursor != "" {
		options = append(options, abi.Field{Name: "cursor", Value: o.Cursor})
	}
	result, _, err := n.call(ctx, "list", nil, abi.Array{options})
	if err != nil {
		return Listing{}, fmt.Errorf("kv: list: %w", err)
	}
	page, _ := result.(abi.Object)
	l := Listing{Keys: []Key{}}
	l.Complete, _ = page.Get("complete").(bool)
	l.Cursor, _ = page.Get("cursor").(string)
	keys, _ := page.Get("keys").(abi.Array)
	for _, v := range keys {
		one, _ := v.(abi.Object)
		k := Key{Metadata: raw(one.Get("metadata"))}
		k.Name, _ = one.Get("name").(string)
		if at, ok := one.Get("expiration").(int64); ok {
			k.Expiration = time.Unix(at, 0).UTC()
		}
		l.Keys = append(l.Keys, k)
	}
	return l, nil
}

// All walks over the keys with a prefix, page by page. An error ends the walk.
func (n NamespaceBinding) All(ctx context.Context, prefix string) iter.Seq2[Key, error] {
	return func(yield func(Key, error) bool) {
		for o := (ListOptions{Prefix: prefix}); ; {
			l, err := n.List(ctx, o)
			if err != nil {
				yield(Key{}, err)
				return
			}
			for _, k := range l.Keys {
				if !yield(k, nil) {
					return
				}
			}
			if l.Complete {
				return
			}
			o.Cursor = l.Cursor
		}
	}
}
