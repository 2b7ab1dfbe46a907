package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/websocket"
)

type script = func(ctx ctxt, self *chat) (any, error)

// pairScript does something to a pair that no client has.
func pairScript(f func(ctx ctxt, self *chat, client, server *durables.WebSocket) (any, error)) script {
	return func(ctx ctxt, self *chat) (any, error) {
		client, server, err := websocket.NewPair(ctx)
		if err != nil {
			return nil, err
		}
		return f(ctx, self, client, server)
	}
}

func acceptedWith(tags ...string) script {
	return pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		if err := self.state.AcceptWebSocket(ctx, server, tags...); err != nil {
			return nil, err
		}
		return self.state.GetTags(ctx, server)
	})
}

// first runs steps until one fails.
func first(steps ...func() error) error {
	for _, f := range steps {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func accept(ctx ctxt, ws *durables.WebSocket) func() error {
	return func() error { return ws.Accept(ctx) }
}

func hibernate(ctx ctxt, self *chat, ws *durables.WebSocket) func() error {
	return func() error { return self.state.AcceptWebSocket(ctx, ws) }
}

// record writes down what an accepted socket receives until it ends.
func record(ctx ctxt, ws *durables.WebSocket) ([]any, error) {
	heard := []any{}
	for {
		m, err := ws.Receive(ctx)
		var end *websocket.CloseError
		switch {
		case errors.As(err, &end):
			return append(heard, []any{"close", end.Code, end.Reason, end.WasClean}), nil
		case err != nil:
			return heard, err
		case m.Binary:
			heard = append(heard, show(m.Data))
		default:
			heard = append(heard, m.Text())
		}
	}
}

func states(ctx ctxt, list ...*durables.WebSocket) (out []any) {
	for _, ws := range list {
		s, err := ws.ReadyState(ctx)
		if err != nil {
			return append(out, err)
		}
		out = append(out, float64(s))
	}
	return out
}

func repeated(prefix string, n int) []string { return []string{strings.Repeat(prefix, n)} }

var socketScripts = map[string]script{
	"accept, then hibernate": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		return nil, first(accept(ctx, server), hibernate(ctx, self, server))
	}),
	"hibernate, then accept": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		return nil, first(hibernate(ctx, self, server), accept(ctx, server))
	}),
	"hibernate twice": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		return nil, first(hibernate(ctx, self, server), hibernate(ctx, self, server))
	}),
	"hibernate the other end": pairScript(func(ctx ctxt, self *chat, client, server *durables.WebSocket) (any, error) {
		return nil, first(hibernate(ctx, self, server), hibernate(ctx, self, client))
	}),
	"hibernate after the other end accepted": pairScript(func(ctx ctxt, self *chat, client, server *durables.WebSocket) (any, error) {
		return nil, first(accept(ctx, client), hibernate(ctx, self, server))
	}),
	"accept twice": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		if err := first(accept(ctx, server), accept(ctx, server)); err != nil {
			return nil, err
		}
		return states(ctx, server)[0], nil
	}),
	"send too early": pairScript(func(ctx ctxt, _ *chat, _, server *durables.WebSocket) (any, error) {
		return nil, server.SendText(ctx, "x")
	}),
	"close too early": pairScript(func(ctx ctxt, _ *chat, _, server *durables.WebSocket) (any, error) {
		return nil, server.Close(ctx, 1000, "")
	}),
	"tags of a socket that was not accepted": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		return self.state.GetTags(ctx, server)
	}),
	"tags of an ordinary socket": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		if err := server.Accept(ctx); err != nil {
			return nil, err
		}
		return self.state.GetTags(ctx, server)
	}),
	"automatic answers of an ordinary socket": pairScript(func(ctx ctxt, self *chat, _, server *durables.WebSocket) (any, error) {
		if err := server.Accept(ctx); err != nil {
			return nil, err
		}
		_, ok, err := self.state.GetWebSocketAutoResponseTimestamp(ctx, server)
		if ok {
			return "a time", err
		}
		return nil, err
	}),
	"tags repeated":         acceptedWith("b", "a", "b"),
	"no tags":               acceptedWith(),
	"empty tag":             acceptedWith(""),
	"ten tags":              acceptedWith(strings.Split("0123456789", "")...),
	"eleven tags":           acceptedWith(strings.Split("01234567890", "")...),
	"longest tag":           acceptedWith(repeated("t", 256)...),
	"tag too long":          acceptedWith(repeated("t", 257)...),
	"tag too long in bytes": acceptedWith(repeated("ß", 129)...),
	"too many": func(ctx ctxt, self *chat) (any, error) {
		n, outcome := 0, any(nil)
		for ; n < 40_000 && outcome == nil; n++ {
			_, server, err := websocket.NewPair(ctx)
			if err == nil {
				err = self.state.AcceptWebSocket(ctx, server, "crowd")
			}
			outcome = try(err)
		}
		list, err := self.state.GetWebSockets(ctx, "crowd")
		return []any{n - 1, outcome, len(list)}, err
	},
	"attachment of a socket that was not accepted": pairScript(func(ctx ctxt, _ *chat, _, server *durables.WebSocket) (any, error) {
		if err := server.SerializeAttachment(ctx, object{"n": 1}); err != nil {
			return nil, err
		}
		return attachment(ctx, server)
	}),
	"states of a pair": pairScript(func(ctx ctxt, _ *chat, client, server *durables.WebSocket) (any, error) {
		list := states(ctx, client, server)
		err := first(accept(ctx, client), accept(ctx, server))
		list = append(list, states(ctx, client, server)...)
		err = errors.Join(err, server.Close(ctx, 1000, "bye"))
		list = append(list, states(ctx, server)...)
		if _, end := client.Receive(ctx); websocket.CloseCode(end) != 1000 {
			err = errors.Join(err, end)
		}
		return append(list, states(ctx, client)...), err
	}),
	"messages of a pair": pairScript(func(ctx ctxt, _ *chat, client, server *durables.WebSocket) (any, error) {
		err := first(accept(ctx, client), accept(ctx, server),
			func() error { return server.SendText(ctx, "one") },
			func() error { return server.Send(ctx, []byte{1, 2, 3}) },
			func() error { return server.SendText(ctx, "") },
			func() error { return server.Send(ctx, nil) },
			func() error { return server.Close(ctx, 4000, "enough") })
		if err != nil {
			return nil, err
		}
		return record(ctx, client)
	}),
	"both ends speak": pairScript(func(ctx ctxt, _ *chat, client, server *durables.WebSocket) (any, error) {
		if err := first(accept(ctx, client), accept(ctx, server)); err != nil {
			return nil, err
		}
		go func() {
			for range 5 {
				m, _ := server.Receive(ctx)
				server.SendText(ctx, "heard "+m.Text())
			}
			server.Close(ctx, 1000, "")
		}()
		for i := range 5 {
			if err := client.SendText(ctx, fmt.Sprintf("message %d", i)); err != nil {
				return nil, err
			}
		}
		return record(ctx, client)
	}),
	"close codes": func(ctx ctxt, _ *chat) (any, error) {
		outcomes := object{}
		for _, code := range []int{999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65536, -1} {
			outcomes[fmt.Sprint(code)] = closedWith(ctx, code, "r")
		}
		return outcomes, nil
	},
	"close reasons": func(ctx ctxt, _ *chat) (any, error) {
		return []any{closedWith(ctx, 1000, strings.Repeat("x", 123)), closedWith(ctx, 1000, strings.Repeat("x", 124)), closedWith(ctx, 1000, strings.Repeat("ß", 62)),
			closedWith(ctx, 0, "no code"), closedWith(ctx, 0, "")}, nil
	},
}

// closedWith is the outcome of closing a fresh socket.
func closedWith(ctx ctxt, code int, reason string) any {
	client, server, err := websocket.NewPair(ctx)
	if err != nil {
		return try(err)
	}
	if err := first(accept(ctx, client), accept(ctx, server)); err != nil {
		return try(err)
	}
	return try(server.Close(ctx, code, reason))
}

// dialed opens a socket, has talk speak, and shows what is heard.
func dialed(ctx ctxt, address string, o *websocket.DialOptions, talk func(ws *durables.WebSocket) error) (any, error) {
	ws, resp, err := websocket.Dial(ctx, address, o)
	if resp == nil {
		return nil, err
	}
	if ws == nil {
		body, err := io.ReadAll(resp.Body)
		return []any{resp.StatusCode, string(body)}, err
	}
	if err := errors.Join(err, talk(ws)); err != nil {
		return nil, err
	}
	heard, err := record(ctx, ws)
	var protocol any
	if p := resp.Header.Get("Sec-WebSocket-Protocol"); p != "" {
		protocol = p
	}
	return object{"status": resp.StatusCode, "protocol": protocol, "heard": heard}, err
}

// says sends texts, and bytes.
func says(ctx ctxt, messages ...any) func(ws *durables.WebSocket) error {
	return func(ws *durables.WebSocket) error {
		for _, m := range messages {
			switch m := m.(type) {
			case string:
				if err := ws.SendText(ctx, m); err != nil {
					return err
				}
			case []byte:
				if err := ws.Send(ctx, m); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

func closes(ctx ctxt, code int, reason string, messages ...any) func(ws *durables.WebSocket) error {
	return func(ws *durables.WebSocket) error {
		return errors.Join(says(ctx, messages...)(ws), ws.Close(ctx, code, reason))
	}
}

func (c *call) dialObject(query string, talk func(ws *durables.WebSocket) error) (any, error) {
	return dialed(c.ctx, "wss://object/"+query, &websocket.DialOptions{Fetch: chats().GetByName(c.name).Fetch}, talk)
}

func init() {
	network := func(talk func(ctx ctxt) func(*durables.WebSocket) error, o *websocket.DialOptions) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			address := "ws" + strings.TrimPrefix(getenv(c.ctx, "UPSTREAM"), "http") + "/socket"
			return dialed(c.ctx, address, o, talk(c.ctx))
		}
	}
	speak := func(messages ...any) func(ctx ctxt) func(*durables.WebSocket) error {
		return func(ctx ctxt) func(*durables.WebSocket) error { return says(ctx, messages...) }
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"dial/network": network(speak("hello", []byte{1, 2, 3}, "close 4002"), &websocket.DialOptions{Subprotocols: []string{"one", "two"}}),
		"dial/network, client closes": network(func(ctx ctxt) func(*durables.WebSocket) error {
			return closes(ctx, 4003, "enough", "hello")
		}, nil),
		"dial/network, connection lost": network(speak("hang up"), nil),
		"dial/network, large message":   network(speak(pattern(300_000), "close 1000"), nil),
		"dial/no WebSocket": func(c *call) (any, error) {
			return dialed(c.ctx, getenv(c.ctx, "UPSTREAM")+"/hello?q=x", &websocket.DialOptions{Header: http.Header{}}, nil)
		},
		"dial/object, hibernating": func(c *call) (any, error) {
			return c.dialObject("?greet=1&tag=a", says(c.ctx, "hello", `["tags"]`, `["close",4004,"bye"]`))
		},
		"dial/object, ordinary": func(c *call) (any, error) {
			return c.dialObject("?greet=1&ordinary=1", says(c.ctx, "hello", []byte{9}, `["close",4005,"bye"]`))
		},
		"dial/object refuses":        func(c *call) (any, error) { return c.dialObject("?refuse=1", nil) },
		"dial/object, client closes": func(c *call) (any, error) { return c.dialObject("?greet=1", closes(c.ctx, 4006, "mine")) },
		"dial/two at once": func(c *call) (any, error) {
			list := make([]any, 2)
			var wait sync.WaitGroup
			for i, tag := range []string{"a", "b"} {
				wait.Go(func() {
					list[i] = attempt(c.dialObject("?tag="+tag, says(c.ctx, `["tags"]`, `["close",1000,"bye"]`)))
				})
			}
			wait.Wait()
			return list, nil
		},
	})
}
