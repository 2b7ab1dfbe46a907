package host

import (
	"maps"
	"slices"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

// scripted is a Durable Object whose class is written in JavaScript, in the main of a program of github.com/syumai/workers. It has a loop, and while it
// is in memory a VM and an open storage file. What fails in its constructor makes the next event construct it again.
//
// Invariant: it is used on its loop; program is nil when it is not in memory. Its hibernating sockets and its alarm outlive that.
type scripted struct {
	host *Host
	key  key
	name *string
	loop *loop

	program *program
	ready   bool
	waiting []func(failed error) // events, until the constructor has returned
	active  int                  // events that have not ended
	running map[*objectEvent]bool
	idle    func() // takes back the timer of an idle object

	sockets scriptedSockets
	alarm   *alarmRun // whose handler runs
}

// object returns an object, which may not be in memory.
func (h *Host) object(k key, name *string) *scripted {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.scripted[k]
	if o == nil {
		o = &scripted{host: h, key: k, loop: newLoop(&h.work, h.number), running: map[*objectEvent]bool{}}
		o.loop.after = o.endTurn
		o.sockets.tagged = map[int64]*hibernatingSocket{}
		h.scripted[k] = o
	}
	if o.name == nil {
		o.name = name
	}
	return o
}

// objectEvent is an event of an object that has no answer yet.
type objectEvent struct {
	done     func(abi.Value, *js.Body, error)
	answered bool
}

// answer passes the outcome on, once.
func (e *objectEvent) answer(v abi.Value, b *js.Body, err error) {
	if !e.answered {
		e.answered = true
		e.done(v, b, err)
	}
}

// event gives an event to the object, which is constructed first when it is not in memory. done is called once, on any goroutine.
func (o *scripted) event(kind string, args []abi.Value, body *js.Body, done func(abi.Value, *js.Body, error)) {
	if len(o.host.cfg.Classes) == 0 {
		done(nil, nil, errNoClasses)
		return
	}
	e := &objectEvent{done: done}
	posted := o.loop.post(func() {
		o.active++
		o.wake(func(failed error) {
			if failed != nil {
				e.answer(nil, nil, failed)
				o.over(nil)
				return
			}
			p := o.program
			o.running[e] = true
			p.vm.Enter(func() {
				p.vm.Event(kind, args, body, p.socketed(func(v abi.Value, b *js.Body, err error) {
					delete(o.running, e)
					end := func() { o.loop.post(func() { o.over(p) }) }
					if err == nil && b != nil && b.Source != nil {
						p.keep(b, end)
					} else {
						end()
					}
					p.output(func() { e.answer(v, b, err) }, func(lost error) {
						unsent(b, lost)
						e.answer(nil, nil, lost)
					})
				}))
			})
		})
	})
	if !posted {
		done(nil, nil, errClosed)
	}
}

// wake calls f when the object is in memory and its constructor has returned.
func (o *scripted) wake(f func(failed error)) {
	if o.idle != nil {
		o.idle()
		o.idle = nil
	}
	if o.program != nil && o.ready {
		f(nil)
		return
	}
	o.waiting = append(o.waiting, f)
	if o.program == nil {
		o.construct()
	}
}

// construct makes the VM and the object in it.
func (o *scripted) construct() {
	h := o.host
	p := &program{host: h, owner: o, loop: o.loop, pending: 1, timers: map[int]func(){}, sockets: map[int64]*tcpSocket{}, webSockets: map[int64]*programSocket{}, bodies: map[*keptSource]bool{}}
	o.program, o.ready = p, false
	h.mu.Lock()
	h.programs[p] = true
	h.mu.Unlock()
	var err error
	if p.store, err = h.openStore(o.key); err == nil {
		p.vm, err = js.New(p)
	}
	if err != nil {
		o.constructed(p, err)
		return
	}
	var name abi.Value
	if o.name == nil && p.store.Name() != "" {
		stored := p.store.Name()
		o.name = &stored
	}
	if o.name != nil {
		name = *o.name
		h.names.note(o.key, *o.name)
	}
	p.vm.Enter(func() {
		if err = p.vm.SetUp(environment(h.cfg, h.version)); err == nil {
			err = p.vm.Load(h.cfg.Classes)
		}
		if err != nil {
			o.constructed(p, err)
			return
		}
		p.vm.Event("construct", []abi.Value{o.key.class, o.key.id, name}, nil, func(_ abi.Value, _ *js.Body, err error) { o.constructed(p, err) })
	})
}

// constructed lets the events in that wait.
func (o *scripted) constructed(p *program, err error) {
	o.loop.post(func() {
		if o.program != p {
			return
		}
		waiting := o.waiting
		o.waiting, o.ready = nil, true
		if err != nil {
			o.leave(asError(err))
		}
		for _, f := range waiting {
			f(err)
		}
	})
}

// over ends an event. An object without any leaves memory after a while, as on Cloudflare.
func (o *scripted) over(p *program) {
	if o.active--; o.active > 0 || o.program != p || p == nil || p.holdsSockets() {
		return
	}
	p.vm.Settled(func() {
		if o.active > 0 || o.program != p || o.idle != nil {
			return
		}
		o.idle = o.host.cfg.Clock.AfterFunc(idleTime, func() {
			o.loop.post(func() {
				if o.active == 0 && o.program == p && len(p.timers) == 0 {
					o.leave(nil)
				}
			})
		})
	})
}

// leave takes the object out of memory. With a failure what runs in it fails, and its sockets are disconnected.
func (o *scripted) leave(failed error) {
	p := o.program
	o.program, o.ready = nil, false
	if o.idle != nil {
		o.idle()
		o.idle = nil
	}
	if p == nil {
		return
	}
	if failed == nil {
		p.close()
		return
	}
	o.sockets.disband()
	running, waiting := o.running, o.waiting
	o.running, o.waiting = map[*objectEvent]bool{}, nil
	o.active -= len(running)
	p.doom(asError(failed))
	p.close()
	p.turns.locks.Break(failed)
	for e := range running {
		e.answer(nil, nil, failed)
	}
	for _, f := range waiting {
		f(failed)
	}
}

// fetchScripted gives a request to an object.
func (h *Host) fetchScripted(k key, name *string, q *abi.Request, body content, r reply) {
	o := h.object(k, name)
	o.event("objectFetch", []abi.Value{requestValue(q)}, bodyFor(body), o.observed(r.cause, "fetch", r.what, r.fetchedFor(q)))
}

// callScripted calls a method of an object by RPC.
func (h *Host) callScripted(cause uint64, k key, name *string, method string, args abi.Array, done func(abi.Value, error)) {
	o := h.object(k, name)
	o.event("objectCall", []abi.Value{method, args}, nil, o.observed(cause, "rpc", method, func(v abi.Value, _ *js.Body, err error) { done(v, err) }))
}

// evictScripted takes an object out of memory. It reports false when the object was not there, and fails when it is busy.
func (h *Host) evictScripted(k key) (evicted, busy bool) {
	h.mu.Lock()
	o := h.scripted[k]
	h.mu.Unlock()
	if o == nil {
		return false, false
	}
	o.loop.doWithin(time.Minute, func() {
		switch {
		case o.program == nil:
		case o.active > 0 || o.program.holdsSockets():
			busy = true
		default:
			o.leave(nil)
			evicted = true
		}
	})
	return evicted, busy
}

func (h *Host) scriptedKeys() []key {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.scripted))
}
