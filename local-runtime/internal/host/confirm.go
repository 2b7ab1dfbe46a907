package host

import (
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
	"grove.place/lattice/local-runtime/internal/storage"
)

const (
	// confirmTime is how long a write may go without being confirmed (workerd io/worker.c++).
	confirmTime    = 30 * time.Second
	confirmTimeout = "Durable Object storage operation exceeded timeout which caused object to be reset."
)

// outputGate is the gate that what an object said in the turn leaves by.
func (s *Isolate) outputGate(o *object) (*gate.Locks, error) {
	switch {
	case o == nil || o.failure != nil && o.unconfirmed:
		return nil, nil
	case o.failure != nil:
		return nil, o.failure
	}
	return &o.locks, nil
}

// confirm is what makes a commit durable elsewhere. Here the disk is all there is, and it has it: only a test can make that take time or fail, as
// production's replicas may. Meanwhile the object goes on, and the output gate is closed unless wait is false.
func (o *object) confirm(wait bool) error {
	s := o.isolate
	d := s.host.faults.meet(target{object: &o.key, point: storage.Confirm})
	if d.delay <= 0 {
		return d.err
	}
	clock := s.host.cfg.Clock
	var stops []func()
	lock, durable := (&gate.Locks{}).Lock(), o.durable.Lock()
	if wait {
		lock = o.locks.Lock()
		stops = append(stops, clock.AfterFunc(confirmTime, func() {
			s.post(func() {
				if o.failure == nil && !lock.Over() {
					o.resetSoon(&abi.Error{Name: "Error", Message: confirmTimeout, Overloaded: true, ObjectWasReset: true})
				}
			})
		}))
	}
	clock.AfterFunc(d.delay, func() {
		s.post(func() {
			for _, stop := range stops {
				stop()
			}
			switch {
			case o.failure != nil:
			case d.err != nil:
				o.notCounted()
				o.resetSoon(commitError(d.err))
			default:
				lock.Confirm()
				durable.Confirm()
				s.applyResets()
				o.checkIdle()
			}
		})
	})
	return nil
}

// notCounted notes that the object fails for a reason that is not its own, perhaps before the handler of its alarm has begun.
func (o *object) notCounted() {
	if a := o.isolate.alarms[o.key]; a != nil {
		a.uncounted = true
	}
}
