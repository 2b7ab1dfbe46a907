package host

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/objectid"
)

// exported is what the name of a namespace, or of a service, in ctx.exports begins with.
const exported = "exports:"

// class returns the class behind a binding, or behind its own name in ctx.exports, and the Worker that has it.
func (h *Host) class(binding string) (script, class string, failed *abi.Error) {
	if class, ok := strings.CutPrefix(binding, exported); ok {
		if !safeName.MatchString(class) || !h.hasClass(class) {
			return "", "", abi.TypeErrorf("the Worker exports nothing called %q", class)
		}
		return h.cfg.Script, class, nil
	}
	class, ok := h.cfg.Objects[binding]
	if !ok {
		return "", "", abi.TypeErrorf("there is no Durable Object binding %q: add it to [[durable_objects.bindings]] in wrangler.toml", binding)
	}
	return cmp.Or(h.cfg.Scripts[binding], h.cfg.Script), class, nil
}

// namespace names the objects of a class. Their ids depend on it, whichever Worker asks.
func namespace(script, class string) string { return script + "-" + class }

func (h *Host) namespace(class string) string { return namespace(h.cfg.Script, class) }

// resolve returns a link to the object that a stub goes to.
func (h *Host) resolve(t abi.Stub) (*link, *abi.Error) {
	script, class, err := h.class(t.Binding)
	if err == nil {
		err = checkOptions(t.Options)
	}
	if err != nil {
		return nil, err
	}
	l := &link{from: h, script: script, stub: t}
	space := namespace(script, class)
	if t.Named {
		name := t.Ref
		l.key, l.name = key{class, objectid.FromName(space, name)}, &name
		return l, nil
	}
	id, err := checkID(space, t.Ref)
	l.key = key{class, id}
	return l, err
}

// Limits of the options of a stub.
const (
	maxStubRetries  = 10
	minRetryTimeout = 500
	maxRetryTimeout = 60_000
)

// checkOptions refuses what workerd refuses, in its order. What is left has no meaning on one machine.
func checkOptions(o *abi.StubOptions) *abi.Error {
	switch {
	case o == nil:
		return nil
	case o.Jurisdiction != "":
		return noJurisdiction
	case o.MaxRetries != nil && !wholeBetween(*o.MaxRetries, 0, maxStubRetries):
		return &abi.Error{Name: "RangeError", Message: "retry.maxRetries must be an integer between 0 and 10"}
	case o.Timeout != nil && !wholeBetween(*o.Timeout, minRetryTimeout, maxRetryTimeout):
		return &abi.Error{Name: "RangeError", Message: "retry.timeoutMs must be an integer between 500 and 60000"}
	case o.RoutingMode != "" && o.RoutingMode != "primary-only":
		return &abi.Error{Name: "RangeError", Message: "unknown routingMode: " + o.RoutingMode}
	}
	return nil
}

func wholeBetween(v, from, to float64) bool { return v >= from && v <= to && v == math.Trunc(v) }

var noJurisdiction = abi.Errorf("Jurisdiction restrictions are not implemented in workerd.")

func checkID(namespace, id string) (string, *abi.Error) {
	spelled, wellFormed, valid := objectid.Check(namespace, id)
	switch {
	case !wellFormed:
		return "", abi.TypeErrorf("Invalid Durable Object ID: must be 64 hex digits")
	case !valid:
		return "", abi.TypeErrorf("Durable Object ID is not valid for this namespace.")
	}
	return spelled, nil
}

// id performs ID.
func (h *Host) id(r *abi.Reader) (string, error) {
	binding, how, text, jurisdiction := r.Str(), r.U8(), r.Str(), r.Str()
	if err := r.End(); err != nil {
		return "", err
	}
	script, class, failed := h.class(binding)
	if failed != nil {
		return "", failed
	}
	space := namespace(script, class)
	if jurisdiction != "" {
		return "", noJurisdiction
	}
	switch how {
	case abi.IDFromName:
		return objectid.FromName(space, text), nil
	case abi.IDFromString:
		id, failed := checkID(space, text)
		if failed != nil {
			return "", failed
		}
		return id, nil
	case abi.IDUnique:
		base := make([]byte, 16)
		h.random.read(base)
		return objectid.Of(space, base), nil
	}
	return "", fmt.Errorf("unknown way %d to make an id", how)
}
