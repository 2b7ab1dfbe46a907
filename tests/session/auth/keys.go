package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"grove.place/lattice/tests/session/keys"
	"grove.place/lattice/tests/session/vault"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

var ring = workers.Entrypoint("Keys", workers.OnFetch(http.HandlerFunc(serveKeys)))

func init() {
	workers.Implement(ring, keys.Sign, sign)
	workers.Implement(ring, keys.Refuse, func(_ context.Context, why string) (rpc.None, error) {
		return rpc.None{}, workers.NewError("RangeError", why)
	})
	workers.Implement(ring, keys.Each, func(ctx context.Context, f rpc.Function[string, string]) (all []string, err error) {
		for _, text := range []string{"one", "two"} {
			answer, err := f.Call(ctx, text)
			if err != nil {
				return nil, err
			}
			all = append(all, answer)
		}
		return all, nil
	})
	workers.Implement(ring, keys.Pages, func(_ context.Context, n int) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Repeat("page ", n))), nil
	})
	workers.Implement(ring, keys.Note, func(ctx context.Context, text string) (int, error) {
		_, err := vault.Note.Call(ctx, vault.Vaults.GetByName("keys"), text)
		return len(text), err
	})
	workers.Implement(methods, keys.Health, func(ctx context.Context, _ rpc.None) (string, error) {
		return workers.Getenv(ctx, "NAME") + " is well", nil
	})
}

// allowed are the props of a binding.
type allowed struct {
	May string `json:"may"`
}

func sign(ctx context.Context, text string) (keys.Signed, error) {
	var p allowed
	err := workers.Props(ctx, &p)
	return keys.Signed{Text: text, By: workers.Getenv(ctx, "NAME"), May: p.May}, err
}

func serveKeys(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws" {
		echoSocket(w, r)
		return
	}
	var p allowed
	_ = workers.Props(r.Context(), &p)
	fmt.Fprintf(w, "keys: %s %s, may %s", r.Method, r.URL.Path, p.May)
}
