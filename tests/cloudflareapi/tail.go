package cloudflareapi

import (
	"net/http"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// startTail makes an address where the events of a Worker come as messages of a WebSocket.
func (s *Server) startTail(w http.ResponseWriter, r *http.Request, _ Request) {
	if s.worker(w, r) == nil {
		return
	}
	id := s.state.id()
	s.state.tails[id] = make(chan []byte, 16)
	ok(w, map[string]any{"id": id, "url": "ws" + strings.TrimPrefix(s.state.url, "http") + "/tail/" + id, "expires_at": "2099-01-01T00:00:00Z"})
}

// Tailed is closed when somebody tails.
func (s *Server) Tailed() <-chan struct{} { return s.state.tailed }

// Tail sends an event to everybody who tails.
func (s *Server) Tail(event string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.state.tails {
		t <- []byte(event)
	}
}

func (s *Server) serveTail(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	events := s.state.tails[strings.TrimPrefix(r.URL.Path, "/tail/")]
	s.mu.Unlock()
	if events == nil {
		http.NotFound(w, r)
		return
	}
	conn, _, _, err := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "trace-v1" }}.Upgrade(r, w)
	if err != nil {
		return
	}
	s.mu.Lock()
	select {
	case <-s.state.tailed:
	default:
		close(s.state.tailed)
	}
	s.mu.Unlock()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		for {
			if _, _, err := wsutil.ReadClientData(conn); err != nil {
				return
			}
		}
	}()
	defer conn.Close()
	for {
		select {
		case e := <-events:
			if wsutil.WriteServerText(conn, e) != nil {
				return
			}
		case <-closed:
			return
		}
	}
}
