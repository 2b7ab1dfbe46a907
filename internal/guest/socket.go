package guest

import (
	"context"
	"errors"
	"io"
	"net/http"

	"grove.place/lattice/internal/abi"
)

// Sockets lets the packages of the SDK share connections by number without showing the numbers to programs. Package
// websocket, which has the type, sets it.
var Sockets struct {
	New    func(number uint64) any
	Number func(conn any) uint64
}

// HibernatingSocket returns the connection of an object's socket, always the same one while the object is in memory.
func HibernatingSocket(ctx context.Context, number uint64) any {
	f := FrameOf(ctx)
	if f == nil || f.object == nil {
		return Sockets.New(number)
	}
	conn := f.object.sockets[number]
	if conn == nil {
		conn = Sockets.New(number)
		KeepSocket(ctx, conn)
	}
	return conn
}

// KeepSocket has HibernatingSocket return conn from now on.
func KeepSocket(ctx context.Context, conn any) {
	f := FrameOf(ctx)
	if f == nil || f.object == nil {
		return
	}
	if f.object.sockets == nil {
		f.object.sockets = map[uint64]any{}
	}
	f.object.sockets[Sockets.Number(conn)] = conn
}

// ForgetSockets forgets the connections that are not in list, the object's sockets now.
func ForgetSockets(ctx context.Context, list []uint64) {
	f := FrameOf(ctx)
	if f == nil || f.object == nil || len(f.object.sockets) <= len(list) {
		return
	}
	kept := make(map[uint64]any, len(list))
	for _, number := range list {
		if conn := f.object.sockets[number]; conn != nil {
			kept[number] = conn
		}
	}
	f.object.sockets = kept
}

// socket handles an event of a hibernating socket.
func (f *Frame) socket(number uint64, e abi.SocketEvent) {
	err := Guard(f.ctx, "web socket event", func() error { return f.object.instance.WebSocket(f.ctx, HibernatingSocket(f.ctx, number), e) })
	if e.Kind == abi.SocketClosed || e.Kind == abi.SocketFailed {
		delete(f.object.sockets, number)
	}
	f.result(undefinedResult(), err)
}

// Lasting returns a context that ends with the event of ctx, not before: for an operation whose result is kept when the caller
// gives up waiting.
func Lasting(ctx context.Context) context.Context {
	if f := FrameOf(ctx); f != nil {
		return f.ctx
	}
	return context.WithoutCancel(ctx)
}

// Going returns a context for waiting in Go code as operations with ctx wait: when ctx ends, but in an object not because its event is over. Call stop
// when the waiting is over.
func Going(ctx context.Context) (out context.Context, stop func()) {
	f := FrameOf(ctx)
	if f == nil || f.object == nil || f.object.frame == nil {
		return ctx, func() {}
	}
	out, cancel := context.WithCancelCause(context.WithValue(f.object.frame.ctx, transportKey{}, f))
	forget := func() {}
	if deadline, ok := ctx.Deadline(); ok {
		out, forget = context.WithDeadline(out, deadline)
	}
	watch := context.AfterFunc(ctx, func() {
		if err := stopped(ctx); err != nil {
			cancel(err)
		}
	})
	return out, func() {
		watch()
		forget()
		cancel(context.Canceled)
	}
}

// SocketBody is the body of a response that carries a WebSocket.
type SocketBody struct {
	Number uint64
	Conn   any // once it was asked for
}

// Read finds no body.
func (*SocketBody) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing: the socket is closed by itself.
func (*SocketBody) Close() error { return nil }

// errNoUpgrade is the error of a ResponseWriter that cannot carry a WebSocket.
var errNoUpgrade = errors.New("this http.ResponseWriter cannot carry a WebSocket: give Upgrade the one that the handler got, or one with a method Unwrap that returns it")

// RespondSocket answers the request of w with status 101 and the socket of that number.
func RespondSocket(w http.ResponseWriter, number uint64) error {
	for {
		if r, ok := w.(*responseWriter); ok {
			return r.upgrade(number)
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return errNoUpgrade
		}
		w = u.Unwrap()
	}
}

// upgrade sends status 101 with a WebSocket. There is no body then.
func (w *responseWriter) upgrade(number uint64) error {
	if w.wroteHeader {
		return errors.New("the response has begun before the upgrade to a WebSocket")
	}
	w.status, w.wroteHeader, w.typed = http.StatusSwitchingProtocols, true, true
	var m abi.Writer
	m.Bool(false)
	m.Response(&abi.Response{Status: w.status, Headers: abi.HeadersOf(w.header), Socket: number})
	if err := Do(w.frame.ctx, abi.OpRespond, m.Bytes()); err != nil {
		w.wroteHeader, w.typed = false, false
		return err
	}
	w.sent, w.upgraded = true, true
	w.frame.done = true
	return nil
}
