package guest

import (
	"context"
	"time"

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
// reach the host in that order. Natively that takes a Starter.
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
	wait := func() ([]byte, error) { return t.Invoke(ctx, op, request) }
	if t, ok := t.(Starter); ok {
		wait = t.Start(ctx, op, request) // before the streams that the operation refers to are written
	}
	go func() {
		defer close(o.done)
		o.result, o.err = wait()
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
		if err := o.park(ctx); err != nil {
			return nil, err
		}
	}
	return open(o.result)
}

// wait parks until the operation completes, its frame dies or ctx is done; then it is abandoned.
func (o *Operation) wait(ctx context.Context) ([]byte, error) {
	if err := o.park(ctx); err != nil {
		o.abandon()
		return nil, err
	}
	return o.result, nil
}

// park waits for the result.
func (o *Operation) park(ctx context.Context) error {
	select {
	case <-o.done:
		return nil
	case <-ctx.Done():
	case <-o.frame.ctx.Done():
	}
	if o.result != nil {
		return nil
	}
	return o.parkOn(ctx)
}

// parkOn is park when a context is done. Those of an object's finished event end nothing but their deadlines: the operation goes on with the object.
func (o *Operation) parkOn(ctx context.Context) error {
	asked, event := ctx.Done(), o.frame.ctx.Done()
	var home <-chan struct{}
	var late <-chan time.Time
	for o.result == nil {
		select {
		case <-o.done:
			return nil
		case <-asked:
			if err := stopped(ctx); err != nil {
				return err
			}
			asked = nil
			if deadline, ok := ctx.Deadline(); ok {
				timer := time.NewTimer(time.Until(deadline))
				defer timer.Stop()
				late = timer.C
			}
		case <-event:
			if err := stopped(o.frame.ctx); err != nil {
				return err
			}
			event, home = nil, o.frame.object.frame.ctx.Done()
		case <-home:
			return cause(o.frame.object.frame.ctx)
		case <-late:
			return context.DeadlineExceeded
		}
	}
	return nil
}
