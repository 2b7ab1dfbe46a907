// Package sockets opens TCP connections from Workers and Durable Objects. A Conn is a net.Conn, so that clients of databases, mail and chat
// servers that take one work as they are.
//
//	conn, err := sockets.Connect(ctx, "mail.example:587", sockets.Options{SecureTransport: sockets.StartTLS})
//
// A connection belongs to the event, or the object, that opened it, and ends with that. Only programs that import this package have
// cloudflare:sockets in their bundle. Start with Connect.
//
// See https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/.
package sockets

import (
	"context"
	"fmt"
	"net"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

func init() { guest.UsesSockets = true }

// SecureTransport says whether a connection is encrypted, in the words of cloudflare:sockets.
type SecureTransport string

const (
	// Off is the default: no TLS.
	Off SecureTransport = "off"
	// On is TLS from the beginning.
	On SecureTransport = "on"
	// StartTLS begins without TLS; Conn.StartTLS goes over to it.
	StartTLS SecureTransport = "starttls"
)

// Options say how a connection is opened; the zero value will do.
type Options struct {
	SecureTransport SecureTransport // Off when empty
	// AllowHalfOpen keeps the writing half open when the server has closed its own. Otherwise the connection is closed then.
	AllowHalfOpen bool
}

// Connect opens a connection to "host:port" and returns when it is open, with TLS if that is on. ctx, which must be that of an event, bounds the
// opening only. Errors are the runtime's: a *workers.Error.
//
// Cloudflare does not connect to port 25, to its own addresses, and to private ones other than through Workers VPC; wrangler dev and the local host
// connect to any. At most six connections are open at once in an event.
func Connect(ctx context.Context, address string, o Options) (*Conn, error) {
	mode, ok := map[SecureTransport]byte{"": abi.TransportOff, Off: abi.TransportOff, On: abi.TransportOn, StartTLS: abi.TransportStartTLS}[o.SecureTransport]
	if !ok {
		return nil, guest.NewError("TypeError", fmt.Sprintf("Unsupported value in secureTransport socket option: %s", o.SecureTransport))
	}
	c := newConn(ctx)
	var w abi.Writer
	w.Str(address)
	w.U8(mode)
	w.Bool(o.AllowHalfOpen)
	w.Uint(c.writes)
	if err := c.adopt(ctx, abi.OpTCPConnect, w.Bytes()); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return c, nil
}

// Dial is Connect without TLS for code that wants a dial function, such as those of pgx or go-redis: network must be "tcp".
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !strings.HasPrefix(network, "tcp") {
		return nil, net.UnknownNetworkError(network)
	}
	c, err := Connect(ctx, address, Options{})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// adopt makes the operation that opens a socket and waits until it is open.
func (c *Conn) adopt(ctx context.Context, op uint32, request []byte) error {
	r, err := guest.Invoke(c.ctx, op, request)
	if err != nil {
		return err
	}
	c.number, c.reads = r.Uint(), r.Uint()
	if err := r.Err(); err != nil {
		return err
	}
	var w abi.Writer
	w.Uint(c.number)
	w.U8(abi.TCPOpened)
	if r, err = guest.Invoke(ctx, abi.OpTCPWait, w.Bytes()); err == nil {
		c.remote, c.local = addrOf(r), addrOf(r)
		err = r.Err()
	}
	if err != nil {
		_ = c.Close()
	}
	return err
}

func addrOf(r *abi.Reader) net.Addr {
	text := ""
	if s := r.OptStr(); s != nil {
		text = *s
	}
	return addr(text)
}

// addr is an address as the runtime writes it; it may be empty.
type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }
