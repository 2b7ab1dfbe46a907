// Package room is a Durable Object class for tests of WebSockets: a client tells it what to do.
package room

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/websocket"
)

// Class is bound as ROOMS.
var (
	Class = durables.Class("Room", New)
	Rooms = Class.Namespace("ROOMS")

	Log       = durables.Method(Class, "log", (*Room).log)
	Configure = durables.Method(Class, "configure", (*Room).configure)
	Broadcast = durables.Method(Class, "broadcast", (*Room).broadcast)
	Do        = durables.Method(Class, "do", (*Room).do)
)

// heard is what happened to the objects of this instance. It outlives them.
var (
	mu    sync.Mutex
	heard = map[string][]string{}
)

// Room is one object.
type Room struct {
	state *durables.State
	count int // of messages since it was constructed
}

// New notes how many sockets it finds.
func New(ctx context.Context, state *durables.State) (*Room, error) {
	r := &Room{state: state}
	list, err := state.GetWebSockets(ctx)
	if err != nil {
		return nil, err
	}
	r.hear("constructed with %d", len(list))
	if name, _ := state.ID().Name(); name == "greets" {
		for _, ws := range list {
			if err := ws.SendText(ctx, "constructed"); err != nil {
				return nil, err
			}
		}
	}
	if _, err := state.Storage().SQL().Exec(ctx, "CREATE TABLE IF NOT EXISTS parts (n INTEGER PRIMARY KEY, of INTEGER REFERENCES parts(n) DEFERRABLE INITIALLY DEFERRED)"); err != nil {
		return nil, err
	}
	if name, _ := state.ID().Name(); name == "breaks" && len(list) > 0 {
		return nil, fmt.Errorf("cannot be constructed with a socket")
	}
	return r, nil
}

func (r *Room) hear(format string, args ...any) {
	mu.Lock()
	defer mu.Unlock()
	id := r.state.ID().String()
	heard[id] = append(heard[id], fmt.Sprintf(format, args...))
}

func (r *Room) log(context.Context, durables.None) ([]string, error) {
	mu.Lock()
	defer mu.Unlock()
	return heard[r.state.ID().String()], nil
}

// Settings are what Configure sets.
type Settings struct {
	Request, Response string
	TimeoutMS         int
}

func (r *Room) configure(ctx context.Context, s Settings) (durables.None, error) {
	if err := r.state.SetHibernatableWebSocketEventTimeout(ctx, time.Duration(s.TimeoutMS)*time.Millisecond); err != nil {
		return durables.None{}, err
	}
	if s.Request == "" {
		return durables.None{}, r.state.UnsetWebSocketAutoResponse(ctx)
	}
	return durables.None{}, r.state.SetWebSocketAutoResponse(ctx, s.Request, s.Response)
}

func (r *Room) broadcast(ctx context.Context, text string) (int, error) {
	return r.state.Broadcast(ctx, websocket.TextMessage(text))
}

// ServeHTTP accepts a socket: /hibernate?tag=…, or /ordinary, which echoes and says when it ends.
func (r *Room) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case strings.HasSuffix(req.URL.Path, "/hibernate"):
		if _, err := r.state.UpgradeWebSocket(w, req, req.URL.Query()["tag"]...); err != nil {
			r.hear("upgrade: %v", err)
		}
	case strings.HasSuffix(req.URL.Path, "/ordinary"):
		ws, err := websocket.Upgrade(w, req)
		if err != nil {
			return
		}
		for {
			m, err := ws.Receive(req.Context())
			if err != nil {
				state, _ := ws.ReadyState(req.Context())
				r.hear("ordinary ended: %v, %v", err, state)
				return
			}
			if m.Text() == "hold" {
				continue
			}
			if err := ws.SendMessage(req.Context(), m); err != nil {
				r.hear("echo: %v", err)
			}
		}
	case strings.HasSuffix(req.URL.Path, "/sleepy"): // accepts and does not receive
		ws, err := websocket.Upgrade(w, req)
		if err == nil {
			ws.SendText(req.Context(), "hello")
			<-req.Context().Done()
		}
	case strings.HasSuffix(req.URL.Path, "/facet"): // has a facet of it accept the socket
		out := req.Clone(req.Context())
		out.RequestURI, out.URL.Path = "", "/hibernate"
		resp, err := Class.Facets().Get("inner", durables.FacetProps(map[string]string{"is": "proper"})).Fetch(req.Context(), out)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		if conn, ok := websocket.FromResponse(resp); ok {
			websocket.Respond(w, conn)
		}
	default:
		fmt.Fprint(w, "no socket")
	}
}

// WebSocketMessage implements durables.WebSocketMessager.
func (r *Room) WebSocketMessage(ctx context.Context, ws *durables.WebSocket, m durables.Message) error {
	r.count++
	command, rest, _ := strings.Cut(m.Text(), " ")
	if m.Binary {
		command = "binary"
	}
	switch command {
	case "count":
		attached, err := websocket.Attachment[string](ctx, ws)
		if err != nil {
			return err
		}
		tags, err := r.state.GetTags(ctx, ws)
		if err != nil {
			return err
		}
		return ws.SendText(ctx, fmt.Sprintf("count %d attached %q tags %v", r.count, attached, tags))
	case "binary":
		return ws.Send(ctx, m.Data)
	case "props":
		var props map[string]string
		if err := r.state.Props(&props); err != nil {
			return err
		}
		return ws.SendText(ctx, fmt.Sprint(r.count, " ", props["is"]))
	case "attach":
		return ws.SerializeAttachment(ctx, rest)
	case "sleep":
		r.hear("sleeps")
		ms, _ := strconv.Atoi(rest)
		time.Sleep(time.Duration(ms) * time.Millisecond)
		r.hear("slept")
		return ws.SendText(ctx, "slept")
	case "fail":
		return fmt.Errorf("the handler fails")
	case "later":
		_, err := r.do(ctx, rest)
		return err
	default:
		out, err := r.do(ctx, m.Text())
		if err != nil || out == "" {
			return err
		}
		return ws.SendText(ctx, out)
	}
}

// do is what a client or a caller may ask for.
func (r *Room) do(ctx context.Context, text string) (string, error) {
	command, rest, _ := strings.Cut(text, " ")
	switch command {
	case "abort":
		r.state.Abort(ctx, "the room aborts")
	case "exit":
		os.Exit(3)
	case "block":
		ms, _ := strconv.Atoi(rest)
		err := r.state.BlockConcurrencyWhile(ctx, func(context.Context) error {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			return nil
		})
		return "blocked", err
	case "wait":
		r.hear("waits")
		time.Sleep(time.Hour)
	case "fail-block":
		return "", r.state.BlockConcurrencyWhile(ctx, func(context.Context) error { return fmt.Errorf("the section fails") })
	case "orphan": // the commit at the end of the turn fails
		if _, err := r.state.Storage().SQL().Exec(ctx, "INSERT INTO parts VALUES (1, 2)"); err != nil {
			return "", err
		}
		return "never seen", nil
	case "close":
		list, err := r.state.GetWebSockets(ctx)
		for _, ws := range list {
			if err == nil {
				err = ws.Close(ctx, 4001, rest)
			}
		}
		return "", err
	case "times":
		list, err := r.state.GetWebSockets(ctx)
		if err != nil || len(list) == 0 {
			return "", err
		}
		at, ok, err := r.state.GetWebSocketAutoResponseTimestamp(ctx, list[0])
		return fmt.Sprint(ok, " ", at.UTC().Format(time.TimeOnly)), err
	case "flood":
		n, _ := strconv.Atoi(rest)
		list, err := r.state.GetWebSockets(ctx)
		for range n {
			for _, ws := range list {
				if err == nil {
					err = ws.Send(ctx, make([]byte, 1<<20))
				}
			}
		}
		return "flooded", err
	}
	return text, nil
}

// WebSocketClose implements durables.WebSocketCloser. A reason "reply" is answered.
func (r *Room) WebSocketClose(ctx context.Context, ws *durables.WebSocket, code int, reason string, wasClean bool) error {
	list, err := r.state.GetWebSockets(ctx)
	if err != nil {
		return err
	}
	state, _ := ws.ReadyState(ctx)
	r.hear("close %d %q %v %v of %d", code, reason, wasClean, state, len(list))
	if reason == "reply" {
		return ws.Close(ctx, code, "replied")
	}
	return nil
}

// WebSocketError implements durables.WebSocketErrorer.
func (r *Room) WebSocketError(ctx context.Context, ws *durables.WebSocket, failure error) error {
	state, _ := ws.ReadyState(ctx)
	r.hear("error %v %v", failure, state)
	return nil
}
