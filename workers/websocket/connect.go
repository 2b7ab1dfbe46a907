package websocket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// NewPair makes a socket inside the program and returns its two ends. One of them is given away, to a client by Respond, and
// the other is accepted.
//
// See https://developers.cloudflare.com/workers/runtime-apis/websockets/#constructor.
func NewPair(ctx context.Context) (client, server *Conn, err error) {
	r, err := guest.Invoke(ctx, abi.OpSocketPair, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("websocket: new pair: %w", err)
	}
	client, server = newConn(r.Uint()), newConn(r.Uint())
	return client, server, r.Err()
}

// ErrNoUpgrade is returned by Upgrade for a request that does not ask for a WebSocket.
var ErrNoUpgrade = errors.New("websocket: the request does not ask for a WebSocket")

// Requested reports whether r asks for a WebSocket.
func Requested(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// Upgrade answers r with status 101 and the headers set on w, at once, and returns the accepted socket. The handler then
// receives from it, and returns when it is done; the context of r lasts until then. A request that does not ask for a WebSocket is
// answered with status 426, and the error is ErrNoUpgrade. To agree on a subprotocol, choose one of the request's
// Sec-WebSocket-Protocol and set that header.
func Upgrade(w http.ResponseWriter, r *http.Request, options ...AcceptOption) (*Conn, error) {
	if !Requested(r) {
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "expected a WebSocket", http.StatusUpgradeRequired)
		return nil, ErrNoUpgrade
	}
	client, server, err := NewPair(r.Context())
	if err != nil {
		return nil, err
	}
	if err := server.Accept(r.Context(), options...); err != nil {
		return nil, err
	}
	return server, Respond(w, client)
}

// Respond answers a request with status 101 and conn, which was not accepted: an end of a pair, or a socket from another
// response (FromResponse) that is passed on. The headers set on w go with it; there is no body.
func Respond(w http.ResponseWriter, conn *Conn) error {
	if err := guest.RespondSocket(w, conn.number); err != nil {
		return fmt.Errorf("websocket: respond: %w", err)
	}
	return nil
}

// FromResponse returns the socket of a response with status 101, if there is one. It is not accepted yet: Accept it, or pass it on
// with Respond.
func FromResponse(resp *http.Response) (*Conn, bool) {
	body, ok := resp.Body.(*guest.SocketBody)
	if !ok {
		return nil, false
	}
	if body.Conn == nil {
		body.Conn = newConn(body.Number)
	}
	return body.Conn.(*Conn), true
}

// DialOptions are choices about Dial. Nil means none of them.
type DialOptions struct {
	// Header is sent with the request.
	Header http.Header
	// Subprotocols are offered, the preferred one first; Conn.Protocol tells which was chosen.
	Subprotocols []string
	// Fetch sends the request elsewhere than to the network: the Fetch method of a Durable Object stub, for example.
	Fetch func(ctx context.Context, r *http.Request) (*http.Response, error)
}

// Dial opens a WebSocket to address, a ws, wss, http or https URL, and accepts it. A response without a socket is an error, and is
// returned with it.
func Dial(ctx context.Context, address string, o *DialOptions) (*Conn, *http.Response, error) {
	if o == nil {
		o = &DialOptions{}
	}
	r, err := o.request(ctx, address)
	if err != nil {
		return nil, nil, fmt.Errorf("websocket: dial: %w", err)
	}
	send := o.Fetch
	if send == nil {
		send = func(ctx context.Context, r *http.Request) (*http.Response, error) {
			return guest.Fetch(ctx, abi.Target{}, r, guest.RedirectManual)
		}
	}
	resp, err := send(ctx, r)
	if err != nil {
		return nil, nil, fmt.Errorf("websocket: dial: %w", err)
	}
	conn, ok := FromResponse(resp)
	if !ok {
		return nil, resp, fmt.Errorf("websocket: dial: %s answered %s and no WebSocket", r.URL.Redacted(), resp.Status)
	}
	return conn, resp, conn.Accept(ctx)
}

func (o *DialOptions) request(ctx context.Context, address string) (*http.Request, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	switch u.Scheme {
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	}
	r := (&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: o.Header.Clone()}).WithContext(ctx)
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Upgrade", "websocket")
	if len(o.Subprotocols) > 0 {
		r.Header.Set("Sec-WebSocket-Protocol", strings.Join(o.Subprotocols, ", "))
	}
	return r, nil
}
