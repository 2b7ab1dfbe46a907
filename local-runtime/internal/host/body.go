package host

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/stream"
)

// content is a body on its way between two parties.
type content struct {
	inline []byte
	source stream.Source // nil: inline
	length int64         // of source; -1 unknown
	none   bool
	socket *end // of a response with status 101
}

var noContent = content{none: true}

// streams are the bodies that one party (a guest, or the native side) reads and writes, by their numbers.
//
// Numbers from abi.SenderNumbers on are those of WritableStreams: the party reads what is written to its own, and writes to those of others.
type streams struct {
	mu     sync.Mutex
	last   uint64
	reads  map[uint64]stream.Source
	writes map[uint64]*stream.Pipe
	passed map[uint64]bool // of writes, those that have a reader
}

func newStreams() *streams {
	return &streams{reads: map[uint64]stream.Source{}, writes: map[uint64]*stream.Pipe{}, passed: map[uint64]bool{}}
}

// offer makes content readable for the party, and returns the Body that says so.
func (t *streams) offer(c content) (abi.Body, uint64) {
	switch {
	case c.none:
		return abi.Body{Mode: abi.BodyNone}, 0
	case c.source == nil:
		return abi.Body{Mode: abi.BodyInline, Inline: c.inline}, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.reads[t.last] = c.source
	return abi.Body{Mode: abi.BodyStream, Stream: t.last, Length: c.length}, t.last
}

// accept takes a body that the party sends.
func (t *streams) accept(b abi.Body) content {
	switch b.Mode {
	case abi.BodyInline:
		return content{inline: bytes.Clone(b.Inline)}
	case abi.BodyStream:
		return content{source: t.writer(b.Stream), length: b.Length}
	}
	return noContent
}

// writer returns the pipe of a stream that the party writes; the first mention of its own makes it.
func (t *streams) writer(id uint64) *stream.Pipe {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writerLocked(id)
}

func (t *streams) writerLocked(id uint64) *stream.Pipe {
	p := t.writes[id]
	if p != nil {
		return p
	}
	p = stream.NewPipe()
	if id >= abi.SenderNumbers {
		p.Cancel(errNoWriter)
		return p
	}
	t.writes[id] = p
	return p
}

// finish ends a stream that the party writes: with nil it is complete.
func (t *streams) finish(id uint64, err error) {
	t.mu.Lock()
	p := t.writes[id]
	delete(t.writes, id)
	delete(t.passed, id)
	t.mu.Unlock()
	switch {
	case p == nil:
	case err == nil:
		p.Close()
	default:
		p.Abort(err)
	}
}

// reader returns a stream that the party reads, or nil.
func (t *streams) reader(id uint64) stream.Source {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reads[id]
}

// forget drops a stream that has been read to its end.
func (t *streams) forget(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.reads, id)
}

func (t *streams) cancel(id uint64, reason error) {
	if src := t.reader(id); src != nil {
		t.forget(id)
		src.Cancel(reason)
	}
}

// abort ends everything: the party is gone.
func (t *streams) abort(err error) {
	t.mu.Lock()
	reads, writes := t.reads, t.writes
	t.reads, t.writes, t.passed = map[uint64]stream.Source{}, map[uint64]*stream.Pipe{}, map[uint64]bool{}
	t.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(reads)) {
		reads[id].Cancel(err)
	}
	for _, id := range slices.Sorted(maps.Keys(writes)) {
		writes[id].Abort(err)
	}
}

const maxRead = 1 << 20

// read performs READ; done is called exactly once, perhaps before read returns.
func (t *streams) read(r *abi.Reader, done func(result []byte)) {
	id, limit := r.Uint(), r.Uint()
	if err := r.End(); err != nil {
		done(failure(err))
		return
	}
	src := t.reader(id)
	if src == nil {
		done(failure(abi.Errorf("stream %d has ended or was closed", id)))
		return
	}
	src.Read(int(min(max(limit, 1), maxRead)), func(chunk []byte, eof bool, err error) {
		if eof || err != nil {
			t.forget(id)
		}
		if err != nil {
			done(failure(err))
			return
		}
		done(isolate.Success(func(w *abi.Writer) {
			w.Bool(eof)
			w.Blob(chunk)
		}))
	})
}

func opRead(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	// Most chunks are there already: answer those in place. What comes later comes from any goroutine.
	var mu sync.Mutex
	var early []byte
	returned := false
	f.begin()
	s.streams.read(r, func(result []byte) {
		mu.Lock()
		defer mu.Unlock()
		if !returned {
			early = result
			return
		}
		f.complete(id, result)
	})
	mu.Lock()
	defer mu.Unlock()
	if early != nil {
		if f.object != nil {
			f.object.pending--
		}
		return early, 0
	}
	returned = true
	return nil, abi.Pending
}

func opCancel(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	id, reason := r.Uint(), r.Error()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	s.streams.cancel(id, reason)
	return isolate.Success(nil), 0
}

func opWrite(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	stream, chunk := r.Uint(), bytes.Clone(r.Blob())
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	p := s.streams.writer(stream)
	f.writes = noteStream(f.writes, stream)
	if f.object == nil && s.outputs.Empty() && p.Offer(chunk) {
		return isolate.Success(nil), 0
	}
	f.begin()
	s.outputs.Add(f.object, func() {
		p.Write(chunk, func(err error) { f.complete(id, outcome(err)) })
	}, nil)
	return nil, abi.Pending
}

// pipe performs PIPE, as streams.read does READ.
func (t *streams) pipe(id uint64, to *stream.Pipe, done func(error)) {
	src := t.reader(id)
	if src == nil {
		done(abi.Errorf("stream %d has ended or was closed", id))
		return
	}
	stream.Copy(to, src, func(err error) {
		if err == nil {
			t.forget(id)
		}
		done(err)
	})
}

func opPipe(s *Isolate, f *frame, id uint32, r *abi.Reader) ([]byte, int32) {
	from, to := r.Uint(), r.Uint()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	p := s.streams.writer(to)
	f.writes = noteStream(f.writes, to)
	f.begin()
	s.outputs.Add(f.object, func() {
		s.streams.pipe(from, p, func(err error) { f.complete(id, outcome(err)) })
	}, nil)
	return nil, abi.Pending
}

// outcome is the result of an operation that has none but its failure.
func outcome(err error) []byte {
	if err != nil {
		return failure(err)
	}
	return isolate.Success(nil)
}

// noteStream adds a stream to those of a frame, which are few.
func noteStream(list []uint64, id uint64) []uint64 {
	for _, have := range list {
		if have == id {
			return list
		}
	}
	return append(list, id)
}

func opClose(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	id := r.Uint()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	s.endStream(f, id, nil)
	return isolate.Success(nil), 0
}

func opAbort(s *Isolate, f *frame, _ uint32, r *abi.Reader) ([]byte, int32) {
	id, e := r.Uint(), r.Error()
	if err := r.End(); err != nil {
		return failure(err), 0
	}
	s.endStream(f, id, e)
	return isolate.Success(nil), 0
}

// endStream ends a stream after the writes before it.
func (s *Isolate) endStream(f *frame, id uint64, failed *abi.Error) {
	p := s.streams.writer(id)
	s.streams.mu.Lock()
	delete(s.streams.writes, id)
	delete(s.streams.passed, id)
	s.streams.mu.Unlock()
	s.outputs.Add(f.object, func() {
		if failed != nil {
			p.Abort(failed)
		} else {
			p.Close()
		}
	}, func(err error) { p.Abort(err) })
}
