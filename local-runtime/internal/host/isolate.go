package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/symbols"
	"grove.place/lattice/local-runtime/internal/gate"
	"grove.place/lattice/local-runtime/internal/isolate"
)

// Isolate is one Go instance with the objects that live in it. All fields belong to the goroutine of its loop.
type Isolate struct {
	*loop
	*peer
	host     *Host
	index    int
	began    atomic.Int64         // when the turn that runs began, by the machine's clock; 0: none runs
	slow     atomic.Int64         // the turn that was asked where it is, by when it began
	resident map[uint64]bool      // goroutines that the instance had before its first event
	idlers   map[uint64]time.Time // goroutines that go on while no event does, and since when
	instance *isolate.Instance    // nil until the first event, and after a death
	sockets  *socketTable
	groups   map[key]*group

	now        time.Time // stands still during a turn
	current    *frame    // the frame the guest is in
	inside     bool      // the guest is running
	lastFrame  uint32
	lastTCP    uint64
	fetches    sync.Map // of uint32: how requests to the network that are under way are ended, by operation
	frames     map[uint32]*frame
	lastObj    uint64
	objects    map[key]*object
	alarms     map[key]*alarm
	exported   map[uint64]int  // stubs that the guest passed on, by number: how many exports there are
	resting    map[*scope]bool // RPC events of the Worker whose frames have ended while others hold what they passed on
	resetLog   map[key][]reset // for the links of stubs
	resetKeys  []key           // of resetLog, the oldest first
	resetCount uint64
	open       int // storage files open

	outputs gate.Output[*object]
	touched []*object
	resets  []*object // to be reset when the guest has left

	timerAt   int64 // when the armed timer fires; 0: none
	timerStop func()
	printed   [3]strings.Builder

	waiting map[operation]uint32 // operations under way, of a seeded host
}

func newIsolate(h *Host, index int) *Isolate {
	s := &Isolate{
		host: h, index: index, loop: newLoop(&h.work, h.number), peer: newPeer(),
		frames: map[uint32]*frame{}, objects: map[key]*object{}, alarms: map[key]*alarm{},
		exported: map[uint64]int{}, resting: map[*scope]bool{}, resetLog: map[key][]reset{},
		waiting: map[operation]uint32{},
	}
	s.sockets = newSocketTable(s.loop, laneSocket)
	s.groups = map[key]*group{}
	s.peer.isolate = s
	s.now = h.cfg.Clock.Now()
	return s
}

// bootFailure is the name of the error of a module that does not start: nothing of the program's own.
const bootFailure = "ModuleDoesNotStart"

// boot makes sure that an instance runs.
func (s *Isolate) boot() error {
	if s.instance != nil {
		return nil
	}
	if s.host.runsPrograms() {
		return errNoClasses
	}
	s.freeze(0)
	instance, err := s.host.currentEngine().Start(context.Background(), s, false)
	if err != nil {
		if exit, ok := errors.AsType[*isolate.Exit](err); ok {
			logExit(s.host.cfg.Logger, exit, "the module does not start")
		} else {
			s.host.cfg.Logger.Error("the module does not start", "error", err)
		}
		return &abi.Error{Name: bootFailure, Message: err.Error()}
	}
	s.instance = instance
	s.settled()
	return nil
}

// freeze sets the time of the turn that begins.
func (s *Isolate) freeze(atLeast int64) {
	now := s.host.cfg.Clock.Now()
	if now.UnixNano() < atLeast {
		now = time.Unix(0, atLeast)
	}
	if now.After(s.now) {
		s.now = now
	}
}

// delivery is an event for the guest.
type delivery struct {
	frame uint32
	event []byte
}

// turn is the one door into the guest: it delivers events in frame f (nil: none), and runs the guest until it is idle. Then
// what objects wrote is committed, and what the turn said is released. It must be called on the loop, outside of a turn.
func (s *Isolate) turn(f *frame, events ...delivery) {
	if s.inside {
		panic("host: a turn inside a turn")
	}
	if s.instance == nil {
		return
	}
	s.freeze(0)
	s.inside, s.current = true, f
	s.began.Store(time.Now().UnixNano())
	err := s.run(events)
	s.began.Store(0)
	s.inside, s.current = false, nil
	if err != nil {
		s.died(f, err)
		return
	}
	s.commit()
	s.outputs.Flush(s.outputGate)
	s.applyResets()
	s.arm()
}

func (s *Isolate) run(events []delivery) error {
	for _, e := range events {
		s.noteEvent(e)
		if err := s.instance.Deliver(e.frame, e.event); err != nil {
			return err
		}
	}
	return s.instance.Resume()
}

// commit ends the implicit transaction of every object that the turn touched.
func (s *Isolate) commit() {
	for _, o := range s.touched {
		o.touched = false
		if o.failure == nil {
			if err := o.commit(); err != nil {
				s.host.trace.line("commit of %s failed: %v", o.label(), err)
				if !violated(err) {
					o.notCounted()
				}
				o.fail(commitError(err))
			}
		}
	}
	s.touched = s.touched[:0]
}

// violated reports whether a commit failed for what the application wrote.
func violated(err error) bool { return strings.Contains(err.Error(), "constraint failed") }

func commitError(err error) *abi.Error {
	e := *asError(err)
	if violated(&e) {
		e.Message = "Durable Object was reset and rolled back to its last known good state because the application left the database in a state where constraints were violated: " + e.Message
		return &e // workerd does not mark this one as a reset
	}
	e.ObjectWasReset = true
	return &e
}

// arm sets the timer for the guest's next deadline.
func (s *Isolate) arm() {
	if s.instance == nil {
		return
	}
	at, ok := s.instance.Deadline()
	if !ok {
		at = 0
	}
	if at == s.timerAt {
		return
	}
	if s.timerStop != nil {
		s.timerStop()
		s.timerStop = nil
	}
	if s.timerAt = at; at == 0 {
		return
	}
	d := time.Duration(at - s.host.cfg.Clock.Now().UnixNano())
	s.timerStop = s.host.cfg.Clock.AfterFunc(d, func() {
		s.post(func() {
			if s.timerAt == at {
				s.timerAt, s.timerStop = 0, nil
				s.freeze(at)
				s.turn(nil)
			}
		})
	})
}

// died cleans up after the instance has ended in a turn of frame f: everything in it fails with the cause.
func (s *Isolate) died(f *frame, err error) {
	e := abi.Errorf("%s", err)
	if exit, ok := errors.AsType[*isolate.Exit](err); ok {
		events := 0
		for _, f := range s.frames {
			if f.kind != abi.StartConstruct && f.kind != abi.StartSection && !f.answered {
				events++
			}
		}
		logExit(s.loggerOf(f), exit, fmt.Sprintf("events that fail with it: %d; the next one starts a fresh Go instance", events))
		e.Logged = true
	}
	s.discard(e)
}

// logExit logs the end of a Go program that nobody asked for. Those who want all that Go's runtime said log debug messages.
func logExit(log *slog.Logger, exit *isolate.Exit, what string) {
	head, _ := symbols.ReadTrace(exit.Text)
	_, more, _ := strings.Cut(head, "\n") // the cause has the first line
	log.Error(paragraphs(exit.Cause, more, symbols.Shown(exit.Stack), what))
	if exit.Text != "" {
		log.Debug("all that Go's runtime said of it\n" + strings.TrimRight(exit.Text, "\n"))
	}
}

// discard ends the instance; every frame and object in it fails with e.
func (s *Isolate) discard(e *abi.Error) {
	reset := *e
	reset.ObjectWasReset = true
	if s.instance != nil {
		s.instance.Close()
		s.instance = nil
	}
	for _, o := range s.sortedObjects() {
		if o.failure == nil {
			o.keepsSockets = true
			o.fail(&reset)
		}
	}
	s.outputs.Flush(func(o *object) (*gate.Locks, error) {
		if o != nil {
			return nil, &reset
		}
		return nil, e
	})
	s.touched = s.touched[:0]
	s.applyResets()
	clear(s.waiting)
	for _, f := range s.sortedFrames(nil) {
		f.die(e)
	}
	resting := slices.SortedFunc(maps.Keys(s.resting), func(a, b *scope) int { return cmp.Compare(a.main.id, b.main.id) })
	for _, c := range resting {
		c.end(e)
	}
	clear(s.exported) // the next instance numbers its stubs anew
	s.peer.abandon(e)
	s.disarm()
	s.flushPrinted()
}

// disarm takes the timer down with its instance.
func (s *Isolate) disarm() {
	if s.timerStop != nil {
		s.timerStop()
	}
	s.timerAt, s.timerStop = 0, nil
}

func (s *Isolate) close(reason string) {
	s.endOrdinary(goingAway, "The host is shutting down.")
	s.endHibernating(goingAway, "The host is shutting down.")
	s.discard(abi.Errorf("%s", reason))
	for _, a := range s.alarms {
		a.stop()
	}
}

// Nanotime implements isolate.Guest.
func (s *Isolate) Nanotime() int64 { return s.now.UnixNano() }

// Walltime implements isolate.Guest.
func (s *Isolate) Walltime() time.Time { return s.now }

// Random implements isolate.Guest.
func (s *Isolate) Random(p []byte) { s.host.random.read(p) }

// Missing implements isolate.Guest.
func (s *Isolate) Missing(what string) {
	s.logger().Warn("the module used JavaScript that the local host does not have: use the Lattice SDK instead of syscall/js", "missing", what)
}
