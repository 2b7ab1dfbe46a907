package host

import (
	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// storedCall is a call of a method of a binding that keeps content, for a party whose streams these are. It fails in place to refuse; otherwise
// done gets the result and what it has for a body.
type storedCall func(h *Host, r *abi.Reader, from *streams, done func(result abi.Value, body content, err error)) error

// opStored is an operation of a binding that keeps content.
func opStored(call storedCall) op {
	return func(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
		return s.outside(f, id, r, func(r *abi.Reader, done func([]byte)) []byte {
			err := call(s.host, r, s.streams, func(result abi.Value, body content, err error) {
				if err != nil {
					done(failure(err))
					return
				}
				offered, number := s.streams.offer(body)
				if number != 0 {
					s.post(func() { f.owns(number) })
				}
				done(storedResult(result, offered))
			})
			if err != nil {
				return failure(err)
			}
			return nil
		})
	}
}

// storedNatively is opStored for native code.
func (n *native) storedNatively(call storedCall, r *abi.Reader, done func([]byte)) []byte {
	err := call(n.host, r, n.streams, func(result abi.Value, body content, err error) {
		if err != nil {
			done(failure(err))
			return
		}
		offered, _ := n.streams.offer(body)
		done(storedResult(result, offered))
	})
	if err != nil {
		return failure(err)
	}
	return nil
}

func storedResult(result abi.Value, body abi.Body) []byte {
	return isolate.Success(func(w *abi.Writer) {
		w.Value(result)
		w.Body(body)
	})
}
