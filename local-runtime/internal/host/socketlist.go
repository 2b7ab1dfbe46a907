package host

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
)

// OpenSocket is a WebSocket that is open in a Worker or in one of its objects, in whichever way it was accepted.
type OpenSocket struct {
	Socket
	Ref       string // names it for SendOpen and CloseOpen
	Class, ID string // of the object; "": the Worker's
	Name      string // of the object, if that is known
	Ordinary  bool   // it does not hibernate: accept(), or one that the program has opened
}

// foundSocket is an OpenSocket with its end.
type foundSocket struct {
	OpenSocket
	end *end
}

// OpenSockets lists the WebSockets of the Worker and of its objects: the Worker's first, those of an object together, the newest first.
func (h *Host) OpenSockets() []OpenSocket {
	all := h.listSockets()
	list := make([]OpenSocket, len(all))
	for i, one := range all {
		list[i] = one.OpenSocket
		if list[i].Class != "" {
			list[i].Name = h.storedName(key{list[i].Class, list[i].ID})
		}
	}
	slices.SortStableFunc(list, func(a, b OpenSocket) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(b.Number, a.Number))
	})
	return list
}

func (h *Host) listSockets() (list []foundSocket) {
	for _, s := range h.isolates {
		s.do(func() {
			for k, g := range s.groups {
				for _, socket := range g.list(nil) {
					list = append(list, foundSocket{g.describe(k, socket), socket.end})
				}
			}
			for _, socket := range s.sockets.sorted() {
				if one, ok := s.ordinarySocket(socket); ok {
					list = append(list, foundSocket{one, socket.end})
				}
			}
		})
	}
	return append(list, h.scriptedSockets()...)
}

func (g *group) describe(k key, socket *socket) OpenSocket {
	one := OpenSocket{Class: k.class, ID: k.id, Socket: Socket{
		Number: socket.hibernates.serial, Tags: socket.hibernates.tags, ReadyState: int(socket.readyState()), Hibernates: socket.object == nil,
	}}
	if socket.attachment != nil {
		one.Attachment = abi.NewReader(socket.attachment).Value()
	}
	one.Ref = fmt.Sprintf("h %s %s %d", k.class, k.id, one.Number)
	return one
}

// ordinarySocket describes a socket whose other end is not of the same party: new WebSocketPair() has two that nobody outside can reach.
func (s *Isolate) ordinarySocket(socket *socket) (one OpenSocket, ok bool) {
	if socket.state != socketOrdinary || socket.pair != nil || socket.end == nil || socket.closedIn || socket.failed || socket.lost {
		return one, false
	}
	one = OpenSocket{Ordinary: true, Ref: fmt.Sprintf("o %d %d", s.index, socket.number), Socket: Socket{Number: socket.number, ReadyState: int(socket.readyState())}}
	if socket.object != nil {
		one.Class, one.ID = socket.object.key.class, socket.object.key.id
	}
	return one, true
}

// scriptedSockets are those of programs of github.com/syumai/workers, and of objects whose class is JavaScript.
func (h *Host) scriptedSockets() (list []foundSocket) {
	for _, k := range h.scriptedKeys() {
		h.withScripted(k, func(o *scripted) {
			for _, socket := range o.sockets.all {
				one := OpenSocket{Class: k.class, ID: k.id, Socket: socket.describe(o)}
				one.Ref = fmt.Sprintf("h %s %s %d", k.class, k.id, one.Number)
				list = append(list, foundSocket{one, socket.end})
			}
		})
	}
	h.mu.Lock()
	var running []*program
	for p := range h.programs {
		running = append(running, p)
	}
	h.mu.Unlock()
	for _, p := range running {
		p.loop.do(func() {
			for _, k := range p.webSockets {
				if !k.listening {
					continue
				}
				one := OpenSocket{Ordinary: true, Ref: fmt.Sprintf("p %d", k.number), Socket: Socket{Number: uint64(k.number), ReadyState: readyOpen}}
				if p.owner != nil {
					one.Class, one.ID = p.owner.key.class, p.owner.key.id
				}
				list = append(list, foundSocket{one, k.end})
			}
		})
	}
	return list
}

func (h *Host) withOpen(ref string, f func(*end)) error {
	for _, one := range h.listSockets() {
		if one.Ref == ref {
			f(one.end)
			return nil
		}
	}
	return abi.Errorf("the WebSocket has gone")
}

// SendOpen sends a text through an open socket: to the Worker or object that has it, as the other end would, or to the other end.
func (h *Host) SendOpen(ref string, toOwner bool, text string) error {
	m := message{SocketEvent: abi.SocketEvent{Kind: abi.SocketText, Data: []byte(strings.ToValidUTF8(text, "\ufffd"))}}
	return h.withOpen(ref, func(e *end) {
		if toOwner {
			e.arrive(m)
		} else {
			e.send(m)
		}
	})
}

// CloseOpen closes an open socket: each side gets a Close as if the other had sent it.
func (h *Host) CloseOpen(ref string, code int, reason string) error {
	m := message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: code, Reason: reason, WasClean: true}}
	return h.withOpen(ref, func(e *end) {
		e.send(m)
		e.arrive(m)
	})
}
