// Package websocket is RFC 6455 as workerd speaks it (kj's compat/http.c++): what it accepts, what it refuses, and in which words. Nothing is
// answered that a Durable Object may want to answer itself: Close frames are handed to the owner.
//
// Conn is one connection. It is made for many idle ones: no buffer is held while nothing arrives, and no goroutine while nothing is sent.
// Frames are encoded and decoded by gobwas/ws, which only this package imports, and the inspector for its own page.
package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// Kind is what a Message is.
type Kind byte

// Kinds of Message.
const (
	Text Kind = iota
	Binary
	Close
)

// NoCode is the code of a Close frame that has none.
const NoCode = 1005

// Message is what was received.
type Message struct {
	Kind   Kind
	Data   []byte // valid UTF-8 in a Text
	Code   int    // of a Close
	Reason string
}

const (
	// MaxMessage is the size of a message beyond which it is refused.
	MaxMessage = 32 << 20
	// MaxQueued is how much may wait for a slow peer before the connection is given up.
	MaxQueued = 64 << 20
	// lowWater is how much may wait before Drain waits.
	lowWater = 1 << 20
	// partingTime is how long the peer has to take what was sent before the connection ends.
	partingTime = 10 * time.Second
)

// ErrDisconnected is what Receive returns when the connection ended without a Close frame.
var ErrDisconnected = errors.New("WebSocket disconnected without sending Close frame.")

// ProtocolError is what the peer did wrong. The peer has been sent a Close frame that says so.
type ProtocolError struct {
	Code int
	Text string
}

func (e *ProtocolError) Error() string {
	return fmt.Sprintf("WebSocket protocol error; protocolError.statusCode = %d; protocolError.description = %s", e.Code, e.Text)
}

// Conn is a connection after its handshake. One goroutine calls Receive; everything else may be called by any.
type Conn struct {
	rw      io.ReadWriteCloser
	client  bool
	inflate *inflater // nil: no compression was agreed on

	// The reader's.
	early     []byte        // came with the handshake
	in        *bufio.Reader // while it holds bytes of a frame
	op        ws.OpCode     // of the message whose fragments are collected
	packed    bool          // and whether that is compressed
	begun     bool
	collected []byte

	mu      sync.Mutex
	queue   net.Buffers
	queued  int
	pong    []byte // the next one; nil: none
	writing bool
	closed  bool // a Close frame was queued
	parting bool // ends when the queue is empty
	dead    bool
	drained chan struct{} // closed when less than lowWater waits; nil: nobody wants to know
}

// New makes a Conn of a connection whose handshake is over. early is what was read beyond the handshake. A client masks what it sends.
func New(rw io.ReadWriteCloser, client bool, early []byte, agreed *Agreement) *Conn {
	c := &Conn{rw: rw, client: client, early: early}
	if agreed != nil {
		c.inflate = &inflater{fresh: agreed.freshIn(client)}
	}
	return c
}

const readSize = 4096

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readSize) }}

// Receive returns the next message or Close frame, answering pings meanwhile. Its errors are ErrDisconnected and *ProtocolError; after one, or a
// Close, it must not be called again.
func (c *Conn) Receive() (Message, error) {
	for {
		m, ok, err := c.frame()
		if ok || err != nil {
			c.release(err != nil || m.Kind == Close)
			return m, err
		}
	}
}

// frame reads one frame; ok tells whether it completed a message.
func (c *Conn) frame() (m Message, ok bool, err error) {
	h, err := c.header()
	if err != nil {
		if errors.Is(err, ws.ErrHeaderLengthMSB) {
			return m, false, c.refuse(1009, "Message is too large")
		}
		return m, false, ErrDisconnected
	}
	if h.Rsv2() || h.Rsv3() {
		return m, false, c.refuse(1002, "Received frame had RSV bits 2 or 3 set")
	}
	if left := MaxMessage - int64(len(c.collected)); h.Length > left {
		return m, false, c.refuse(1009, fmt.Sprintf("Message is too large: %d > %d", h.Length, left))
	}
	data := h.OpCode < ws.OpClose
	op, packed := h.OpCode, h.Rsv1()
	switch {
	case h.OpCode == ws.OpContinuation && !c.begun:
		return m, false, c.refuse(1002, "Unexpected continuation frame")
	case h.OpCode == ws.OpContinuation:
		op, packed = c.op, c.packed
	case data && c.begun:
		return m, false, c.refuse(1002, "Missing continuation frame")
	case !data && !h.Fin:
		return m, false, c.refuse(1002, "Received fragmented control frame")
	}
	var into []byte
	if data {
		into = c.collected
	}
	payload, err := c.payload(h, into)
	if err != nil {
		return m, false, ErrDisconnected
	}
	if data && !h.Fin {
		c.begun, c.op, c.packed, c.collected = true, op, packed, payload
		return m, false, nil
	}
	if data {
		c.begun, c.collected = false, nil
	}
	if packed && c.inflate == nil {
		return m, false, c.refuse(1002, "Received a WebSocket frame whose compression bit was set, but the compression extension was not negotiated for this connection.")
	}
	switch op {
	case ws.OpText, ws.OpBinary:
		if packed {
			var failed *ProtocolError
			if payload, failed = c.inflate.message(payload); failed != nil {
				return m, false, c.refuse(failed.Code, failed.Text)
			}
		}
		if op == ws.OpBinary {
			return Message{Kind: Binary, Data: payload}, true, nil
		}
		return Message{Kind: Text, Data: ValidText(payload)}, true, nil
	case ws.OpClose:
		if len(payload) < 2 {
			return Message{Kind: Close, Code: NoCode}, true, nil
		}
		code := int(payload[0])<<8 | int(payload[1])
		return Message{Kind: Close, Code: code, Reason: string(ValidText(payload[2:]))}, true, nil
	case ws.OpPing:
		c.answerPing(payload)
		return m, false, nil
	case ws.OpPong:
		return m, false, nil
	}
	return m, false, c.refuse(1002, fmt.Sprintf("Unknown opcode %d", op))
}

// header waits for a frame with nothing but two bytes in hand; a buffer is taken when they are there.
func (c *Conn) header() (ws.Header, error) {
	if c.in != nil {
		return ws.ReadHeader(c.in)
	}
	first := c.early
	c.early = nil
	if len(first) == 0 {
		first = make([]byte, 2)
		if _, err := io.ReadFull(c.rw, first); err != nil {
			return ws.Header{}, err
		}
	}
	src := io.MultiReader(bytes.NewReader(first), c.rw)
	if len(first) > readSize {
		c.in = bufio.NewReaderSize(src, len(first)) // the whole of it has to be in the buffer
	} else {
		c.in = readers.Get().(*bufio.Reader)
		c.in.Reset(src)
	}
	return ws.ReadHeader(c.in)
}

// release gives the buffer back when nothing is in it.
func (c *Conn) release(last bool) {
	if c.in != nil && (last || c.in.Buffered() == 0) {
		c.in.Reset(nil)
		readers.Put(c.in)
		c.in = nil
	}
}

// payload reads what a header announced, as it comes: an announcement alone takes no memory.
func (c *Conn) payload(h ws.Header, into []byte) ([]byte, error) {
	const step = 64 << 10
	start := len(into)
	for left := int(h.Length); left > 0; {
		n := min(left, max(step, len(into)))
		have := len(into)
		into = append(into, make([]byte, n)...)
		if _, err := io.ReadFull(c.in, into[have:]); err != nil {
			return nil, err
		}
		left -= n
	}
	if h.Masked {
		ws.Cipher(into[start:], h.Mask, 0)
	}
	return into, nil
}

// refuse tells the peer what it did wrong.
func (c *Conn) refuse(code int, text string) *ProtocolError {
	c.SendClose(code, text)
	return &ProtocolError{code, text}
}

// answerPing queues a pong. One that has not been sent yet is replaced, as RFC 6455 section 5.5.3 allows.
func (c *Conn) answerPing(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.dead || c.parting {
		return
	}
	c.pong = encode(ws.OpPong, payload, c.client)
	c.flushLocked()
}

// Frame is a message made ready for any number of connections to clients.
type Frame struct{ bytes []byte }

// NewFrame encodes a Text or Binary message.
func NewFrame(kind Kind, data []byte) Frame { return Frame{encode(opcode(kind), data, false)} }

// Size returns the bytes that a frame takes on the wire.
func (f Frame) Size() int { return len(f.bytes) }

func opcode(kind Kind) ws.OpCode {
	if kind == Text {
		return ws.OpText
	}
	return ws.OpBinary
}

func encode(op ws.OpCode, data []byte, mask bool) []byte {
	f := ws.NewFrame(op, true, data)
	if mask {
		f = ws.MaskFrame(f)
	}
	var b bytes.Buffer
	b.Grow(ws.HeaderSize(f.Header) + len(data))
	_ = ws.WriteFrame(&b, f) // a Buffer takes everything
	return b.Bytes()
}

// Send queues a message; data is not kept.
func (c *Conn) Send(kind Kind, data []byte) { c.enqueue(encode(opcode(kind), data, c.client)) }

// SendFrame queues a message that was made ready before. A client, which has to mask each message anew, cannot send one.
func (c *Conn) SendFrame(f Frame) { c.enqueue(f.bytes) }

// Client reports whether this end masks what it sends.
func (c *Conn) Client() bool { return c.client }

// SendClose queues a Close frame. Nothing can follow it. NoCode leaves it empty.
func (c *Conn) SendClose(code int, reason string) {
	var body []byte
	if code != NoCode {
		body = append([]byte{byte(code >> 8), byte(code)}, reason...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.dead {
		return
	}
	c.pong = nil
	c.queueLocked(encode(ws.OpClose, body, c.client))
	c.closed = true
}

func (c *Conn) enqueue(frame []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.dead || c.parting {
		return
	}
	if c.queued > MaxQueued {
		c.abortLocked()
		return
	}
	c.queueLocked(frame)
}

func (c *Conn) queueLocked(frame []byte) {
	c.queue = append(c.queue, frame)
	c.queued += len(frame)
	c.flushLocked()
}

func (c *Conn) flushLocked() {
	if !c.writing && !c.dead {
		c.writing = true
		go c.write()
	}
}

// write sends what is queued, many messages at once, and ends when nothing is left.
func (c *Conn) write() {
	for {
		c.mu.Lock()
		out, n := c.queue, c.queued
		c.queue = nil
		if c.pong != nil {
			out = append(net.Buffers{c.pong}, out...)
			c.pong = nil
		}
		if len(out) == 0 || c.dead {
			c.writing = false
			if c.parting {
				c.abortLocked()
			}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		_, err := out.WriteTo(c.rw)
		c.mu.Lock()
		if c.queued -= n; c.queued < lowWater || err != nil {
			c.wakeLocked()
		}
		if err != nil {
			c.writing = false
			c.abortLocked()
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
	}
}

func (c *Conn) wakeLocked() {
	if c.drained != nil {
		close(c.drained)
		c.drained = nil
	}
}

// Drain waits until little is left to be sent.
func (c *Conn) Drain() {
	c.mu.Lock()
	if c.queued < lowWater || c.dead {
		c.mu.Unlock()
		return
	}
	if c.drained == nil {
		c.drained = make(chan struct{})
	}
	drained := c.drained
	c.mu.Unlock()
	<-drained
}

// End closes the connection when what is queued has been sent, or the peer does not take it for too long.
func (c *Conn) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead || c.parting {
		return
	}
	c.parting = true
	if !c.writing {
		c.abortLocked()
		return
	}
	if d, ok := c.rw.(interface{ SetWriteDeadline(time.Time) error }); ok && d.SetWriteDeadline(time.Now().Add(partingTime)) == nil {
		return
	}
	time.AfterFunc(partingTime, c.Abort)
}

// Abort closes the connection at once.
func (c *Conn) Abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abortLocked()
}

func (c *Conn) abortLocked() {
	if c.dead {
		return
	}
	c.dead = true
	c.queue, c.pong = nil, nil
	c.wakeLocked()
	c.rw.Close()
}
