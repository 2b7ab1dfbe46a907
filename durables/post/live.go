package post

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
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
	maxSockets = 30_000 // of the post; the platform allows 32,768
	maxOwn     = 20     // of one user

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
	c, err := p.present(ctx)
	if err != nil {
		return false, err
	}
	return len(p.viewers) >= maxSockets || c.count() >= maxSockets || userID != "" && c.sockets[userID] >= maxOwn, nil
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
	p.came(ws, &v)
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
	c, err := p.present(ctx)
	if err == nil {
		m.Count = ptr(int64(c.count()))
	}
	return m, err
}

// WebSocketClose answers a client that leaves.
func (p *Post) WebSocketClose(ctx context.Context, ws *durables.WebSocket, _ int, _ string, clean bool) error {
	p.left(ctx, ws)
	p.presenceChanged(ctx)
	if !clean {
		return nil
	}
	return ws.Close(ctx, 1000, "")
}

// WebSocketError forgets a socket that broke.
func (p *Post) WebSocketError(ctx context.Context, ws *durables.WebSocket, _ error) error {
	p.left(ctx, ws)
	p.presenceChanged(ctx)
	return nil
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
		p.left(ctx, ws)
	}
	if len(sockets) > 0 {
		p.presenceChanged(ctx)
	}
}

func ptr[V any](v V) *V { return &v }
