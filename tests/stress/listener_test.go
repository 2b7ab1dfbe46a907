package stress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// patience is how long anything may take that a socket waits for.
const patience = 2 * time.Minute

// ahead is how many messages a listener sends before the first is answered.
const ahead = 4

// listener is one socket of a room. It checks all it hears: answers come in order, each with the number that its message
// has on the socket, and no shout is lost, doubled or out of order.
type listener struct {
	conn     net.Conn
	free     chan struct{} // a place for a message that is not answered yet
	shouts   chan int      // number of the last shout heard; holds the newest only
	ended    chan error    // why reading ended: a ws close frame is a closeError
	sent     int
	answered int
	shout    int
}

type closeError struct{ code ws.StatusCode }

func (e closeError) Error() string { return fmt.Sprintf("closed with %d", e.code) }

// listen opens a socket and waits for the room's greeting.
func listen(ctx context.Context, base, room string) (*listener, error) {
	conn, early, _, err := ws.Dial(ctx, "ws"+strings.TrimPrefix(base, "http")+"/room/"+room+"/socket")
	if err != nil {
		return nil, err
	}
	l := &listener{conn: conn, free: make(chan struct{}, ahead), shouts: make(chan int, 1), ended: make(chan error, 1)}
	var from io.Reader = conn
	if early != nil {
		from = early
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	f, err := readFrame(from)
	if err == nil {
		_, err = fmt.Sscanf(string(f.Payload), "hello %d", &l.shout)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("greeting %q: %w", f.Payload, err)
	}
	conn.SetReadDeadline(time.Time{})
	for range ahead {
		l.free <- struct{}{}
	}
	l.shouts <- l.shout
	go func() { l.ended <- l.read(from) }()
	return l, nil
}

// readFrame reads a frame of a room, which are small.
func readFrame(from io.Reader) (f ws.Frame, err error) {
	if f.Header, err = ws.ReadHeader(from); err != nil {
		return f, err
	}
	if f.Header.Length > 1024 {
		return f, fmt.Errorf("a frame of %d bytes", f.Header.Length)
	}
	f.Payload = make([]byte, f.Header.Length)
	_, err = io.ReadFull(from, f.Payload)
	return f, err
}

func (l *listener) read(from io.Reader) error {
	for {
		f, err := readFrame(from)
		switch {
		case err != nil:
			return err
		case f.Header.OpCode == ws.OpClose:
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return closeError{code}
		case f.Header.OpCode != ws.OpText:
			return fmt.Errorf("a frame of kind %d", f.Header.OpCode)
		}
		if err := l.hear(string(f.Payload)); err != nil {
			return err
		}
	}
}

func (l *listener) hear(text string) error {
	if strings.HasPrefix(text, "shout ") {
		l.shout++
		if want := fmt.Sprintf("shout %d", l.shout); text != want {
			return fmt.Errorf("heard %q instead of %q", text, want)
		}
		select {
		case <-l.shouts:
		default:
		}
		l.shouts <- l.shout
		return nil
	}
	l.answered++
	if want := fmt.Sprintf("re %d %d", l.answered, l.answered); text != want {
		return fmt.Errorf("heard %q instead of %q", text, want)
	}
	l.free <- struct{}{}
	return nil
}

func (l *listener) write(f ws.Frame) error {
	l.conn.SetWriteDeadline(time.Now().Add(patience))
	return ws.WriteFrame(l.conn, ws.MaskFrameInPlace(f))
}

// talk sends n messages and waits for their answers.
func (l *listener) talk(n int) error {
	timeout := time.After(patience)
	take := func() error {
		select {
		case <-l.free:
			return nil
		case err := <-l.ended:
			return err
		case <-timeout:
			return errors.New("a message is not answered")
		}
	}
	for range n {
		if err := take(); err != nil {
			return err
		}
		l.sent++
		if err := l.write(ws.NewTextFrame(fmt.Append(nil, l.sent))); err != nil {
			return err
		}
	}
	for range ahead {
		if err := take(); err != nil {
			return err
		}
	}
	for range ahead {
		l.free <- struct{}{}
	}
	return nil
}

// hearAll waits until shout n was heard.
func (l *listener) hearAll(n int) error {
	timeout := time.After(patience)
	for {
		select {
		case heard := <-l.shouts:
			if heard == n {
				l.shouts <- heard
				return nil
			}
		case err := <-l.ended:
			return err
		case <-timeout:
			return fmt.Errorf("shout %d was not heard", n)
		}
	}
}

// The ways in which a listener leaves.
const (
	closes   = iota // it closes, and the room answers
	isClosed        // it asks the room to close
	vanishes        // its connection breaks
	ways
)

// leave ends the socket in a way.
func (l *listener) leave(way int) error {
	defer l.conn.Close()
	want := ws.StatusNormalClosure
	var err error
	switch way {
	case closes:
		err = l.write(ws.NewCloseFrame(ws.NewCloseFrameBody(want, "enough")))
	case isClosed:
		want = 4001
		err = l.write(ws.NewTextFrame([]byte("bye")))
	case vanishes:
		return nil
	}
	if err != nil {
		return err
	}
	select {
	case err = <-l.ended:
	case <-time.After(patience):
		return errors.New("it is not closed")
	}
	if err != (closeError{want}) {
		return fmt.Errorf("it ended with %v instead of %d", err, want)
	}
	if way == isClosed {
		return l.write(ws.NewCloseFrame(ws.NewCloseFrameBody(want, "bye")))
	}
	return nil
}
