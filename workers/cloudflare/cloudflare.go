// Package cloudflare, with the packages below it, has the names, signatures and behaviour of github.com/syumai/workers/cloudflare: a program of that library moves to
// Lattice by replacing "github.com/syumai/workers" with "grove.place/lattice/workers" in its imports (docs/migrating-from-syumai.md).
//
// The one idea: nothing here takes a context, since in the other library a Go instance has one event in its life. Here it has many, so each call works for the
// event of the goroutine that makes it, or that started it. Main works for the first event until it serves. Start with Getenv.
//
// New code is better served by the packages beside this one, which take contexts.
package cloudflare

import (
	"context"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/cloudflare/js"
	"grove.place/lattice/workers/cloudflare/kv"
	"grove.place/lattice/workers/cloudflare/r2"
)

// Getenv returns the variable or secret called name. That of none is "<undefined>", as in the other library. It panics where there is no event.
func Getenv(name string) string { return GetBinding(name).String() }

// GetBinding returns a binding: a variable as what it is, others as an object for fetch.WithBinding. That of none is undefined. It panics where there is no event.
func GetBinding(name string) js.Value {
	b, ok := ambient.Env()[name]
	switch {
	case !ok:
		return js.Undefined()
	case b.Kind == "text":
		return js.ValueOf(b.Value)
	case b.Kind == "json":
		if v, err := js.Parse([]byte(b.Value)); err == nil {
			return v
		}
	}
	return js.OfBinding(name)
}

// WaitUntil runs task in a goroutine of its own and keeps the event alive until it returns, also after the response was sent.
func WaitUntil(task func()) {
	guest.WaitUntil(ambient.Must(), func(ctx context.Context) error {
		ambient.Enter(ctx)
		task()
		return nil
	})
}

// PassThroughOnException has a request that fails go on to the origin server, as if there were no Worker. Without an origin, as on the local host, it means nothing.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#passthroughonexception.
func PassThroughOnException() {
	if err := guest.Do(ambient.Must(), abi.OpPassThrough, nil); err != nil {
		panic(err)
	}
}

// KVNamespace and what follows are names of older programs.
type (
	KVNamespace            = kv.Namespace
	KVNamespaceGetOptions  = kv.GetOptions
	KVNamespaceListOptions = kv.ListOptions
	KVNamespaceListKey     = kv.ListKey
	KVNamespaceListResult  = kv.ListResult
	KVNamespacePutOptions  = kv.PutOptions
	R2Bucket               = r2.Bucket
	R2HTTPMetadata         = r2.HTTPMetadata
	R2Object               = r2.Object
	R2Objects              = r2.Objects
	R2PutOptions           = r2.PutOptions
)

// NewKVNamespace is kv.NewNamespace.
func NewKVNamespace(varName string) (*kv.Namespace, error) { return kv.NewNamespace(varName) }

// NewR2Bucket is r2.NewBucket.
func NewR2Bucket(varName string) (*R2Bucket, error) { return r2.NewBucket(varName) }
