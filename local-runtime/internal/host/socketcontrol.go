package host

// Socket describes a hibernating WebSocket of an object for the control API.
type Socket struct {
	Tags       []string
	ReadyState int  // as in JavaScript: 1 open, 2 closing
	Hibernates bool // its object is not in memory
}

// Sockets lists an object's hibernating sockets, the newest first.
func (h *Host) Sockets(class, object string) ([]Socket, error) {
	k, err := h.locate(class, object)
	if err != nil {
		return nil, err
	}
	var list []Socket
	s := h.isolateOf(k)
	s.do(func() {
		g := s.groups[k]
		if g == nil {
			return
		}
		for _, socket := range g.list(nil) {
			list = append(list, Socket{socket.hibernates.tags, int(socket.readyState()), s.objects[k] == nil})
		}
	})
	return list, nil
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
