package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/rpc"
)

var (
	authEntry    = workers.Entrypoint("Auth", workers.OnFetch(http.HandlerFunc(authFetch)))
	bareEntry    = workers.Entrypoint("Bare")
	defaultEntry = workers.Entrypoint("default")

	auth        = authEntry.Service("AUTH")
	plain       = authEntry.Service("PLAIN")
	bare        = bareEntry.Service("BARE")
	itself      = defaultEntry.Service("SELF")
	authExport  = authEntry.Exports()
	bareExport  = bareEntry.Exports()
	ownExport   = defaultEntry.Exports()
	_           = workers.Method(authEntry, "toBare", func(ctx context.Context, n float64) (float64, error) { return bareDouble.Call(ctx, bareExport, n) })
	authTotal   = workers.Method(authEntry, "total", func(_ context.Context, r io.Reader) (object, error) { return total(r), nil })
	authProduce = workers.Method(authEntry, "produce", func(_ context.Context, n int) (io.Reader, error) { return produce(n), nil })
)

var (
	authEcho     = workers.Method(authEntry, "echo", func(_ context.Context, v any) (any, error) { return v, nil })
	authNone     = workers.Method(authEntry, "none", func(context.Context, rpc.None) (rpc.None, error) { return rpc.None{}, nil })
	authDouble   = workers.Method(authEntry, "double", doubled)
	authGreet    = workers.Method(authEntry, "greet", greeted)
	authOptional = workers.Method(authEntry, "optional", func(_ context.Context, p *Greeting) (string, error) {
		if p == nil {
			return "nothing", nil
		}
		return "got " + p.Name, nil
	})
	authFail     = workers.Method(authEntry, "fail", func(ctx context.Context, kind string) (rpc.None, error) { return (&Obj{}).fail(ctx, kind) })
	authProps    = workers.Method(authEntry, "props", propsOf)
	authGreeting = workers.Method(authEntry, "greeting", func(ctx context.Context, _ rpc.None) ([]any, error) {
		return []any{workers.Getenv(ctx, "GREETING"), 10}, nil
	})
	authCounter = workers.Method(authEntry, "counter", func(ctx context.Context, n int) (rpc.Stub[counter], error) {
		return counters.New(ctx, &counter{n, func(string) {}}), nil
	})
	authAdder      = workers.Method(authEntry, "adder", func(ctx context.Context, n int) (rpc.Function[int, int], error) { return plus(ctx, n), nil })
	authPropsLater = workers.Method(authEntry, "propsLater", func(ctx context.Context, _ rpc.None) (rpc.Function[rpc.None, any], error) {
		return rpc.NewFunction(ctx, propsOf), nil
	})
	authCallBack = workers.Method(authEntry, "callBack", func(ctx context.Context, f rpc.Function[string, any]) (any, error) {
		return f.Call(ctx, "hello")
	})
	authUseCounter = workers.Method(authEntry, "useCounter", func(ctx context.Context, k rpc.Stub[counter]) (int, error) {
		return increment.Call(ctx, k, 5)
	})
	authRespond = workers.Method(authEntry, "respond", func(_ context.Context, n int) (*http.Response, error) { return respond(203, n), nil })
	authSlow    = workers.Method(authEntry, "slow", func(ctx context.Context, p Slow) (string, error) {
		return p.Name, sleep(ctx, time.Duration(p.MS)*time.Millisecond)
	})
	authLater = workers.Method(authEntry, "later", func(ctx context.Context, name string) (string, error) {
		workers.WaitUntil(ctx, func(ctx context.Context) error {
			if err := sleep(ctx, 20*time.Millisecond); err != nil {
				return err
			}
			_, err := appends.Call(ctx, objects().GetByName(name), "later")
			return err
		})
		return "at once", nil
	})
	authAppend = workers.Method(authEntry, "append", func(ctx context.Context, name string) (int, error) {
		return appends.Call(ctx, objects().GetByName(name), "through the entrypoint")
	})
	authFailIn = workers.Method(authEntry, "failIn", func(ctx context.Context, name string) (rpc.None, error) {
		return fail.Call(ctx, objects().GetByName(name), "range")
	})
	authFailing = workers.Method(authEntry, "failing", func(ctx context.Context, _ rpc.None) (rpc.Function[rpc.None, any], error) {
		return rpc.NewFunction(ctx, func(context.Context, rpc.None) (any, error) {
			return nil, workers.NewError("RangeError", "of the function")
		}), nil
	})
	authChain    = workers.Implement(authEntry, chained, chain)
	authRejected = workers.Method(authEntry, "rejected", func(ctx context.Context, _ rpc.None) (rpc.None, error) {
		return bareFail.Call(ctx, bare, rpc.None{})
	})

	bareDouble = workers.Method(bareEntry, "double", doubled)
	bareProps  = workers.Method(bareEntry, "props", propsOf)
	bareFail   = workers.Method(bareEntry, "fail", func(context.Context, rpc.None) (rpc.None, error) {
		return rpc.None{}, workers.NewError("RangeError", "Bare failed")
	})

	triple   = workers.Method(defaultEntry, "triple", func(_ context.Context, n float64) (float64, error) { return n * 3, nil })
	ownProps = workers.Method(defaultEntry, "ownProps", propsOf)
	greetedP = workers.Method(defaultEntry, "greeted", func(_ context.Context, p Greeting) (string, error) { return "hello " + p.Name, nil })
)

func doubled(_ context.Context, n float64) (float64, error) { return n * 2, nil }

func greeted(_ context.Context, p Greeting) (Greeted, error) {
	word := "Hello"
	if p.Greeting != nil {
		word = *p.Greeting
	}
	return Greeted{word + ", " + p.Name + "!", utf8.RuneCountInString(p.Name), append([]string{}, p.Tags...)}, nil
}

func propsOf(ctx context.Context, _ rpc.None) (any, error) {
	var props any
	err := workers.Props(ctx, &props)
	return props, err
}

// chained is declared apart from chain, which calls it.
var chained = rpc.Remote[int, []int]("chain")

func chain(ctx context.Context, n int) ([]int, error) {
	if n == 0 {
		return []int{}, nil
	}
	rest, err := chained.Call(ctx, workers.Service("PLAIN"), n-1)
	return append([]int{n}, rest...), err
}

func authFetch(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/props":
		props, _ := propsOf(r.Context(), durables.None{})
		answer(w, props)
		return
	case "/fail":
		panic(workers.NewError("RangeError", "the entrypoint's fetch failed"))
	case "/host":
		answer(w, []string{r.Host, r.Header.Get("Host")})
		return
	case "/redirect":
		w.Header().Set("Location", "https://elsewhere/")
		w.WriteHeader(http.StatusFound)
		return
	case "/large":
		io.Copy(w, produce(300_000))
		return
	case "/length":
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
		return
	}
	body, _ := io.ReadAll(r.Body)
	one := r.Header.Get("X-One")
	if one == "" {
		one = "none"
	}
	w.Header().Set("X-One", one)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "%s %s %s", r.Method, r.URL, body)
}
