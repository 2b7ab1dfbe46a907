package host

import (
	"context"
	"fmt"
	"sync/atomic"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// NativeCode is Go code outside of the module that passes stubs on: it numbers them, and is called through them.
type NativeCode interface {
	// Call calls the function (path is empty) or method of a stub with an encoded list of arguments; the result is a status byte, then a Value or
	// an Error. Calls may run at the same time.
	Call(number uint64, path []string, args []byte) (result []byte)
	// Released says that nobody holds the stub any more.
	Released(number uint64)
}

// rpc performs RPC for native code.
func (n *native) rpc(ctx context.Context, r *abi.Reader, done func([]byte)) []byte {
	c, err := n.decodeRPC(n.host, r, nil)
	var kept *promise
	if c.keep != 0 {
		kept = newPromise()
		if e := n.keep(c.keep, kept, nil); e != nil && err == nil {
			c.call.args.release()
			c.target.release()
			return failure(e)
		} else if e != nil {
			kept = nil
		}
	}
	if err != nil {
		if kept != nil {
			kept.settle(payload{}, asError(err))
		}
		return failure(err)
	}
	if kept != nil {
		kept.thrown = thrower(c.target)
	}
	c.call.done = func(v payload, failed *abi.Error) {
		c.target.release()
		if kept != nil {
			kept.settle(v, failed)
			kept.arrived(remote)
		}
		if failed != nil {
			done(isolate.Failure(failed))
			return
		}
		if ctx.Err() != nil { // nobody waits any more
			v.release()
			return
		}
		done(isolate.Success(func(w *abi.Writer) { v.encode(w, n.peer, nil) }))
	}
	c.target.call(c.call)
	return nil
}

// nativeExport is a stub that native code passed on in a message.
type nativeExport struct {
	native *native
	stub   abi.StubValue
	refs   atomic.Int32
}

func (n *native) passOn(s abi.StubValue) (callee, error) {
	if n.host.cfg.Native == nil {
		return nil, abi.Errorf("functions and targets can be passed only by code inside of the module")
	}
	e := &nativeExport{native: n, stub: s}
	e.refs.Store(1)
	return e, nil
}

func (e *nativeExport) retain() { e.refs.Add(1) }

func (e *nativeExport) release() {
	if e.refs.Add(-1) == 0 {
		e.native.host.outside("release of a stub", func() { e.native.host.cfg.Native.Released(e.stub.Number) })
	}
}

func (e *nativeExport) call(c *invocation) {
	if result, failed := lookupExport(e, e.stub.Kind, e.stub.Methods, c); failed != nil {
		c.fail(remote(failed))
		return
	} else if result != nil {
		c.end(stubPayload(result), nil)
		return
	}
	e.retain()
	e.native.host.outside("a call from the module", func() { e.run(c) })
}

func (e *nativeExport) run(c *invocation) {
	defer e.release()
	var w abi.Writer
	args := c.args.encode(&w, e.native.peer, nil)
	r := abi.NewReader(e.native.host.cfg.Native.Call(e.stub.Number, c.path, w.Bytes()))
	v, failed, err := e.native.result(r)
	for _, number := range args {
		e.native.drop(number, nil)
	}
	if err != nil {
		failed = asError(err)
	}
	if failed != nil {
		failed = remote(failed)
	}
	c.end(v, failed)
}

func (n *native) result(r *abi.Reader) (v payload, failed *abi.Error, err error) {
	switch status := r.U8(); status {
	case abi.StatusOK:
		v, err = n.take(r, nil, false)
		return v, nil, err
	case abi.StatusError:
		failed = withoutReferences(r.Error())
		return v, failed, r.End()
	default:
		return v, nil, fmt.Errorf("unknown status %d", status)
	}
}

// outside runs native code that waits for the host as it likes.
func (h *Host) outside(what string, f func()) {
	if h.sched != nil {
		h.Go(what, f)
		return
	}
	h.work.run(f)
}
