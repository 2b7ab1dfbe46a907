package host

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/gate"
)

// socketState is what was done with a socket.
type socketState byte

const (
	socketWaits      socketState = iota // neither accepted nor used
	socketOrdinary                      // accept()
	socketHibernates                    // ctx.acceptWebSocket()
)

// What readyState says.
const (
	readyOpen    = 1
	readyClosing = 2
	readyClosed  = 3
)

// maxArrived is how much an ordinary socket keeps for a guest that does not receive.
const maxArrived = 256 << 10

// socket is a WebSocket object of a guest, or of the native side. One that was used in a response is one no more.
//
// Invariant: it is used on the loop of its table only, and is in the table while the guest can do something with it. One that hibernates
// stays in its group, without a number, when its object has left memory.
type socket struct {
	table  *socketTable
	number uint64
	first  uint64  // number it had at first, for its lane: connections read it while it hibernates
	object *object // whose it is; nil: the Worker's, or the object is not in memory
	worker *frame  // the Worker's event whose it is
	end    *end    // nil once it was used
	pair   *socket // the other end of new WebSocketPair()
	state  socketState

	closedIn  bool // a Close or an end of the connection was received
	closedOut bool // close() was called
	lost      bool // what is sent goes nowhere
	failed    bool // by an error

	attachment []byte // encoded; nil: none

	ordinary   *ordinary
	hibernates *hibernates
}

// ordinary is what a socket has after accept().
type ordinary struct {
	halfOpen bool
	level    *gate.Input // of the critical section in which it was accepted; nil: none holds anything up
	arrived  []abi.SocketEvent
	bytes    int
	last     bool // nothing follows what arrived
	orphan   bool // nobody receives any more
	waiting  []*receiver
}

// receiver waits for something to arrive.
type receiver struct{ done func(result []byte) }

// socketTable is the sockets of one party, a guest or the native side, by their numbers.
type socketTable struct {
	loop  *loop
	lanes byte // kind of the lanes in which the messages of each socket come
	last  atomic.Uint64
	socks map[uint64]*socket
}

func newSocketTable(l *loop, lanes byte) *socketTable {
	return &socketTable{loop: l, lanes: lanes, socks: map[uint64]*socket{}}
}

// later runs f on the loop, in the order of the socket.
func (k *socket) later(f func()) { k.table.loop.deliver(lane{kind: k.table.lanes, n: k.first}, f) }

// sorted returns the sockets in the order of their numbers.
func (t *socketTable) sorted() []*socket { return sortSockets(maps.Values(t.socks)) }

func sortSockets(of iter.Seq[*socket]) []*socket {
	return slices.SortedFunc(of, func(a, b *socket) int { return cmp.Compare(a.number, b.number) })
}

// reserve returns the next number. Any goroutine may call it.
func (t *socketTable) reserve() uint64 { return t.last.Add(1) }

// add gives a number to a socket of o, or of worker.
func (t *socketTable) add(number uint64, e *end, o *object, worker *frame) *socket {
	k := &socket{table: t, number: number, first: number, end: e, object: o, worker: worker}
	t.socks[number] = k
	switch {
	case o != nil:
		o.socks[k] = true
	case worker != nil:
		worker.socks = append(worker.socks, k)
	}
	return k
}

// forget takes a socket out of the table: for the guest it is as good as one that was used in a response.
func (k *socket) forget() {
	delete(k.table.socks, k.number)
	if k.object != nil {
		delete(k.object.socks, k)
		delete(k.object.ordinary, k)
		k.object = nil
	}
	if k.pair != nil {
		k.pair.pair, k.pair = nil, nil
	}
}

// drop forgets a socket and disconnects the other end.
func (k *socket) drop() {
	k.forget()
	if k.end == nil {
		return // used
	}
	k.lost = true
	k.end.drop()
	if k.ordinary != nil {
		k.finish(disconnected)
	}
}

func (k *socket) readyState() uint64 {
	switch {
	case k.failed && k.state == socketOrdinary, k.closedIn && k.closedOut:
		return readyClosed
	case k.closedIn || k.closedOut:
		return readyClosing
	}
	return readyOpen
}

// open reports whether a message can be sent that may still arrive.
func (k *socket) open() bool { return !k.closedIn && !k.closedOut && !k.lost && !k.failed }

// use takes the end out of a socket, for a response.
func (k *socket) use() (*end, *abi.Error) {
	switch k.state {
	case socketOrdinary:
		return nil, abi.TypeErrorf("Can't return WebSocket in a Response after calling accept().")
	case socketHibernates:
		return nil, abi.TypeErrorf("Can't return WebSocket in a Response after calling acceptWebSocket().")
	}
	pair, e := k.pair, k.end
	k.forget()
	k.end, k.lost = nil, true
	if pair != nil {
		pair.followOwner()
	}
	return e, nil
}

// followOwner notes that the other end has left: now an ordinary socket keeps its object in memory.
func (k *socket) followOwner() {
	if k.object != nil {
		k.object.checkIdle()
	}
}

// holds reports whether the socket keeps its object in memory: an ordinary one whose other end is elsewhere.
func (k *socket) holds() bool {
	return k.state == socketOrdinary && k.pair == nil && !k.closedIn && !k.failed
}

// accept is accept().
func (k *socket) accept(halfOpen bool, level *gate.Input) {
	k.state = socketOrdinary
	k.ordinary = &ordinary{halfOpen: halfOpen, level: level}
	k.end.listen(func() { k.later(k.collect) })
}

// collect takes what has arrived, as far as there is room for it.
func (k *socket) collect() {
	for k.ordinary.bytes < maxArrived && !k.ordinary.last {
		m, ok := k.end.take()
		if !ok {
			return
		}
		k.ordinary.bytes += len(m.Data)
		if k.ordinary.level == nil {
			k.arrive(m.SocketEvent)
			continue
		}
		k.ordinary.level.Do(func() { k.arrive(m.SocketEvent) }, nil)
	}
}

// arrive is the JavaScript event.
func (k *socket) arrive(e abi.SocketEvent) {
	o := k.ordinary
	if o.last {
		return
	}
	switch e.Kind {
	case abi.SocketClosed:
		k.closedIn = true
		if e.WasClean && !o.halfOpen && !k.closedOut && !k.lost {
			k.closedOut = true
			k.end.send(message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: e.Code, Reason: e.Reason, WasClean: true}})
		}
		k.lost = k.lost || !e.WasClean
		k.finish(e)
		if k.closedOut || k.lost {
			k.end.drop()
		}
	case abi.SocketFailed:
		k.closedIn, k.lost, k.failed = true, true, true
		k.finish(e)
		k.end.drop()
	default:
		o.push(e)
	}
}

// finish is the last thing that arrives.
func (k *socket) finish(e abi.SocketEvent) {
	if !k.ordinary.last {
		k.ordinary.last = true
		k.ordinary.push(e)
	}
	if k.object != nil {
		k.object.checkIdle()
	}
}

func (o *ordinary) push(e abi.SocketEvent) {
	if o.orphan {
		o.bytes -= len(e.Data)
		return
	}
	if len(o.waiting) > 0 {
		r := o.waiting[0]
		o.waiting = o.waiting[1:]
		o.bytes -= len(e.Data)
		r.done(received(e))
		return
	}
	o.arrived = append(o.arrived, e)
}

// receive hands over what has arrived, or remembers who wants it.
func (k *socket) receive(r *receiver) []byte {
	o := k.ordinary
	if len(o.arrived) == 0 {
		if o.last {
			return failure(abi.Errorf("the WebSocket is closed: there is nothing more to receive"))
		}
		o.waiting = append(o.waiting, r)
		return nil
	}
	e := o.arrived[0]
	o.arrived[0] = abi.SocketEvent{}
	o.arrived = o.arrived[1:]
	if o.bytes -= len(e.Data); o.bytes < maxArrived && !o.last {
		k.later(k.collect)
	}
	return received(e)
}

// cancel takes back a wish to receive.
func (k *socket) cancel(r *receiver) {
	for i, w := range k.ordinary.waiting {
		if w == r {
			k.ordinary.waiting = append(k.ordinary.waiting[:i], k.ordinary.waiting[i+1:]...)
			return
		}
	}
}

// abandon is for a socket whose event is over: one that was accepted stays connected, as in workerd, and nobody hears what it receives.
func (k *socket) abandon() {
	if k.ordinary == nil {
		k.drop()
		return
	}
	k.forget()
	o := k.ordinary
	o.orphan, o.arrived, o.bytes, o.level = true, nil, 0, nil
	k.collect()
}

// transmit sends a message that the output gate let out.
func (k *socket) transmit(m message) {
	if k.lost {
		return
	}
	k.end.send(m)
	if m.Kind == abi.SocketClosed && k.closedIn {
		k.end.drop() // both have said goodbye
		k.lost = true
	}
}

// release lets out what an object sends through a socket: what its constructor sends, when that has returned.
func (o *object) release(send func()) {
	if o != nil && !o.ready {
		o.held = append(o.held, send)
		return
	}
	send()
}
