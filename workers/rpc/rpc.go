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
// under way. It is what an `any` receives for a function or stub.
type Any = guest.Stub

// Pending is a call under way whose result has no Go type.
type Pending = guest.Promise

// Values with no Go type of their own. A plain Go map loses the order that a Map has, and a slice of numbers is an Array.
type (
	// Undefined is JavaScript's undefined; as a field it tells absent from null.
	Undefined = abi.Undefined
	// Entry is an entry of a Map.
	Entry[K, V any] = codec.Entry[K, V]
	// Map is a JavaScript Map in its order.
	Map[K, V any] = codec.Map[K, V]
	// Set is a JavaScript Set in its order.
	Set[T any] = codec.Set[T]
	// ArrayBuffer is a buffer without a view. A Uint8Array is []byte.
	ArrayBuffer = codec.ArrayBuffer
	// RegExp is a regular expression of JavaScript.
	RegExp = codec.RegExp

	Int8Array         = codec.Int8Array
	Uint8ClampedArray = codec.Uint8ClampedArray
	Int16Array        = codec.Int16Array
	Uint16Array       = codec.Uint16Array
	Int32Array        = codec.Int32Array
	Uint32Array       = codec.Uint32Array
	Float32Array      = codec.Float32Array
	Float64Array      = codec.Float64Array
	BigInt64Array     = codec.BigInt64Array
	BigUint64Array    = codec.BigUint64Array
	DataView          = codec.DataView
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
