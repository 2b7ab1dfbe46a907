package room_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"grove.place/lattice/internal/scaffold/templates/chat/room"
	"grove.place/lattice/latticetest"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/websocket"
)

// member is someone in the lobby.
type member struct {
	t    *testing.T
	host *local.Host
	ws   *websocket.Conn
}

func join(t *testing.T, host *local.Host, name string) member {
	t.Helper()
	ws, _, err := websocket.Dial(host.Context(), "ws://room/?name="+name, &websocket.DialOptions{Fetch: room.Rooms.GetByName("lobby").Fetch})
	if err != nil {
		t.Fatal(err)
	}
	return member{t, host, ws}
}

func (m member) say(text string) {
	m.t.Helper()
	if err := m.ws.SendText(m.host.Context(), text); err != nil {
		m.t.Fatal(err)
	}
}

func (m member) hears(from, text string) {
	m.t.Helper()
	received, err := m.ws.Receive(m.host.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	var got room.Message
	if err := json.Unmarshal([]byte(received.Text()), &got); err != nil || got.From != from || got.Text != text {
		m.t.Errorf("heard %s, %v; want %q from %s", received.Text(), err, text, from)
	}
}

func TestEveryoneHearsWhatAMemberSays(t *testing.T) {
	host := latticetest.Start(t)
	ann, bob := join(t, host, "ann"), join(t, host, "bob")
	ann.say("hello")
	ann.hears("ann", "hello")
	bob.hears("ann", "hello")
	if _, err := host.EvictAll(); err != nil { // the room leaves memory, its sockets stay
		t.Fatal(err)
	}
	bob.say("hi ann")
	ann.hears("bob", "hi ann")
}

func TestThoseWhoComeLaterSeeWhatWasSaid(t *testing.T) {
	host := latticetest.Start(t)
	ann := join(t, host, "ann")
	ann.say("is someone here?")
	ann.hears("ann", "is someone here?")
	join(t, host, "bob").hears("ann", "is someone here?")
}

func TestARoomIsForWebSocketsAndNames(t *testing.T) {
	host := latticetest.Start(t)
	for path, want := range map[string]int{"/rooms/lobby?name=ann": http.StatusUpgradeRequired, "/rooms/lobby": http.StatusBadRequest, "/": http.StatusOK} {
		w := httptest.NewRecorder()
		host.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s answers %d, want %d", path, w.Code, want)
		}
	}
}
