package notification

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"grove.place/lattice/durables"
)

// Headers in which the Worker says who a socket belongs to. The object trusts them because only the Worker can reach it.
const (
	HeaderUser    = "Grove-User"
	HeaderSession = "Grove-Session"
)

// Close codes of Grove's sockets.
const (
	CloseRevoked = 4401 // the session was revoked
	CloseGone    = 4403 // the account is gone
)

// maxSockets is how many sockets a user may have open: tabs on all devices.
const maxSockets = 100

const tagBell = "bell"

func sessionTag(session string) string { return "s:" + session }

// listener is what is attached to a socket.
type listener struct {
	UserID  string `json:"userId"`
	Session string `json:"session"`
}

// LiveMessage is what a socket gets: "hello" when it opens, "unread" when the count has changed.
type LiveMessage struct {
	Type   string `json:"type"`
	Unread int64  `json:"unread"`
}

// ServeHTTP accepts a WebSocket of the object's user. Who may have one was checked by the Worker; whose it is, is checked again.
func (n *Notifications) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	who := listener{r.Header.Get(HeaderUser), r.Header.Get(HeaderSession)}
	if who.UserID != n.userID || who.Session == "" {
		http.Error(w, "a socket needs the object's user and a session", http.StatusForbidden)
		return
	}
	if err := n.prepare(ctx); err != nil {
		n.object.Log(ctx, slog.LevelError, "socket refused", "error", err)
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	open, err := n.state.GetWebSockets(ctx, tagBell)
	if err == nil && len(open) >= maxSockets {
		http.Error(w, "too many sockets are open", http.StatusTooManyRequests)
		return
	}
	unread, err := n.unread(ctx)
	if err == nil {
		// Clients keep the connection alive without waking the object.
		err = n.state.SetWebSocketAutoResponse(ctx, "ping", "pong")
	}
	if err != nil {
		n.object.Log(ctx, slog.LevelError, "socket refused", "error", err)
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	ws, err := n.state.UpgradeWebSocket(w, r, tagBell, sessionTag(who.Session))
	if err != nil {
		return // the client has been answered
	}
	if err := ws.SerializeAttachment(ctx, who); err != nil {
		n.object.Log(ctx, slog.LevelError, "socket not labelled", "error", err)
		_ = ws.Close(ctx, 1011, "try again")
		return
	}
	if err := ws.SendJSON(ctx, LiveMessage{"hello", unread}); err != nil {
		n.object.Log(ctx, slog.LevelWarn, "socket not greeted", "error", err)
	}
}

// WebSocketMessage ignores what clients say: they only listen.
func (n *Notifications) WebSocketMessage(context.Context, *durables.WebSocket, durables.Message) error {
	return nil
}

// WebSocketClose answers a client that leaves.
func (n *Notifications) WebSocketClose(ctx context.Context, ws *durables.WebSocket, _ int, _ string, clean bool) error {
	if !clean {
		return nil
	}
	return ws.Close(ctx, 1000, "")
}

// tellSockets sends the unread count, if it has changed. What was sent is not known after an eviction; then it is sent again.
func (n *Notifications) tellSockets(ctx context.Context) error {
	unread, err := n.unread(ctx)
	if err != nil || unread == n.shown {
		return err
	}
	n.shown = unread
	text, err := json.Marshal(LiveMessage{"unread", unread})
	if err != nil {
		return err
	}
	if _, err := n.state.Broadcast(ctx, durables.Message{Data: text}, tagBell); err != nil {
		n.object.Log(ctx, slog.LevelWarn, "sockets not told", "error", err)
	}
	return nil
}

// closeSession closes the sockets of a session that was revoked, and returns how many.
func (n *Notifications) closeSession(ctx context.Context, session string) (int, error) {
	sockets, err := n.state.GetWebSockets(ctx, sessionTag(session))
	for _, ws := range sockets {
		if failed := ws.Close(ctx, CloseRevoked, "signed out"); failed != nil {
			n.object.Log(ctx, slog.LevelWarn, "socket not closed", "error", failed)
		}
	}
	return len(sockets), err
}

func (n *Notifications) closeAll(ctx context.Context) {
	sockets, err := n.state.GetWebSockets(ctx)
	if err != nil {
		n.object.Log(ctx, slog.LevelWarn, "sockets not found", "error", err)
	}
	for _, ws := range sockets {
		_ = ws.Close(ctx, CloseGone, "the account is gone")
	}
}
