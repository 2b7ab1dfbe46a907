package host

import (
	"bytes"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// storedCall decodes a call of a method of a binding that keeps content, for a party whose streams these are, and returns what performs it; done
// then gets the result and what it has for a body. The body of the call is accepted here: the party may have closed it before the call is sent.
type storedCall func(h *Host, r *abi.Reader, from *streams, done func(result abi.Value, body content, err error)) (perform func(), err error)

// opStored is the operation of such a binding.
func opStored(call storedCall) op {
	return func(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
		perform, err := call(s.host, abi.NewReader(bytes.Clone(r.Rest())), s.streams, func(result abi.Value, body content, err error) {
			f.answer(id, body, err, func(w *abi.Writer, body abi.Body) {
				w.Value(result)
				w.Body(body)
			})
		})
		return s.send(f, perform, err)
	}
}

// send performs an operation outside of the object: after what the turn wrote is committed.
func (s *Isolate) send(f *frame, perform func(), refused error) ([]byte, int32) {
	if refused != nil {
		return failure(refused), 0
	}
	f.begin()
	s.outputs.Add(f.object, perform, nil)
	return nil, abi.Pending
}

// answer completes an operation with a result that may have a body, which f reads.
func (f *frame) answer(id uint32, body content, err error, result func(w *abi.Writer, body abi.Body)) {
	if err != nil {
		f.complete(id, failure(err))
		return
	}
	offered, number := f.isolate.streams.offer(body)
	if number != 0 {
		f.isolate.post(func() { f.owns(number) })
	}
	f.complete(id, isolate.Success(func(w *abi.Writer) { result(w, offered) }))
}

// stored is opStored for native code.
func (n *native) stored(call storedCall, r *abi.Reader, done func([]byte)) []byte {
	perform, err := call(n.host, r, n.streams, func(result abi.Value, body content, err error) {
		n.answer(done, body, err, func(w *abi.Writer, body abi.Body) {
			w.Value(result)
			w.Body(body)
		})
	})
	if err != nil {
		return failure(err)
	}
	perform()
	return nil
}

func (n *native) answer(done func([]byte), body content, err error, result func(w *abi.Writer, body abi.Body)) {
	if err != nil {
		done(failure(err))
		return
	}
	offered, _ := n.streams.offer(body)
	done(isolate.Success(func(w *abi.Writer) { result(w, offered) }))
}

// storingOf is what stores a body and then has perform called. A seeded host must not wait for a body while it stores it: the body comes first.
func (h *Host) storingOf(body *content, perform func(), failed func(error)) func() {
	return func() {
		if h.sched == nil || body.source == nil {
			h.store(func() {
				perform()
				if body.source != nil {
					body.source.Cancel(nil) // what was refused is not read
				}
			})
			return
		}
		collect(body.source, nil, func(all []byte, err error) {
			if err != nil {
				failed(err)
				return
			}
			*body = content{inline: all}
			h.store(perform)
		})
	}
}
