// Command twin has the object class of ../objects/counter.mjs in Go, for the program there.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

// Counter counts the requests that it gets.
type Counter struct{ storage *durables.Storage }

var class = durables.Class("Counter", func(_ context.Context, state *durables.State) (*Counter, error) {
	return &Counter{state.Storage()}, nil
})

var _ = durables.Method(class, "add", (*Counter).add)

func (c *Counter) add(ctx context.Context, by int) (int, error) {
	var n int
	if _, err := c.storage.Get(ctx, "n", &n); err != nil {
		return 0, err
	}
	return n + by, c.storage.Put(ctx, "n", n+by)
}

// Claims are what Auth verifies.
type Claims struct {
	Name string    `json:"name"`
	Tags []string  `json:"tags"`
	At   time.Time `json:"at"`
	Raw  []byte    `json:"raw"`
	May  string    `json:"may,omitempty"`
}

var auth = workers.Entrypoint("Auth")

func init() {
	workers.Implement(auth, rpc.Remote[Claims, Claims]("verify"), func(ctx context.Context, c Claims) (Claims, error) {
		var props struct{ May string }
		err := workers.Props(ctx, &props)
		c.May = props.May
		return c, err
	})
	workers.Implement(auth, rpc.Remote[string, rpc.None]("refuse"), func(_ context.Context, why string) (rpc.None, error) {
		return rpc.None{}, workers.NewError("RangeError", why)
	})
}

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
