package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
)

// Object describes an object for the control API.
type Object struct {
	ID   string
	Name string // under which it was reached, if that is known
	Live bool   // in memory
}

// Scheduled sends a scheduled event to the Worker and waits for its handler, and for what that gave to WaitUntil. noRetry reports whether the handler
// said that a run that failed is not to be repeated.
func (h *Host) Scheduled(ctx context.Context, cron string, at time.Time) (noRetry bool, err error) {
	done := h.newSignal()
	var failed error
	end := func(err error) {
		failed = err
		done.set()
	}
	if h.runsPrograms() {
		number, ended := h.observedEvent("scheduled", scheduledName(cron))
		h.begin(event{kind: "scheduled", number: number, args: []abi.Value{cron, float64(at.UnixMilli())}, done: func(said abi.Value, _ *js.Body, err error) {
			noRetry = said == true
			ended(err)
			end(err)
		}})
		if err := done.wait(ctx, "the scheduled handler"); err != nil {
			return false, err
		}
		return noRetry, failed
	}
	s := h.nextIsolate()
	posted := s.post(func() {
		if err := s.boot(); err != nil {
			end(err)
			return
		}
		var f *frame
		f = s.newFrame(abi.StartScheduled, nil, h.observed(Event{Kind: "scheduled", Name: scheduledName(cron)}, reply{
			value: func(payload) {},
			fail:  func(e *abi.Error) { failed = e },
			over: func() {
				noRetry = f.noRetry
				if !s.post(done.set) { // after the turn, which lets the outcome out
					done.set()
				}
			},
		}), nil)
		w := f.started()
		w.Str(cron)
		w.F64(float64(at.UnixMilli()))
		s.turn(f, delivery{f.id, w.Bytes()})
	})
	if !posted {
		return false, errClosed
	}
	if err := done.wait(ctx, "the scheduled handler"); err != nil {
		return false, err
	}
	return noRetry, failed
}

// Evict takes an object out of memory, as idle time would. It reports false when the object was not in memory, and fails when it is busy.
func (h *Host) Evict(class, id string) (evicted bool, err error) {
	k, err := h.locate(class, id)
	if err != nil {
		return false, err
	}
	if h.runsPrograms() {
		evicted, busy := h.evictScripted(k)
		if busy {
			err = abi.Errorf("%s is busy: it has events or operations under way", h.describeKey(k))
		}
		return evicted, err
	}
	s := h.isolateOf(k)
	ran := s.do(func() {
		switch o := s.objects[k]; {
		case o == nil:
		case o.busy():
			err = abi.Errorf("%s is busy: it has events or operations under way", h.describeKey(k))
		default:
			o.evict()
			evicted = true
		}
	})
	if !ran {
		return false, errClosed
	}
	return evicted, err
}

// RunAlarm runs an object's alarm now and waits for its handler. It reports false when no alarm is set. While the handler runs already it waits, and then
// runs the alarm that follows, if one does.
func (h *Host) RunAlarm(class, id string) (ran bool, err error) {
	k, err := h.locate(class, id)
	if err != nil {
		return false, err
	}
	s := h.isolateOf(k)
	done := h.newSignal()
	var failed error
	var run func()
	run = func() {
		a := s.alarms[k]
		switch {
		case a == nil:
			done.set()
			return
		case a.running:
			a.after = append(a.after, run)
			return
		}
		if a.next != nil { // set between two retries
			s.setAlarm(k, *a.next, true)
			a = s.alarms[k]
		}
		ran = true
		s.runAlarm(k, a, func(e *abi.Error) {
			if e != nil {
				failed = e
			}
			done.set()
		})
	}
	if !s.post(run) {
		return false, errClosed
	}
	if err := done.wait(context.Background(), "the alarm of "+k.String()); err != nil {
		return ran, err
	}
	return ran, failed
}

// Objects lists the objects of a class that are in memory or have stored something, by name and id.
func (h *Host) Objects(class string) ([]Object, error) {
	if h.closed.Load() {
		return nil, errClosed
	}
	if err := h.checkClass(class); err != nil {
		return nil, err
	}
	live := map[string]bool{}
	for _, s := range h.isolates {
		s.do(func() {
			for k := range s.objects {
				if k.class == class && !isFacet(k) {
					live[k.id] = true
				}
			}
		})
	}
	for _, k := range h.scriptedKeys() {
		if k.class == class {
			h.withScripted(k, func(o *scripted) {
				if o.program != nil {
					live[k.id] = true
				}
			})
		}
	}
	entries, err := os.ReadDir(filepath.Dir(h.path(key{class, "x"})))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var list []Object
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".sqlite"); ok {
			list = append(list, Object{ID: id, Live: live[id]})
			delete(live, id)
		}
	}
	for id := range live {
		list = append(list, Object{ID: id, Live: true})
	}
	for i := range list {
		list[i].Name = h.storedName(key{class, list[i].ID})
	}
	sortObjects(list)
	return list, nil
}

// Object describes an object, and reports whether there is one: it is in memory or has stored something.
func (h *Host) Object(class, object string) (o Object, found bool, err error) {
	k, err := h.locate(class, object)
	if err != nil {
		return o, false, err
	}
	o.ID = k.id
	if !h.isolateOf(k).do(func() { o.Live = h.isolateOf(k).objects[k] != nil }) {
		return o, false, errClosed
	}
	h.withScripted(k, func(s *scripted) { o.Live = o.Live || s.program != nil })
	_, absent := os.Stat(h.path(k))
	if found = o.Live || absent == nil; found {
		o.Name = h.storedName(k)
	}
	return o, found, nil
}

// Memory returns the bytes of Wasm memory in use by all isolates.
func (h *Host) Memory() (total int64) {
	for _, s := range h.isolates {
		s.do(func() {
			if s.instance != nil {
				total += s.instance.Memory()
			}
		})
	}
	return total
}
