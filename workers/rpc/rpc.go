// Package rpc passes functions, objects with methods and streams between Workers and Durable Objects, as Cloudflare's RPC does: what cannot be
// copied is passed by reference, and calls come back to where it is.
//
//	var Ticker = rpc.Target[ticker]("Ticker")
//	var Next = rpc.Method(Ticker, "next", (*ticker).next)
//
//	func (o *Room) open(ctx context.Context, _ durables.None) (rpc.Stub[ticker], error) {
//		return Ticker.New(ctx, &ticker{}), nil
//	}
//
// JavaScript on either side sees functions and RpcTargets. io.Reader, io.Writer, *http.Request, *http.Response and http.Header are parameters,
// results and fields like any other; so are the types of this package.
//
// See https://developers.cloudflare.com/workers/runtime-apis/rpc/. Start with Function and Target.
package rpc

import (
	"context"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

// None is the parameter type of functions without a parameter, and the result type of those that return nothing.
type None = guest.None

// Any is a stub of something that has no Go type: an object or function of JavaScript, a service, or the result of a call that is still
// under way. It is what an `any` receives for a function or stub. Its methods take a path such as "users.get"; the empty path is the thing itself:
//
//	Call(ctx, path, result, args...) error // calls, and stores what comes back in result, a pointer or nil
//	Get(ctx, path, result) error           // a property
//	Start(ctx, path, args...) *Pending     // Call, without waiting
//	At(path) *Any                          // what is at the path, to be called or passed on; does no I/O
//	Dup(ctx) (*Any, error)                 // another stub, which outlives the method whose parameter this one is
//	Dispose(ctx) error                     // gives it up
//	Any() *Any                             // the stub itself, which is thus a Callee
//
// A stub among the parameters of a method ends when the method returns. Others live until Dispose, or until the object, or the event of the Worker, that received
// them ends.
type Any = guest.Stub

// Pending is a call under way whose result has no Go type:
//
//	Await(ctx, result) error // waits, and stores the result in result, a pointer or nil
//	Stub(ctx) *Any           // the result as something to call, at once, before it is there
//	Dispose(ctx) error       // no further calls will be made on it
type Pending = guest.Promise

// Values with no Go type of their own. A plain Go map loses the order that a Map has, and a slice of numbers is an Array.
type (
	// Undefined is JavaScript's undefined; as a field it tells absent from null.
	Undefined = abi.Undefined
	// Entry is an entry of a Map: Key and Value.
	Entry[K, V any] = codec.Entry[K, V]
	// Map is a JavaScript Map in its order: a slice of Entry, which a plain Go map has no order for.
	Map[K, V any] = codec.Map[K, V]
	// Set is a JavaScript Set in its order: a slice.
	Set[T any] = codec.Set[T]
	// ArrayBuffer is a buffer without a view. A Uint8Array is []byte.
	ArrayBuffer = codec.ArrayBuffer
	// RegExp is a regular expression of JavaScript, whose syntax is not Go's: Source and Flags, both strings.
	RegExp = codec.RegExp

	Int8Array         = codec.Int8Array         // []int8
	Uint8ClampedArray = codec.Uint8ClampedArray // []uint8; a Uint8Array is []byte
	Int16Array        = codec.Int16Array        // []int16
	Uint16Array       = codec.Uint16Array       // []uint16
	Int32Array        = codec.Int32Array        // []int32
	Uint32Array       = codec.Uint32Array       // []uint32
	Float32Array      = codec.Float32Array      // []float32
	Float64Array      = codec.Float64Array      // []float64
	BigInt64Array     = codec.BigInt64Array     // []int64
	BigUint64Array    = codec.BigUint64Array    // []uint64
	DataView          = codec.DataView          // []byte
)

// Service returns a stub of the service binding of that name in wrangler.toml, to call the methods of its entrypoint.
//
// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/.
func Service(binding string) *Any {
	return guest.NewStub(abi.Target{Kind: abi.TargetService, Service: binding})
}

// Callee is what has methods to call: an *Any, a Stub, a service binding of package workers.
type Callee interface {
	// Any returns the stub that calls are made with.
	Any() *Any
}

// RemoteMethod is a method of something that has no Go type, with parameter P and result R.
type RemoteMethod[P, R any] struct{ path string }

// Remote describes a method, or a path to one such as "users.get", of services and of objects of JavaScript:
//
//	var Greet = rpc.Remote[Person, string]("greet")
//	text, err := Greet.Call(ctx, workers.Service("GREETER"), Person{"Ada"})
//
// A Worker in Go that has the method says so with workers.Implement.
func Remote[P, R any](path string) *RemoteMethod[P, R] { return &RemoteMethod[P, R]{path} }

// Call calls the method of a service or stub.
func (m *RemoteMethod[P, R]) Call(ctx context.Context, of Callee, p P) (result R, err error) {
	return call[R](ctx, of.Any(), m.path, guest.Arguments(p))
}

// Start calls the method without waiting for the result.
func (m *RemoteMethod[P, R]) Start(ctx context.Context, of Callee, p P) *Promise[R] {
	return NewPromise[R](ctx, of.Any().Start(ctx, m.path, guest.Arguments(p)...))
}

// Name returns the name under which the method is called.
func (m *RemoteMethod[P, R]) Name() string { return m.path }

func call[R any](ctx context.Context, stub *Any, path string, args []any) (result R, err error) {
	if guest.IsNone[R]() {
		return result, stub.Call(ctx, path, nil, args...)
	}
	return result, stub.Call(ctx, path, &result, args...)
}
