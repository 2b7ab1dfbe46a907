package guest

import (
	"context"
	"maps"

	"grove.place/lattice/internal/abi"
)

// Promise is a call that was begun. Further calls can be made on its result before that is there, and go out at once.
type Promise struct {
	err    error
	op     *Operation
	stub   *Stub // the result, as the host knows it
	ctx    context.Context
	result []byte // of a local call
	done   chan struct{}
	path   []string
}

// Start begins an RPC call; the host keeps its promise for further calls.
func Start(ctx context.Context, c abi.RPC, args []any) *Promise {
	sweep(ctx)
	c.Keep = senderNumber()
	var w abi.Writer
	w.RPC(c)
	refs := newReferences(ctx)
	if err := writeArguments(&w, refs, c.Path, args); err != nil {
		return &Promise{err: err}
	}
	o, err := Begin(ctx, abi.OpRPC, w.Bytes())
	if err != nil {
		refs.withdraw()
		return &Promise{err: err}
	}
	refs.begun(o)
	p := &Promise{op: o, ctx: ctx, path: c.Path, stub: heldStub(ctx, c.Keep)}
	if p.stub.owner == nil {
		p.stub.arriving = p
	}
	p.stub.result = o
	return p
}

func (s *Stub) startLocally(ctx context.Context, path []string, args []any) *Promise {
	ctx = context.WithValue(ctx, localsKey{}, &locals{})
	var w abi.Writer
	if err := writeArguments(&w, newReferences(ctx), path, args); err != nil {
		return &Promise{err: err}
	}
	p := &Promise{ctx: ctx, path: path, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		value, err := s.callee.Call(ctx, path, w.Bytes())
		if err != nil {
			p.err = FromABI(ToABI(err))
		} else {
			p.result = value[Headroom:]
		}
	}()
	return p
}

// Failed is a call that failed before it began.
func Failed(err error) *Promise { return &Promise{err: err} }

// Stub returns the result as a receiver of calls, whether or not it is there; those of a call that failed fail as well.
func (p *Promise) Stub(ctx context.Context) *Stub {
	if p.done != nil {
		var s *Stub
		if err := p.Await(ctx, &s); err != nil {
			return &Stub{failed: err}
		}
		return s
	}
	if p.err != nil {
		return &Stub{failed: p.err}
	}
	return p.stub
}

// Await waits for the result and stores it in result, a pointer or nil. Every Await gets the same stubs and streams.
func (p *Promise) Await(ctx context.Context, result any) error {
	r, err := p.reader(ctx)
	if err != nil {
		return err
	}
	refs := newReferences(p.ctx)
	if p.op == nil {
		return decodeResult(refs, r, p.path, result)
	}
	if refs.claimed = maps.Clone(p.op.claimed); refs.claimed == nil {
		refs.claimed = map[claim]any{}
	}
	if err = decodeResult(refs, r, p.path, result); err == nil && len(refs.claimed) > 0 {
		p.op.claimed = refs.claimed
	}
	return err
}

func (p *Promise) reader(ctx context.Context) (*abi.Reader, error) {
	if p.done != nil {
		ctx, stop := Going(ctx)
		defer stop()
		select {
		case <-p.done:
		case <-ctx.Done():
			return nil, cause(ctx)
		}
	}
	switch {
	case p.err != nil:
		return nil, p.err
	case p.done != nil:
		return abi.NewReader(p.result), nil
	}
	return p.op.Wait(ctx)
}

// Dispose gives the promise up for further calls. What its result holds lives on.
func (p *Promise) Dispose(ctx context.Context) error { return p.stub.Dispose(ctx) }
