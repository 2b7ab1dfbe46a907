package host

import (
	"sync"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/stream"
)

// keptSource is the body of an answer. It calls done once when it has been read, or canceled; a read that nobody will answer, because the program
// has ended, fails.
type keptSource struct {
	stream.Source
	done func()
	hold func(read func()) // runs a read, perhaps later

	mu      sync.Mutex
	over    bool
	gone    error                     // why there is nothing more to read
	waiting func([]byte, bool, error) // the read under way
}

func (s *keptSource) end() {
	s.mu.Lock()
	first := !s.over
	s.over = true
	s.mu.Unlock()
	if first {
		s.done()
	}
}

func (s *keptSource) Read(limit int, done func([]byte, bool, error)) {
	s.mu.Lock()
	gone := s.gone
	if gone == nil {
		s.waiting = done
	}
	s.mu.Unlock()
	if gone != nil {
		done(nil, false, gone)
		return
	}
	s.hold(func() {
		s.Source.Read(limit, func(chunk []byte, eof bool, err error) {
			s.answer(chunk, eof, err)
			if eof || err != nil {
				s.end()
			}
		})
	})
}

// answer answers the read under way, if there is one.
func (s *keptSource) answer(chunk []byte, eof bool, err error) {
	s.mu.Lock()
	done := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	if done != nil {
		done(chunk, eof, err)
	}
}

func (s *keptSource) fail(err error) {
	s.mu.Lock()
	s.gone = err
	s.mu.Unlock()
	s.answer(nil, false, err)
}

func (s *keptSource) Cancel(reason error) {
	s.Source.Cancel(reason)
	s.end()
}

// uploads are the operations under way whose content the program still makes. The library ends the program when its answer has been read, and what it
// then still makes is lost: so the answer's next chunk waits for them a little, as it does on workerd, where reading content takes no longer than answering.
type uploads struct {
	count   atomic.Int32
	waiting []func() // on the loop
	patient bool     // somebody waited already
}

// uploadPatience bounds the wait, in all: content may come from a handler that cannot go on before its answer is read.
const uploadPatience = 50 * time.Millisecond

// keep makes reads of a body fail when the program ends. done is called when it has been read, or given up.
func (p *program) keep(b *js.Body, done func()) {
	kept := &keptSource{Source: p.gated(b.Source), hold: func(read func()) { read() }}
	kept.done = func() {
		p.loop.post(func() { delete(p.bodies, kept) })
		done()
	}
	p.bodies[kept] = true
	b.Source = kept
}

// gated is a source whose chunks leave an object once the turn that made them is committed.
func (p *program) gated(from stream.Source) stream.Source {
	if p.owner == nil {
		return from
	}
	return gatedSource{from, p}
}

type gatedSource struct {
	stream.Source
	program *program
}

func (s gatedSource) Read(limit int, done func([]byte, bool, error)) {
	s.Source.Read(limit, func(chunk []byte, eof bool, err error) {
		answer := func() { done(chunk, eof, err) }
		if !s.program.loop.post(func() { s.program.turns.locks.Wait(answer, func(lost error) { done(nil, false, lost) }) }) {
			answer()
		}
	})
}

// uploading counts an operation with a body until its done is called.
func (p *program) uploading(body *js.Body, done answerTo) answerTo {
	if body == nil || body.Source == nil {
		return done
	}
	p.keep(body, func() {})
	p.uploads.count.Add(1)
	return func(v abi.Value, b *js.Body, err error) {
		if p.uploads.count.Add(-1) == 0 {
			p.loop.post(p.goOn)
		}
		done(v, b, err)
	}
}

// afterUploads runs f once no operation is under way that the program makes the content of.
func (p *program) afterUploads(f func()) {
	if p.uploads.count.Load() == 0 {
		f()
		return
	}
	p.loop.post(func() {
		if p.uploads.count.Load() == 0 || p.uploads.patient && len(p.uploads.waiting) == 0 {
			f()
			return
		}
		p.uploads.waiting = append(p.uploads.waiting, f)
		if !p.uploads.patient {
			p.uploads.patient = true
			time.AfterFunc(uploadPatience, func() { p.loop.post(p.goOn) })
		}
	})
}

// goOn runs what waits. It runs on the loop.
func (p *program) goOn() {
	waiting := p.uploads.waiting
	p.uploads.waiting = nil
	for _, f := range waiting {
		f()
	}
}
