package durables

import (
	"context"
	"fmt"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

// FacetsOf starts objects of a class as facets: objects that live inside of another, on the same machine, each with storage of its own
// that belongs to its parent's. Only the parent can call them.
//
// See https://developers.cloudflare.com/dynamic-workers/usage/durable-object-facets/.
type FacetsOf[T any] struct{ class *ClassOf[T] }

// Facets returns what starts facets of the class, which needs neither a binding nor a migration for them. Call it for a package-level
// variable, so that the build knows.
func (c *ClassOf[T]) Facets() *FacetsOf[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.facets = true
	return &FacetsOf[T]{c}
}

// Get returns a stub of the facet of that name of the object in whose events the stub is used. The facet is started by a call that finds it not
// running; only then do the options and the class count. Every call finds the facet anew: after an error that reset it, the
// same stub starts it again. Names have 1 to 256 bytes, and objects inside of objects are at most 4 deep. Facets have no alarms.
func (f *FacetsOf[T]) Get(name string, options ...FacetOption) *Stub[T] {
	s := &Stub[T]{facet: &abi.Facet{Name: name, Class: f.class.name, Props: abi.Object{}}}
	for _, set := range options {
		if err := set(s.facet); err != nil && s.broken == nil {
			s.broken = err
		}
	}
	if name == "" {
		s.broken = errFacetName
	}
	return s
}

var errFacetName = TypeError("Facet name cannot be empty.")

// FacetOption says how a facet is started.
type FacetOption func(*abi.Facet) error

// FacetID gives a facet an id of its own, any text. Without it the facet has its parent's id, and name.
func FacetID(id string) FacetOption {
	return func(f *abi.Facet) error {
		f.ID = &id
		return nil
	}
}

// FacetProps gives a facet props, a struct or a map, that it gets at with State.Props.
func FacetProps(props any) FacetOption {
	return func(f *abi.Facet) error {
		var w abi.Writer
		if err := codec.Marshal(&w, props); err != nil {
			return guest.NewError("DataCloneError", fmt.Sprintf("props of facet %s: %v", f.Name, err))
		}
		f.Props = abi.NewReader(w.Bytes()).Value()
		if _, ok := f.Props.(abi.Object); !ok {
			return TypeError(fmt.Sprintf("props of facet %s must be a struct or a map, not %T", f.Name, props))
		}
		return nil
	}
}

// Facets controls the facets of an object.
type Facets struct{}

// Facets returns what controls the object's facets; ClassOf.Facets is what calls them.
func (s *State) Facets() Facets { return Facets{} }

// Abort resets the facet if it runs, and its own facets: whoever waits for it gets reason as an error, and the next call starts it anew.
func (Facets) Abort(ctx context.Context, name, reason string) error {
	return facetOperation(ctx, abi.FacetAbort, name, reason)
}

// Delete deletes the facet with everything that it and its own facets have stored, after an Abort. That there is none is no error. Storage.DeleteAll
// does it with all facets.
func (Facets) Delete(ctx context.Context, name string) error {
	return facetOperation(ctx, abi.FacetDelete, name, "")
}

// Clone replaces facet to by a copy of what facet from, and the facets in it, have stored. From goes on running, to is aborted if it
// runs. Where there is no from, to is deleted.
func (Facets) Clone(ctx context.Context, from, to string) error {
	return facetOperation(ctx, abi.FacetClone, from, to)
}

func facetOperation(ctx context.Context, how byte, name, text string) error {
	if name == "" || how == abi.FacetClone && text == "" {
		return errFacetName
	}
	var w abi.Writer
	w.U8(how)
	w.Str(name)
	w.Str(text)
	return guest.Do(ctx, abi.OpFacet, w.Bytes())
}
