package clock

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"
)

// Adjustable is a clock for development. It begins as the machine's; it can be frozen, moved forward, and let go on from where it stands then.
//
// Invariant: while it runs, each timer that waits has one of the machine's behind it; while it is frozen, none has.
type Adjustable struct {
	moving sync.Mutex // held by Advance

	mu     sync.Mutex
	ahead  time.Duration // of the machine's clock, while it runs
	stands time.Time     // while it is frozen
	frozen bool
	order  uint64
	timers map[*adjusted]bool
	settle map[*func()]bool // calls before and after each timer of Advance
}

type adjusted struct {
	at    time.Time
	order uint64
	f     func()
	stop  func() bool // of the machine's timer
}

// NewAdjustable returns a clock that runs with the machine's.
func NewAdjustable() *Adjustable {
	return &Adjustable{timers: map[*adjusted]bool{}, settle: map[*func()]bool{}}
}

// Now implements Clock.
func (c *Adjustable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Adjustable) now() time.Time {
	if c.frozen {
		return c.stands
	}
	return time.Now().Add(c.ahead)
}

// AfterFunc implements Clock.
func (c *Adjustable) AfterFunc(d time.Duration, f func()) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order++
	t := &adjusted{at: c.now().Add(max(d, 0)), order: c.order, f: f}
	c.timers[t] = true
	if !c.frozen || d <= 0 { // what is due now does not wait for the time to move
		c.arm(t)
	}
	return func() { c.take(t) }
}

// take takes a timer out, and reports whether it was there.
func (c *Adjustable) take(t *adjusted) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.timers[t] {
		return false
	}
	delete(c.timers, t)
	if t.stop != nil {
		t.stop()
	}
	return true
}

// arm puts one of the machine's timers behind t; c.mu is held.
func (c *Adjustable) arm(t *adjusted) {
	t.stop = time.AfterFunc(t.at.Sub(c.now()), func() {
		if c.take(t) {
			t.f()
		}
	}).Stop
}

// Frozen reports whether the clock stands, and how far it is from the machine's.
func (c *Adjustable) Frozen() (frozen bool, ahead time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return true, time.Until(c.stands)
	}
	return false, c.ahead
}

// Freeze lets the clock stand.
func (c *Adjustable) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return
	}
	c.stands, c.frozen = c.now().Round(0), true
	c.disarm()
}

// disarm takes the machine's timers away; c.mu is held.
func (c *Adjustable) disarm() {
	for t := range c.timers {
		if t.stop != nil && t.at.After(c.now()) {
			t.stop()
			t.stop = nil
		}
	}
}

// Resume lets the clock run on from where it stands.
func (c *Adjustable) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		return
	}
	c.ahead, c.frozen = time.Until(c.stands), false
	c.rearm()
}

// rearm puts machine's timers behind all; c.mu is held.
func (c *Adjustable) rearm() {
	for t := range c.timers {
		if t.stop != nil {
			t.stop()
		}
		c.arm(t)
	}
}

// Reset lets the clock run with the machine's again. When that is behind, timers fire later than they would have.
func (c *Adjustable) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.frozen = 0, false
	c.rearm()
}

// OnAdvance makes Advance call wait before the first and after every timer, until remove is called: wait gives what a timer set off time to be done.
func (c *Adjustable) OnAdvance(wait func()) (remove func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle[&wait] = true
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.settle, &wait)
	}
}

func (c *Adjustable) wait() {
	c.mu.Lock()
	all := slices.Collect(maps.Keys(c.settle))
	c.mu.Unlock()
	for _, wait := range all {
		(*wait)()
	}
}

// Advance moves the clock forward by d. Timers fire one after another, in the order of their times.
func (c *Adjustable) Advance(d time.Duration) {
	c.moving.Lock()
	defer c.moving.Unlock()
	c.mu.Lock()
	froze, ahead := c.frozen, c.ahead
	if !froze {
		c.stands, c.frozen = c.now().Round(0), true
		c.disarm()
	}
	end := c.stands.Add(max(d, 0))
	c.mu.Unlock()
	c.wait()
	for f := c.next(end); f != nil; f = c.next(end) {
		f()
		c.wait()
	}
	if !froze {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ahead, c.frozen = ahead+max(d, 0), false
		c.rearm()
	}
}

// next moves to the earliest timer up to end and takes it out; without one it moves to end.
func (c *Adjustable) next(end time.Time) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var due []*adjusted
	for t := range c.timers {
		if !t.at.After(end) {
			due = append(due, t)
		}
	}
	if len(due) == 0 {
		if end.After(c.stands) {
			c.stands = end
		}
		return nil
	}
	t := slices.MinFunc(due, func(a, b *adjusted) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
	delete(c.timers, t)
	if t.stop != nil {
		t.stop()
	}
	if t.at.After(c.stands) {
		c.stands = t.at
	}
	return t.f
}
