// Command app is a Worker beside static assets: it says which requests come to it, and passes those under /through/ on to the binding.
package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"grove.place/lattice/workers"
)

func main() {
	assets := workers.Service("ASSETS")
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, through := strings.CutPrefix(r.URL.EscapedPath(), "/through")
		if !through {
			fmt.Fprintf(w, "the Worker: %s", r.Method)
			return
		}
		q, err := http.NewRequestWithContext(r.Context(), r.Method, "http://assets.example"+path+query(r), nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		maps.Copy(q.Header, r.Header)
		resp, err := assets.Do(q)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		maps.Copy(w.Header(), resp.Header)
		w.Header().Set("X-Through", "yes")
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
}

func query(r *http.Request) string {
	if r.URL.RawQuery == "" {
		return ""
	}
	return "?" + r.URL.RawQuery
}
