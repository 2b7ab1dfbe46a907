package host

import (
	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// The errors of streams that are RPC values, as workerd has them: what really happened does not cross (api/streams/internal.c++).
var (
	errReadablePremature = abi.Errorf("ReadableStream received over RPC disconnected prematurely.")
	errUnsent            = abi.Errorf("the message that this stream belongs to was refused")
	errWriterGone        = abi.Errorf("the event that wrote this stream is over")
	errWritableGone      = abi.Errorf("WritableStream received over RPC was disconnected because the remote execution context has ended.")
	errNoWriter          = abi.TypeErrorf("This WritableStream has been closed.")
)

// rpcSource is a stream that came by RPC: its failures are those of the connection.
type rpcSource struct {
	stream.Source
	failed *abi.Error
}

func (s rpcSource) Read(limit int, done func([]byte, bool, error)) {
	s.Source.Read(limit, func(chunk []byte, eof bool, err error) {
		if err != nil {
			err = s.failed
		}
		done(chunk, eof, err)
	})
}

// failedSource is a stream that cannot be read.
type failedSource struct{ err error }

func (s failedSource) Read(_ int, done func([]byte, bool, error)) { done(nil, false, s.err) }
func (s failedSource) Cancel(error)                               {}

// pass takes the reading end of a stream that the party writes, once.
func (t *streams) pass(id uint64) (*stream.Pipe, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id >= abi.SenderNumbers {
		return nil, abi.Errorf("%d is no number of a ReadableStream", id)
	}
	if t.passed[id] {
		return nil, errLocked
	}
	t.passed[id] = true
	return t.writerLocked(id), nil
}

// lend makes a WritableStream of the party, which reads it under the number that it has chosen.
func (t *streams) lend(id uint64) (*stream.Pipe, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, taken := t.reads[id]; taken || id < abi.SenderNumbers {
		return nil, abi.Errorf("%d is no number of a WritableStream", id)
	}
	p := stream.NewPipe()
	t.reads[id] = rpcSource{p, errWritableGone}
	return p, nil
}

// lent numbers a WritableStream that the party got.
func (t *streams) lent(p *stream.Pipe) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	id := abi.SenderNumbers + t.last
	t.writes[id] = p
	t.passed[id] = true
	return id
}

// add numbers a stream that the party is to read.
func (t *streams) add(src stream.Source) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	t.reads[t.last] = src
	return t.last
}

// prune drops from a list of numbers those that the party neither reads nor writes any more. It does so only now and then.
func (t *streams) prune(list []uint64) []uint64 {
	if len(list) < 32 || len(list)&(len(list)-1) != 0 {
		return list
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := list[:0]
	for _, id := range list {
		if t.reads[id] != nil || t.writes[id] != nil {
			kept = append(kept, id)
		}
	}
	return kept
}
