// Package clock is the host's time: real, or virtual, which stands still until a test moves it. Everything in the host that
// waits for a time waits through a Clock.
package clock

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Clock tells the time and calls functions at a time.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f in a goroutine of the clock's after d. The function it returns prevents that call, if it has not begun.
	AfterFunc(d time.Duration, f func()) (stop func())
}

// Real is the machine's clock.
type Real struct{}

// Now implements Clock.
func (Real) Now() time.Time { return time.Now() }

// AfterFunc implements Clock.
func (Real) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// Virtual is a clock that moves only in Advance.
type Virtual struct {
	moving sync.Mutex // held by Advance

	mu     sync.Mutex
	now    time.Time
	timers []*timer
	order  uint64
	idle   []func()
	due    func([]func())
}

type timer struct {
	at    time.Time
	order uint64
	f     func()
	dead  bool
}

// NewVirtual returns a clock that stands at start.
func NewVirtual(start time.Time) *Virtual { return &Virtual{now: start} }

// Now implements Clock.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// AfterFunc implements Clock. A function that is due at once is called in the next Advance, even Advance(0).
func (v *Virtual) AfterFunc(d time.Duration, f func()) func() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.order++
	t := &timer{at: v.now.Add(max(d, 0)), order: v.order, f: f}
	v.timers = append(v.timers, t)
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		t.dead = true
	}
}

// OnAdvance makes Advance call wait before the first and after every timer: wait returns when nothing is left to do at the present time.
func (v *Virtual) OnAdvance(wait func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.idle = append(v.idle, wait)
}

// OnDue makes f call the functions of timers, in the order that it likes: Advance gives it those that are due at one moment, and goes on when it
// returns. In place of OnAdvance.
func (v *Virtual) OnDue(f func(due []func())) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.due = f
}

// Next returns when the next timer goes off.
func (v *Virtual) Next() (at time.Time, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, t := range v.timers {
		if !t.dead && (!ok || t.at.Before(at)) {
			at, ok = t.at, true
		}
	}
	return at, ok
}

// Take moves the clock forward to at, and takes out the timers that are due then, in the order in which they were set.
func (v *Virtual) Take(at time.Time) (due []func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at.After(v.now) {
		v.now = at
	}
	var taken []*timer
	live := v.timers[:0]
	for _, t := range v.timers {
		switch {
		case t.dead:
		case t.at.After(v.now):
			live = append(live, t)
		default:
			taken = append(taken, t)
		}
	}
	clear(v.timers[len(live):])
	v.timers = live
	slices.SortFunc(taken, func(a, b *timer) int { return cmp.Compare(a.order, b.order) })
	for _, t := range taken {
		due = append(due, func() {
			if v.alive(t) {
				t.f()
			}
		})
	}
	return due
}

// alive reports whether a timer that is due has not been stopped since.
func (v *Virtual) alive(t *timer) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !t.dead
}

// advanceDue is Advance with OnDue. It may be called while it runs.
func (v *Virtual) advanceDue(d time.Duration) {
	end := v.Now().Add(d)
	v.due(nil)
	for {
		at, ok := v.Next()
		if !ok || at.After(end) {
			break
		}
		v.due(v.Take(at))
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if end.After(v.now) {
		v.now = end
	}
}

// Advance moves the clock by d. Timers fire one by one, in the order of their times, each after what the one before it set off is done.
func (v *Virtual) Advance(d time.Duration) {
	if v.due != nil {
		v.advanceDue(d)
		return
	}
	v.moving.Lock()
	defer v.moving.Unlock()
	v.settle()
	v.mu.Lock()
	end := v.now.Add(d)
	v.mu.Unlock()
	for {
		f := v.next(end)
		if f == nil {
			return
		}
		f()
		v.settle()
	}
}

// next moves to the earliest timer up to end and takes it out; without one it moves to end.
func (v *Virtual) next(end time.Time) func() {
	v.mu.Lock()
	defer v.mu.Unlock()
	best := -1
	live := v.timers[:0]
	for _, t := range v.timers {
		if t.dead {
			continue
		}
		live = append(live, t)
		if t.at.After(end) {
			continue
		}
		if best < 0 || t.at.Before(live[best].at) || t.at.Equal(live[best].at) && t.order < live[best].order {
			best = len(live) - 1
		}
	}
	clear(v.timers[len(live):])
	v.timers = live
	if best < 0 {
		v.now = end
		return nil
	}
	t := live[best]
	v.timers = append(live[:best], live[best+1:]...)
	if t.at.After(v.now) {
		v.now = t.at
	}
	return t.f
}

func (v *Virtual) settle() {
	v.mu.Lock()
	idle := v.idle
	v.mu.Unlock()
	for _, wait := range idle {
		wait()
	}
}
