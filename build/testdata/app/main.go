// Command app is the smallest program with a handler, a class and a method.
package main

import (
	"context"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
)

type counter struct{ state *durables.State }

type addParams struct {
	By int `json:"by"`
}

var (
	class = durables.Class("CounterDO", func(_ context.Context, s *durables.State) (*counter, error) { return &counter{s}, nil })
	_     = durables.Method(class, "add", (*counter).add)
)

func (c *counter) add(_ context.Context, p addParams) (int, error) { return p.By, nil }

func main() {
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hello")) }))
}
