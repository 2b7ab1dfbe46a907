package host

import (
	"slices"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/js"
	"grove.place/lattice/local-runtime/internal/webcrypto"
	"grove.place/lattice/local-runtime/internal/websocket"
)

// programSocket is a WebSocket of JavaScript: an end, and what web/websocket.js does not keep itself. One that was used in a response is one no more.
//
// Invariant: it is used on the loop of its program, and is in the program's table, or in the object's when it hibernates.
type programSocket struct {
	number    int64
	end       *end
	listening bool
}

// hibernatingSocket is one that its object accepted with acceptWebSocket: it stays when the object leaves memory.
type hibernatingSocket struct {
	*programSocket
	tags       []string
	attachment abi.Value
	autoTime   abi.Value // null, or when it was answered automatically
	busy       bool      // an event is on its way to the object
	ended      bool      // its last event is
	closed     bool      // close() was called
}

// scriptedSockets are the hibernating sockets of an object.
type scriptedSockets struct {
	all               []*hibernatingSocket // in the order in which they were accepted
	tagged            map[int64]*hibernatingSocket
	auto              bool
	request, response string
}

// addSocket puts an end into the program's table.
func (p *program) addSocket(e *end) int64 {
	n := p.host.lastSocket.Add(1)
	p.webSockets[n] = &programSocket{number: n, end: e}
	return n
}

// webSocket finds a socket by its number.
func (p *program) webSocket(n int64) *programSocket {
	if k := p.webSockets[n]; k != nil {
		return k
	}
	if p.owner != nil {
		if k := p.owner.sockets.tagged[n]; k != nil {
			return k.programSocket
		}
	}
	return nil
}

// holdsSockets reports whether a connection keeps the program, or its object, in memory.
func (p *program) holdsSockets() bool {
	for _, k := range p.webSockets {
		if k.listening {
			return true
		}
	}
	return false
}

func (p *program) dropSockets() {
	for _, k := range p.webSockets {
		k.end.drop()
	}
	clear(p.webSockets)
}

// socketed takes the WebSocket of a response out of its program, for the one who gets the response.
func (p *program) socketed(done func(abi.Value, *js.Body, error)) func(abi.Value, *js.Body, error) {
	return func(v abi.Value, b *js.Body, err error) {
		o, _ := v.(abi.Object)
		if n, ok := o.Get("socket").(int64); ok && err == nil {
			if k := p.webSockets[n]; k != nil {
				delete(p.webSockets, n)
				b = &js.Body{Socket: k.end}
			}
		}
		done(v, b, err)
	}
}

// Do implements js.Outside.
func (p *program) Do(op string, args []abi.Value) (abi.Value, error) {
	do := syncOps[op]
	if do == nil {
		return nil, abi.Errorf("the local host has no operation %q", op)
	}
	return do(p, args)
}

// syncOps are the operations that end at once, by name.
var syncOps = map[string]func(p *program, a arguments) (abi.Value, error){
	"socketPair": func(p *program, _ arguments) (abi.Value, error) {
		a, b := newEnds()
		return abi.Array{p.addSocket(a), p.addSocket(b)}, nil
	},
	"warn": func(p *program, a arguments) (abi.Value, error) {
		p.lenient(a.text(0))
		return nil, nil
	},
	"socketAccept":    acceptScripted,
	"socketSend":      sendScripted,
	"socketEnd":       endScripted,
	"socketHibernate": hibernateScripted,
	"socketList":      listScripted,
	"socketState":     stateScripted,
	"socketAuto":      autoScripted,
	"dataPoint":       dataPointOf,
	"crypto": func(_ *program, a arguments) (abi.Value, error) {
		return webcrypto.Perform(a.text(0), a[min(1, len(a)):])
	},
	"abort": func(p *program, a arguments) (abi.Value, error) {
		if p.owner != nil {
			e, _ := a.at(0).(*abi.Error)
			if e == nil {
				e = abi.Errorf("Application called abort() to reset Durable Object.")
			}
			reset := *e
			reset.ObjectWasReset = true
			p.doom(&reset)
		}
		return nil, nil
	},
}

// acceptScripted is socketAccept(number): messages become events of the VM from now on.
func acceptScripted(p *program, a arguments) (abi.Value, error) {
	k := p.webSockets[a.int(0)]
	if k == nil || k.listening {
		return nil, nil
	}
	k.listening = true
	p.pending++
	k.end.listen(func() { p.loop.post(func() { p.collect(k) }) })
	return nil, nil
}

// collect gives the VM what has arrived.
func (p *program) collect(k *programSocket) {
	for !p.closed {
		m, ok := k.end.take()
		if !ok {
			return
		}
		p.vm.Enter(func() {
			p.vm.Event("socket", append([]abi.Value{k.number}, socketArgs(m.SocketEvent)...), nil, func(abi.Value, *js.Body, error) {})
		})
		p.check()
	}
}

// socketArgs are those of a WebSocket's event in JavaScript: kind, data, code, reason, wasClean.
func socketArgs(e abi.SocketEvent) []abi.Value {
	switch e.Kind {
	case abi.SocketText:
		return []abi.Value{"message", string(e.Data), nil, nil, nil}
	case abi.SocketClosed:
		return []abi.Value{"close", nil, int64(e.Code), e.Reason, e.WasClean}
	case abi.SocketFailed:
		return []abi.Value{"error", e.Failure, nil, nil, nil}
	}
	return []abi.Value{"message", abi.ArrayBuffer(e.Data), nil, nil, nil}
}

// sendScripted is socketSend(number, data), or socketSend(number, null, code, reason) for a Close.
func sendScripted(p *program, a arguments) (abi.Value, error) {
	k := p.webSocket(a.int(0))
	if k == nil {
		return nil, nil
	}
	switch data := a.at(1).(type) {
	case string:
		p.send(k, newMessage(abi.SocketText, []byte(data)))
	case []byte:
		p.send(k, newMessage(abi.SocketBinary, data))
	default:
		code := int(a.int(2))
		if code == 0 {
			code = websocket.NoCode
		}
		if p.owner != nil {
			if h := p.owner.sockets.tagged[k.number]; h != nil {
				h.closed = true
			}
		}
		p.send(k, message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: code, Reason: a.text(3), WasClean: true}})
	}
	return nil, nil
}

func (p *program) send(k *programSocket, m message) { p.output(func() { k.end.send(m) }, nil) }

// endScripted is socketEnd(number): nothing more comes or goes.
func endScripted(p *program, a arguments) (abi.Value, error) {
	k := p.webSockets[a.int(0)]
	if k == nil {
		return nil, nil
	}
	delete(p.webSockets, k.number)
	p.output(k.end.drop, func(error) { k.end.drop() })
	if k.listening {
		p.release()
		if o := p.owner; o != nil {
			o.active++
			p.loop.post(func() { o.over(p) })
		}
	}
	return nil, nil
}

// hibernateScripted is socketHibernate(number, tags).
func hibernateScripted(p *program, a arguments) (abi.Value, error) {
	o, k := p.owner, p.webSockets[a.int(0)]
	if o == nil || k == nil {
		return nil, errPairUsed
	}
	if len(o.sockets.all) >= maxSockets {
		return nil, abi.Errorf("only %d websockets can be accepted on a single Durable Object instance", maxSockets)
	}
	h := &hibernatingSocket{programSocket: k, tags: texts(a.list(1))}
	delete(p.webSockets, k.number)
	o.sockets.all = append(o.sockets.all, h)
	o.sockets.tagged[k.number] = h
	k.end.listen(func() { o.loop.post(func() { o.deliverNext(h) }) })
	return nil, nil
}

// listScripted is socketList(tag or null): the numbers of the hibernating sockets.
func listScripted(p *program, a arguments) (abi.Value, error) {
	list := abi.Array{}
	if p.owner == nil {
		return list, nil
	}
	tag, tagged := a.at(0).(string)
	for _, h := range p.owner.sockets.all {
		if !tagged || slices.Contains(h.tags, tag) {
			list = append(list, h.number)
		}
	}
	if !tagged {
		slices.Reverse(list)
	}
	return list, nil
}

// stateScripted is socketState(number, [attachment]): what a hibernating socket keeps for its object.
func stateScripted(p *program, a arguments) (abi.Value, error) {
	if p.owner == nil {
		return nil, nil
	}
	h := p.owner.sockets.tagged[a.int(0)]
	if h == nil {
		return nil, nil
	}
	if len(a) > 1 {
		if n := serializedSize(a.at(1)); n > maxAttachment {
			return nil, abi.Errorf("A WebSocket 'attachment' cannot be larger than %d bytes.'attachment' was %d bytes.", maxAttachment, n)
		}
		h.attachment = a.at(1)
	}
	tags := abi.Array{}
	for _, t := range h.tags {
		tags = append(tags, t)
	}
	return abi.Object{{Name: "tags", Value: tags}, {Name: "attachment", Value: h.attachment}, {Name: "autoTime", Value: h.autoTime}, {Name: "closed", Value: h.closed}, {Name: "ended", Value: h.ended}}, nil
}

// autoScripted is socketAuto(), socketAuto(null) or socketAuto(request, response).
func autoScripted(p *program, a arguments) (abi.Value, error) {
	if p.owner == nil {
		return nil, errNoObject
	}
	s := &p.owner.sockets
	switch {
	case len(a) == 2 && (len(a.text(0)) > maxAutoResponse):
		return nil, tooLong("Request", "request", len(a.text(0)))
	case len(a) == 2 && (len(a.text(1)) > maxAutoResponse):
		return nil, tooLong("Response", "response", len(a.text(1)))
	case len(a) > 0:
		s.auto, s.request, s.response = len(a) == 2, a.text(0), a.text(1)
	}
	if !s.auto {
		return nil, nil
	}
	return abi.Array{s.request, s.response}, nil
}

// deliverNext brings what has arrived to the object, one event after another.
func (o *scripted) deliverNext(h *hibernatingSocket) {
	for !h.busy && !h.ended {
		m, ok := h.end.take()
		if !ok {
			return
		}
		if o.sockets.auto && m.Kind == abi.SocketText && string(m.Data) == o.sockets.request {
			h.autoTime = abi.DateOf(o.host.cfg.Clock.Now())
			if !h.closed {
				h.end.send(newMessage(abi.SocketText, []byte(o.sockets.response)))
			}
			continue
		}
		h.busy = true
		h.ended = m.Kind >= abi.SocketClosed
		o.event("objectSocket", append([]abi.Value{h.number}, socketArgs(m.SocketEvent)...), nil, func(_ abi.Value, _ *js.Body, err error) {
			if err != nil {
				o.host.cfg.Logger.Error("uncaught error in a WebSocket handler", "class", o.key.class, "id", o.key.id, "error", err)
			}
			o.loop.post(func() {
				h.busy = false
				if h.ended {
					o.sockets.remove(h)
					h.end.drop()
					return
				}
				o.deliverNext(h)
			})
		})
	}
}

func (s *scriptedSockets) remove(h *hibernatingSocket) {
	delete(s.tagged, h.number)
	s.all = slices.DeleteFunc(s.all, func(e *hibernatingSocket) bool { return e == h })
}

// disband disconnects all of them.
func (s *scriptedSockets) disband() {
	for _, h := range s.all {
		h.ended = true
		h.end.drop()
	}
	s.all = nil
	clear(s.tagged)
}

// goodbye tells the other ends that the host ends.
func (s *scriptedSockets) goodbye() {
	for _, h := range s.all {
		if !h.closed {
			h.end.send(message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: goingAway, Reason: "The host is shutting down.", WasClean: true}})
		}
	}
	s.disband()
}
