package sockets

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// Conn is a TCP connection. Reading and writing may go on at the same time, as with any net.Conn.
type Conn struct {
	ctx           context.Context // of the event, without its cancellation
	number        uint64
	reads, writes uint64 // streams
	remote, local net.Addr

	reading, writing sync.Mutex
	pending          *guest.Operation // READ whose result nobody has got yet
	rest             []byte
	failed           error // of the reading half, io.EOF at its end

	readBy, writeBy deadline
	mu              sync.Mutex
	closed          bool // by Close, or upgraded
	halfClosed      bool
}

var _ net.Conn = (*Conn)(nil)

func newConn(ctx context.Context) *Conn {
	return &Conn{ctx: context.WithoutCancel(ctx), writes: guest.NewStream()}
}

// Read implements io.Reader. After a deadline that has passed nothing is lost: the next Read gets what has come.
func (c *Conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for len(c.rest) == 0 {
		switch {
		case c.isClosed():
			return 0, net.ErrClosed
		case c.failed != nil:
			return 0, c.failed
		case len(p) == 0:
			return 0, nil
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// fill gets the next bytes, or sets failed. Its error is that of a deadline.
func (c *Conn) fill() error {
	ctx, end, err := c.readBy.begin(c.ctx)
	if err != nil {
		return err
	}
	defer end()
	if c.pending == nil {
		var w abi.Writer
		w.Uint(c.reads)
		w.Uint(32 << 10)
		if c.pending, c.failed = guest.Begin(c.ctx, abi.OpRead, w.Bytes()); c.failed != nil {
			c.pending = nil
			return nil
		}
	}
	r, err := c.pending.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.pending = nil
	if err != nil {
		c.failed = err
		return nil
	}
	done := r.Bool()
	c.rest = r.Blob()
	if c.failed = r.Err(); c.failed == nil && done {
		c.failed = io.EOF
	}
	return nil
}

// Write implements io.Writer. It returns when the runtime has taken the bytes, which need not be when the server has got them.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	written := 0
	for len(p) > 0 {
		if c.isClosed() || c.isHalfClosed() {
			return written, net.ErrClosed
		}
		chunk := p[:min(len(p), abi.InlineBody)]
		if err := c.send(chunk); err != nil {
			return written, err
		}
		written += len(chunk)
		p = p[len(chunk):]
	}
	return written, nil
}

func (c *Conn) send(chunk []byte) error {
	ctx, end, err := c.writeBy.begin(c.ctx)
	if err != nil {
		return err
	}
	defer end()
	var w abi.Writer
	w.Uint(c.writes)
	w.Blob(chunk)
	o, err := guest.Begin(c.ctx, abi.OpWrite, w.Bytes())
	if err != nil {
		return err
	}
	if _, err = o.Wait(ctx); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// CloseWrite tells the server that nothing follows. What it sends can still be read.
func (c *Conn) CloseWrite() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.isClosed() || c.isHalfClosed() {
		return net.ErrClosed
	}
	c.mu.Lock()
	c.halfClosed = true
	c.mu.Unlock()
	var w abi.Writer
	w.Uint(c.writes)
	return guest.Do(c.ctx, abi.OpClose, w.Bytes())
}

// Close ends the connection in both directions; a Read or Write that waits fails with net.ErrClosed.
func (c *Conn) Close() error {
	c.mu.Lock()
	was := c.closed
	c.closed = true
	c.mu.Unlock()
	if was {
		return net.ErrClosed
	}
	c.readBy.end(net.ErrClosed)
	c.writeBy.end(net.ErrClosed)
	var w abi.Writer
	w.Uint(c.number)
	return guest.Do(c.ctx, abi.OpTCPClose, w.Bytes())
}

// Closed waits until the connection has ended, also by the server, and returns the error that it ended with, or nil.
func (c *Conn) Closed(ctx context.Context) error {
	var w abi.Writer
	w.Uint(c.number)
	w.U8(abi.TCPClosed)
	return guest.Do(ctx, abi.OpTCPWait, w.Bytes())
}

// StartTLS goes over to TLS on a connection that was opened with SecureTransport StartTLS, and returns the connection to use from then on. Nothing may
// be reading or writing meanwhile. serverName is the name that the certificate must be for; empty: that of the address.
func (c *Conn) StartTLS(ctx context.Context, serverName string) (*Conn, error) {
	c.mu.Lock()
	was := c.closed
	c.closed = true
	c.mu.Unlock()
	if was {
		return nil, net.ErrClosed
	}
	if c.pending != nil {
		return nil, errors.New("start TLS: a read that has passed its deadline still waits for what the server says in the clear")
	}
	secure := newConn(c.ctx)
	var w abi.Writer
	w.Uint(c.number)
	if serverName == "" {
		w.OptStr(nil)
	} else {
		w.OptStr(&serverName)
	}
	w.Uint(secure.writes)
	if err := secure.adopt(ctx, abi.OpTCPStartTLS, w.Bytes()); err != nil {
		return nil, err
	}
	return secure, nil
}

// RemoteAddr is the server's address as the runtime gives it, which may be empty.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// LocalAddr is the address of this end, which may be empty.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn: from t on Read fails with os.ErrDeadlineExceeded, also one that waits already.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.set(&c.readBy, t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.set(&c.writeBy, t) }

func (c *Conn) set(d *deadline, t time.Time) error {
	if c.isClosed() {
		return net.ErrClosed
	}
	d.set(t)
	return nil
}

func (c *Conn) isClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *Conn) isHalfClosed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.halfClosed
}
