package stress

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// Of the stress by sockets and alarms.
const (
	rooms     = 6
	listeners = 9  // sockets of a room
	bursts    = 3  // between which every room is out of memory
	messages  = 40 // of a socket in a burst
	shouts    = 25 // to a room in a burst
	rings     = 20 // alarms of a room in a burst
)

// TestSocketsAndAlarmsOnTheLocalHost takes every room out of memory between the bursts.
func TestSocketsAndAlarmsOnTheLocalHost(t *testing.T) {
	t.Parallel()
	h, url := startLocal(t, 1)
	socketsAndAlarms(t, home{url: url, collect: func(*testing.T) {}}, func() { evictRooms(t, h) })
}

// TestSocketsAndAlarmsOnWorkerd waits between the bursts until workerd has evicted the rooms by itself.
func TestSocketsAndAlarmsOnWorkerd(t *testing.T) {
	t.Parallel()
	d := startWorkerd(t)
	h := home{url: d.URL, collect: collector(d.URL)}
	socketsAndAlarms(t, h, func() { time.Sleep(11 * time.Second) })
}

// evictRooms evicts every room as soon as it is idle.
func evictRooms(t *testing.T, h *local.Host) {
	deadline := time.Now().Add(patience)
	for i := range rooms {
		for {
			evicted, err := h.Evict("Room", roomName(i))
			if evicted {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("room %d is never idle: %v", i, err)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func roomName(i int) string { return fmt.Sprintf("room-%d", i) }

// sight is what a room says of itself.
type sight struct {
	Sockets int
	Pending bool
	Counts  map[string]int64
}

// socketsAndAlarms has sockets talk, rooms shout and alarms ring, all at once and in bursts; absent takes the rooms out of
// memory. In the end every room has counted all of it, and nothing is left.
func socketsAndAlarms(t *testing.T, h home, absent func()) {
	c := newClient(h.url)
	warm(t, h, c)
	before := h.settle(t, c, stats{Goroutines: 1 << 30, Heap: 1 << 62})
	sockets := make([]*listener, rooms*listeners)
	together(t, len(sockets), func(i int) (err error) {
		sockets[i], err = listen(t.Context(), h.url, roomName(i%rooms))
		return err
	})
	defer func() {
		for _, l := range sockets {
			l.conn.Close()
		}
	}()
	for b := range bursts {
		built := c.built(t)
		if b > 0 {
			absent()
		}
		var wg sync.WaitGroup
		for i := range rooms {
			wg.Go(func() {
				if err := c.shoutAndRing(t, roomName(i)); err != nil {
					t.Errorf("%s: %v", roomName(i), err)
				}
			})
		}
		together(t, len(sockets), func(i int) error { return sockets[i].talk(messages) })
		wg.Wait()
		if again := c.built(t) - built; b > 0 && again < rooms {
			t.Errorf("burst %d: %d rooms were constructed again, want %d", b, again, rooms)
		}
		together(t, len(sockets), func(i int) error { return sockets[i].hearAll((b + 1) * shouts) })
		c.await(t, "alarms", func(s sight) bool { return !s.Pending && s.Counts["rung"] >= int64((b+1)*rings) })
	}
	together(t, len(sockets), func(i int) error { return sockets[i].leave(i / rooms % ways) })
	each := int64(listeners / ways)
	c.await(t, "ends of sockets", func(s sight) bool {
		return s.Sockets == 0 && s.Counts["end 1000"] == each && s.Counts["end 4001"] == each && s.Counts["end 1006"] == each
	})
	after := h.settle(t, c, before)
	t.Logf("before %+v, after %+v", before, after)
	if after.Goroutines > before.Goroutines+goroutineSlack || after.Heap > before.Heap+heapSlack {
		c.explain(t)
		t.Errorf("%d goroutines and %d KB of heap remain, before %d and %d KB", after.Goroutines, after.Heap>>10, before.Goroutines, before.Heap>>10)
	}
}

// warm grows every buffer and pool that is going to stay.
func warm(t *testing.T, h home, c *client) {
	together(t, rooms*listeners, func(int) error {
		l, err := listen(t.Context(), h.url, "warm")
		if err != nil {
			return err
		}
		return errors.Join(l.talk(messages), l.leave(isClosed))
	})
	for i := range rooms { // their names are known from now on
		var s sight
		if err := c.ask(t.Context(), "/room/"+roomName(i)+"/look", nil, nil, &s); err != nil {
			t.Fatal(err)
		}
	}
}

// together runs f for each number at the same time.
func together(t *testing.T, n int, f func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := f(i); err != nil {
				t.Errorf("socket %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// shoutAndRing starts the alarms of a room, and shouts.
func (c *client) shoutAndRing(t *testing.T, room string) error {
	var n int64
	if err := c.ask(t.Context(), "/room/"+room+"/ring", url.Values{"n": {fmt.Sprint(rings)}}, nil, &n); err != nil {
		return err
	}
	last := int64(0)
	for range shouts {
		if err := c.ask(t.Context(), "/room/"+room+"/shout", nil, nil, &n); err != nil {
			return err
		}
		if last != 0 && n != last+1 {
			return fmt.Errorf("shout %d follows %d", n, last)
		}
		last = n
	}
	return nil
}

// await waits until every room is as it should be.
func (c *client) await(t *testing.T, what string, ready func(sight) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for i := range rooms {
		for {
			var s sight
			if err := c.ask(t.Context(), "/room/"+roomName(i)+"/look", nil, nil, &s); err != nil {
				t.Fatal(err)
			}
			if ready(s) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: %s is still %+v", what, roomName(i), s)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// built returns how many rooms were constructed.
func (c *client) built(t *testing.T) (n int64) {
	t.Helper()
	status, got, err := c.do(t.Context(), http.MethodGet, "/rooms/built", nil, nil)
	if err == nil {
		_, err = fmt.Sscan(string(got), &n)
	}
	if err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	return n
}
