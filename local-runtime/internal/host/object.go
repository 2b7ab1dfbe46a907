package host

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
	"grove.place/lattice/local-runtime/internal/storage"
)

const (
	// idleTime is how long an object stays in memory without work (workerd server/server.c++).
	idleTime = 10 * time.Second
	// closeTime is how long its storage file stays open meanwhile. An open file costs ten times the memory of the object.
	closeTime = 2 * time.Second
	// maxName is the longest name that an object remembers.
	maxName = 1024
	// maxOpen is how many storage files an isolate keeps open for objects that are idle.
	maxOpen = 24
)

// key names an object.
type key struct{ class, id string }

// object is a live Durable Object: one instance of its class in the guest.
//
// Invariant: at most one object of a key is in Isolate.objects, and only while failure is nil does it accept anything.
type object struct {
	isolate   *Isolate
	key       key
	name      *string
	number    uint64
	gate      *gate.Input
	locks     gate.Locks // of its output gate
	durable   gate.Locks // of all writes, unconfirmed ones too
	construct *frame
	scope     *scope
	ready     bool // the constructor has returned
	queue     []entry
	frames    int // that have not ended, except construct
	pending   int // operations under way
	failure   *abi.Error
	limitStop func() // of the constructor's time limit

	store        *storage.DB
	open         bool // its file may be open
	touched      bool
	unconfirmed  bool // what failed to be committed was written with allowUnconfirmed: the turn's outputs leave all the same
	alarmChanged bool
	alarmRun     *alarmRun
	transactions int // asynchronous ones that are open

	born         abi.Facet        // what it was constructed as
	socks        map[*socket]bool // that have a number
	ordinary     map[*socket]bool // of socks, those accepted with accept()
	held         []func()         // what the constructor sends through sockets, until it has returned
	keepsSockets bool             // the hibernating ones stay when the object fails

	idleSince time.Time
	idleStop  func()

	class  string           // of its code, which in a facet is another than key's
	parent *object          // of a facet
	facets map[*object]bool // in memory
}

// entry is an event for an object.
type entry struct {
	begin func()
	fail  func(*abi.Error)
}

// start begins an event in an object, which is constructed first when it is not in memory. write appends the contents of the START event.
// It must be called on the loop, outside of a turn.
func (s *Isolate) start(k key, name *string, kind byte, write func(*frame, *abi.Writer), r reply) {
	o, err := s.wake(k, name)
	if err != nil {
		r.fail(err)
		return
	}
	s.startIn(o, kind, write, r)
}

// startIn is start in an object that is in memory.
func (s *Isolate) startIn(o *object, kind byte, write func(*frame, *abi.Writer), r reply) {
	if o.failure != nil { // of a facet since it was called
		r.fail(o.failure)
		return
	}
	r = o.observedIn(kind, r)
	begin := func() {
		f := s.newFrame(kind, o, r, nil)
		w := f.started()
		write(f, w)
		s.turn(f, delivery{f.id, w.Bytes()})
		if r.begun != nil {
			r.begun(f)
		}
	}
	if !o.ready {
		if o.construct != nil && o.construct.event == 0 { // what the constructor does is done for this event
			o.construct.event = r.event
		}
		o.queue = append(o.queue, entry{begin, r.fail})
		return
	}
	o.gate.Do(begin, func(err error) { r.fail(asError(err)) })
}

// wake returns the object, beginning its construction if it is not in memory.
func (s *Isolate) wake(k key, name *string) (*object, *abi.Error) {
	if o := s.objects[k]; o != nil {
		return o, nil
	}
	if err := s.boot(); err != nil {
		return nil, asError(err)
	}
	return s.create(k, name, abi.Facet{Class: k.class, ID: &k.id, Props: abi.Object{}})
}

// create puts an object in memory and begins its construction.
func (s *Isolate) create(k key, name *string, born abi.Facet) (*object, *abi.Error) {
	store, err := s.openStore(k)
	if err != nil {
		s.host.cfg.Logger.Error("storage cannot be opened", "class", k.class, "id", k.id, "error", err)
		return nil, asError(err)
	}
	s.lastObj++
	o := &object{isolate: s, key: k, class: born.Class, number: s.lastObj, store: store, gate: gate.New(func(f func()) { s.post(f) }),
		socks: map[*socket]bool{}, ordinary: map[*socket]bool{}}
	if name != nil && len(*name) <= maxName {
		o.name = name
		s.host.names.note(k, *name)
	}
	o.scope = s.newScope(o)
	o.born = born
	s.objects[k] = o
	o.construct = s.newFrame(abi.StartConstruct, o, reply{}, nil)
	w := o.construct.started()
	w.Str(born.Class)
	w.Str(*born.ID)
	w.OptStr(o.name)
	w.Value(born.Props)
	event := delivery{o.construct.id, w.Bytes()}
	o.limitStop = o.limit(func() bool { return !o.ready })
	s.post(func() {
		if o.failure == nil {
			s.turn(o.construct, event)
		}
	})
	return o, nil
}

// constructed lets in the events that waited for the constructor.
func (o *object) constructed() {
	o.isolate.post(func() {
		if o.failure != nil {
			return
		}
		o.ready = true
		o.construct.event = 0
		o.limitStop()
		held := o.held
		o.held = nil
		for _, send := range held {
			send()
		}
		queue := o.queue
		o.queue = nil
		for _, e := range queue {
			if o.failure != nil { // an event before this one reset the object
				e.fail(o.failure)
				continue
			}
			o.gate.Do(e.begin, func(err error) { e.fail(asError(err)) })
		}
		o.checkIdle()
	})
}

// storage returns what the object stores, for use in this turn.
func (o *object) storage() (*storage.DB, *abi.Error) {
	if o.failure != nil {
		return nil, abi.Errorf("Durable Object storage is no longer accessible.")
	}
	if !o.open {
		o.open = true
		o.isolate.open++
	}
	if !o.touched {
		o.touched = true
		o.isolate.touched = append(o.isolate.touched, o)
	}
	return o.store, nil
}

// commit makes what the object wrote durable, and follows its alarm.
func (o *object) commit() error {
	if err := o.store.Broken(); err != nil {
		return err
	}
	if o.store.Dirty() {
		confirmed := o.store.NeedsConfirmation()
		if err := o.store.Commit(); err != nil {
			o.unconfirmed = !confirmed
			return err
		}
		o.isolate.host.trace.line("commit %s", o.label())
		if err := o.confirm(confirmed); err != nil {
			return errors.Join(err, o.follow()) // it is committed all the same
		}
	}
	return o.follow()
}

// follow schedules an alarm that was changed, once that is committed.
func (o *object) follow() error {
	if !o.alarmChanged || o.transactions > 0 {
		return nil
	}
	o.alarmChanged = false
	return o.isolate.followAlarm(o)
}

func (o *object) closeStore() {
	if err := o.store.Close(); err != nil {
		o.isolate.host.cfg.Logger.Error("storage cannot be closed", "class", o.key.class, "id", o.key.id, "error", err)
	}
	o.closed()
}

// closed notes that the storage file is not open any more.
func (o *object) closed() {
	if o.open {
		o.open = false
		o.isolate.open--
	}
}

// fail dooms the object: it is reset as soon as the guest has left. What it wrote since its last commit is lost. It may be called
// within a turn.
func (o *object) fail(e *abi.Error) {
	if o.failure != nil {
		return
	}
	o.failure = e
	o.isolate.noteReset(o.key, e)
	o.isolate.host.trace.line("reset %s: %s", o.label(), e.Message)
	if err := o.store.Rollback(); err != nil {
		o.isolate.host.cfg.Logger.Error("storage cannot be rolled back", "class", o.key.class, "id", o.key.id, "error", err)
	}
	o.isolate.resets = append(o.isolate.resets, o)
	if o.parent != nil {
		o.closeStore() // its successor may open the file in this turn
	}
	for _, c := range o.sortedFacets() {
		c.fail(e)
	}
}

// resetSoon resets the object from outside of a turn.
func (o *object) resetSoon(e *abi.Error) {
	o.fail(e)
	o.isolate.applyResets()
}

// applyResets removes the objects that failed, and tells their callers and the guest.
func (s *Isolate) applyResets() {
	for len(s.resets) > 0 {
		resets := s.resets
		s.resets = nil
		var events []delivery
		for _, o := range resets {
			events = append(events, o.remove(o.failure)...)
		}
		s.turn(nil, events...)
	}
}

// remove takes the object out of memory; its callers and whatever waits for it get e.
func (o *object) remove(e *abi.Error) []delivery {
	s := o.isolate
	if s.objects[o.key] == o {
		delete(s.objects, o.key)
	}
	if o.parent != nil {
		delete(o.parent.facets, o)
	}
	if o.idleStop != nil {
		o.idleStop()
	}
	o.limitStop()
	o.closeStore()
	o.held = nil
	o.parted(o.keepsSockets)
	o.gate.Break(e)
	o.locks.Break(e)
	o.durable.Break(e)
	for _, q := range o.queue {
		q.fail(e)
	}
	o.queue = nil
	var events []delivery
	for _, f := range s.sortedFrames(o) {
		events = append(events, f.deadEvent(e.Message))
		f.die(e)
	}
	o.scope.end(e)
	w := abi.NewWriter([]byte{abi.EventDrop})
	w.Uint(o.number)
	return append(events, delivery{0, w.Bytes()})
}

func (o *object) busy() bool {
	if !o.ready || o.frames > 0 || o.pending > 0 || o.gate.Held() || o.durable.Held() || o.alarmRun != nil || o.scope.referenced() {
		return true
	}
	for k := range o.ordinary {
		if k.holds() {
			return true
		}
	}
	for c := range o.facets {
		if c.busy() {
			return true
		}
	}
	return false
}

// checkIdle starts the time after which an idle object is evicted.
func (o *object) checkIdle() {
	if o.failure != nil || o.busy() {
		return
	}
	o.idleSince = o.isolate.host.cfg.Clock.Now()
	if o.idleStop == nil {
		o.watchIdle(closeTime)
	}
	if o.isolate.open > maxOpen {
		o.isolate.closeIdle()
	}
	if o.parent != nil {
		o.parent.checkIdle()
	}
}

// watchIdle keeps one timer for an object however often it is used.
func (o *object) watchIdle(d time.Duration) {
	clock := o.isolate.host.cfg.Clock
	o.idleStop = clock.AfterFunc(d, func() {
		o.isolate.post(func() {
			o.idleStop = nil
			if o.failure != nil || o.busy() {
				return // checkIdle starts anew
			}
			switch idle := clock.Now().Sub(o.idleSince); {
			case idle < closeTime:
				o.watchIdle(closeTime - idle)
			case idle < idleTime:
				o.idleFile()
				o.watchIdle(idleTime - idle)
			default:
				o.evict()
			}
		})
	})
}

// evict takes an idle object out of memory.
func (o *object) evict() {
	if o.failure != nil {
		return
	}
	for _, c := range o.sortedFacets() {
		c.evict()
	}
	o.keepsSockets = true
	o.failure = abi.Errorf("Durable Object storage is no longer accessible.")
	o.isolate.host.trace.line("evict %s", o.label())
	o.isolate.turn(nil, o.remove(o.failure)...)
}

// closeIdle closes the storage files of objects that are idle, longest first, until half of the budget is free.
func (s *Isolate) closeIdle() {
	var idle []*object
	for _, o := range s.objects {
		if o.open && !o.touched && !o.busy() {
			idle = append(idle, o)
		}
	}
	slices.SortFunc(idle, func(a, b *object) int {
		return cmp.Or(a.idleSince.Compare(b.idleSince), cmp.Compare(a.number, b.number))
	})
	for _, o := range idle[:min(len(idle), s.open-maxOpen/2)] {
		o.idleFile()
	}
}

// idleFile closes the storage file of an idle object; its next use opens it again.
func (o *object) idleFile() {
	if o.open && !o.touched {
		o.store.Idle()
		o.closed()
	}
}

// limit resets the object if it is still waiting after the time that critical sections and constructors have.
func (o *object) limit(waiting func() bool) (stop func()) {
	return o.isolate.host.cfg.Clock.AfterFunc(sectionTime, func() {
		o.isolate.post(func() {
			if o.failure == nil && waiting() {
				o.resetSoon(&abi.Error{Name: "Error", Message: sectionTimeout, Overloaded: true, ObjectWasReset: true})
			}
		})
	})
}

func (o *object) String() string { return fmt.Sprintf("%s %s", o.key.class, o.key.id) }
