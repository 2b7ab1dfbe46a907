package syumai

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
	"grove.place/lattice/internal/wstest"
	local "grove.place/lattice/local-runtime"
)

// roomsHost runs the program whose object class is JavaScript, as the host under test.
type roomsHost struct {
	*home
	host *local.Host
}

func startRooms(t *testing.T) *roomsHost {
	t.Helper()
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
	t.Cleanup(server.Close)
	return &roomsHost{&home{t: t, url: server.URL}, host}
}

func (h *roomsHost) call(what string) string {
	h.t.Helper()
	_, _, body := h.send(request{path: "/call/" + what})
	return strings.TrimSpace(body)
}

// An object of a JavaScript class leaves memory when it is idle. Its sockets and its alarm stay, and wake it.
func TestIdleObjectsInJavaScriptLeaveMemory(t *testing.T) {
	h := startRooms(t)
	call, host := h.call, h.host
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

// When a turn cannot be committed, nothing of it is stored and nothing that it said has left.
func TestTurnsInJavaScriptAreLostAsAWhole(t *testing.T) {
	h := startRooms(t)
	call := h.call
	expect := func(what, want string) {
		t.Helper()
		if got := call(what); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	expect("pair?arg=first", "first first")
	born := call("born")
	for _, f := range []struct {
		fault local.StorageFault
		call  string
	}{
		{local.StorageFault{On: local.OnCommit}, "pair?arg=second"},
		{local.StorageFault{On: local.OnCommit}, "later?arg=second"},
		{local.StorageFault{On: local.OnWrite, After: 1}, "pair?arg=second"},
	} {
		f.fault.Class, f.fault.Times = "Room", 1
		fault := h.host.Inject(f.fault)
		if got := call(f.call); !strings.Contains(got, "full") {
			t.Errorf("%s, whose storage fails: %q", f.call, got)
		}
		if fault.Count() != 1 {
			t.Errorf("%s: the fault struck %d times", f.call, fault.Count())
		}
		fault.Remove()
		expect("pair", "first first")
	}
	if call("born") == born {
		t.Error("it was not reset")
	}

	ann, bob := h.dial("/socket?who=ann"), h.dial("/socket?who=bob")
	ann.say("keep this")
	bob.hear("ann 0: keep this")
	h.host.Inject(local.StorageFault{Class: "Room", On: local.OnCommit, Times: 1})
	ann.say("keep that")
	if f, err := wstest.ReadFrame(bob.conn); err == nil && f.Header.OpCode == ws.OpText {
		t.Errorf("bob heard %q of a turn that is lost", f.Payload)
	}
	expect("pair", "keep this first")

	slow := h.host.Inject(local.StorageFault{Class: "Room", On: local.OnConfirm, Delay: 3 * time.Second, Times: 1})
	answer := make(chan string, 1)
	go func() { answer <- call("pair?arg=slow") }()
	for slow.Count() == 0 && len(answer) == 0 {
		time.Sleep(time.Millisecond)
	}
	h.host.Clock.Advance(2 * time.Second)
	if len(answer) > 0 {
		t.Errorf("it answers %q before what it wrote is confirmed", <-answer)
	}
	h.host.Clock.Advance(time.Second)
	if got := <-answer; got != "slow slow" {
		t.Errorf("the answer that waited: %q", got)
	}
}
