package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/websocket"
)

// Room is an object that events reach: messages and ends of hibernating sockets, and alarms. What it knows of a socket is
// in the socket's attachment, and everything else in its database, so that it may leave memory at any time.
type Room struct {
	state *durables.State
}

var (
	roomClass = durables.Class("Room", newRoom)

	shout = durables.Method(roomClass, "shout", (*Room).shout)
	ring  = durables.Method(roomClass, "ring", (*Room).ring)
	look  = durables.Method(roomClass, "look", (*Room).look)

	roomsNS = roomClass.Namespace("ROOMS")

	// roomsBuilt counts the Rooms constructed.
	roomsBuilt atomic.Int64
)

func newRoom(ctx context.Context, state *durables.State) (*Room, error) {
	roomsBuilt.Add(1)
	_, err := state.Storage().SQL().Exec(ctx, `CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL)`)
	return &Room{state}, err
}

func (r *Room) add(ctx context.Context, name string) (int64, error) {
	return durables.One[int64](ctx, r.state.Storage().SQL(),
		`INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET n = n + 1 RETURNING n`, name)
}

func (r *Room) read(ctx context.Context, name string) (int64, error) {
	n, _, err := durables.First[int64](ctx, r.state.Storage().SQL(), `SELECT n FROM counters WHERE name = ?`, name)
	return n, err
}

// ServeHTTP lets a client in and tells it how many shouts there were.
func (r *Room) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx := req.Context()
	ws, err := r.state.UpgradeWebSocket(w, req, "all")
	if err != nil {
		panic(err)
	}
	shouts, err := r.read(ctx, "shouts")
	if err = errors.Join(err, ws.SerializeAttachment(ctx, 0), ws.SendText(ctx, fmt.Sprintf("hello %d", shouts))); err != nil {
		panic(err)
	}
}

// WebSocketMessage answers a message with the number that it has on its socket.
func (r *Room) WebSocketMessage(ctx context.Context, ws *durables.WebSocket, m durables.Message) error {
	if m.Text() == "bye" {
		return ws.Close(ctx, 4001, "bye")
	}
	n, err := websocket.Attachment[int](ctx, ws)
	if err != nil {
		return err
	}
	n++
	return errors.Join(ws.SerializeAttachment(ctx, n), ws.SendText(ctx, fmt.Sprintf("re %s %d", m.Text(), n)))
}

// WebSocketClose counts how sockets end, and answers those that ask to be closed.
func (r *Room) WebSocketClose(ctx context.Context, ws *durables.WebSocket, code int, reason string, wasClean bool) error {
	_, err := r.add(ctx, fmt.Sprintf("end %d", code))
	if wasClean && code == 1000 {
		err = errors.Join(err, ws.Close(ctx, code, reason))
	}
	return err
}

// shout tells every socket the number of the shout.
func (r *Room) shout(ctx context.Context, _ durables.None) (int64, error) {
	n, err := r.add(ctx, "shouts")
	if err != nil {
		return 0, err
	}
	_, err = r.state.Broadcast(ctx, websocket.TextMessage(fmt.Sprintf("shout %d", n)))
	return n, err
}

// ring has the alarm run at least n times more.
func (r *Room) ring(ctx context.Context, n int) (int64, error) {
	if err := r.state.Storage().Put(ctx, "rings", n); err != nil {
		return 0, err
	}
	return int64(n), r.state.Storage().SetAlarm(ctx, time.Now())
}

// Alarm implements durables.Alarmer. Its fifth run fails.
func (r *Room) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	var left int
	if _, err := r.state.Storage().Get(ctx, "rings", &left); err != nil {
		return err
	}
	rung, err := r.add(ctx, "rung")
	if err != nil {
		return err
	}
	if rung == 5 && !info.IsRetry {
		return errors.New("the fifth alarm fails once")
	}
	if left--; left <= 0 {
		return nil
	}
	if err := r.state.Storage().Put(ctx, "rings", left); err != nil {
		return err
	}
	return r.state.Storage().SetAlarm(ctx, time.Now().Add(time.Duration(1+rand.IntN(5))*time.Millisecond))
}

// Sight is what look sees of a Room.
type Sight struct {
	Sockets int              `json:"sockets"`
	Pending bool             `json:"pending"` // an alarm is set
	Counts  map[string]int64 `json:"counts"`
}

func (r *Room) look(ctx context.Context, _ durables.None) (Sight, error) {
	s := Sight{Counts: map[string]int64{}}
	sockets, err := r.state.GetWebSockets(ctx, "all")
	if err != nil {
		return s, err
	}
	s.Sockets = len(sockets)
	if _, s.Pending, err = r.state.Storage().GetAlarm(ctx); err != nil {
		return s, err
	}
	type counter struct {
		Name string
		N    int64
	}
	for row, err := range durables.Query[counter](ctx, r.state.Storage().SQL(), `SELECT name, n FROM counters`) {
		if err != nil {
			return s, err
		}
		s.Counts[row.Name] = row.N
	}
	return s, nil
}

// roomRoutes are what a client asks of rooms.
func roomRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /room/{name}/socket", func(w http.ResponseWriter, r *http.Request) {
		resp, err := roomsNS.GetByName(r.PathValue("name")).Fetch(r.Context(), r)
		if err != nil {
			reply(w, nil, err)
			return
		}
		conn, ok := websocket.FromResponse(resp)
		if !ok {
			reply(w, nil, errors.New(resp.Status))
			return
		}
		websocket.Respond(w, conn)
	})
	mux.HandleFunc("POST /room/{name}/{op}", func(w http.ResponseWriter, r *http.Request) {
		room := roomsNS.GetByName(r.PathValue("name"))
		var out any
		var err error
		switch r.PathValue("op") {
		case "shout":
			out, err = shout.Call(r.Context(), room, durables.None{})
		case "ring":
			n, _ := strconv.Atoi(r.URL.Query().Get("n"))
			out, err = ring.Call(r.Context(), room, n)
		case "look":
			out, err = look.Call(r.Context(), room, durables.None{})
		}
		reply(w, out, err)
	})
	mux.HandleFunc("GET /rooms/built", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(roomsBuilt.Load()) })
}
