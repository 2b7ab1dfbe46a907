package host

import (
	"sync"

	"grove.place/lattice/internal/abi"
)

// peer is one side of RPC: a guest, or the native code around the host. It numbers what it holds of others.
type peer struct {
	isolate *Isolate // nil: native
	native  *native
	streams *streams

	mu   sync.Mutex
	last uint64
	held map[uint64]holding
}

// holding is a stub or promise that a party holds. Only its scope may use it.
type holding struct {
	target callee
	scope  *scope
}

func newPeer() *peer {
	return &peer{streams: newStreams(), held: map[uint64]holding{}}
}

// The errors of what belongs to another event or object, as workerd has them (io/io-own.c++).
const foreign = "Cannot perform I/O on behalf of a different %s. I/O objects (such as streams, request/response bodies, and others) created in the context of one %s cannot be accessed from a different %s. This is a limitation of Cloudflare Workers which allows us to improve overall performance. (I/O type: Client)"

func (h holding) check(number uint64, from *scope) error {
	switch {
	case h.target == nil && number >= abi.SenderNumbers:
		return errPromiseDisposed
	case h.target == nil:
		return errStubDisposed
	case h.scope == from:
		return nil
	case h.scope != nil && h.scope.object != nil:
		return abi.Errorf(foreign, "Durable Object", "Durable Object", "Durable Object in the same isolate")
	}
	return abi.Errorf(foreign, "request", "request handler", "request's handler")
}

// hold numbers a target that the party holds from now on in scope, which takes over a reference to it.
func (p *peer) hold(t callee, in *scope) uint64 {
	p.mu.Lock()
	p.last++
	n := p.last
	p.held[n] = holding{t, in}
	p.mu.Unlock()
	if in != nil {
		in.holds(n)
	}
	return n
}

// keep is hold under a number that the party has chosen.
func (p *peer) keep(number uint64, t callee, in *scope) error {
	p.mu.Lock()
	_, taken := p.held[number]
	if !taken && number >= abi.SenderNumbers {
		p.held[number] = holding{t, in}
	}
	p.mu.Unlock()
	if taken || number < abi.SenderNumbers {
		return abi.Errorf("a promise cannot be kept as %d", number)
	}
	if in != nil {
		in.holds(number)
	}
	return nil
}

// stub returns what number stands for in scope.
func (p *peer) stub(number uint64, from *scope) (callee, error) {
	p.mu.Lock()
	h := p.held[number]
	p.mu.Unlock()
	return h.target, h.check(number, from)
}

// drop releases what number stands for, if anything.
func (p *peer) drop(number uint64, from *scope) {
	p.mu.Lock()
	h, ok := p.held[number]
	if ok = ok && h.scope == from; ok {
		delete(p.held, number)
	}
	p.mu.Unlock()
	if !ok {
		return
	}
	if from != nil {
		from.drops(number)
	}
	h.target.release()
}

// link returns the party's stub of an object.
func (p *peer) link(stub abi.Stub, from *scope) (*link, *abi.Error) {
	if from != nil {
		return from.link(stub)
	}
	return p.native.link(stub)
}

// passOn makes a target of a stub that the party passes on from scope.
func (p *peer) passOn(s abi.StubValue, from *scope) (callee, error) {
	if s.Number >= abi.SenderNumbers {
		return nil, abi.Errorf("%d is no number of a stub", s.Number)
	}
	if p.isolate == nil {
		return p.native.passOn(s)
	}
	return from.export(s), nil
}

// abandon forgets everything: the party is gone.
func (p *peer) abandon(err error) {
	p.mu.Lock()
	held := p.held
	p.held = map[uint64]holding{}
	p.mu.Unlock()
	for _, h := range held {
		h.target.release()
	}
	p.streams.abort(err)
}
