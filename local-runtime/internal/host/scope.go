package host

import (
	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"maps"
	"slices"
)

// scope is what the stubs and streams of a guest belong to, as they belong to an I/O context on workerd: an object, or an event of the Worker
// together with the calls into what it passed on. It belongs to the loop of its isolate.
//
// Invariant: once it is over the guest holds nothing in it, and what it passed on cannot be called.
type scope struct {
	isolate  *Isolate
	instance *isolate.Instance
	object   *object // nil: an event of the Worker
	main     *frame  // the event of the Worker
	frames   int     // of a Worker's event, that have not ended
	exports  int     // stubs passed on that somebody holds
	held     map[uint64]struct{}
	links    map[uint64]*link // by the serial of the guest's stub
	order    []uint64         // of links, the oldest first
	readers  []uint64         // streams that the guest reads
	writers  []uint64         // streams that the guest writes
	tcp      map[uint64]*tcpConn
	over     bool
}

func (s *Isolate) newScope(o *object) *scope {
	return &scope{isolate: s, instance: s.instance, object: o}
}

// enters adds a frame to the scope of a Worker's event.
func (c *scope) enters(f *frame) {
	if c.object != nil {
		return
	}
	if c.main == nil {
		c.main = f
	}
	c.frames++
}

// leaves is called when a frame has ended. An event of the Worker is over with its frame, also while calls into what it passed on run; an RPC event
// lasts as long as somebody holds what it passed on.
func (c *scope) leaves(f *frame) {
	if c.object != nil {
		return
	}
	c.frames--
	if f == c.main && (f.kind != abi.StartRPC || f.dead) {
		c.end(errEventOver)
		return
	}
	c.settle()
}

func (c *scope) settle() {
	if c.object != nil {
		c.object.checkIdle()
		return
	}
	switch {
	case c.over || c.frames > 0:
	case c.exports == 0:
		c.end(errEventOver)
	default:
		c.isolate.resting[c] = true
	}
}

var errEventOver = abi.Errorf("the event that this belonged to is over")

// errCanceled is what the caller of something in an event hears when that event ends before the call.
var errCanceled = &abi.Error{Name: "Error", Message: "The execution context responding to this call was canceled.", Remote: true}

// end gives up everything that the guest holds in the scope.
func (c *scope) end(err error) {
	if c.over {
		return
	}
	c.over = true
	s := c.isolate
	delete(s.resting, c)
	for _, n := range slices.Sorted(maps.Keys(c.held)) {
		s.peer.drop(n, c)
	}
	for _, n := range c.readers {
		s.peer.streams.cancel(n, err)
	}
	for _, n := range c.writers {
		s.peer.streams.finish(n, err)
	}
	for _, conn := range c.tcp {
		conn.end(errTCPCanceled)
	}
	c.held, c.links, c.order, c.readers, c.writers, c.tcp = nil, nil, nil, nil, nil, nil
	if c.frames == 0 {
		return
	}
	for _, f := range s.sortedFrames(nil) {
		if f.scope == c && f.object == nil && !f.ended && f != c.main {
			f.die(errCanceled)
			s.deadLater(f)
		}
	}
}

// deadLater tells the guest, after this turn, that f is dead.
func (s *Isolate) deadLater(f *frame) {
	s.post(func() { s.turn(nil, f.deadEvent(errCanceled.Message)) })
}

func (c *scope) holds(number uint64) {
	if c.held == nil {
		c.held = map[uint64]struct{}{}
	}
	c.held[number] = struct{}{}
}

func (c *scope) drops(number uint64) {
	delete(c.held, number)
	if c.object != nil && len(c.held) == 0 && !c.over {
		c.object.checkIdle()
	}
}

// referenced reports whether stubs keep an object in memory: those it passed on and those it holds, as on workerd.
func (c *scope) referenced() bool { return c.exports > 0 || len(c.held) > 0 }

// reads and writes note streams that end with the scope.
func (c *scope) reads(number uint64) {
	c.readers = c.isolate.peer.streams.prune(append(c.readers, number))
}

func (c *scope) writes(number uint64) {
	c.writers = c.isolate.peer.streams.prune(append(c.writers, number))
}
