package local

import (
	"cmp"
	"context"

	"grove.place/lattice/local-runtime/internal/isolate"
)

// OpenStores starts a host that runs no Worker, for tools that work on what is stored: the descriptors of D1, KV and R2 reach it through Context. No alarm
// fires and no message is delivered meanwhile, and no other host can have the folder. Of o it takes the folder and the bindings of these, and of Durable
// Objects, with the name of the Worker whose they are: what they have stored can be read, changed with Execute, and deleted.
func OpenStores(ctx context.Context, o Options) (*Host, error) {
	return New(ctx, Options{Module: isolate.Idle(), Name: cmp.Or(o.Name, "-"), Dir: o.Dir, Databases: o.Databases, KV: o.KV, RemoteKV: o.RemoteKV, RemoteD1: o.RemoteD1, RemoteR2: o.RemoteR2, Buckets: o.Buckets, Objects: o.Objects, Scripts: o.Scripts,
		Clock: o.Clock, Logger: o.Logger, Isolates: 1, still: true})
}
