// Package links keeps links under short names, in a KV namespace.
package links

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"grove.place/lattice/workers/kv"
)

var store = kv.Namespace("LINKS") // the binding in wrangler.toml

// Handler answers requests: PUT /{name} keeps the link in its body, GET /{name} leads there.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "keep a link: curl -X PUT -d https://go.dev/doc http://localhost:8787/docs")
	})
	mux.HandleFunc("PUT /{name}", put)
	mux.HandleFunc("GET /{name}", follow)
	return mux
}

func put(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2048))
	if err != nil {
		http.Error(w, "a link has 2048 bytes at most", http.StatusRequestEntityTooLarge)
		return
	}
	link, err := url.Parse(string(body))
	if err != nil || link.Host == "" || link.Scheme != "https" && link.Scheme != "http" {
		http.Error(w, "the body is a link, such as https://go.dev/doc", http.StatusBadRequest)
		return
	}
	if err := store.Put(r.Context(), r.PathValue("name"), link.String(), nil); err != nil {
		slog.ErrorContext(r.Context(), "the link was not kept", "err", err)
		http.Error(w, "the link was not kept", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func follow(w http.ResponseWriter, r *http.Request) {
	var link string
	found, err := store.Get(r.Context(), r.PathValue("name"), &link, nil)
	switch {
	case err != nil:
		slog.ErrorContext(r.Context(), "links cannot be read", "err", err)
		http.Error(w, "links cannot be read", http.StatusServiceUnavailable)
	case !found:
		http.NotFound(w, r)
	default:
		http.Redirect(w, r, link, http.StatusFound)
	}
}
