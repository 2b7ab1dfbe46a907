package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/clock"
)

// Session is what the Workers that run together share: the storage folder with its lock, the clock, what is stored outside of objects, and the register
// in which they find each other by name. A Host is one Worker of it.
//
// Invariant: each database, queue, bucket, namespace and dataset is open once, whichever Workers bind it, from the first that does until the session ends.
type Session struct {
	dir     string
	clock   clock.Clock
	log     *slog.Logger
	seed    uint64
	work    work
	storing work       // what queues and buckets write
	sched   *scheduler // nil: not seeded
	random  *random
	trace   *tracer

	stores    stores
	caches    caches
	rates     rates
	lastLane  atomic.Uint64 // of what was passed on
	lastEvent atomic.Uint64 // of Events
	traces    traces
	forget    func()       // takes waitAWhile from the clock; nil: it is not there
	unlock    func() error // lets go of the storage folder

	register sync.Mutex
	places   map[string]*place
	joined   int // Workers that there have been
	over     bool
}

// SessionConfig is what a session runs with.
type SessionConfig struct {
	Dir    string // where storage is kept
	Clock  clock.Clock
	Logger *slog.Logger
	Seed   uint64    // orders everything; 0: it comes as it comes
	Trace  io.Writer // gets a line for each thing that happens; nil: none
}

// place is a name in the register.
type place struct {
	host     *Host // nil: it does not run
	expected bool  // it is one of the session: callers wait for it
	why      error // why it does not run; nil: it is on its way
	waiting  []func(*Host, *abi.Error)
}

// NewSession takes the storage folder for a session.
func NewSession(cfg SessionConfig) (*Session, error) {
	if cfg.Seed != 0 && cfg.Clock == nil {
		cfg.Clock = clock.NewVirtual(time.Unix(0, 0).UTC())
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	virtual, _ := cfg.Clock.(*clock.Virtual)
	if cfg.Seed != 0 && virtual == nil {
		return nil, errors.New("a seeded host needs a virtual clock")
	}
	unlock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	var run uint64
	if cfg.Seed != 0 {
		if run, err = nextRun(cfg.Dir); err != nil {
			return nil, errors.Join(fmt.Errorf("count the runs of the storage folder: %w", err), unlock())
		}
	}
	s := &Session{
		dir: cfg.Dir, clock: cfg.Clock, log: cfg.Logger, seed: cfg.Seed, unlock: unlock, stores: newStores(), places: map[string]*place{},
		random: newRandom(cfg.Seed, run), trace: newTracer(cfg.Trace, cfg.Clock),
	}
	switch {
	case cfg.Seed != 0:
		s.sched = newScheduler(cfg.Seed, virtual)
		s.sched.trace, s.sched.blocked = s.trace, s.blocked
		s.work.sched = s.sched
	case virtual != nil:
		virtual.OnAdvance(s.work.wait)
	}
	if adjustable, ok := cfg.Clock.(*clock.Adjustable); ok {
		s.forget = adjustable.OnAdvance(s.waitAWhile)
	}
	return s, nil
}

// Expect says that a Worker of that name is on its way: calls of it wait until it runs, or until Missing says that it does not.
func (s *Session) Expect(name string) {
	s.register.Lock()
	defer s.register.Unlock()
	m := s.place(name)
	m.expected, m.why = true, nil
}

// Missing says why an expected Worker does not run. Calls of it fail with that from now on, until it does.
func (s *Session) Missing(name string, why error) {
	s.register.Lock()
	m := s.place(name)
	m.expected, m.why = true, why
	waiting := m.waiting
	m.waiting = nil
	s.register.Unlock()
	for _, to := range waiting {
		s.work.run(func() { to(nil, notRunning(name, why)) })
	}
}

func notRunning(name string, why error) *abi.Error {
	return abi.Errorf("the Worker %q is not running: %s", name, why)
}

// place returns the entry of a name; s.register is held.
func (s *Session) place(name string) *place {
	m := s.places[name]
	if m == nil {
		m = &place{}
		s.places[name] = m
	}
	return m
}

// join enters a Worker in the register; those who wait for it get it.
func (s *Session) join(h *Host) error {
	s.register.Lock()
	m := s.place(h.cfg.Script)
	if s.over || m.host != nil {
		s.register.Unlock()
		if s.over {
			return errClosed
		}
		return fmt.Errorf("the session has a Worker called %q already: give each a name of its own", h.cfg.Script)
	}
	m.host, m.why = h, nil
	waiting := m.waiting
	m.waiting = nil
	s.register.Unlock()
	for _, to := range waiting {
		s.work.run(func() { to(h, nil) })
	}
	return nil
}

// leave takes a Worker out of the register.
func (s *Session) leave(h *Host) {
	s.register.Lock()
	defer s.register.Unlock()
	if m := s.places[h.cfg.Script]; m != nil && m.host == h {
		m.host = nil
	}
}

// find calls to with a Worker, now or when it runs; or with nil and the reason, which is nil as well when the session has no such Worker. Any goroutine
// may call it, and to must not block.
func (s *Session) find(name string, to func(*Host, *abi.Error)) {
	s.register.Lock()
	m := s.places[name]
	var h *Host
	var why *abi.Error
	switch {
	case s.over:
		why = errClosed
	case m == nil:
	case m.host != nil:
		h = m.host
	case m.why != nil:
		why = notRunning(name, m.why)
	case m.expected:
		m.waiting = append(m.waiting, to)
		s.register.Unlock()
		return
	}
	s.register.Unlock()
	to(h, why)
}

// hosts returns the Workers that run, in the order in which they joined.
func (s *Session) hosts() (list []*Host) {
	s.register.Lock()
	defer s.register.Unlock()
	for _, m := range s.places {
		if m.host != nil {
			list = append(list, m.host)
		}
	}
	slices.SortFunc(list, func(a, b *Host) int { return a.number - b.number })
	return list
}

// number returns the place of one more Worker in the order in which they join.
func (s *Session) number() int {
	s.register.Lock()
	defer s.register.Unlock()
	s.joined++
	return s.joined
}

// Close ends the Workers that still run, and then what they share. What was acknowledged is on disk.
func (s *Session) Close() error {
	s.register.Lock()
	if s.over {
		s.register.Unlock()
		return nil
	}
	s.over = true
	var waiting []func(*Host, *abi.Error)
	for _, name := range slices.Sorted(maps.Keys(s.places)) {
		waiting = append(waiting, s.places[name].waiting...)
		s.places[name].waiting = nil
	}
	s.register.Unlock()
	for _, to := range waiting {
		to(nil, errClosed)
	}
	if s.forget != nil {
		s.forget()
	}
	if s.sched != nil {
		s.sched.stop()
	}
	for _, h := range s.hosts() {
		if err := h.stop(shuttingDown); err != nil {
			return err // a guest that does not stop may still write
		}
	}
	return errors.Join(s.stores.close(), s.caches.close(), s.unlock())
}

// blocked says what waits inside of the Workers, for a report of a deadlock.
func (s *Session) blocked() (list []string) {
	for _, h := range s.hosts() {
		list = append(list, h.blocked()...)
	}
	return list
}

// Leave ends a Worker whose session goes on. Calls that others make of it wait for its successor, and those that run may take as long as patience.
func (h *Host) Leave(ctx context.Context, patience time.Duration) error {
	h.leave(h)
	deadline := time.Now().Add(patience)
	for h.sched == nil && h.live.Load() > 0 && time.Now().Before(deadline) && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	return h.stop(fmt.Sprintf("the Worker %q was replaced by a new build, or ended, while this call ran: try again", h.cfg.Script))
}
