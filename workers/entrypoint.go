package workers

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/rpc"
)

// WorkerEntrypoint is a part of the Worker that others bind to by its name, with methods and a fetch handler of its own. Its name, methods and
// handler are all there is of it: what an event needs is in its context, and in package-level variables.
type WorkerEntrypoint struct {
	name    string
	fetch   http.Handler
	methods map[string]entrypointMethod
	order   []string

	mu       sync.Mutex
	bindings []string // names given to Service, for the build to check
	exported bool     // Exports was called
}

type entrypointMethod struct {
	call      func(ctx context.Context, args []byte) ([]byte, error)
	signature func(types *guest.Types) string
}

// EntrypointOption says something about an entrypoint.
type EntrypointOption func(*WorkerEntrypoint)

// OnFetch has h answer the HTTP requests to a named entrypoint. Those to the default one are Worker.Fetch's.
func OnFetch(h http.Handler) EntrypointOption {
	return func(e *WorkerEntrypoint) { e.fetch = h }
}

// Entrypoint declares the entrypoint that other Workers name in their service bindings. Declare it, and its methods, in package-level
// variables: importing the package exports them.
//
//	var Auth = workers.Entrypoint("Auth")
//	var Verify = workers.Method(Auth, "verify", verify)
//
//	func verify(ctx context.Context, token string) (User, error) { … }
//
//	user, err := Verify.Call(ctx, workers.Service("AUTH"), token) // in any Worker with that binding
//
// JavaScript Workers call env.AUTH.verify(token). The methods of the entrypoint called "default" belong to the Worker itself: to bindings
// that name no entrypoint. It panics when the name is taken.
//
// See https://developers.cloudflare.com/workers/runtime-apis/bindings/service-bindings/rpc/#named-entrypoints.
func Entrypoint(name string, options ...EntrypointOption) *WorkerEntrypoint {
	e := &WorkerEntrypoint{name: name, methods: map[string]entrypointMethod{}}
	for _, set := range options {
		set(e)
	}
	if name == guest.DefaultEntrypoint && e.fetch != nil {
		panic("workers: the fetch handler of the default entrypoint is the one that Run or Serve gets, not one of OnFetch")
	}
	guest.RegisterEntrypoint(name, exportedEntrypoint{e})
	return e
}

// taken are the names of what the runtime calls, and of what every instance in JavaScript has.
var taken = []string{
	"ctx", "env", "fetch", "connect", "alarm", "webSocketMessage", "webSocketClose", "webSocketError", "scheduled", "queue", "email", "tail", "tailStream", "trace", "test",
}

// Method declares that f can be called by RPC under name, and returns what calls it. Parameter and result may be all that those of
// durables.Method may be. It panics on a reserved or repeated name.
//
// See https://developers.cloudflare.com/workers/runtime-apis/rpc/.
func Method[P, R any](e *WorkerEntrypoint, name string, f func(ctx context.Context, p P) (R, error)) *rpc.RemoteMethod[P, R] {
	return Implement(e, rpc.Remote[P, R](name), f)
}

// Implement is Method for a method that is declared elsewhere: in a package without code of either side, so that a Worker which only calls it does
// not export it, and does not grow.
//
//	var Verify = rpc.Remote[string, User]("verify")          // package authapi
//	var _ = workers.Implement(Auth, authapi.Verify, verify)  // in the Worker that has the entrypoint
//
// It returns m.
func Implement[P, R any](e *WorkerEntrypoint, m *rpc.RemoteMethod[P, R], f func(ctx context.Context, p P) (R, error)) *rpc.RemoteMethod[P, R] {
	name := m.Name()
	e.add(name, entrypointMethod{
		call:      func(ctx context.Context, args []byte) ([]byte, error) { return guest.Perform(ctx, name, args, f) },
		signature: func(types *guest.Types) string { return guest.Signature[P, R](types, ":") },
	})
	return m
}

func (e *WorkerEntrypoint) add(name string, m entrypointMethod) {
	if guest.ReservedMethod(name) || slices.Contains(taken, name) {
		panic(fmt.Sprintf("workers: %s.%s: the name is reserved by the runtime and cannot be called over RPC: give the method another", e.name, name))
	}
	if strings.Contains(name, ".") {
		panic(fmt.Sprintf("workers: %s.%s: a method has one name, not a path", e.name, name))
	}
	if _, twice := e.methods[name]; twice {
		panic(fmt.Sprintf("workers: %s has two methods called %s: give each its own name", e.name, name))
	}
	e.methods[name] = m
	e.order = append(e.order, name)
}

// Name returns the name of the entrypoint.
func (e *WorkerEntrypoint) Name() string { return e.name }

// Service is the function Service for a binding that goes to this entrypoint, which the build makes sure of. Call it for a package-level variable.
func (e *WorkerEntrypoint) Service(binding string) *ServiceBinding {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.bindings = append(e.bindings, binding)
	return Service(binding)
}

// Exports returns the entrypoint as a service without a binding, for the Worker itself: ctx.exports. On Cloudflare a call may be handled in
// another isolate. Call it for a package-level variable, so that the build knows.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#exports.
func (e *WorkerEntrypoint) Exports() *ServiceBinding {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exported = true
	return &ServiceBinding{target: abi.Target{Kind: abi.TargetService, Service: "exports:" + e.name}, export: e.name}
}

// WithProps returns s with props, a struct or a map, that the entrypoint gets at with Props. Only what Exports and Self return can be
// given props: a binding has those of wrangler.toml.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#props.
func (s *ServiceBinding) WithProps(props any) *ServiceBinding {
	if s.export == "" {
		return &ServiceBinding{broken: NewError("TypeError", fmt.Sprintf("service binding %s has the props that wrangler.toml gives it: only ctx.exports takes others", s.target.Service))}
	}
	var w abi.Writer
	if err := codec.Marshal(&w, props); err != nil {
		return &ServiceBinding{broken: NewError("DataCloneError", fmt.Sprintf("props for %s: %v", s.export, err))}
	}
	v, ok := abi.NewReader(w.Bytes()).Value().(abi.Object)
	if !ok {
		return &ServiceBinding{broken: NewError("TypeError", fmt.Sprintf("props for %s must be a struct or a map, not %T", s.export, props))}
	}
	return &ServiceBinding{target: abi.Target{Kind: abi.TargetExport, Facet: abi.Facet{Class: s.export, Props: v}}, export: s.export}
}

// Props stores in dest, a pointer, the props that the binding has through which the Worker was called: an object, empty as a rule. They come from the
// configuration of the caller's binding, which the caller's code cannot change, and so tell what the caller may do.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#props.
func Props(ctx context.Context, dest any) error {
	r, err := guest.Invoke(ctx, abi.OpProps, nil)
	if err == nil {
		err = codec.Unmarshal(r, dest)
	}
	if err != nil {
		return fmt.Errorf("props: %w", err)
	}
	return nil
}

// exportedEntrypoint adapts an entrypoint to the guest runtime.
type exportedEntrypoint struct{ entrypoint *WorkerEntrypoint }

func (e exportedEntrypoint) RPC(ctx context.Context, name string, args []byte) ([]byte, error) {
	m, ok := e.entrypoint.methods[name]
	if !ok {
		return nil, guest.NoMethod(name)
	}
	return m.call(ctx, args)
}

func (e exportedEntrypoint) Handler() http.Handler { return e.entrypoint.fetch }

func (e exportedEntrypoint) Describe(types *guest.Types) abi.Object {
	methods, bindings := abi.Array{}, abi.Array{}
	for _, name := range e.entrypoint.order {
		methods = append(methods, abi.Object{
			{Name: "name", Value: name},
			{Name: "signature", Value: e.entrypoint.methods[name].signature(types)},
		})
	}
	e.entrypoint.mu.Lock()
	defer e.entrypoint.mu.Unlock()
	for _, name := range e.entrypoint.bindings {
		bindings = append(bindings, name)
	}
	return abi.Object{
		{Name: "name", Value: e.entrypoint.name}, {Name: "fetch", Value: e.entrypoint.fetch != nil}, {Name: "methods", Value: methods},
		{Name: "bindings", Value: bindings}, {Name: "exports", Value: e.entrypoint.exported},
	}
}
