package main

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/durables"
)

// counter is the class of counter.mjs in Go.
type counter struct{ storage *durables.Storage }

var _ = durables.Class("Counter", func(ctx context.Context, state *durables.State) (*counter, error) {
	return &counter{state.Storage()}, nil
})

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n int
	if _, err := c.storage.Get(r.Context(), "n", &n); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if err := c.storage.Put(r.Context(), "n", n+1); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s %s: %d", r.Method, r.URL.Path, n+1)
}
