package inspector

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// pause is how often a page hears of changes at most.
const pause = 300 * time.Millisecond

// live tells open pages what kind of thing has changed; they ask for it anew. Without pages it does nothing.
type live struct {
	inspector *Inspector

	mu    sync.Mutex
	pages map[*page]bool
	over  bool
}

// page is an open page.
type page struct {
	conn  net.Conn
	kinds map[string]bool // that changed since the last message
	wake  chan struct{}
}

// Changed tells open pages that something about the Workers has changed of which no event tells.
func (i *Inspector) Changed() { i.live.changed("state") }

// changed notes that something of a kind has changed: requests, logs or state.
func (l *live) changed(kind string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for p := range l.pages {
		p.kinds[kind] = true
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

func (l *live) serve(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		http.Error(w, "this address is for WebSockets", http.StatusUpgradeRequired)
		return
	}
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return // it has been answered
	}
	p := &page{conn: conn, kinds: map[string]bool{}, wake: make(chan struct{}, 1)}
	if !l.enter(p) {
		conn.Close()
		return
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if _, _, err := wsutil.ReadClientData(conn); err != nil {
				return
			}
		}
	}()
	go l.tell(p, gone)
}

func (l *live) enter(p *page) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	if l.pages == nil {
		l.pages = map[*page]bool{}
	}
	l.pages[p] = true
	return true
}

// tell sends a page the kinds that have changed, until it has gone.
func (l *live) tell(p *page, gone <-chan struct{}) {
	defer p.conn.Close()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.pages, p)
	}()
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-p.wake:
		case <-gone:
			return
		}
		l.mu.Lock()
		var kinds []string
		for kind := range p.kinds {
			kinds = append(kinds, kind)
		}
		clear(p.kinds)
		l.mu.Unlock()
		p.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
		if len(kinds) > 0 && wsutil.WriteServerText(p.conn, []byte(strings.Join(kinds, " "))) != nil {
			return
		}
		select {
		case <-tick.C:
		case <-gone:
			return
		}
	}
}

// end closes all pages' connections.
func (l *live) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	for p := range l.pages {
		p.conn.Close()
	}
}
