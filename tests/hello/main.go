// Command hello is the smallest Lattice application with a Durable Object: a greeting and a counter.
package main

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

// Counter counts.
type Counter struct{ storage *durables.Storage }

// Total is what add returns.
type Total struct {
	Total int `json:"total"`
}

var (
	class    = durables.Class("Counter", newCounter)
	add      = durables.Method(class, "add", (*Counter).add)
	counters = class.Namespace("COUNTERS")
)

func newCounter(ctx context.Context, state *durables.State) (*Counter, error) {
	return &Counter{state.Storage()}, nil
}

func (c *Counter) add(ctx context.Context, n int) (t Total, err error) {
	if _, err := c.storage.Get(ctx, "total", &t.Total); err != nil {
		return t, err
	}
	t.Total += n
	return t, c.storage.Put(ctx, "total", t.Total)
}

func main() {
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
	})
	http.HandleFunc("POST /add/{name}", func(w http.ResponseWriter, r *http.Request) {
		t, err := add.Call(r.Context(), counters.GetByName(r.PathValue("name")), 1)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, t.Total)
	})
	workers.Serve(nil)
}
