// Package cache keeps responses in Cloudflare's cache, under the URL of a request.
//
//	resp, err := cache.Default.Match(r)
//	if resp == nil && err == nil {
//		resp = render(r)
//		resp.Header.Set("Cache-Control", "max-age=60")
//		err = cache.Default.Put(r, resp)
//	}
//
// A cache may forget at any time, and has what it has in one place of the world. Start with Default, or with Open.
//
// See https://developers.cloudflare.com/workers/runtime-apis/cache/.
package cache

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"

	"grove.place/lattice/internal/guest"
)

// Cache is a store of responses. It does no I/O by itself and may be kept in a package-level variable.
type Cache struct{ name string }

// Default is the cache that fetch uses as well.
var Default = Cache{}

// Open returns the cache of that name, which must be shorter than 1,024 bytes. Caches have nothing in common. The empty name is Default.
func Open(name string) Cache { return Cache{name} }

// Option changes how Match and Delete take a request.
type Option int

// IgnoreMethod takes a request of any method as the GET whose response is kept.
const IgnoreMethod Option = 1

// Match returns the response that is kept for the request's URL, or nil. The request's context must be that of a handler, its URL absolute; a method other
// than GET finds nothing. Close the response's body.
//
// A Range is answered with 206 or 416; If-None-Match and If-Modified-Since with 304 when they fit the response's ETag or Last-Modified. Vary plays no part.
func (c Cache) Match(r *http.Request, options ...Option) (*http.Response, error) {
	resp, err := guest.CacheMatch(r.Context(), c.name, r, slices.Contains(options, IgnoreMethod))
	if err != nil {
		return nil, fmt.Errorf("cache: match: %w", err)
	}
	return resp, nil
}

// Put keeps a response for the URL of a GET request, for as long as the response's headers say (Cache-Control with s-maxage or max-age, Expires), and
// reads and closes its body. To send a response and keep it, Tee it.
//
// A partial response (206) and one with "Vary: *" are errors. One with Set-Cookie, or that is private or must not be stored, and one with status 304 are not kept, without
// an error.
func (c Cache) Put(r *http.Request, resp *http.Response) error {
	if err := guest.CachePut(r.Context(), c.name, r, resp); err != nil {
		return fmt.Errorf("cache: put: %w", err)
	}
	return nil
}

// Delete removes the response that is kept for the request's URL, here and not elsewhere, and reports whether there was one. A method other than GET
// removes nothing.
func (c Cache) Delete(r *http.Request, options ...Option) (bool, error) {
	had, err := guest.CacheDelete(r.Context(), c.name, r, slices.Contains(options, IgnoreMethod))
	if err != nil {
		return false, fmt.Errorf("cache: delete: %w", err)
	}
	return had, nil
}

// Tee reads the body of a response, and returns a response of its own with the same status, headers and content; either can be read.
func Tee(resp *http.Response) (*http.Response, error) {
	var all []byte
	if resp.Body != nil {
		var err error
		if all, err = io.ReadAll(resp.Body); err != nil {
			return nil, fmt.Errorf("cache: read the response: %w", err)
		}
		resp.Body.Close()
	}
	other := *resp
	other.Header = resp.Header.Clone()
	resp.Body, other.Body = io.NopCloser(bytes.NewReader(all)), io.NopCloser(bytes.NewReader(all))
	resp.ContentLength, other.ContentLength = int64(len(all)), int64(len(all))
	return &other, nil
}
