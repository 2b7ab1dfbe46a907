package rpc

import (
	"context"

	"grove.place/lattice/internal/guest"
)

// Promise is a call under way. Calls can be made on its result before that is there; they go out at once and take no round trip of their own:
//
//	user := Open.Start(ctx, directory, name)                  // Promise[rpc.Stub[user]]
//	mail, err := Mail.Call(ctx, rpc.Pipeline(ctx, user), id)  // one round trip in all
//
// See https://developers.cloudflare.com/workers/runtime-apis/rpc/#promise-pipelining.
type Promise[R any] struct {
	promise *guest.Promise
	awaited bool
	result  R
	err     error
}

// NewPromise gives a type to what a stub's Start returns.
func NewPromise[R any](_ context.Context, p *guest.Promise) *Promise[R] {
	return &Promise[R]{promise: p}
}

// Await waits for the result.
func (p *Promise[R]) Await(ctx context.Context) (R, error) {
	if p.awaited {
		return p.result, p.err
	}
	var to any = &p.result
	if guest.IsNone[R]() {
		to = nil
	}
	err := p.promise.Await(ctx, to)
	if ctx.Err() == nil || err == nil {
		p.awaited, p.err = true, err
	}
	return p.result, err
}

// Any returns the result as something to call, or to get properties of, whether or not it is there. Where the call failed, so do
// calls of what Any returns.
func (p *Promise[R]) Any(ctx context.Context) *Any { return p.promise.Stub(ctx) }

// Dispose says that no further calls will be made on the promise. A result that holds stubs keeps them.
func (p *Promise[R]) Dispose(ctx context.Context) error { return p.promise.Dispose(ctx) }

// Pipeline returns the stub that a call under way will return, to be called at once.
func Pipeline[T any](ctx context.Context, p *Promise[Stub[T]]) Stub[T] {
	return Stub[T]{p.promise.Stub(ctx)}
}

// PipelineFunction returns the function that a call under way will return, to be called at once.
func PipelineFunction[P, R any](ctx context.Context, p *Promise[Function[P, R]]) Function[P, R] {
	return Function[P, R]{p.promise.Stub(ctx)}
}
