package cache_test

import (
	"io"
	"net/http"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/cache"
)

// A handler that keeps what it fetches for a minute.
func Example() {
	http.HandleFunc("GET /weather", func(w http.ResponseWriter, r *http.Request) {
		resp, err := cache.Default.Match(r)
		if err != nil || resp == nil {
			if resp, err = fresh(r); err != nil {
				http.Error(w, "try again", http.StatusBadGateway)
				return
			}
		}
		defer resp.Body.Close()
		w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	})
}

func fresh(r *http.Request) (*http.Response, error) {
	origin, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "https://weather.example/now", nil)
	if err != nil {
		return nil, err
	}
	resp, err := workers.Fetch(origin)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	kept, err := cache.Tee(resp)
	if err != nil {
		return nil, err
	}
	kept.Header.Set("Cache-Control", "max-age=60")
	return resp, cache.Default.Put(r, kept)
}
