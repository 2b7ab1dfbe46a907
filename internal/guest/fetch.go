package guest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"

	"grove.place/lattice/internal/abi"
)

// Redirect modes of Fetch.
const (
	RedirectFollow = 0
	RedirectManual = 1
	RedirectError  = 2
)

// Fetch sends req to a target.
func Fetch(ctx context.Context, target abi.Target, req *http.Request, redirect byte) (*http.Response, error) {
	return FetchWith(ctx, target, req, redirect, "")
}

// FetchWith is Fetch with a `cf` object as JSON.
func FetchWith(ctx context.Context, target abi.Target, req *http.Request, redirect byte, cf string) (*http.Response, error) {
	q := &abi.Request{Method: req.Method, URL: req.URL.String(), Headers: abi.HeadersOf(req.Header), CF: cf}
	if q.Method == "" {
		q.Method = http.MethodGet
	}
	if req.Host != "" && req.Host != req.URL.Host {
		q.Headers = append(q.Headers, abi.Header{Name: "Host", Value: req.Host})
	}
	stream, err := requestBody(ctx, req, q)
	if err != nil {
		return nil, err
	}
	var w abi.Writer
	w.Target(target)
	w.Request(q)
	w.U8(redirect)
	r, err := invokeWith(ctx, abi.OpFetch, w.Bytes(), stream, req.Body)
	if err != nil {
		return nil, fmt.Errorf("fetch %s %s: %w", q.Method, req.URL.Redacted(), err)
	}
	p := r.Response()
	if r.Err() != nil {
		return nil, r.Err()
	}
	return response(ctx, req, p), nil
}

// invokeWith is Invoke for a request with a stream, which may be nil, that from fills.
func invokeWith(ctx context.Context, op uint32, request []byte, stream *writeStream, from io.ReadCloser) (*abi.Reader, error) {
	if stream == nil {
		return Invoke(ctx, op, request)
	}
	refs := references{ctx: ctx}
	refs.pumps(stream, from)
	o, err := Begin(ctx, op, request)
	if err != nil {
		refs.withdraw()
		return nil, err
	}
	refs.begun(o)
	r, err := o.Wait(ctx)
	if err != nil {
		o.abandon()
	}
	return r, err
}

// requestBody fills in the body of q: inline when it is small, otherwise a stream that the caller pumps.
func requestBody(ctx context.Context, req *http.Request, q *abi.Request) (stream *writeStream, err error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	length := req.ContentLength
	if length == 0 {
		length = -1
	}
	if q.Body, stream, err = outgoing(ctx, req.Body, length); err != nil {
		return nil, fmt.Errorf("fetch %s: request body: %w", req.URL.Redacted(), err)
	}
	return stream, nil
}

// outgoing makes a Body of from, whose length is -1 when it is not known: inline when it is small, otherwise a stream that the caller pumps.
func outgoing(ctx context.Context, from io.ReadCloser, length int64) (abi.Body, *writeStream, error) {
	if length > 0 && length <= abi.InlineBody {
		defer from.Close()
		b, err := io.ReadAll(io.LimitReader(from, length+1))
		if err != nil {
			return abi.Body{}, nil, err
		}
		if int64(len(b)) != length {
			return abi.Body{}, nil, fmt.Errorf("ContentLength is %d, the body has %d bytes", length, len(b))
		}
		return abi.Body{Mode: abi.BodyInline, Inline: b}, nil, nil
	}
	s := newWriteStream(ctx)
	return abi.Body{Mode: abi.BodyStream, Stream: s.id, Length: length}, s, nil
}

// pump writes a reader to a stream. A panic of the reader is the stream's failure: here is nobody else to tell.
func pump(s *writeStream, from io.ReadCloser) {
	err := Guard(s.ctx, "reader", func() error {
		defer from.Close()
		_, err := io.Copy(s, from)
		return err
	})
	if err != nil {
		s.abort(err)
		return
	}
	_ = s.Close()
}

func response(ctx context.Context, req *http.Request, p *abi.Response) *http.Response {
	out := &http.Response{
		Status: fmt.Sprintf("%d %s", p.Status, http.StatusText(p.Status)), StatusCode: p.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header(p.Headers), Request: req,
	}
	if p.StatusText != "" {
		out.Status = fmt.Sprintf("%d %s", p.Status, p.StatusText)
	}
	out.Body, out.ContentLength = body(ctx, p.Body)
	if encoding := out.Header.Get("Content-Encoding"); encoding == "gzip" || encoding == "br" {
		// The runtime has decoded it. This is how net/http says so; a program that passes the response on would label its body wrongly otherwise.
		out.Header.Del("Content-Encoding")
		out.Header.Del("Content-Length")
		out.Uncompressed, out.ContentLength = true, -1
	}
	if p.Socket != 0 {
		out.Body = &SocketBody{Number: p.Socket}
	}
	return out
}

var lastStub atomic.Uint64

// NewStubSerial numbers a new stub.
func NewStubSerial() uint64 {
	return lastStub.Add(1)
}

// CF returns the request's `cf` object as JSON, or nothing.
func CF(ctx context.Context) []byte {
	if f := FrameOf(ctx); f != nil {
		return []byte(f.cf)
	}
	return nil
}
