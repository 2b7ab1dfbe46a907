package local

import (
	"context"

	"grove.place/lattice/local-runtime/internal/isolate"
)

// OpenStores starts a host that runs no Worker, for tools that work on what is stored: the descriptors of D1, KV and R2 reach it through Context. No alarm
// fires and no message is delivered meanwhile, and no other host can have the folder. Of o it takes the folder and the bindings of these.
func OpenStores(ctx context.Context, o Options) (*Host, error) {
	return New(ctx, Options{Module: isolate.Idle(), Name: "-", Dir: o.Dir, Databases: o.Databases, KV: o.KV, Buckets: o.Buckets, Clock: o.Clock, Logger: o.Logger, Isolates: 1})
}
