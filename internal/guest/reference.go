package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
)

// references passes by reference what one message holds: it is the codec's References in the frame of ctx.
type references struct {
	ctx     context.Context
	streams []transfer // to be started once the host has the message
	stubs   []uint64   // the guest's stubs in the message
	outside []uint64   // those of native code
	local   *locals
	claimed map[claim]any // what was resolved; nil when nobody asks
}

// transfer is the copying of what a stream in a message carries.
type transfer struct {
	copy   func()
	giveUp func(reason error) // instead: the message was not sent
}

// locals stand in for the host where Go calls its own stub: what is passed by reference stays where it is.
type locals struct{ values []any }

type localsKey struct{}

// References returns how values by reference in a message to or from ctx's frame are encoded and decoded.
func References(ctx context.Context) codec.References { return newReferences(ctx) }

func newReferences(ctx context.Context) *references {
	l, _ := ctx.Value(localsKey{}).(*locals)
	return &references{ctx: ctx, local: l}
}

// Arguments is the list of arguments that the parameter p makes: none for None, and none for a nil pointer, which is left out.
func Arguments[P any](p P) []any { return argumentList(reflect.TypeFor[P](), Argument(p)) }

func argumentList(t reflect.Type, p any) []any {
	if t == none || t.Kind() == reflect.Pointer && reflect.ValueOf(p).IsNil() {
		return nil
	}
	return []any{p}
}

// Argument returns p as it is to be encoded: what is declared as a writer is one.
func Argument[P any](p P) any { return argument(&p, p) }

// argument gets the value also behind a pointer, which tells how it is declared.
func argument(declared, p any) any {
	switch w := declared.(type) {
	case *io.Writer:
		if *w != nil {
			return codec.Writer{Writer: *w}
		}
	case *io.WriteCloser:
		if *w != nil {
			return codec.Writer{Writer: *w}
		}
	}
	return p
}

// MarshalResult is codec.Marshal for the result of the event of ctx: the event ends when the result's streams have been copied.
func MarshalResult[R any](ctx context.Context, w *abi.Writer, result R) error {
	return marshalResult(ctx, w, Argument(result))
}

func marshalResult(ctx context.Context, w *abi.Writer, result any) error {
	refs := newReferences(ctx)
	if err := codec.MarshalWith(w, result, refs); err != nil {
		refs.withdraw()
		return err
	}
	f := FrameOf(ctx)
	switch {
	case f == nil:
		refs.sent()
	case refs.stubs != nil || refs.streams != nil:
		f.passed = refs
		f.tasks += len(refs.streams)
	}
	return nil
}

// sent starts the streams of a message that the host has.
func (s *references) sent() {
	for _, stream := range s.streams {
		go stream.copy()
	}
	s.streams = nil
}

// errUnsent is why streams of a message end that the other side does not get.
var errUnsent = errors.New("the message that this stream belongs to was not sent")

// begun is sent for the message of an operation, which the host may have refused in place: then it keeps nothing of it.
func (s *references) begun(o *Operation) {
	if o.refused() {
		s.withdraw()
		return
	}
	s.sent()
}

// withdraw gives up what was prepared for a message that is not sent.
func (s *references) withdraw() {
	for _, stream := range s.streams {
		go stream.giveUp(errUnsent)
	}
	for _, n := range s.stubs {
		released(n)
	}
	for _, n := range s.outside {
		ReleaseOutside(n)
	}
	s.stubs, s.outside, s.streams = nil, nil, nil
}

// Refer implements codec.References.
func (s *references) Refer(v any) (abi.Value, error) {
	if s.local != nil {
		return s.referLocally(v)
	}
	switch v := v.(type) {
	case codec.Reference:
		stub, _ := v.MarshalRPC().(*Stub)
		return stub.refer(s)
	case http.Header:
		return abi.Headers(abi.HeadersOf(v)), nil
	case *http.Request:
		return s.request(v)
	case *http.Response:
		return s.response(v)
	case codec.Writer:
		return s.writable(v.Writer), nil
	case io.Reader:
		return s.readable(v), nil
	case io.Writer:
		return s.writable(v), nil
	}
	return nil, fmt.Errorf("%T could not be cloned", v)
}

func (s *references) referLocally(v any) (abi.Value, error) {
	if r, ok := v.(codec.Reference); ok {
		stub, _ := r.MarshalRPC().(*Stub)
		if stub == nil {
			return nil, nil
		}
		if v = stub; stub.disposed {
			return nil, errDisposed
		}
	}
	switch w := v.(type) {
	case codec.Writer:
		v = closer(w.Writer)
	case io.Reader:
		if _, ok := v.(io.Closer); !ok {
			v = io.NopCloser(w)
		}
	case io.Writer:
		v = closer(w)
	}
	s.local.values = append(s.local.values, v)
	i := uint64(len(s.local.values) - 1)
	if _, ok := v.(*Stub); ok {
		return abi.StubValue{Number: i}, nil
	}
	return abi.Readable(i), nil
}

// Resolve implements codec.References.
func (s *references) Resolve(v abi.Value) (any, error) {
	if s.local != nil {
		if stub, ok := v.(abi.StubValue); ok {
			return s.local.values[stub.Number], nil
		}
		if i, ok := v.(abi.Readable); ok {
			return s.local.values[i], nil
		}
	}
	key := claimed(v)
	if key.number == 0 || s.claimed == nil {
		return s.resolve(v)
	}
	if got := s.claimed[key]; got != nil { // by an Await before this one
		return got, nil
	}
	got, err := s.resolve(v)
	if err == nil {
		s.claimed[key] = got
	}
	return got, err
}

func (s *references) resolve(v abi.Value) (any, error) {
	switch v := v.(type) {
	case abi.StubValue:
		if v.Owner != abi.HeldByHost {
			return nil, fmt.Errorf("the host sent a stub of the module's own")
		}
		return heldStub(s.ctx, v.Number), nil
	case abi.Readable:
		return &readStream{ctx: s.ctx, id: uint64(v)}, nil
	case abi.Writable:
		return &writeStream{ctx: s.ctx, id: uint64(v)}, nil
	case abi.Headers:
		return header(v), nil
	case *abi.Request:
		return incoming(s.ctx, v)
	case *abi.Response:
		return response(s.ctx, nil, v), nil
	}
	return v, nil
}

func (s *references) request(r *http.Request) (abi.Value, error) {
	q := &abi.Request{Method: r.Method, URL: r.URL.String(), Headers: abi.HeadersOf(r.Header)}
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if !r.URL.IsAbs() {
		return nil, NewError("TypeError", "Invalid URL: "+q.URL)
	}
	stream, err := requestBody(s.ctx, r, q)
	if err != nil {
		return nil, err
	}
	if stream != nil {
		s.pumps(stream, r.Body)
	}
	return q, nil
}

func (s *references) response(r *http.Response) (abi.Value, error) {
	p := &abi.Response{Status: r.StatusCode, Headers: abi.HeadersOf(r.Header)}
	if p.Status == 0 {
		p.Status = http.StatusOK
	}
	if p.Status < 200 || p.Status > 599 {
		return nil, errStatus
	}
	if text, ok := cutStatus(r.Status, p.Status); ok {
		p.StatusText = text
	}
	if r.Body == nil || r.Body == http.NoBody {
		return p, nil
	}
	if r.ContentLength > 0 && r.ContentLength <= abi.InlineBody {
		defer r.Body.Close()
		b, err := io.ReadAll(io.LimitReader(r.Body, r.ContentLength+1))
		if err != nil {
			return nil, fmt.Errorf("read response body: %w", err)
		}
		p.Body = abi.Body{Mode: abi.BodyInline, Inline: b}
		return p, nil
	}
	stream := newWriteStream(s.ctx)
	p.Body = abi.Body{Mode: abi.BodyStream, Stream: stream.id, Length: -1}
	if r.ContentLength > 0 {
		p.Body.Length = r.ContentLength
	}
	s.pumps(stream, r.Body)
	return p, nil
}

// cutStatus takes the text from a status such as "404 Not Found".
func cutStatus(status string, code int) (string, bool) {
	prefix := fmt.Sprint(code, " ")
	if len(status) <= len(prefix) || status[:len(prefix)] != prefix || status[len(prefix):] == http.StatusText(code) {
		return "", false
	}
	return status[len(prefix):], true
}

func (s *references) readable(r io.Reader) abi.Value {
	stream := newWriteStream(s.ctx)
	from, ok := r.(io.ReadCloser)
	if !ok {
		from = io.NopCloser(r)
	}
	s.pumps(stream, from)
	return abi.Readable(stream.id)
}

// pumps adds a stream that carries what from reads.
func (s *references) pumps(stream *writeStream, from io.ReadCloser) {
	s.streams = append(s.streams, transfer{
		copy: func() { pump(stream, from) },
		giveUp: func(reason error) {
			stream.abort(reason)
			_ = Guard(context.WithoutCancel(s.ctx), "reader", from.Close)
		},
	})
}

func (s *references) writable(w io.Writer) abi.Value {
	n := senderNumber()
	from := &readStream{ctx: s.ctx, id: n}
	s.streams = append(s.streams, transfer{
		copy: func() { drain(from, w) },
		giveUp: func(reason error) {
			_ = from.cancel(reason)
			_ = Guard(context.WithoutCancel(s.ctx), "writer", func() error { return closeWith(w, reason) })
		},
	})
	return abi.Writable(n)
}

// incoming makes a request that was passed as a value.
func incoming(ctx context.Context, q *abi.Request) (*http.Request, error) {
	u, err := url.Parse(q.URL)
	if err != nil {
		return nil, NewError("TypeError", "Invalid URL: "+q.URL)
	}
	req := &http.Request{
		Method: q.Method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header(q.Headers),
	}
	req.Body, req.ContentLength = body(ctx, q.Body)
	return req.WithContext(ctx), nil
}
