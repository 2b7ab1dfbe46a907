package local

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"sync/atomic"

	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// OpenStores starts a host that runs no Worker, for tools that work on what is stored: the descriptors of D1, KV and R2 reach it through Context. No alarm
// fires and no message is delivered meanwhile, and no other host can have the folder. Of o it takes the folder and the bindings of these, of queues, which
// it can count, and of Durable Objects, with the name of the Worker whose they are: what they have stored can be read, changed with Execute, and deleted.
func OpenStores(ctx context.Context, o Options) (*Host, error) {
	return New(ctx, o.withoutWorker())
}

func (o Options) withoutWorker() Options {
	return Options{Module: isolate.Idle(), Name: cmp.Or(o.Name, "-"), Dir: o.Dir, Databases: o.Databases, KV: o.KV, RemoteKV: o.RemoteKV, RemoteD1: o.RemoteD1, RemoteR2: o.RemoteR2, Buckets: o.Buckets, Queues: o.Queues,
		Objects: o.Objects, Scripts: o.Scripts, Clock: o.Clock, Logger: o.Logger, Isolates: 1, still: true}
}

// lastStores numbers what Host.OpenStores has opened.
var lastStores atomic.Int64

// OpenStores is OpenStores on the folder of a host that runs. What is open is shared with it: a database that both have is one, and what is done is seen at once. Of o it takes the
// bindings of databases, namespaces, buckets and queues. It ends with Close, and with the host.
func (h *Host) OpenStores(ctx context.Context, o Options) (*Host, error) {
	if len(o.Objects) > 0 {
		return nil, errors.New("the objects of a host that runs are its own")
	}
	o.Name = "-" + strconv.FormatInt(lastStores.Add(1), 10)
	o = o.withoutWorker()
	one := &Host{}
	one.config = o.config(one)
	one.config.Session = h.current().Session
	running, err := host.New(ctx, one.config)
	if err != nil {
		return nil, err
	}
	one.host.Store(running)
	return one, nil
}
