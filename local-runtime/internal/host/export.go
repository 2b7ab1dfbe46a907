package host

import (
	"slices"
	"strings"
	"sync/atomic"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
)

// export is a stub that a guest passed on in a message. Each passing makes another, with a count of its own; the guest hears RELEASED when the last
// export of a number is gone.
type export struct {
	scope   *scope
	number  uint64
	kind    byte
	methods []string
	level   *gate.Input // calls enter the critical section in which the stub was passed on (workerd io/io-context.h, makeReentryCallback)
	lane    uint64
	refs    atomic.Int32
}

// errHostGone is what a call gets when the event or object that passed the stub on is no more.
var errHostGone = abi.Errorf("The execution context which hosts this callback is no longer running.")

// export makes a target of a guest's stub. It returns with one reference.
func (c *scope) export(s abi.StubValue) *export {
	e := &export{scope: c, number: s.Number, kind: s.Kind, methods: s.Methods, lane: c.isolate.host.lastLane.Add(1)}
	e.refs.Store(1)
	if f := c.isolate.current; f != nil {
		e.level = f.level
	}
	c.exports++
	c.isolate.exported[e.number]++
	return e
}

func (e *export) retain() { e.refs.Add(1) }

// release tells the guest, when nobody is left, that it may forget its stub.
func (e *export) release() {
	if e.refs.Add(-1) > 0 {
		return
	}
	s := e.scope.isolate
	s.post(func() {
		e.scope.exports--
		if s.instance == nil || s.instance != e.scope.instance {
			return
		}
		if s.exported[e.number]--; s.exported[e.number] == 0 {
			delete(s.exported, e.number)
			w := abi.NewWriter([]byte{abi.EventReleased})
			w.Uint(e.number)
			s.turn(nil, delivery{0, w.Bytes()})
		}
		e.scope.settle()
	})
}

// call delivers c as a START of kind 10 where the stub was passed on.
func (e *export) call(c *invocation) {
	e.retain()
	if !e.scope.isolate.deliver(lane{kind: laneHeld, n: e.lane}, func() { e.start(c) }) {
		e.release()
		c.fail(errClosed)
	}
}

func (e *export) start(c *invocation) {
	scope := e.scope
	s, o := scope.isolate, scope.object
	answer := func(v payload, failed *abi.Error) {
		c.end(v, failed)
		e.release()
	}
	if scope.over || s.instance != scope.instance || o != nil && o.failure != nil {
		answer(payload{}, errHostGone)
		return
	}
	if result, failed := lookupExport(e, e.kind, e.methods, c); failed != nil || result != nil {
		if failed != nil {
			answer(payload{}, e.thrown(failed))
			return
		}
		answer(stubPayload(result), nil)
		return
	}
	begin := func() {
		f := s.newFrame(abi.StartCall, o, reply{
			value:  func(v payload) { answer(v, nil) },
			thrown: func(failed *abi.Error) { answer(payload{}, e.thrown(failed)) },
			fail:   func(failed *abi.Error) { answer(payload{}, e.thrown(failed)) },
		}, scope)
		if e.level != nil {
			f.level = e.level
		}
		w := f.started()
		w.Uint(e.number)
		w.Strs(c.path)
		f.args = c.args.encode(w, s.peer, scope)
		s.turn(f, delivery{f.id, w.Bytes()})
	}
	if e.level == nil {
		begin()
		return
	}
	e.level.Do(begin, func(err error) { answer(payload{}, e.thrown(asError(err))) })
}

// thrown marks an error as one from where the stub leads to.
func (e *export) thrown(failed *abi.Error) *abi.Error {
	if o := e.scope.object; o != nil {
		return thrownBy(failed, o.key)
	}
	return remote(failed)
}

// reservedOfTargets are the names that no RpcTarget's method can have (workerd api/worker-rpc.c++).
var reservedOfTargets = map[string]bool{"dup": true, "constructor": true}

// lookupExport finds what c asks for of a stub, as workerd does: methods of targets, and nothing of functions but the call itself. It returns a
// callee, with a reference, when that is the answer, and nothing when the stub's holder is to be called.
func lookupExport(e callee, kind byte, methods []string, c *invocation) (callee, *abi.Error) {
	if len(c.path) == 0 {
		switch {
		case c.mode == abi.RPCGet:
			e.retain()
			return e, nil
		case kind == abi.StubTarget:
			return nil, notFunction(c.path)
		}
		return nil, nil
	}
	name := c.path[0]
	switch {
	case reservedOfTargets[name]:
		return nil, reservedName(name)
	case kind == abi.StubFunction || !slices.Contains(methods, name):
		return nil, noMethod(name)
	case len(c.path) > 1:
		if reservedOfTargets[c.path[1]] {
			return nil, reservedName(c.path[1])
		}
		return nil, noMethod(c.path[1]) // a method is a function, and has nothing of its own
	case c.mode == abi.RPCGet:
		e.retain()
		return &member{of: e, path: c.path[:1]}, nil
	}
	return nil, nil
}

func noMethod(name string) *abi.Error {
	return abi.TypeErrorf("The RPC receiver does not implement the method %q.", name)
}

func reservedName(name string) *abi.Error {
	return abi.TypeErrorf("'%s' is a reserved method and cannot be called over RPC.", name)
}

func notFunction(path []string) *abi.Error {
	if len(path) == 0 {
		return abi.TypeErrorf(`"(this)" is not a function.`)
	}
	return abi.TypeErrorf("%q is not a function.", strings.Join(path, "."))
}

// member is a method of a target, as a stub.
type member struct {
	of   callee
	path []string
	refs atomic.Int32 // beyond the first
}

func (m *member) retain() { m.refs.Add(1) }

func (m *member) release() {
	if m.refs.Add(-1) < 0 {
		m.of.release()
	}
}

func (m *member) call(c *invocation) {
	if len(c.path) == 0 && c.mode == abi.RPCGet {
		m.retain()
		c.end(stubPayload(m), nil)
		return
	}
	c.path = append(slices.Clone(m.path), c.path...)
	m.of.call(c)
}
