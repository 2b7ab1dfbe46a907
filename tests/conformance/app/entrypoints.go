package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

// byName calls a method of a service by its name, or gets a property.
func byName(service *workers.ServiceBinding, path string, args ...any) func(c *call) (any, error) {
	return func(c *call) (result any, err error) {
		err = service.Any().Call(c.ctx, path, &result, args...)
		return result, err
	}
}

func property(service *workers.ServiceBinding, path string) func(c *call) (any, error) {
	return func(c *call) (result any, err error) {
		err = service.Any().Get(c.ctx, path, &result)
		return result, err
	}
}

// fetchFrom is status, header X-One, Location and body of an answer.
func fetchFrom(ctx context.Context, service *workers.ServiceBinding, method, path, one string, body io.Reader) (any, error) {
	r, err := http.NewRequestWithContext(ctx, method, "https://auth"+path, body)
	if err != nil {
		return nil, err
	}
	if one != "" {
		r.Header.Set("X-One", one)
	}
	resp, err := service.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	header := func(name string) any {
		if v := resp.Header.Get(name); v != "" {
			return v
		}
		return nil
	}
	return []any{resp.StatusCode, header("X-One"), header("Location"), strings.TrimSpace(string(text))}, err
}

func fetches(service *workers.ServiceBinding, method, path, one string, body []byte) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		return fetchFrom(c.ctx, service, method, path, one, strings.NewReader(string(body)))
	}
}

// text is the body of what fetchFrom returned.
func text(ctx context.Context, service *workers.ServiceBinding, path string) func() (any, error) {
	return func() (any, error) {
		answer, err := fetchFrom(ctx, service, "GET", path, "", nil)
		if err != nil {
			return nil, err
		}
		return answer.([]any)[3], nil
	}
}

// asked is a call of a method of a service, as a step.
func asked[P, R any](ctx context.Context, m *rpc.RemoteMethod[P, R], service rpc.Callee, p P) func() (any, error) {
	return func() (any, error) { return m.Call(ctx, service, p) }
}

// invoke is a call of a method of a service, as a case.
func invoke[P, R any](m *rpc.RemoteMethod[P, R], service rpc.Callee, p P) func(c *call) (any, error) {
	return func(c *call) (any, error) { return m.Call(c.ctx, service, p) }
}

func failingFunction(ctx context.Context) (any, error) {
	f, err := authFailing.Call(ctx, auth, rpc.None{})
	if err != nil {
		return nil, err
	}
	return attempt(f.Call(ctx, rpc.None{})), nil
}

func init() {
	for name, value := range values {
		workerCases["entrypoint value/"+name] = func(c *call) (any, error) { return authEcho.Call(c.ctx, auth, value()) }
	}
	for _, kind := range []string{"plain", "type", "range", "custom", "props", "flags", "empty", "unicode", "panic"} {
		workerCases["entrypoint error/"+kind] = func(c *call) (any, error) {
			_, err := authFail.Call(c.ctx, auth, kind)
			failed := try(err)
			after, err := authDouble.Call(c.ctx, auth, 1)
			return object{"failed": failed, "after": after}, err
		}
	}
	for _, name := range []string{"alarm", "webSocketMessage", "webSocketClose", "webSocketError", "dup", "constructor"} {
		workerCases["entrypoint/reserved "+name] = byName(auth, name)
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"entrypoint/no argument, no result": func(c *call) (any, error) {
			_, err := authNone.Call(c.ctx, auth, rpc.None{})
			return nil, err
		},
		"entrypoint/number": invoke(authDouble, auth, 21),
		"entrypoint/struct": func(c *call) (any, error) {
			hej := "Hej"
			return all(asked(c.ctx, authGreet, auth, Greeting{Name: "Ada"}), asked(c.ctx, authGreet, auth, Greeting{Name: "Zoë", Greeting: &hej, Tags: []string{"a", "b"}}))
		},
		"entrypoint/optional argument": func(c *call) (any, error) {
			return all(asked(c.ctx, authOptional, auth, nil), asked(c.ctx, authOptional, auth, &Greeting{Name: "it"}))
		},
		"entrypoint/missing method":               byName(auth, "nonexistent", 1),
		"entrypoint/missing method of a method":   byName(auth, "double.deeper", 1),
		"entrypoint/method of another entrypoint": byName(bare, "greet", Greeting{Name: "x"}),
		"entrypoint/wrong argument type":          byName(auth, "double", "not a number"),
		"entrypoint/missing argument":             byName(auth, "double"),
		"entrypoint/too many arguments":           byName(auth, "double", 1, 2),
		"entrypoint/not cloneable":                byName(auth, "echo", make(chan int)),
		"entrypoint/1 MB each way": func(c *call) (any, error) {
			v, err := authEcho.Call(c.ctx, auth, pattern(1<<20))
			b, _ := v.([]byte)
			return len(b), err
		},
		"entrypoint/private member":         property(auth, "secret"),
		"entrypoint/private member, called": byName(auth, "secret"),
		"entrypoint/its ctx":                property(auth, "ctx"),
		"entrypoint/its env":                property(auth, "env"),
		"entrypoint/its env's variables":    property(auth, "env.GREETING"),
		"entrypoint/no such property":       property(auth, "nothing"),
		"entrypoint/method as a property": func(c *call) (any, error) {
			var double *rpc.Any
			if err := auth.Any().Get(c.ctx, "double", &double); err != nil {
				return nil, err
			}
			return all(value("function"), func() (v any, err error) { return v, double.Call(c.ctx, "", &v, 4) })
		},
		"entrypoint/default's method":                 invoke(triple, itself, 14),
		"entrypoint/default's method with a struct":   invoke(greetedP, itself, Greeting{Name: "Ada"}),
		"entrypoint/default's missing method":         byName(itself, "quadruple", 14),
		"entrypoint/default has no method of another": byName(itself, "double", 1),
		"entrypoint/default in ctx.exports":           invoke(triple, workers.Self(), 5),
		"entrypoint/default's handlers are there":     func(c *call) (any, error) { return askWorker(c.ctx) },
		"entrypoint/fetch": func(c *call) (any, error) {
			return all(func() (any, error) { return fetches(auth, "GET", "/a/b?q=1", "eins", nil)(c) },
				func() (any, error) { return fetches(auth, "POST", "/a", "", []byte("text"))(c) })
		},
		"entrypoint/fetch with the host of another": func(c *call) (any, error) {
			r, err := http.NewRequestWithContext(c.ctx, "GET", "https://auth/host", nil)
			if err != nil {
				return nil, err
			}
			r.Host = "other.example"
			resp, body, err := fetched(auth.Do, r)
			return []any{resp.StatusCode, nil, nil, strings.TrimSpace(string(body))}, err
		},
		"entrypoint/fetch with a redirect": fetches(auth, "GET", "/redirect", "", nil),
		"entrypoint/fetch of a large body": func(c *call) (any, error) {
			r, _ := http.NewRequestWithContext(c.ctx, "GET", "https://auth/large", nil)
			resp, err := auth.Do(r)
			if err != nil {
				return nil, err
			}
			defer resp.Body.Close()
			return total(resp.Body), nil
		},
		"entrypoint/fetch with a large body":   fetches(auth, "POST", "/length", "", pattern(300_000)),
		"entrypoint/fetch that fails":          fetches(auth, "GET", "/fail", "", nil),
		"entrypoint/fetch of one without":      fetches(bare, "GET", "/", "", nil),
		"entrypoint/fetch through ctx.exports": fetches(authExport, "GET", "/x", "", nil),
		"entrypoint/props of the binding":      invoke(authProps, auth, rpc.None{}),
		"entrypoint/props of none": func(c *call) (any, error) {
			return all(asked(c.ctx, authProps, plain, rpc.None{}), asked(c.ctx, bareProps, bare, rpc.None{}), asked(c.ctx, ownProps, itself, rpc.None{}))
		},
		"entrypoint/props in fetch": func(c *call) (any, error) { return all(text(c.ctx, auth, "/props"), text(c.ctx, plain, "/props")) },
		"entrypoint/props in a function": func(c *call) (any, error) {
			f, err := authPropsLater.Call(c.ctx, auth, rpc.None{})
			if err != nil {
				return nil, err
			}
			return f.Call(c.ctx, rpc.None{})
		},
		"entrypoint/props of the Worker": func(c *call) (any, error) { return propsOf(c.ctx, rpc.None{}) },
		"entrypoint/props through ctx.exports": func(c *call) (any, error) {
			guest := object{"role": "guest", "at": time.UnixMilli(5), "raw": []byte{1}, "list": []any{1, object{"deep": nil}}}
			return all(asked(c.ctx, authProps, authExport, rpc.None{}), asked(c.ctx, authProps, authExport.WithProps(guest), rpc.None{}),
				text(c.ctx, authExport.WithProps(object{"in": "fetch"}), "/props"), asked(c.ctx, ownProps, ownExport.WithProps(object{"n": 1}), rpc.None{}))
		},
		"entrypoint/ctx.exports": func(c *call) (any, error) {
			return all(asked(c.ctx, authDouble, authExport, 2), asked(c.ctx, bareDouble, bareExport, 3), func() (any, error) { return byName(auth, "toBare", 4)(c) })
		},
		"entrypoint/environment": invoke(authGreeting, auth, rpc.None{}),
		"entrypoint/waitUntil": func(c *call) (any, error) {
			return all(asked(c.ctx, authLater, auth, c.name), func() (any, error) { return c.lines(c.object(), 1) })
		},
		"entrypoint/many at once": func(c *call) (any, error) {
			promises := make([]*rpc.Promise[string], 20)
			for i := range promises {
				promises[i] = authSlow.Start(c.ctx, auth, Slow{fmt.Sprint("n", i), i % 4})
			}
			out := []string{}
			for _, p := range promises {
				name, err := p.Await(c.ctx)
				if err != nil {
					return nil, err
				}
				out = append(out, name)
			}
			return out, nil
		},
		"entrypoint/target returned": func(c *call) (any, error) {
			k, err := authCounter.Call(c.ctx, auth, 3)
			if err != nil {
				return nil, err
			}
			inc := func(n int) func() (any, error) {
				return func() (any, error) { return increment.Call(c.ctx, k, n) }
			}
			return all(inc(1), inc(10), tried(func() (any, error) { return failAt.Call(c.ctx, k, rpc.None{}) }))
		},
		"entrypoint/function returned": func(c *call) (any, error) {
			add, err := authAdder.Call(c.ctx, auth, 3)
			if err != nil {
				return nil, err
			}
			return all(func() (any, error) { return add.Call(c.ctx, 1) }, func() (any, error) { return add.Call(c.ctx, 2) })
		},
		"entrypoint/function as an argument": func(c *call) (any, error) {
			return authCallBack.Call(c.ctx, auth, rpc.NewFunction(c.ctx, func(_ context.Context, s string) (any, error) { return s + " back", nil }))
		},
		"entrypoint/target as an argument": func(c *call) (any, error) {
			return authUseCounter.Call(c.ctx, auth, counters.New(c.ctx, &counter{1, func(string) {}}))
		},
		"entrypoint/pipelined": func(c *call) (any, error) {
			k := rpc.Pipeline(c.ctx, authCounter.Start(c.ctx, auth, 3))
			deeper := rpc.Pipeline(c.ctx, child.Start(c.ctx, k, 10))
			return all(func() (any, error) { return increment.Call(c.ctx, k, 1) }, func() (any, error) { return increment.Call(c.ctx, rpc.Pipeline(c.ctx, child.Start(c.ctx, k, 10)), 1) },
				func() (any, error) {
					_ = deeper.Dispose(c.ctx)
					return rpc.PipelineFunction(c.ctx, authAdder.Start(c.ctx, auth, 1)).Call(c.ctx, 2)
				})
		},
		"entrypoint/pipelined into a failure": func(c *call) (result any, err error) {
			return result, authFail.Start(c.ctx, auth, "range").Any(c.ctx).Call(c.ctx, "method", &result)
		},
		"entrypoint/stream returned": func(c *call) (any, error) {
			r, err := authProduce.Call(c.ctx, auth, 200_000)
			if err != nil {
				return nil, err
			}
			return total(r), nil
		},
		"entrypoint/stream as an argument": func(c *call) (any, error) { return authTotal.Call(c.ctx, auth, produce(200_000)) },
		"entrypoint/response returned": func(c *call) (any, error) {
			r, err := authRespond.Call(c.ctx, auth, 1000)
			if err != nil {
				return nil, err
			}
			body, err := io.ReadAll(r.Body)
			return []any{r.StatusCode, headerOne(r.Header), len(body)}, err
		},
		"entrypoint/calls itself":          invoke(authChain, auth, 5),
		"entrypoint/error through another": invoke(authRejected, auth, rpc.None{}),
		"entrypoint/errors of an object behind it": func(c *call) (any, error) {
			return all(tried(asked(c.ctx, authFailIn, auth, "behind")), value(named(c.ctx, objects(), "behind")))
		},
		"entrypoint/function that fails": func(c *call) (any, error) { return failingFunction(c.ctx) },
		"entrypoint/to an object": func(c *call) (any, error) {
			return all(asked(c.ctx, authAppend, auth, c.name), c.log(c.object()))
		},
	})
	table(objectCases, map[string]objectCase{
		"entrypoint/from an object": func(ctx ctxt, _ *self) (any, error) {
			return all(asked(ctx, authDouble, auth, 4), asked(ctx, authProps, auth, rpc.None{}), tried(asked(ctx, authFail, auth, "range")))
		},
		"entrypoint/from an object and back": func(ctx ctxt, s *self) (any, error) {
			name, _ := s.state.ID().Name()
			return all(asked(ctx, authAppend, auth, name), func() (any, error) { return s.notes(), nil })
		},
		"entrypoint/ctx.exports in an object": func(ctx ctxt, _ *self) (any, error) {
			return all(asked(ctx, authDouble, authExport, 4), asked(ctx, authProps, authExport.WithProps(object{"from": "object"}), rpc.None{}), asked(ctx, triple, workers.Self(), 1))
		},
		"entrypoint/fetch from an object": func(ctx ctxt, _ *self) (any, error) { return fetchFrom(ctx, auth, "GET", "/o", "zwei", nil) },
		"entrypoint/missing method, from an object": func(ctx ctxt, _ *self) (any, error) {
			return attempt(byName(auth, "nonexistent")(&call{ctx: ctx})), nil
		},
		"entrypoint/reserved name, from an object": func(ctx ctxt, _ *self) (any, error) { return attempt(byName(auth, "alarm")(&call{ctx: ctx})), nil },
		"entrypoint/errors of an object behind it, from an object": func(ctx ctxt, s *self) (any, error) {
			return all(tried(asked(ctx, authFailIn, auth, "behind")), value(named(ctx, objects(), "behind")), value(s.state.ID().String()))
		},
		"entrypoint/function that fails, from an object": func(ctx ctxt, _ *self) (any, error) { return failingFunction(ctx) },
		"entrypoint/pipelined failure, from an object": func(ctx ctxt, _ *self) (any, error) {
			var result any
			return attempt(result, authFail.Start(ctx, auth, "range").Any(ctx).Call(ctx, "method", &result)), nil
		},
		"entrypoint/fetch that fails, from an object": func(ctx ctxt, _ *self) (any, error) {
			return attempt(fetchFrom(ctx, auth, "GET", "/fail", "", nil)), nil
		},
		"entrypoint/function of an object that fails": func(ctx ctxt, _ *self) (any, error) {
			return attempt(authCallBack.Call(ctx, auth, rpc.NewFunction(ctx, func(context.Context, string) (any, error) {
				return nil, workers.NewError("RangeError", "of the object's function")
			}))), nil
		},
		"entrypoint/function of an object": func(ctx ctxt, s *self) (any, error) {
			return authCallBack.Call(ctx, auth, rpc.NewFunction(ctx, func(_ context.Context, text string) (any, error) {
				name, _ := s.state.ID().Name()
				return []any{text, name}, nil
			}))
		},
	})
}
