// Package websocket is the SDK for WebSockets, on either end: a Worker or object that accepts them (Upgrade), or one that
// opens them (Dial). One type serves for all, as in JavaScript; Durable Objects accept sockets that hibernate by methods of
// durables.State, and handle their events by optional interfaces.
//
//	func chat(w http.ResponseWriter, r *http.Request) {
//		ws, err := websocket.Upgrade(w, r)
//		if err != nil {
//			return // the client has been answered
//		}
//		for message, err := range ws.Messages(r.Context()) {
//			…
//		}
//	}
//
// See https://developers.cloudflare.com/workers/runtime-apis/websockets/. Start with Upgrade and Conn.
package websocket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"unicode/utf8"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
)

func init() {
	guest.Sockets.New = func(number uint64) any { return newConn(number) }
	guest.Sockets.Number = func(conn any) uint64 { return conn.(*Conn).number }
}

// Conn is one end of a WebSocket. It is a JavaScript WebSocket of the runtime: it belongs to the object or to the Worker's event
// that got it, and goes with that. While an object is in memory it meets each of its sockets as the same *Conn. Methods may be
// called by several goroutines.
type Conn struct {
	number   uint64
	turn     chan struct{} // held by the one who receives
	incoming chan received // of the operation that is under way; nil when none is
	end      error
}

type received struct {
	event abi.SocketEvent
	err   error
}

func newConn(number uint64) *Conn { return &Conn{number: number, turn: make(chan struct{}, 1)} }

// Message is what a WebSocket sends and receives: UTF-8 text, or bytes.
type Message struct {
	Binary bool
	Data   []byte
}

// TextMessage returns a message of text.
func TextMessage(text string) Message { return Message{Data: []byte(text)} }

// Text returns the data as a string.
func (m Message) Text() string { return string(m.Data) }

// JSON decodes the data into dest, a pointer.
func (m Message) JSON(dest any) error { return json.Unmarshal(m.Data, dest) }

// CloseError reports that the other end has closed the socket, or was lost. Get at it with errors.As, or use CloseCode.
type CloseError struct {
	// Code is the status code of the Close frame: 1005 when it had none, 1006 when there was no Close frame.
	Code int
	// Reason is the text that came with the code.
	Reason string
	// WasClean: the other end said Close.
	WasClean bool
}

func (e *CloseError) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("websocket: closed with code %d", e.Code)
	}
	return fmt.Sprintf("websocket: closed with code %d: %s", e.Code, e.Reason)
}

// CloseCode returns the code of the CloseError in err, or -1 when there is none.
func CloseCode(err error) int {
	var e *CloseError
	if errors.As(err, &e) {
		return e.Code
	}
	return -1
}

// State is how far the life of a socket has gone.
type State int

// The states of a socket, numbered as in JavaScript.
const (
	Connecting State = iota
	Open
	Closing // one end has sent Close
	Closed
)

var states = [...]string{"connecting", "open", "closing", "closed"}

// String returns the state as a word.
func (s State) String() string {
	if s < 0 || int(s) >= len(states) {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return states[s]
}

// AcceptOption is a choice about Accept.
type AcceptOption byte

// AllowHalfOpen leaves it to the program to answer a Close of the other end with Close. Otherwise the runtime does.
//
// See https://developers.cloudflare.com/workers/runtime-apis/websockets/#accept.
const AllowHalfOpen AcceptOption = abi.AcceptHalfOpen

// Accept has the socket received from by this program. What arrives is kept until Receive asks for it, in memory: the
// runtime has no back-pressure for WebSockets, so receive what you accept. Upgrade and Dial accept by themselves.
func (c *Conn) Accept(ctx context.Context, options ...AcceptOption) error {
	how := byte(abi.AcceptOrdinary)
	for _, o := range options {
		how |= byte(o)
	}
	w := c.request()
	w.U8(how)
	w.Strs(nil)
	return c.do(ctx, "accept", abi.OpSocketAccept, w)
}

// Receive waits for the next message. Messages come in order; when ctx ends first, none is lost. After the other end's
// Close the error is a *CloseError. It is for sockets that were accepted by Accept, Upgrade or Dial: those that hibernate have
// handlers.
func (c *Conn) Receive(ctx context.Context) (Message, error) {
	ctx, stop := guest.Going(ctx)
	defer stop()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return Message{}, context.Cause(ctx)
	}
	if c.end != nil {
		return Message{}, c.end
	}
	if c.incoming == nil {
		c.incoming = make(chan received, 1)
		go c.receive(guest.Lasting(ctx), c.incoming)
	}
	select {
	case r := <-c.incoming:
		c.incoming = nil
		if r.err != nil {
			return Message{}, fmt.Errorf("websocket: receive: %w", r.err)
		}
		return c.message(r.event)
	case <-ctx.Done():
		return Message{}, context.Cause(ctx)
	}
}

func (c *Conn) receive(ctx context.Context, to chan<- received) {
	r, err := guest.Invoke(ctx, abi.OpSocketReceive, c.request().Bytes())
	if err != nil {
		to <- received{err: err}
		return
	}
	e := r.SocketEvent()
	to <- received{e, r.Err()}
}

// message is what an event means to the one who receives.
func (c *Conn) message(e abi.SocketEvent) (Message, error) {
	switch e.Kind {
	case abi.SocketClosed:
		c.end = &CloseError{e.Code, e.Reason, e.WasClean}
	case abi.SocketFailed:
		c.end = fmt.Errorf("websocket: %w", guest.FromABI(e.Failure))
	}
	if c.end != nil {
		return Message{}, c.end
	}
	return Message{Binary: e.Kind == abi.SocketBinary, Data: e.Data}, nil
}

// Messages receives until the other end closes, which ends the loop without an error; Receive then still tells the code. Any
// other error is yielded and ends the loop.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for {
			m, err := c.Receive(ctx)
			if CloseCode(err) >= 0 {
				return
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// SendText sends a text message. It returns when the runtime has taken the message, which goes out in order, and in an
// object not before the writes made so far are stored. A message is limited to 32 MiB.
//
// See https://developers.cloudflare.com/workers/runtime-apis/websockets/#send.
func (c *Conn) SendText(ctx context.Context, text string) error {
	if !utf8.ValidString(text) {
		return errors.New("websocket: send: the text is not UTF-8: send bytes")
	}
	w := c.request()
	w.U8(abi.SocketText)
	w.Str(text)
	return c.do(ctx, "send", abi.OpSocketSend, w)
}

// Send sends a binary message. See SendText.
func (c *Conn) Send(ctx context.Context, data []byte) error {
	w := c.request()
	w.U8(abi.SocketBinary)
	w.Blob(data)
	return c.do(ctx, "send", abi.OpSocketSend, w)
}

// SendMessage sends m as what it is.
func (c *Conn) SendMessage(ctx context.Context, m Message) error {
	if m.Binary {
		return c.Send(ctx, m.Data)
	}
	return c.SendText(ctx, string(m.Data))
}

// SendJSON sends v, encoded as JSON, as a text message.
func (c *Conn) SendJSON(ctx context.Context, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("websocket: send: %w", err)
	}
	return c.SendText(ctx, string(b))
}

// Close sends a Close frame. Code is 1000 for a normal end or 3000 to 4999 for what the program means by it; 0 sends none. Reason
// is at most 123 bytes, and needs a code. Nothing can be sent after it; the other end's Close still arrives.
//
// See https://developers.cloudflare.com/workers/runtime-apis/websockets/#close.
func (c *Conn) Close(ctx context.Context, code int, reason string) error {
	w := c.request()
	w.Bool(code != 0)
	if code != 0 {
		w.F64(float64(code))
	}
	w.Bool(reason != "")
	if reason != "" {
		w.Str(reason)
	}
	return c.do(ctx, "close", abi.OpSocketClose, w)
}

// SerializeAttachment keeps a copy of v with the socket, in place of what was kept. The copy survives hibernation. It may be
// any data that a Method takes, of up to 16,384 bytes as the runtime serializes it.
//
// See https://developers.cloudflare.com/durable-objects/best-practices/websockets/#websocketserializeattachment.
func (c *Conn) SerializeAttachment(ctx context.Context, v any) error {
	w := c.request()
	if err := codec.Marshal(w, v); err != nil {
		return guest.NewError("DataCloneError", fmt.Sprintf("websocket: attachment: %v", err))
	}
	return c.do(ctx, "serialize attachment", abi.OpSocketAttach, w)
}

// DeserializeAttachment stores what SerializeAttachment kept in dest, a pointer, and reports whether there is something: nil
// counts as nothing.
func (c *Conn) DeserializeAttachment(ctx context.Context, dest any) (bool, error) {
	r, err := c.ask(ctx, "deserialize attachment", abi.OpSocketAttachment)
	if err != nil {
		return false, err
	}
	if tag := r.Peek(); tag == abi.TagNull || tag == abi.TagUndefined {
		return false, r.Err()
	}
	if err := codec.Unmarshal(r, dest); err != nil {
		return false, fmt.Errorf("websocket: deserialize attachment: %w", err)
	}
	return true, nil
}

// Attachment returns what SerializeAttachment kept, or the zero value when that is nothing.
func Attachment[T any](ctx context.Context, c *Conn) (T, error) {
	var v T
	_, err := c.DeserializeAttachment(ctx, &v)
	return v, err
}

// ReadyState returns how far the life of the socket has gone.
func (c *Conn) ReadyState(ctx context.Context) (State, error) {
	i, err := c.info(ctx)
	return i.state, err
}

// URL returns the address that the socket was opened with, where it is known.
func (c *Conn) URL(ctx context.Context) (string, error) {
	i, err := c.info(ctx)
	return i.url, err
}

// Protocol returns the subprotocol that was agreed on, or nothing.
func (c *Conn) Protocol(ctx context.Context) (string, error) {
	i, err := c.info(ctx)
	return i.protocol, err
}

// Extensions returns the extensions that were agreed on.
func (c *Conn) Extensions(ctx context.Context) (string, error) {
	i, err := c.info(ctx)
	return i.extensions, err
}

type info struct {
	state                     State
	url, protocol, extensions string
}

func (c *Conn) info(ctx context.Context) (info, error) {
	r, err := c.ask(ctx, "state", abi.OpSocketInfo)
	if err != nil {
		return info{}, err
	}
	i := info{state: State(r.U8())}
	for _, to := range []*string{&i.url, &i.protocol, &i.extensions} {
		if s := r.OptStr(); s != nil {
			*to = *s
		}
	}
	return i, r.Err()
}

// request begins an operation on the socket.
func (c *Conn) request() *abi.Writer {
	w := new(abi.Writer)
	w.Uint(c.number)
	return w
}

func (c *Conn) do(ctx context.Context, what string, op uint32, w *abi.Writer) error {
	if err := guest.Do(ctx, op, w.Bytes()); err != nil {
		return fmt.Errorf("websocket: %s: %w", what, err)
	}
	return nil
}

func (c *Conn) ask(ctx context.Context, what string, op uint32) (*abi.Reader, error) {
	r, err := guest.Invoke(ctx, op, c.request().Bytes())
	if err != nil {
		return nil, fmt.Errorf("websocket: %s: %w", what, err)
	}
	return r, nil
}
