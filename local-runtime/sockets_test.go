package local_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"grove.place/lattice/internal/wstest"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/room"
	"grove.place/lattice/workers/websocket"
)

// socketTest is a host with one isolate, behind a server on the loopback interface.
type socketTest struct {
	t testing.TB
	*local.Host
	server *httptest.Server
}

func startSockets(t testing.TB) *socketTest {
	t.Helper()
	o := options()
	o.Isolates = 1
	return startSocketsWith(t, o)
}

func startSocketsWith(t testing.TB, o local.TestOptions) *socketTest {
	t.Helper()
	h := local.StartTest(t, o)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &socketTest{t, h, server}
}

// client is a connection that a test writes frames to.
type client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
	head http.Header
}

func (s *socketTest) dial(path string, header ...string) *client {
	s.t.Helper()
	c, resp := s.upgrade(path, header...)
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s: %s %s", path, resp.Status, body)
	}
	return c
}

// upgrade asks for a WebSocket and returns whatever the answer is.
func (s *socketTest) upgrade(path string, header ...string) (*client, *http.Response) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	lines := append([]string{"GET " + path + " HTTP/1.1", "Host: example.com", "Upgrade: websocket", "Connection: Upgrade",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"}, header...)
	io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &client{s.t, conn, in, resp.Header}, resp
}

func (s *socketTest) room(name, path string) *client {
	s.t.Helper()
	return s.dial("/room/" + name + "/" + path)
}

func (c *client) send(op ws.OpCode, data string) {
	c.t.Helper()
	if err := ws.WriteFrame(c.conn, ws.MaskFrame(ws.NewFrame(op, true, []byte(data)))); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) text(data string) { c.t.Helper(); c.send(ws.OpText, data) }

func (c *client) bye(code int, reason string) {
	c.t.Helper()
	c.send(ws.OpClose, string(ws.NewCloseFrameBody(ws.StatusCode(code), reason)))
}

// read describes the next frame.
func (c *client) read() string {
	c.t.Helper()
	f, err := wstest.ReadFrame(c.in)
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "gone"
	case err != nil:
		return err.Error()
	case f.Header.OpCode == ws.OpClose && len(f.Payload) < 2:
		return "close"
	case f.Header.OpCode == ws.OpClose:
		code, reason := ws.ParseCloseFrameData(f.Payload)
		return fmt.Sprintf("close %d %s", code, reason)
	case f.Header.OpCode != ws.OpText:
		return fmt.Sprintf("op %d %q", f.Header.OpCode, f.Payload)
	}
	return string(f.Payload)
}

func (c *client) want(frames ...string) {
	c.t.Helper()
	for _, want := range frames {
		if got := c.read(); got != want {
			c.t.Fatalf("got %q, want %q", got, want)
		}
	}
}

// log is what an object of the instance heard, without waking it more than a call does.
func (s *socketTest) log(name string) []string {
	s.t.Helper()
	list, err := room.Log.Call(s.Context(), room.Rooms.GetByName(name), durables.None{})
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// hears waits until the last thing that an object heard is want.
func (s *socketTest) hears(name, want string) {
	s.t.Helper()
	var got []string
	s.eventually(func() bool {
		got = s.log(name)
		return got[len(got)-1] == want
	}, func() string { return fmt.Sprintf("heard %q, want %q", got, want) })
}

// eventually waits for what comes through the network.
func (s *socketTest) eventually(done func() bool, failed func() string) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal(failed())
		}
	}
}

func (s *socketTest) sockets(name string) []local.Socket {
	s.t.Helper()
	list, err := s.Sockets("Room", name)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *socketTest) counts(name string, n int) {
	s.t.Helper()
	s.eventually(func() bool { return len(s.sockets(name)) == n }, func() string { return fmt.Sprintf("%+v, want %d", s.sockets(name), n) })
}

func (s *socketTest) configure(name string, c room.Settings) {
	s.t.Helper()
	if _, err := room.Configure.Call(s.Context(), room.Rooms.GetByName(name), c); err != nil {
		s.t.Fatal(err)
	}
}

func TestUpgrade(t *testing.T) {
	s := startSockets(t)
	t.Run("to an object, through the Worker", func(t *testing.T) {
		c := s.room("a", "hibernate")
		c.text("hello")
		c.want("hello")
		c.send(ws.OpBinary, "\x00\xff")
		c.want(`op 2 "\x00\xff"`)
	})
	t.Run("headers go with it, and it outlives its event", func(t *testing.T) {
		c := s.dial("/greet")
		c.want("hello")
		if got := c.head.Get("Sec-Websocket-Protocol"); got != "greeting" {
			t.Errorf("protocol %q", got)
		}
		c.bye(1000, "thanks")
		c.want("close 1000 thanks", "gone")
	})
	t.Run("compression is agreed on", func(t *testing.T) {
		c := s.dial("/room/a/hibernate", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
		if got := c.head.Get("Sec-Websocket-Extensions"); got != "permessage-deflate; client_max_window_bits=15" {
			t.Errorf("extensions %q", got)
		}
		ws.WriteFrame(c.conn, ws.MaskFrame(ws.Frame{Header: ws.Header{Fin: true, OpCode: ws.OpText, Rsv: 4, Length: 6}, Payload: []byte("JM\xce\xc8\a\x00")}))
		c.want("echo")
	})
	for name, c := range map[string]struct {
		path, header string
		status       int
		body         string
	}{
		"answered otherwise":     {"/hello", "", 200, "hello vars from "},
		"by an object otherwise": {"/room/a/none", "", 200, "no socket"},
		"of another version":     {"/greet", "Sec-WebSocket-Version: 8", 400, "The requested WebSocket version is not supported."},
	} {
		t.Run(name, func(t *testing.T) {
			req, _ := http.NewRequest("GET", s.server.URL+c.path, nil)
			req.Header.Set("Connection", "Upgrade")
			req.Header.Set("Upgrade", "WebSocket")
			req.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
			if name, value, ok := strings.Cut(c.header, ": "); ok {
				req.Header.Set(name, value)
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); resp.StatusCode != c.status || !strings.HasPrefix(string(body), c.body) {
				t.Errorf("%s %q", resp.Status, body)
			}
		})
	}
	t.Run("a socket for a request that did not ask", func(t *testing.T) {
		resp, err := http.Get(s.server.URL + "/greet")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 500 {
			t.Errorf("%s %s", resp.Status, body)
		}
	})
}

func TestHibernation(t *testing.T) {
	s := startSockets(t)
	c := s.room("h", "hibernate?tag=one&tag=two")
	other := s.room("h", "hibernate")
	for _, command := range []string{"attach kept", "count", "count"} {
		c.text(command)
	}
	c.want(`count 2 attached "kept" tags [one two]`, `count 3 attached "kept" tags [one two]`)
	s.Clock.Advance(9 * time.Second)
	c.text("count")
	c.want(`count 4 attached "kept" tags [one two]`)
	s.Clock.Advance(10 * time.Second)
	want := []local.Socket{{Number: 2, ReadyState: 1, Hibernates: true}, {Number: 1, Tags: []string{"one", "two"}, ReadyState: 1, Hibernates: true, Attachment: "kept"}}
	if got := s.sockets("h"); !reflect.DeepEqual(got, want) {
		t.Errorf("after ten idle seconds: %+v", got)
	}
	c.text("count")
	c.want(`count 1 attached "kept" tags [one two]`)
	if got, want := s.log("h"), []string{"constructed with 0", "constructed with 2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n, err := room.Broadcast.Call(s.Context(), room.Rooms.GetByName("h"), "to all"); n != 2 || err != nil {
		t.Errorf("broadcast to %d, %v", n, err)
	}
	c.want("to all")
	other.want("to all")
	other.conn.Close()
	s.hears("h", `close 1006 "WebSocket disconnected without sending Close frame." false closing of 2`)
	s.counts("h", 1)
}

func TestFacetHibernates(t *testing.T) {
	s := startSockets(t)
	c := s.room("parent", "facet")
	for range 2 {
		c.text("props")
		c.text("props")
		c.want("1 proper", "2 proper")
		s.Clock.Advance(30 * time.Second)
	}
}

func TestAutoResponse(t *testing.T) {
	s := startSockets(t)
	s.configure("auto", room.Settings{Request: "ping", Response: "pong"})
	c := s.room("auto", "hibernate")
	for range 3 { // it is not work, so the object leaves at ten seconds all the same
		c.text("ping")
		c.want("pong")
		s.Clock.Advance(4 * time.Second)
	}
	if got := s.sockets("auto"); len(got) != 1 || !got[0].Hibernates {
		t.Fatalf("%+v", got)
	}
	before := s.Clock.Now().UTC().Format(time.TimeOnly)
	c.text("ping")
	c.want("pong")
	if got := s.sockets("auto"); !got[0].Hibernates {
		t.Error("it woke the object")
	}
	s.Clock.Advance(time.Minute)
	c.send(ws.OpBinary, "ping") // bytes are not text
	c.want(`op 2 "ping"`)
	c.text("times")
	c.want("true " + before)
	// What the object sent before comes before.
	for i := range 50 {
		c.text(fmt.Sprint(i))
		c.text("ping")
	}
	for i := range 50 {
		c.want(fmt.Sprint(i), "pong")
	}
	s.configure("auto", room.Settings{})
	c.text("ping")
	c.want("ping")
	c.text("close")
	c.want("close 4001 ")
	s.configure("auto", room.Settings{Request: "ping", Response: "pong"})
	c.text("ping")
	c.bye(4001, "reply")
	c.want("gone")
}

func TestEventTimeout(t *testing.T) {
	s := startSockets(t)
	s.configure("slow", room.Settings{TimeoutMS: 1000})
	c := s.room("slow", "hibernate")
	c.text("sleep 900")
	s.hears("slow", "sleeps")
	s.Clock.Advance(950 * time.Millisecond)
	c.want("slept")
	c.text("sleep 5000")
	s.hears("slow", "sleeps")
	held := make(chan error, 1)
	go func() {
		_, err := room.Do.Call(s.Context(), room.Rooms.GetByName("slow"), "wait")
		held <- err
	}()
	s.hears("slow", "waits")
	s.Clock.Advance(time.Second)
	if err := <-held; err == nil || err.Error() != "Actor exceeded event execution time and was disconnected." {
		t.Errorf("a caller got %v", err)
	}
	c.text("count")
	c.want(`count 1 attached "" tags []`)
	if got := s.log("slow"); got[len(got)-1] != "constructed with 1" {
		t.Errorf("%q", got)
	}
}

func TestEventsWaitForCriticalSections(t *testing.T) {
	s := startSockets(t)
	c := s.room("gate", "hibernate")
	c.text("block 1000")
	c.text("second")
	moving(t, s.Host, 100*time.Millisecond, func() { c.want("blocked", "second") })
}

func TestHandlersDoNotWaitForOneAnother(t *testing.T) {
	s := startSockets(t)
	c := s.room("order", "hibernate")
	c.text("sleep 1000")
	c.text("second")
	c.want("second")
	moving(t, s.Host, 100*time.Millisecond, func() { c.want("slept") })
}

func TestCloses(t *testing.T) {
	s := startSockets(t)
	t.Run("the client's is answered by the object", func(t *testing.T) {
		c := s.room("c1", "hibernate")
		c.bye(4000, "reply")
		c.want("close 4000 replied", "gone")
		s.hears("c1", `close 4000 "reply" true closing of 1`)
		s.counts("c1", 0)
	})
	t.Run("the object's is answered by the client", func(t *testing.T) {
		c := s.room("c2", "hibernate")
		c.text("close bye")
		c.want("close 4001 bye")
		c.text("ignored")
		c.bye(4001, "bye")
		c.want("gone")
		s.hears("c2", `close 4001 "bye" true closed of 1`)
		s.counts("c2", 0)
	})
	t.Run("one that nobody answers ends when the object does", func(t *testing.T) {
		c := s.room("c3", "hibernate")
		c.bye(4000, "")
		s.hears("c3", `close 4000 "" true closing of 1`)
		s.counts("c3", 0)
		s.Clock.Advance(10 * time.Second)
		c.want("gone")
	})
	t.Run("a broken protocol", func(t *testing.T) {
		c := s.room("c4", "hibernate")
		c.send(3, "x")
		c.want("close 1002 Unknown opcode 3")
		s.hears("c4", "error WebSocket protocol error; protocolError.statusCode = 1002; protocolError.description = Unknown opcode 3 closing")
		s.counts("c4", 0)
		s.Clock.Advance(10 * time.Second)
		c.want("gone")
	})
	t.Run("a handler that fails changes nothing", func(t *testing.T) {
		c := s.room("c5", "hibernate")
		c.text("fail")
		c.text("count")
		c.want(`count 2 attached "" tags []`)
	})
}

func TestResetsDropSockets(t *testing.T) {
	s := startSockets(t)
	for _, how := range []string{"abort", "fail-block", "orphan"} {
		t.Run(how, func(t *testing.T) {
			name := "reset-" + how
			c, quiet := s.room(name, "hibernate"), s.room(name, "hibernate")
			c.text(how) // what an orphan sends never comes: its commit fails
			c.want("gone")
			quiet.want("gone")
			s.counts(name, 0)
			if got := s.log(name); !reflect.DeepEqual(got, []string{"constructed with 0", "constructed with 0"}) {
				t.Errorf("%q", got)
			}
		})
	}
	t.Run("a constructor that fails", func(t *testing.T) {
		c := s.room("breaks", "hibernate")
		s.Clock.Advance(10 * time.Second)
		c.text("wake")
		c.want("gone")
		s.counts("breaks", 0)
	})
}

func TestConstructorSendsWhenItIsDone(t *testing.T) {
	s := startSockets(t)
	c := s.room("greets", "hibernate")
	s.Clock.Advance(10 * time.Second)
	c.text("hello")
	c.want("constructed", "hello")
}

func TestInstanceDies(t *testing.T) {
	s := startSockets(t)
	c, ordinary := s.room("dies", "hibernate?tag=kept"), s.room("dies", "ordinary")
	ordinary.text("x")
	ordinary.want("x")
	c.text("attach it")
	c.text("exit")
	ordinary.want("gone")
	c.text("count")
	c.want(`count 1 attached "it" tags [kept]`)
}

func TestOrdinarySockets(t *testing.T) {
	s := startSockets(t)
	c := s.room("o", "ordinary")
	c.text("echo")
	c.want("echo")
	s.Clock.Advance(time.Hour) // it keeps its object in memory
	c.text("still")
	c.want("still")
	c.bye(4321, "bye")
	c.want("close 4321 bye", "gone")
	s.hears("o", "ordinary ended: websocket: closed with code 4321: bye, closed")
	if got := s.log("o"); len(got) != 2 {
		t.Errorf("%q", got)
	}
	lost := s.room("o", "ordinary")
	lost.text("x")
	lost.want("x")
	lost.conn.Close()
	s.hears("o", "ordinary ended: websocket: closed with code 1006: WebSocket disconnected without sending Close frame., closing")
	bad := s.room("o", "ordinary")
	bad.send(3, "x")
	bad.want("close 1002 Unknown opcode 3", "gone")
	s.hears("o", "ordinary ended: websocket: WebSocket protocol error; protocolError.statusCode = 1002; protocolError.description = Unknown opcode 3, closed")
}

func TestDial(t *testing.T) {
	s := startSockets(t)
	t.Run("an object, natively", func(t *testing.T) {
		ctx := s.Context()
		conn, resp, err := websocket.Dial(ctx, "ws://room/hibernate?tag=native", &websocket.DialOptions{Fetch: room.Rooms.GetByName("d").Fetch})
		if err != nil || resp.StatusCode != 101 {
			t.Fatal(resp, err)
		}
		for _, text := range []string{"one", "two"} {
			if err := conn.SendText(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		patience, cancel := context.WithCancel(ctx)
		cancel()
		for _, text := range []string{"one", "two"} {
			conn.Receive(patience) // loses nothing
			if m, err := conn.Receive(ctx); err != nil || m.Text() != text {
				t.Fatal(m, err)
			}
		}
		s.Clock.Advance(10 * time.Second)
		if got := s.sockets("d"); len(got) != 1 || !got[0].Hibernates {
			t.Errorf("%+v", got)
		}
		conn.SendText(ctx, "count")
		if m, err := conn.Receive(ctx); err != nil || m.Text() != `count 1 attached "" tags [native]` {
			t.Error(m, err)
		}
		if err := conn.Close(ctx, 4000, "reply"); err != nil {
			t.Fatal(err)
		}
		var closed *websocket.CloseError
		if _, err := conn.Receive(ctx); !errors.As(err, &closed) || *closed != (websocket.CloseError{Code: 4000, Reason: "replied", WasClean: true}) {
			t.Error(err)
		}
		if state, err := conn.ReadyState(ctx); state != websocket.Closed || err != nil {
			t.Error(state, err)
		}
	})
	t.Run("another server, from the Worker", func(t *testing.T) {
		c := s.dial("/upper?url=" + strings.Replace(s.server.URL, "http", "ws", 1) + "/room/far/hibernate")
		for _, text := range []string{"count", "ähm"} {
			c.text(text)
			c.want(strings.ToUpper(text))
		}
		c.bye(1000, "")
		c.want("close 1000 ", "gone")
		s.hears("far", `close 1000 "done" true closing of 1`)
	})
	t.Run("a server that refuses", func(t *testing.T) {
		c := s.dial("/upper?url=" + s.server.URL + "/hello")
		if got := c.read(); !strings.HasPrefix(got, "close 4000 websocket: dial: ") || !strings.HasSuffix(got, "answered 200 OK and no WebSocket") {
			t.Error(got)
		}
	})
}

func TestReloadAndCloseSayGoodbye(t *testing.T) {
	s := startSockets(t)
	hibernating, ordinary := s.room("g", "hibernate"), s.room("g", "ordinary")
	ordinary.text("x")
	ordinary.want("x")
	module, err := local.BuildTest("./testdata/worker")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(s.Context(), module); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{hibernating, ordinary} {
		c.want("close 1012 The Worker was replaced by a new build.", "gone")
	}
	s.counts("g", 0)
	again := s.room("g", "hibernate")
	again.text("count")
	again.want(`count 1 attached "" tags []`)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again.want("close 1001 The host is shutting down.", "gone")
}

func TestSlowClientHoldsUpNobody(t *testing.T) {
	s := startSockets(t)
	slow, quick := s.room("flood", "hibernate"), s.room("flood", "hibernate")
	go io.Copy(io.Discard, quick.in)
	for range 3 { // 120 MB in all, more than may wait for the slow one
		if got, err := room.Do.Call(s.Context(), room.Rooms.GetByName("flood"), "flood 40"); got != "flooded" || err != nil {
			t.Fatal(got, err)
		}
	}
	s.hears("flood", `close 1006 "WebSocket disconnected without sending Close frame." false closing of 2`)
	s.counts("flood", 1)
	slow.conn.Close()
}

func TestClientIsNotReadFasterThanTheObject(t *testing.T) {
	s := startSockets(t)
	c := s.room("b", "sleepy")
	c.want("hello")
	c.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	chunk := ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(make([]byte, 1<<20))))
	var taken int64
	for taken < 200<<20 {
		n, err := c.conn.Write(chunk)
		if taken += int64(n); err != nil {
			return // back-pressure
		}
	}
	t.Errorf("%d MB were taken", taken>>20)
}

func TestSocketsLeaveNothing(t *testing.T) {
	s := startSockets(t)
	round := func() {
		var list []*client
		for i := range 40 {
			c := s.room("leak", []string{"hibernate", "ordinary"}[i%2])
			c.text("x")
			c.want("x")
			list = append(list, c)
		}
		for i, c := range list {
			if i%4 < 2 {
				c.bye(1000, "reply")
				c.read()
			}
			c.conn.Close()
		}
		s.counts("leak", 0)
	}
	round()
	settled := func() int {
		s.server.CloseClientConnections()
		s.Clock.Advance(20 * time.Second)
		return runtime.NumGoroutine()
	}
	before := settled()
	for range 5 {
		round()
	}
	s.eventually(func() bool { return settled() <= before+4 }, func() string { return fmt.Sprintf("goroutines: %d, then %d", before, settled()) })
}
