package host

import (
	"strings"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/clock"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Fault makes operations go wrong that match returns true for. After operations go well, then Times fail; 0: all the others.
type Fault struct {
	After, Times int
	Err          error
	Delay        time.Duration // before the operation, or before its answer
	Late         bool          // the operation is performed, and its answer lost
	Answer       bool          // the operation is performed at once, and the delay is before its answer
	Miss         bool          // of a cache: nothing is found, and nothing kept

	match func(target) bool
}

// target is an operation that may go wrong.
type target struct {
	object  *key // of storage
	point   storage.Point
	url     string // of an outbound request
	binding string // of D1
	sql     string

	kind, name, method string // of a call of a store
	keys               []string
}

// Injection is a Fault that is in force.
type Injection struct {
	fault Fault
	set   *faults

	met, failed int
}

// faults are the faults of a host.
type faults struct {
	mu   sync.Mutex
	list []*Injection
}

// damage is what a fault does to an operation.
type damage struct {
	err   error
	delay time.Duration
	late  bool

	answer bool
	miss   bool
}

// StorageFault matches operations on the storage of objects. An empty class or id matches all.
func (h *Host) StorageFault(f Fault, class, object string, at storage.Point) (*Injection, error) {
	var id string
	switch {
	case class != "":
		k, err := h.locate(class, object)
		if object == "" {
			err = h.checkClass(class)
		}
		if err != nil {
			return nil, err
		}
		id = k.id
	case object != "":
		return nil, abi.Errorf("a fault of the object %q needs its class", object)
	}
	f.match = func(t target) bool {
		return t.object != nil && t.point == at && (class == "" || t.object.class == class) && (object == "" || t.object.id == id)
	}
	return h.faults.add(f), nil
}

// NetworkFault matches outbound requests whose URL begins with prefix.
func (h *Host) NetworkFault(f Fault, prefix string) *Injection {
	f.match = func(t target) bool { return t.url != "" && strings.HasPrefix(t.url, prefix) }
	return h.faults.add(f)
}

// D1Fault matches calls of a database, by its binding, whose SQL contains a text. Empty ones match all.
func (h *Host) D1Fault(f Fault, binding, text string) (*Injection, error) {
	if binding != "" && h.databases[binding] == nil {
		return nil, abi.Errorf("there is no D1 binding %q", binding)
	}
	f.match = func(t target) bool {
		return t.binding != "" && (binding == "" || t.binding == binding) && strings.Contains(t.sql, text)
	}
	return h.faults.add(f), nil
}

func (fs *faults) add(f Fault) *Injection {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	i := &Injection{fault: f, set: fs}
	fs.list = append(fs.list, i)
	return i
}

// meet says what becomes of an operation: the first fault that has something to say decides.
func (fs *faults) meet(t target) (o damage) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, i := range fs.list {
		if !i.fault.match(t) {
			continue
		}
		i.met++
		if i.met <= i.fault.After || i.fault.Times > 0 && i.met > i.fault.After+i.fault.Times {
			continue
		}
		i.failed++
		return damage{i.fault.Err, i.fault.Delay, i.fault.Late, i.fault.Answer, i.fault.Miss}
	}
	return o
}

// Count returns how many operations the fault has struck.
func (i *Injection) Count() int {
	i.set.mu.Lock()
	defer i.set.mu.Unlock()
	return i.failed
}

// Remove ends the fault.
func (i *Injection) Remove() {
	i.set.mu.Lock()
	defer i.set.mu.Unlock()
	for n, other := range i.set.list {
		if other == i {
			i.set.list = append(i.set.list[:n:n], i.set.list[n+1:]...)
			return
		}
	}
}

// simulate gives a database the time and the randomness of a host that has its own.
func (s *Session) simulate(db interface {
	Simulate(now func() time.Time, random func([]byte))
}) {
	if _, virtual := s.clock.(*clock.Virtual); !virtual {
		return
	}
	if s.sched == nil {
		db.Simulate(s.clock.Now, nil)
		return
	}
	db.Simulate(s.clock.Now, s.random.read)
}

// openStore opens the storage of an object, which has the faults of the host.
func (h *Host) openStore(k key) (*storage.DB, error) {
	store, err := storage.OpenAt(h.path(k), h.cfg.Clock.Now)
	if err != nil {
		return nil, err
	}
	h.simulate(store)
	store.Inject(func(at storage.Point) error { return h.faults.meet(target{object: &k, point: at}).err })
	return store, nil
}

// suffer performs an operation as a fault has it: fail is called in its place, or do is, at once or after a while. do is told of the error that
// its answer is to be replaced by.
func (h *Host) suffer(o damage, fail func(error), do func(lost error)) {
	perform := func() {
		switch {
		case o.err == nil || o.late:
			do(o.err)
		default:
			fail(o.err)
		}
	}
	if o.delay <= 0 {
		perform()
		return
	}
	h.cfg.Clock.AfterFunc(o.delay, func() { h.work.run(perform) })
}
