package local_test

import (
	"context"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func TestCancelledRequestsLeaveNothing(t *testing.T) {
	o := options()
	o.Isolates = 1
	var log lockedBuffer
	o.Logger = log.logger()
	h := local.StartTest(t, o)
	goroutines := func() int {
		_, got := request(t, h, "GET", "/goroutines", nil)
		n, err := strconv.Atoi(got)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	cancelled := func(n int, target string) {
		var wg sync.WaitGroup
		for range n {
			ctx, cancel := context.WithCancel(context.Background())
			wg.Go(func() {
				h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", target, nil).WithContext(ctx))
			})
			wg.Go(cancel)
		}
		wg.Wait()
	}
	rounds := func() {
		for range 8 {
			cancelled(500, "/hang")
			cancelled(500, "/stuck?name=x")
		}
		h.Clock.Advance(time.Second) // the objects' sleeps end
	}
	// Wasm memory never shrinks: it first grows to what 4,000 calls take that sleep at once.
	rounds()
	rounds()
	before, host, memory := goroutines(), runtime.NumGoroutine(), h.Memory()
	rounds()
	const idle = 4 // goroutines that the guest keeps for the next events
	if after := goroutines(); after > before+idle+1 {
		t.Errorf("goroutines in the guest: %d, then %d", before, after)
	}
	if after := runtime.NumGoroutine(); after > host+10 {
		t.Errorf("goroutines in the host: %d, then %d", host, after)
	}
	if after := h.Memory(); after > memory+(8<<20) {
		t.Errorf("guest memory: %d, then %d", memory, after)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("x"), 0)); n > 12000 {
		t.Errorf("the object slept %d times", n)
	}
}

func TestWhatWaitsForTheEndOfAnEventEnds(t *testing.T) {
	o := options()
	o.Isolates = 1
	h := local.StartTest(t, o)
	goroutines := func() int {
		_, got := request(t, h, "GET", "/goroutines", nil)
		return must[int](t)(strconv.Atoi(got))
	}
	linger := func() { must[durables.None](t)(thing.Linger.Call(h.Context(), named("x"), durables.None{})) }
	linger()
	before := goroutines()
	for range 100 {
		linger()
	}
	if after := goroutines(); after > before+4 {
		t.Errorf("goroutines in the guest: %d, and %d after 100 events", before, after)
	}
}

func TestManyObjects(t *testing.T) {
	o := options()
	h := local.StartTest(t, o)
	const objects = 300
	var wg sync.WaitGroup
	each := func(f func(i int)) {
		for worker := range 32 {
			wg.Go(func() {
				for i := worker; i < objects; i += 32 {
					f(i)
				}
			})
		}
		wg.Wait()
	}
	name := func(i int) string { return "many" + strconv.Itoa(i) }
	each(func(i int) { must[int](t)(thing.Add.Call(h.Context(), named(name(i)), i)) })
	each(func(i int) {
		if n := must[int](t)(thing.Add.Call(h.Context(), named(name(i)), 1)); n != i+1 {
			t.Errorf("object %d has %d", i, n)
		}
	})
	if n := must[int](t)(thing.Boots.Call(h.Context(), named(name(150)), durables.None{})); n != 1 {
		t.Errorf("constructed %d times", n)
	}
	h.Clock.Advance(time.Minute)
	list := must[[]local.Object](t)(h.Objects("Thing"))
	live := 0
	for _, o := range list {
		if o.Live {
			live++
		}
	}
	if len(list) != objects || live != 0 {
		t.Errorf("%d objects, %d of them in memory after a minute", len(list), live)
	}
}
