package host

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// native performs operations for Go code outside of any guest: tests that use the same descriptors as the module.
type native struct {
	*peer
	host    *Host
	loop    *loop // the sockets'
	sockets *socketTable

	linkMu sync.Mutex
	links  map[uint64]*link
	order  []uint64
}

func newNative(h *Host) *native {
	n := &native{peer: newPeer(), host: h, loop: newLoop(&h.work, h.number), links: map[uint64]*link{}}
	n.peer.native = n
	n.sockets = newSocketTable(n.loop, laneNativeSocket)
	return n
}

func (n *native) close() {
	n.loop.do(func() {
		for _, k := range n.sockets.sorted() {
			k.drop()
		}
	})
	n.loop.stop()
	n.abandon(errClosed)
}

// link returns the link for a stub of native code.
func (n *native) link(stub abi.Stub) (*link, *abi.Error) {
	n.linkMu.Lock()
	defer n.linkMu.Unlock()
	return n.host.linked(n.links, &n.order, stub, true)
}

// Invoke performs an operation as if in an event of the Worker, and waits for it.
func (h *Host) Invoke(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	return h.Start(ctx, op, request)()
}

// Start is Invoke without the waiting, which is what it returns. The operation has begun by then: what it refers to, such as a stream, may be used.
func (h *Host) Start(ctx context.Context, op uint32, request []byte) (wait func() ([]byte, error)) {
	if op == abi.OpSocketReceive {
		return func() ([]byte, error) { return h.native.receive(ctx, abi.NewReader(request)) }
	}
	done := h.newSignal()
	var answer []byte
	finish := func(result []byte) {
		answer = result
		done.set()
	}
	if result := h.native.begin(ctx, op, abi.NewReader(request), finish); result != nil {
		return func() ([]byte, error) { return result, nil }
	}
	return func() ([]byte, error) {
		if err := done.wait(ctx, describe(op, request)); err != nil {
			return nil, err
		}
		return answer, nil
	}
}

// describe says what an operation asks for.
func describe(op uint32, request []byte) string {
	r := abi.NewReader(request)
	switch op {
	case abi.OpRPC:
		if c := r.RPC(); r.Err() == nil && len(c.Path) > 0 {
			return "method " + strings.Join(c.Path, ".") + " of " + c.Target.Stub.Binding + " " + c.Target.Stub.Ref
		}
	case abi.OpFetch:
		r.Target()
		if q := r.Request(); r.Err() == nil {
			return q.Method + " " + q.URL
		}
	}
	return opName(op)
}

// begin answers in place, or with nil and done later.
func (n *native) begin(ctx context.Context, op uint32, r *abi.Reader, done func(result []byte)) []byte {
	h := n.host
	switch op {
	case abi.OpEnv:
		return h.env
	case abi.OpProps:
		return noProps
	case abi.OpLog:
		level, text := r.U8(), r.Str()
		if r.End() == nil && int(level) < len(levels) {
			write(ctx, h.cfg.Logger, level, text)
		}
		return isolate.Success(nil)
	case abi.OpID:
		id, err := h.id(r)
		if err != nil {
			return failure(err)
		}
		return isolate.Success(func(w *abi.Writer) { w.Str(id) })
	case abi.OpRPC:
		return n.rpc(ctx, r, done)
	case abi.OpRelease:
		return n.opRelease(r, nil)
	case abi.OpDup:
		return n.opDup(r, nil)
	case abi.OpFetch:
		return n.fetch(ctx, r, done)
	case abi.OpD1:
		return h.d1(r, done)
	case abi.OpD1Session:
		return h.d1Session(r, done)
	case abi.OpQueueSend:
		return h.queueSend(r, done)
	case abi.OpR2:
		return n.stored((*Host).r2, r, done)
	case abi.OpWorkersKV:
		return n.stored((*Host).workersKV, r, done)
	case abi.OpRateLimit:
		return h.rateLimit(r, done)
	case abi.OpDataPoint:
		write, err := h.dataPoint(r)
		if err != nil {
			return failure(err)
		}
		write()
		return isolate.Success(nil)
	case abi.OpCache:
		return n.cache(r, done)
	case abi.OpRead:
		n.streams.read(r, done)
	default:
		if do := socketOps[op]; do != nil {
			return n.socket(do, r)
		}
		return n.stream(op, r, done)
	}
	return nil
}

func (n *native) fetch(ctx context.Context, r *abi.Reader, done func([]byte)) []byte {
	c, err := n.decodeFetch(n.host, r, nil)
	if err != nil {
		return failure(err)
	}
	n.host.fetch(nil, c, reply{
		response: func(p *abi.Response, body content) {
			out := *p
			out.Body, _ = n.streams.offer(body)
			if body.socket != nil {
				out.Socket = n.adopt(ctx, body.socket)
			}
			done(isolate.Success(func(w *abi.Writer) { w.Response(&out) }))
		},
		fail: func(e *abi.Error) { done(isolate.Failure(e)) },
	})
	return nil
}

// stream performs the operations on bodies but READ.
func (n *native) stream(op uint32, r *abi.Reader, done func([]byte)) []byte {
	id := r.Uint()
	switch op {
	case abi.OpCancel:
		n.streams.cancel(id, r.Error())
	case abi.OpWrite:
		n.streams.writer(id).Write(bytes.Clone(r.Blob()), func(err error) { done(outcome(err)) })
		return nil
	case abi.OpPipe:
		n.streams.pipe(id, n.streams.writer(r.Uint()), func(err error) { done(outcome(err)) })
		return nil
	case abi.OpClose:
		n.streams.writer(id)
		n.streams.finish(id, nil)
	case abi.OpAbort:
		n.streams.writer(id)
		n.streams.finish(id, r.Error())
	default:
		return failure(fmt.Errorf("operation %d exists only in handlers of the module", op))
	}
	return isolate.Success(nil)
}
