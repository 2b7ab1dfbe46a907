// Package stream moves bodies between guests, and between guests and HTTP, with back-pressure. A Source is what READ reads; a
// Pipe is a Source that WRITE fills. Nothing here blocks an event loop: what has to wait gets a callback.
package stream

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// HighWater is how many bytes a Pipe holds before a writer waits.
const HighWater = 128 << 10

// ErrCanceled is what a writer gets when the reader has gone.
var ErrCanceled = errors.New("the reader of this stream is gone")

// Source is a body being read.
type Source interface {
	// Read calls done with at most limit bytes, or with eof, or with an error. One Read at a time.
	Read(limit int, done func(chunk []byte, eof bool, err error))
	// Cancel says that nothing more will be read.
	Cancel(reason error)
}

// Pipe connects a writer to a reader. Its callbacks may run in the goroutine of either.
type Pipe struct {
	mu      sync.Mutex
	chunks  [][]byte
	size    int
	closed  bool  // the writer has said everything
	err     error // of the writer, once the chunks are read; or of a reader that has gone
	gone    bool
	read    func() // a waiting Read, to be tried again
	writers []func(error)
}

// NewPipe returns an empty Pipe.
func NewPipe() *Pipe { return &Pipe{} }

// Write appends chunk, which the Pipe keeps, and calls done once there is room for more.
func (p *Pipe) Write(chunk []byte, done func(error)) {
	p.mu.Lock()
	switch {
	case p.gone, p.err != nil:
		err := p.err
		p.mu.Unlock()
		done(err)
		return
	case p.closed:
		p.mu.Unlock()
		done(errors.New("write to a stream that was closed"))
		return
	}
	if len(chunk) > 0 {
		p.chunks = append(p.chunks, chunk)
		p.size += len(chunk)
	}
	wait := p.size > HighWater
	if wait {
		p.writers = append(p.writers, done)
	}
	read := p.take()
	p.mu.Unlock()
	if read != nil {
		read()
	}
	if !wait {
		done(nil)
	}
}

// Copy writes src to p until it ends, and calls done once all of it was accepted, or with what failed. p stays open.
func Copy(p *Pipe, src Source, done func(error)) {
	for {
		const under, inPlace, later = 0, 1, 2
		var state atomic.Int32
		next := func() {
			if !state.CompareAndSwap(under, inPlace) {
				Copy(p, src, done)
			}
		}
		src.Read(copied, func(chunk []byte, eof bool, err error) {
			if eof || err != nil {
				done(err)
				return
			}
			p.Write(chunk, func(err error) {
				if err != nil {
					done(err)
					return
				}
				next()
			})
		})
		if state.CompareAndSwap(under, later) {
			return
		}
	}
}

// copied is how much Copy asks for at a time.
const copied = 64 << 10

// Offer is Write for a chunk that is accepted at once; it reports whether that was so.
func (p *Pipe) Offer(chunk []byte) bool {
	p.mu.Lock()
	fits := p.err == nil && !p.gone && !p.closed && p.size+len(chunk) <= HighWater
	p.mu.Unlock()
	if fits {
		p.Write(chunk, func(error) {})
	}
	return fits
}

// Close says that nothing follows.
func (p *Pipe) Close() { p.end(nil) }

// Abort makes the reader fail with err after what was written.
func (p *Pipe) Abort(err error) { p.end(err) }

func (p *Pipe) end(err error) {
	p.mu.Lock()
	if !p.closed && !p.gone {
		p.closed, p.err = true, err
	}
	read := p.take()
	p.mu.Unlock()
	if read != nil {
		read()
	}
}

func (p *Pipe) take() func() {
	read := p.read
	p.read = nil
	return read
}

// Read implements Source.
func (p *Pipe) Read(limit int, done func([]byte, bool, error)) {
	p.mu.Lock()
	switch {
	case p.gone:
		err := p.err
		p.mu.Unlock()
		done(nil, false, err)
	case len(p.chunks) > 0:
		chunk := p.chunks[0]
		if len(chunk) > limit {
			p.chunks[0] = chunk[limit:]
			chunk = chunk[:limit:limit]
		} else {
			p.chunks = p.chunks[1:]
		}
		p.size -= len(chunk)
		var writers []func(error)
		if p.size <= HighWater {
			writers, p.writers = p.writers, nil
		}
		p.mu.Unlock()
		for _, w := range writers {
			w(nil)
		}
		done(chunk, false, nil)
	case p.closed:
		err := p.err
		p.mu.Unlock()
		done(nil, err == nil, err)
	default:
		p.read = func() { p.Read(limit, done) }
		p.mu.Unlock()
	}
}

// Cancel implements Source: waiting and later writes fail.
func (p *Pipe) Cancel(reason error) {
	p.mu.Lock()
	if p.gone || p.closed && len(p.chunks) == 0 {
		p.mu.Unlock()
		return
	}
	if reason == nil {
		reason = ErrCanceled
	}
	p.gone, p.err = true, reason
	p.chunks, p.size = nil, 0
	writers := p.writers
	p.writers = nil
	read := p.take()
	p.mu.Unlock()
	for _, w := range writers {
		w(reason)
	}
	if read != nil {
		read()
	}
}

// Bytes is a Source of b.
func Bytes(b []byte) Source {
	p := NewPipe()
	p.chunks, p.closed = [][]byte{b}, true
	if len(b) == 0 {
		p.chunks = nil
	}
	return p
}

type reader struct{ r io.ReadCloser }

// FromReader returns a Source that reads r in a goroutine of its own, only when asked.
func FromReader(r io.ReadCloser) Source { return &reader{r} }

func (s *reader) Read(limit int, done func([]byte, bool, error)) {
	go func() {
		buf := make([]byte, min(max(limit, 1), 64<<10))
		for {
			n, err := s.r.Read(buf)
			switch {
			case n > 0:
				done(buf[:n], false, nil)
			case errors.Is(err, io.EOF):
				s.r.Close()
				done(nil, true, nil)
			case err != nil:
				done(nil, false, err)
			default:
				continue
			}
			return
		}
	}()
}

func (s *reader) Cancel(error) { s.r.Close() }

// ReadCloser reads a Source from a goroutine that may block.
type ReadCloser struct {
	src  Source
	rest []byte
	err  error
}

// ToReader returns a blocking reader of src.
func ToReader(src Source) *ReadCloser { return &ReadCloser{src: src} }

// Read implements io.Reader.
func (r *ReadCloser) Read(b []byte) (int, error) {
	if len(r.rest) == 0 && r.err == nil {
		got := make(chan struct{})
		r.src.Read(64<<10, func(chunk []byte, eof bool, err error) {
			r.rest, r.err = chunk, err
			if eof {
				r.err = io.EOF
			}
			close(got)
		})
		<-got
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	if n > 0 {
		return n, nil
	}
	return 0, r.err
}

// Close implements io.Closer.
func (r *ReadCloser) Close() error {
	r.src.Cancel(nil)
	return nil
}
