package syumai

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"grove.place/lattice/internal/wstest"
	"grove.place/lattice/tests/workerd"
)

// A main of the program's own: an object class with methods, SQL, alarms and hibernating WebSockets, and a fetch handler before the library's.
func TestObjectsInJavaScript(t *testing.T) {
	w := workerd.Worker{Main: "rooms.mjs", Objects: map[string]string{"ROOM": "Room", "PLAIN": "Plain"}}
	onBothHomes(t, "rooms", w, func(h *home) {
		call := func(what, want string) {
			h.t.Helper()
			h.ask(request{path: "/call/" + what}, 200, want+"\n")
		}
		call("add?arg=ann&arg=hello", `{"n":1,"at":"room","list":["ann","hello",null]}`)
		call("add?arg=bob&arg=7", `{"n":2,"at":"room","list":["bob",7,null]}`)
		call("said", `["n,who,text,size",[{"n":1,"who":"ann","text":"hello","size":2},{"n":2,"who":"bob","text":"7.0","size":2}],[[1]]]`)
		call("oops?arg=no", "RangeError: no")
		call("none", `TypeError: The RPC receiver does not implement the method "none".`)
		call("wrong", "Expected exactly one result from SQL query, but got multiple results.")
		call("syntax", `Error: near "SELEKT": syntax error at offset 0: SQLITE_ERROR`)
		call("keys", `[[["a",1],["b",{"deep":[1]}]],[true,false,null],{"deep":[1]}]`)
		call("undo", "undo undefined 7")
		call("hello?binding=PLAIN", "TypeError: The receiving Durable Object does not support RPC, because its class was not declared with `extends DurableObject`. In order to enable RPC, make sure your class extends the special class `DurableObject`, which can be imported from the module \"cloudflare:workers\".")
		call("pair?arg=first", "first first")
		call("pair?arg=abort", "Error: Error: in the middle")
		call("pair", "first first")
		call("later?arg=second", "second second")
		call("pair", "second second")
		call("ring?arg=600000", "<boolean: true>")
		call("quiet", "<null>")
		call("ring?arg=1", "<boolean: true>")
		h.until("/call/rung", "retry 1, set null\n")
		talkInRooms(h)
	})
}

func talkInRooms(h *home) {
	h.ask(request{path: "/count"}, 200, "lobby has 0")
	echo := h.dial("/echo")
	echo.say("one")
	echo.hear("echo one")
	echo.say("close")
	echo.hear("closed 4001 done")

	ann, bob := h.dial("/socket?who=ann"), h.dial("/socket?who=bob")
	h.ask(request{path: "/count"}, 200, "lobby has 2")
	ann.say("ping")
	ann.hear("pong")
	ann.say("hello")
	ann.hear("ann 0: hello")
	bob.hear("ann 0: hello")
	bob.send(ws.OpBinary, []byte{1, 2, 3})
	bob.hear("binary 030201")
	ann.hear("binary 030201")
	bob.say("tags")
	bob.hear("bob,all")
	ann.say("again")
	ann.hear("ann 1: again")
	bob.hear("ann 1: again")
	bob.say("bye")
	bob.hear("closed 4000 as you say")
	ann.send(ws.OpClose, ws.NewCloseFrameBody(3001, "enough"))
	ann.hear("closed 3001 enough")
	h.until("/call/closed", "ann 3001 enough true\n")
	if status, _, _ := h.send(request{path: "/socket?who=nobody"}); status != 500 { // it asks for no WebSocket
		h.t.Errorf("a WebSocket that nobody asked for: status %d", status)
	}
}

// talk is a client's WebSocket.
type talk struct {
	h    *home
	conn net.Conn
}

func (h *home) dial(path string) *talk {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 2*time.Minute)
	defer cancel()
	conn, br, _, err := ws.Dial(ctx, strings.Replace(h.url, "http", "ws", 1)+path)
	if err != nil {
		h.t.Fatalf("%s: %v", path, err)
	}
	h.t.Cleanup(func() { conn.Close() })
	if br != nil && br.Buffered() > 0 {
		h.t.Fatal("a message came with the handshake")
	}
	_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
	return &talk{h, conn}
}

func (k *talk) send(op ws.OpCode, data []byte) {
	k.h.t.Helper()
	if err := wsutil.WriteClientMessage(k.conn, op, data); err != nil {
		k.h.t.Fatal(err)
	}
}

func (k *talk) say(text string) {
	k.h.t.Helper()
	k.send(ws.OpText, []byte(text))
}

// hear reads the next message, which must be this.
func (k *talk) hear(want string) {
	k.h.t.Helper()
	f, err := wstest.ReadFrame(k.conn)
	if err != nil {
		k.h.t.Fatalf("instead of %q: %v", want, err)
	}
	got := string(f.Payload)
	switch f.Header.OpCode {
	case ws.OpBinary:
		got = fmt.Sprintf("binary %x", f.Payload)
	case ws.OpClose:
		code, reason := ws.ParseCloseFrameData(f.Payload)
		got = fmt.Sprintf("closed %d %s", code, reason)
	}
	if got != want {
		k.h.t.Errorf("heard %q, want %q", got, want)
	}
}

// An object class and an entrypoint in Go, in another Worker of the session: fetch, and methods that a program and its object class in JavaScript call.
func TestObjectsInGo(t *testing.T) {
	t.Parallel()
	t.Run("fetch", func(t *testing.T) {
		h := lattice(t, ".", "-c", "objects/twin.toml", "-c", "twin/wrangler.toml")
		h.ask(request{path: "/count/a"}, 200, "200 POST /increment: 1 <nil>\n")
		h.ask(request{path: "/count/a"}, 200, "200 POST /increment: 2 <nil>\n")
		h.ask(request{path: "/count/b"}, 200, "200 POST /increment: 1 <nil>\n")
		h.ask(request{path: "/forward/b"}, 200, "GET /forward/b: 2")
	})
	compare(t, "", func(h *home) {
		for _, c := range [][2]string{
			{"add?binding=GO&arg=2", "<number: 2>"},
			{"add?binding=GO&arg=3", "<number: 5>"},
			{"none?binding=GO", `TypeError: The RPC receiver does not implement the method "none".`},
			{"refuse?service=AUTH&arg=never", "RangeError: never"},
			{"none?service=AUTH", `TypeError: The RPC receiver does not implement the method "none".`},
			{"check?arg=ann", `[{"name":"ann","tags":["a","b"],"at":"1970-01-01T00:00:00.005Z","raw":{"0":1,"1":2},"may":"read"},2,"RangeError: never"]`},
		} {
			h.ask(request{path: "/call/" + c[0]}, 200, c[1]+"\n")
		}
		if h.local {
			h.t.Run("functions", func(t *testing.T) {
				if _, _, body := h.send(request{path: "/call/give"}); body != "DataCloneError\n" {
					t.Errorf("a function as an argument: %q", body)
				}
			})
		}
	}, func(t *testing.T) *home {
		return lattice(t, ".", "-c", "rooms/go.toml", "-c", "twin/wrangler.toml")
	}, func(t *testing.T) *home { // after lattice dev has built the twin
		return startWorkerd(t,
			workerd.Worker{Name: "rooms", Dir: bundle(t, "rooms"), Main: "rooms.mjs", Objects: map[string]string{"ROOM": "Room", "GO": "Counter"}, Scripts: map[string]string{"GO": "twin"},
				Services: map[string]string{"AUTH": "twin"}, Entrypoints: map[string]workerd.Entrypoint{"AUTH": {Name: "Auth", Props: map[string]any{"may": "read"}}}},
			workerd.Worker{Name: "twin", Dir: "twin/build/dist", Objects: map[string]string{"SELF": "Counter"}})
	})
}
