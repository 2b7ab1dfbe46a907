package rpc

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// TargetOf describes a kind of thing that is passed by reference and called by its methods: an RpcTarget, whose Go side is *T.
type TargetOf[T any] struct {
	name    string
	methods map[string]method[T]
	order   []string
}

type method[T any] struct {
	call      func(ctx context.Context, t *T, args []byte) ([]byte, error)
	signature func(types *guest.Types) string
}

// Disposer is implemented by targets that want to know when the last stub of them is gone.
type Disposer interface{ Dispose() }

// targets are the descriptors by the Go type of their targets, for their TypeScript.
var targets = map[reflect.Type]interface {
	declare(types *guest.Types) string
}{}

// Target declares targets whose Go side is *T. The name is that of their TypeScript interface. Declare it in a package-level variable.
func Target[T any](name string) *TargetOf[T] {
	t := &TargetOf[T]{name: name, methods: map[string]method[T]{}}
	if _, twice := targets[reflect.TypeFor[T]()]; twice {
		panic(fmt.Sprintf("rpc: two targets for %s", reflect.TypeFor[T]()))
	}
	targets[reflect.TypeFor[T]()] = t
	return t
}

// MethodOf is a method of a target *T with parameter P and result R.
type MethodOf[T, P, R any] struct{ name string }

// Method declares that f can be called under name on the stubs of t. Parameter and result are what those of durables.Method are. It panics on
// a reserved or repeated name.
func Method[T, P, R any](t *TargetOf[T], name string, f func(*T, context.Context, P) (R, error)) *MethodOf[T, P, R] {
	if guest.ReservedMethod(name) {
		panic(fmt.Sprintf("rpc: %s.%s: the name is reserved by the runtime and cannot be called over RPC: give the method another", t.name, name))
	}
	if _, ok := t.methods[name]; ok {
		panic(fmt.Sprintf("rpc: %s has two methods called %s: give each its own name", t.name, name))
	}
	t.methods[name] = method[T]{
		call: func(ctx context.Context, target *T, args []byte) ([]byte, error) {
			p, err := guest.DecodeParameter[P](ctx, name, args)
			if err != nil {
				return nil, err
			}
			result, err := f(target, ctx, p)
			if err != nil {
				return nil, err
			}
			return guest.EncodeResult(ctx, name, result)
		},
		signature: func(types *guest.Types) string { return guest.Signature[P, R](types, ":") },
	}
	t.order = append(t.order, name)
	return &MethodOf[T, P, R]{name}
}

// New returns a stub of target, to be passed on. When the last stub of it that was passed on is gone, its Dispose method is called if it has
// one.
func (t *TargetOf[T]) New(_ context.Context, target *T) Stub[T] {
	c := &guest.Callee{Kind: abi.StubTarget, Methods: t.order, Call: func(ctx context.Context, path []string, args []byte) ([]byte, error) {
		if len(path) == 0 {
			return nil, guest.NewError("TypeError", `"(this)" is not a function.`)
		}
		m, ok := t.methods[path[0]]
		if !ok || len(path) > 1 {
			return nil, guest.NoMethod(path[len(path)-1])
		}
		return m.call(ctx, target, args)
	}}
	if d, ok := any(target).(Disposer); ok {
		c.Dispose = d.Dispose
	}
	return Stub[T]{guest.LocalStub(c)}
}

func (t *TargetOf[T]) declare(types *guest.Types) string {
	return types.Declare(t.name, func() string {
		var b strings.Builder
		b.WriteString("{\n")
		for _, name := range t.order {
			fmt.Fprintf(&b, "  %s%s;\n", name, t.methods[name].signature(types))
		}
		b.WriteString("  [Symbol.dispose](): void;\n}")
		return b.String()
	})
}

// Stub calls a target by its methods, wherever that is. The zero Stub is null.
type Stub[T any] struct{ stub *guest.Stub }

// Call calls the method of the target of stub.
func (m *MethodOf[T, P, R]) Call(ctx context.Context, stub Stub[T], p P) (R, error) {
	return call[R](ctx, stub.stub, m.name, guest.Arguments(p))
}

// Start calls the method without waiting for the result.
func (m *MethodOf[T, P, R]) Start(ctx context.Context, stub Stub[T], p P) *Promise[R] {
	return NewPromise[R](ctx, stub.stub.Start(ctx, m.name, guest.Arguments(p)...))
}

// Name returns the name under which the method is called.
func (m *MethodOf[T, P, R]) Name() string { return m.name }

// IsNil reports whether there is no stub.
func (s Stub[T]) IsNil() bool { return s.stub == nil }

// Dup returns another stub of the target, which outlives the method whose parameter this one is. Dispose of it.
func (s Stub[T]) Dup(ctx context.Context) (Stub[T], error) {
	stub, err := s.stub.Dup(ctx)
	return Stub[T]{stub}, err
}

// Dispose gives the stub up.
func (s Stub[T]) Dispose(ctx context.Context) error { return s.stub.Dispose(ctx) }

// Any returns the stub without its types.
func (s Stub[T]) Any() *Any { return s.stub }

// StubOf is an untyped stub as one of a target *T.
func StubOf[T any](stub *Any) Stub[T] { return Stub[T]{stub} }

// MarshalRPC is for the encoding of arguments and results.
func (s Stub[T]) MarshalRPC() any { return s.stub }

// UnmarshalRPC is for the decoding of arguments and results.
func (s *Stub[T]) UnmarshalRPC(stub any) error { return receive(stub, &s.stub) }

// TypeScript describes the stub for the manifest.
func (s Stub[T]) TypeScript(types *guest.Types) string {
	if t, ok := targets[reflect.TypeFor[T]()]; ok {
		return t.declare(types)
	}
	return "any"
}
