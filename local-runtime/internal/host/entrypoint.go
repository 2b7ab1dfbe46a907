package host

import (
	"cmp"
	"fmt"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// Entrypoint is what a service binding goes to in its Worker.
type Entrypoint struct {
	Name  string // default: the Worker's own handlers, and the methods of its default entrypoint
	Props any    // what workers.Props gets: a struct or a map. Default: an empty one
}

// defaultEntrypoint is the name of the entrypoint with the Worker's own handlers.
const defaultEntrypoint = "default"

// entrypoint is a Worker, or an entrypoint of it, as something calls it.
type entrypoint struct {
	from   *Host // whose binding or export it is
	script string
	name   string
	props  abi.Value // an Object; nil: an empty one
	caller *key      // the object that calls; nil: none does
	bound  bool      // by a service binding: the Worker's static assets come first, as for requests from outside
}

// encodeProps encodes the props of service bindings.
func encodeProps(bindings map[string]Entrypoint) (map[string]abi.Value, error) {
	all := map[string]abi.Value{}
	for binding, e := range bindings {
		if e.Props == nil {
			continue
		}
		var w abi.Writer
		if err := codec.Marshal(&w, e.Props); err != nil {
			return nil, fmt.Errorf("props of service binding %s: %w", binding, err)
		}
		props, ok := abi.NewReader(w.Bytes()).Value().(abi.Object)
		if !ok {
			return nil, fmt.Errorf("props of service binding %s must be a struct or a map, not %T", binding, e.Props)
		}
		all[binding] = props
	}
	return all, nil
}

// service finds what a target of the Worker's names: a service binding, or an export of the Worker itself.
func (h *Host) service(t abi.Target) (entrypoint, error) {
	if t.Kind == abi.TargetExport {
		return h.export(t.Facet.Class, t.Facet.Props)
	}
	if name, ok := strings.CutPrefix(t.Service, exported); ok {
		return h.export(name, nil)
	}
	script, ok := h.cfg.Services[t.Service]
	if !ok {
		return entrypoint{}, unboundService(t.Service)
	}
	return entrypoint{from: h, script: script, name: cmp.Or(h.cfg.Entrypoints[t.Service].Name, defaultEntrypoint), props: h.props[t.Service], bound: true}, nil
}

// export returns an entrypoint that ctx.exports has.
func (h *Host) export(name string, props abi.Value) (entrypoint, error) {
	if !h.hasEntrypoint(name) {
		return entrypoint{}, abi.TypeErrorf("the Worker exports nothing called %q", name)
	}
	return entrypoint{from: h, script: h.cfg.Script, name: name, props: props}, nil
}

// itself is the Worker as its front door calls it.
func (h *Host) itself() entrypoint {
	return entrypoint{from: h, script: h.cfg.Script, name: defaultEntrypoint}
}

// hasEntrypoint reports whether the Worker exports an entrypoint.
func (h *Host) hasEntrypoint(name string) bool {
	return name == defaultEntrypoint || h.described().entrypoints[name] != nil
}

// isDefault reports whether events are delivered as those of the Worker itself.
func (t entrypoint) isDefault() bool { return t.name == "" || t.name == defaultEntrypoint }

func (t entrypoint) retain()  {}
func (t entrypoint) release() {}

// thrown marks an error of a call. As workerd does it, it is one of the object that called.
func (t entrypoint) thrown(e *abi.Error) *abi.Error {
	if t.caller != nil {
		return thrownBy(e, *t.caller)
	}
	return remote(e)
}

// missing is the error of what is not exported.
func (t entrypoint) missing() *abi.Error {
	return abi.Errorf("the Worker %q exports no entrypoint %q: declare it there with workers.Entrypoint, or change entrypoint of the service binding", t.script, t.name)
}

// begin starts an event of the entrypoint, in the next isolate of its Worker. fail is called where it does not begin.
func (t entrypoint) begin(h *Host, kind byte, r reply, write func(s *Isolate, f *frame, w *abi.Writer), fail func(*abi.Error)) (abandon func(reason string)) {
	if r.event == 0 { // the front door has begun it otherwise
		r = h.observed(Event{Kind: eventKinds[kind], Name: r.what}, r)
	}
	s := h.nextIsolate()
	var f *frame
	posted := s.deliver(lane{}, func() {
		if err := s.boot(); err != nil {
			fail(asError(err))
			return
		}
		f = s.newFrame(kind, nil, r, nil)
		f.entry = t
		w := f.started()
		write(s, f, w)
		s.turn(f, delivery{f.id, w.Bytes()})
	})
	if !posted {
		fail(errClosed)
		return func(string) {}
	}
	return func(reason string) {
		s.post(func() {
			if f != nil {
				f.abandon(reason)
			}
		})
	}
}

var errConstructor = abi.TypeErrorf("Illegal constructor")

// call calls a method, in an event of its own.
func (t entrypoint) call(c *invocation) {
	t.from.reach(t.script, func(h *Host) { t.callIn(h, c) }, c.fail, c.fail)
}

func (t entrypoint) callIn(h *Host, c *invocation) {
	fail := func(e *abi.Error) { c.fail(t.thrown(e)) }
	switch {
	case len(c.path) == 1 && c.path[0] == "constructor": // that of the binding, which the Worker is not asked for
		c.fail(errConstructor)
		return
	case h.runsPrograms() && t.isDefault() && len(c.path) > 0: // it has fetch alone
		fail(noMethod(c.path[0]))
		return
	case !h.hasEntrypoint(t.name):
		c.fail(t.missing())
		return
	}
	result, failed := lookupMethod(t, c, func(method string) bool { return h.described().entrypoints[t.name][method] })
	switch {
	case failed != nil:
		fail(failed)
		return
	case result != nil:
		c.end(stubPayload(result), nil)
		return
	}
	t.begin(h, abi.StartRPC, reply{cause: c.cause, what: c.path[0], value: func(v payload) { c.end(v, nil) }, thrown: fail, fail: fail}, func(s *Isolate, f *frame, w *abi.Writer) {
		w.Str(c.path[0])
		f.args = c.args.encode(w, s.peer, f.scope)
	}, c.fail)
}

// fetch sends a request. A Worker that is not in the session answers as in wrangler dev.
func (t entrypoint) fetch(q *abi.Request, body content, r reply, fail func(*abi.Error)) {
	t.from.reach(t.script, func(h *Host) {
		if h.assets == nil || !t.bound || !t.isDefault() {
			t.fetchIn(h, q, body, r)
			return
		}
		h.work.run(func() {
			if !h.assetsFirst(q) {
				t.fetchIn(h, q, body, r)
				return
			}
			if body.source != nil {
				body.source.Cancel(nil)
			}
			h.fetchAssets(q, r)
		})
	}, r.unavailable, fail)
}

// fetchIn returns a function that gives up on the request.
func (t entrypoint) fetchIn(h *Host, q *abi.Request, body content, r reply) (abandon func(reason string)) {
	switch {
	case h.runsPrograms() && t.isDefault():
		return h.fetchProgram(q, body, r)
	case !h.hasEntrypoint(t.name):
		r.fail(t.missing())
		return func(string) {}
	}
	return t.begin(h, abi.StartFetch, r, func(s *Isolate, f *frame, w *abi.Writer) { s.writeRequest(f, w, q, body) }, r.fail)
}

var noProps = isolate.Success(func(w *abi.Writer) { w.Value(abi.Object{}) })

// opProps is ctx.props.
func opProps(_ *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	var props abi.Value
	switch {
	case f.object != nil:
		props = f.object.born.Props
	case f.scope.main != nil: // f may be a call into what the event passed on
		props = f.scope.main.entry.props
	}
	if props == nil {
		return noProps, 0
	}
	return isolate.Success(func(w *abi.Writer) { w.Value(props) }), 0
}
