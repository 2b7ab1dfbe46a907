package host

import (
	"bytes"
	"errors"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/websocket"
)

// message is something on its way through a WebSocket.
type message struct {
	abi.SocketEvent
	frame *websocket.Frame // the same, encoded for a client; nil: not yet
}

// disconnected is what the other end gets when an end goes without a Close frame.
var disconnected = abi.SocketEvent{Kind: abi.SocketClosed, Code: 1006, Reason: websocket.ErrDisconnected.Error()}

const (
	// roomy is how much may wait at an end before a connection is not read any more.
	roomy = 64 << 10
	// maxWaiting is how much may wait at an end before it is given up.
	maxWaiting = websocket.MaxQueued
)

// end is one end of a WebSocket inside the host; what one end sends the other receives. Behind it is its owner, a socket, or a
// connection. Any goroutine may use it.
//
// Invariant: messages are received in the order in which they were sent; after a Close, a disconnect or an error nothing more is.
type end struct {
	mu      sync.Mutex
	other   *end
	conn    *websocket.Conn // stands behind this end
	queue   []message
	waiting int           // bytes in queue
	last    bool          // the last message was queued or given to conn
	gone    bool          // nobody is behind this end any more
	notify  func()        // the owner's: messages wait. It must not block
	room    chan struct{} // closed when less waits; nil: nobody wants to know
}

func newEnds() (*end, *end) {
	a, b := &end{}, &end{}
	a.other, b.other = b, a
	return a, b
}

// send gives a message to the other end.
func (e *end) send(m message) { e.other.arrive(m) }

func (e *end) arrive(m message) {
	e.mu.Lock()
	if e.gone || e.last {
		e.mu.Unlock()
		return
	}
	e.last = m.Kind >= abi.SocketClosed
	if e.conn != nil {
		conn := e.conn
		e.mu.Unlock()
		transmit(conn, m)
		return
	}
	if e.waiting > maxWaiting {
		m = message{SocketEvent: disconnected}
		e.queue, e.waiting, e.last = nil, 0, true
	}
	e.queue = append(e.queue, m)
	e.waiting += len(m.Data)
	notify := e.notify
	e.mu.Unlock()
	if notify != nil {
		notify()
	}
}

// transmit writes a message to a connection.
func transmit(c *websocket.Conn, m message) {
	switch {
	case m.Kind == abi.SocketFailed || m.Kind == abi.SocketClosed && m.Code == disconnected.Code && !m.WasClean:
		c.End()
	case m.Kind == abi.SocketClosed:
		c.SendClose(m.Code, m.Reason)
	case m.frame != nil && !c.Client():
		c.SendFrame(*m.frame)
	default:
		c.Send(websocket.Kind(m.Kind), m.Data)
	}
}

// take removes the first message that waits.
func (e *end) take() (message, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) == 0 {
		return message{}, false
	}
	m := e.queue[0]
	e.queue[0] = message{}
	if e.queue = e.queue[1:]; len(e.queue) == 0 {
		e.queue = nil
	}
	if e.waiting -= len(m.Data); e.waiting <= roomy {
		e.wakeLocked()
	}
	return m, true
}

// listen makes notify hear of messages, also of those that wait already.
func (e *end) listen(notify func()) {
	e.mu.Lock()
	e.notify = notify
	waits := len(e.queue) > 0
	e.mu.Unlock()
	if waits {
		notify()
	}
}

func (e *end) wakeLocked() {
	if e.room != nil {
		close(e.room)
		e.room = nil
	}
}

// drain waits until there is room for more.
func (e *end) drain() {
	for {
		e.mu.Lock()
		if conn := e.conn; conn != nil {
			e.mu.Unlock()
			conn.Drain()
			return
		}
		if e.gone || e.waiting <= roomy {
			e.mu.Unlock()
			return
		}
		if e.room == nil {
			e.room = make(chan struct{})
		}
		room := e.room
		e.mu.Unlock()
		<-room
	}
}

// drop tells both ends that nobody is behind this one any more. The other end is disconnected, unless it got a Close before.
func (e *end) drop() {
	e.mu.Lock()
	if e.gone {
		e.mu.Unlock()
		return
	}
	e.gone = true
	e.queue, e.waiting, e.notify = nil, 0, nil
	e.wakeLocked()
	e.mu.Unlock()
	e.other.arrive(message{SocketEvent: disconnected})
	e.other.hangUp()
}

// hangUp closes the connection behind an end whose other end is gone.
func (e *end) hangUp() {
	e.mu.Lock()
	conn := e.conn
	e.mu.Unlock()
	if conn != nil {
		conn.End()
	}
}

// bridge puts a connection behind an end: what the other end sends is written, what is read the other end receives. It
// returns at once.
func (e *end) bridge(conn *websocket.Conn) {
	e.mu.Lock()
	e.conn = conn
	queue := e.queue
	e.queue, e.waiting, e.notify = nil, 0, nil
	for _, m := range queue {
		transmit(conn, m) // it does not block
	}
	e.wakeLocked()
	e.mu.Unlock()
	e.other.mu.Lock()
	gone := e.other.gone
	e.other.mu.Unlock()
	if gone {
		conn.End()
	}
	go e.read(conn)
}

// read receives until the connection ends. It is all that an idle connection costs but its memory.
func (e *end) read(conn *websocket.Conn) {
	for {
		m, err := conn.Receive()
		if err != nil {
			e.readFailed(conn, err)
			return
		}
		if m.Kind == websocket.Close {
			e.send(message{SocketEvent: abi.SocketEvent{Kind: abi.SocketClosed, Code: m.Code, Reason: m.Reason, WasClean: true}})
			return
		}
		e.send(message{SocketEvent: abi.SocketEvent{Kind: byte(m.Kind), Data: m.Data}})
		e.other.drain()
	}
}

func (e *end) readFailed(conn *websocket.Conn, err error) {
	var protocol *websocket.ProtocolError
	if errors.As(err, &protocol) {
		e.send(message{SocketEvent: abi.SocketEvent{Kind: abi.SocketFailed, Failure: abi.Errorf("%s", protocol)}})
		return
	}
	conn.Abort()
	e.send(message{SocketEvent: disconnected})
}

// text makes a message of bytes that alias something else.
func newMessage(kind byte, data []byte) message {
	if kind == abi.SocketText {
		if valid := websocket.ValidText(data); len(valid) == 0 || len(data) == 0 || &valid[0] != &data[0] {
			return message{SocketEvent: abi.SocketEvent{Kind: kind, Data: valid}}
		}
	}
	return message{SocketEvent: abi.SocketEvent{Kind: kind, Data: bytes.Clone(data)}}
}
