package guest

import (
	"context"
	"errors"
	"maps"

	"grove.place/lattice/internal/abi"
)

// What a result passes by reference is held by the host for the object, or for the event of the Worker, that asked. A result that no Go code
// sees, or only in part, is given up here: otherwise the other side would keep it for as long as the object lives.

// claim is something that a message passes by reference.
type claim struct {
	tag    byte
	number uint64
}

func claimOf(ref abi.Reference) claim {
	if ref.Tag == abi.TagStub {
		return claim{abi.TagStub, ref.Stub.Number}
	}
	return claim{ref.Tag, ref.Stream}
}

// claims are those of an encoded Value.
func claims(value []byte) (all []claim) {
	if len(value) == 0 || value[0] < abi.TagArray {
		return nil // the usual result: nothing can be in it
	}
	abi.NewReader(value).Scan(func(ref abi.Reference) {
		if ref.Tag != abi.TagStub && ref.Stream == 0 {
			return
		}
		all = append(all, claimOf(ref))
	})
	return all
}

var errUnclaimed = errors.New("nobody waits for the result that this belongs to")

// disown gives up what is not among the claimed.
func disown(ctx context.Context, all []claim, claimed map[claim]bool) {
	var stubs []uint64
	for _, c := range all {
		if claimed[c] {
			continue
		}
		switch c.tag {
		case abi.TagStub:
			stubs = append(stubs, c.number)
		case abi.TagWritable:
			(&writeStream{ctx: ctx, id: c.number}).abort(errUnclaimed)
		default:
			_ = (&readStream{ctx: ctx, id: c.number}).cancel(errUnclaimed)
		}
	}
	if stubs != nil {
		_ = release(ctx, stubs)
	}
}

// abandon has the result given up when it comes: nobody waits for it any more.
func (o *Operation) abandon() {
	if o.frame == nil {
		return
	}
	switch {
	case o.op != abi.OpRPC && o.op != abi.OpFetch:
		o.frame.forget(o.id)
	case o.result != nil:
		o.late()
	default:
		o.abandoned = true
	}
}

// late gives up the result of an operation that was abandoned.
func (o *Operation) late() {
	r, err := open(o.result)
	if err != nil {
		return
	}
	var all []claim
	if o.op == abi.OpRPC {
		all = claims(r.Rest())
	} else if body := r.Response().Body; r.Err() == nil && body.Mode == abi.BodyStream {
		all = []claim{{abi.TagReadable, body.Stream}}
	}
	if all != nil {
		spawn(func() { disown(o.frame.ctx, all, maps.Clone(o.claimed)) })
	}
}

// forget takes a pending operation of f out of the table.
func (f *Frame) forget(id uint32) {
	if pending[id] != nil {
		delete(pending, id)
		f.pending--
	}
}

// forgetAll forgets the operations that are pending in f, which no event will complete.
func (f *Frame) forgetAll() {
	if f.pending == 0 {
		return
	}
	for id, o := range pending {
		if o.frame == f {
			f.forget(id)
		}
	}
}
