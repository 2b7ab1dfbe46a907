package durables

import (
	"context"

	"net/http"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/rpc"
)

// Stub calls one object. Calls through one stub arrive in the order they are made. After an error with DurableObjectReset the stub
// stays broken; get a new one.
//
// See https://developers.cloudflare.com/durable-objects/api/stub/.
type Stub[T any] struct {
	namespace *Namespace[T] // nil of a facet
	id        ID
	ref       abi.Stub
	facet     *abi.Facet
	broken    error // what was wrong with the facet's options
}

// Call calls the method on the object of stub. An error that the method returned comes as an *Error with Remote set.
func (m *MethodOf[T, P, R]) Call(ctx context.Context, stub *Stub[T], p P) (result R, err error) {
	var to any = &result
	if guest.IsNone[R]() {
		to = nil
	}
	return result, stub.rpc(ctx, abi.RPC{Path: []string{m.name}}, to, guest.Arguments(p))
}

// Start is Call without waiting for the result; see rpc.Promise for what can be done with it before it is there.
func (m *MethodOf[T, P, R]) Start(ctx context.Context, stub *Stub[T], p P) *rpc.Promise[R] {
	return rpc.NewPromise[R](ctx, stub.start(ctx, []string{m.name}, guest.Arguments(p)))
}

// Name returns the name under which the method is called by RPC.
func (m *MethodOf[T, P, R]) Name() string { return m.name }

// Call calls any method by name, typed methods aside, and stores what it returned in result, a pointer or nil. A path such as
// "users.get" calls the method of a property.
func (s *Stub[T]) Call(ctx context.Context, path string, result any, args ...any) error {
	return s.rpc(ctx, abi.RPC{Path: strings.Split(path, ".")}, result, args)
}

// Start is Call without waiting for the result.
func (s *Stub[T]) Start(ctx context.Context, path string, args ...any) *rpc.Pending {
	return s.start(ctx, strings.Split(path, "."), args)
}

// Get stores a property of the object in result, a pointer. Objects in Go have none; those in JavaScript have their getters.
func (s *Stub[T]) Get(ctx context.Context, path string, result any) error {
	return s.rpc(ctx, abi.RPC{Path: strings.Split(path, "."), Mode: abi.RPCGet}, result, nil)
}

func (s *Stub[T]) rpc(ctx context.Context, c abi.RPC, result any, args []any) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	c.Target = s.target()
	return guest.Call(ctx, c, result, args)
}

func (s *Stub[T]) start(ctx context.Context, path []string, args []any) *rpc.Pending {
	if err := s.check(ctx); err != nil {
		return guest.Failed(err)
	}
	return guest.Start(ctx, abi.RPC{Target: s.target(), Path: path}, args)
}

// Fetch sends an HTTP request to the object's ServeHTTP. The URL must be absolute; the object sees it as it is. Redirects are not
// followed.
func (s *Stub[T]) Fetch(ctx context.Context, r *http.Request) (*http.Response, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	return guest.Fetch(ctx, s.target(), r, guest.RedirectManual)
}

func (s *Stub[T]) check(ctx context.Context) error {
	if s.facet != nil {
		return s.broken
	}
	return s.namespace.check(ctx)
}

func (s *Stub[T]) target() abi.Target {
	if s.facet != nil {
		return abi.Target{Kind: abi.TargetFacet, Facet: *s.facet}
	}
	return abi.Target{Kind: abi.TargetObject, Stub: s.ref}
}

// Name returns the name of the object, where the stub was made from one.
func (s *Stub[T]) Name() (string, bool) { return s.id.Name() }

// ID returns the id of the object. The stub of a facet has none.
func (s *Stub[T]) ID(ctx context.Context) (ID, error) {
	if s.namespace != nil && s.id.hex == "" {
		return s.namespace.IDFromName(ctx, *s.id.name)
	}
	return s.id, nil
}
