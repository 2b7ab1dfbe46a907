package cloudflare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// TailFilter is a condition on the events of a tail, as the API writes it: {"method": ["GET"]}.
type TailFilter map[string]any

// Tail is a place where the events of a Worker can be heard until it expires.
type Tail struct {
	ID      string    `json:"id"`
	URL     string    `json:"url"`
	Expires time.Time `json:"expires_at"`
}

// StartTail makes a tail. An event has to meet all filters.
// See https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/tail/.
func (c *Client) StartTail(ctx context.Context, worker string, filters []TailFilter) (t Tail, err error) {
	body := map[string]any{"filters": append([]TailFilter{}, filters...)}
	err = c.raw(ctx, http.MethodPost, c.path("workers", "scripts", worker, "tails"), nil, body, &t)
	return t, failed("start a tail of "+worker, err)
}

// StopTail deletes a tail. It is tried once: Cloudflare forgets tails that expire.
func (c *Client) StopTail(ctx context.Context, worker, id string) error {
	ctx = context.WithValue(ctx, noRetry{}, true)
	return failed("delete the tail of "+worker, c.raw(ctx, http.MethodDelete, c.path("workers", "scripts", worker, "tails", id), nil, nil, nil))
}

// How often a tail's connection is asked whether it lives, and how long it may be silent.
const (
	tailPing    = 10 * time.Second
	tailSilence = 25 * time.Second
)

// ErrTailEnded is the error of a tail that Cloudflare ended in good order.
var ErrTailEnded = errors.New("Cloudflare ended the tail")

// Listen connects to a tail, calls connected, and then event for each event, in order. It returns when ctx ends, when the connection does, or with the error of event.
func (t Tail) Listen(ctx context.Context, connected func(), event func(text []byte) error) error {
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme != "wss" && (u.Scheme != "ws" || !loopback(u.Hostname())) {
		return fmt.Errorf("the API named no encrypted address for the tail: update lattice, or use wrangler tail")
	}
	dialer := ws.Dialer{Protocols: []string{"trace-v1"}, Timeout: 30 * time.Second}
	raw, early, _, err := dialer.Dial(ctx, t.URL)
	if err != nil {
		return cmp.Or(ctx.Err(), error(&connectionError{u.Host, err}))
	}
	conn := &tailConn{Conn: raw, from: raw}
	if early != nil { // events that came with the handshake
		conn.from = early
	}
	defer raw.Close()
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	connected()
	if err := wsutil.WriteClientText(conn, []byte(`{"debug":false}`)); err != nil {
		return cmp.Or(ctx.Err(), error(&connectionError{u.Host, err}))
	}
	go conn.ping()
	for {
		text, _, err := wsutil.ReadServerData(conn)
		if closed, ok := errors.AsType[wsutil.ClosedError](err); ok && closed.Code == ws.StatusNormalClosure {
			return ErrTailEnded
		}
		if err != nil {
			return cmp.Or(ctx.Err(), error(&connectionError{u.Host, err}))
		}
		if err := event(text); err != nil {
			return err
		}
	}
}

// tailConn fails reads of a connection that is silent for too long, and takes writes of two goroutines.
type tailConn struct {
	net.Conn
	from io.Reader
	mu   sync.Mutex
}

func (c *tailConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(tailSilence)); err != nil {
		return 0, err
	}
	return c.from.Read(p)
}

func (c *tailConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Conn.Write(p)
}

// ping asks for a sign of life until the connection is closed.
func (c *tailConn) ping() {
	frame := ws.MustCompileFrame(ws.MaskFrameInPlace(ws.NewPingFrame(nil)))
	for {
		time.Sleep(tailPing)
		if _, err := c.Write(frame); err != nil {
			return
		}
	}
}

// Modules downloads those of a version, or of what is live when version is "".
func (c *Client) Modules(ctx context.Context, worker, version string) ([]Module, error) {
	list, err := c.modules(ctx, worker, version)
	return list, failed("download the modules of "+worker, err)
}

func (c *Client) modules(ctx context.Context, worker, version string) (list []Module, err error) {
	target := c.base.String() + c.path("workers", "scripts", worker, "content", "v2")
	if version != "" {
		target += "?" + url.Values{"version": {version}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	kind, params, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, fmt.Errorf("the answer has no modules in it")
	}
	for r := multipart.NewReader(res.Body, params["boundary"]); ; {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		list = append(list, Module{cmp.Or(part.FileName(), part.FormName()), part.Header.Get("Content-Type"), content})
	}
}
