// Command app is a Worker with a bit of everything that the inspector shows.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
	"grove.place/lattice/workers/websocket"
)

// Room has notes, settings, an alarm and WebSockets.
type Room struct{ state *durables.State }

var (
	class = durables.Class("Room", newRoom)
	rooms = class.Namespace("ROOMS")
	fill  = durables.Method(class, "fill", (*Room).fill)
	db    = d1.Database("DB")
	cache = kv.Namespace("CACHE")
	files = r2.Bucket("FILES")
	hold  = durables.Method(class, "hold", (*Room).hold)
	mail  = queues.Producer("MAIL")
)

func newRoom(ctx context.Context, state *durables.State) (*Room, error) {
	_, err := state.Storage().SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS notes (n INTEGER PRIMARY KEY, text TEXT)")
	return &Room{state}, err
}

func (r *Room) fill(ctx context.Context, notes int) (durables.None, error) {
	s := r.state.Storage()
	for n := range notes {
		if _, err := s.SQL().Exec(ctx, "INSERT OR REPLACE INTO notes VALUES (?, ?)", n+1, fmt.Sprintf("note <%d>", n+1)); err != nil {
			return durables.None{}, err
		}
	}
	slog.InfoContext(ctx, "filled", "notes", notes)
	if err := s.Put(ctx, "settings", map[string]any{"colour": "green", "since": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, s.SetAlarm(ctx, time.Now().Add(time.Hour))
}

// hold lets nobody else in for ten seconds.
func (r *Room) hold(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, r.state.BlockConcurrencyWhile(ctx, func(ctx context.Context) error {
		time.Sleep(10 * time.Second)
		return nil
	})
}

// Alarm implements durables.Alarmer.
func (r *Room) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	slog.InfoContext(ctx, "the alarm rang")
	return r.state.Storage().Put(ctx, "rang", true)
}

// ServeHTTP accepts WebSockets: ordinary ones, which echo, and others.
func (r *Room) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasPrefix(req.URL.Path, "/plain/") {
		echo(w, req)
		return
	}
	ws, err := r.state.UpgradeWebSocket(w, req, "visitor")
	if err == nil {
		ws.SerializeAttachment(req.Context(), map[string]any{"nick": "ada"})
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Upgrade(w, r)
	if err != nil {
		return
	}
	for m, err := range ws.Messages(r.Context()) {
		if err != nil || ws.SendText(r.Context(), "echo "+m.Text()) != nil {
			return
		}
	}
}

// stock puts something into each store, with what a page must not take for markup.
func stock(ctx context.Context) error {
	if _, err := db.Batch(ctx, db.Prepare("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, photo BLOB)"), db.Prepare("CREATE VIEW names AS SELECT name FROM users"),
		db.Prepare("INSERT INTO users (name, photo) VALUES ('ada', x'00ff'), ('<script>alert(1)</script>', NULL)")); err != nil {
		return err
	}
	_, err := files.Put(ctx, "pages/<b>.html", strings.NewReader("<script>alert(1)</script>"), &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: "text/html"}})
	return errors.Join(err, cache.Put(ctx, "user:ada", "first\x1b[31m", &kv.PutOptions{ExpirationTTL: time.Hour, Metadata: map[string]string{"by": "test"}}),
		cache.Put(ctx, "big", strings.Repeat("long ", 50_000), nil), cache.Put(ctx, "0", []byte{0, 255}, nil))
}

// WebSocketMessage notes what it hears.
func (r *Room) WebSocketMessage(ctx context.Context, ws *durables.WebSocket, m durables.Message) error {
	return r.state.Storage().Put(ctx, "heard", m.Text())
}

// WebSocketClose notes that a visitor left.
func (r *Room) WebSocketClose(ctx context.Context, ws *durables.WebSocket, code int, reason string, _ bool) error {
	return r.state.Storage().Put(ctx, "left", code)
}

func consume(ctx context.Context, batch *queues.Batch) error {
	for _, m := range batch.Messages {
		if (m.Body() == "bad" || m.Body() == "worse") && mood == "cross" {
			return errors.New("not that one")
		}
	}
	slog.InfoContext(ctx, "consumed", "messages", len(batch.Messages))
	return nil
}

// mood makes the consumer fail; one isolate runs.
var mood = "cross"

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /fill/{room}", func(w http.ResponseWriter, r *http.Request) {
		if _, err := fill.Call(r.Context(), rooms.GetByName(r.PathValue("room")), 120); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /hold/{room}", func(w http.ResponseWriter, r *http.Request) {
		if _, err := hold.Call(r.Context(), rooms.GetByName(r.PathValue("room")), durables.None{}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /mail/{text}", func(w http.ResponseWriter, r *http.Request) {
		if err := mail.Send(r.Context(), r.PathValue("text")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /stock", func(w http.ResponseWriter, r *http.Request) {
		if err := stock(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /echo", echo)
	mux.HandleFunc("POST /cheer", func(http.ResponseWriter, *http.Request) { mood = "well" })
	live := func(w http.ResponseWriter, r *http.Request) {
		resp, err := rooms.GetByName(r.PathValue("room")).Fetch(r.Context(), r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		if ws, ok := websocket.FromResponse(resp); ok {
			websocket.Respond(w, ws)
		}
	}
	mux.HandleFunc("GET /live/{room}", live)
	mux.HandleFunc("GET /plain/{room}", live)
	workers.Run(workers.Worker{Fetch: mux, Queue: consume, Scheduled: func(ctx context.Context, e workers.ScheduledEvent) error {
		slog.WarnContext(ctx, "scheduled for "+e.Cron)
		return nil
	}})
}
