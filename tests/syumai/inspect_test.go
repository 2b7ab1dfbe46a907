package syumai

import (
	"slices"
	"strings"
	"testing"

	local "grove.place/lattice/local-runtime"
)

// What the inspector does to objects and sockets works on those of programs of github.com/syumai/workers.
func TestObjectsInJavaScriptAreInspected(t *testing.T) {
	h := startRooms(t)
	host := h.host
	call := h.call
	if got := call("add?arg=ann&arg=hello"); !strings.Contains(got, `"n":1`) {
		t.Fatal(got)
	}
	rows := func() int {
		t.Helper()
		list, err := local.Rows[int](host.Storage("Room", "lobby"), "SELECT count(*) FROM said")
		if err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	for _, live := range []bool{true, false} {
		if _, err := host.Execute("Room", "lobby", "INSERT INTO said (who, text) VALUES ('by hand', 'x')"); err != nil {
			t.Errorf("in memory %v: %v", live, err)
		}
		if _, err := host.Execute("Room", "lobby", "INSERT INTO said (who) VALUES ('lost'); SELECT nothing"); err == nil {
			t.Error("a statement that fails succeeds")
		}
		if o, found, err := host.Object("Room", "lobby"); !found || o.Live != live || o.Name != "lobby" || err != nil {
			t.Errorf("it is %+v, %v, %v", o, found, err)
		}
		if evicted, err := host.Evict("Room", "lobby"); evicted != live || err != nil {
			t.Errorf("evicted: %v, %v; want %v", evicted, err, live)
		}
	}
	if n := rows(); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}

	call("ring?arg=60000")
	if alarms := host.Alarms(); len(alarms) != 1 || alarms[0].Class != "Room" || alarms[0].Name != "lobby" {
		t.Errorf("alarms: %+v", alarms)
	}
	if ran, err := host.RunAlarm("Room", "lobby"); !ran || err == nil || !strings.Contains(err.Error(), "once more") {
		t.Errorf("the alarm, which fails: %v, %v", ran, err)
	}
	if ran, err := host.RunAlarm("Room", "lobby"); !ran || err != nil {
		t.Errorf("its retry: %v, %v", ran, err)
	}

	ann, echo := h.dial("/socket?who=ann"), h.dial("/echo")
	sockets := host.OpenSockets()
	if len(sockets) != 2 || !sockets[0].Ordinary || sockets[0].Class != "" || sockets[1].Ordinary || !slices.Equal(sockets[1].Tags, []string{"ann", "all"}) || sockets[1].Name != "lobby" {
		t.Fatalf("open are %+v", sockets)
	}
	for n, talk := range []*talk{echo, ann} {
		heard := []string{"echo as a client", "ann 0: as a client"}[n]
		if err := host.SendOpen(sockets[n].Ref, true, "as a client"); err != nil {
			t.Error(err)
		}
		talk.hear(heard)
		if err := host.SendOpen(sockets[n].Ref, false, "as the Worker"); err != nil {
			t.Error(err)
		}
		talk.hear("as the Worker")
		if err := host.CloseOpen(sockets[n].Ref, 1000, "by hand"); err != nil {
			t.Error(err)
		}
		talk.hear("closed 1000 by hand")
	}
	if err := host.SendOpen(sockets[0].Ref, true, "too late"); err == nil {
		t.Error("a socket that has gone takes messages")
	}

	if existed, err := host.Delete("Room", "lobby"); !existed || err != nil {
		t.Errorf("deleted: %v, %v", existed, err)
	}
	if _, found, err := host.Object("Room", "lobby"); found || err != nil {
		t.Errorf("after that there is one: %v, %v", found, err)
	}
	if got := call("said"); !strings.Contains(got, "[]") {
		t.Errorf("a new one has stored %s", got)
	}
}
