package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/rpc"
)

// Cases about what happens to what a call passes by reference when nobody gets it.

// unsendable has a target before what cannot be sent.
type unsendable struct {
	Counter rpc.Stub[counter] `json:"counter"`
	Channel chan int          `json:"channel"`
}

var (
	lateCounter = durables.Method(objClass, "lateCounter", func(o *Obj, ctx context.Context, begun rpc.Function[string, any]) (rpc.Stub[counter], error) {
		_, err := begun.Call(ctx, "begun")
		return o.counter(ctx, 5), err
	})

	badResponse = durables.Method(objClass, "badResponse", func(*Obj, context.Context, rpc.None) (*http.Response, error) {
		return &http.Response{StatusCode: 999}, nil
	})

	_ = durables.Method(objClass, "streamNotTaken", func(*Obj, context.Context, struct{}) (rpc.None, error) { return rpc.None{}, nil })

	_ = durables.Method(objClass, "streamOfWrongType", func(*Obj, context.Context, int) (rpc.None, error) { return rpc.None{}, nil })

	takeUnsendable = durables.Method(objClass, "bundleTaken", func(*Obj, context.Context, unsendable) (rpc.None, error) { return rpc.None{}, nil })

	forgottenChild    = rpc.Remote[int, rpc.None]("child")
	forgottenDescribe = rpc.Remote[rpc.None, struct {
		N int `json:"n"`
	}]("describe")
)

// logOf waits for n lines of the log of the object called name.
func logOf(ctx context.Context, name string, n int) (any, error) {
	c := &call{ctx: ctx, name: name}
	return c.lines(objects().GetByName(name), n)
}

func init() {
	table(objectCases, map[string]objectCase{
		"rpc disposal/of the result of a call given up": func(ctx ctxt, _ *self) (any, error) {
			const name = "rpc disposal/of the result of a call given up 2"
			waiting, giveUp := context.WithCancel(ctx)
			_, err := lateCounter.Call(waiting, objects().GetByName(name), rpc.NewFunction(ctx, func(context.Context, string) (any, error) {
				giveUp()
				return nil, nil
			}))
			if err != context.Canceled {
				return nil, err
			}
			return logOf(ctx, name, 1)
		},
		"rpc disposal/of a result that is not asked for": func(ctx ctxt, _ *self) (any, error) {
			const name = "rpc disposal/of a result that is not asked for 2"
			k, err := newCounter.Call(ctx, objects().GetByName(name), 1)
			if err != nil {
				return nil, err
			}
			if _, err := forgottenChild.Call(ctx, k.Any(), 7); err != nil {
				return nil, err
			}
			return logOf(ctx, name, 1)
		},
		"rpc disposal/of a field that is not read": func(ctx ctxt, _ *self) (any, error) {
			const name = "rpc disposal/of a field that is not read 2"
			k, err := newCounter.Call(ctx, objects().GetByName(name), 1)
			if err != nil {
				return nil, err
			}
			d, err := forgottenDescribe.Call(ctx, k.Any(), rpc.None{})
			if err != nil {
				return nil, err
			}
			lines, err := logOf(ctx, name, 1)
			return []any{d.N, lines}, err
		},
		"rpc disposal/of arguments that cannot be sent": func(ctx ctxt, _ *self) (any, error) {
			var h heard
			_, err := takeUnsendable.Call(ctx, objects().GetByName("rpc disposal/of arguments that cannot be sent 2"), unsendable{Counter: h.counter(ctx, 1)})
			return []any{err != nil, h.wait(ctx)}, nil
		},
		"rpc value/response that cannot be": func(ctx ctxt, _ *self) (any, error) {
			_, err := badResponse.Call(ctx, objects().GetByName("rpc value/response that cannot be 2"), rpc.None{})
			return revealError(err), nil
		},
		"rpc disposal/of a stream that is not taken": func(ctx ctxt, _ *self) (any, error) {
			e := &endless{}
			stub := objects().GetByName("rpc disposal/of a stream that is not taken 2")
			if err := stub.Call(ctx, "streamNotTaken", nil, map[string]any{"stream": io.Reader(e)}); err != nil {
				return nil, err
			}
			return e.heard.wait(ctx), nil
		},
		"rpc disposal/of a stream that does not fit": func(ctx ctxt, _ *self) (any, error) {
			e := &endless{}
			err := objects().GetByName("rpc disposal/of a stream that does not fit 2").Call(ctx, "streamOfWrongType", nil, io.Reader(e))
			return []any{err != nil, e.heard.wait(ctx)}, nil
		},
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc disposal/of the arguments of a call that is refused": func(c *call) (any, error) {
			var h heard
			err := rpc.Service("NONE").Call(c.ctx, "use", nil, h.counter(c.ctx, 1))
			return []any{err != nil, h.wait(c.ctx)}, nil
		},
		"rpc disposal/of a stream of a call that is refused": func(c *call) (any, error) {
			e := &endless{}
			err := rpc.Service("NONE").Call(c.ctx, "use", nil, io.Reader(e))
			return []any{err != nil, e.heard.wait(c.ctx)}, nil
		},
		"rpc disposal/of the arguments of a call that is refused, and begun": func(c *call) (any, error) {
			var h heard
			err := rpc.Service("NONE").Start(c.ctx, "use", h.counter(c.ctx, 1)).Await(c.ctx, nil)
			return []any{err != nil, h.wait(c.ctx)}, nil
		},
		"rpc service/no such method": func(c *call) (any, error) { return try(rpc.Service("SELF").Call(c.ctx, "nothing", nil, 1)), nil },
		"rpc service/no such path":   func(c *call) (any, error) { return try(rpc.Service("SELF").Call(c.ctx, "nothing.deeper", nil, 1)), nil },
		"rpc service/no such property": func(c *call) (any, error) {
			var v any
			return try(rpc.Service("SELF").Get(c.ctx, "nothing", &v)), nil
		},
		"rpc service/reserved name": func(c *call) (any, error) { return try(rpc.Service("SELF").Call(c.ctx, "alarm", nil)), nil },
		"rpc service/no such method, given a target": func(c *call) (any, error) {
			var h heard
			err := rpc.Service("SELF").Call(c.ctx, "nothing", nil, h.counter(c.ctx, 1))
			return []any{err != nil, h.wait(c.ctx)}, nil
		},
		"rpc promise/awaited twice":        awaitedTwice,
		"rpc promise/stream awaited twice": streamAwaitedTwice,
	})
	table(httpCases, map[string]func(c *call, w http.ResponseWriter, r *http.Request){
		"http/status that cannot be": func(_ *call, w http.ResponseWriter, r *http.Request) { w.WriteHeader(code(r)) },
		"http/header that cannot be": func(_ *call, w http.ResponseWriter, r *http.Request) {
			w.Header()["bad header"] = []string{"1"}
			io.WriteString(w, "text")
		},
		"http/header that cannot be, streamed": func(_ *call, w http.ResponseWriter, r *http.Request) {
			w.Header()["bad header"] = []string{"1"}
			io.WriteString(w, "te")
			w.(http.Flusher).Flush()
			io.WriteString(w, "xt")
		},
		"http/value of a header that cannot be": func(_ *call, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Bad", "a\nb")
			io.WriteString(w, "text")
		},
		"http/errors of responses that cannot be": func(c *call, w http.ResponseWriter, _ *http.Request) {
			answers := []any{}
			ask := func(name string) {
				resp, _, err := c.service("GET", strings.ReplaceAll(name, " ", "%20"), nil)
				answers = append(answers, attempt(resp.StatusCode, err))
			}
			for _, code := range []int{100, 101, 103, 199, 600, 999} {
				ask(fmt.Sprint("http/status that cannot be?code=", code))
			}
			for _, name := range []string{"http/header that cannot be", "http/header that cannot be, streamed", "http/value of a header that cannot be"} {
				ask(name)
			}
			answer(w, answers)
		},
	})
}

// endless is a stream without an end that notes its Close.
type endless struct{ heard heard }

func (*endless) Read(p []byte) (int, error) {
	time.Sleep(ms)
	return len(p), nil
}

func (e *endless) Close() error {
	e.heard.hear("closed")
	return nil
}

func awaitedTwice(c *call) (any, error) {
	promise := c.object().Start(c.ctx, "counter", 1)
	var first, second *rpc.Any
	if err := errors.Join(promise.Await(c.ctx, &first), promise.Await(c.ctx, &second)); err != nil {
		return nil, err
	}
	result := []any{first == second}
	for _, stub := range []*rpc.Any{first, second} {
		n, err := increment.Call(c.ctx, rpc.StubOf[counter](stub), 1)
		if err != nil {
			return nil, err
		}
		result = append(result, n)
	}
	if err := errors.Join(first.Dispose(c.ctx), promise.Dispose(c.ctx)); err != nil {
		return nil, err
	}
	result = append(result, attempt(increment.Call(c.ctx, rpc.StubOf[counter](second), 1)))
	log, err := c.lines(c.object(), 1)
	return append(result, log), err
}

func streamAwaitedTwice(c *call) (any, error) {
	promise := c.object().Start(c.ctx, "echo", io.Reader(strings.NewReader("one two three")))
	var first, second any
	if err := errors.Join(promise.Await(c.ctx, &first), promise.Await(c.ctx, &second)); err != nil {
		return nil, err
	}
	r, ok := first.(io.Reader)
	if !ok {
		return nil, fmt.Errorf("got %T", first)
	}
	text, err := io.ReadAll(r)
	return []any{first == second, string(text)}, err
}
