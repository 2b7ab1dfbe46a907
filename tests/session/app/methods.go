package main

import (
	"context"
	"strconv"

	"grove.place/lattice/tests/session/calls"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

var (
	admin   = workers.Service("ADMIN")
	methods = workers.Entrypoint("default")
	_       = workers.Implement(methods, calls.Chain, chain)
)

func chain(ctx context.Context, n int) (string, error) {
	if n == 0 {
		return "app", nil
	}
	rest, err := calls.Chain.Call(ctx, auth, n-1)
	return "app " + rest, err
}

// method calls a method of auth.
func method(ctx context.Context, what, arg string) (any, error) {
	n, _ := strconv.Atoi(arg)
	switch what {
	case "greet":
		return calls.Greet.Call(ctx, auth, arg)
	case "twice":
		return calls.Twice.Call(ctx, auth, rpc.NewFunction(ctx, func(_ context.Context, s string) (string, error) { return "app<" + s + ">", nil }))
	case "fail":
		return calls.Fail.Call(ctx, auth, arg)
	case "open":
		c, err := calls.Open.Call(ctx, auth, n)
		if err != nil {
			return nil, err
		}
		defer c.Dispose(ctx)
		if _, err := calls.Step.Call(ctx, c, 2); err != nil {
			return nil, err
		}
		return calls.Step.Call(ctx, c, 3)
	case "chain":
		return chain(ctx, n)
	case "role":
		return calls.Role.Call(ctx, admin, rpc.None{})
	case "elsewhere": // a method of another entrypoint
		return calls.Greet.Call(ctx, admin, arg)
	}
	return nil, nil
}
