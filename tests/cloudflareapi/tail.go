package cloudflareapi

import (
	"cmp"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
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
	ok(w, map[string]any{"id": id, "url": "ws" + strings.TrimPrefix(s.state.url, "http") + "/tail/" + id, "expires_at": cmp.Or(s.state.expires, "2099-01-01T00:00:00Z")})
	s.state.expires = ""
}

func (s *Server) stopTail(w http.ResponseWriter, r *http.Request, _ Request) {
	delete(s.state.tails, r.PathValue("id"))
	ok(w, nil)
}

// ExpireTail says when the next tail expires, as RFC 3339 has it.
func (s *Server) ExpireTail(at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.expires = at
}

// CutTails ends the connections of those who tail, without a word, and makes Tailed wait for the next.
func (s *Server) CutTails() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.state.tails {
		close(t)
		delete(s.state.tails, id)
	}
	s.state.tailed, s.state.listeners = make(chan struct{}), 0
}

// AwaitTail returns when so many connections of tails were made since CutTails.
func (s *Server) AwaitTail(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.state.listeners < n {
		s.heard.Wait()
	}
}

// content answers with the modules of a version.
func (s *Server) content(w http.ResponseWriter, r *http.Request, _ Request) {
	worker := s.worker(w, r)
	if worker == nil {
		return
	}
	for _, v := range worker.Versions {
		if v.ID == r.FormValue("version") {
			form := multipart.NewWriter(w)
			w.Header().Set("Content-Type", form.FormDataContentType())
			for _, m := range v.Modules {
				part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + m.Name + `"; filename="` + m.Name + `"`}, "Content-Type": {m.Type}})
				if err == nil {
					_, _ = part.Write(m.Content)
				}
			}
			form.Close()
			return
		}
	}
	fail(w, http.StatusNotFound, 10007, "There is no such version")
}

// Tailed is closed when somebody tails.
func (s *Server) Tailed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.tailed
}

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
	s.state.listeners++
	select {
	case <-s.state.tailed:
	default:
		close(s.state.tailed)
	}
	s.heard.Broadcast()
	s.mu.Unlock()
	pings, closed := make(chan ws.Frame), make(chan struct{})
	done := r.Context().Done()
	go func() {
		defer close(closed)
		readTail(conn, pings, done)
	}()
	defer conn.Close()
	for {
		select {
		case e, open := <-events:
			if !open || wsutil.WriteServerText(conn, e) != nil {
				return
			}
		case ping := <-pings:
			if ws.WriteFrame(conn, ws.NewPongFrame(ping.Payload)) != nil {
				return
			}
		case <-closed:
			return
		}
	}
}

// readTail hands on pings until the client is gone. Frames need no mask: wrangler sends its first without one, and Cloudflare takes it.
func readTail(conn net.Conn, pings chan<- ws.Frame, done <-chan struct{}) {
	for {
		header, err := ws.ReadHeader(conn)
		if err != nil || header.OpCode == ws.OpClose || header.Length > 1<<20 {
			return
		}
		payload := make([]byte, header.Length)
		if _, err := io.ReadFull(conn, payload); err != nil {
			return
		}
		if header.OpCode != ws.OpPing {
			continue
		}
		if header.Masked {
			ws.Cipher(payload, header.Mask, 0)
		}
		select {
		case pings <- ws.NewPingFrame(payload):
		case <-done:
			return
		}
	}
}
