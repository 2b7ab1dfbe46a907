package durables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

// ID identifies an object: 64 hexadecimal digits, and the name that it was made from when it was. It is for this Worker only: to tell
// another one which object is meant, send String or the name. Compare ids with Equal.
//
// See https://developers.cloudflare.com/durable-objects/api/id/.
type ID struct {
	_ codec.Opaque `js:"DurableObjectId"`

	hex          string
	name         *string
	class        string // whose namespace made it; empty when that is not known
	jurisdiction string
}

// String returns the id as 64 lower-case hexadecimal digits. That of a facet may be any text (see FacetID).
func (id ID) String() string { return id.hex }

// Name returns the name the id was made from; ids from strings and unique ids have none. An object knows its name when it was
// constructed for a call through a named stub, or for its alarm; names longer than 1024 bytes it never knows.
func (id ID) Name() (string, bool) {
	if id.name == nil {
		return "", false
	}
	return *id.name, true
}

// Jurisdiction returns the jurisdiction of the namespace that the id was got from, or nothing.
func (id ID) Jurisdiction() string { return id.jurisdiction }

// Equal reports whether both ids are of the same object.
func (id ID) Equal(other ID) bool { return id.hex == other.hex }

// Namespace is a binding through which the objects of a class are reached. It does no I/O by itself.
//
// See https://developers.cloudflare.com/durable-objects/api/namespace/.
type Namespace[T any] struct {
	_ codec.Opaque `js:"DurableObjectNamespace"`

	binding      string
	class        string
	jurisdiction string
}

// Namespace returns the namespace bound to the name binding under [[durable_objects.bindings]] in wrangler.toml. Call it
// for a package-level variable, so that the build can check that the binding is there.
func (c *ClassOf[T]) Namespace(binding string) *Namespace[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.bindings, binding) {
		c.bindings = append(c.bindings, binding)
	}
	return &Namespace[T]{binding: binding, class: c.name}
}

// exports is what the name of a namespace without a binding begins with (docs/abi.md, Stub).
const exports = "exports:"

// Exports returns the namespace of the class in ctx.exports, which needs no binding, only the class's migration: the Worker that has the class
// reaches its objects through it. They are those that a binding of the class reaches. Call it for a package-level variable, so
// that the build knows that the class needs no binding.
//
// See https://developers.cloudflare.com/workers/runtime-apis/context/#exports.
func (c *ClassOf[T]) Exports() *Namespace[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exported = true
	return &Namespace[T]{binding: exports + c.name, class: c.name}
}

// Jurisdiction returns the part of the namespace whose objects run and store their data in a jurisdiction only, such as "eu" or "fedramp". Ids
// and stubs of it are of other objects than those of the whole namespace. An empty name is no restriction.
//
// Only Cloudflare has jurisdictions: on workerd and the local host whatever asks for one fails with the runtime's error.
//
// See https://developers.cloudflare.com/durable-objects/reference/data-location/.
func (n *Namespace[T]) Jurisdiction(name string) *Namespace[T] {
	sub := *n
	sub.jurisdiction = name
	return &sub
}

// IDFromName returns the id of the object of that name, always the same. Any name will do, the empty one too.
func (n *Namespace[T]) IDFromName(ctx context.Context, name string) (ID, error) {
	id, err := n.id(ctx, abi.IDFromName, name)
	id.name = &name
	return id, err
}

// IDFromString parses what ID.String returned. The error is a TypeError when hex is no id, or not one of this namespace.
func (n *Namespace[T]) IDFromString(ctx context.Context, hex string) (ID, error) {
	return n.id(ctx, abi.IDFromString, hex)
}

// NewUniqueID returns the id of a new object. Keep its String to find the object again. The object of a jurisdiction comes from
// the id of n.Jurisdiction.
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
	w.Str(n.jurisdiction)
	r, err := guest.Invoke(ctx, abi.OpID, w.Bytes())
	if err != nil {
		return ID{}, err
	}
	return ID{hex: r.Str(), class: n.class, jurisdiction: n.jurisdiction}, r.Err()
}

// check explains a missing binding better than the host can.
func (n *Namespace[T]) check(ctx context.Context) error {
	if strings.HasPrefix(n.binding, exports) {
		return nil
	}
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

// GetByName returns a stub of the object of that name. The object comes to be with its first call.
func (n *Namespace[T]) GetByName(name string, options ...StubOption) *Stub[T] {
	return n.stub(ID{name: &name, class: n.class}, options)
}

// Get returns a stub of the object with that id. Calls fail with a TypeError when the id is one of another class.
func (n *Namespace[T]) Get(id ID, options ...StubOption) *Stub[T] {
	return n.stub(id, options)
}

func (n *Namespace[T]) stub(id ID, options []StubOption) *Stub[T] {
	s := &Stub[T]{namespace: n, id: id, ref: abi.Stub{Binding: n.binding, Ref: id.hex, Serial: guest.NewStubSerial()}}
	if id.name != nil && id.class == n.class && id.jurisdiction == n.jurisdiction { // else the host finds out whether the digits are of this namespace
		s.ref.Named, s.ref.Ref = true, *id.name
	}
	if len(options) > 0 || n.jurisdiction != "" {
		s.ref.Options = &abi.StubOptions{Jurisdiction: n.jurisdiction}
		for _, set := range options {
			set(s.ref.Options)
		}
	}
	return s
}
