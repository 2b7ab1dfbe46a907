package grove

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"grove.place/lattice/durables/analytics"
	local "grove.place/lattice/local-runtime"
)

// pauses are how far apart the steps of a flow are: all before the first flush, and some while flushes are under way.
var pauses = []time.Duration{0, 100 * time.Second}

// perform has somebody take the steps of a flow, each as often as it takes, and lets everything come to rest.
func (w *world) perform(r run, pause time.Duration) {
	w.t.Helper()
	w.Go("somebody", func(context.Context) error {
		for i, s := range r.steps {
			if err := w.insist(s); err != nil {
				return fmt.Errorf("step %d: %w", i+1, err)
			}
			w.Sleep(pause)
		}
		return nil
	})
	w.rest(r.quiet)
}

// insist takes a step until it is acknowledged, in a client.
func (w *world) insist(s step) (err error) {
	for range 100 {
		if err = s(w.Context()); err == nil {
			return nil
		}
		w.Sleep(20 * time.Second)
	}
	return err
}

func (w *world) rest(quiet time.Duration) {
	w.t.Helper()
	if err := w.Run(); err != nil {
		w.t.Fatal(err)
	}
	w.Clock.Advance(quiet)
}

// trouble is one thing that goes wrong at one operation: the one after so many.
type trouble struct {
	name   string
	many   bool // there are so many operations that only some are struck, unless -every=1
	inject func(w *world, after int) *local.Injection
}

var troubles = []trouble{
	{"D1 refuses", false, func(w *world, after int) *local.Injection {
		return w.Inject(local.D1Fault{After: after, Times: 1})
	}},
	{"D1 commits and does not say so", false, func(w *world, after int) *local.Injection {
		return w.Inject(local.D1Fault{After: after, Times: 1, AfterCommit: true})
	}},
	{"killed before D1 answers", false, func(w *world, after int) *local.Injection {
		fault := w.Inject(local.D1Fault{After: after, Times: 1, Delay: 30 * time.Second})
		w.crashWhen(fault)
		return fault
	}},
	{"killed after D1 has committed", false, func(w *world, after int) *local.Injection {
		fault := w.Inject(local.D1Fault{After: after, Times: 1, Delay: 30 * time.Second, AfterCommit: true})
		w.crashWhen(fault)
		return fault
	}},
	{"the disk fails at a read", true, storage(local.OnRead)},
	{"the disk fails at a write", true, storage(local.OnWrite)},
	{"the disk fails at a commit", false, storage(local.OnCommit)},
	{"committed, and the object is lost before that is known", false, storage(local.OnConfirm)},
}

func storage(at local.StoragePoint) func(*world, int) *local.Injection {
	return func(w *world, after int) *local.Injection {
		return w.Inject(local.StorageFault{On: at, After: after, Times: 1, Err: local.ErrDiskIO})
	}
}

// crashWhen ends all instances soon after a fault has struck.
func (w *world) crashWhen(fault *local.Injection) {
	until := w.Clock.Now().Add(3 * day)
	w.Go("killer", func(context.Context) error {
		for fault.Count() == 0 {
			if w.Clock.Now().After(until) {
				return nil
			}
			w.Sleep(10 * time.Second)
		}
		return w.Crash("killed by the test")
	})
}

// every is odd and no divisor of the operations of a step, so that which of them are struck varies.
var every = flag.Int("every", 17, "how far apart the operations are that fail; 1 lets each of them fail in turn")

// TestNothingIsLostWhateverFailsAtWhicheverStep lets every flow meet every trouble at its first operation, at its second, and so on, until it passes through
// without meeting it.
func TestNothingIsLostWhateverFailsAtWhicheverStep(t *testing.T) {
	each(t, func(t *testing.T, f flow, pause time.Duration) {
		for _, tr := range troubles {
			t.Run(tr.name, func(t *testing.T) {
				apart := 1
				if tr.many {
					apart = *every
					if pause == 0 && *every > 1 {
						apart *= 3 // flushes are under way at the other pace
					}
				}
				apart *= f.apart(3)
				if testing.Short() && *every > 1 {
					apart *= 15
				}
				for after, met := 0, true; met && !t.Failed(); after += apart {
					t.Run(fmt.Sprint("after=", after), func(t *testing.T) {
						w := open(t, 1)
						r := f.begin(w)
						fault := tr.inject(w, after)
						w.perform(r, pause)
						fault.Remove()
						met = fault.Count() > 0
						r.check()
						w.sound()
					})
				}
			})
		}
	})
}

// apart is how far apart the operations of the flow are that fail, where those of others are n apart.
func (f flow) apart(n int) int {
	switch {
	case *every == 1:
		return 1
	case f.sparse > 0:
		return 3 * f.sparse
	default:
		return n
	}
}

// each runs a test with every flow, at every pace.
func each(t *testing.T, test func(t *testing.T, f flow, pause time.Duration)) {
	for _, f := range flows {
		for _, pause := range pauses {
			t.Run(fmt.Sprintf("%s/%s apart", f.name, pause), func(t *testing.T) { test(t, f, pause) })
		}
	}
}

// TestADatabaseThatIsAwayForTenMinutesLosesNothing: D1 is away when the flow begins, and again when days are finalised. What needs no D1 is acknowledged
// meanwhile, the rest when it is back.
func TestADatabaseThatIsAwayForTenMinutesLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, f flow, pause time.Duration) {
		w := open(t, 1)
		r := f.begin(w)
		struck := 0
		w.Go("outages", func(context.Context) error {
			for i := range 2 {
				if i == 1 {
					w.Sleep(w.closing() - 5*time.Minute)
				}
				fault := w.Inject(local.D1Fault{Err: errors.New("D1_ERROR: Network connection lost.")})
				w.Sleep(10 * time.Minute)
				fault.Remove()
				struck += fault.Count()
			}
			return nil
		})
		w.perform(r, pause)
		if struck == 0 {
			t.Error("nobody noticed")
		}
		r.check()
		w.sound()
	})
}

// closing is how long it is until a day that has begun is finalised.
func (w *world) closing() time.Duration {
	now := w.Clock.Now()
	return now.Truncate(day).Add(day + analytics.Grace).Sub(now)
}

// TestASlowDatabaseLosesNothing: D1 takes half a minute for everything, so that much happens while a flush is under way.
func TestASlowDatabaseLosesNothing(t *testing.T) {
	for _, f := range flows {
		for _, pause := range []time.Duration{0, time.Second, 7 * time.Second, 29 * time.Second, 45 * time.Second, 100 * time.Second} {
			t.Run(fmt.Sprintf("%s/%s apart", f.name, pause), func(t *testing.T) {
				w := open(t, 1)
				r := f.begin(w)
				slow := w.Inject(local.D1Fault{Delay: 30 * time.Second})
				w.perform(r, pause)
				slow.Remove()
				r.check()
				w.sound()
			})
		}
	}
}

// TestASlowDatabaseThatFailsOnceLosesNothing: rows are left from a flush that failed, and others come while they are sent again.
func TestASlowDatabaseThatFailsOnceLosesNothing(t *testing.T) {
	for _, f := range flows {
		for _, pause := range []time.Duration{7 * time.Second, 29 * time.Second, 45 * time.Second} {
			for after, met := 0, true; met && !t.Failed(); after += f.apart(1) {
				t.Run(fmt.Sprintf("%s/%s apart/after=%d", f.name, pause, after), func(t *testing.T) {
					w := open(t, 1)
					r := f.begin(w)
					fails, slow := w.Inject(local.D1Fault{After: after, Times: 1}), w.Inject(local.D1Fault{Delay: 30 * time.Second})
					w.perform(r, pause)
					met = fails.Count() > 0
					fails.Remove()
					slow.Remove()
					r.check()
					w.sound()
				})
			}
		}
	}
}
