package local_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"grove.place/lattice/local-runtime/testdata/room"
)

// quick opens a socket of a room with as little as a client can do with.
func (s *socketTest) quick(path string) net.Conn {
	s.t.Helper()
	return quick(s.t, s.server.Listener.Addr().String(), path)
}

func quick(t testing.TB, address, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
	var head []byte
	for b := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, b...) {
		if _, err := conn.Read(b); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		t.Fatalf("%s", head)
	}
	return conn
}

// inUse returns what the process has in heap and stacks.
func inUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

const idleSockets, idleRooms = 10_000, 100

// idleClients names the address that TestIdleClients opens sockets to.
const idleClients = "LATTICE_IDLE_CLIENTS"

// TestIdleClients is the other process of BenchmarkIdleSockets and does nothing by itself: it holds the clients' ends, so that they are
// neither measured nor count as the host's open files.
func TestIdleClients(t *testing.T) {
	address := os.Getenv(idleClients)
	if address == "" {
		return
	}
	for i := range idleSockets {
		defer quick(t, address, fmt.Sprintf("/room/%d/hibernate?tag=user-%d", i%idleRooms, i)).Close()
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
}

// BenchmarkIdleSockets measures what a socket costs whose object has left memory: heap and stacks of the host, without what the system keeps
// of it. Run it with -benchtime 1x.
func BenchmarkIdleSockets(b *testing.B) {
	s := startSockets(b)
	s.quick("/room/warm/hibernate").Close()
	s.Clock.Advance(time.Minute)
	for range b.N {
		before := inUse()
		clients := exec.Command(os.Args[0], "-test.run", "^TestIdleClients$")
		clients.Env = append(os.Environ(), idleClients+"="+s.server.Listener.Addr().String())
		leave, err := clients.StdinPipe()
		if err != nil {
			b.Fatal(err)
		}
		out, err := clients.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := clients.Start(); err != nil {
			b.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
			b.Fatal(line, err)
		}
		s.Clock.Advance(time.Minute)
		for i := range idleRooms {
			s.counts(fmt.Sprint(i), idleSockets/idleRooms)
		}
		s.Clock.Advance(time.Minute)
		b.ReportMetric((inUse()-before)/idleSockets, "B/socket")
		leave.Close()
		if err := clients.Wait(); err != nil {
			b.Fatal(err)
		}
		for i := range idleRooms {
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
