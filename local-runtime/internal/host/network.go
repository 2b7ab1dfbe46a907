package host

import (
	"bytes"
	"context"
	"errors"
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
	t.ResponseHeaderTimeout = 100 * time.Second
	return t
}

var errRedirect = errors.New("Unexpected redirect in response to request with redirect mode set to 'error'.")

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

// fetchNetwork performs an outbound request.
func (h *Host) fetchNetwork(from *frame, c *fetchCall, r reply) {
	req, err := c.outbound(from)
	if err != nil {
		r.fail(abi.TypeErrorf("%s", err))
		return
	}
	client := &http.Client{Transport: h.cfg.Network, CheckRedirect: redirectRule(c.redirect)}
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, errRedirect) {
			err = abi.TypeErrorf("%s", errRedirect)
		}
		r.fail(asError(err))
		return
	}
	head := headOf(resp)
	body, err := h.bodyOf(resp.Body, resp.ContentLength)
	if err != nil {
		r.fail(asError(err))
		return
	}
	if c.request.Method == http.MethodHead {
		body = noContent
	}
	r.response(head, body)
}

// outbound makes net/http's request of a call.
func (c *fetchCall) outbound(from *frame) (*http.Request, error) {
	ctx := context.Background()
	if from != nil {
		ctx = from.ctx
	}
	req, err := http.NewRequestWithContext(ctx, c.request.Method, c.request.URL, c.body.reader())
	if err != nil {
		return nil, err
	}
	for _, f := range c.request.Headers {
		if strings.EqualFold(f.Name, "host") {
			req.Host = f.Value
			continue
		}
		req.Header.Add(f.Name, f.Value)
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "") // or Go names itself
	}
	switch {
	case c.body.source != nil:
		req.ContentLength = c.body.length
	case !c.body.none:
		req.ContentLength = int64(len(c.body.inline))
	}
	return req, nil
}

// headOf is a response without its body.
func headOf(resp *http.Response) *abi.Response {
	text := strings.TrimSpace(strings.TrimPrefix(resp.Status, strconv.Itoa(resp.StatusCode)))
	return &abi.Response{Status: resp.StatusCode, StatusText: text, Headers: abi.HeadersOf(resp.Header)}
}

func redirectRule(mode byte) func(*http.Request, []*http.Request) error {
	return func(_ *http.Request, via []*http.Request) error {
		switch {
		case mode == 1:
			return http.ErrUseLastResponse
		case mode == 2:
			return errRedirect
		case len(via) >= 20:
			return errors.New("Too many redirects.")
		}
		return nil
	}
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
