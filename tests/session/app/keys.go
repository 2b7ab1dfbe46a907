package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"grove.place/lattice/tests/session/keys"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

var ring = workers.Service("KEYS")

func callKeys(w http.ResponseWriter, r *http.Request) {
	v, err := askKeys(r.Context(), r.PathValue("what"), r.FormValue("arg"))
	answer(w, v, err)
}

func askKeys(ctx context.Context, what, arg string) (any, error) {
	switch what {
	case "sign":
		return keys.Sign.Call(ctx, ring, arg)
	case "unbound":
		return keys.Sign.Call(ctx, workers.Service("PLAIN_KEYS"), arg)
	case "refuse":
		return keys.Refuse.Call(ctx, ring, arg)
	case "each":
		return keys.Each.Call(ctx, ring, rpc.NewFunction(ctx, func(_ context.Context, text string) (string, error) { return text + " " + arg, nil }))
	case "pages":
		r, err := keys.Pages.Call(ctx, ring, 100_000)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		return io.Copy(io.Discard, r)
	case "note":
		return keys.Note.Call(ctx, ring, arg)
	case "health":
		return keys.Health.Call(ctx, auth, rpc.None{})
	case "health-of-keys":
		return keys.Health.Call(ctx, ring, rpc.None{})
	case "missing":
		return keys.Sign.Call(ctx, workers.Service("LOST_KEYS"), arg)
	}
	return nil, fmt.Errorf("no call %q", what)
}
