package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/websocket"
)

// Room is an object to which things happen beside calls: alarms, and messages of hibernating sockets.
type Room struct {
	state *durables.State
	left  int           // alarms to come
	rung  chan struct{} // closed after the last
}

var (
	roomClass = durables.Class("Room", func(_ context.Context, state *durables.State) (*Room, error) { return &Room{state: state}, nil })

	visit  = durables.Method(roomClass, "visit", (*Room).visit)
	alarms = durables.Method(roomClass, "alarms", (*Room).alarms)
	hold   = durables.Method(roomClass, "hold", (*Room).hold)

	rooms = roomClass.Namespace("ROOMS")
)

func (r *Room) visit(context.Context, durables.None) (int, error) { return 1, nil }

// alarms has n alarms run, each set by the one before, and returns when the last has.
func (r *Room) alarms(ctx context.Context, n int) (int, error) {
	r.left, r.rung = n, make(chan struct{})
	if err := r.state.Storage().SetAlarm(ctx, time.Now()); err != nil {
		return 0, err
	}
	select {
	case <-r.rung:
		return n, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// Alarm implements durables.Alarmer.
func (r *Room) Alarm(ctx context.Context, _ durables.AlarmInfo) error {
	if r.left--; r.left > 0 {
		return r.state.Storage().SetAlarm(ctx, time.Now())
	}
	close(r.rung)
	return nil
}

// ServeHTTP lets a client in.
func (r *Room) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if _, err := r.state.UpgradeWebSocket(w, req); err != nil {
		panic(err)
	}
}

// WebSocketMessage implements durables.WebSocketMessager: what begins with "echo" goes back, the rest to everybody.
func (r *Room) WebSocketMessage(ctx context.Context, ws *durables.WebSocket, m durables.Message) error {
	if bytes.HasPrefix(m.Data, []byte("echo")) {
		return ws.SendText(ctx, m.Text())
	}
	_, err := r.state.Broadcast(ctx, m)
	return err
}

// WebSocketClose implements durables.WebSocketCloser.
func (r *Room) WebSocketClose(ctx context.Context, ws *durables.WebSocket, code int, reason string, _ bool) error {
	if code == 1005 {
		code = 1000
	}
	return ws.Close(ctx, code, reason)
}

// hold keeps its caller waiting.
func (r *Room) hold(_ context.Context, millis int) (string, error) {
	time.Sleep(time.Duration(millis) * time.Millisecond)
	return "held", nil
}

func roomRoutes(mux *http.ServeMux) {
	handle := func(pattern string, f func(r *http.Request, room *durables.Stub[Room]) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r, rooms.GetByName(r.PathValue("o")))
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			json.NewEncoder(w).Encode(v)
		})
	}
	mux.HandleFunc("GET /socket/{o}", func(w http.ResponseWriter, r *http.Request) {
		resp, err := rooms.GetByName(r.PathValue("o")).Fetch(r.Context(), r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		client, ok := websocket.FromResponse(resp)
		if !ok {
			http.Error(w, resp.Status, http.StatusInternalServerError)
			return
		}
		websocket.Respond(w, client)
	})
	handle("GET /visit/{o}", func(r *http.Request, room *durables.Stub[Room]) (any, error) {
		return visit.Call(r.Context(), room, durables.None{})
	})
	handle("GET /alarms/{o}", func(r *http.Request, room *durables.Stub[Room]) (any, error) {
		return alarms.Call(r.Context(), room, 20)
	})
	handle("GET /hold/{o}/{millis}", func(r *http.Request, room *durables.Stub[Room]) (any, error) {
		millis, err := strconv.Atoi(r.PathValue("millis"))
		if err != nil {
			return nil, err
		}
		return hold.Call(r.Context(), room, millis)
	})
}
