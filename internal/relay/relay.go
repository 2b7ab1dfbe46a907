// Package relay performs operations of the SDK in another process: what a program on one end of a connection calls with the SDK's own descriptors is done by
// the host on the other end. `lattice d1`, `kv` and `r2` reach the stores of a running `lattice dev` that way.
//
// The one idea is that an operation is bytes already, and its result as well, so they are sent as they are, each behind its length and a number. Operations begin
// in the order in which they are sent, and end in any. When the connection ends, so does what is under way.
//
// Start with Serve and NewClient.
package relay

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"grove.place/lattice/internal/guest"
)

// A message is its length without these four bytes, the number of the operation, its kind and what it carries. The kind is the operation, or how it ended.
const (
	head = 8
	most = 1 << 30 // bytes of a message

	done   = 0
	failed = 1 // without a result; the text says why
)

var errLength = errors.New("the other end speaks another language: the command and lattice dev are of different versions")

func send(w io.Writer, number, kind uint32, body []byte) error {
	b := make([]byte, 4+head, 4+head+len(body))
	binary.BigEndian.PutUint32(b, uint32(head+len(body)))
	binary.BigEndian.PutUint32(b[4:], number)
	binary.BigEndian.PutUint32(b[8:], kind)
	_, err := w.Write(append(b, body...))
	return err
}

func receive(r io.Reader) (number, kind uint32, body []byte, err error) {
	var length [4]byte
	if _, err = io.ReadFull(r, length[:]); err != nil {
		return 0, 0, nil, err
	}
	n := binary.BigEndian.Uint32(length[:])
	if n < head || n > most {
		return 0, 0, nil, errLength
	}
	b := make([]byte, n)
	if _, err = io.ReadFull(r, b); err != nil {
		return 0, 0, nil, err
	}
	return binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), b[head:], nil
}

// Serve performs the operations that come over a connection where those of ctx go, until it ends.
func Serve(ctx context.Context, conn io.ReadWriter) error {
	t, ok := guest.TransportOf(ctx).(guest.Starter)
	if !ok {
		return errors.New("there is no host to perform operations")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var writing sync.Mutex
	var under sync.WaitGroup
	defer under.Wait()
	defer stop()
	for {
		number, op, request, err := receive(conn)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		wait := t.Start(ctx, op, request)
		under.Go(func() {
			result, err := wait()
			kind := uint32(done)
			if err != nil {
				kind, result = failed, []byte(err.Error())
			}
			writing.Lock()
			defer writing.Unlock()
			_ = send(conn, number, kind, result) // whoever does not take it is gone, which the next read tells
		})
	}
}

// Client sends operations over a connection.
type Client struct {
	conn io.ReadWriteCloser

	writing sync.Mutex
	mu      sync.Mutex
	last    uint32
	waiting map[uint32]chan answer
	over    error // why nothing comes any more; nil: it does
}

type answer struct {
	result []byte
	err    error
}

// NewClient returns a client of what Serve does at the other end of a connection, which Close closes.
func NewClient(conn io.ReadWriteCloser) *Client {
	c := &Client{conn: conn, waiting: map[uint32]chan answer{}}
	go c.read()
	return c
}

// Context returns a context whose operations go over the connection: the descriptors of the SDK work with it.
func (c *Client) Context(ctx context.Context) context.Context { return guest.WithTransport(ctx, c) }

// Close ends the connection, and what is under way.
func (c *Client) Close() error { return c.conn.Close() }

func (c *Client) read() {
	for {
		number, kind, body, err := receive(c.conn)
		c.mu.Lock()
		if err != nil {
			if c.over = errLength; err != errLength {
				c.over = fmt.Errorf("lattice dev has ended, or a new build has taken over: run the command again")
			}
			for n, to := range c.waiting {
				to <- answer{err: c.over}
				delete(c.waiting, n)
			}
			c.mu.Unlock()
			return
		}
		to := c.waiting[number]
		delete(c.waiting, number)
		c.mu.Unlock()
		if to == nil {
			continue
		}
		if kind == failed {
			to <- answer{err: errors.New(string(body))}
			continue
		}
		to <- answer{result: body}
	}
}

// Invoke implements guest.Transport.
func (c *Client) Invoke(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	return c.Start(ctx, op, request)()
}

// Start implements guest.Starter.
func (c *Client) Start(ctx context.Context, op uint32, request []byte) (wait func() ([]byte, error)) {
	to := make(chan answer, 1)
	c.mu.Lock()
	if over := c.over; over != nil {
		c.mu.Unlock()
		return func() ([]byte, error) { return nil, over }
	}
	c.last++
	number := c.last
	c.waiting[number] = to
	c.mu.Unlock()
	c.writing.Lock()
	err := send(c.conn, number, op, request)
	c.writing.Unlock()
	return func() ([]byte, error) {
		if err != nil {
			c.conn.Close() // so that read says what there is to say
		}
		select {
		case a := <-to:
			return a.result, a.err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
