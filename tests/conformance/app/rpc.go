package main

import (
	"context"
	"math"
	"math/big"
	"regexp"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
)

// values are echoed by an object; each must come back as it went.
var values = map[string]func() any{
	"null": func() any { return nil }, "undefined": func() any { return nil }, "true": func() any { return true }, "false": func() any { return false },
	"zero": func() any { return 0 }, "negative zero": func() any { return math.Copysign(0, -1) }, "integer": func() any { return -123456789 },
	"large integer": func() any { return 9007199254740991 }, "float": func() any { return 0.1 }, "tiny float": func() any { return 5e-324 },
	"NaN": func() any { return math.NaN() }, "infinity": func() any { return math.Inf(-1) },
	"empty string": func() any { return "" }, "string": func() any { return "héllo wörld" }, "emoji and NUL": func() any { return "a\x00b💥" },
	"long string": func() any { return strings.Repeat("lattice ", 20000) },
	"bytes":       func() any { return []byte{0, 1, 254, 255} }, "empty bytes": func() any { return []byte{} }, "large bytes": func() any { return pattern(1_000_000) },
	"date": func() any { return time.UnixMilli(1700000000123) }, "early date": func() any { return time.UnixMilli(-86400000) },
	"array":        func() any { return []any{1, "two", nil, true, []any{3.5, []any{}}} },
	"object":       func() any { return object{"b": 1, "a": object{"nested": []any{object{"x": nil}}}, "": "empty key"} },
	"empty object": func() any { return object{} },
	"bigint":       func() any { n, _ := new(big.Int).SetString("12345678901234567890123456789", 10); return n },
	"mixed": func() any {
		return object{"when": time.UnixMilli(0), "raw": []byte{9}, "list": []object{{"n": 1}, {"n": 2}}, "ok": false}
	},
	"deep": func() any {
		var v any = "bottom"
		for range 100 {
			v = []any{v}
		}
		return v
	},
	"map": func() any { return map[string]any{"k": 1, "l": []int{2}} },
}

// untyped calls a method by name and returns whatever comes back.
func untyped(c *call, method string, args ...any) (result any, err error) {
	err = c.object().Call(c.ctx, method, &result, args...)
	return result, err
}

// unordered starts functions one after the other, each after the one before has begun to wait.
func unordered(functions ...func()) {
	var wait sync.WaitGroup
	for _, f := range functions {
		begun := make(chan struct{})
		wait.Go(func() {
			close(begun)
			f()
		})
		<-begun
	}
	wait.Wait()
}

func init() {
	for name, value := range values {
		workerCases["rpc value/"+name] = func(c *call) (any, error) { return echo.Call(c.ctx, c.object(), value()) }
	}
	for _, kind := range []string{"plain", "type", "range", "custom", "props", "flags", "empty", "unicode", "panic"} {
		workerCases["rpc error/"+kind] = func(c *call) (any, error) {
			_, err := fail.Call(c.ctx, c.object(), kind)
			failed := try(err)
			after, err := double.Call(c.ctx, c.object(), 1)
			return object{"failed": failed, "after": after}, err
		}
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"rpc/no argument, no result": func(c *call) (any, error) {
			_, err := none.Call(c.ctx, c.object(), durables.None{})
			return nil, err
		},
		"rpc/number":                       func(c *call) (any, error) { return double.Call(c.ctx, c.object(), 21) },
		"rpc/struct":                       rpcStruct,
		"rpc/optional argument":            rpcOptional,
		"rpc/missing method":               func(c *call) (any, error) { return untyped(c, "nonexistent", 1) },
		"rpc/reserved alarm":               func(c *call) (any, error) { return untyped(c, "alarm") },
		"rpc/reserved webSocketMessage":    func(c *call) (any, error) { return untyped(c, "webSocketMessage") },
		"rpc/state is no method":           func(c *call) (any, error) { return untyped(c, "memory") },
		"rpc/wrong argument type":          func(c *call) (any, error) { return untyped(c, "double", "not a number") },
		"rpc/wrong struct":                 func(c *call) (any, error) { return untyped(c, "greet", "not an object") },
		"rpc/wrong field type":             func(c *call) (any, error) { return untyped(c, "greet", object{"name": 5}) },
		"rpc/missing argument":             func(c *call) (any, error) { return untyped(c, "double") },
		"rpc/too many arguments":           func(c *call) (any, error) { return untyped(c, "double", 1, 2) },
		"rpc/argument where none is taken": func(c *call) (any, error) { return untyped(c, "none", 1) },
		"rpc/arguments too large":          func(c *call) (any, error) { return echo.Call(c.ctx, c.object(), make([]byte, 33<<20)) },
		"rpc/result too large":             func(c *call) (any, error) { return zeroes.Call(c.ctx, c.object(), 33<<20) },
		"rpc/5 MB each way": func(c *call) (any, error) {
			v, err := echo.Call(c.ctx, c.object(), pattern(5<<20))
			b, _ := v.([]byte)
			return len(b), err
		},
		"rpc/not cloneable":                     func(c *call) (any, error) { return echo.Call(c.ctx, c.object(), make(chan int)) },
		"rpc/calls on one stub stay in order":   rpcOrder,
		"rpc/calls interleave while one sleeps": rpcInterleave,
		"rpc/objects do not share memory": func(c *call) (any, error) {
			if _, err := appends.Call(c.ctx, c.object(" one"), "x"); err != nil {
				return nil, err
			}
			return all(c.log(c.object(" one")), c.log(c.object(" two")))
		},
		"rpc/memory lives on between calls": func(c *call) (any, error) {
			appends.Call(c.ctx, c.object(), "x")
			appends.Call(c.ctx, c.object(), "y")
			return logged.Call(c.ctx, c.object(), durables.None{})
		},
		"rpc/an object calls itself":              func(c *call) (any, error) { return ping.Call(c.ctx, c.object(), Ping{c.name, 4, true}) },
		"rpc/A to B to A":                         func(c *call) (any, error) { return ping.Call(c.ctx, c.object(), Ping{c.name, 2, false}) },
		"rpc/twelve hops":                         func(c *call) (any, error) { return ping.Call(c.ctx, c.object(), Ping{c.name, 12, false}) },
		"rpc error/through another object":        failElsewhere("props"),
		"rpc error/through another object, plain": failElsewhere("range"),
	})
}

func failElsewhere(kind string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		return otherRun.Call(c.ctx, others().GetByName(c.name), RunParams{Name: "rpc/fail elsewhere", Arg: object{"kind": kind}})
	}
}

func (c *call) log(stub *durables.Stub[Obj]) func() (any, error) {
	return func() (any, error) { return logged.Call(c.ctx, stub, durables.None{}) }
}

// begun waits until an object has noted something.
func (c *call) begun(stub *durables.Stub[Obj]) {
	for notes := []string{}; len(notes) == 0; notes, _ = logged.Call(c.ctx, stub, durables.None{}) {
		sleep(c.ctx, 5*time.Millisecond)
	}
}

func rpcStruct(c *call) (any, error) {
	hej := "Hej"
	first, err := greet.Call(c.ctx, c.object(), Greeting{Name: "Ada"})
	if err != nil {
		return nil, err
	}
	second, err := greet.Call(c.ctx, c.object(), Greeting{Name: "Zoë", Greeting: &hej, Tags: []string{"a", "b"}})
	if err != nil {
		return nil, err
	}
	third, err := untyped(c, "greet", object{"name": "x", "unknown": 1})
	return []any{first, second, third}, err
}

func rpcOptional(c *call) (any, error) {
	return all(
		func() (any, error) { return optional.Call(c.ctx, c.object(), nil) },
		func() (any, error) { return optional.Call(c.ctx, c.object(), &Greeting{Name: "it"}) },
	)
}

func rpcOrder(c *call) (any, error) {
	stub := c.object()
	var calls []func()
	for _, s := range []string{"a", "b", "c", "d", "e"} {
		calls = append(calls, func() { appends.Call(c.ctx, stub, s) })
	}
	unordered(calls...)
	return logged.Call(c.ctx, stub, durables.None{})
}

func rpcInterleave(c *call) (any, error) {
	var slowly, fast []string
	var errSlow, errFast error
	unordered(
		func() { slowly, errSlow = slow.Call(c.ctx, c.object(), Slow{"slow", 500}) },
		func() {
			c.begun(c.object())
			fast, errFast = slow.Call(c.ctx, c.object(), Slow{"fast", 1})
		},
	)
	return all(func() (any, error) { return fast, errFast }, func() (any, error) { return slowly, errSlow })
}

var hexID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// named returns the id of a name as text.
func named[T any](ctx context.Context, ns *durables.Namespace[T], name string) string {
	id, err := ns.IDFromName(ctx, name)
	if err != nil {
		return err.Error()
	}
	return id.String()
}

func nameOf(id durables.ID) any {
	if name, ok := id.Name(); ok {
		return name
	}
	return nil
}

func fromString(text func(c *call) string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		id, err := objects().IDFromString(c.ctx, text(c))
		return id.String(), err
	}
}

func (c *call) self(stub *durables.Stub[Obj]) (any, error) {
	return run.Call(c.ctx, stub, RunParams{Name: "id/self"})
}

func init() {
	objectCases["rpc/fail elsewhere"] = func(ctx context.Context, s *self) (any, error) {
		return fail.Call(ctx, objects().GetByName("rpc/fail elsewhere"), s.arg["kind"].(string))
	}
	objectCases["id/self"] = func(_ context.Context, s *self) (any, error) {
		return object{"id": s.state.ID().String(), "name": nameOf(s.state.ID())}, nil
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"id/from name": func(c *call) (any, error) {
			return []string{named(c.ctx, objects(), "grove"), named(c.ctx, objects(), ""), named(c.ctx, objects(), "ünï💥"), named(c.ctx, others(), "grove")}, nil
		},
		"id/name": func(c *call) (any, error) {
			a, _ := objects().IDFromName(c.ctx, "grove")
			b, _ := objects().IDFromString(c.ctx, a.String())
			u, err := objects().NewUniqueID(c.ctx)
			return []any{nameOf(a), nameOf(b), nameOf(u)}, err
		},
		"id/from string": func(c *call) (any, error) {
			a, _ := objects().IDFromName(c.ctx, "grove")
			b, err := objects().IDFromString(c.ctx, a.String())
			return []bool{b.String() == a.String(), b.Equal(a)}, err
		},
		"id/equals": func(c *call) (any, error) {
			a, _ := objects().IDFromName(c.ctx, "a")
			a2, _ := objects().IDFromName(c.ctx, "a")
			b, err := objects().IDFromName(c.ctx, "b")
			return []bool{a.Equal(a2), a.Equal(b)}, err
		},
		"id/too short":            fromString(func(*call) string { return "abc" }),
		"id/not hex":              fromString(func(*call) string { return strings.Repeat("z", 64) }),
		"id/empty string":         fromString(func(*call) string { return "" }),
		"id/of another namespace": fromString(func(c *call) string { return named(c.ctx, others(), "grove") }),
		"id/made up":              fromString(func(*call) string { return strings.Repeat("0123456789abcdef", 4) }),
		"id/upper case":           fromString(func(c *call) string { return strings.ToUpper(named(c.ctx, objects(), "grove")) }),
		"id/unique": func(c *call) (any, error) {
			a, _ := objects().NewUniqueID(c.ctx)
			b, _ := objects().NewUniqueID(c.ctx)
			again, err := objects().IDFromString(c.ctx, a.String())
			return []bool{hexID.MatchString(a.String()), hexID.MatchString(b.String()), a.Equal(b), again.String() == a.String()}, err
		},
		"id/inside the object": func(c *call) (any, error) {
			inside, err := c.self(c.object())
			m, _ := inside.(object)
			return object{"named": inside, "same": m["id"] == named(c.ctx, objects(), c.name)}, err
		},
		"id/inside, reached by string": func(c *call) (any, error) {
			id, err := objects().IDFromString(c.ctx, named(c.ctx, objects(), c.name))
			if err != nil {
				return nil, err
			}
			return c.self(objects().Get(id))
		},
		"id/inside, unique": func(c *call) (any, error) {
			id, err := objects().NewUniqueID(c.ctx)
			if err != nil {
				return nil, err
			}
			inside, err := c.self(objects().Get(id))
			m, _ := inside.(object)
			return object{"same": m["id"] == id.String(), "name": m["name"]}, err
		},
		"id/by name and by id are one object": func(c *call) (any, error) {
			appends.Call(c.ctx, c.object(), "x")
			id, err := objects().IDFromName(c.ctx, c.name)
			if err != nil {
				return nil, err
			}
			return logged.Call(c.ctx, objects().Get(id), durables.None{})
		},
		"id/empty name":          func(c *call) (any, error) { return c.self(objects().GetByName("")) },
		"id/name of 1,025 bytes": func(c *call) (any, error) { return c.self(objects().GetByName(strings.Repeat("n", 1025))) },
	})
}
