package websocket

import (
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"grove.place/lattice/internal/wstest"
)

// frame encodes a frame, a client's unless it is not masked.
func frame(fin bool, rsv byte, op ws.OpCode, masked bool, payload string) []byte {
	f := ws.Frame{Header: ws.Header{Fin: fin, Rsv: rsv, OpCode: op, Length: int64(len(payload))}, Payload: []byte(payload)}
	if masked {
		f = ws.MaskFrameWith(f, [4]byte{1, 2, 3, 4})
	}
	var b bytes.Buffer
	ws.WriteFrame(&b, f)
	return b.Bytes()
}

func text(s string) []byte { return frame(true, 0, ws.OpText, true, s) }

func closing(code ws.StatusCode, reason string) []byte {
	return frame(true, 0, ws.OpClose, true, string(ws.NewCloseFrameBody(code, reason)))
}

// serve makes a server's Conn and the client's end of its connection.
func serve(t testing.TB, agreed *Agreement) (*Conn, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := New(server, false, nil, agreed)
	t.Cleanup(func() {
		c.Abort()
		client.Close()
	})
	return c, client
}

// show describes what was received until the end.
func show(c *Conn) string {
	var b strings.Builder
	for {
		m, err := c.Receive()
		switch {
		case err != nil:
			fmt.Fprintf(&b, "error %v", err)
			return b.String()
		case m.Kind == Close:
			fmt.Fprintf(&b, "close %d %q", m.Code, m.Reason)
			return b.String()
		default:
			fmt.Fprintf(&b, "%d %q; ", m.Kind, m.Data)
		}
	}
}

// readFrame describes the next frame that a client gets.
func readFrame(t testing.TB, r io.Reader) string {
	t.Helper()
	f, err := wstest.ReadFrame(r)
	if err != nil {
		return err.Error()
	}
	if f.Header.OpCode == ws.OpClose {
		code, reason := ws.ParseCloseFrameData(f.Payload)
		return fmt.Sprintf("close %d %s", code, reason)
	}
	return fmt.Sprintf("op %d %q", f.Header.OpCode, f.Payload)
}

// What workerd 2026-11-17 answered to these bytes.
func TestReceiveIsWorkerds(t *testing.T) {
	const bad = "WebSocket protocol error; protocolError.statusCode = 1002; protocolError.description = "
	uncompressed := "Received a WebSocket frame whose compression bit was set, but the compression extension was not negotiated for this connection."
	cases := map[string]struct {
		frames [][]byte
		want   string
		answer string // the first frame the client gets
	}{
		"an unknown opcode":           {[][]byte{frame(true, 0, 3, true, "x")}, "error " + bad + "Unknown opcode 3", "close 1002 Unknown opcode 3"},
		"no mask is fine":             {[][]byte{frame(true, 0, ws.OpText, false, "plain"), closing(1000, "")}, `0 "plain"; close 1000 ""`, ""},
		"a compressed frame":          {[][]byte{frame(true, 4, ws.OpText, true, "x")}, "error " + bad + uncompressed, "close 1002 " + uncompressed},
		"a reserved bit":              {[][]byte{frame(true, 2, ws.OpText, true, "x")}, "error " + bad + "Received frame had RSV bits 2 or 3 set", "close 1002 Received frame had RSV bits 2 or 3 set"},
		"a continuation of nothing":   {[][]byte{frame(true, 0, ws.OpContinuation, true, "x")}, "error " + bad + "Unexpected continuation frame", "close 1002 Unexpected continuation frame"},
		"a message inside a message":  {[][]byte{frame(false, 0, ws.OpText, true, "x"), text("y")}, "error " + bad + "Missing continuation frame", "close 1002 Missing continuation frame"},
		"a fragmented ping":           {[][]byte{frame(false, 0, ws.OpPing, true, "x")}, "error " + bad + "Received fragmented control frame", "close 1002 Received fragmented control frame"},
		"fragments around a ping":     {[][]byte{frame(false, 0, ws.OpText, true, "pl"), frame(true, 0, ws.OpPing, true, "p"), frame(true, 0, ws.OpContinuation, true, "ain"), closing(1000, "")}, `0 "plain"; close 1000 ""`, `op 10 "p"`},
		"an empty first fragment":     {[][]byte{frame(false, 0, ws.OpBinary, true, ""), frame(true, 0, ws.OpContinuation, true, "b"), closing(1000, "")}, `1 "b"; close 1000 ""`, ""},
		"a long ping":                 {[][]byte{frame(true, 0, ws.OpPing, true, strings.Repeat("p", 200)), closing(1000, "")}, `close 1000 ""`, fmt.Sprintf("op 10 %q", strings.Repeat("p", 200))},
		"a pong":                      {[][]byte{frame(true, 0, ws.OpPong, true, "p"), closing(1000, "")}, `close 1000 ""`, ""},
		"text that is not UTF-8":      {[][]byte{text("a\xff\xe2\x82b\xf0\x9f\x98c"), closing(1000, "")}, `0 "a` + "\ufffd\ufffdb\ufffdc" + `"; close 1000 ""`, ""},
		"a close without a code":      {[][]byte{frame(true, 0, ws.OpClose, true, "")}, `close 1005 ""`, ""},
		"a close of one byte":         {[][]byte{frame(true, 0, ws.OpClose, true, "x")}, `close 1005 ""`, ""},
		"a close with a strange code": {[][]byte{closing(999, "r")}, `close 999 "r"`, ""},
		"a close that is not UTF-8":   {[][]byte{closing(1000, "\xff")}, `close 1000 "` + "\ufffd" + `"`, ""},
		"nothing follows a close":     {[][]byte{closing(1000, "bye"), text("more")}, `close 1000 "bye"`, ""},
		"no close at all":             {[][]byte{text("x")}, `0 "x"; error WebSocket disconnected without sending Close frame.`, ""},
		"half a frame":                {[][]byte{text("xyz")[:7]}, `error WebSocket disconnected without sending Close frame.`, ""},
		"a message that is too large": {[][]byte{{0x82, 0xff, 0, 0, 0, 0, 2, 1, 0, 0, 1, 2, 3, 4}},
			"error WebSocket protocol error; protocolError.statusCode = 1009; protocolError.description = Message is too large: 33619968 > 33554432", "close 1009 Message is too large: 33619968 > 33554432"},
		"a length that is no length": {[][]byte{{0x82, 0xff, 0xff, 0, 0, 0, 2, 1, 0, 0, 1, 2, 3, 4}},
			"error WebSocket protocol error; protocolError.statusCode = 1009; protocolError.description = Message is too large", "close 1009 Message is too large"},
	}
	for name, c := range cases {
		for _, pieces := range []string{"at once", "byte by byte"} {
			t.Run(name+" "+pieces, func(t *testing.T) {
				t.Parallel()
				conn, client := serve(t, nil)
				go func() {
					for _, f := range c.frames {
						for len(f) > 0 {
							n := len(f)
							if pieces != "at once" {
								n = 1
							}
							client.Write(f[:n])
							f = f[n:]
						}
					}
					client.(*net.TCPConn).CloseWrite()
				}()
				if got := show(conn); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				conn.End()
				if c.answer != "" {
					if got := readFrame(t, client); got != c.answer {
						t.Errorf("the client got %s, want %s", got, c.answer)
					}
				}
			})
		}
	}
}

func TestAgree(t *testing.T) {
	// What workerd answered to these offers.
	for offered, want := range map[string]string{
		"":                   "none",
		"permessage-deflate": "permessage-deflate",
		"permessage-deflate; client_max_window_bits":                                 "permessage-deflate; client_max_window_bits=15",
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover": "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
		"permessage-deflate; server_max_window_bits=10":                              "permessage-deflate; server_max_window_bits=10",
		"permessage-deflate; bogus":                                                  "none",
		"permessage-deflate; server_max_window_bits":                                 "none",
		"permessage-deflate; client_max_window_bits=16":                              "none",
		"foo, permessage-deflate;client_max_window_bits=11":                          "permessage-deflate; client_max_window_bits=11",
		"permessage-deflate; client_max_window_bits, permessage-deflate":             "permessage-deflate; client_max_window_bits=15",
	} {
		got := "none"
		if a := Agree(offered, offered); a != nil {
			got = a.String()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", offered, got, want)
		}
	}
	if a := Agree("permessage-deflate; client_max_window_bits", "permessage-deflate"); a == nil || a.String() != "permessage-deflate" {
		t.Errorf("the application's wish: %v", a)
	}
	if a := Agree("permessage-deflate; server_no_context_takeover", "permessage-deflate"); a != nil {
		t.Errorf("an offer the application cannot keep to: %v", a)
	}
}

func TestCompressedMessages(t *testing.T) {
	for name, fresh := range map[string]bool{"with takeover": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			conn, client := serve(t, &Agreement{ClientFresh: fresh})
			var packed bytes.Buffer
			w, _ := flate.NewWriter(&packed, 9)
			sent := []string{"hello hello hello", strings.Repeat("hello ", 20000), "hello hello hello", "", strings.Repeat("x", 40000)}
			go func() {
				for _, s := range sent {
					packed.Reset()
					if fresh {
						w.Reset(&packed)
					}
					io.WriteString(w, s)
					w.Flush()
					body := strings.TrimSuffix(packed.String(), "\x00\x00\xff\xff")
					half := len(body) / 2
					client.Write(frame(false, 4, ws.OpText, true, body[:half]))
					client.Write(frame(true, 0, ws.OpContinuation, true, body[half:]))
				}
				client.Write(frame(true, 4, ws.OpText, true, "\xff\xff\xff"))
			}()
			for i, s := range sent {
				if m, err := conn.Receive(); err != nil || string(m.Data) != s {
					t.Fatalf("message %d: %d bytes, %v; want %d", i, len(m.Data), err, len(s))
				}
			}
			var bad *ProtocolError
			if _, err := conn.Receive(); !errors.As(err, &bad) || bad.Text != "Invalid compressed data" {
				t.Errorf("garbage: %v", err)
			}
		})
	}
}

func TestCompressedBombIsRefused(t *testing.T) {
	conn, client := serve(t, &Agreement{})
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 9)
	w.Write(make([]byte, MaxMessage+1))
	w.Flush()
	go client.Write(frame(true, 4, ws.OpBinary, true, packed.String()))
	var bad *ProtocolError
	if _, err := conn.Receive(); !errors.As(err, &bad) || bad.Code != 1009 {
		t.Errorf("%v", err)
	}
}

func TestAClientThatDoesNotReadIsGivenUp(t *testing.T) {
	conn, client := serve(t, nil)
	chunk := make([]byte, 8<<20)
	for range 2*MaxQueued/len(chunk) + 2 { // more than the limit and what the system takes
		conn.Send(Binary, chunk) // does not block
	}
	if _, err := conn.Receive(); err != ErrDisconnected {
		t.Errorf("%v", err)
	}
	conn.mu.Lock()
	defer conn.mu.Unlock()
	if !conn.dead || conn.queue != nil {
		t.Error("the connection is kept")
	}
	client.Close()
}

func TestSendsAreInOrderAndEndFlushes(t *testing.T) {
	conn, client := serve(t, nil)
	f := NewFrame(Text, []byte("shared"))
	for i := range 1000 {
		conn.Send(Text, fmt.Append(nil, i))
		conn.SendFrame(f)
	}
	conn.SendClose(4000, "done")
	conn.Send(Text, []byte("never"))
	conn.End()
	client.SetReadDeadline(time.Now().Add(time.Minute))
	r := bufio.NewReader(client)
	for i := range 1000 {
		if got, want := readFrame(t, r), fmt.Sprintf("op 1 %q", fmt.Sprint(i)); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if got := readFrame(t, r); got != `op 1 "shared"` {
			t.Fatal(got)
		}
	}
	for _, want := range []string{"close 4000 done", "EOF"} {
		if got := readFrame(t, r); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestIdleConnHoldsNoBuffer(t *testing.T) {
	conn, client := serve(t, nil)
	client.Write(append(text("a"), text("b")[:3]...))
	if m, err := conn.Receive(); err != nil || string(m.Data) != "a" {
		t.Fatal(m, err)
	}
	if conn.in == nil {
		t.Fatal("half a frame was lost")
	}
	client.Write(text("b")[3:])
	if m, err := conn.Receive(); err != nil || string(m.Data) != "b" {
		t.Fatal(m, err)
	}
	if conn.in != nil {
		t.Error("the buffer was not given back")
	}
}

// stringConn is a connection whose peer has sent everything.
type stringConn struct{ io.Reader }

func (stringConn) Write(p []byte) (int, error) { return len(p), nil }
func (stringConn) Close() error                { return nil }

func FuzzReceive(f *testing.F) {
	f.Add(append(frame(false, 4, ws.OpText, true, "pl"), frame(true, 0, ws.OpContinuation, true, "ain")...), true)
	f.Add(append(frame(true, 0, ws.OpPing, true, "pl"), closing(1000, "x")...), false)
	f.Add([]byte{0x82, 0xff, 0xff, 0, 0, 0, 2, 1, 0, 0, 1, 2, 3, 4}, true)
	f.Fuzz(func(t *testing.T, sent []byte, compressed bool) {
		var agreed *Agreement
		if compressed {
			agreed = &Agreement{}
		}
		c := New(stringConn{bytes.NewReader(sent)}, false, nil, agreed)
		for range len(sent) + 1 {
			m, err := c.Receive()
			if m.Kind == Text && !bytes.Equal(m.Data, ValidText(m.Data)) {
				t.Errorf("text %q", m.Data)
			}
			if err != nil || m.Kind == Close {
				if c.in != nil {
					t.Error("the buffer was kept")
				}
				c.Abort()
				return
			}
		}
		t.Error("more messages than bytes")
	})
}
