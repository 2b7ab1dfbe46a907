package host

import (
	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

// d1 performs a D1 operation; it answers in place only to refuse.
func (h *Host) d1(r *abi.Reader, done func(result []byte)) []byte {
	binding, mode := r.Str(), r.U8()
	n := r.Count()
	var statements []storage.Statement
	for ; n > 0 && r.Err() == nil; n-- {
		statements = append(statements, storage.Statement{SQL: r.Str(), Args: r.Values()})
	}
	if err := r.End(); err != nil {
		return failure(err)
	}
	d := h.databases[binding]
	if d == nil {
		return failure(abi.TypeErrorf("there is no D1 binding %q: add it to [[d1_databases]] in wrangler.toml", binding))
	}
	h.work.run(func() {
		results, err := d.Run(mode, statements)
		if err != nil {
			done(failure(err))
			return
		}
		done(isolate.Success(func(w *abi.Writer) {
			w.Uint(uint64(len(results)))
			for _, res := range results {
				w.Strs(res.Columns)
				w.Uint(uint64(len(res.Rows)))
				for _, row := range res.Rows {
					w.Values(row)
				}
				w.Value(res.Meta)
			}
		}))
	})
	return nil
}

func opD1(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	// The database is outside of the object: what the turn wrote is committed before it is asked.
	request := abi.NewReader(append([]byte(nil), r.Rest()...))
	f.begin()
	s.outputs.Add(f.object, func() {
		done := func(result []byte) { f.complete(id, result) }
		if refused := s.host.d1(request, done); refused != nil {
			done(refused)
		}
	}, nil)
	return nil, abi.Pending
}
