package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

// counter is a target that counts. Its object notes when it is disposed of.
type counter struct {
	n    int
	note func(string)
}

func (k *counter) Dispose() { k.note(fmt.Sprintf("disposed %d", k.n)) }

func (k *counter) increment(_ context.Context, by int) (int, error) {
	k.n += by
	return k.n, nil
}

func (k *counter) fail(context.Context, rpc.None) (rpc.None, error) {
	return rpc.None{}, workers.NewError("RangeError", fmt.Sprintf("at %d", k.n))
}

func (k *counter) child(ctx context.Context, n int) (rpc.Stub[counter], error) {
	return counters.New(ctx, &counter{k.n + n, k.note}), nil
}

func (k *counter) adder(ctx context.Context, _ rpc.None) (rpc.Function[int, int], error) {
	return rpc.NewFunction(ctx, func(_ context.Context, x int) (int, error) { return x + k.n, nil }), nil
}

func (k *counter) each(ctx context.Context, f rpc.Function[int, any]) ([]any, error) {
	return times(ctx, f, k.n, 3)
}

func times(ctx context.Context, f rpc.Function[int, any], from, n int) ([]any, error) {
	results := []any{}
	for i := range n {
		v, err := f.Call(ctx, from+i)
		if err != nil {
			return nil, err
		}
		results = append(results, v)
	}
	return results, nil
}

type described struct {
	N     int               `json:"n"`
	List  []int             `json:"list"`
	Child rpc.Stub[counter] `json:"child"`
}

func (k *counter) describe(ctx context.Context, _ rpc.None) (described, error) {
	return described{k.n, []int{k.n}, counters.New(ctx, &counter{k.n + 100, k.note})}, nil
}

var (
	counters  = rpc.Target[counter]("Counter")
	increment = rpc.Method(counters, "increment", (*counter).increment)
	failAt    = rpc.Method(counters, "fail", (*counter).fail)
	child     = rpc.Method(counters, "child", (*counter).child)
	adderOf   = rpc.Method(counters, "adder", (*counter).adder)
	eachOf    = rpc.Method(counters, "each", (*counter).each)
	describe  = rpc.Method(counters, "describe", (*counter).describe)
)

// Times says how often to call a function.
type Times struct {
	F rpc.Function[int, any] `json:"f"`
	N int                    `json:"n"`
}

// Elsewhere is a call to another object.
type Elsewhere struct {
	Name string                    `json:"name"`
	F    rpc.Function[string, any] `json:"f"`
	N    int                       `json:"n"`
}

// Bundle has references among data.
type Bundle struct {
	Name    string                 `json:"name"`
	Add     rpc.Function[int, int] `json:"add"`
	Counter rpc.Stub[counter]      `json:"counter"`
	Nested  struct {
		List []rpc.Function[int, int] `json:"list"`
	} `json:"nested"`
}

// kept is what objects keep of their callers.
var kept sync.Map // *Obj → *rpc.Any

func keptBy(o *Obj) *rpc.Any {
	v, _ := kept.Load(o)
	stub, _ := v.(*rpc.Any)
	return stub
}

func plus(ctx context.Context, n int) rpc.Function[int, int] {
	return rpc.NewFunction(ctx, func(_ context.Context, x int) (int, error) { return x + n, nil })
}

var (
	callBack = durables.Method(objClass, "callBack", func(_ *Obj, ctx context.Context, f rpc.Function[string, any]) (any, error) {
		return f.Call(ctx, "hello")
	})

	callTimes = durables.Method(objClass, "callTimes", func(_ *Obj, ctx context.Context, p Times) ([]any, error) { return times(ctx, p.F, 0, p.N) })

	callAtOnce = durables.Method(objClass, "callAtOnce", func(_ *Obj, ctx context.Context, p Times) ([]any, error) {
		promises := make([]*rpc.Promise[any], p.N)
		for i := range promises {
			promises[i] = p.F.Start(ctx, i)
		}
		return await(ctx, promises...)
	})

	keep = durables.Method(objClass, "keep", func(o *Obj, _ context.Context, f *rpc.Any) (rpc.None, error) {
		kept.Store(o, f)
		return rpc.None{}, nil
	})

	keepDup = durables.Method(objClass, "keepDup", func(o *Obj, ctx context.Context, f *rpc.Any) (rpc.None, error) {
		other, err := f.Dup(ctx)
		kept.Store(o, other)
		return rpc.None{}, err
	})

	callKept = durables.Method(objClass, "callKept", func(o *Obj, ctx context.Context, x int) (result any, err error) {
		return result, keptBy(o).Call(ctx, "", &result, x)
	})

	dropKept = durables.Method(objClass, "dropKept", func(o *Obj, ctx context.Context, _ rpc.None) (rpc.None, error) {
		return rpc.None{}, keptBy(o).Dispose(ctx)
	})

	newCounter = durables.Method(objClass, "counter", func(o *Obj, ctx context.Context, n int) (rpc.Stub[counter], error) {
		return o.counter(ctx, n), nil
	})

	adder = durables.Method(objClass, "adder", func(_ *Obj, ctx context.Context, n int) (rpc.Function[int, int], error) { return plus(ctx, n), nil })

	faulty = durables.Method(objClass, "faulty", func(_ *Obj, ctx context.Context, text string) (rpc.Function[rpc.None, any], error) {
		return rpc.NewFunction(ctx, func(context.Context, rpc.None) (any, error) { return nil, failing(text) }), nil
	})

	bundle = durables.Method(objClass, "bundle", func(o *Obj, ctx context.Context, n int) (Bundle, error) {
		b := Bundle{Name: "bundle", Add: plus(ctx, n), Counter: o.counter(ctx, n)}
		b.Nested.List = append(b.Nested.List, rpc.NewFunction(ctx, func(_ context.Context, x int) (int, error) { return x * n, nil }))
		return b, nil
	})

	useCounter = durables.Method(objClass, "useCounter", func(_ *Obj, ctx context.Context, k rpc.Stub[counter]) ([]int, error) {
		first, err := increment.Call(ctx, k, 1)
		if err != nil {
			return nil, err
		}
		second, err := increment.Call(ctx, k, 10)
		return []int{first, second}, err
	})

	failCounter = durables.Method(objClass, "failCounter", func(_ *Obj, ctx context.Context, k rpc.Stub[counter]) (rpc.None, error) {
		return failAt.Call(ctx, k, rpc.None{})
	})

	returnsIt = durables.Method(objClass, "returnsIt", func(_ *Obj, _ context.Context, f rpc.Function[string, string]) (rpc.Function[string, string], error) {
		return f, nil
	})

	wrap = durables.Method(objClass, "wrap", func(_ *Obj, ctx context.Context, f rpc.Function[int, int]) (rpc.Function[int, []any], error) {
		return rpc.NewFunction(ctx, func(ctx context.Context, x int) ([]any, error) {
			n, err := f.Call(ctx, x)
			return []any{n, "wrapped"}, err
		}), nil
	})

	passOn = durables.Method(objClass, "passOn", func(_ *Obj, ctx context.Context, p Elsewhere) (any, error) {
		return callBack.Call(ctx, objects().GetByName(p.Name), p.F)
	})

	relay = durables.Method(objClass, "relay", func(_ *Obj, ctx context.Context, p Elsewhere) (rpc.Stub[counter], error) {
		return newCounter.Call(ctx, objects().GetByName(p.Name), p.N)
	})

	nothingAtAll = durables.Method(objClass, "nothing", func(*Obj, context.Context, rpc.None) (any, error) { return nil, nil })

	slowCounter = durables.Method(objClass, "slowCounter", func(o *Obj, ctx context.Context, n int) (rpc.Stub[counter], error) {
		return o.counter(ctx, n), sleep(ctx, 20*time.Millisecond)
	})

	failSlowly = durables.Method(objClass, "failSlowly", func(_ *Obj, ctx context.Context, text string) (rpc.Stub[counter], error) {
		sleep(ctx, 5*time.Millisecond)
		return rpc.Stub[counter]{}, workers.NewError("RangeError", text)
	})
)

func (o *Obj) counter(ctx context.Context, n int) rpc.Stub[counter] {
	return counters.New(ctx, &counter{n, func(line string) { o.note(line) }})
}

func failing(text string) error {
	return &workers.Error{Name: "TypeError", Message: text, Props: object{"code": 5}}
}

// await collects the results of calls under way.
func await[R any](ctx context.Context, promises ...*rpc.Promise[R]) ([]R, error) {
	results := []R{}
	for _, p := range promises {
		v, err := p.Await(ctx)
		if err != nil {
			return nil, err
		}
		results = append(results, v)
	}
	return results, nil
}

// failure is a result, or the error in its place.
func failure(v any, err error) any {
	if err != nil {
		return revealError(err)
	}
	return show(v)
}

// lines waits until an object's log has n lines.
func (c *call) lines(stub *durables.Stub[Obj], n int) ([]string, error) {
	for {
		log, err := logged.Call(c.ctx, stub, durables.None{})
		if err != nil || len(log) >= n {
			return log, err
		}
		sleep(c.ctx, 5*time.Millisecond)
	}
}

// heard is what somebody noted, once there is something.
type heard struct {
	mu    sync.Mutex
	lines []any
}

func (h *heard) hear(v any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, v)
}

func (h *heard) all() []any {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]any{}, h.lines...)
}

func (h *heard) wait(ctx context.Context) []any {
	for range 200 {
		if lines := h.all(); len(lines) > 0 {
			return lines
		}
		sleep(ctx, 5*time.Millisecond)
	}
	return []any{}
}

func (h *heard) counter(ctx context.Context, n int) rpc.Stub[counter] {
	return counters.New(ctx, &counter{n, func(line string) { h.hear(line) }})
}

func fn[P any](c *call, f func(ctx context.Context, p P) (any, error)) rpc.Function[P, any] {
	return rpc.NewFunction(c.ctx, f)
}

func init() {
	functionCases()
	targetCases()
	disposalCases()
	pipeliningCases()
	objectStubCases()
}

func functionCases() {
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc function/called back": func(c *call) (any, error) {
			return callBack.Call(c.ctx, c.object(), fn(c, func(_ context.Context, s string) (any, error) { return s + " world", nil }))
		},
		"rpc function/called back by an async function": func(c *call) (any, error) {
			return callBack.Call(c.ctx, c.object(), fn(c, func(ctx context.Context, s string) (any, error) { return s + " later", sleep(ctx, 2*time.Millisecond) }))
		},
		"rpc function/called many times": func(c *call) (any, error) {
			return callTimes.Call(c.ctx, c.object(), Times{fn(c, func(_ context.Context, i int) (any, error) { return i * i, nil }), 20})
		},
		"rpc function/called many times at once": func(c *call) (any, error) {
			return callAtOnce.Call(c.ctx, c.object(), Times{fn(c, func(ctx context.Context, i int) (any, error) {
				return i + 100, sleep(ctx, time.Duration(i%3)*time.Millisecond)
			}), 20})
		},
		"rpc function/closes over the caller": func(c *call) (any, error) {
			var h heard
			_, err := callTimes.Call(c.ctx, c.object(), Times{fn(c, func(_ context.Context, i int) (any, error) {
				h.hear(i)
				return nil, nil
			}), 4})
			return h.all(), err
		},
		"rpc function/fails": func(c *call) (any, error) {
			return failure(callBack.Call(c.ctx, c.object(), fn(c, func(context.Context, string) (any, error) { return nil, failing("of the callback") }))), nil
		},
		"rpc function/with data both ways": func(c *call) (any, error) {
			return callTimes.Call(c.ctx, c.object(), Times{fn(c, func(_ context.Context, i int) (any, error) {
				return object{"i": i, "at": time.UnixMilli(int64(i)), "list": []any{"x"}}, nil
			}), 2})
		},
		"rpc function/calls the object again": func(c *call) (any, error) {
			return callBack.Call(c.ctx, c.object(), fn(c, func(ctx context.Context, s string) (any, error) {
				n, err := double.Call(ctx, c.object(), 4)
				return []any{s, n}, err
			}))
		},
		"rpc function/uses a stub of its event": func(c *call) (any, error) {
			k, err := newCounter.Call(c.ctx, c.object(), 3)
			if err != nil {
				return nil, err
			}
			return callTimes.Call(c.ctx, c.object(" 2"), Times{fn(c, func(ctx context.Context, i int) (any, error) { return increment.Call(ctx, k, i) }), 3})
		},
		"rpc function/keeps its parameter": func(c *call) (any, error) {
			var h heard
			f, err := wrap.Call(c.ctx, c.object(), rpc.NewFunction(c.ctx, func(_ context.Context, x int) (int, error) { return x, nil }))
			if err != nil {
				return nil, err
			}
			f.Dispose(c.ctx)
			_, err = callBack.Call(c.ctx, c.object(), fn(c, func(_ context.Context, s string) (any, error) {
				h.hear(s)
				return nil, nil
			}))
			return h.all()[0], err
		},
		"rpc function/kept without dup": func(c *call) (any, error) {
			if _, err := keep.Call(c.ctx, c.object(), plus(c.ctx, 0).Any()); err != nil {
				return nil, err
			}
			return attempt(callKept.Call(c.ctx, c.object(), 1)), nil
		},
		"rpc function/kept with dup": func(c *call) (any, error) {
			if _, err := keepDup.Call(c.ctx, c.object(), plus(c.ctx, 1).Any()); err != nil {
				return nil, err
			}
			return all(c.kept(1), c.kept(2))
		},
		"rpc function/dropped": func(c *call) (any, error) {
			keepDup.Call(c.ctx, c.object(), plus(c.ctx, 1).Any())
			before, err := callKept.Call(c.ctx, c.object(), 1)
			if err != nil {
				return nil, err
			}
			_, err = dropKept.Call(c.ctx, c.object(), rpc.None{})
			return []any{before, attempt(c.kept(1)())}, err
		},
		"rpc function/returned": func(c *call) (any, error) {
			add, err := adder.Call(c.ctx, c.object(), 10)
			if err != nil {
				return nil, err
			}
			return all(calling(c, add, 1), calling(c, add, 2))
		},
		"rpc function/returned, fails": func(c *call) (any, error) {
			f, err := faulty.Call(c.ctx, c.object(), "returned")
			return []any{failure(f.Call(c.ctx, rpc.None{})), failure(f.Call(c.ctx, rpc.None{}))}, err
		},
		"rpc function/returned, then disposed of": func(c *call) (any, error) {
			add, _ := adder.Call(c.ctx, c.object(), 10)
			first, err := add.Call(c.ctx, 1)
			add.Dispose(c.ctx)
			return []any{first, attempt(add.Call(c.ctx, 2))}, err
		},
		"rpc function/duplicate of one returned": func(c *call) (any, error) {
			add, _ := adder.Call(c.ctx, c.object(), 10)
			other, _ := add.Dup(c.ctx)
			add.Dispose(c.ctx)
			n, err := other.Call(c.ctx, 1)
			return []any{n, attempt(add.Call(c.ctx, 1))}, err
		},
		"rpc function/there and back": func(c *call) (any, error) {
			f, err := returnsIt.Call(c.ctx, c.object(), rpc.NewFunction(c.ctx, func(_ context.Context, s string) (string, error) { return s + "!", nil }))
			if err != nil {
				return nil, err
			}
			return f.Call(c.ctx, "mine")
		},
		"rpc function/wrapped": func(c *call) (any, error) {
			f, err := wrap.Call(c.ctx, c.object(), rpc.NewFunction(c.ctx, func(_ context.Context, x int) (int, error) { return x * 2, nil }))
			if err != nil {
				return nil, err
			}
			return attempt(f.Call(c.ctx, 4)), nil
		},
		"rpc function/passed on to another object": func(c *call) (any, error) {
			f := fn(c, func(_ context.Context, s string) (any, error) { return s + " from afar", nil })
			return passOn.Call(c.ctx, c.object(), Elsewhere{Name: c.name + " 2", F: f})
		},
		"rpc function/returned function passed to another object": func(c *call) (any, error) {
			var f rpc.Function[int, any]
			if err := c.object().Call(c.ctx, "adder", &f, 7); err != nil {
				return nil, err
			}
			return callTimes.Call(c.ctx, c.object(" 2"), Times{f, 3})
		},
	})
}

func (c *call) kept(x int) func() (any, error) {
	return func() (any, error) { return callKept.Call(c.ctx, c.object(), x) }
}

func calling[P, R any](c *call, f rpc.Function[P, R], p P) func() (any, error) {
	return func() (any, error) { return f.Call(c.ctx, p) }
}

func counting(c *call, k rpc.Stub[counter], by int) func() (any, error) {
	return func() (any, error) { return increment.Call(c.ctx, k, by) }
}

func targetCases() {
	with := func(n int, f func(c *call, k rpc.Stub[counter]) (any, error)) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			k, err := newCounter.Call(c.ctx, c.object(), n)
			if err != nil {
				return nil, err
			}
			return f(c, k)
		}
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc target/methods": with(5, func(c *call, k rpc.Stub[counter]) (any, error) {
			other, err := newCounter.Call(c.ctx, c.object(), 0)
			if err != nil {
				return nil, err
			}
			return all(counting(c, k, 1), counting(c, k, 2), counting(c, other, 1))
		}),
		"rpc target/failing method": with(5, func(c *call, k rpc.Stub[counter]) (any, error) {
			return failure(failAt.Call(c.ctx, k, rpc.None{})), nil
		}),
		"rpc target/missing method": with(5, func(c *call, k rpc.Stub[counter]) (any, error) {
			return attempt(nil, k.Any().Call(c.ctx, "missing", nil, 1)), nil
		}),
		"rpc target/called itself": with(5, func(c *call, k rpc.Stub[counter]) (any, error) {
			return attempt(nil, k.Any().Call(c.ctx, "", nil)), nil
		}),
		"rpc target/child": with(5, func(c *call, k rpc.Stub[counter]) (any, error) {
			one, err := child.Call(c.ctx, k, 10)
			if err != nil {
				return nil, err
			}
			first, err := increment.Call(c.ctx, one, 1)
			if err != nil {
				return nil, err
			}
			two, err := child.Call(c.ctx, one, 100)
			if err != nil {
				return nil, err
			}
			second, err := increment.Call(c.ctx, two, 1)
			return []any{first, second}, err
		}),
		"rpc target/calls back": with(5, func(c *call, k rpc.Stub[counter]) (any, error) {
			return eachOf.Call(c.ctx, k, fn(c, func(_ context.Context, n int) (any, error) { return fmt.Sprint("got ", n), nil }))
		}),
		"rpc target/passed to an object": func(c *call) (any, error) {
			return useCounter.Call(c.ctx, c.object(), new(heard).counter(c.ctx, 50))
		},
		"rpc target/passed to an object, failing": func(c *call) (any, error) {
			return failure(failCounter.Call(c.ctx, c.object(), new(heard).counter(c.ctx, 50))), nil
		},
		"rpc target/of one object used by another": with(1, func(c *call, k rpc.Stub[counter]) (any, error) {
			return useCounter.Call(c.ctx, c.object(" 2"), k)
		}),
		"rpc target/relayed": func(c *call) (any, error) {
			k, err := relay.Call(c.ctx, c.object(), Elsewhere{Name: c.name + " 2", N: 30})
			if err != nil {
				return nil, err
			}
			return all(counting(c, k, 1), counting(c, k, 1))
		},
		"rpc target/in a structure": func(c *call) (any, error) {
			b, err := bundle.Call(c.ctx, c.object(), 3)
			if err != nil {
				return nil, err
			}
			return all(func() (any, error) { return b.Name, nil }, calling(c, b.Add, 1), counting(c, b.Counter, 2), calling(c, b.Nested.List[0], 5))
		},
	})
}

func disposalCases() {
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc disposal/of a returned target": func(c *call) (any, error) {
			k, _ := newCounter.Call(c.ctx, c.object(), 1)
			increment.Call(c.ctx, k, 1)
			k.Dispose(c.ctx)
			return c.lines(c.object(), 1)
		},
		"rpc disposal/waits for the duplicate": func(c *call) (any, error) {
			k, _ := newCounter.Call(c.ctx, c.object(), 1)
			other, _ := k.Dup(c.ctx)
			k.Dispose(c.ctx)
			increment.Call(c.ctx, other, 1)
			before, err := logged.Call(c.ctx, c.object(), durables.None{})
			if err != nil {
				return nil, err
			}
			other.Dispose(c.ctx)
			after, err := c.lines(c.object(), 1)
			return []any{before, after}, err
		},
		"rpc disposal/twice is once": func(c *call) (any, error) {
			k, _ := newCounter.Call(c.ctx, c.object(), 1)
			k.Dispose(c.ctx)
			k.Dispose(c.ctx)
			if _, err := c.lines(c.object(), 1); err != nil {
				return nil, err
			}
			double.Call(c.ctx, c.object(), 1)
			return logged.Call(c.ctx, c.object(), durables.None{})
		},
		"rpc disposal/use afterwards": func(c *call) (any, error) {
			k, _ := newCounter.Call(c.ctx, c.object(), 1)
			k.Dispose(c.ctx)
			return attempt(increment.Call(c.ctx, k, 1)), nil
		},
		"rpc disposal/of a parameter": func(c *call) (any, error) {
			var h heard
			_, err := useCounter.Call(c.ctx, c.object(), h.counter(c.ctx, 1))
			return h.wait(c.ctx), err
		},
		"rpc disposal/of a parameter that is kept": func(c *call) (any, error) {
			var h heard
			if _, err := keepDup.Call(c.ctx, c.object(), h.counter(c.ctx, 1).Any()); err != nil {
				return nil, err
			}
			before := h.all()
			_, err := dropKept.Call(c.ctx, c.object(), rpc.None{})
			return []any{before, h.wait(c.ctx)}, err
		},
		"rpc disposal/of a structure": func(c *call) (any, error) {
			b, err := bundle.Call(c.ctx, c.object(), 3)
			if err != nil {
				return nil, err
			}
			b.Counter.Dispose(c.ctx)
			b.Add.Dispose(c.ctx)
			b.Nested.List[0].Dispose(c.ctx)
			return c.lines(c.object(), 1)
		},
	})
}

func pipeliningCases() {
	started := func(c *call, n int) rpc.Stub[counter] {
		return rpc.Pipeline(c.ctx, newCounter.Start(c.ctx, c.object(), n))
	}
	slowly := func(c *call, n int) rpc.Stub[counter] {
		return rpc.Pipeline(c.ctx, slowCounter.Start(c.ctx, c.object(), n))
	}
	deep := func(n int) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			return attempt(nil, bundle.Start(c.ctx, c.object(), 1).Any(c.ctx).Call(c.ctx, strings.Repeat("a.", n)+"b", nil)), nil
		}
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc pipelining/method of a result": func(c *call) (any, error) { return increment.Call(c.ctx, started(c, 5), 1) },
		"rpc pipelining/several on one": func(c *call) (any, error) {
			k := slowly(c, 5)
			return await(c.ctx, increment.Start(c.ctx, k, 1), increment.Start(c.ctx, k, 10), increment.Start(c.ctx, k, 100))
		},
		"rpc pipelining/three deep": func(c *call) (any, error) {
			one := rpc.Pipeline(c.ctx, child.Start(c.ctx, started(c, 5), 1))
			two := rpc.Pipeline(c.ctx, child.Start(c.ctx, one, 2))
			return increment.Call(c.ctx, two, 10)
		},
		"rpc pipelining/function result": func(c *call) (any, error) {
			return rpc.PipelineFunction(c.ctx, adder.Start(c.ctx, c.object(), 5)).Call(c.ctx, 6)
		},
		"rpc pipelining/function of a target": func(c *call) (any, error) {
			return rpc.PipelineFunction(c.ctx, adderOf.Start(c.ctx, started(c, 5), rpc.None{})).Call(c.ctx, 2)
		},
		"rpc pipelining/into a structure": func(c *call) (n any, err error) {
			return n, bundle.Start(c.ctx, c.object(), 4).Any(c.ctx).Call(c.ctx, "counter.increment", &n, 1)
		},
		"rpc pipelining/property of a result": func(c *call) (any, error) {
			var name string
			if err := bundle.Start(c.ctx, c.object(), 4).Any(c.ctx).Get(c.ctx, "name", &name); err != nil {
				return nil, err
			}
			var n int
			err := describe.Start(c.ctx, started(c, 3), rpc.None{}).Any(c.ctx).Get(c.ctx, "n", &n)
			return []any{name, n}, err
		},
		"rpc pipelining/failing first call": func(c *call) (any, error) {
			p := failSlowly.Start(c.ctx, c.object(), "first")
			k := rpc.Pipeline(c.ctx, p)
			one := increment.Start(c.ctx, k, 1)
			two := increment.Start(c.ctx, rpc.Pipeline(c.ctx, child.Start(c.ctx, k, 1)), 1)
			return []any{failure(one.Await(c.ctx)), failure(two.Await(c.ctx)), failure(p.Await(c.ctx))}, nil
		},
		"rpc pipelining/failing second call": func(c *call) (any, error) {
			k := slowly(c, 5)
			first := failure(failAt.Call(c.ctx, k, rpc.None{}))
			second, err := increment.Call(c.ctx, k, 1)
			return []any{first, second}, err
		},
		"rpc pipelining/missing method": func(c *call) (any, error) { return attempt(nil, started(c, 5).Any().Call(c.ctx, "missing", nil)), nil },
		"rpc pipelining/on data": func(c *call) (any, error) {
			return attempt(nil, double.Start(c.ctx, c.object(), 5).Any(c.ctx).Call(c.ctx, "missing", nil)), nil
		},
		"rpc pipelining/on null": func(c *call) (any, error) {
			return attempt(nil, nothingAtAll.Start(c.ctx, c.object(), rpc.None{}).Any(c.ctx).Call(c.ctx, "missing", nil)), nil
		},
		"rpc pipelining/order": func(c *call) (any, error) {
			stub := c.object()
			first := increment.Start(c.ctx, rpc.Pipeline(c.ctx, slowCounter.Start(c.ctx, stub, 1)), 1)
			a, b, d := appends.Start(c.ctx, stub, "a"), appends.Start(c.ctx, stub, "b"), appends.Start(c.ctx, stub, "c")
			if _, err := await(c.ctx, first, a, b, d); err != nil {
				return nil, err
			}
			return logged.Call(c.ctx, stub, durables.None{})
		},
		"rpc pipelining/the result as well": func(c *call) (any, error) {
			p := slowCounter.Start(c.ctx, c.object(), 5)
			early := increment.Start(c.ctx, rpc.Pipeline(c.ctx, p), 1)
			k, err := p.Await(c.ctx)
			if err != nil {
				return nil, err
			}
			return all(func() (any, error) { return early.Await(c.ctx) }, counting(c, k, 1), counting(c, rpc.Pipeline(c.ctx, p), 1))
		},
		"rpc path/64 deep":  deep(62),
		"rpc path/too deep": deep(70),
		"rpc path/property of a method": func(c *call) (any, error) {
			return attempt(nil, c.object().Call(c.ctx, "double.inner", nil)), nil
		},
	})
}

func objectStubCases() {
	table(objectCases, map[string]func(ctx context.Context, s *self) (any, error){
		"rpc object/calls an object back": func(ctx context.Context, s *self) (any, error) {
			return callTimes.Call(ctx, objects().GetByName("rpc object/calls an object back 2"), Times{rpc.NewFunction(ctx, func(_ context.Context, i int) (any, error) {
				return s.note(fmt.Sprint(i)), nil
			}), 3})
		},
		"rpc object/counter of another object": func(ctx context.Context, _ *self) (any, error) {
			k, err := newCounter.Call(ctx, objects().GetByName("rpc object/counter of another object 2"), 2)
			if err != nil {
				return nil, err
			}
			first, err := increment.Call(ctx, k, 1)
			if err != nil {
				return nil, err
			}
			rest, err := useCounter.Call(ctx, objects().GetByName("rpc object/counter of another object 3"), k)
			return []any{first, rest}, err
		},
		"rpc object/pipelining": func(ctx context.Context, _ *self) (any, error) {
			k := newCounter.Start(ctx, objects().GetByName("rpc object/pipelining 2"), 5)
			return increment.Call(ctx, rpc.Pipeline(ctx, child.Start(ctx, rpc.Pipeline(ctx, k), 1)), 10)
		},
		"rpc object/function uses storage": func(ctx context.Context, s *self) (any, error) {
			_, err := callTimes.Call(ctx, objects().GetByName("rpc object/function uses storage 2"), Times{rpc.NewFunction(ctx, func(ctx context.Context, i int) (any, error) {
				return nil, s.st.KV().Put(ctx, fmt.Sprint("k", i), i)
			}), 3})
			if err != nil {
				return nil, err
			}
			keys := []string{}
			entries, err := s.st.List(ctx, durables.ListOptions{})
			for _, e := range entries {
				keys = append(keys, e.Key)
			}
			return keys, err
		},
		"rpc object/disposal of a parameter": func(ctx context.Context, _ *self) (any, error) {
			var h heard
			_, err := useCounter.Call(ctx, objects().GetByName("rpc object/disposal of a parameter 2"), h.counter(ctx, 1))
			return h.wait(ctx), err
		},
	})
}
