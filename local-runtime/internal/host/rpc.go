package host

import (
	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// invocation is an RPC call, or the reading of a property, on its way to what it is made on.
type invocation struct {
	path  []string
	mode  byte
	args  payload
	hops  int                                // promises it went through
	cause uint64                             // Number of the Event that it is made in
	done  func(v payload, failed *abi.Error) // exactly once, on any goroutine; it takes v over
}

// end answers the call; arguments that were not delivered are released.
func (c *invocation) end(v payload, failed *abi.Error) {
	c.args.release()
	if failed == nil && len(v.data) > maxMessage {
		failed = remote(tooLarge(len(v.data)))
	}
	if failed != nil {
		v.release()
		v = payload{}
	}
	c.done(v, failed)
}

func (c *invocation) fail(e *abi.Error) { c.end(payload{}, e) }

// maxHops bounds the promises that a call goes through: a promise may have been resolved with a stub of itself.
const maxHops = 256

// maxPath is how long the path of a call may be (workerd api/worker-rpc.c++, MAX_PROPERTY_DEPTH).
const maxPath = 65

var errPath = abi.TypeErrorf("RPC pipelined property path is too deep (max 64).")

// rpcOperation is a decoded RPC operation. It holds a reference to its target.
type rpcOperation struct {
	target callee
	call   *invocation
	lane   lane // of the reply
	keep   uint64
}

// decodeRPC takes an RPC operation of a party.
func (p *peer) decodeRPC(h *Host, r *abi.Reader, from *scope) (c rpcOperation, err error) {
	q := r.RPC()
	if r.Err() != nil {
		return c, r.Err()
	}
	c.keep = q.Keep
	if c.target, c.lane, err = p.resolve(h, q.Target, from); err != nil {
		return c, err
	}
	if len(q.Path) > maxPath {
		return c, errPath
	}
	if r.Remaining() > maxMessage {
		return c, tooLarge(r.Remaining())
	}
	args, err := p.take(r, from, true)
	if err != nil {
		return c, err
	}
	c.target.retain()
	c.call = &invocation{path: q.Path, mode: q.Mode, args: args}
	return c, nil
}

// resolve finds what a Target names.
func (p *peer) resolve(h *Host, t abi.Target, from *scope) (callee, lane, error) {
	switch t.Kind {
	case abi.TargetObject:
		l, failed := p.link(t.Stub, from)
		if failed != nil {
			return nil, lane{}, failed
		}
		return l, replies(t.Stub.Serial), nil
	case abi.TargetFacet:
		t, failed := from.facet(t.Facet)
		if failed != nil {
			return nil, lane{}, failed
		}
		return t, lane{}, nil
	case abi.TargetHeld:
		held, err := p.stub(t.Held, from)
		return held, lane{kind: laneHeldReply, n: t.Held}, err
	case abi.TargetService, abi.TargetExport:
		entry, err := h.service(t)
		if from != nil && from.object != nil {
			entry.caller = &from.object.key
		}
		return entry, lane{}, err
	}
	return nil, lane{}, abi.Errorf("this host cannot make a call on a target of kind %d", t.Kind)
}

func opRPC(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	c, err := s.peer.decodeRPC(s.host, r, f.scope)
	var kept *promise
	if c.keep != 0 {
		kept = newPromise()
		if e := s.peer.keep(c.keep, kept, f.scope); e != nil && err == nil {
			c.call.args.release()
			c.target.release()
			return failure(e), 0
		} else if e != nil {
			kept = nil
		}
	}
	if err != nil {
		if kept != nil {
			kept.settle(payload{}, asError(err))
		}
		return failure(err), 0
	}
	if kept != nil {
		kept.thrown = thrower(c.target)
	}
	f.begin()
	c.call.cause = f.event
	c.call.done = func(v payload, failed *abi.Error) {
		c.target.release()
		if kept != nil {
			kept.settle(v, failed)
		}
		f.completeCall(c.lane, id, v, failed, kept)
	}
	s.outputs.Add(f.object, func() { c.target.call(c.call) }, func(err error) { c.call.fail(asError(err)) })
	return nil, abi.Pending
}

// thrower returns what marks errors as those of the side that t is on.
func thrower(t callee) func(*abi.Error) *abi.Error {
	switch t := t.(type) {
	case *link:
		return func(e *abi.Error) *abi.Error { return thrownBy(e, t.key) }
	case *inner:
		return t.mark
	case entrypoint:
		return t.thrown
	case *export:
		return t.thrown
	case *member:
		return thrower(t.of)
	case *promise:
		return t.thrown
	}
	return remote
}

// completeCall ends an RPC operation: the guest holds from now on what the result passes by reference. Any goroutine may call it.
func (f *frame) completeCall(in lane, id uint32, v payload, failed *abi.Error, kept *promise) {
	posted := f.isolate.deliver(in, func() {
		if f.object != nil {
			f.object.pending--
		}
		to := f.live()
		if to == nil {
			v.release()
		} else {
			w := abi.NewWriter(make([]byte, 0, len(v.data)+16))
			w.U8(abi.EventComplete)
			w.Uint(uint64(id))
			if failed != nil {
				w.U8(abi.StatusError)
				w.Error(failed)
			} else {
				w.U8(abi.StatusOK)
				v.encode(w, f.isolate.peer, to.scope)
			}
			if kept != nil {
				kept.arrived(f.thrown)
			}
			f.deliver(w.Bytes())
		}
		if f.object != nil {
			f.object.checkIdle()
		}
	})
	if !posted {
		v.release()
	}
}

// thrown marks an error as one from the frame's own code.
func (f *frame) thrown(e *abi.Error) *abi.Error {
	if f.object != nil {
		return thrownBy(e, f.object.key)
	}
	return remote(e)
}

func opRelease(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	return s.peer.opRelease(r, f.scope), 0
}

func (p *peer) opRelease(r *abi.Reader, from *scope) []byte {
	var numbers []uint64
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		numbers = append(numbers, r.Uint())
	}
	if err := r.End(); err != nil {
		return failure(err)
	}
	for _, n := range numbers {
		p.drop(n, from)
	}
	return isolate.Success(nil)
}

func opDup(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	return s.peer.opDup(r, f.scope), 0
}

func (p *peer) opDup(r *abi.Reader, from *scope) []byte {
	n := r.Uint()
	if err := r.End(); err != nil {
		return failure(err)
	}
	t, err := p.stub(n, from)
	if err != nil {
		return failure(err)
	}
	t.retain()
	n = p.hold(t, from)
	return isolate.Success(func(w *abi.Writer) { w.Uint(n) })
}
