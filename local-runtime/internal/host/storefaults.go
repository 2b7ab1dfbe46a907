package host

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Kinds of stores whose calls a StoreFault strikes.
const (
	KVCalls    = "KV binding"
	R2Calls    = "R2 binding"
	CacheCalls = "cache"
	QueueSends = "queue"
	Outcomes   = "outcome of a batch" // of a queue
)

// Failing is an error of a store by its text. What is before it comes of the method that fails: "KV PUT failed: ", "put: " and so on.
type Failing string

func (f Failing) Error() string { return string(f) }

// named puts what comes of the method before an error that needs it.
func named(prefix string, err error) error {
	if f, ok := errors.AsType[Failing](err); ok {
		return abi.Errorf("%s%s", prefix, string(f))
	}
	return err
}

// StoreFault matches calls of a kind: of the store of a name, by a method, with a key that begins so. What is empty matches all.
func (h *Host) StoreFault(f Fault, kind, name, method, key string) (*Injection, error) {
	names, methods := h.struckBy(kind)
	switch {
	case name != "" && !slices.Contains(names, name):
		return nil, abi.Errorf("there is no %s %q: this Worker has %s", kind, name, listed(names))
	case method != "" && !slices.Contains(methods, method):
		return nil, abi.Errorf("no method of the kind %s is called %q: there are %s", kind, method, listed(methods))
	}
	f.match = func(t target) bool {
		begins := func(k string) bool { return strings.HasPrefix(k, key) }
		return t.kind == kind && (name == "" || t.name == name) && (method == "" || t.method == method) && (key == "" || slices.ContainsFunc(t.keys, begins))
	}
	return h.faults.add(f), nil
}

// struckBy are what faults of a kind can name.
func (h *Host) struckBy(kind string) (names, methods []string) {
	switch kind {
	case KVCalls:
		return slices.Sorted(maps.Keys(h.cfg.KV)), []string{"delete", "get", "list", "put"}
	case R2Calls:
		return slices.Sorted(maps.Keys(h.cfg.Buckets)), slices.Sorted(maps.Values(r2Names))
	case CacheCalls:
		return nil, slices.Sorted(slices.Values(cacheNames[:]))
	}
	return slices.Sorted(maps.Keys(h.queues)), nil
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// keys are those that a call of KV or R2 is about: its first argument is one, or several.
func (a arguments) keys() (keys []string) {
	if key := a.text(0); key != "" {
		return []string{key}
	}
	for _, v := range a.list(0) {
		if key, ok := v.(string); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// strikes reports whether there is anything to suffer.
func (d damage) strikes() bool { return d.err != nil || d.delay > 0 || d.miss }

// losing is done, unless the answer is to be lost.
func (d damage) losing(done func(result abi.Value, body content, err error)) func(result abi.Value, body content, err error) {
	if d.err == nil || !d.late {
		return done
	}
	return func(_ abi.Value, body content, err error) {
		if body.source != nil {
			body.source.Cancel(nil)
		}
		if err == nil {
			err = d.err
		}
		done(nil, noContent, err)
	}
}

// suffering is what performs an operation of a store as a fault has it.
func (h *Host) suffering(d damage, body *content, perform func(), fail func(error)) func() {
	if !d.strikes() {
		return perform
	}
	instead := func(err error) {
		if body.source != nil {
			body.source.Cancel(err) // nobody reads it
		}
		fail(err)
	}
	return func() { h.work.run(func() { h.suffer(d, instead, func(error) { perform() }) }) }
}
