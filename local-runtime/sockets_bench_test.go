package local_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"grove.place/lattice/local-runtime/testdata/room"
)

// quick opens a socket of a room with as little as a client can do with.
func (s *socketTest) quick(path string) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	var head []byte
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, b...) {
		if _, err := conn.Read(b); err != nil {
			s.t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		s.t.Fatalf("%s", head)
	}
	return conn
}

// inUse returns what the process has in heap and stacks. Both ends of each connection are in it.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// BenchmarkIdleSockets measures what a socket costs whose object has left memory: heap and stacks, the client's end included, without what
// the system keeps of it. There are 9,000, which a limit of 20,000 open files allows, in 100 objects. Run it with -benchtime 1x.
func BenchmarkIdleSockets(b *testing.B) {
	const sockets, rooms = 9_000, 100
	s := startSockets(b)
	s.quick("/room/warm/hibernate").Close()
	s.Clock.Advance(time.Minute)
	for range b.N {
		before := inUse()
		list := make([]net.Conn, sockets)
		for i := range list {
			list[i] = s.quick(fmt.Sprintf("/room/%d/hibernate?tag=user-%d", i%rooms, i))
		}
		s.Clock.Advance(time.Minute)
		b.ReportMetric((inUse()-before)/sockets, "B/socket")
		for _, c := range list {
			c.Close()
		}
		for i := range rooms {
			s.counts(fmt.Sprint(i), 0)
		}
	}
}

// BenchmarkSocketEcho is a message to a hibernating socket's handler and its answer.
func BenchmarkSocketEcho(b *testing.B) {
	s := startSockets(b)
	c := s.room("echo", "hibernate")
	for b.Loop() {
		c.text("x")
		c.want("x")
	}
}

// BenchmarkBroadcast is one message to 1,000 sockets of an object.
func BenchmarkBroadcast(b *testing.B) {
	const sockets = 1000
	s := startSockets(b)
	list := make([]net.Conn, sockets)
	for i := range list {
		list[i] = s.quick("/room/wide/hibernate")
	}
	frame := make([]byte, len(ws.MustCompileFrame(ws.NewTextFrame([]byte("hello, everybody")))))
	for b.Loop() {
		if n, err := room.Broadcast.Call(s.Context(), room.Rooms.GetByName("wide"), "hello, everybody"); n != sockets || err != nil {
			b.Fatal(n, err)
		}
		for _, c := range list {
			if _, err := io.ReadFull(c, frame); err != nil {
				b.Fatal(err)
			}
		}
	}
}
