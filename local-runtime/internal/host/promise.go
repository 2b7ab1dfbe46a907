package host

import (
	"sync"

	"grove.place/lattice/internal/abi"
)

// promise is a call that was asked to be kept, for calls into its result. Those that come before the result wait for it, in their order.
//
// Invariant: calls leave a promise in the order in which they came.
type promise struct {
	thrown func(*abi.Error) *abi.Error // marks errors as those of whom the call went to

	mu      sync.Mutex
	waiting []*invocation
	settled bool // and nothing waits
	value   payload
	failed  *abi.Error
	seen    func(*abi.Error) *abi.Error // like thrown, once the caller has got the result
	refs    int
}

// newPromise returns a promise with two references: its holder's and that of the call.
func newPromise() *promise { return &promise{refs: 2, thrown: remote} }

func (p *promise) retain() {
	p.mu.Lock()
	p.refs++
	p.mu.Unlock()
}

func (p *promise) release() {
	p.mu.Lock()
	p.refs--
	gone := p.refs == 0
	p.mu.Unlock()
	if gone {
		p.value.release()
	}
}

func (p *promise) call(c *invocation) {
	p.mu.Lock()
	if !p.settled {
		p.waiting = append(p.waiting, c)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.dispatch(c)
}

// settle ends the promise with a copy of a result, or with an error, and gives up the reference of the call.
func (p *promise) settle(v payload, failed *abi.Error) {
	if failed == nil {
		p.value = v.copy(0, len(v.data))
	}
	p.failed = failed
	p.mu.Lock()
	for len(p.waiting) > 0 {
		waiting := p.waiting
		p.waiting = nil
		p.mu.Unlock()
		for _, c := range waiting {
			p.dispatch(c)
		}
		p.mu.Lock()
	}
	p.settled = true
	p.mu.Unlock()
	p.release()
}

// arrived notes that the caller has got the result: from then on calls into it are calls into what the caller has.
func (p *promise) arrived(thrown func(*abi.Error) *abi.Error) {
	p.mu.Lock()
	p.seen = thrown
	p.mu.Unlock()
}

// dispatch makes a call into the result: own properties of plain objects, and beyond them what stubs offer.
func (p *promise) dispatch(c *invocation) {
	if c.hops++; c.hops > maxHops {
		c.fail(abi.Errorf("a promise was resolved with itself"))
		return
	}
	if p.failed != nil {
		c.fail(p.failed)
		return
	}
	p.mu.Lock()
	thrown, seen := p.thrown, p.seen != nil
	if seen {
		thrown = p.seen
	}
	p.mu.Unlock()
	v := &p.value
	if t := v.single(); t != nil {
		t.call(c)
		return
	}
	if tag := v.data[0]; seen && isPrimitive(tag) {
		c.fail(abi.TypeErrorf("Can't pipeline on RPC that did not return an object."))
		return
	}
	start, end := 0, len(v.data)
	for i, name := range c.path {
		if reservedOfTargets[name] {
			c.fail(thrown(reservedName(name)))
			return
		}
		from, to, ok := abi.NewReader(v.data[start:end]).Property(name)
		if !ok {
			c.fail(thrown(noMethod(name)))
			return
		}
		start, end = start+from, start+to
		rest := c.path[i+1:]
		if t := v.stubAt(start); t != nil && (len(rest) > 0 || c.mode == abi.RPCCall) {
			c.path = rest
			t.call(c)
			return
		}
		if len(rest) > 0 && v.data[start] != abi.TagObject {
			c.fail(thrown(noMethod(name)))
			return
		}
	}
	if c.mode == abi.RPCCall {
		c.fail(thrown(notFunction(c.path)))
		return
	}
	out := v.copy(start, end)
	if out.streamed() {
		out.release()
		c.fail(thrown(errLocked))
		return
	}
	c.end(out, nil)
}

// isPrimitive reports whether a Value of that tag is no object in JavaScript.
func isPrimitive(tag byte) bool {
	switch tag {
	case abi.TagUndefined, abi.TagNull, abi.TagFalse, abi.TagTrue, abi.TagInt, abi.TagFloat, abi.TagString, abi.TagBigInt:
		return true
	}
	return false
}
