package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

const large = 5 << 20

// produced is a stream of n bytes in chunks; it fails after failAt of them.
type produced struct{ sent, n, failAt int }

func produce(n int) io.Reader { return &produced{n: n, failAt: -1} }

func (p *produced) Read(b []byte) (int, error) {
	switch {
	case p.sent == p.failAt:
		return 0, workers.NewError("RangeError", fmt.Sprintf("failed after %d", p.failAt))
	case p.sent >= p.n:
		return 0, io.EOF
	}
	size := min(len(b), p.n-p.sent, 40_000)
	if p.failAt >= 0 {
		size = min(size, p.failAt-p.sent)
	}
	for i := range size {
		b[i] = byte((p.sent + i) * 7)
	}
	p.sent += size
	return size, nil
}

// total is what a stream had, to its end or its failure.
func total(r io.Reader) object {
	length, sum := 0, uint32(7)
	for buf := make([]byte, 32<<10); ; {
		n, err := r.Read(buf)
		length += n
		for _, x := range buf[:n] {
			sum = sum*31 + uint32(x)
		}
		if err == io.EOF {
			return object{"length": length, "sum": sum}
		}
		if err != nil {
			return object{"failed": revealError(err)}
		}
	}
}

// collector is a writer that notes what was written to it.
type collector struct {
	note   func(string)
	mu     sync.Mutex
	length int
}

func (c *collector) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.length += len(p)
	return len(p), nil
}

func (c *collector) Close() error {
	c.note(fmt.Sprintf("closed after %d", c.length))
	return nil
}

func (c *collector) CloseWithError(err error) error {
	c.note("aborted: " + err.Error())
	return nil
}

// full is a writer that fails.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, workers.NewError("RangeError", "full") }

func fill(to io.WriteCloser, n int) error {
	if _, err := io.Copy(to, produce(n)); err != nil {
		return err
	}
	return to.Close()
}

func describeRequest(r *http.Request) (object, error) {
	body, err := io.ReadAll(r.Body)
	return object{"method": r.Method, "url": r.URL.String(), "header": headerOne(r.Header), "body": string(body)}, err
}

func describeResponse(r *http.Response) (object, error) {
	body, err := io.ReadAll(r.Body)
	return object{"status": r.StatusCode, "header": headerOne(r.Header), "length": len(body), "start": string(body[:min(20, len(body))])}, err
}

func headerOne(h http.Header) any {
	if v := h.Get("X-One"); v != "" {
		return v
	}
	return nil
}

func respond(status, n int) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{"X-One": {"eins"}}}
	if n > 0 {
		resp.Body = io.NopCloser(strings.NewReader(strings.Repeat("r", n)))
	}
	return resp
}

func request(method, address, body, one string) *http.Request {
	u, _ := url.Parse(address)
	r := &http.Request{Method: method, URL: u, Header: http.Header{}}
	if one != "" {
		r.Header.Set("X-One", one)
	}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		r.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	return r
}

// Produce says what to produce.
type Produce struct {
	N      int  `json:"n"`
	FailAt *int `json:"failAt,omitempty"`
}

// Named is a stream among other things.
type Named struct {
	Name   string    `json:"name"`
	Stream io.Reader `json:"stream"`
}

// Two are two streams.
type Two struct {
	First  io.Reader `json:"first"`
	Second io.Reader `json:"second"`
	Name   string    `json:"name"`
}

// Fill says where to write how much.
type Fill struct {
	To io.WriteCloser `json:"to"`
	N  int            `json:"n"`
}

// Respond says what to respond.
type Respond struct {
	Status int `json:"status"`
	N      int `json:"n"`
}

var (
	totalUp = durables.Method(objClass, "total", func(_ *Obj, _ context.Context, r io.Reader) (object, error) { return total(r), nil })
	totalOf = durables.Method(objClass, "totalOf", func(_ *Obj, _ context.Context, p Named) (object, error) {
		t := total(p.Stream)
		t["name"] = p.Name
		return t, nil
	})
	produces = durables.Method(objClass, "produce", func(_ *Obj, _ context.Context, p Produce) (io.ReadCloser, error) {
		r := &produced{n: p.N, failAt: -1}
		if p.FailAt != nil {
			r.failAt = *p.FailAt
		}
		return io.NopCloser(r), nil
	})
	produceTwo = durables.Method(objClass, "produceTwo", func(_ *Obj, _ context.Context, n int) (Two, error) {
		return Two{produce(n), produce(2 * n), "two"}, nil
	})
	readSome = durables.Method(objClass, "readSome", func(_ *Obj, _ context.Context, r io.ReadCloser) (bool, error) {
		n, err := r.Read(make([]byte, 1000))
		r.Close()
		return n > 0, err
	})
	ignore = durables.Method(objClass, "ignore", func(*Obj, context.Context, io.ReadCloser) (string, error) { return "ignored", nil })
	fills  = durables.Method(objClass, "fill", func(_ *Obj, _ context.Context, p Fill) (rpc.None, error) { return rpc.None{}, fill(p.To, p.N) })

	fillAndAbort = durables.Method(objClass, "fillAndAbort", func(_ *Obj, _ context.Context, to io.WriteCloser) (rpc.None, error) {
		if _, err := io.WriteString(to, "abc"); err != nil {
			return rpc.None{}, err
		}
		return rpc.None{}, to.(interface{ CloseWithError(error) error }).CloseWithError(workers.NewError("RangeError", "changed my mind"))
	})
	collect = durables.Method(objClass, "collect", func(o *Obj, _ context.Context, _ rpc.None) (io.WriteCloser, error) {
		return &collector{note: func(line string) { o.note(line) }}, nil
	})
	describesRequest  = durables.Method(objClass, "describeRequest", func(_ *Obj, _ context.Context, r *http.Request) (object, error) { return describeRequest(r) })
	describesResponse = durables.Method(objClass, "describeResponse", func(_ *Obj, _ context.Context, r *http.Response) (object, error) { return describeResponse(r) })

	makeRequest = durables.Method(objClass, "makeRequest", func(_ *Obj, _ context.Context, body string) (*http.Request, error) {
		if body == "" {
			return request("GET", "https://example.com/made?q=1", "", "made"), nil
		}
		return request("PUT", "https://example.com/made?q=1", body, "made"), nil
	})
	responds = durables.Method(objClass, "respond", func(_ *Obj, _ context.Context, p Respond) (*http.Response, error) { return respond(p.Status, p.N), nil })
	streamed = durables.Method(objClass, "streamed", func(_ *Obj, _ context.Context, n int) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"X-One": {"streamed"}}, Body: io.NopCloser(produce(n)), ContentLength: -1}, nil
	})
	addHeader = durables.Method(objClass, "addHeader", func(_ *Obj, _ context.Context, h http.Header) (http.Header, error) {
		h.Add("X-Added", "yes")
		return h, nil
	})
)

func init() {
	readableCases()
	writableCases()
	httpValueCases()
	objectCases["rpc stream/inside an object"] = func(ctx context.Context, _ *self) (any, error) {
		other := objects().GetByName("rpc stream/inside an object 2")
		one, err := totalUp.Call(ctx, other, produce(70_000))
		if err != nil {
			return nil, err
		}
		r, err := produces.Call(ctx, other, Produce{N: 70_000})
		if err != nil {
			return nil, err
		}
		return []any{one, total(r)}, nil
	}
	objectCases["rpc http/inside an object"] = func(ctx context.Context, _ *self) (any, error) {
		other := objects().GetByName("rpc http/inside an object 2")
		resp, err := responds.Call(ctx, other, Respond{200, 5})
		if err != nil {
			return nil, err
		}
		req, err := makeRequest.Call(ctx, other, "body")
		if err != nil {
			return nil, err
		}
		return all(func() (any, error) { return describeResponse(resp) }, func() (any, error) { return describeRequest(req) })
	}
}

func readableCases() {
	argument := func(r func() io.Reader) func(c *call) (any, error) {
		return func(c *call) (any, error) { return totalUp.Call(c.ctx, c.object(), r()) }
	}
	result := func(p Produce) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			r, err := produces.Call(c.ctx, c.object(), p)
			if err != nil {
				return nil, err
			}
			return total(r), nil
		}
	}
	half := 50_000
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc stream/argument":            argument(func() io.Reader { return produce(1000) }),
		"rpc stream/argument, empty":     argument(func() io.Reader { return produce(0) }),
		"rpc stream/argument, 5 MB":      argument(func() io.Reader { return produce(large) }),
		"rpc stream/argument that fails": argument(func() io.Reader { return &produced{n: 100_000, failAt: half} }),
		"rpc stream/argument in a field": func(c *call) (any, error) {
			return totalOf.Call(c.ctx, c.object(), Named{"field", produce(1000)})
		},
		"rpc stream/argument, cancelled early": func(c *call) (any, error) {
			return readSome.Call(c.ctx, c.object(), io.NopCloser(produce(large)))
		},
		"rpc stream/argument, not read": func(c *call) (any, error) {
			return ignore.Call(c.ctx, c.object(), io.NopCloser(produce(1000)))
		},
		"rpc stream/result":            result(Produce{N: 1000}),
		"rpc stream/result, 5 MB":      result(Produce{N: large}),
		"rpc stream/result, empty":     result(Produce{}),
		"rpc stream/result that fails": result(Produce{N: 100_000, FailAt: &half}),
		"rpc stream/result, cancelled early": func(c *call) (any, error) {
			r, err := produces.Call(c.ctx, c.object(), Produce{N: large})
			if err != nil {
				return nil, err
			}
			n, err := r.Read(make([]byte, 1000))
			if err != nil {
				return nil, err
			}
			r.Close()
			four, err := double.Call(c.ctx, c.object(), 2)
			return []any{n > 0, four}, err
		},
		"rpc stream/two results": func(c *call) (any, error) {
			two, err := produceTwo.Call(c.ctx, c.object(), 100_000)
			if err != nil {
				return nil, err
			}
			return []any{two.Name, total(two.First), total(two.Second)}, nil
		},
		"rpc stream/of one object read by another": func(c *call) (any, error) {
			r, err := produces.Call(c.ctx, c.object(), Produce{N: 200_000})
			if err != nil {
				return nil, err
			}
			return totalUp.Call(c.ctx, c.object(" 2"), r)
		},
	})
}

func writableCases() {
	argument := func(n int) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			var h heard
			_, err := fills.Call(c.ctx, c.object(), Fill{&collector{note: func(line string) { h.hear(line) }}, n})
			return h.wait(c.ctx), err
		}
	}
	result := func(write func(c *call, to io.WriteCloser) error) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			to, err := collect.Call(c.ctx, c.object(), rpc.None{})
			if err != nil {
				return nil, err
			}
			if err := write(c, to); err != nil {
				return nil, err
			}
			return c.lines(c.object(), 1)
		}
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc stream/writable argument":       argument(1000),
		"rpc stream/writable argument, 5 MB": argument(large),
		"rpc stream/writable argument, aborted": func(c *call) (any, error) {
			var h heard
			_, err := fillAndAbort.Call(c.ctx, c.object(), &collector{note: func(line string) { h.hear(line) }})
			return h.wait(c.ctx), err
		},
		"rpc stream/writable argument that fails": func(c *call) (any, error) {
			if _, err := fills.Call(c.ctx, c.object(), Fill{struct {
				io.Writer
				io.Closer
			}{full{}, io.NopCloser(nil)}, 1_000_000}); err != nil {
				return revealError(err), nil
			}
			return "written", nil
		},
		"rpc stream/writable result":       result(func(_ *call, to io.WriteCloser) error { return fill(to, 1000) }),
		"rpc stream/writable result, 5 MB": result(func(_ *call, to io.WriteCloser) error { return fill(to, large) }),
		"rpc stream/writable between objects": result(func(c *call, to io.WriteCloser) error {
			_, err := fills.Call(c.ctx, c.object(" 2"), Fill{to, 100_000})
			return err
		}),
		"rpc stream/writable result, aborted": result(func(_ *call, to io.WriteCloser) error {
			if _, err := to.Write(pattern(10)); err != nil {
				return err
			}
			return to.(interface{ CloseWithError(error) error }).CloseWithError(workers.NewError("RangeError", "no more"))
		}),
	})
}

func httpValueCases() {
	response := func(p Respond) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			resp, err := responds.Call(c.ctx, c.object(), p)
			if err != nil {
				return nil, err
			}
			return describeResponse(resp)
		}
	}
	made := func(body string) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			r, err := makeRequest.Call(c.ctx, c.object(), body)
			if err != nil {
				return nil, err
			}
			return describeRequest(r)
		}
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc http/request": func(c *call) (any, error) {
			return describesRequest.Call(c.ctx, c.object(), request("GET", "https://example.com/a?b=c", "", "1"))
		},
		"rpc http/request with a body": func(c *call) (any, error) {
			return describesRequest.Call(c.ctx, c.object(), request("POST", "https://example.com/", "the body", "2"))
		},
		"rpc http/request with a large body": func(c *call) (any, error) {
			d, err := describesRequest.Call(c.ctx, c.object(), request("POST", "https://example.com/", strings.Repeat("x", 200_000), ""))
			if text, ok := d["body"].(string); ok {
				d["body"] = len(text)
			}
			return d, err
		},
		"rpc http/request result":             made(""),
		"rpc http/request result with a body": made("from the object"),
		"rpc http/response":                   response(Respond{201, 12}),
		"rpc http/response with a large body": response(Respond{200, 300_000}),
		"rpc http/response without a body":    response(Respond{204, 0}),
		"rpc http/response of status 404":     response(Respond{404, 3}),
		"rpc http/response that streams": func(c *call) (any, error) {
			resp, err := streamed.Call(c.ctx, c.object(), 100_000)
			if err != nil {
				return nil, err
			}
			return []any{resp.Header.Get("X-One"), total(resp.Body)}, nil
		},
		"rpc http/response argument": func(c *call) (any, error) {
			resp := &http.Response{StatusCode: 418, Header: http.Header{"X-One": {"3"}}, Body: io.NopCloser(bytes.NewBufferString("as an argument")), ContentLength: 14}
			return describesResponse.Call(c.ctx, c.object(), resp)
		},
		"rpc http/response of one object read by another": func(c *call) (any, error) {
			resp, err := responds.Call(c.ctx, c.object(), Respond{200, 100_000})
			if err != nil {
				return nil, err
			}
			return describesResponse.Call(c.ctx, c.object(" 2"), resp)
		},
		"rpc http/headers": func(c *call) (any, error) {
			h, err := addHeader.Call(c.ctx, c.object(), http.Header{"X-One": {"1"}, "X-Two": {"2"}})
			return reveal(h), err
		},
	})
}
