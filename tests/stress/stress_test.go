// Package stress puts one Go instance under load on both homes: many objects, many callers, locks and timers that wake
// goroutines in the wrong frame, panics and clients that leave. Every answer is checked, nothing may hang, and
// goroutines and heap must return to where they were. The program under load is in app.
package stress

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	hotObjects = 12
	callers    = 64
)

// home is a host that runs the application.
type home struct {
	url string
	// collect makes the host collect its garbage, so that frames that died are noticed.
	collect func(t *testing.T)
	// name begins the names of the objects, of which there are so many.
	name    string
	objects int
	// spread says that several Go instances share the work.
	spread bool
	// requests is how many requests the mix has, cancelled how many clients leave.
	requests, cancelled int
}

// stressAll stresses a host with so few objects that every operation meets others, then with many.
func stressAll(t *testing.T, h home) {
	t.Run("few objects", func(t *testing.T) {
		h := h
		h.name, h.objects, h.requests, h.cancelled = "few", 8, h.requests/2, h.cancelled/10
		h.stress(t)
	})
	t.Run("a dying instance", func(t *testing.T) {
		h := h
		h.name, h.objects = "surviving", 50
		h.crash(t)
	})
	t.Run("many objects", func(t *testing.T) {
		h.name, h.objects = "many", 1000
		h.stress(t)
	})
}

// crash makes the Go instance die again and again while callers use it. Every request is answered, those in flight with an
// error; what was acknowledged is still there, and a fresh instance goes on.
func (h home) crash(t *testing.T) {
	c := newClient(h.url)
	l := newLedger()
	h.touchAll(t, c, l)
	var failed, right atomic.Int64
	doomed := []string{"/cell/doomed-%d/kv", "/cell/doomed-%d/sleep", "/cell/doomed-%d/locked", "/cell/doomed-%d/txn"}
	h.each(t, c, l, callers*6, func(c *caller, i int) error {
		path := fmt.Sprintf(doomed[i%len(doomed)], i%20)
		if i%97 == 50 {
			path = "/worker/crash"
		}
		status, got, err := c.post(c.ctx, path, url.Values{"ms": {"5"}}, nil)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK:
			right.Add(1)
		case status != http.StatusInternalServerError:
			return fmt.Errorf("%s: status %d: %.200s", path, status, got)
		default:
			failed.Add(1)
		}
		return nil
	})
	t.Logf("%d requests failed with the instance, %d were answered", failed.Load(), right.Load())
	if failed.Load() == 0 || right.Load() == 0 {
		t.Error("the instance did not die, or did not come back")
	}
	h.mix(t, c, l, callers*5)
	l.check(t)
	h.audit(t, c, l)
}

func (h home) stress(t *testing.T) {
	c := newClient(h.url)
	l := newLedger()
	h.touchAll(t, c, l)
	h.mix(t, c, l, callers*10) // grows every buffer and pool that is going to stay
	before := h.settle(t, c, stats{Goroutines: 1 << 30, Heap: 1 << 62})
	t.Logf("with %d objects: %+v", h.objects, before)

	h.mix(t, c, l, h.requests)
	afterMix := h.settle(t, c, before)
	t.Logf("after the mix: %+v", afterMix)

	h.leave(t, c)
	h.mix(t, c, l, callers*10)
	l.check(t)
	h.audit(t, c, l)
	after := h.settle(t, c, before)
	t.Logf("after %d cancelled requests: %+v", h.cancelled, after)
	for what, s := range map[string]stats{"the mix": afterMix, "cancelled requests": after} {
		if s.Goroutines > before.Goroutines+goroutineSlack || s.Heap > before.Heap+heapSlack {
			c.explain(t)
			t.Errorf("after %s %d goroutines and %d KB of heap, before %d and %d KB", what, s.Goroutines, s.Heap>>10, before.Goroutines, before.Heap>>10)
		}
	}
}

// What may remain: a few idle goroutines and what a collection leaves behind in pools and maps.
const (
	goroutineSlack = 3
	heapSlack      = 2 << 20
)

func (h home) object(i int) string { return fmt.Sprintf("%s-%d", h.name, i) }

// each runs f n times, shared by the callers.
func (h home) each(t *testing.T, c *client, l *ledger, n int, f func(c *caller, i int) error) {
	t.Helper()
	var (
		next     atomic.Int64
		failures atomic.Int64
		wg       sync.WaitGroup
	)
	for id := range callers {
		wg.Go(func() {
			call := &caller{c, h, l, rand.New(rand.NewPCG(uint64(id), uint64(n))), t.Context()}
			for i := next.Add(1) - 1; i < int64(n) && failures.Load() < 20; i = next.Add(1) - 1 {
				if err := f(call, int(i)); err != nil {
					failures.Add(1)
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		c.explain(t)
		t.FailNow()
	}
}

// touchAll brings every object to life.
func (h home) touchAll(t *testing.T, c *client, l *ledger) {
	start := time.Now()
	h.each(t, c, l, h.objects, func(c *caller, i int) error {
		var n int64
		err := c.ask(c.ctx, "/cell/"+h.object(i)+"/kv", nil, nil, &n)
		if err == nil {
			c.ledger.add(h.object(i), "kv", n)
		}
		return err
	})
	t.Logf("%d objects constructed in %v", h.objects, time.Since(start).Round(time.Millisecond))
}

type slowest struct {
	op   string
	took time.Duration
}

// mix sends n operations.
func (h home) mix(t *testing.T, c *client, l *ledger, n int) {
	start := time.Now()
	var longest atomic.Pointer[slowest]
	longest.Store(&slowest{})
	h.each(t, c, l, n, func(c *caller, _ int) error {
		op, begun := c.pick(), time.Now()
		if err := op.run(c); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		if took, old := time.Since(begun), longest.Load(); took > old.took {
			longest.CompareAndSwap(old, &slowest{op.name, took})
		}
		return nil
	})
	took, worst := time.Since(start), longest.Load()
	t.Logf("%d mixed requests right in %v: %.0f/s; the slowest took %v: %s", n, took.Round(time.Millisecond),
		float64(n)/took.Seconds(), worst.took.Round(time.Millisecond), worst.op)
}

// departures are the requests that clients leave, with the latest moment at which they do. Some are answered before. What
// holds the mutex is rare, because all of it happens one after the other.
var departures = []struct {
	path, query string
	object      bool
	within      time.Duration
	weight      int
}{
	{"/worker/sleep", "ms=3000", false, 50 * time.Millisecond, 6},
	{"/worker/drip", "", false, 90 * time.Millisecond, 6},
	{"/cell/%s/linger", "ms=40", true, 90 * time.Millisecond, 6},
	{"/cell/%s/sleep", "ms=10", true, 60 * time.Millisecond, 6},
	{"/cell/%s/txn", "", true, 40 * time.Millisecond, 6},
	{"/cell/%s/bounce", "to=doomed-5", true, 40 * time.Millisecond, 6},
	{"/cell/%s/kv", "", true, 40 * time.Millisecond, 6},
	{"/cell/%s/locked", "ms=1", true, 60 * time.Millisecond, 1},
	{"/worker/locked/%s", "", true, 60 * time.Millisecond, 1},
}

// leave sends requests and disconnects before, while or after they are answered. What they did is not audited.
func (h home) leave(t *testing.T, c *client) {
	start := time.Now()
	var answered atomic.Int64
	h.each(t, c, nil, h.cancelled, func(c *caller, i int) error {
		d := departures[i%len(departures)]
		if i%6 >= d.weight {
			d = departures[0]
		}
		path := d.path
		if d.object {
			path = fmt.Sprintf(path, fmt.Sprintf("doomed-%d", c.rand.IntN(20)))
		}
		query, err := url.ParseQuery(d.query)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.ctx, time.Duration(c.rand.Int64N(int64(d.within))))
		defer cancel()
		status, got, err := c.post(ctx, path, query, nil)
		if err == nil && status != http.StatusOK {
			return fmt.Errorf("%s: status %d before the client left: %.200s", path, status, got)
		}
		if err == nil {
			answered.Add(1)
		}
		return nil
	})
	t.Logf("%d clients left, %d were answered first, in %v", h.cancelled, answered.Load(), time.Since(start).Round(time.Millisecond))
}

// audit compares what every object has stored with what it answered.
func (h home) audit(t *testing.T, c *client, l *ledger) {
	h.each(t, c, l, h.objects, func(c *caller, i int) error {
		var got totals
		if err := c.ask(c.ctx, "/cell/"+h.object(i)+"/totals", nil, nil, &got); err != nil {
			return err
		}
		if want := l.want(h.object(i)); got != want {
			return fmt.Errorf("%s has stored %+v, its answers say %+v", h.object(i), got, want)
		}
		return nil
	})
}

// settle waits until the instance is as small as it was, and returns the last stats when it does not get there.
func (h home) settle(t *testing.T, c *client, was stats) stats {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		h.collect(t)
		s := c.stats(t)
		if s.Goroutines <= was.Goroutines+goroutineSlack && s.Heap <= was.Heap+heapSlack || time.Now().After(deadline) {
			return s
		}
		time.Sleep(200 * time.Millisecond)
	}
}
