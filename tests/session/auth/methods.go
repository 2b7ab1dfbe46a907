package main

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/tests/session/calls"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

var (
	methods = workers.Entrypoint("default")
	_       = workers.Implement(methods, calls.Greet, func(_ context.Context, name string) (string, error) { return "hello, " + name, nil })
	_       = workers.Implement(methods, calls.Twice, twice)
	_       = workers.Implement(methods, calls.Fail, func(_ context.Context, text string) (string, error) { return "", workers.NewError("RangeError", text) })
	_       = workers.Implement(methods, calls.Open, open)
	_       = workers.Implement(methods, calls.Chain, chain)

	admin = workers.Entrypoint("Admin", workers.OnFetch(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "admin: %s", r.URL.Path) })))
	_     = workers.Implement(admin, calls.Role, func(ctx context.Context, _ rpc.None) (p calls.Props, err error) { return p, workers.Props(ctx, &p) })
)

// twice calls the caller's function, with what it returned the first time.
func twice(ctx context.Context, f rpc.Function[string, string]) (string, error) {
	once, err := f.Call(ctx, "auth")
	if err != nil {
		return "", err
	}
	return f.Call(ctx, once)
}

type counter struct{ n int }

var (
	counters = rpc.Target[counter]("Counter")
	_        = rpc.Method(counters, "step", (*counter).step)
)

func open(ctx context.Context, n int) (*rpc.Any, error) {
	return counters.New(ctx, &counter{n}).Any(), nil
}

func (c *counter) step(_ context.Context, by int) (int, error) {
	c.n += by
	return c.n, nil
}

func chain(ctx context.Context, n int) (string, error) {
	if n == 0 {
		return "auth", nil
	}
	rest, err := calls.Chain.Call(ctx, app, n-1)
	return "auth " + rest, err
}
