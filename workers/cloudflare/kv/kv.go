// Package kv reaches Workers KV with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/kv. It works for the event of the goroutine that
// calls it. Start with NewNamespace.
//
// New code is better served by grove.place/lattice/workers/kv, which tells a missing value from one that reads "<null>", and has metadata and streams.
package kv

import (
	"context"
	"errors"
	"io"
	"time"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/workers/kv"
)

// Namespace is a KV namespace. It may be kept in a package-level variable.
type Namespace struct{ namespace kv.NamespaceBinding }

// NewNamespace returns the namespace of that binding. It is an error when there is no such binding.
func NewNamespace(varName string) (*Namespace, error) {
	if err := ambient.Bound(varName); err != nil {
		return nil, err
	}
	return &Namespace{kv.Namespace(varName)}, nil
}

// GetOptions change how values are read.
type GetOptions struct {
	CacheTTL int // seconds
}

func (o *GetOptions) options() *kv.GetOptions {
	if o == nil {
		return nil
	}
	return &kv.GetOptions{CacheTTL: time.Duration(o.CacheTTL) * time.Second}
}

// GetString returns a value. That of a key without one is "<null>", without an error, as in the other library.
func (n *Namespace) GetString(key string, opts *GetOptions) (value string, err error) {
	found := false
	err = ambient.Do(func(ctx context.Context) (err error) {
		found, err = n.namespace.Get(ctx, key, &value, opts.options())
		return err
	})
	if err == nil && !found {
		value = "<null>"
	}
	return value, err
}

// GetReader returns a value as it comes. That of a key without one fails when it is read, where the other library panics.
func (n *Namespace) GetReader(key string, opts *GetOptions) (io.Reader, error) {
	var value io.ReadCloser
	found := false
	err := ambient.Do(func(ctx context.Context) (err error) {
		found, err = n.namespace.Get(ctx, key, &value, opts.options())
		return err
	})
	if err != nil {
		return nil, err
	}
	if !found {
		return absent{}, nil
	}
	return value, nil
}

type absent struct{}

func (absent) Read([]byte) (int, error) { return 0, errors.New("kv: there is no value of that key") }

// PutOptions go with a value.
type PutOptions struct {
	Expiration    int // seconds since 1970; 0: never
	ExpirationTTL int // seconds from now; 0: for ever
}

func (o *PutOptions) options() *kv.PutOptions {
	if o == nil {
		return nil
	}
	options := &kv.PutOptions{ExpirationTTL: time.Duration(o.ExpirationTTL) * time.Second}
	if o.Expiration != 0 {
		options.Expiration = time.Unix(int64(o.Expiration), 0)
	}
	return options
}

// PutString stores a value.
func (n *Namespace) PutString(key string, value string, opts *PutOptions) error {
	return ambient.Do(func(ctx context.Context) error { return n.namespace.Put(ctx, key, value, opts.options()) })
}

// PutReader stores what value has until its end.
func (n *Namespace) PutReader(key string, value io.Reader, opts *PutOptions) error {
	all, err := io.ReadAll(value)
	if err != nil {
		return err
	}
	return ambient.Do(func(ctx context.Context) error { return n.namespace.Put(ctx, key, all, opts.options()) })
}

// Delete removes a value. One that is not there is no error.
func (n *Namespace) Delete(key string) error {
	return ambient.Do(func(ctx context.Context) error { return n.namespace.Delete(ctx, key) })
}

// ListOptions select keys. Empty fields do not restrict.
type ListOptions struct {
	Limit  int
	Prefix string
	Cursor string
}

// ListKey is a key.
type ListKey struct {
	Name       string
	Expiration int // seconds since 1970; 0: never
}

// ListResult is a page of keys.
type ListResult struct {
	Keys         []*ListKey
	ListComplete bool
	Cursor       string
}

// List returns a page of keys.
func (n *Namespace) List(opts *ListOptions) (*ListResult, error) {
	if opts == nil {
		opts = &ListOptions{}
	}
	var page kv.Listing
	err := ambient.Do(func(ctx context.Context) (err error) {
		page, err = n.namespace.List(ctx, kv.ListOptions{Limit: opts.Limit, Prefix: opts.Prefix, Cursor: opts.Cursor})
		return err
	})
	if err != nil {
		return nil, err
	}
	result := &ListResult{Keys: []*ListKey{}, ListComplete: page.Complete, Cursor: page.Cursor}
	for _, k := range page.Keys {
		key := &ListKey{Name: k.Name}
		if !k.Expiration.IsZero() {
			key.Expiration = int(k.Expiration.Unix())
		}
		result.Keys = append(result.Keys, key)
	}
	return result, nil
}
