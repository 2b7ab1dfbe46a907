package host

import (
	"slices"

	"grove.place/lattice/internal/abi"
)

// Socket describes a hibernating WebSocket of an object for the control API.
type Socket struct {
	Number     uint64 // among those of the object, for SendSocket and CloseSocket
	Tags       []string
	ReadyState int       // as in JavaScript: 1 open, 2 closing
	Hibernates bool      // its object is not in memory
	Attachment abi.Value // nil: none
}

// Sockets lists an object's hibernating sockets, the newest first.
func (h *Host) Sockets(class, object string) ([]Socket, error) {
	k, err := h.locate(class, object)
	if err != nil {
		return nil, err
	}
	if h.runsPrograms() {
		return h.scriptedSocketList(k), nil
	}
	var list []Socket
	s := h.isolateOf(k)
	s.do(func() {
		g := s.groups[k]
		if g == nil {
			return
		}
		for _, socket := range g.list(nil) {
			one := Socket{Number: socket.hibernates.serial, Tags: socket.hibernates.tags, ReadyState: int(socket.readyState()), Hibernates: s.objects[k] == nil}
			if socket.attachment != nil {
				one.Attachment = abi.NewReader(socket.attachment).Value()
			}
			list = append(list, one)
		}
	})
	return list, nil
}

// scriptedSocketList is Sockets for an object whose class is JavaScript.
func (h *Host) scriptedSocketList(k key) (list []Socket) {
	h.withScripted(k, func(o *scripted) {
		for _, socket := range slices.Backward(o.sockets.all) {
			list = append(list, socket.describe(o))
		}
	})
	return list
}

func (k *hibernatingSocket) describe(o *scripted) Socket {
	state := readyOpen
	if k.closed || k.ended {
		state = readyClosing
	}
	return Socket{Number: uint64(k.number), Tags: k.tags, ReadyState: state, Hibernates: o.program == nil, Attachment: k.attachment}
}

func (h *Host) withScripted(k key, f func(*scripted)) {
	h.mu.Lock()
	o := h.scripted[k]
	h.mu.Unlock()
	if o != nil {
		o.loop.do(func() { f(o) })
	}
}

// SendSocket sends a text through a hibernating socket: to its object, as the client would, or to the client, as the object would.
func (h *Host) SendSocket(class, object string, number uint64, toObject bool, text string) error {
	m := message{SocketEvent: abi.SocketEvent{Kind: abi.SocketText, Data: []byte(text)}}
	return h.withSocket(class, object, number, func(e *end) {
		if toObject {
			e.arrive(m)
		} else {
			e.send(m)
		}
	})
}

// CloseSocket closes a hibernating socket: the object gets a Close as if the client had sent it, and the client as if the object had.
func (h *Host) CloseSocket(class, object string, number uint64, code int, reason string) error {
	m := message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: code, Reason: reason, WasClean: true}}
	return h.withSocket(class, object, number, func(e *end) {
		e.send(m)
		e.arrive(m)
	})
}

func (h *Host) withSocket(class, object string, number uint64, f func(*end)) error {
	k, err := h.locate(class, object)
	if err != nil {
		return err
	}
	found := false
	if h.runsPrograms() {
		h.withScripted(k, func(o *scripted) {
			if socket := o.sockets.tagged[int64(number)]; socket != nil && !socket.ended {
				found = true
				f(socket.end)
			}
		})
	} else {
		s := h.isolateOf(k)
		s.do(func() {
			g := s.groups[k]
			if g == nil {
				return
			}
			for _, socket := range g.all {
				if socket.hibernates.serial == number && !socket.hibernates.ended {
					found = true
					f(socket.end)
				}
			}
		})
	}
	if !found {
		return abi.Errorf("the WebSocket has gone")
	}
	return nil
}

// DropSockets disconnects the hibernating WebSockets of an object, as a network that fails does: both ends learn of it, neither said so.
func (h *Host) DropSockets(class, object string) (n int, err error) {
	k, err := h.locate(class, object)
	if err != nil {
		return 0, err
	}
	s := h.isolateOf(k)
	ran := s.do(func() {
		g := s.groups[k]
		if g == nil {
			return
		}
		for _, socket := range g.list(nil) {
			socket.end.other.arrive(message{SocketEvent: disconnected})
			socket.end.arrive(message{SocketEvent: disconnected})
			n++
		}
	})
	if !ran {
		return 0, errClosed
	}
	return n, nil
}
