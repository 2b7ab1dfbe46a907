package post

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/websocket"
)

// Headers in which the Worker says who a socket belongs to; both are empty for somebody who is not signed in. The object trusts them because only the Worker
// can reach it.
const (
	HeaderUser    = "Grove-User"
	HeaderSession = "Grove-Session"
)

// Close codes of Grove's sockets.
const (
	CloseRevoked  = 4401 // the session was revoked
	CloseGone     = 4403 // the post is not published any more
	CloseTooFast  = 4429 // too many messages
	closeTooLarge = 1009
)

const (
	maxSockets  = 30_000 // of the post; the platform allows 32,768
	maxOwn      = 20     // of one user
	announceFor = time.Second

	tagUser   = "users"     // sockets of people who are signed in
	tagNobody = "anonymous" // the others
	tagAuthor = "author"    // sockets of the post's author
)

func userTag(userID string) string { return "u:" + userID }

func sessionTag(session string) string { return "s:" + session }

// viewer is what is attached to a socket. It survives hibernation.
type viewer struct {
	UserID  string  `json:"userId"`
	Session string  `json:"session"`
	Tokens  float64 `json:"tokens"`  // of the bucket that its messages are paid from
	At      int64   `json:"at"`      // ms: when they were counted
	Refused int     `json:"refused"` // messages in a row that were one too many
	Typed   int64   `json:"typed"`   // ms: when the others were last told that the user types
}

// viewer returns what is known of a socket.
func (p *Post) viewer(ctx context.Context, ws *durables.WebSocket) (*viewer, error) {
	if v := p.viewers[ws]; v != nil {
		return v, nil
	}
	v, err := websocket.Attachment[viewer](ctx, ws)
	if err != nil {
		return nil, err
	}
	p.viewers[ws] = &v
	return &v, nil
}

// ServeHTTP accepts a WebSocket of a reader. Where it comes from and whose it is was checked by the Worker.
func (p *Post) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	v := viewer{UserID: r.Header.Get(HeaderUser), Session: r.Header.Get(HeaderSession), Tokens: bucketSize, At: time.Now().UnixMilli()}
	if (v.UserID == "") != (v.Session == "") || v.UserID != "" && !ids.Valid(v.UserID) {
		http.Error(w, "a socket has a user and a session, or neither", http.StatusBadRequest)
		return
	}
	s, err := p.ready(ctx)
	switch {
	case err == nil && !s.open():
		http.Error(w, Explain(problemClosed), http.StatusNotFound)
		return
	case err == nil:
		err = p.state.SetWebSocketAutoResponse(ctx, "ping", "pong") // clients keep the connection alive without waking the object
	}
	var full bool
	if err == nil {
		full, err = p.full(ctx, v.UserID)
	}
	if err != nil {
		p.object.Log(ctx, slog.LevelError, "socket refused", "error", err)
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	if full {
		http.Error(w, "too many sockets are open", http.StatusTooManyRequests)
		return
	}
	p.welcome(w, r, s, v)
}

// full reports whether there are too many sockets, of all or of the user.
func (p *Post) full(ctx context.Context, userID string) (bool, error) {
	for tag, limit := range map[string]int{tagUser: maxSockets / 2, tagNobody: maxSockets / 2, userTag(userID): maxOwn} {
		if userID == "" && (tag == userTag(userID) || tag == tagUser) || userID != "" && tag == tagNobody {
			continue
		}
		open, err := p.state.GetWebSockets(ctx, tag)
		if err != nil || len(open) >= limit {
			return true, err
		}
	}
	return false, nil
}

func (p *Post) welcome(w http.ResponseWriter, r *http.Request, s settings, v viewer) {
	ctx := r.Context()
	tags := []string{tagNobody}
	if v.UserID != "" {
		tags = []string{tagUser, userTag(v.UserID), sessionTag(v.Session)}
		if v.UserID == s.AuthorID {
			tags = append(tags, tagAuthor)
		}
	}
	ws, err := p.state.UpgradeWebSocket(w, r, tags...)
	if err != nil {
		return // the client has been answered
	}
	if err := ws.SerializeAttachment(ctx, v); err != nil {
		p.object.Log(ctx, slog.LevelError, "socket not labelled", "error", err)
		_ = ws.Close(ctx, 1011, "try again")
		return
	}
	p.viewers[ws] = &v
	hello, err := p.hello(ctx, s, v.UserID)
	if err == nil {
		err = ws.SendJSON(ctx, hello)
	}
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "socket not greeted", "error", err)
	}
	p.presenceChanged(ctx)
}

func (p *Post) hello(ctx context.Context, s settings, userID string) (m Message, err error) {
	m.Type, m.UserID, m.Author, m.Comments = "hello", userID, userID != "" && userID == s.AuthorID, &s.Enabled
	if m.Seq, err = p.mark(ctx, markSeq); err != nil {
		return m, err
	}
	reactions, err := p.reactionsFor(ctx, s, userID)
	if err != nil {
		return m, err
	}
	m.Reactions = &reactions
	n, _, err := p.present(ctx)
	m.Count = ptr(int64(n))
	return m, err
}

// WebSocketClose answers a client that leaves.
func (p *Post) WebSocketClose(ctx context.Context, ws *durables.WebSocket, _ int, _ string, clean bool) error {
	p.left(ctx, ws)
	if !clean {
		return nil
	}
	return ws.Close(ctx, 1000, "")
}

// WebSocketError forgets a socket that broke.
func (p *Post) WebSocketError(ctx context.Context, ws *durables.WebSocket, _ error) error {
	p.left(ctx, ws)
	return nil
}

func (p *Post) left(ctx context.Context, ws *durables.WebSocket) {
	p.leaving[ws] = true
	delete(p.viewers, ws)
	p.presenceChanged(ctx)
}

// Presence is who looks at the post. Viewers are told to the post's author only.
type Presence struct {
	Count   int      `json:"count"`
	Viewers []string `json:"viewers,omitempty"` // ids of those who are signed in
}

// getPresence counts those who look at the post: everybody who is signed in once, the others by their sockets.
func (p *Post) getPresence(ctx context.Context, userID string) (Presence, error) {
	s, err := p.ready(ctx)
	if err != nil || !s.open() {
		return Presence{}, err
	}
	n, users, err := p.present(ctx)
	out := Presence{Count: n}
	if userID != "" && userID == s.AuthorID {
		out.Viewers = users
	}
	return out, err
}

// present counts from the open sockets: there is no record of it that could be wrong.
func (p *Post) present(ctx context.Context) (int, []string, error) {
	anonymous, err := p.state.GetWebSockets(ctx, tagNobody)
	if err != nil {
		return 0, nil, err
	}
	signedIn, err := p.state.GetWebSockets(ctx, tagUser)
	if err != nil {
		return 0, nil, err
	}
	still := map[*durables.WebSocket]bool{}
	n := 0
	for _, ws := range anonymous {
		if p.leaving[ws] {
			still[ws] = true
			continue
		}
		n++
	}
	users := []string{}
	seen := map[string]bool{}
	for _, ws := range signedIn {
		if p.leaving[ws] {
			still[ws] = true
			continue
		}
		v, err := p.viewer(ctx, ws)
		if err != nil {
			return 0, nil, err
		}
		if v.UserID != "" && !seen[v.UserID] {
			seen[v.UserID] = true
			users = append(users, v.UserID)
		}
	}
	p.leaving = still
	slices.Sort(users)
	return n + len(users), users, nil
}

// presenceChanged tells everybody how many are there: at once, and then no more often than announceFor allows.
func (p *Post) presenceChanged(ctx context.Context) {
	if p.announcing {
		return
	}
	wait := announceFor - time.Since(p.announced)
	if wait <= 0 {
		p.announce(ctx)
		return
	}
	p.announcing = true
	p.state.WaitUntil(ctx, func(ctx context.Context) error {
		time.Sleep(wait)
		p.announcing = false
		p.announce(ctx)
		return nil
	})
}

func (p *Post) announce(ctx context.Context) {
	p.announced = time.Now()
	n, _, err := p.present(ctx)
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "viewers not counted", "error", err)
		return
	}
	if n == p.shown {
		return
	}
	p.shown = n
	p.broadcast(ctx, Message{Type: "presence", Count: ptr(int64(n))})
}

// broadcast sends a message to all sockets, or to those with a tag.
func (p *Post) broadcast(ctx context.Context, m Message, tag ...string) {
	text, err := json.Marshal(m)
	if err == nil {
		_, err = p.state.Broadcast(ctx, durables.Message{Data: text}, tag...)
	}
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "sockets not told", "message", m.Type, "error", err)
	}
}

// showReaction tells those who may know of it: the user's own sockets, and those who see counts.
func (p *Post) showReaction(ctx context.Context, s settings, r Reaction, seq int64) {
	p.broadcast(ctx, Message{Type: "reaction", ReactionType: r.Type, Mine: &r.On, Seq: seq}, userTag(r.UserID))
	n, err := p.count(ctx, r.Type)
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "reactions not counted", "error", err)
		return
	}
	m := Message{Type: "reaction", ReactionType: r.Type, Count: &n, Seq: seq}
	if s.Counts == "everyone" {
		p.broadcast(ctx, m)
	} else {
		p.broadcast(ctx, m, tagAuthor)
	}
}

// showComment tells those who may see a comment of its new state, and the others that it is gone. before is the status that it had, "" for a new one.
func (p *Post) showComment(ctx context.Context, c comment, name, before string) {
	shown := c.shown(name)
	switch {
	case c.Status == Visible && before == Visible:
		p.broadcast(ctx, Message{Type: "comment_edited", Comment: &shown, Seq: c.Seq})
	case c.Status == Visible:
		p.broadcast(ctx, Message{Type: "comment", Comment: &shown, Seq: c.Seq})
	default:
		if before == Visible || before == Pending && c.Status != Pending {
			p.broadcast(ctx, Message{Type: "comment_deleted", CommentID: c.ID, Seq: c.Seq})
		}
		if c.Status == Pending {
			p.broadcast(ctx, Message{Type: "comment", Comment: &shown, Seq: c.Seq}, userTag(c.UserID))
		}
	}
}

// closeSession closes the sockets of a session that was revoked, and returns how many.
func (p *Post) closeSession(ctx context.Context, session string) (int, error) {
	sockets, err := p.state.GetWebSockets(ctx, sessionTag(session))
	p.close(ctx, sockets, CloseRevoked, "signed out")
	return len(sockets), err
}

func (p *Post) closeAll(ctx context.Context, reason string) {
	sockets, err := p.state.GetWebSockets(ctx)
	if err != nil {
		p.object.Log(ctx, slog.LevelWarn, "sockets not found", "error", err)
	}
	p.close(ctx, sockets, CloseGone, reason)
}

func (p *Post) close(ctx context.Context, sockets []*durables.WebSocket, code int, reason string) {
	for _, ws := range sockets {
		if err := ws.Close(ctx, code, reason); err != nil {
			p.object.Log(ctx, slog.LevelWarn, "socket not closed", "error", err)
		}
		p.leaving[ws] = true
		delete(p.viewers, ws)
	}
	if len(sockets) > 0 {
		p.presenceChanged(ctx)
	}
}

func ptr[V any](v V) *V { return &v }
