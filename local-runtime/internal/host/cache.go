package host

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

// cache is the Cache API: responses in memory, by the name of the cache and the URL, for as long as their headers say.
type cache struct {
	mu      sync.Mutex
	entries map[cacheKey]cached
	size    int
}

type cacheKey struct{ name, url string }

type cached struct {
	head    abi.Object
	body    []byte
	expires time.Time
}

// maxCache is how many bytes of bodies the cache keeps; beyond that it is emptied.
const maxCache = 64 << 20

func (c *cache) put(k cacheKey, e cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil || c.size+len(e.body) > maxCache {
		c.entries, c.size = map[cacheKey]cached{}, 0
	}
	c.size += len(e.body) - len(c.entries[k].body)
	c.entries[k] = e
}

func (c *cache) match(k cacheKey, now time.Time) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	return e, ok && now.Before(e.expires)
}

func (c *cache) remove(k cacheKey, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	c.size -= len(e.body)
	delete(c.entries, k)
	return ok && now.Before(e.expires)
}

// freshUntil says how long a response may be kept, and whether it may be at all.
func freshUntil(headers []abi.Header, now time.Time) (time.Time, bool) {
	h := http.Header{}
	for _, f := range headers {
		h.Add(f.Name, f.Value)
	}
	if h.Get("Set-Cookie") != "" && !strings.Contains(h.Get("Cache-Control"), "private=") {
		return now, false
	}
	age, shared := -1, -1
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.ToLower(directive)), "=")
		switch name {
		case "no-store", "no-cache", "private":
			if value == "" {
				return now, false
			}
		case "max-age":
			age, _ = strconv.Atoi(value)
		case "s-maxage":
			shared, _ = strconv.Atoi(value)
		}
	}
	switch {
	case shared >= 0:
		return now.Add(time.Duration(shared) * time.Second), true
	case age >= 0:
		return now.Add(time.Duration(age) * time.Second), true
	}
	if at, err := http.ParseTime(h.Get("Expires")); err == nil {
		return at, true
	}
	return now.Add(2 * time.Hour), true // Cloudflare's default for a 200
}

// opCachePut is cachePut(cache, url, response).
func (p *program) opCachePut(a arguments, body *js.Body, done answerTo) {
	head, now := a.object(2), p.host.cfg.Clock.Now()
	if until, ok := freshUntil(headersFrom(head.Get("headers")), now); ok {
		e := cached{head: head, expires: until}
		if body != nil {
			e.body = body.Bytes
		}
		p.host.cache.put(cacheKey{a.text(0), a.text(1)}, e)
	}
	done(nil, nil, nil)
}

// opCacheMatch is cacheMatch(cache, url).
func (p *program) opCacheMatch(a arguments, _ *js.Body, done answerTo) {
	e, ok := p.host.cache.match(cacheKey{a.text(0), a.text(1)}, p.host.cfg.Clock.Now())
	if !ok {
		done(nil, nil, nil)
		return
	}
	done(e.head, &js.Body{Bytes: append([]byte{}, e.body...)}, nil)
}

// opCacheDelete is cacheDelete(cache, url).
func (p *program) opCacheDelete(a arguments, _ *js.Body, done answerTo) {
	done(p.host.cache.remove(cacheKey{a.text(0), a.text(1)}, p.host.cfg.Clock.Now()), nil, nil)
}
