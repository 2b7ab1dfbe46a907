package guest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"grove.place/lattice/internal/abi"
)

// body makes a reader of a Body, and its length (-1: unknown).
func body(ctx context.Context, b abi.Body) (io.ReadCloser, int64) {
	switch b.Mode {
	case abi.BodyInline:
		return io.NopCloser(bytes.NewReader(bytes.Clone(b.Inline))), int64(len(b.Inline))
	case abi.BodyStream:
		stream := &readStream{ctx: ctx, id: b.Stream}
		if b.Length >= 0 {
			return &sizedStream{stream, b.Length}, b.Length
		}
		return stream, b.Length
	}
	return http.NoBody, 0
}

// sizedStream is a readStream that knows how much is left, so that it can go on to where a length is needed.
type sizedStream struct {
	*readStream
	left int64
}

func (s *sizedStream) Len() int { return int(max(0, s.left)) }

func (s *sizedStream) Read(p []byte) (int, error) {
	n, err := s.readStream.Read(p)
	s.left -= int64(n)
	return n, err
}

// WriteTo is what io.Copy uses. Into a body that the guest streams, the host passes the rest on: the bytes need not come into the module and leave it.
func (s *sizedStream) WriteTo(to io.Writer) (int64, error) {
	written := int64(0)
	for {
		if len(s.rest) == 0 && s.err == nil && s.left > 0 {
			sink, err := sinkOf(to)
			if err != nil {
				return written, err
			}
			if sink != nil {
				n, err := sink.pipe(s)
				return written + n, err
			}
		}
		if err := s.fill(readAhead); err == io.EOF {
			return written, nil
		} else if err != nil {
			return written, err
		}
		n, err := to.Write(s.take(len(s.rest)))
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

func (s *sizedStream) take(n int) []byte {
	chunk := s.rest[:n]
	s.rest = s.rest[n:]
	s.left -= int64(n)
	return chunk
}

// sinkOf returns the stream that a writer would write to next, or nil.
func sinkOf(w io.Writer) (*writeStream, error) {
	switch w := w.(type) {
	case *writeStream:
		return w, nil
	case *responseWriter:
		return w.sink()
	}
	return nil, nil
}

// readAhead is how much is asked for at least: what the host's answer has room for in outbox.
const readAhead = 60 << 10

// readStream reads a body that the host streams.
type readStream struct {
	ctx  context.Context
	id   uint64
	rest []byte
	err  error
}

func (s *readStream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.fill(len(p)); err != nil {
		return 0, err
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// fill asks the host for n bytes or more, unless there are some.
func (s *readStream) fill(n int) error {
	for len(s.rest) == 0 {
		if s.err != nil {
			return s.err
		}
		var w abi.Writer
		w.Uint(s.id)
		w.Uint(uint64(max(n, readAhead)))
		r, err := Invoke(s.ctx, abi.OpRead, w.Bytes())
		if err != nil {
			s.failed(err)
			continue
		}
		done := r.Bool()
		s.rest = r.Blob()
		if r.Err() != nil {
			s.err = r.Err()
		} else if done {
			s.err = io.EOF
		}
	}
	return nil
}

// failed notes the end of reading; the host may not know of it yet.
func (s *readStream) failed(err error) {
	if s.ctx.Err() != nil {
		_ = s.cancel(err)
	}
	s.err = err
}

// Close tells the host that nothing more will be read.
func (s *readStream) Close() error { return s.cancel(errors.New("the reader closed the body")) }

func (s *readStream) cancel(reason error) error {
	if s.err != nil {
		return nil
	}
	s.err = errors.New("read on closed body")
	s.rest = nil
	var w abi.Writer
	w.Uint(s.id)
	w.Error(ToABI(reason))
	return Do(context.WithoutCancel(s.ctx), abi.OpCancel, w.Bytes()) // also, and above all, when the context is done
}

var lastStream atomic.Uint64

// NewStream numbers a stream that the guest writes.
func NewStream() uint64 { return lastStream.Add(1) }

// writeStream writes a body that the guest streams, with back-pressure.
type writeStream struct {
	ctx context.Context
	id  uint64
	err error
}

func newWriteStream(ctx context.Context) *writeStream {
	return &writeStream{ctx: ctx, id: NewStream()}
}

func (s *writeStream) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 && s.err == nil {
		chunk := p[:min(len(p), abi.InlineBody)]
		var w abi.Writer
		w.Uint(s.id)
		w.Blob(chunk)
		if s.err = Do(s.ctx, abi.OpWrite, w.Bytes()); s.err == nil {
			written += len(chunk)
			p = p[len(chunk):]
		}
	}
	return written, s.err
}

// pipe has the host write what is left of a body. How much of it was written is not known when that fails.
func (s *writeStream) pipe(from *sizedStream) (int64, error) {
	if s.err != nil {
		return 0, s.err
	}
	var w abi.Writer
	w.Uint(from.id)
	w.Uint(s.id)
	if err := Do(s.ctx, abi.OpPipe, w.Bytes()); err != nil {
		from.failed(err)
		return 0, err
	}
	n := from.left
	from.left, from.err = 0, io.EOF
	return n, nil
}

func (s *writeStream) Close() error {
	if s.err != nil {
		return s.err
	}
	s.err = errors.New("write on closed stream")
	var w abi.Writer
	w.Uint(s.id)
	return Do(s.ctx, abi.OpClose, w.Bytes())
}

// CloseWithError ends the stream with an error, which its reader gets.
func (s *writeStream) CloseWithError(err error) error {
	if err == nil {
		return s.Close()
	}
	s.abort(err)
	return nil
}

func (s *writeStream) abort(reason error) {
	if s.err != nil {
		return
	}
	s.err = reason
	var w abi.Writer
	w.Uint(s.id)
	w.Error(ToABI(reason))
	_ = Do(s.ctx, abi.OpAbort, w.Bytes())
}
