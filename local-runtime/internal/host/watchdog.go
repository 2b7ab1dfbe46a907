package host

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/symbols"
)

// Watch says what a host warns of, once for each place in the program. Zero values warn of nothing.
type Watch struct {
	Turn       time.Duration // a turn that computes for longer; the program is compiled with probes, which make it somewhat slower
	Event      time.Duration // an event without an answer for longer
	Goroutines time.Duration // goroutines that no event began which still runs, for longer
}

func (w Watch) any() bool { return w != Watch{} }

// watchdog notes what has been warned of, and how long what may be a leak has been there. Its goroutines belong to the isolates' loops.
type watchdog struct {
	mu     sync.Mutex
	warned map[string]bool
}

// once reports whether a place is warned of for the first time.
func (w *watchdog) once(what string, at symbols.Call) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := fmt.Sprintf("%s %s:%d", what, at.File, at.Line)
	if w.warned == nil {
		w.warned = map[string]bool{}
	}
	first := !w.warned[key]
	w.warned[key] = true
	return first
}

// supervise looks after the isolates until the host ends.
func (h *Host) supervise() {
	tick := time.NewTicker(h.cfg.Watch.interval())
	defer tick.Stop()
	for {
		select {
		case <-h.done:
			return
		case <-tick.C:
		}
		now := time.Now()
		for _, s := range h.isolates {
			began := s.began.Load()
			switch turn := h.cfg.Watch.Turn; {
			case began == 0:
				s.post(func() { s.lookAfter(now) })
			case turn > 0 && now.Sub(time.Unix(0, began)) > turn && s.slow.Swap(began) != began:
				h.currentEngine().Tick() // Sampled answers
			}
		}
	}
}

// interval is how often the isolates are looked after: a few times in the shortest of what is watched.
func (w Watch) interval() time.Duration {
	shortest := time.Second
	for _, d := range []time.Duration{w.Turn, w.Event, w.Goroutines} {
		if d > 0 {
			shortest = min(shortest, d/4)
		}
	}
	return max(shortest, time.Millisecond)
}

// sourcePlace is a call for people: main.find (find.go:12).
func sourcePlace(c symbols.Call) string { return fmt.Sprintf("%s (%s:%d)", c.Function, c.File, c.Line) }

// slowTurn warns of the turn that runs. It is called inside it.
func (s *Isolate) slowTurn(trace []uint64) {
	began := s.began.Load()
	if began == 0 || s.slow.Load() != began || s.host.cfg.Watch.Turn <= 0 {
		return
	}
	var calls []symbols.Call
	for _, pc := range trace {
		calls = append(calls, s.host.currentEngine().Symbols().At(pc)...)
	}
	at := symbols.Own(calls)
	if symbols.Foreign(at.Function) { // the SDK or the collector of garbage: ask again
		s.slow.Store(0)
		return
	}
	if !s.host.watchdog.once("turn", symbols.Call{File: at.Function}) {
		return
	}
	took := time.Since(time.Unix(0, began)).Round(time.Millisecond)
	s.logger().Warn(fmt.Sprintf("the Worker has been computing for %v without waiting for anything, now in %s; what else is in its isolate waits\n%s", took, sourcePlace(at), strings.TrimRight(symbols.Shown(calls), "\n")))
}

// lookAfter warns of events that take long and of goroutines that nobody needs. It runs on the loop, outside of a turn.
func (s *Isolate) lookAfter(now time.Time) {
	if s.instance == nil || s.inside {
		return
	}
	w := s.host.cfg.Watch
	events := 0
	for _, f := range s.sortedFrames(nil) {
		if f.kind == abi.StartConstruct || f.kind == abi.StartSection {
			continue
		}
		events++
		if w.Event > 0 && !f.answered && now.Sub(f.since) > w.Event {
			s.slowEvent(f, now)
		}
	}
	if w.Goroutines > 0 {
		s.leaks(now, events)
	}
}

func (s *Isolate) slowEvent(f *frame, now time.Time) {
	if f.slow {
		return
	}
	f.slow = true
	what := eventKinds[f.kind]
	if f.reply.what != "" {
		what += " " + f.reply.what
	}
	var waiting []string
	for _, g := range s.instance.Goroutines() {
		calls := s.instance.StackOf(g)
		if at := symbols.Own(calls); g.Waits != "" && !symbols.Foreign(at.Function) && strings.HasSuffix(g.Creator.Function, "internal/guest.spawn") {
			waiting = append(waiting, fmt.Sprintf("%s: %s", g.Waits, sourcePlace(at)))
		}
	}
	slices.Sort(waiting)
	waiting = slices.Compact(waiting)
	fresh := false // addresses with ids in them are many, but wait in few lines
	for _, place := range waiting {
		fresh = s.host.watchdog.once("event in "+place, symbols.Call{}) || fresh
	}
	if !fresh && (len(waiting) > 0 || !s.host.watchdog.once("event "+what, symbols.Call{})) {
		return
	}
	text := fmt.Sprintf("an event has had no answer for %v: %s", now.Sub(f.since).Round(time.Second/10), what)
	if len(waiting) > 0 {
		text += "\nhandlers of its isolate that wait:\n\t" + strings.Join(waiting, "\n\t")
	}
	s.loggerOf(f).Warn(text)
}

// leaks warns of goroutines that go on although no event does. Those that the program had before its first event are its own affair, each object may keep one, and
// who waits for the host, for the next message of a socket say, is not forgotten.
func (s *Isolate) leaks(now time.Time, events int) {
	if events > 0 {
		s.idlers = nil
		return
	}
	type group struct {
		began symbols.Call
		n     int
		waits string
		at    symbols.Call
	}
	var groups []*group
	idlers := map[uint64]time.Time{}
	for _, g := range s.instance.Goroutines() {
		if symbols.Foreign(g.Creator.Function) || s.resident[g.ID] {
			continue
		}
		since, seen := s.idlers[g.ID]
		if !seen {
			since = now
		}
		idlers[g.ID] = since
		if now.Sub(since) < s.host.cfg.Watch.Goroutines {
			continue
		}
		var in *group
		for _, other := range groups {
			if other.began == g.Creator {
				in = other
			}
		}
		if in == nil {
			in = &group{began: g.Creator}
			groups = append(groups, in)
		}
		calls := s.instance.StackOf(g)
		if symbols.InSDK(calls) {
			continue
		}
		in.waits, in.at = g.Waits, symbols.Own(calls)
		in.n++
	}
	s.idlers = idlers
	for _, g := range groups {
		if g.n > len(s.objects) && s.host.watchdog.once("leak", g.began) {
			s.host.cfg.Logger.Warn(fmt.Sprintf("goroutines still run although no event does: %d, which %s began; they wait in %s: %s. End them with the context of their event, or start them with workers.WaitUntil",
				g.n, sourcePlace(g.began), sourcePlace(g.at), g.waits))
		}
	}
}

// settled notes which goroutines an instance has before its first event.
func (s *Isolate) settled() {
	s.idlers, s.resident = nil, nil
	if s.host.cfg.Watch.Goroutines > 0 {
		s.resident = map[uint64]bool{}
		for _, g := range s.instance.Goroutines() {
			s.resident[g.ID] = true
		}
	}
}
