package host

import (
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

var errClosed = abi.Errorf("the host has been closed")
