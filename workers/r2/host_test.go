package r2_test

import (
	"context"
	"time"

	local "grove.place/lattice/local-runtime"
)

// handler returns a context such as a handler of a Worker gets, of a host with an empty bucket.
func handler() (ctx context.Context, end func()) {
	host, err := local.OpenStores(context.Background(), local.Options{
		Buckets: map[string]string{"IMAGES": "images"}, Clock: local.NewVirtualClock(time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)),
	})
	if err != nil {
		panic(err)
	}
	return host.Context(), func() { _ = host.Close() }
}
