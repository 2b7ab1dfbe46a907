package fetch_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"grove.place/lattice/workers/fetch"
)

// A proxy that has Cloudflare keep what it passes on for an hour, and that passes redirects on as they are.
func ExampleDo() {
	http.HandleFunc("GET /img/", func(w http.ResponseWriter, r *http.Request) {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "https://images.example"+r.URL.Path, nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		resp, err := fetch.Do(req, fetch.Options{Redirect: fetch.Manual, CF: &fetch.CF{CacheEverything: true, CacheTTL: time.Hour}})
		if err != nil {
			http.Error(w, "the images do not answer", http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		maps.Copy(w.Header(), resp.Header) // the Location of a redirect among them
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
}

func ExampleIncoming() {
	http.HandleFunc("GET /where", func(w http.ResponseWriter, r *http.Request) {
		where, err := fetch.Incoming(r)
		if err != nil { // of a request that a Worker made itself
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, where.City, where.Country, "by way of", where.Colo)
	})
}
