package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/websocket"
)

// chat is what clients of sockets speak to: an object of the class Chat, or the Worker, which has no state.
type chat struct {
	state *durables.State
	log   []any
	mode  string
	born  int

	waiting map[string]chan struct{}
}

// Chat is the class of the cases about sockets. Mute accepts sockets that hibernate, and has no handlers for their events.
type (
	Chat struct{ *chat }
	Mute struct{ state *durables.State }
)

var (
	chatClass = durables.Class("Chat", func(ctx ctxt, s *durables.State) (*Chat, error) {
		list, err := s.GetWebSockets(ctx)
		return &Chat{&chat{state: s, log: []any{}, mode: "answer", born: len(list), waiting: map[string]chan struct{}{}}}, err
	})
	muteClass = durables.Class("Mute", func(_ ctxt, s *durables.State) (*Mute, error) { return &Mute{s}, nil })
)

func chats() *durables.Namespace[Chat] { return chatClass.Namespace("CHAT") }
func mutes() *durables.Namespace[Mute] { return muteClass.Namespace("MUTE") }

// asking is one command of a client.
type asking struct {
	ctx  ctxt
	self *chat
	ws   *durables.WebSocket
	args []any
}

func (q asking) string(i int) string {
	if i >= len(q.args) {
		return ""
	}
	s, _ := q.args[i].(string)
	return s
}

func (q asking) int(i int) int {
	if i >= len(q.args) {
		return 0
	}
	n, _ := q.args[i].(float64)
	return int(n)
}

// tag is an optional argument.
func (q asking) tag(i int) []string {
	if i >= len(q.args) {
		return nil
	}
	return []string{q.string(i)}
}

func (q asking) note(v ...any) { q.self.log = append(q.self.log, v) }

// errSilent says that there is no answer.
var errSilent = errors.New("no answer")

var attachments = map[string]any{
	"object": object{"user": "ada", "n": 1, "tags": []string{"a", "b"}, "nested": object{"deep": true}}, "string": "ß💥", "empty": "", "number": 1.5,
	"integer": 42, "zero": 0, "true": true, "false": false, "null": nil, "date": time.UnixMilli(86400000), "bytes": []byte{1, 2, 255},
	"list": []any{1, "two", nil}, "bigint": bigInt("12345678901234567890"), "map": map[any]any{"k": 1}, "large": strings.Repeat("x", 16379),
	"too large": strings.Repeat("x", 16380), "far too large": strings.Repeat("x", 1_000_000), "function": func() int { return 1 },
}

func label(ctx ctxt, s *durables.State, ws *durables.WebSocket) (string, error) {
	tags, err := s.GetTags(ctx, ws)
	if len(tags) == 0 {
		return "?", err
	}
	return tags[0], err
}

// attachment shows what the socket keeps.
func attachment(ctx ctxt, ws *durables.WebSocket) (any, error) {
	var v any
	_, err := ws.DeserializeAttachment(ctx, &v)
	return v, err
}

// commands is what a client may ask of the socket that it speaks through.
var commands map[string]func(q asking) (any, error)

func init() {
	commands = map[string]func(q asking) (any, error){
		"tags": func(q asking) (any, error) { return q.self.state.GetTags(q.ctx, q.ws) },
		"list": func(q asking) (any, error) {
			list, err := q.self.state.GetWebSockets(q.ctx, q.tag(0)...)
			labels := []string{}
			for _, one := range list {
				l, e := label(q.ctx, q.self.state, one)
				labels, err = append(labels, l), errors.Join(err, e)
			}
			return labels, err
		},
		"same": func(q asking) (any, error) {
			list, err := q.self.state.GetWebSockets(q.ctx)
			return slices.Contains(list, q.ws), err
		},
		"state": func(q asking) (any, error) {
			state, err := q.ws.ReadyState(q.ctx)
			return float64(state), err
		},
		"info": func(q asking) (any, error) {
			url, err := q.ws.URL(q.ctx)
			protocol, err2 := q.ws.Protocol(q.ctx)
			extensions, err3 := q.ws.Extensions(q.ctx)
			return []string{url, protocol, extensions}, errors.Join(err, err2, err3)
		},
		"send": func(q asking) (any, error) {
			for i := range q.args {
				if err := q.ws.SendText(q.ctx, q.string(i)); err != nil {
					return nil, err
				}
			}
			return nil, errSilent
		},
		"tell": func(q asking) (any, error) {
			list, err := q.self.state.GetWebSockets(q.ctx, q.string(0))
			for _, one := range list {
				err = errors.Join(err, one.SendText(q.ctx, q.string(1)))
			}
			return nil, errors.Join(err, errSilent)
		},
		"broadcast": func(q asking) (any, error) {
			return q.self.state.Broadcast(q.ctx, websocket.TextMessage(q.string(0)), q.tag(1)...)
		},
		"close": func(q asking) (any, error) {
			outcome := try(q.ws.Close(q.ctx, q.int(0), q.string(1)))
			state, _ := q.ws.ReadyState(q.ctx)
			q.note("closed", outcome, float64(state))
			if outcome == nil {
				return nil, errSilent
			}
			return outcome.(object)["error"], nil
		},
		"close, then send": func(q asking) (any, error) {
			if err := q.ws.Close(q.ctx, 1000, "done"); err != nil {
				return nil, err
			}
			q.self.log = append(q.self.log, try(q.ws.SendText(q.ctx, "too late")), try(q.ws.Close(q.ctx, 1000, "again")))
			return nil, errSilent
		},
		"mode": func(q asking) (any, error) {
			q.self.mode = q.string(0)
			return q.self.mode, nil
		},
		"attach": func(q asking) (any, error) {
			if err := q.ws.SerializeAttachment(q.ctx, attachments[q.string(0)]); err != nil {
				return nil, err
			}
			return attachment(q.ctx, q.ws)
		},
		"attachment": func(q asking) (any, error) { return attachment(q.ctx, q.ws) },
		"copies": func(q asking) (any, error) {
			type list struct {
				List []int `json:"list"`
			}
			value := list{[]int{1}}
			if err := q.ws.SerializeAttachment(q.ctx, value); err != nil {
				return nil, err
			}
			value.List[0] = 2
			other, err := websocket.Attachment[list](q.ctx, q.ws)
			if err != nil {
				return nil, err
			}
			other.List[0] = 3
			return attachment(q.ctx, q.ws)
		},
		"auto": func(q asking) (any, error) {
			return nil, q.self.state.SetWebSocketAutoResponse(q.ctx, q.string(0), q.string(1))
		},
		"auto sizes": func(q asking) (any, error) {
			return nil, q.self.state.SetWebSocketAutoResponse(q.ctx, strings.Repeat("x", q.int(0)), strings.Repeat("y", q.int(1)))
		},
		"auto get": func(q asking) (any, error) {
			request, response, ok, err := q.self.state.GetWebSocketAutoResponse(q.ctx)
			if !ok {
				return nil, err
			}
			return []string{request, response}, err
		},
		"auto unset": func(q asking) (any, error) { return nil, q.self.state.UnsetWebSocketAutoResponse(q.ctx) },
		"auto time": func(q asking) (any, error) {
			at, ok, err := q.self.state.GetWebSocketAutoResponseTimestamp(q.ctx, q.ws)
			if !ok {
				return nil, err
			}
			return time.Since(at).Abs() < time.Minute, err
		},
		"timeout": func(q asking) (any, error) {
			d := time.Duration(q.int(0)) * time.Millisecond
			if err := q.self.state.SetHibernatableWebSocketEventTimeout(q.ctx, d); err != nil {
				return nil, err
			}
			d, ok, err := q.self.state.GetHibernatableWebSocketEventTimeout(q.ctx)
			if !ok {
				return nil, err
			}
			return float64(d.Milliseconds()), err
		},
		"log": func(q asking) (any, error) { return q.self.log, nil },
		"slow": func(q asking) (any, error) {
			q.self.log = append(q.self.log, "begin "+q.string(1))
			if err := sleep(q.ctx, time.Duration(q.int(0))*time.Millisecond); err != nil {
				return nil, err
			}
			q.self.log = append(q.self.log, "end "+q.string(1))
			return q.string(1), nil
		},
		"wait": func(q asking) (any, error) {
			q.self.log = append(q.self.log, "begin "+q.string(0))
			released := make(chan struct{})
			q.self.waiting[q.string(0)] = released
			select {
			case <-released:
			case <-q.ctx.Done():
				return nil, q.ctx.Err()
			}
			q.self.log = append(q.self.log, "end "+q.string(0))
			return q.string(0), nil
		},
		"release": func(q asking) (any, error) {
			close(q.self.waiting[q.string(0)])
			return nil, errSilent
		},
		"deleteAll": func(q asking) (any, error) { return nil, q.self.state.Storage().DeleteAll(q.ctx) },
		"abort": func(q asking) (any, error) {
			q.self.state.Abort(q.ctx, "enough")
			return nil, nil
		},
		"born": func(q asking) (any, error) { return q.self.born, nil },
		"send after a write": func(q asking) (any, error) {
			kv := q.self.state.Storage().KV()
			if err := errors.Join(kv.Put(q.ctx, "k", 1), q.ws.SendText(q.ctx, "after the write")); err != nil {
				return nil, err
			}
			var v any
			_, err := kv.Get(q.ctx, "k", &v)
			return v, err
		},
		"send after a write that fails": func(q asking) (any, error) {
			sql := q.self.state.Storage().SQL()
			_, err := sql.Exec(q.ctx, "CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (p INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)")
			if err := errors.Join(err, q.ws.SendText(q.ctx, "before"), q.self.state.Storage().Sync(q.ctx)); err != nil {
				return nil, err
			}
			_, err = sql.Exec(q.ctx, "INSERT INTO child VALUES (1)")
			return nil, errors.Join(err, q.ws.SendText(q.ctx, "never"), errSilent)
		},
		"sockets": func(q asking) (any, error) { return socketScripts[q.string(0)](q.ctx, q.self) },
	}
}

// command runs one command, an array of its name and arguments.
func (c *chat) command(ctx ctxt, ws *durables.WebSocket, text string) (any, error) {
	var args []any
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		return nil, err
	}
	f := commands[args[0].(string)]
	if f == nil {
		return nil, workers.NewError("TypeError", "no command "+text)
	}
	return f(asking{ctx, c, ws, args[1:]})
}

// handle does what a message asks for, and answers.
func (c *chat) handle(ctx ctxt, ws *durables.WebSocket, m durables.Message) error {
	text := m.Text()
	switch {
	case m.Binary:
		return ws.Send(ctx, m.Data)
	case !strings.HasPrefix(text, "["):
		return ws.SendText(ctx, "echo "+text)
	case text == `["throw"]`:
		return durables.TypeError("thrown by the handler")
	}
	v, err := c.command(ctx, ws, text)
	if errors.Is(err, errSilent) {
		return nil
	}
	return ws.SendJSON(ctx, attempt(v, err))
}

// WebSocketMessage implements durables.WebSocketMessager.
func (c *Chat) WebSocketMessage(ctx ctxt, ws *durables.WebSocket, m durables.Message) error {
	return c.handle(ctx, ws, m)
}

// WebSocketClose implements durables.WebSocketCloser.
func (c *Chat) WebSocketClose(ctx ctxt, ws *durables.WebSocket, code int, reason string, wasClean bool) error {
	state, err := ws.ReadyState(ctx)
	name, err2 := label(ctx, c.state, ws)
	list, err3 := c.state.GetWebSockets(ctx)
	c.log = append(c.log, []any{"closed by the client", code, reason, wasClean, float64(state), name, len(list)})
	if err := errors.Join(err, err2, err3); err != nil || state != websocket.Closing {
		return err
	}
	switch c.mode {
	case "answer":
		if code == 1005 {
			code = 1000
		}
		return ws.Close(ctx, code, "you said "+reason)
	case "send":
		return errors.Join(ws.SendText(ctx, "not yet"), ws.Close(ctx, 1000, "now"))
	case "same code":
		c.log = append(c.log, try(ws.Close(ctx, code, reason)))
	case "throw":
		return errors.New("thrown at the end")
	}
	return nil
}

// WebSocketError implements durables.WebSocketErrorer.
func (c *Chat) WebSocketError(ctx ctxt, ws *durables.WebSocket, failure error) error {
	state, err := ws.ReadyState(ctx)
	name, err2 := label(ctx, c.state, ws)
	c.log = append(c.log, []any{"failed", showError(failure)["message"], float64(state), name})
	return errors.Join(err, err2)
}

// ServeHTTP upgrades, or runs the command in the query.
func (c *Chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.Requested(r) {
		c.upgrade(w, r, r.URL.Query())
		return
	}
	v, err := c.command(r.Context(), nil, r.URL.Query().Get("do"))
	if errors.Is(err, errSilent) {
		v, err = nil, nil
	}
	answer(w, attempt(v, err))
}

// ServeHTTP upgrades, or tells how many sockets there are.
func (m *Mute) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.Requested(r) {
		list, err := m.state.GetWebSockets(r.Context())
		answer(w, attempt(len(list), err))
		return
	}
	ws, err := m.state.UpgradeWebSocket(w, r)
	if err == nil {
		err = ws.SendText(r.Context(), "welcome")
	}
	if err != nil {
		panic(err)
	}
}

func (c *chat) upgrade(w http.ResponseWriter, r *http.Request, query url.Values) {
	if query.Has("refuse") {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, "no")
		return
	}
	if query.Has("protocol") {
		w.Header().Set("Sec-WebSocket-Protocol", query.Get("protocol"))
	}
	if query.Has("header") {
		w.Header().Set("X-Header", query.Get("header"))
	}
	var err error
	switch {
	case query.Has("half open"):
		err = c.ordinary(w, r, query, websocket.AllowHalfOpen)
	case query.Has("ordinary"):
		err = c.ordinary(w, r, query)
	default:
		err = c.hibernating(w, r, query)
	}
	if err != nil {
		panic(err)
	}
}

func (c *chat) hibernating(w http.ResponseWriter, r *http.Request, query url.Values) error {
	client, server, err := websocket.NewPair(r.Context())
	if err != nil {
		return err
	}
	if err := c.state.AcceptWebSocket(r.Context(), server, query["tag"]...); err != nil {
		return err
	}
	return errors.Join(welcome(r.Context(), server, query), websocket.Respond(w, client))
}

func welcome(ctx ctxt, server *durables.WebSocket, query url.Values) (err error) {
	if query.Has("greet") {
		err = server.SendText(ctx, "welcome")
	}
	if query.Has("early close") {
		err = errors.Join(err, server.Close(ctx, 4001, "not today"))
	}
	return err
}

// ordinary receives until the socket ends.
func (c *chat) ordinary(w http.ResponseWriter, r *http.Request, query url.Values, options ...websocket.AcceptOption) error {
	ctx := r.Context()
	server, err := websocket.Upgrade(w, r, options...)
	if err != nil {
		return err
	}
	if err := welcome(ctx, server, query); err != nil {
		return err
	}
	for {
		m, err := server.Receive(ctx)
		var end *websocket.CloseError
		switch {
		case errors.As(err, &end):
			var state any = false
			if end.WasClean {
				s, _ := server.ReadyState(ctx)
				state = float64(s)
			}
			c.log = append(c.log, []any{"close event", end.Code, end.Reason, end.WasClean, state})
			return nil
		case err != nil:
			c.log = append(c.log, []any{"error event", showError(err)["message"]})
			return nil
		}
		if err := c.handle(ctx, server, m); err != nil {
			return err
		}
	}
}

// workerChats are what sockets of the Worker have logged, by case.
var workerChats = map[string]*chat{}

// serveSocket answers any request of a case that begins with "socket".
func serveSocket(c *call, w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(c.name, "socket of the Worker/") {
		self := workerChats[c.name]
		if self == nil {
			self = &chat{log: []any{}, mode: "answer"}
			workerChats[c.name] = self
		}
		if !websocket.Requested(r) {
			answer(w, show(self.log))
			return
		}
		query := r.URL.Query()
		query.Set("ordinary", "")
		self.upgrade(w, r, query)
		return
	}
	fetch := chats().GetByName(c.name).Fetch
	if strings.HasPrefix(c.name, "socket without handlers/") {
		fetch = mutes().GetByName(c.name).Fetch
	}
	resp, err := fetch(c.ctx, r)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	if conn, ok := websocket.FromResponse(resp); ok {
		if err := websocket.Respond(w, conn); err != nil {
			panic(err)
		}
		return
	}
	w.WriteHeader(resp.StatusCode)
	io.Copy(w, resp.Body)
}
