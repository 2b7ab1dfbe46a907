package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/local-runtime/internal/clock"
)

// scheduler decides what a seeded host does next. There is no event loop's goroutine then: whoever waits for the host runs it, one step
// after another, so that nothing depends on how goroutines are scheduled.
//
// Invariants: one goroutine at a time runs steps, and one client at a time runs between two steps; what is posted without a lane runs first, in
// order; the tasks of a lane run in order; which lane is next, the seed says.
type scheduler struct {
	clock *clock.Virtual
	trace *tracer
	baton sync.Mutex // held by the goroutine that runs steps

	mu      sync.Mutex // guards the rest
	choice  *rand.Rand
	plain   []func()
	lanes   []*laneTasks // that have tasks, in the order in which they got their first
	byLane  map[lane]*laneTasks
	clients []*Client
	running *Client
	last    uint64             // number of a client
	steps   int                // of clients
	waits   map[*signal]string // of those that are no clients
	blocked func() []string    // what waits inside of the host
}

// lane names deliveries that come in the order in which they were posted: the calls through one stub, the completions of one frame. The
// zero lane has no order at all.
type lane struct {
	kind byte
	n    uint64
	home int // the number of the Worker whose n it is
}

// Kinds of lane.
const (
	laneNone     = iota
	laneCall     // of a guest's stub, by serial
	laneNative   // of a test's stub, by serial
	laneReply    // of a guest's stub, by serial
	laneComplete // of a frame
	laneWake     // of a frame
	laneHeld     // of what was passed on
	laneHeldReply
	laneClient
	laneSocket       // of the guest, by number
	laneNativeSocket // of a test, by number
)

// calls is the lane of what goes through a stub. The stubs of tests have numbers of their own.
func calls(native bool, serial uint64, home int) lane {
	switch {
	case serial == 0:
		return lane{}
	case native:
		return lane{laneNative, serial, home}
	}
	return lane{laneCall, serial, home}
}

// replies is the lane of what comes back through a stub of the guest.
func replies(serial uint64) lane {
	if serial == 0 {
		return lane{}
	}
	return lane{kind: laneReply, n: serial}
}

type laneTasks struct {
	lane  lane
	tasks []func()
}

func newScheduler(seed uint64, c *clock.Virtual) *scheduler {
	s := &scheduler{clock: c, choice: rand.New(rand.NewPCG(seed, 1)), byLane: map[lane]*laneTasks{}, waits: map[*signal]string{}}
	c.OnDue(func(due []func()) {
		for _, f := range due {
			s.add(lane{}, f)
		}
		s.settle()
	})
	return s
}

// post appends a task that runs before every delivery.
func (s *scheduler) post(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plain = append(s.plain, f)
}

// add appends a task to a lane.
func (s *scheduler) add(l lane, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.byLane[l]
	if t == nil {
		t = &laneTasks{lane: l}
		s.lanes = append(s.lanes, t)
		if l.kind != laneNone {
			s.byLane[l] = t
		}
	}
	t.tasks = append(t.tasks, f)
}

// next takes out the task that is to run now.
func (s *scheduler) next() func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.plain) > 0 {
		f := s.plain[0]
		s.plain = s.plain[1:]
		return f
	}
	if len(s.lanes) == 0 {
		return nil
	}
	i := 0
	if len(s.lanes) > 1 {
		i = s.choice.IntN(len(s.lanes))
	}
	t := s.lanes[i]
	f := t.tasks[0]
	if t.tasks = t.tasks[1:]; len(t.tasks) == 0 {
		s.lanes = slices.Delete(s.lanes, i, i+1)
		if t.lane.kind != laneNone {
			delete(s.byLane, t.lane)
		}
	}
	return f
}

func (s *scheduler) step() bool {
	f := s.next()
	if f == nil {
		return false
	}
	f()
	return true
}

// hold makes this goroutine the one that runs steps, unless it is a client, whom the one that runs them waits for.
func (s *scheduler) hold() (release func()) {
	s.mu.Lock()
	client := s.running != nil
	s.mu.Unlock()
	if client {
		return func() {}
	}
	s.baton.Lock()
	return s.baton.Unlock
}

// inline runs f between two steps.
func (s *scheduler) inline(f func()) {
	defer s.hold()()
	f()
}

// settle runs what can run without the time moving.
func (s *scheduler) settle() {
	defer s.hold()()
	for s.step() {
	}
}

const (
	// soon is how near a timer must be to go off while deliveries are under way, as if those took that long.
	soon = 20 * time.Millisecond
	// hasten is how often that happens, one in so many steps.
	hasten = 8
	// stalled is how long everybody may wait, by the clock of the host, for something that is not a client's own time.
	stalled = time.Hour
)

// run runs steps until done; the clock moves to the next timer when nothing else can happen.
func (s *scheduler) run(done func() bool) error {
	began, seen := s.clock.Now(), s.progress()
	for !done() {
		if n := s.progress(); n != seen {
			began, seen = s.clock.Now(), n
		}
		at, timer := s.clock.Next()
		switch {
		case timer && s.busy() && at.Sub(s.clock.Now()) <= soon && s.chance(hasten):
			s.tick(at)
		case s.step():
		case timer && !at.After(s.patience(began)):
			s.tick(at)
		default:
			return s.deadlock(timer)
		}
	}
	return nil
}

func (s *scheduler) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.plain) == 0 && len(s.lanes) > 0
}

func (s *scheduler) chance(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.choice.IntN(n) == 0
}

// tick moves the clock to at and makes deliveries of the timers that are due.
func (s *scheduler) tick(at time.Time) {
	for _, f := range s.clock.Take(at) {
		s.add(lane{}, f)
	}
}

// progress counts what clients did.
func (s *scheduler) progress() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps
}

// patience is until when everybody may wait.
func (s *scheduler) patience(began time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := began.Add(stalled)
	for _, c := range s.clients {
		if c.until.After(end) {
			end = c.until
		}
	}
	return end
}

// deadlock says who waits for what.
func (s *scheduler) deadlock(timers bool) error {
	s.mu.Lock()
	why := "nothing can go on"
	if timers {
		why = fmt.Sprintf("nothing went on for %s of the host's time, only timers", stalled)
	}
	var list []string
	for _, c := range s.clients {
		if !c.ended {
			list = append(list, fmt.Sprintf("client %s waits for %s", c.name, c.what))
		}
	}
	for _, what := range s.waits {
		list = append(list, "the test waits for "+what)
	}
	s.mu.Unlock()
	if s.blocked != nil {
		list = append(list, s.blocked()...)
	}
	return errors.New("deadlock: " + why + "\n\t" + strings.Join(list, "\n\t"))
}

// signal is an event of the host that a goroutine outside of it waits for.
type signal struct {
	sched *scheduler // nil: the host is not seeded
	ch    chan struct{}

	mu     sync.Mutex
	client *Client // that waits
}

func (h *Host) newSignal() *signal { return &signal{sched: h.sched, ch: make(chan struct{})} }

// set lets the waiter go on. It is called once.
func (s *signal) set() {
	s.mu.Lock()
	close(s.ch)
	client := s.client
	s.client = nil
	s.mu.Unlock()
	if client != nil {
		client.wake()
	}
}

func (s *signal) isSet() bool {
	select {
	case <-s.ch:
		return true
	default:
		return false
	}
}

// wait returns nil once the signal is set, or why it will not be; what says what for.
func (s *signal) wait(ctx context.Context, what string) error {
	if s.sched == nil {
		select {
		case <-s.ch:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	c := s.sched
	c.mu.Lock()
	client := c.running
	c.mu.Unlock()
	if client == nil {
		return s.drive(ctx, what)
	}
	s.mu.Lock()
	if set := s.isSet(); set || ctx.Err() != nil {
		s.mu.Unlock()
		if set {
			return nil
		}
		return context.Cause(ctx)
	}
	s.client = client
	s.mu.Unlock()
	client.park(what)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = nil
	if s.isSet() {
		return nil
	}
	return context.Cause(ctx)
}

// drive runs the host until the signal is set.
func (s *signal) drive(ctx context.Context, what string) error {
	c := s.sched
	defer c.hold()()
	c.mu.Lock()
	c.waits[s] = what
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waits, s)
		c.mu.Unlock()
	}()
	if err := c.run(func() bool { return s.isSet() || ctx.Err() != nil }); err != nil {
		return err
	}
	if s.isSet() {
		return nil
	}
	return context.Cause(ctx)
}

// Client is a coroutine of a simulation: a goroutine that runs only when the seed says so, until it waits for the host.
type Client struct {
	sched  *scheduler
	name   string
	number uint64
	resume chan struct{}
	parked chan struct{}

	what   string    // it waits for
	until  time.Time // when it wakes by itself
	ended  bool
	killed bool
	waking bool
}

// Go registers a client that runs f. It starts when the host is run, at a moment that the seed chooses.
func (h *Host) Go(name string, f func()) {
	s := h.sched
	if s == nil {
		panic("host: clients exist only in a seeded host")
	}
	c := &Client{sched: s, name: name, resume: make(chan struct{}), parked: make(chan struct{}), what: "its turn to start"}
	s.mu.Lock()
	s.last++
	c.number = s.last
	s.clients = append(s.clients, c)
	s.mu.Unlock()
	go func() {
		defer func() { // also when the test fails in f
			s.mu.Lock()
			c.ended = true
			s.clients = slices.DeleteFunc(s.clients, func(other *Client) bool { return other == c })
			s.mu.Unlock()
			c.parked <- struct{}{}
		}()
		<-c.resume
		if !c.killed {
			f()
		}
	}()
	c.wake()
}

// wake makes the client's next step something that can happen.
func (c *Client) wake() {
	s := c.sched
	s.mu.Lock()
	again := c.waking || c.ended
	c.waking = true
	s.mu.Unlock()
	if !again {
		s.add(lane{kind: laneClient, n: c.number}, c.run)
	}
}

// run lets the client go on until it waits again.
func (c *Client) run() {
	s := c.sched
	s.mu.Lock()
	before := s.running
	s.running, c.waking = c, false
	s.steps++
	c.until = time.Time{}
	s.mu.Unlock()
	s.trace.line("client %s", c.name)
	c.resume <- struct{}{}
	<-c.parked
	s.mu.Lock()
	s.running = before
	s.mu.Unlock()
}

// park waits until the client is woken.
func (c *Client) park(what string) {
	c.sched.mu.Lock()
	c.what = what
	c.sched.mu.Unlock()
	c.parked <- struct{}{}
	<-c.resume
	if c.killed {
		runtime.Goexit()
	}
}

// errNoClient is for what only a client can do.
var errNoClient = errors.New("this works only in a client of a simulation, a function that was given to Sim.Go")

// SleepClient lets the client that calls it wait, by the clock of the host.
func (h *Host) SleepClient(d time.Duration) error {
	s := h.sched
	if s == nil {
		return errNoClient
	}
	s.mu.Lock()
	c := s.running
	s.mu.Unlock()
	if c == nil {
		return errNoClient
	}
	at := s.clock.Now().Add(d)
	s.clock.AfterFunc(d, c.wake)
	c.until = at
	c.park("its sleep to end at " + at.Format(time.RFC3339Nano))
	return nil
}

// Clients returns how many clients have not ended.
func (h *Host) Clients() (n int) {
	s := h.sched
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		if !c.ended {
			n++
		}
	}
	return n
}

// RunClients runs the host until every client has ended.
func (h *Host) RunClients() error {
	s := h.sched
	if s == nil {
		return errNoClient
	}
	defer s.hold()()
	return s.run(func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return !slices.ContainsFunc(s.clients, func(c *Client) bool { return !c.ended })
	})
}

// stop ends the clients that still wait.
func (s *scheduler) stop() {
	s.mu.Lock()
	clients := slices.Clone(s.clients)
	s.mu.Unlock()
	for _, c := range clients {
		s.mu.Lock()
		skip := c.ended || c == s.running
		s.mu.Unlock()
		for !skip {
			c.killed = true
			c.resume <- struct{}{}
			<-c.parked // a deferred function of the client may wait once more
			s.mu.Lock()
			skip = c.ended
			s.mu.Unlock()
		}
	}
}
