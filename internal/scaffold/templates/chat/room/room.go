// Package room is a Durable Object class for chat rooms. Its WebSockets hibernate: they stay open while the room leaves memory, and a room in which
// nobody speaks costs nothing.
package room

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/websocket"
)

// Kept is how many messages a room shows to those who come later.
const Kept = 50

// Message is what members see.
type Message struct {
	From string    `json:"from"`
	Text string    `json:"text"`
	Sent time.Time `json:"sent"`
}

// Room is one object: there is one for each name.
type Room struct {
	state *durables.State
	sql   *durables.SQL
}

// What others use. Importing this package exports the class.
var (
	Class = durables.Class("Room", newRoom)
	Rooms = Class.Namespace("ROOMS")
)

func newRoom(ctx context.Context, state *durables.State) (*Room, error) {
	r := &Room{state, state.Storage().SQL()}
	if _, err := r.sql.Exec(ctx, `CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, "from" TEXT, text TEXT, sent INTEGER)`); err != nil {
		return nil, err
	}
	return r, state.SetWebSocketAutoResponse(ctx, "ping", "pong") // answered without waking the room
}

// Join is the Worker's half: it hands the request to the room, and the room's WebSocket to the client.
func Join(w http.ResponseWriter, q *http.Request) {
	resp, err := Rooms.GetByName(q.PathValue("room")).Fetch(q.Context(), q)
	if err != nil {
		slog.ErrorContext(q.Context(), "the room cannot be reached", "err", err)
		http.Error(w, "the room cannot be reached", http.StatusServiceUnavailable)
		return
	}
	defer resp.Body.Close()
	ws, ok := websocket.FromResponse(resp)
	if !ok {
		http.Error(w, "a room takes WebSockets with ?name=", resp.StatusCode)
		return
	}
	_ = websocket.Respond(w, ws)
}

// ServeHTTP lets a member in, and shows what has been said.
func (r *Room) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	name := strings.TrimSpace(q.FormValue("name"))
	if name == "" || utf8.RuneCountInString(name) > 40 {
		http.Error(w, "a name has 1 to 40 characters", http.StatusBadRequest)
		return
	}
	ws, err := r.state.UpgradeWebSocket(w, q)
	if err != nil {
		return // answered already: the request asks for no WebSocket
	}
	ctx := q.Context()
	if err := ws.SerializeAttachment(ctx, name); err != nil { // stays with the socket while the room is out of memory
		return
	}
	for m, err := range durables.Query[Message](ctx, r.sql, `SELECT "from", text, sent FROM messages ORDER BY id`) {
		if err != nil || ws.SendJSON(ctx, m) != nil {
			return
		}
	}
}

// WebSocketMessage passes what a member says on to everyone.
func (r *Room) WebSocketMessage(ctx context.Context, ws *durables.WebSocket, said durables.Message) error {
	text := strings.TrimSpace(said.Text())
	if text == "" || utf8.RuneCountInString(text) > 2000 {
		return nil
	}
	name, err := websocket.Attachment[string](ctx, ws)
	if err != nil {
		return err
	}
	m := Message{From: name, Text: text, Sent: time.Now()}
	if _, err := r.sql.Exec(ctx, `INSERT INTO messages ("from", text, sent) VALUES (?, ?, ?)`, m.From, m.Text, m.Sent); err != nil {
		return err
	}
	if _, err := r.sql.Exec(ctx, "DELETE FROM messages WHERE id <= (SELECT max(id) FROM messages) - ?", Kept); err != nil {
		return err
	}
	members, err := r.state.GetWebSockets(ctx)
	if err != nil {
		return err
	}
	for _, member := range members {
		_ = member.SendJSON(ctx, m) // one that has just gone is not there to hear it
	}
	return nil
}

// WebSocketClose answers a member's good-bye.
func (r *Room) WebSocketClose(ctx context.Context, ws *durables.WebSocket, _ int, _ string, wasClean bool) error {
	if !wasClean {
		return nil
	}
	return ws.Close(ctx, 1000, "")
}
