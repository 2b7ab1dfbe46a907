package cache_test

import (
	"errors"
	"net/http"

	"grove.place/lattice/workers/cloudflare/cache"
)

func ExampleCache_Match() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, err := cache.New(cache.WithNamespace("pages")).Match(r, nil)
		if errors.Is(err, cache.ErrCacheNotFound) {
			w.Header().Set("X-Cache", "miss")
		}
	})
}
