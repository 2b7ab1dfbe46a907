// Package cache keeps values for a while in the memory of an isolate, where all its requests find them. Nothing may depend on a value being there, and nothing
// on its being the newest for as long as it is kept.
package cache

import (
	"sync"
	"time"
)

// Cache is a bounded map of values that expire. Make one with New.
type Cache[V any] struct {
	mu      sync.Mutex
	limit   int
	entries map[string]entry[V]
}

type entry[V any] struct {
	value V
	until time.Time
}

// New returns a cache of at most limit values.
func New[V any](limit int) *Cache[V] {
	return &Cache[V]{limit: limit, entries: map[string]entry[V]{}}
}

// Get returns a value that has not expired.
func (c *Cache[V]) Get(key string) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok || !time.Now().Before(e.until) {
		return value, false
	}
	return e.value, true
}

// Put keeps a value for some time.
func (c *Cache[V]) Put(key string, value V, life time.Duration) {
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

// Drop forgets a value.
func (c *Cache[V]) Drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}
