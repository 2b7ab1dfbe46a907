package kv_test

import (
	"context"
	"time"

	local "grove.place/lattice/local-runtime"
)

// handler returns a context such as a handler of a Worker gets, and the clock of the host behind it.
func handler() (ctx context.Context, clock *local.VirtualClock, end func()) {
	clock = local.NewVirtualClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC))
	host, err := local.OpenStores(context.Background(), local.Options{KV: map[string]string{"SESSIONS": "sessions"}, Clock: clock})
	if err != nil {
		panic(err)
	}
	return host.Context(), clock, func() { _ = host.Close() }
}
