package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/objectid"
	"grove.place/lattice/local-runtime/internal/storage"
)

// checkClass names the classes when there is none of that name.
func (h *Host) checkClass(class string) error {
	var classes, elsewhere []string
	for binding, bound := range h.cfg.Objects {
		switch script := cmp.Or(h.cfg.Scripts[binding], h.cfg.Script); {
		case script == h.cfg.Script:
			classes = append(classes, bound)
		case bound == class:
			elsewhere = append(elsewhere, script)
		}
	}
	slices.Sort(classes)
	classes = slices.Compact(classes)
	switch {
	case slices.Contains(classes, class):
		return nil
	case len(elsewhere) > 0:
		slices.Sort(elsewhere)
		return fmt.Errorf("the Durable Object class %q is that of another Worker (%s): ask that one for its objects, with Host.Worker", class, strings.Join(slices.Compact(elsewhere), ", "))
	case h.hasClass(class): // without a binding it is in ctx.exports
		return nil
	}
	if len(classes) == 0 {
		return fmt.Errorf("there is no Durable Object class %q: this host has no Durable Object bindings (Options.Objects)", class)
	}
	return fmt.Errorf("there is no Durable Object class %q: this host has %s", class, strings.Join(classes, ", "))
}

// locate finds an object by its id, or by its name.
func (h *Host) locate(class, object string) (key, error) {
	if h.closed.Load() {
		return key{}, errClosed
	}
	if err := h.checkClass(class); err != nil {
		return key{}, err
	}
	if !isHexID(object) {
		return key{class, objectid.FromName(h.namespace(class), object)}, nil
	}
	id, err := checkID(h.namespace(class), object)
	if err != nil {
		return key{}, err
	}
	return key{class, id}, nil
}

func isHexID(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// ObjectID returns the id of an object, given that or its name.
func (h *Host) ObjectID(class, object string) (string, error) {
	k, err := h.locate(class, object)
	return k.id, err
}

// describeKey names an object for an error.
func (h *Host) describeKey(k key) string {
	if name, ok := h.names.of(k); ok {
		return fmt.Sprintf("%s %q (%s…)", k.class, name, k.id[:12])
	}
	return fmt.Sprintf("%s %s", k.class, k.id)
}

// Snapshot returns a copy of what an object has committed. The caller closes it.
func (h *Host) Snapshot(class, object string) (store *storage.DB, err error) {
	k, err := h.locate(class, object)
	if err != nil {
		return nil, err
	}
	if !h.isolateOf(k).do(func() { store, err = storage.Snapshot(h.path(k)) }) {
		return nil, errClosed
	}
	return store, err
}

// EvictAll takes every idle object out of memory, and says how many there were. Busy ones stay.
func (h *Host) EvictAll() (n int, err error) {
	for _, k := range h.scriptedKeys() {
		if evicted, _ := h.evictScripted(k); evicted {
			n++
		}
	}
	for _, s := range h.isolates {
		ran := s.do(func() {
			for _, o := range s.sortedObjects() {
				if o.failure == nil && !o.busy() { // facets go with their parents
					o.evict()
					n++
				}
			}
		})
		if !ran {
			return n, errClosed
		}
	}
	return n, nil
}

// Crash ends the Go instance of every isolate, as a fatal error does.
func (h *Host) Crash(cause string) error {
	for _, s := range h.isolates {
		if !s.do(func() { s.discard(abi.Errorf("%s", cause)) }) {
			return errClosed
		}
	}
	return nil
}

// storedName returns the name of an object, if it is known. Storage is asked once: an object gets its name with the event that constructs it.
func (h *Host) storedName(k key) string {
	if name, ok := h.names.of(k); ok || h.names.nameless(k) {
		return name
	}
	s := h.isolateOf(k)
	var name *string
	asked := false
	s.do(func() {
		asked = s.objects[k] == nil
		name, _ = s.storedName(k)
	})
	switch {
	case name != nil:
		return *name
	case asked:
		h.names.notNamed(k)
	}
	return ""
}

// sortObjects orders a list by name, and then by id.
func sortObjects(list []Object) {
	slices.SortFunc(list, func(a, b Object) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
}
