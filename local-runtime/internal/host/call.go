package host

import (
	"bytes"
	"fmt"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

func opID(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	id, err := s.host.id(r)
	if err != nil {
		return failure(err), 0
	}
	return isolate.Success(func(w *abi.Writer) { w.Str(id) }), 0
}

// rpcCall is a decoded RPC operation.
type rpcCall struct {
	stub   abi.Stub
	key    key
	name   *string
	method string
	args   []byte // encoded list
}

func (h *Host) decodeRPC(r *abi.Reader) (c rpcCall, err error) {
	call := r.RPC()
	if r.Err() == nil && (call.Target.Kind != abi.TargetObject || len(call.Path) != 1 || call.Mode != abi.RPCCall || call.Keep != 0) {
		return c, abi.Errorf("this host cannot make such a call")
	}
	if r.Err() == nil && r.Remaining() > maxMessage {
		return c, tooLarge(r.Remaining())
	}
	c.stub = call.Target.Stub
	if len(call.Path) > 0 {
		c.method = call.Path[0]
	}
	c.args = bytes.Clone(r.Rest())
	r.Values()
	if err := r.End(); err != nil {
		return c, err
	}
	var failed *abi.Error
	if c.key, c.name, failed = h.resolve(c.stub); failed != nil {
		return c, failed
	}
	return c, nil
}

// reserved are the names that are handlers of the class, or the runtime's own (workerd api/worker-rpc.c++).
var reserved = map[string]bool{
	"fetch": true, "connect": true, "alarm": true, "webSocketMessage": true, "webSocketClose": true, "webSocketError": true,
	"dup": true, "constructor": true,
}

// isNoMethod reports whether e says that there is no such method: it comes from the runtime, not from the object's code.
func isNoMethod(e *abi.Error, method string) bool {
	return e.Name == "TypeError" && e.Message == fmt.Sprintf("The RPC receiver does not implement the method %q.", method)
}

// rpc calls a method; done is called on the loop of the object. broke, which may be nil, hears before it when the object was reset.
func (h *Host) rpc(c rpcCall, in lane, broke func(*abi.Error), done func(result []byte)) {
	s := h.isolateOf(c.key)
	if reserved[c.method] {
		done(isolate.Failure(remote(abi.TypeErrorf("'%s' is a reserved method and cannot be called over RPC.", c.method))))
		return
	}
	thrown := func(e *abi.Error) {
		if isNoMethod(e, c.method) {
			done(isolate.Failure(remote(e)))
			return
		}
		done(isolate.Failure(thrownBy(e, c.key)))
	}
	posted := s.deliver(in, func() {
		s.start(c.key, c.name, abi.StartRPC, func(_ *frame, w *abi.Writer) {
			w.Str(c.method)
			w.Raw(c.args)
		}, reply{
			value: func(encoded []byte) {
				if len(encoded) > maxMessage {
					done(isolate.Failure(remote(tooLarge(len(encoded)))))
					return
				}
				done(append([]byte{abi.StatusOK}, encoded...))
			},
			thrown: thrown,
			fail: func(e *abi.Error) {
				if broke != nil && e.ObjectWasReset {
					broke(e)
				}
				done(isolate.Failure(e))
			},
		})
	})
	if !posted {
		done(failure(errClosed))
	}
}

var errClosed = abi.Errorf("the host has been closed")

func opRPC(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	c, err := s.host.decodeRPC(r)
	if err != nil {
		return failure(err), 0
	}
	if e := s.broken[c.stub.Serial]; e != nil {
		return isolate.Failure(e), 0
	}
	f.begin()
	s.outputs.Add(f.object, func() {
		s.host.rpc(c, calls(false, c.stub.Serial), s.noteBroken(c.stub.Serial), func(result []byte) {
			f.completeIn(replies(c.stub.Serial), id, result)
		})
	}, nil)
	return nil, abi.Pending
}

// maxBroken is how many broken stubs an isolate remembers.
const maxBroken = 4096

// noteBroken returns what remembers that a stub's object was reset: the stub stays broken, as in workerd. Any goroutine may call
// what it returns. The stub may have died with its instance by then, and its number be another's.
func (s *Isolate) noteBroken(serial uint64) func(*abi.Error) {
	instance := s.instance
	return func(e *abi.Error) {
		s.post(func() {
			if s.instance == instance && len(s.broken) < maxBroken {
				s.broken[serial] = e
			}
		})
	}
}
