package session

import (
	"testing"
	"time"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestDelaysDoubleUpToTheCeiling(t *testing.T) {
	l := limit{free: 2, base: time.Second, ceiling: 5 * time.Second, quiet: time.Hour}
	want := []time.Duration{0, 0, 0, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
	for count, delay := range want {
		if got := l.delay(count); got != delay {
			t.Errorf("after %d attempts: %v, want %v", count, got, delay)
		}
	}
	if got := l.delay(1 << 30); got != l.ceiling {
		t.Errorf("after very many attempts: %v, want the ceiling", got)
	}
}

func TestRecord(t *testing.T) {
	l := limit{free: 2, base: 10 * time.Second, ceiling: time.Minute, quiet: 15 * time.Minute}
	shared := l
	shared.refund = true
	type step struct {
		after   time.Duration // since the step before
		success bool
		allowed bool
	}
	cases := []struct {
		name  string
		limit limit
		steps []step
		count int
	}{
		{"failures within the free ones", l, []step{{0, false, true}, {0, false, true}}, 2},
		{"the one after them starts a delay", l, []step{{0, false, true}, {0, false, true}, {0, false, true}, {9 * time.Second, false, false}}, 3},
		{"a success during the delay is refused as well", l, []step{{0, false, true}, {0, false, true}, {0, false, true}, {0, true, false}}, 3},
		{"refused attempts do not lengthen it", l, []step{{0, false, true}, {0, false, true}, {0, false, true}, {5 * time.Second, false, false}, {5 * time.Second, true, true}}, 0},
		{"quiet forgets", l, []step{{0, false, true}, {0, false, true}, {0, false, true}, {15 * time.Minute, false, true}}, 1},
		{"a success clears a user", l, []step{{0, false, true}, {0, false, true}, {0, true, true}, {0, false, true}}, 1},
		{"a success takes one back from a shared prefix", shared, []step{{0, false, true}, {0, false, true}, {0, true, true}}, 1},
		{"successes never run up credit", shared, []step{{0, true, true}, {0, true, true}, {0, false, true}}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, now := attempts{}, start
			for i, s := range c.steps {
				now = now.Add(s.after)
				var allowed bool
				if a, allowed = c.limit.record(a, now, s.success); allowed != s.allowed {
					t.Fatalf("step %d: allowed %v, want %v", i+1, allowed, s.allowed)
				}
			}
			if a.count != c.count {
				t.Errorf("%d attempts are remembered, want %d", a.count, c.count)
			}
		})
	}
}

func TestNobodyWaitsLongerThanTheCeiling(t *testing.T) {
	for _, name := range []string{"session:u1", "limit:ip:198.51.100.0/24", "limit:email:abc"} {
		l, a, now := limitFor(name), attempts{}, start
		for range 1000 {
			a, _ = l.record(a, now, false)
			if wait := a.lockUntil.Sub(now); wait > l.ceiling {
				t.Fatalf("%s: a delay of %v, more than %v", name, wait, l.ceiling)
			}
			now = now.Add(l.ceiling)
		}
	}
}
