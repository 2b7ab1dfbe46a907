// Package cache keeps responses with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/cache. It works for the event of the goroutine that
// calls it. Start with New.
//
// New code is better served by grove.place/lattice/workers/cache.
package cache

import (
	"context"
	"errors"
	"net/http"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
)

// ErrCacheNotFound is returned when the cache has nothing for a request.
var ErrCacheNotFound = errors.New("cache not found")

// Cache is a store of responses. It may be kept in a package-level variable.
type Cache struct{ name string }

// CacheOption says which cache New returns.
type CacheOption func(*Cache)

// WithNamespace names the cache. Caches have nothing in common.
func WithNamespace(namespace string) CacheOption { return func(c *Cache) { c.name = namespace } }

// New returns the default cache, or another.
func New(opts ...CacheOption) *Cache {
	c := &Cache{}
	for _, set := range opts {
		set(c)
	}
	return c
}

// Put keeps a response for a request, for as long as the response's headers say.
func (c *Cache) Put(req *http.Request, res *http.Response) error {
	return within(req, func(ctx context.Context) error { return guest.CachePut(ctx, c.name, req, res) })
}

// MatchOptions change how Match takes a request.
type MatchOptions struct {
	IgnoreMethod bool // take it as a GET
}

// Match returns the response that is kept for a request, or ErrCacheNotFound.
func (c *Cache) Match(req *http.Request, opts *MatchOptions) (res *http.Response, err error) {
	err = within(req, func(ctx context.Context) (err error) {
		res, err = guest.CacheMatch(ctx, c.name, req, opts != nil && opts.IgnoreMethod)
		return err
	})
	if err == nil && res == nil {
		err = ErrCacheNotFound
	}
	return res, err
}

// DeleteOptions change how Delete takes a request.
type DeleteOptions struct {
	IgnoreMethod bool // take it as a GET
}

// Delete removes what is kept for a request. It is ErrCacheNotFound when that is nothing.
func (c *Cache) Delete(req *http.Request, opts *DeleteOptions) error {
	had := false
	err := within(req, func(ctx context.Context) (err error) {
		had, err = guest.CacheDelete(ctx, c.name, req, opts != nil && opts.IgnoreMethod)
		return err
	})
	if err == nil && !had {
		err = ErrCacheNotFound
	}
	return err
}

func within(req *http.Request, f func(ctx context.Context) error) error {
	ctx, err := ambient.Within(req.Context())
	if err != nil {
		return err
	}
	return ambient.Rejected(f(ctx))
}
