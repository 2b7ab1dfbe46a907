package host

import (
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/storage"
)

// turns are those of an object whose class is in JavaScript: a task of its loop, with all microtasks, is one.
//
// Invariant, as for objects in Go: what a turn wrote is committed as one when it ends, and only then leaves what it said. When it cannot be
// committed all of it is lost, and the object is reset.
type turns struct {
	failure      *abi.Error // why the object is reset as soon as its script has returned
	outputs      gate.Output[*program]
	locks        gate.Locks
	alarmChanged bool
	transactions int // that are open
}

// output lets release happen when the turn is committed. drop, which may be nil, is called in its place when the turn is lost.
func (p *program) output(release func(), drop func(error)) {
	if p.owner == nil {
		release()
		return
	}
	p.turns.outputs.Add(p, release, drop)
}

// doom loses what the turn wrote, at once; the object is reset when the turn ends.
func (p *program) doom(e *abi.Error) {
	if p.turns.failure != nil {
		return
	}
	p.turns.failure = e
	if p.store == nil {
		return
	}
	if err := p.store.Rollback(); err != nil {
		p.host.cfg.Logger.Error("storage cannot be rolled back", "class", p.owner.key.class, "id", p.owner.key.id, "error", err)
	}
}

// endTurn runs after every task of the object's loop.
func (o *scripted) endTurn() {
	p := o.program
	if p == nil {
		return
	}
	if p.turns.failure == nil && p.store != nil {
		if err := o.commit(p); err != nil {
			if !violated(err) {
				o.notCounted()
			}
			p.doom(commitError(err))
		}
	}
	p.turns.outputs.Flush(func(p *program) (*gate.Locks, error) {
		if p.turns.failure != nil {
			return nil, p.turns.failure
		}
		return &p.turns.locks, nil
	})
	if failed := p.turns.failure; failed != nil && o.program == p {
		o.leave(failed)
	}
}

// notCounted is object.notCounted for a class in JavaScript.
func (o *scripted) notCounted() {
	s := o.host.isolateOf(o.key)
	s.post(func() {
		if a := s.alarms[o.key]; a != nil {
			a.uncounted = true
		}
	})
}

// commit makes what the turn wrote durable, and follows the alarm.
func (o *scripted) commit(p *program) error {
	if err := p.store.Broken(); err != nil {
		return err
	}
	if p.store.Dirty() {
		if err := p.store.Commit(); err != nil {
			return err
		}
		if err := o.confirm(p); err != nil {
			return err
		}
	}
	if p.turns.alarmChanged && p.turns.transactions == 0 {
		p.turns.alarmChanged = false
		o.followAlarm()
	}
	return nil
}

// confirm is object.confirm for a class in JavaScript.
func (o *scripted) confirm(p *program) error {
	d := o.host.faults.meet(target{object: &o.key, point: storage.Confirm})
	if d.delay <= 0 {
		return d.err
	}
	lock := p.turns.locks.Lock()
	o.active++
	after := func(d time.Duration, f func()) (stop func()) {
		return o.host.cfg.Clock.AfterFunc(d, func() {
			o.loop.post(func() {
				if o.program == p && !lock.Over() {
					f()
				}
			})
		})
	}
	stop := after(confirmTime, func() {
		p.doom(&abi.Error{Name: "Error", Message: confirmTimeout, Overloaded: true, ObjectWasReset: true})
	})
	after(d.delay, func() {
		stop()
		if d.err != nil {
			o.notCounted()
			p.doom(commitError(d.err))
			return
		}
		lock.Confirm()
		o.over(p)
	})
	return nil
}

// unsent gives up what an answer carried that nobody gets.
func unsent(b *js.Body, why error) {
	if b == nil {
		return
	}
	if b.Source != nil {
		b.Source.Cancel(why)
	}
	if e, ok := b.Socket.(*end); ok {
		e.drop()
	}
}
