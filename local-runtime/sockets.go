package local

import "grove.place/lattice/local-runtime/internal/host"

// Socket is a WebSocket that an object accepted to hibernate.
type Socket = host.Socket

// Sockets lists the hibernating WebSockets of an object, the newest first. The object is named by its id or its name, and need not be in
// memory: looking does not wake it.
func (h *Host) Sockets(class, object string) ([]Socket, error) {
	return h.host.Load().Sockets(class, object)
}
