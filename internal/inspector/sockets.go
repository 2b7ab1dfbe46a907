package inspector

import (
	"net/http"

	local "grove.place/lattice/local-runtime"
)

// socketView is an open WebSocket with what a page says of it.
type socketView struct {
	local.OpenSocket
	Worker string
}

// Attached is what the object has attached to it, or nil.
func (s socketView) Attached() any { return local.Attachment(s.Socket) }

// State says whether messages still come.
func (s socketView) State() string { return stateOf(s.Socket) }

func stateOf(s local.Socket) string {
	if s.ReadyState == 1 {
		return "open"
	}
	return "closing"
}

// Label is how a person knows the object that has the socket.
func (s socketView) Label() string {
	return ObjectSummary{ID: s.ID, Name: s.OpenSocket.Name}.Label()
}

const maxSockets = 100

func (i *Inspector) sockets(w http.ResponseWriter, r *http.Request) {
	var list []socketView
	problems := i.withAll(r, "", func(worker string, h *local.Host) error {
		for _, s := range h.OpenSockets() {
			list = append(list, socketView{s, worker})
		}
		return nil
	})
	i.render(w, r, "sockets", "WebSockets", "requests state", map[string]any{"Sockets": list[:min(len(list), maxSockets)], "Total": len(list), "Problems": problems})
}
