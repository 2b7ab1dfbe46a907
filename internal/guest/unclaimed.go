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

// claimed is the claim of a decoded Value; its number is 0 when it passes nothing by reference.
func claimed(v abi.Value) claim {
	switch v := v.(type) {
	case abi.StubValue:
		return claim{abi.TagStub, v.Number}
	case abi.Readable:
		return claim{abi.TagReadable, uint64(v)}
	case abi.Writable:
		return claim{abi.TagWritable, uint64(v)}
	case *abi.Request:
		return claim{abi.TagRequest, v.Body.Stream}
	case *abi.Response:
		return claim{abi.TagResponse, v.Body.Stream}
	}
	return claim{}
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

// streamsIn are the claims of the streams in a list of arguments.
func streamsIn(refs *references, args []byte) (all []claim) {
	if refs.local != nil || len(args) < 2 || args[0] <= 1 && args[1] < abi.TagArray {
		return nil
	}
	abi.NewReader(args).ScanList(func(ref abi.Reference) {
		if ref.Stream != 0 {
			all = append(all, claimOf(ref))
		}
	})
	return all
}

// claimSocket is the tag of the claim of a response's WebSocket.
const claimSocket = 0xff

var errUnclaimed = errors.New("nobody waits for the result that this belongs to")

// disown gives up what is not among the claimed.
func disown(ctx context.Context, all []claim, claimed map[claim]any) {
	var stubs []uint64
	for _, c := range all {
		if claimed[c] != nil {
			continue
		}
		switch c.tag {
		case abi.TagStub:
			stubs = append(stubs, c.number)
		case claimSocket:
			closeSocket(ctx, c.number)
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

// closeSocket ends a connection that nobody asks for any more; only one that is accepted can be closed.
func closeSocket(ctx context.Context, number uint64) {
	var accept, end abi.Writer
	accept.Uint(number)
	accept.U8(abi.AcceptOrdinary)
	accept.Strs(nil)
	end.Uint(number)
	end.OptF64(nil)
	end.OptStr(nil)
	if Do(ctx, abi.OpSocketAccept, accept.Bytes()) == nil {
		_ = Do(ctx, abi.OpSocketClose, end.Bytes())
	}
}

// passes reports whether the results of an operation pass something by reference.
func passes(op uint32) bool {
	return op == abi.OpRPC || op == abi.OpFetch || op == abi.OpR2 || op == abi.OpWorkersKV || op == abi.OpCache
}

// abandon has the result given up when it comes: nobody waits for it any more.
func (o *Operation) abandon() {
	if o.frame == nil {
		return
	}
	switch {
	case !passes(o.op):
		o.frame.forget(o.id)
	case o.result != nil:
		o.late()
	default:
		o.abandoned = true
		if o.op == abi.OpFetch && o.frame.dead == nil {
			spawn(o.stop)
		}
	}
}

// stop has the host end a request whose response nobody waits for.
func (o *Operation) stop() {
	if o.result != nil {
		return
	}
	var w abi.Writer
	w.Uint(uint64(o.id))
	_ = Do(context.WithoutCancel(o.frame.ctx), abi.OpAbandon, w.Bytes())
}

// late gives up the result of an operation that was abandoned.
func (o *Operation) late() {
	r, err := open(o.result)
	if err != nil {
		return
	}
	var all []claim
	var body abi.Body
	switch o.op {
	case abi.OpRPC:
		all = claims(r.Rest())
	case abi.OpR2, abi.OpWorkersKV:
		r.Value()
		body = r.Body()
	case abi.OpCache:
		if r.Bool() {
			body = r.Response().Body
		}
	default:
		p := r.Response()
		if body = p.Body; p.Socket != 0 {
			all = []claim{{claimSocket, p.Socket}}
		}
	}
	if r.Err() == nil && body.Mode == abi.BodyStream {
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
