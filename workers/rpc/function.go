package rpc

import (
	"context"
	"fmt"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// Function is a function that is passed by reference: whoever receives it calls back. The zero Function is null.
type Function[P, R any] struct{ stub *guest.Stub }

// NewFunction makes a Function of f. It runs in the object, or the event of the Worker, that passes it on, each time with the context of that call;
// in a Worker that is until the event's stubs are gone.
func NewFunction[P, R any](_ context.Context, f func(ctx context.Context, p P) (R, error)) Function[P, R] {
	return Function[P, R]{guest.LocalStub(&guest.Callee{Kind: abi.StubFunction, Call: func(ctx context.Context, path []string, args []byte) ([]byte, error) {
		if len(path) > 0 {
			return nil, guest.NoMethod(path[len(path)-1])
		}
		return guest.Perform(ctx, "the function", args, f)
	}})}
}

// IsNil reports whether there is no function.
func (f Function[P, R]) IsNil() bool { return f.stub == nil }

// Call calls the function. After Dispose, or after the method has returned whose parameter it was, it fails: see Dup.
func (f Function[P, R]) Call(ctx context.Context, p P) (R, error) {
	return call[R](ctx, f.stub, "", guest.Arguments(p))
}

// Start calls the function without waiting for the result.
func (f Function[P, R]) Start(ctx context.Context, p P) *Promise[R] {
	return NewPromise[R](ctx, f.stub.Start(ctx, "", guest.Arguments(p)...))
}

// Dup returns another reference to the function, which outlives the method whose parameter this one is. Dispose of it.
func (f Function[P, R]) Dup(ctx context.Context) (Function[P, R], error) {
	stub, err := f.stub.Dup(ctx)
	return Function[P, R]{stub}, err
}

// Dispose gives the reference up.
func (f Function[P, R]) Dispose(ctx context.Context) error { return f.stub.Dispose(ctx) }

// Any returns the function without its types.
func (f Function[P, R]) Any() *Any { return f.stub }

// MarshalRPC is for the encoding of arguments and results.
func (f Function[P, R]) MarshalRPC() any { return f.stub }

// UnmarshalRPC is for the decoding of arguments and results.
func (f *Function[P, R]) UnmarshalRPC(stub any) error { return receive(stub, &f.stub) }

// TypeScript describes the function for the manifest.
func (f Function[P, R]) TypeScript(types *guest.Types) string {
	return "(" + guest.Signature[P, R](types, " =>") + ")"
}

func receive(stub any, to **guest.Stub) error {
	s, ok := stub.(*guest.Stub)
	if !ok {
		return fmt.Errorf("expected a function or stub, got %T", stub)
	}
	*to = s
	return nil
}
