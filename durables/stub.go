package durables

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/rpc"
)

// ID identifies an object: 64 hexadecimal digits, and the name that it was made from when it was.
type ID struct {
	hex  string
	name *string
}

// String returns the id as 64 lower-case hexadecimal digits.
func (id ID) String() string { return id.hex }

// Name returns the name the id was made from; ids from strings and unique ids have none.
func (id ID) Name() (string, bool) {
	if id.name == nil {
		return "", false
	}
	return *id.name, true
}

// Equal reports whether both ids are of the same object.
func (id ID) Equal(other ID) bool { return id.hex == other.hex }

// Namespace is a binding through which the objects of a class are reached. It does no I/O by itself.
//
// See https://developers.cloudflare.com/durable-objects/api/namespace/.
type Namespace[T any] struct {
	binding string
	class   string
}

// Namespace returns the namespace bound to the name binding under [[durable_objects.bindings]] in wrangler.toml. Call it
// for a package-level variable, so that the build can check that the binding is there.
func (c *ClassOf[T]) Namespace(binding string) *Namespace[T] {
	c.mu.Lock()
	if !slices.Contains(c.bindings, binding) {
		c.bindings = append(c.bindings, binding)
	}
	c.mu.Unlock()
	return &Namespace[T]{binding: binding, class: c.name}
}

// GetByName returns a stub of the object of that name. The object comes to be with its first call.
func (n *Namespace[T]) GetByName(name string) *Stub[T] {
	return &Stub[T]{namespace: n, ref: abi.Stub{Binding: n.binding, Named: true, Ref: name, Serial: guest.NewStubSerial()}}
}

// Get returns a stub of the object with that id.
func (n *Namespace[T]) Get(id ID) *Stub[T] {
	ref := abi.Stub{Binding: n.binding, Ref: id.hex, Serial: guest.NewStubSerial()}
	if id.name != nil {
		ref.Named, ref.Ref = true, *id.name
	}
	return &Stub[T]{namespace: n, ref: ref}
}

// IDFromName returns the id of the object of that name, always the same.
func (n *Namespace[T]) IDFromName(ctx context.Context, name string) (ID, error) {
	id, err := n.id(ctx, abi.IDFromName, name)
	id.name = &name
	return id, err
}

// IDFromString parses what ID.String returned. The error is a TypeError when hex is no id, or not one of this namespace.
func (n *Namespace[T]) IDFromString(ctx context.Context, hex string) (ID, error) {
	return n.id(ctx, abi.IDFromString, hex)
}

// NewUniqueID returns the id of a new object. Keep its String to find the object again.
func (n *Namespace[T]) NewUniqueID(ctx context.Context) (ID, error) {
	return n.id(ctx, abi.IDUnique, "")
}

func (n *Namespace[T]) id(ctx context.Context, how byte, s string) (ID, error) {
	if err := n.check(ctx); err != nil {
		return ID{}, err
	}
	var w abi.Writer
	w.Str(n.binding)
	w.U8(how)
	w.Str(s)
	w.Str("")
	r, err := guest.Invoke(ctx, abi.OpID, w.Bytes())
	if err != nil {
		return ID{}, err
	}
	return ID{hex: r.Str()}, r.Err()
}

// check explains a missing binding better than the host can.
func (n *Namespace[T]) check(ctx context.Context) error {
	env, err := guest.Env(ctx)
	if err != nil {
		return err
	}
	if env[n.binding].Kind == "namespace" {
		return nil
	}
	return guest.MissingBinding(ctx, n.binding, "namespace",
		fmt.Sprintf("[[durable_objects.bindings]]\nname = %q\nclass_name = %q", n.binding, n.class))
}

// Stub calls one object. Calls through one stub arrive in the order they are made. After an error with DurableObjectReset the stub
// stays broken; get a new one.
//
// See https://developers.cloudflare.com/durable-objects/api/stub/.
type Stub[T any] struct {
	namespace *Namespace[T]
	ref       abi.Stub
}

// Call calls the method on the object of stub. An error that the method returned comes as an *Error with Remote set.
func (m *MethodOf[T, P, R]) Call(ctx context.Context, stub *Stub[T], p P) (result R, err error) {
	var to any = &result
	if guest.IsNone[R]() {
		to = nil
	}
	return result, stub.rpc(ctx, abi.RPC{Path: []string{m.name}}, to, arguments(p))
}

// Start is Call without waiting for the result; see rpc.Promise for what can be done with it before it is there.
func (m *MethodOf[T, P, R]) Start(ctx context.Context, stub *Stub[T], p P) *rpc.Promise[R] {
	return rpc.NewPromise[R](ctx, stub.start(ctx, []string{m.name}, arguments(p)))
}

func arguments[P any](p P) []any {
	if guest.IsNone[P]() {
		return nil
	}
	return []any{guest.Argument(p)}
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
	if err := s.namespace.check(ctx); err != nil {
		return err
	}
	c.Target = s.target()
	return guest.Call(ctx, c, result, args)
}

func (s *Stub[T]) start(ctx context.Context, path []string, args []any) *rpc.Pending {
	if err := s.namespace.check(ctx); err != nil {
		return guest.Failed(err)
	}
	return guest.Start(ctx, abi.RPC{Target: s.target(), Path: path}, args)
}

// Fetch sends an HTTP request to the object's ServeHTTP. The URL must be absolute; the object sees it as it is. Redirects are not
// followed.
func (s *Stub[T]) Fetch(ctx context.Context, r *http.Request) (*http.Response, error) {
	if err := s.namespace.check(ctx); err != nil {
		return nil, err
	}
	return guest.Fetch(ctx, s.target(), r, guest.RedirectManual)
}

func (s *Stub[T]) target() abi.Target { return abi.Target{Kind: abi.TargetObject, Stub: s.ref} }

// Name returns the name of the object, where the stub was made from one.
func (s *Stub[T]) Name() (string, bool) { return s.ref.Ref, s.ref.Named }
