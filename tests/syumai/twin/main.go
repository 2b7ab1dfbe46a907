// Command twin has the object class of ../objects/counter.mjs in Go, for the program there.
package main

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// Counter counts the requests that it gets.
type Counter struct{ storage *durables.Storage }

var _ = durables.Class("Counter", func(_ context.Context, state *durables.State) (*Counter, error) {
	return &Counter{state.Storage()}, nil
})

// ServeHTTP implements http.Handler.
func (c *Counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n int
	_, err := c.storage.Get(r.Context(), "n", &n)
	if err == nil {
		err = c.storage.Put(r.Context(), "n", n+1)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s %s: %d", r.Method, r.URL.Path, n+1)
}

func main() { workers.Serve(http.NotFoundHandler()) }
