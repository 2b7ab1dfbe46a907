package host

import (
	"bytes"
	"slices"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// payload is an RPC value, or a list of arguments, on its way between two parties: encoded as the sender did, with what it passes by
// reference taken out of the sender's numbering.
//
// Invariant: it owns one reference to each of its stubs, until the payload is encoded for a receiver or released.
type payload struct {
	data []byte
	refs []carried // in the order of their places in data
}

// carried is something that a payload passes by reference.
type carried struct {
	tag        byte // of the Value: of a body that of its Request or Response
	start, end int  // its place in data: of a stub all behind the tag, otherwise the number of the stream
	stub       callee
	source     stream.Source // a ReadableStream or body; nil in a copy
	pipe       *stream.Pipe  // a WritableStream: what the receiver fills
}

// callee is what an RPC call can be made on: something a party passed on, a promise, an object. Any goroutine may use it.
type callee interface {
	// call delivers c after the calls before it. It takes c over and ends it exactly once.
	call(c *invocation)
	// retain and release count who may still call. At zero the other side hears of it.
	retain()
	release()
}

var (
	errStubDisposed    = abi.Errorf("RPC stub used after being disposed.")
	errPromiseDisposed = abi.Errorf("RPC promise used after being disposed.")
	errLocked          = abi.TypeErrorf("The ReadableStream has been locked to a reader.")
)

// maxReferences bounds what one message passes by reference: each takes far more memory than its place in the message.
const maxReferences = 1 << 16

// take reads a Value or a list of Values that party p sends from scope. All of its references are valid, or none is taken.
func (p *peer) take(r *abi.Reader, from *scope, list bool) (payload, error) {
	start := r.Offset()
	rest := r.Rest()
	var found []abi.Reference
	note := func(ref abi.Reference) { found = append(found, ref) }
	if list {
		r.ScanList(note)
	} else {
		r.Scan(note)
	}
	if err := r.End(); err != nil {
		return payload{}, err
	}
	if len(found) > maxReferences {
		return payload{}, abi.Errorf("a value passes more than %d functions, targets and streams", maxReferences)
	}
	out := payload{data: bytes.Clone(rest)}
	for _, ref := range found {
		c, err := p.takeReference(ref, from)
		if err != nil {
			p.untake(found[:len(out.refs)])
			out.release()
			return payload{}, err
		}
		c.start, c.end = ref.Start-start, ref.End-start
		out.refs = append(out.refs, c)
	}
	return out, nil
}

// untake forgets the party's ends of the streams in a message that is refused.
func (p *peer) untake(refs []abi.Reference) {
	for _, ref := range refs {
		switch ref.Tag {
		case abi.TagStub:
		case abi.TagWritable:
			p.streams.cancel(ref.Stream, errUnsent)
		default:
			p.streams.finish(ref.Stream, errUnsent)
		}
	}
}

func (p *peer) takeReference(ref abi.Reference, from *scope) (carried, error) {
	c := carried{tag: ref.Tag}
	switch {
	case ref.BadStatus:
		return c, errStatus
	case ref.Socket != 0:
		return c, &abi.Error{Name: "DataCloneError", Message: `Could not serialize object of type "WebSocket". This type does not support serialization.`}
	case ref.Tag == abi.TagStub && ref.Stub.Owner == abi.HeldByGuest:
		stub, err := p.passOn(ref.Stub, from)
		c.stub = stub
		return c, err
	case ref.Tag == abi.TagStub:
		stub, err := p.stub(ref.Stub.Number, from)
		if err != nil {
			return c, err
		}
		stub.retain()
		c.stub = stub
		return c, nil
	case ref.Tag == abi.TagWritable:
		pipe, err := p.streams.lend(ref.Stream)
		if err == nil && from != nil {
			from.reads(ref.Stream)
		}
		c.pipe = pipe
		return c, err
	}
	pipe, err := p.streams.pass(ref.Stream)
	if err != nil {
		return c, err
	}
	if from != nil {
		from.writes(ref.Stream)
	}
	c.source = rpcSource{pipe, errReadablePremature}
	return c, nil
}

// release gives up what the payload passes by reference.
func (v *payload) release() {
	for _, c := range v.refs {
		switch {
		case c.stub != nil:
			c.stub.release()
		case c.source != nil:
			c.source.Cancel(nil)
		case c.pipe != nil:
			c.pipe.Abort(errWriterGone)
		}
	}
	v.refs = nil
}

// copy returns another payload of the part of v from start to end. Stubs are duplicated; a stream stays with v.
func (v *payload) copy(start, end int) payload {
	out := payload{data: v.data[start:end:end]}
	for _, c := range v.refs {
		if c.start < start || c.end > end {
			continue
		}
		c.start, c.end = c.start-start, c.end-start
		c.source, c.pipe = nil, nil
		if c.stub != nil {
			c.stub.retain()
		}
		out.refs = append(out.refs, c)
	}
	return out
}

// streamed reports whether part of the payload is a stream that has gone elsewhere.
func (v *payload) streamed() bool {
	return slices.ContainsFunc(v.refs, func(c carried) bool { return c.stub == nil && c.source == nil && c.pipe == nil })
}

// encode appends v with the numbers of the receiver, which from now on holds what v passes by reference. The stubs' numbers are returned.
func (v *payload) encode(w *abi.Writer, p *peer, to *scope) (stubs []uint64) {
	at := 0
	for _, c := range v.refs {
		w.Raw(v.data[at:c.start])
		switch {
		case c.stub != nil:
			n := p.hold(c.stub, to)
			stubs = append(stubs, n)
			w.U8(abi.HeldByHost)
			w.Uint(n)
		case c.pipe != nil:
			n := p.streams.lent(c.pipe)
			if to != nil {
				to.writes(n)
			}
			w.Uint(n)
		default:
			source := c.source
			if source == nil {
				source = failedSource{errLocked}
			}
			n := p.streams.add(source)
			if to != nil {
				to.reads(n)
			}
			w.Uint(n)
		}
		at = c.end
	}
	w.Raw(v.data[at:])
	v.refs = nil
	return stubs
}

// valuePayload is a payload of a value without references.
func valuePayload(v abi.Value) payload {
	var w abi.Writer
	w.Value(v)
	return payload{data: w.Bytes()}
}

// stubPayload is a payload of a stub, to which it takes over a reference.
func stubPayload(t callee) payload {
	data := abi.NewWriter([]byte{abi.TagStub})
	data.U8(abi.HeldByHost)
	data.Uint(0)
	return payload{data: data.Bytes(), refs: []carried{{tag: abi.TagStub, start: 1, end: data.Len(), stub: t}}}
}

// single returns the stub that v is, or nil.
func (v *payload) single() callee {
	if len(v.refs) == 1 && v.refs[0].tag == abi.TagStub && v.data[0] == abi.TagStub {
		return v.refs[0].stub
	}
	return nil
}

// stubAt returns the stub that the Value at start of v.data is, or nil.
func (v *payload) stubAt(start int) callee {
	for _, c := range v.refs {
		if c.tag == abi.TagStub && c.start == start+1 {
			return c.stub
		}
	}
	return nil
}
