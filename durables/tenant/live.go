package tenant

import (
	"context"
	"log/slog"
	"net/http"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
)

// Headers in which the Worker says who a socket belongs to. The object trusts them because only the Worker can reach it.
const (
	HeaderUser    = "Grove-User"
	HeaderSession = "Grove-Session"
)

// Close codes of Grove's sockets.
const (
	CloseRevoked   = 4401 // the session was revoked
	CloseForbidden = 4403 // the role is not there any more
)

// liveRole is the lowest role that has a dashboard. The Worker asks for it when one opens.
const liveRole = "editor"

// ServeHTTP accepts the dashboard's WebSocket. Who may have one was checked by the Worker.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if err := t.object.Prepare(ctx); err != nil {
		t.object.Log(ctx, slog.LevelError, "socket refused", "error", err)
		http.Error(w, "unavailable", http.StatusServiceUnavailable)
		return
	}
	who := live{r.Header.Get(HeaderUser), r.Header.Get(HeaderSession)}
	if who.UserID == "" || who.Session == "" {
		http.Error(w, "a socket needs a user and a session", http.StatusBadRequest)
		return
	}
	// Dashboards keep their connection alive without waking the object.
	if err := t.state.SetWebSocketAutoResponse(ctx, "ping", "pong"); err != nil {
		t.object.Log(ctx, slog.LevelWarn, "pings are not answered", "error", err)
	}
	ws, err := t.state.UpgradeWebSocket(w, r, tagLive, sessionTag(who.Session))
	if err != nil {
		return // the client has been answered
	}
	if err := ws.SerializeAttachment(ctx, who); err != nil {
		t.object.Log(ctx, slog.LevelError, "socket not labelled", "error", err)
		_ = ws.Close(ctx, 1011, "try again")
		return
	}
	if err := ws.SendText(ctx, t.liveMessage(ctx, "hello", analytics.Event{}).Text()); err != nil {
		t.object.Log(ctx, slog.LevelWarn, "socket not greeted", "error", err)
	}
}

func sessionTag(session string) string { return "s:" + session }

// WebSocketMessage ignores what dashboards say: they only listen.
func (t *Tenant) WebSocketMessage(context.Context, *durables.WebSocket, durables.Message) error {
	return nil
}

// WebSocketClose answers a client that leaves.
func (t *Tenant) WebSocketClose(ctx context.Context, ws *durables.WebSocket, _ int, _ string, clean bool) error {
	if !clean {
		return nil
	}
	return ws.Close(ctx, 1000, "")
}

// closeSession closes the sockets of a session that was revoked, and returns how many.
func (t *Tenant) closeSession(ctx context.Context, session string) (int, error) {
	sockets, err := t.state.GetWebSockets(ctx, sessionTag(session))
	for _, ws := range sockets {
		if failed := ws.Close(ctx, CloseRevoked, "signed out"); failed != nil {
			t.object.Log(ctx, slog.LevelWarn, "socket not closed", "error", failed)
		}
	}
	return len(sockets), err
}

func (t *Tenant) closeAll(ctx context.Context) {
	sockets, err := t.state.GetWebSockets(ctx)
	if err != nil {
		t.object.Log(ctx, slog.LevelWarn, "sockets not found", "error", err)
	}
	for _, ws := range sockets {
		_ = ws.Close(ctx, CloseForbidden, "the site is gone")
	}
}
