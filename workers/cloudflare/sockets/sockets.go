// Package sockets opens TCP connections with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/sockets. They belong to the event of the
// context, or of the goroutine that calls Connect. Start with Connect.
//
// New code is better served by grove.place/lattice/workers/sockets, whose errors and addresses are those of the connection.
package sockets

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"time"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/workers/sockets"
)

// SecureTransport says whether a connection is encrypted.
type SecureTransport string

const (
	// SecureTransportOn is TLS from the beginning.
	SecureTransportOn SecureTransport = "on"
	// SecureTransportOff is no TLS.
	SecureTransportOff SecureTransport = "off"
	// SecureTransportStartTLS begins without TLS; Socket.StartTLS goes over to it.
	SecureTransportStartTLS SecureTransport = "starttls"
)

// SocketOptions say how a connection is opened.
type SocketOptions struct {
	SecureTransport SecureTransport `json:"secureTransport"`
	AllowHalfOpen   bool            `json:"allowHalfOpen"`
}

// Connect opens a connection to "host:port". It is a *Socket.
func Connect(ctx context.Context, addr string, opts *SocketOptions) (net.Conn, error) {
	ctx, err := ambient.Within(ctx)
	if err != nil {
		return nil, err
	}
	var o sockets.Options
	if opts != nil {
		o = sockets.Options{SecureTransport: sockets.SecureTransport(opts.SecureTransport), AllowHalfOpen: opts.AllowHalfOpen}
	}
	conn, err := sockets.Connect(ctx, addr, o)
	if err != nil {
		return nil, ambient.Rejected(err)
	}
	return &Socket{ctx: ctx, conn: conn}, nil
}

// Socket is a connection.
type Socket struct {
	ctx    context.Context
	conn   *sockets.Conn
	broken error
	deaf   atomic.Bool // CloseRead was called
}

// Read implements net.Conn.
func (t *Socket) Read(b []byte) (n int, err error) {
	switch {
	case t.broken != nil:
		return 0, t.broken
	case t.deaf.Load():
		return 0, io.EOF
	}
	return t.conn.Read(b)
}

// Write implements net.Conn.
func (t *Socket) Write(b []byte) (n int, err error) {
	if t.broken != nil {
		return 0, t.broken
	}
	return t.conn.Write(b)
}

// StartTLS returns the connection with TLS; the Socket itself is of no more use. What fails is told by Read and Write.
func (t *Socket) StartTLS() *Socket {
	conn, err := t.conn.StartTLS(t.ctx, "")
	if err != nil {
		return &Socket{ctx: t.ctx, conn: t.conn, broken: ambient.Rejected(err)}
	}
	return &Socket{ctx: t.ctx, conn: conn}
}

// Close closes the connection.
func (t *Socket) Close() error { return t.conn.Close() }

// CloseRead has Read return io.EOF from now on.
func (t *Socket) CloseRead() error {
	t.deaf.Store(true)
	return nil
}

// CloseWrite closes the writing half.
func (t *Socket) CloseWrite() error { return t.conn.CloseWrite() }

// LocalAddr returns nil, as in the other library.
func (t *Socket) LocalAddr() net.Addr { return nil }

// RemoteAddr returns nil, as in the other library.
func (t *Socket) RemoteAddr() net.Addr { return nil }

// SetDeadline sets both deadlines.
func (t *Socket) SetDeadline(deadline time.Time) error { return t.conn.SetDeadline(deadline) }

// SetReadDeadline sets the deadline of reads. Reads that are under way have it, too.
func (t *Socket) SetReadDeadline(deadline time.Time) error { return t.conn.SetReadDeadline(deadline) }

// SetWriteDeadline sets the deadline of writes.
func (t *Socket) SetWriteDeadline(deadline time.Time) error { return t.conn.SetWriteDeadline(deadline) }
