package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/websocket"
)

// Faulty is an object whose handlers panic.
type Faulty struct {
	ctx   context.Context // lasts as long as the object
	state *durables.State
}

var (
	class  = durables.Class("Faulty", newFaulty)
	call   = durables.Method(class, "call", (*Faulty).call)
	arm    = durables.Method(class, "arm", (*Faulty).arm)
	faulty = class.Namespace("FAULTY")
	sends  = queues.Producer("SENDS")
)

func newFaulty(ctx context.Context, state *durables.State) (*Faulty, error) {
	if name, _ := state.ID().Name(); name == "unborn" {
		panic("in a constructor")
	}
	return &Faulty{ctx, state}, nil
}

func (f *Faulty) call(_ context.Context, how string) (durables.None, error) {
	switch how {
	case "stray":
		go func() { panic("in a goroutine of an object") }()
		return durables.None{}, nil
	case "pump":
		_, ws, err := websocket.NewPair(f.ctx)
		if err == nil {
			err = ws.Accept(f.ctx)
		}
		go f.pump(ws)
		return durables.None{}, err
	}
	panic("in a method")
}

func (f *Faulty) arm(ctx context.Context, _ durables.None) (durables.None, error) {
	return durables.None{}, f.state.Storage().SetAlarm(ctx, time.Now().Add(time.Millisecond))
}

// Alarm fails once, so that its retry ends the trouble.
func (f *Faulty) Alarm(_ context.Context, info durables.AlarmInfo) error {
	if info.RetryCount == 0 {
		panic("in an alarm")
	}
	return nil
}

// ServeHTTP accepts a WebSocket.
func (f *Faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.state.UpgradeWebSocket(w, r)
}

//go:noinline
func (f *Faulty) pump(ws *websocket.Conn) {
	for {
		if _, err := ws.Receive(f.ctx); err != nil {
			return
		}
	}
}

// WebSocketMessage implements durables.WebSocketMessager.
func (f *Faulty) WebSocketMessage(context.Context, *durables.WebSocket, durables.Message) error {
	panic("in a socket's handler")
}

// talk sends the object a message.
func talk(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://object/", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Upgrade", "websocket")
	resp, err := faulty.GetByName("one").Fetch(ctx, req)
	if err != nil {
		return err
	}
	conn, ok := websocket.FromResponse(resp)
	if !ok {
		return errors.New("no socket")
	}
	if err := conn.Accept(ctx); err != nil {
		return err
	}
	if err := conn.SendText(ctx, "hello"); err != nil {
		return err
	}
	return conn.Close(ctx, 1000, "")
}

func scheduled(context.Context, workers.ScheduledEvent) error { panic("in a cron trigger") }

func consume(_ context.Context, batch *queues.Batch) error {
	if batch.Messages[0].Attempts > 1 {
		return nil
	}
	panic("in a consumer")
}
