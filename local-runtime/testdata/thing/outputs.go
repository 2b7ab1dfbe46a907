package thing

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
)

// Output writes, and then says something to the outside.
var Output = durables.Method(Class, "output", (*Thing).output)

// output is told what to do: nothing is a read, quiet writes unconfirmed.
func (t *Thing) output(ctx context.Context, kind string) (string, error) {
	st := t.state.Storage()
	switch kind {
	case "read":
		slog.InfoContext(ctx, "the sayer reads")
		return kind, nil
	case "quiet":
		return kind, st.Put(ctx, "quiet", 1, durables.AllowUnconfirmed)
	case "quiet, then sync":
		return kind, errors.Join(st.Put(ctx, "quiet", 1, durables.AllowUnconfirmed), st.Sync(ctx))
	}
	if err := st.Put(ctx, "loud", kind); err != nil {
		return "", err
	}
	switch kind {
	case "fetch":
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://outside.test/", nil)
		if err != nil {
			return "", err
		}
		resp, err := workers.Fetch(r)
		if err == nil {
			resp.Body.Close()
		}
		return kind, err
	case "call":
		_, err := Add.Call(ctx, Things.GetByName("callee"), 1)
		return kind, err
	case "d1":
		_, err := d1.Database("DB").Prepare("INSERT INTO notes (text) VALUES ('said')").Run(ctx)
		return kind, err
	case "section":
		return kind, t.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error { return st.Put(ctx, "inside", 1) })
	}
	return kind, nil
}
