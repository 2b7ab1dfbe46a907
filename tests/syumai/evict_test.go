package syumai

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// An object of a JavaScript class leaves memory when it is idle. Its sockets and its alarm stay, and wake it.
func TestIdleObjectsInJavaScriptLeaveMemory(t *testing.T) {
	cfg, err := wrangler.Load("rooms/wrangler.toml", "")
	if err != nil {
		t.Fatal(err)
	}
	built, err := build.ForLocal(context.Background(), build.Options{Dir: "rooms", Package: ".", Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	host := local.StartTest(t, local.TestOptions{Options: local.Options{
		Module: built.Module, Classes: built.Classes, Objects: map[string]string{"ROOM": "Room", "PLAIN": "Plain"},
	}})
	server := httptest.NewServer(host)
	defer server.Close()
	h := &home{t: t, url: server.URL}
	call := func(what string) string {
		t.Helper()
		res, err := http.Get(server.URL + "/call/" + what)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return strings.TrimSpace(string(b))
	}
	inMemory := func() bool {
		t.Helper()
		was, err := host.Evict("Room", "lobby")
		if err != nil {
			t.Fatal(err)
		}
		return was
	}

	ann := h.dial("/socket?who=ann")
	ann.say("hello")
	ann.hear("ann 0: hello")
	born := call("born")
	host.Clock.Advance(9 * time.Second)
	if again := call("born"); again != born {
		t.Errorf("it was constructed anew after nine seconds: %s, %s", born, again)
	}
	host.Clock.Advance(11 * time.Second)
	if inMemory() {
		t.Error("it is in memory after eleven idle seconds")
	}
	ann.say("ping")
	ann.hear("pong")
	if inMemory() {
		t.Error("what it answers automatically woke it")
	}
	ann.say("again")
	ann.hear("ann 1: again")
	if now := call("born"); now == born {
		t.Error("it was not constructed anew")
	}

	if got := call("ring?arg=60000"); got != "<boolean: true>" {
		t.Fatal(got)
	}
	host.Clock.Advance(30 * time.Second)
	if inMemory() {
		t.Error("an alarm that is set keeps it in memory")
	}
	host.Clock.Advance(31 * time.Second) // the alarm, which fails
	host.Clock.Advance(3 * time.Second)  // and its retry
	if got := call("rung"); got != "retry 1, set null" {
		t.Errorf("the alarm: %s", got)
	}
	if err := host.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	ann.hear("closed 1001 The host is shutting down.")
	if got := call("rung"); got != "retry 1, set null" {
		t.Errorf("after a restart: %s", got)
	}
}
