package host

import (
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/storage"
)

// d1 performs a D1 operation; it answers in place only to refuse.
func (h *Host) d1(r *abi.Reader, done func(result []byte)) []byte { return h.queryD1(r, false, done) }

// d1Session performs a D1_SESSION operation. There is one copy of the database, which has everything that a bookmark can ask for.
func (h *Host) d1Session(r *abi.Reader, done func(result []byte)) []byte {
	return h.queryD1(r, true, done)
}

func (h *Host) queryD1(r *abi.Reader, session bool, done func(result []byte)) []byte {
	binding := r.Str()
	if session {
		r.Str()
	}
	mode := r.U8()
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
	var text []string
	for _, s := range statements {
		text = append(text, s.SQL)
	}
	struck := h.faults.meet(target{binding: binding, sql: strings.Join(text, "\n")})
	if struck.answer && struck.delay > 0 {
		now, delay := done, struck.delay
		struck.delay = 0
		done = func(result []byte) {
			h.cfg.Clock.AfterFunc(delay, func() { h.work.run(func() { now(result) }) })
		}
	}
	fail := func(err error) { done(failure(err)) }
	h.work.run(func() { h.suffer(struck, fail, func(lost error) { h.runD1(d, mode, statements, session, lost, done) }) })
	return nil
}

// runD1 runs statements; with lost they run, but the answer does not come back.
func (h *Host) runD1(d D1Store, mode byte, statements []storage.Statement, session bool, lost error, done func(result []byte)) {
	results, err := d.Run(mode, statements)
	bookmark := ""
	if err == nil && session {
		bookmark, err = d.Bookmark()
	}
	if err == nil {
		err = lost
	}
	if err != nil {
		done(failure(err))
		return
	}
	done(isolate.Success(func(w *abi.Writer) {
		if session {
			w.Str(bookmark)
		}
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
}

func opD1(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	return s.outside(f, id, r, s.host.d1)
}

func opD1Session(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	return s.outside(f, id, r, s.host.d1Session)
}
