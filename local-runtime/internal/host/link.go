package host

import (
	"slices"

	"grove.place/lattice/internal/abi"
)

// link is a stub of an object, as one scope of a Worker has it. Its fields from bound on belong to the loop of the object's isolate.
//
// Invariant: once it has delivered something, a link leads to the objects from then until the next reset, and is broken after that; as the stubs of
// workerd, which survive an eviction but not a reset (server/server-test.c++, "Broken DO stays broken until stub replaced").
type link struct {
	from   *Host
	script string // the Worker that has the class
	stub   abi.Stub
	key    key
	name   *string
	in     lane

	bound  *Isolate // where it has delivered something; the Worker may have been replaced since
	since  uint64   // resets of the isolate when it was bound
	broken *abi.Error
}

// maxLinks is how many stubs of objects a scope remembers; the shim remembers as many.
const maxLinks = 1000

// linked returns the link for a stub. links and order are those of the scope.
func (h *Host) linked(links map[uint64]*link, order *[]uint64, stub abi.Stub, native bool) (*link, *abi.Error) {
	if l := links[stub.Serial]; l != nil && l.stub.Binding == stub.Binding && l.stub.Named == stub.Named && l.stub.Ref == stub.Ref {
		return l, nil
	}
	l, failed := h.resolve(stub)
	if failed != nil {
		return nil, failed
	}
	l.in = calls(native, stub.Serial, h.number)
	if len(*order) >= maxLinks {
		delete(links, (*order)[0])
		*order = slices.Delete(*order, 0, 1)
	}
	links[stub.Serial] = l
	*order = append(*order, stub.Serial)
	return l, nil
}

// link returns the link for a stub of the guest.
func (c *scope) link(stub abi.Stub) (*link, *abi.Error) {
	if c.links == nil {
		c.links = map[uint64]*link{}
	}
	return c.isolate.host.linked(c.links, &c.order, stub, false)
}

// reset is the end of an object.
type reset struct {
	at    uint64
	error *abi.Error
}

// maxResets is how many resets an isolate remembers for the stubs that may still be around.
const maxResets = 4096

// noteReset breaks the stubs that lead to an object.
func (s *Isolate) noteReset(k key, e *abi.Error) {
	s.resetCount++
	s.resetLog[k] = append(s.resetLog[k], reset{s.resetCount, e})
	s.resetKeys = append(s.resetKeys, k)
	if len(s.resetKeys) <= maxResets {
		return
	}
	oldest := s.resetKeys[0]
	s.resetKeys = s.resetKeys[1:]
	if log := s.resetLog[oldest][1:]; len(log) > 0 {
		s.resetLog[oldest] = log
	} else {
		delete(s.resetLog, oldest)
	}
}

// open binds the link, and reports whether it is whole. It is called on the loop of the object.
func (l *link) open(s *Isolate) *abi.Error {
	if l.bound != s {
		l.bound, l.since, l.broken = s, s.resetCount, nil
		return nil
	}
	if l.broken != nil {
		return l.broken
	}
	for _, r := range s.resetLog[l.key] {
		if r.at > l.since {
			l.broken = r.error
			return l.broken
		}
	}
	return nil
}

func (l *link) retain()  {}
func (l *link) release() {}

// call calls a method of the object.
func (l *link) call(c *invocation) {
	l.reach(func(h *Host) {
		s := h.isolateOf(l.key)
		if !s.deliver(l.in, func() { l.start(s, c) }) {
			c.fail(errClosed)
		}
	}, c.fail, c.fail)
}

// reach finds the Worker that has the class: now, or when it runs.
func (l *link) reach(to func(*Host), missing, fail func(*abi.Error)) {
	l.from.reach(l.script, func(h *Host) {
		if h != l.from && !h.runsPrograms() && !h.hasClass(l.key.class) {
			fail(abi.TypeErrorf("the Worker %q has no Durable Object class %q: check class_name and script_name of the binding %s", l.script, l.key.class, l.stub.Binding))
			return
		}
		to(h)
	}, missing, fail)
}

// reserved are the names that are handlers of the class, or the runtime's own (workerd api/worker-rpc.c++).
var reserved = map[string]bool{
	"fetch": true, "connect": true, "alarm": true, "webSocketMessage": true, "webSocketClose": true, "webSocketError": true,
	"dup": true, "constructor": true,
}

func (l *link) start(s *Isolate, c *invocation) {
	if e := l.open(s); e != nil {
		c.fail(e)
		return
	}
	startMethod(l, c, s, func(method string) bool { return s.host.hasMethod(l.key.class, method) },
		func(e *abi.Error) *abi.Error { return thrownBy(e, l.key) },
		func(write func(*frame, *abi.Writer), r reply) { s.start(l.key, l.name, abi.StartRPC, write, r) })
}

// startMethod calls a method of an object in an event that start begins; mark says whose errors it throws.
func startMethod(of callee, c *invocation, s *Isolate, has func(method string) bool, mark func(*abi.Error) *abi.Error,
	start func(write func(*frame, *abi.Writer), r reply)) {
	result, failed := lookupMethod(of, c, has)
	switch {
	case failed != nil:
		c.fail(remote(failed))
		return
	case result != nil:
		c.end(stubPayload(result), nil)
		return
	}
	method := c.path[0]
	start(func(f *frame, w *abi.Writer) {
		w.Str(method)
		f.args = c.args.encode(w, s.peer, f.scope)
	}, reply{
		cause: c.cause, what: method,
		value: func(v payload) { c.end(v, nil) },
		thrown: func(e *abi.Error) {
			if isNoMethod(e, method) {
				c.fail(remote(e))
				return
			}
			c.fail(mark(e))
		},
		fail: c.fail,
	})
}

// lookupMethod finds what c asks of an entrypoint of the module: an object, or the Worker. It returns a callee when that is the answer, and nothing
// when a method is to be called.
func lookupMethod(of callee, c *invocation, has func(method string) bool) (callee, *abi.Error) {
	if len(c.path) == 0 {
		return nil, notFunction(c.path)
	}
	name := c.path[0]
	switch {
	case reserved[name]:
		return nil, reservedName(name)
	case len(c.path) == 1 && c.mode == abi.RPCCall:
		return nil, nil
	case !has(name):
		return nil, noMethod(name)
	case len(c.path) > 1 && reserved[c.path[1]]:
		return nil, reservedName(c.path[1])
	case len(c.path) > 1:
		return nil, noMethod(c.path[1])
	}
	return &member{of: of, path: c.path[:1]}, nil
}

// isNoMethod reports whether e says that there is no such method: it comes from the runtime, not from the object's code.
func isNoMethod(e *abi.Error, method string) bool {
	return e.Name == "TypeError" && e.Message == noMethod(method).Message
}
