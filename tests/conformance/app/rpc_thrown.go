package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

// thrown are errors that methods return. Go's own way to give an error a cause is to wrap it.
var thrown = map[string]func() error{
	"cause":                  func() error { return &workers.Error{Message: "outer", Cause: workers.NewError("RangeError", "inner")} },
	"cause that is no error": func() error { return &workers.Error{Message: "outer", Props: object{"cause": "text"}} },
	"causes of causes": func() error {
		return &workers.Error{Message: "1", Cause: &workers.Error{Name: "TypeError", Message: "2", Cause: wrapped{"3", errors.New("4")}}}
	},
	"properties of many types": func() error {
		return &workers.Error{Message: "with", Props: object{"map": rpc.Map[string, int]{{Key: "k", Value: 1}}, "at": time.UnixMilli(7), "big": bigInt("12"), "none": nil, "list": []any{1, []any{2}}}}
	},
	"properties of the cause": func() error {
		return &workers.Error{Message: "outer", Cause: &workers.Error{Message: "inner", Props: object{"code": 42}}}
	},
}

// wrapped is an error of the application that wraps another.
type wrapped struct {
	text  string
	cause error
}

func (w wrapped) Error() string { return w.text }
func (w wrapped) Unwrap() error { return w.cause }

var (
	throws = durables.Method(objClass, "throws", func(_ *Obj, _ context.Context, kind string) (rpc.None, error) {
		if f := thrown[kind]; f != nil {
			return rpc.None{}, f()
		}
		return rpc.None{}, fmt.Errorf("no error %q", kind)
	})
	throwsElsewhere = durables.Method(objClass, "throwsElsewhere", func(_ *Obj, ctx context.Context, p Thrown) (rpc.None, error) {
		return throws.Call(ctx, objects().GetByName(p.Name), p.Kind)
	})
)

// Thrown names an error of another object.
type Thrown struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

func init() {
	for kind, f := range thrown {
		workerCases["rpc thrown/"+kind] = func(c *call) (any, error) { return failure(throws.Call(c.ctx, c.object(), kind)), nil }
		workerCases["rpc thrown by a callback/"+kind] = func(c *call) (any, error) {
			return failure(callBack.Call(c.ctx, c.object(), fn(c, func(context.Context, string) (any, error) { return nil, f() }))), nil
		}
	}
	workerCases["rpc thrown/id of the object"] = func(c *call) (any, error) {
		_, err := throws.Call(c.ctx, c.object(), "cause")
		var e *workers.Error
		if !errors.As(err, &e) {
			return nil, err
		}
		return []any{e.Remote, e.Props["durableObjectId"] == named(c.ctx, objects(), c.name)}, nil
	}
	workerCases["rpc thrown/through two objects"] = func(c *call) (any, error) {
		return failure(throwsElsewhere.Call(c.ctx, c.object(), Thrown{c.name + " 2", "cause"})), nil
	}
}
