package host

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/stream"
)

// outbound returns the transport of outbound requests.
func outbound() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	t.DisableCompression = true // what a Worker does not ask for is not asked for
	if roots := trusted(); roots != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	t.ResponseHeaderTimeout = 100 * time.Second
	return t
}

// network has an outbound request performed.
func (h *Host) network(from *frame, c *fetchCall, r reply) {
	struck := h.faults.meet(target{url: c.request.URL})
	fail := func(err error) { r.fail(asError(err)) }
	h.suffer(struck, fail, func(lost error) {
		if lost != nil {
			r.response = func(_ *abi.Response, body content) {
				if body.socket != nil {
					body.socket.drop()
				}
				fail(lost)
			}
		}
		h.request(from, c, r)
	})
}

func (h *Host) request(from *frame, c *fetchCall, r reply) {
	if asksForSocket(c.request.Headers) {
		h.work.run(func() { h.dial(from, c, r) })
		return
	}
	if h.sched == nil || c.body.source == nil {
		h.work.run(func() { h.fetchNetwork(from, c, r) })
		return
	}
	// A seeded host must not wait for a body while it runs the request: the body comes first.
	collect(c.body.source, nil, func(body []byte, err error) {
		if err != nil {
			r.fail(asError(err))
			return
		}
		c.body = content{inline: body}
		h.work.run(func() { h.fetchNetwork(from, c, r) })
	})
}

// collect reads all of src.
func collect(src stream.Source, sofar []byte, done func([]byte, error)) {
	src.Read(maxRead, func(chunk []byte, eof bool, err error) {
		sofar = append(sofar, chunk...)
		if eof || err != nil {
			done(sofar, err)
			return
		}
		collect(src, sofar, done)
	})
}

// fetchNetwork performs an outbound request, and follows redirects.
func (h *Host) fetchNetwork(from *frame, c *fetchCall, r reply) {
	ctx := c.context(from)
	t := newTrip(c)
	r = h.traceRequest(from, t, r)
	for {
		resp, err := t.send(ctx, h.cfg.Network)
		if err != nil {
			h.cfg.Logger.Debug("an outbound request failed", "method", t.method, "url", t.url, "error", err)
			r.fail(outboundError(err))
			return
		}
		again, failed := t.redirect(resp, c.redirect)
		switch {
		case failed != nil:
			resp.Body.Close()
			r.fail(failed)
			return
		case again:
			_, _ = io.CopyN(io.Discard, resp.Body, abi.InlineBody)
			resp.Body.Close()
			continue
		}
		if t.method == http.MethodHead || resp.Body == http.NoBody {
			resp.Body.Close()
			r.response(headOf(resp), noContent)
			return
		}
		body, err := h.bodyOf(lossy{resp.Body}, resp.ContentLength)
		if err != nil {
			r.fail(asError(err))
			return
		}
		r.response(headOf(resp), body)
		return
	}
}

// context is what an outbound request ends with.
func (c *fetchCall) context(from *frame) context.Context {
	switch {
	case c.ctx != nil:
		return c.ctx
	case from != nil:
		return from.ctx
	}
	return context.Background()
}

// headOf is a response without its body.
func headOf(resp *http.Response) *abi.Response {
	text := strings.TrimSpace(strings.TrimPrefix(resp.Status, strconv.Itoa(resp.StatusCode)))
	return &abi.Response{Status: resp.StatusCode, StatusText: text, Headers: abi.HeadersOf(resp.Header)}
}

// reader returns the body for net/http.
func (c content) reader() io.Reader {
	switch {
	case c.none:
		return nil
	case c.source == nil:
		return bytes.NewReader(c.inline)
	}
	return stream.ToReader(c.source)
}

// bodyOf makes content of a body that comes from outside. A seeded host reads all of it at once.
func (h *Host) bodyOf(body io.ReadCloser, length int64) (content, error) {
	if h.sched == nil || body == nil || body == http.NoBody {
		return bodyOf(body, length)
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return noContent, err
	}
	if len(b) > abi.InlineBody {
		return content{source: stream.Bytes(b), length: length}, nil
	}
	return bodyOf(io.NopCloser(bytes.NewReader(b)), int64(len(b)))
}

// bodyOf makes content of a body: inline when it is known to be small.
func bodyOf(body io.ReadCloser, length int64) (content, error) {
	switch {
	case body == nil || body == http.NoBody || length == 0:
		if body != nil {
			body.Close()
		}
		return noContent, nil
	case length > 0 && length <= abi.InlineBody:
		defer body.Close()
		b := make([]byte, length)
		if _, err := io.ReadFull(body, b); err != nil {
			return noContent, err
		}
		return content{inline: b}, nil
	}
	return content{source: stream.FromReader(body), length: length}, nil
}
