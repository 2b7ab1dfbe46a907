package host

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Facets are objects inside an object, each with its own storage below that of its parent (workerd server/server.c++, class ActorContainer).
//
// Invariant: a facet is in memory only while its parent is, in the same isolate; what resets or deletes the parent does the same to it.
// In its key the id is that of the parent, "/", and the digest of its name.

const (
	maxFacetName  = 256
	maxFacetDepth = 4 // with the root
)

var (
	errFacetName  = abi.TypeErrorf("Facet name is too long (max 256 characters).")
	errFacetEmpty = abi.TypeErrorf("Facet name cannot be empty.")
	errFacetDepth = abi.Errorf("Facet nesting depth limit exceeded. The maximum depth including the root Durable Object is 4.")
)

func isFacet(k key) bool { return strings.Contains(k.id, "/") }

// root returns the id of the object that a key's facet is in, after all.
func (k key) root() string {
	id, _, _ := strings.Cut(k.id, "/")
	return id
}

// facetKey names a facet of o.
func (o *object) facetKey(name string) (key, *abi.Error) {
	switch {
	case len(name) > maxFacetName:
		return key{}, errFacetName
	case name == "":
		return key{}, errFacetEmpty
	}
	sum := sha256.Sum256([]byte(name))
	return key{o.key.class, o.key.id + "/" + hex.EncodeToString(sum[:16])}, nil
}

// facetDir is where the facets of an object are stored.
func (h *Host) facetDir(k key) string { return strings.TrimSuffix(h.path(k), ".sqlite") + ".facets" }

// facet returns a facet of o, beginning its construction if it is not in memory, for one call. It may be called within a turn.
func (o *object) facet(f abi.Facet) (*inner, *abi.Error) {
	k, err := o.facetKey(f.Name)
	switch {
	case err != nil:
		return nil, err
	case o.failure != nil:
		return nil, o.failure
	case strings.Count(k.id, "/") >= maxFacetDepth:
		return nil, errFacetDepth
	}
	mark := func(e *abi.Error) *abi.Error { return thrownBy(e, o.key) }
	if c := o.isolate.objects[k]; c != nil && c.failure == nil {
		return &inner{c, mark}, nil
	}
	name := o.name
	if f.ID != nil {
		name, mark = nil, remote // only the call that starts it goes by the facet's own id
	} else {
		id := o.key.root()
		f.ID = &id
	}
	if f.Props == nil {
		f.Props = abi.Object{}
	}
	c, err := o.isolate.create(k, name, f)
	if err != nil {
		return nil, err
	}
	o.adopt(c)
	return &inner{c, mark}, nil
}

// adopt makes c a facet of o.
func (o *object) adopt(c *object) {
	c.parent = o
	if o.facets == nil {
		o.facets = map[*object]bool{}
	}
	o.facets[c] = true
}

// sortedFacets returns the facets in memory, in the order in which they came.
func (o *object) sortedFacets() []*object {
	return slices.SortedFunc(maps.Keys(o.facets), func(a, b *object) int { return cmp.Compare(a.number, b.number) })
}

// opFacet aborts, deletes or clones a facet.
func opFacet(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	how, name, text := r.U8(), r.Str(), r.Str()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	o := f.object
	switch {
	case o == nil:
		return failure(errNoObject), 0
	case o.failure != nil:
		return failure(o.failure), 0
	}
	if err := o.doFacet(how, name, text); err != nil {
		return failure(err), 0
	}
	return isolate.Success(nil), 0
}

func (o *object) doFacet(how byte, name, text string) error {
	k, failed := o.facetKey(name)
	if failed != nil {
		return failed
	}
	switch how {
	case abi.FacetAbort:
		if c := o.isolate.objects[k]; c != nil {
			c.fail(abi.Errorf("%s", text))
		}
		return nil
	case abi.FacetDelete:
		return o.deleteFacet(k, "Facet was deleted.")
	case abi.FacetClone:
		to, failed := o.facetKey(text)
		if failed != nil {
			return failed
		}
		return o.cloneFacet(k, to)
	}
	return abi.Errorf("unknown operation %d on a facet", how)
}

// deleteFacet removes a facet and what it and its own facets have stored; why is what its callers hear.
func (o *object) deleteFacet(k key, why string) error {
	h := o.isolate.host
	if c := o.isolate.objects[k]; c != nil {
		c.fail(abi.Errorf("%s", why))
	}
	return storage.Remove(h.path(k), h.facetDir(k))
}

// deleteFacets is deleteFacet for every one that there is.
func (o *object) deleteFacets() error {
	for _, c := range o.sortedFacets() {
		c.fail(abi.Errorf("Facet was deleted."))
	}
	return os.RemoveAll(o.isolate.host.facetDir(o.key))
}

// cloneFacet replaces a facet by a copy of what another has committed.
func (o *object) cloneFacet(from, to key) error {
	if from == to {
		return nil
	}
	h := o.isolate.host
	if err := o.deleteFacet(to, "Facet was cloned-over."); err != nil {
		return err
	}
	if err := storage.Copy(h.path(from), h.path(to)); err != nil {
		return err
	}
	return storage.CopyAll(h.facetDir(from), h.facetDir(to))
}

// inner is a stub of a facet, for one call.
type inner struct {
	object *object
	mark   func(*abi.Error) *abi.Error // errors that the call throws
}

// facet returns a stub of a facet of the object whose scope c is.
func (c *scope) facet(f abi.Facet) (*inner, *abi.Error) {
	if c == nil || c.object == nil {
		return nil, errNoObject
	}
	return c.object.facet(f)
}

func (t *inner) retain()  {}
func (t *inner) release() {}

// call calls a method of the facet.
func (t *inner) call(c *invocation) {
	s := t.object.isolate
	posted := s.post(func() {
		startMethod(t, c, s, func(method string) bool { return s.host.hasMethod(t.object.class, method) }, t.mark,
			func(write func(*frame, *abi.Writer), r reply) { s.startIn(t.object, abi.StartRPC, write, r) })
	})
	if !posted {
		c.fail(errClosed)
	}
}

// fetch sends a request to the facet.
func (t *inner) fetch(c *fetchCall, r reply) {
	s := t.object.isolate
	posted := s.post(func() {
		s.startIn(t.object, abi.StartFetch, func(f *frame, w *abi.Writer) { s.writeRequest(f, w, &c.request, c.body) }, r)
	})
	if !posted {
		r.fail(errClosed)
	}
}
