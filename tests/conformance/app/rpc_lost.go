package main

import (
	"context"
	"net/http"

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
			return err != nil, nil
		},
	})
}
