package host

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/websocket"
)

// Limits of hibernating sockets (workerd io/legacy-hibernation-manager.h, api/actor-state.h).
const (
	maxSockets      = 32768
	maxTags         = 10
	maxTag          = 256
	maxAutoResponse = 2048
	maxEventTimeout = 604_800_000 // ms
)

// group is the hibernating sockets of an object, and what holds for all of them. It outlives the object in memory.
//
// Invariant: it is in Isolate.groups as long as it has a socket, or its object is in memory.
type group struct {
	isolate *Isolate
	key     key
	name    *string
	line    []ancestor // of a facet: how to construct it again
	serial  uint64
	all     []*socket // in the order in which they were accepted
	tagged  map[string][]*socket

	auto              bool
	request, response string
	answer            websocket.Frame // response, encoded
	timeout           float64         // ms; 0: none
}

// hibernates is what a socket has after ctx.acceptWebSocket().
type hibernates struct {
	group    *group
	serial   uint64
	tags     []string
	autoTime float64 // ms; 0: never
	busy     bool    // an event is on its way to the object
	ended    bool    // its terminal event is
}

// ancestor is an object on the way from the root to a facet.
type ancestor struct {
	key  key
	name *string
	born abi.Facet
}

// line returns the ancestors of a facet and itself; none for another object.
func (o *object) line() []ancestor {
	if o.parent == nil {
		return nil
	}
	line := o.parent.line()
	if line == nil {
		line = []ancestor{{o.parent.key, o.parent.name, o.parent.born}}
	}
	return append(line, ancestor{o.key, o.name, o.born})
}

// wake returns the group's object, constructing it if it hibernates, and a facet's parents first.
func (g *group) wake() (*object, *abi.Error) {
	if g.line == nil {
		return g.isolate.wake(g.key, g.name)
	}
	parent, err := g.isolate.wake(g.line[0].key, g.line[0].name)
	for _, a := range g.line[1:] {
		if err != nil {
			return nil, err
		}
		o := g.isolate.objects[a.key]
		if o == nil {
			if o, err = g.isolate.create(a.key, a.name, a.born); err == nil {
				parent.adopt(o)
			}
		}
		parent = o
	}
	return parent, err
}

// groupOf returns the group of an object; with make, of one that has none yet.
func (s *Isolate) groupOf(o *object, make bool) *group {
	g := s.groups[o.key]
	if g == nil && make {
		g = &group{isolate: s, key: o.key, line: o.line(), tagged: map[string][]*socket{}}
		s.groups[o.key] = g
	}
	if g != nil && g.name == nil {
		g.name = o.name
	}
	return g
}

// acceptHibernating is ctx.acceptWebSocket().
func (k *socket) acceptHibernating(o *object, tags []string) *abi.Error {
	if k.state != socketWaits {
		return abi.Errorf("Cannot call `acceptWebSocket()` if the WebSocket was already accepted via `accept()`")
	}
	if k.pair == nil || k.pair.state != socketWaits {
		return errPairUsed
	}
	var distinct []string
	for _, tag := range tags {
		if len(distinct) >= maxTags {
			return abi.Errorf("a Hibernatable WebSocket cannot have more than %d tags", maxTags)
		}
		if len(tag) > maxTag {
			return abi.Errorf("\"%s\" is longer than the max tag length (%d characters).", tag, maxTag)
		}
		if !slices.Contains(distinct, tag) {
			distinct = append(distinct, tag)
		}
	}
	g := o.isolate.groupOf(o, true)
	if len(g.all) >= maxSockets {
		return abi.Errorf("only %d websockets can be accepted on a single Durable Object instance", maxSockets)
	}
	g.serial++
	k.state, k.hibernates = socketHibernates, &hibernates{group: g, serial: g.serial, tags: distinct}
	g.all = append(g.all, k)
	for _, tag := range distinct {
		g.tagged[tag] = append(g.tagged[tag], k)
	}
	k.end.listen(func() { k.later(k.deliverNext) })
	return nil
}

var errPairUsed = abi.Errorf("Cannot call `acceptWebSocket()` on this WebSocket because its pair has already been accepted or used in a Response.")

// remove takes a socket out of its group's lists.
func (g *group) remove(k *socket) {
	i := sort.Search(len(g.all), func(i int) bool { return g.all[i].hibernates.serial >= k.hibernates.serial })
	if i == len(g.all) || g.all[i] != k {
		return
	}
	g.all = slices.Delete(g.all, i, i+1)
	for _, tag := range k.hibernates.tags {
		list := slices.DeleteFunc(g.tagged[tag], func(e *socket) bool { return e == k })
		if g.tagged[tag] = list; len(list) == 0 {
			delete(g.tagged, tag)
		}
	}
	g.retire()
}

// retire forgets a group that nobody needs.
func (g *group) retire() {
	if len(g.all) == 0 && g.isolate.objects[g.key] == nil && g.isolate.groups[g.key] == g {
		delete(g.isolate.groups, g.key)
	}
}

// list is ctx.getWebSockets(): the newest first, or those with a tag, the oldest first.
func (g *group) list(tag *string) []*socket {
	if tag != nil {
		return slices.Clone(g.tagged[*tag])
	}
	all := slices.Clone(g.all)
	slices.Reverse(all)
	return all
}

// awake gives a socket that hibernated to o.
func (k *socket) awake(o *object) {
	if k.object == o {
		return
	}
	k.number, k.object = k.table.reserve(), o
	k.table.socks[k.number] = k
	o.socks[k] = true
}

// hibernate takes the socket's number, which means nothing to the next instance of the object.
func (k *socket) hibernate() {
	delete(k.table.socks, k.number)
	k.number, k.object = 0, nil
}

// deliverNext brings what has arrived to the object, one after another: an event follows when the turn that the one before it started
// is over. What the object asked to be answered for it does not get there.
func (k *socket) deliverNext() {
	h := k.hibernates
	for !h.busy && !h.ended {
		m, ok := k.end.take()
		if !ok {
			return
		}
		g := h.group
		if g.auto && m.Kind == abi.SocketText && string(m.Data) == g.request {
			h.autoTime = float64(g.isolate.host.cfg.Clock.Now().UnixMilli())
			if !k.closedOut {
				k.transmit(message{abi.SocketEvent{Kind: abi.SocketText, Data: []byte(g.response)}, &g.answer})
			}
			continue
		}
		k.deliver(m.SocketEvent)
	}
}

// deliver starts an event in the object, which is constructed first when it hibernates.
func (k *socket) deliver(e abi.SocketEvent) {
	h, s := k.hibernates, k.hibernates.group.isolate
	kind := byte(abi.StartSocketMessage)
	switch e.Kind {
	case abi.SocketClosed:
		kind, h.ended = abi.StartSocketClose, true
	case abi.SocketFailed:
		kind, h.ended = abi.StartSocketError, true
	}
	h.busy = true
	stop := func() {}
	delivered := func() {
		if h.busy {
			h.busy = false
			k.delivered()
		}
	}
	log := func(e *abi.Error) {
		stop()
		if !e.Logged {
			s.host.cfg.Logger.Error("uncaught error in a WebSocket handler", "class", h.group.key.class, "id", h.group.key.id, "error", e)
		}
	}
	r := reply{
		begun: func(f *frame) {
			if h.group.timeout > 0 && !f.answered {
				stop = f.limit(time.Duration(h.group.timeout * float64(time.Millisecond)))
			}
			delivered()
		},
		value:  func(payload) { stop(); k.settle() },
		thrown: func(e *abi.Error) { log(e); k.settle() },
		fail: func(e *abi.Error) {
			log(e)
			s.post(delivered) // it was not, and never will be
		},
	}
	o, err := h.group.wake()
	if err != nil {
		r.fail(err)
		return
	}
	s.startIn(o, kind, func(f *frame, w *abi.Writer) {
		k.awake(f.object)
		k.note(e)
		w.Uint(k.number)
		w.SocketEvent(e)
	}, r)
}

// note is what an event changes about its socket before its handler runs.
func (k *socket) note(e abi.SocketEvent) {
	switch e.Kind {
	case abi.SocketClosed:
		k.closedIn, k.lost = true, k.lost || !e.WasClean
	case abi.SocketFailed:
		k.closedIn, k.lost, k.failed = true, true, true
	}
}

// delivered follows the first turn of an event. After a terminal one the socket is in no list any more, but the object can still
// answer a Close until it leaves memory.
func (k *socket) delivered() {
	h := k.hibernates
	if !h.ended {
		k.later(k.deliverNext)
		return
	}
	h.group.remove(k)
	if k.object == nil {
		k.end.drop()
	}
}

// settle lets go of a socket when its terminal event has been handled and it is closed both ways.
func (k *socket) settle() {
	if k.hibernates.ended && k.closedIn && (k.closedOut || k.lost && !k.failed) {
		k.end.drop()
		k.forget()
	}
}

const eventTimedOut = "Actor exceeded event execution time and was disconnected."

// limit shuts the object down when the event has not been answered in time. Its hibernating sockets stay.
func (f *frame) limit(d time.Duration) (stop func()) {
	return f.isolate.host.cfg.Clock.AfterFunc(d, func() {
		f.isolate.post(func() {
			if o := f.object; o.failure == nil && !f.answered {
				o.keepsSockets = true
				o.resetSoon(&abi.Error{Name: "Error", Message: eventTimedOut, Retryable: true, ObjectWasReset: true})
			}
		})
	})
}

// parted is what becomes of an object's sockets when it leaves memory: those that hibernate stay if keep says so.
func (o *object) parted(keep bool) {
	s := o.isolate
	for _, k := range sortSockets(maps.Keys(o.socks)) {
		if keep && k.state == socketHibernates && !k.hibernates.ended {
			k.hibernate()
			continue
		}
		k.drop()
	}
	clear(o.socks)
	g := s.groups[o.key]
	if g == nil {
		return
	}
	if !keep {
		g.disband(func(k *socket) { k.end.drop() })
	}
	g.retire()
}

// disband ends all sockets of a group.
func (g *group) disband(goodbye func(*socket)) {
	delete(g.isolate.groups, g.key)
	all := g.all
	g.all, g.tagged = nil, nil
	for _, k := range all {
		k.hibernates.ended = true
		k.forget()
		k.lost = true
		goodbye(k)
	}
}

// goodbye ends a socket with a Close frame.
func (k *socket) goodbye(code int, reason string) {
	if !k.closedOut {
		k.closedOut = true
		k.end.send(message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: code, Reason: reason, WasClean: true}})
	}
	k.lost = true
	k.end.drop()
}

// endOrdinary ends the isolate's sockets that were accepted with accept(), so that the events that receive from them end.
func (s *Isolate) endOrdinary(code int, reason string) {
	for _, k := range s.sockets.sorted() {
		if k.state == socketOrdinary {
			k.goodbye(code, reason)
			k.finish(disconnected)
		}
	}
}

// endHibernating ends the isolate's sockets that hibernate, or could.
func (s *Isolate) endHibernating(code int, reason string) {
	groups := slices.SortedFunc(maps.Values(s.groups), func(a, b *group) int { return cmp.Compare(a.key.class+a.key.id, b.key.class+b.key.id) })
	for _, g := range groups {
		g.disband(func(k *socket) { k.goodbye(code, reason) })
	}
}
