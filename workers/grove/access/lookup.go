package access

import (
	"context"
	"sync"
	"time"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
)

var db = d1.Database("DB")

const (
	knownFor   = 30 * time.Second // how long a subdomain is remembered in the isolate
	unknownFor = time.Minute      // … one that is nobody's
	maxNames   = 10_000
)

// place is what a subdomain stands for. tenantID is "" when it is nobody's.
type place struct {
	tenantID string
	status   string // as D1 has it
}

var names = newCache[place](maxNames)

// lookup finds the tenant of a subdomain. It asks D1 and no object: an object exists as soon as it is asked for.
func lookup(ctx context.Context, subdomain string) (place, error) {
	if p, ok := names.get(subdomain); ok {
		return p, nil
	}
	var row struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	found, err := db.Prepare(`SELECT id, status FROM tenants WHERE subdomain = ? AND status <> 'deleting'`).Bind(subdomain).First(ctx, &row)
	if err != nil {
		return place{}, web.Unavailable("This site", err)
	}
	if !found || !ids.Valid(row.ID) {
		names.put(subdomain, place{}, unknownFor)
		return place{}, nil
	}
	p := place{row.ID, row.Status}
	names.put(subdomain, p, knownFor)
	return p, nil
}

// configs are the configurations of sites, by tenant; each call of admit says whether there is a newer one.
var configs = newCache[*tenant.Config](1000)

// refused are visitors that have to wait, so that they cost no call until then.
var refused = newCache[time.Time](maxNames)

// cache is a bounded map of values that expire. It is shared by the requests of an isolate.
type cache[V any] struct {
	mu      sync.Mutex
	limit   int
	entries map[string]entry[V]
}

type entry[V any] struct {
	value V
	until time.Time
}

func newCache[V any](limit int) *cache[V] {
	return &cache[V]{limit: limit, entries: map[string]entry[V]{}}
}

func (c *cache[V]) get(key string) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !time.Now().Before(e.until) {
		return value, false
	}
	return e.value, true
}

func (c *cache[V]) put(key string, value V, life time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if len(c.entries) >= c.limit {
		for k, e := range c.entries {
			if !now.Before(e.until) {
				delete(c.entries, k)
			}
		}
	}
	if len(c.entries) >= c.limit { // all of them in use: begin again rather than grow
		clear(c.entries)
	}
	c.entries[key] = entry[V]{value, now.Add(life)}
}

func (c *cache[V]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// Forget drops what this isolate remembers of subdomains, after a change of them.
func Forget(subdomains ...string) {
	for _, name := range subdomains {
		names.drop(name)
	}
}
