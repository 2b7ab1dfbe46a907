package local

import "grove.place/lattice/local-runtime/internal/host"

// Socket is a WebSocket that an object accepted to hibernate:
//
//	Number     uint64   // among those of the object, for SendSocket and CloseSocket
//	Tags       []string
//	ReadyState int      // as in JavaScript: 1 open, 2 closing
//	Hibernates bool     // its object is not in memory
//
// Attachment is what the object has attached; the function of that name returns it as Go data.
type Socket = host.Socket

// Sockets lists the hibernating WebSockets of an object, the newest first. The object is named by its id or its name, and need not be in
// memory: looking does not wake it.
func (h *Host) Sockets(class, object string) ([]Socket, error) {
	return h.current().Sockets(class, object)
}

// DropSockets disconnects the hibernating WebSockets of an object, as a network that fails does, and returns how many there were: the object and
// the clients learn of it without a Close frame (1006).
func (h *Host) DropSockets(class, object string) (int, error) {
	return h.current().DropSockets(class, object)
}
