package guest

import (
	"context"

	"grove.place/lattice/internal/abi"
)

// Operation is an operation that was begun.
type Operation struct {
	frame  *Frame // nil natively, and when the operation was done in place
	id     uint32
	op     uint32
	result []byte
	err    error
	done   chan struct{} // nil when it was done in place

	abandoned bool          // nobody waits for the result
	claimed   map[claim]any // what Go code got of the result
}

// refused reports whether the host refused the operation in place.
func (o *Operation) refused() bool {
	return o.done == nil && len(o.result) > 0 && o.result[0] != abi.StatusOK
}

// Begin is Invoke without the waiting. It may wait for the frame of ctx to be current; operations begun one after the other
// reach the host in that order. Natively the order is not kept.
func Begin(ctx context.Context, op uint32, request []byte) (*Operation, error) {
	f := FrameOf(ctx)
	if f == nil {
		return beginNatively(ctx, op, request)
	}
	t, id, result, err := f.cross(ctx, op, request)
	if t == nil || err != nil {
		return &Operation{result: result}, err
	}
	return t.begun(op, id), nil
}

func beginNatively(ctx context.Context, op uint32, request []byte) (*Operation, error) {
	t, ok := ctx.Value(transportKey{}).(Transport)
	if !ok {
		return nil, ErrNoFrame
	}
	o := &Operation{done: make(chan struct{})}
	go func() {
		defer close(o.done)
		o.result, o.err = t.Invoke(ctx, op, request)
	}()
	return o, nil
}

// begun notes an operation that is pending in f.
func (f *Frame) begun(op, id uint32) *Operation {
	o := &Operation{frame: f, id: id, op: op, done: make(chan struct{})}
	pending[id] = o
	f.pending++
	return o
}

// Wait waits for the operation to end, and returns a reader of its payload. It may be called again.
func (o *Operation) Wait(ctx context.Context) (*abi.Reader, error) {
	if o.frame == nil && o.done != nil {
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, cause(ctx)
		}
		if o.err != nil {
			return nil, o.err
		}
		return open(o.result)
	}
	if o.done != nil {
		if o.result == nil && ctx.Value(nonBlockingKey{}) != nil {
			return nil, errWouldBlock
		}
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, cause(ctx)
		case <-o.frame.ctx.Done():
			if o.result == nil {
				return nil, cause(o.frame.ctx)
			}
		}
	}
	return open(o.result)
}

// wait parks until the operation completes, its frame dies or ctx is done; then it is abandoned.
func (o *Operation) wait(ctx context.Context) ([]byte, error) {
	f := o.frame
	select {
	case <-o.done:
		return o.result, nil
	case <-ctx.Done():
	case <-f.ctx.Done():
	}
	if o.result != nil {
		return o.result, nil
	}
	o.abandon()
	if ctx.Err() != nil {
		return nil, cause(ctx)
	}
	return nil, cause(f.ctx)
}
