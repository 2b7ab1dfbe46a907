package host

import (
	"context"
	"net/http"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/isolate"
	"grove.place/lattice/local-runtime/internal/websocket"
)

// Codes with which the host closes sockets (RFC 6455 section 7.4.1 and the registry of IANA). A client that hears one may connect again.
const (
	goingAway  = 1001
	restarting = 1012
)

// asksForSocket reports whether a request asks for a WebSocket.
func asksForSocket(headers []abi.Header) bool {
	for _, f := range headers {
		if strings.EqualFold(f.Name, "Upgrade") {
			return websocket.IsUpgrade(f.Value)
		}
	}
	return false
}

// respondSocket is RESPOND with a WebSocket.
func (s *Isolate) respondSocket(f *frame, p *abi.Response, last bool) []byte {
	k := s.party(f).find(p.Socket)
	if k == nil {
		return failure(abi.TypeErrorf("Can't return WebSocket that was already used in a response."))
	}
	e, failed := k.use()
	if failed != nil {
		return failure(failed)
	}
	f.answered = true
	if f.upgrade {
		head := *p
		head.Body, head.Socket = abi.Body{}, 0
		body := content{none: true, socket: e}
		s.outputs.Add(f.object, func() { f.reply.response(&head, body) }, func(err error) { e.drop(); f.refuse(err) })
	} else {
		e.drop()
		s.outputs.Add(f.object, func() {
			f.reply.fail(abi.TypeErrorf("Worker tried to return a WebSocket in a response to a request which did not contain the header \"Upgrade: websocket\"."))
		}, f.refuse)
	}
	if last {
		f.end()
	}
	return isolate.Success(nil)
}

// adopt makes a socket of the end that a response brought to an operation of f.
func (f *frame) adopt(number uint64, e *end) {
	to := f.live()
	switch {
	case to == nil:
		e.drop()
	case f.object != nil:
		f.isolate.sockets.add(number, e, f.object, nil)
	default:
		f.isolate.sockets.add(number, e, nil, to)
	}
}

// upgrade answers a client of the front door with a WebSocket.
func (h *Host) upgrade(w http.ResponseWriter, req *http.Request, a answer) {
	header := http.Header{}
	for _, f := range a.head.Headers {
		header.Add(f.Name, f.Value)
	}
	if err := websocket.Check(req); err != nil {
		a.body.socket.drop()
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	conn, err := websocket.Upgrade(w, req, header)
	if err != nil {
		a.body.socket.drop()
		h.cfg.Logger.Error("a request cannot become a WebSocket", "method", req.Method, "path", req.URL.Path, "error", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	a.body.socket.bridge(conn)
}

// dial performs an outbound request that asks for a WebSocket. Redirects are not followed.
func (h *Host) dial(from *frame, c *fetchCall, r reply) {
	req, err := newTrip(c).request(c.context(from))
	if err != nil {
		r.fail(abi.TypeErrorf("%s", err))
		return
	}
	conn, resp, err := websocket.Dial(h.cfg.Network, req)
	if err != nil {
		r.fail(asError(err))
		return
	}
	head := headOf(resp)
	if conn == nil {
		body, err := bodyOf(resp.Body, resp.ContentLength)
		if err != nil {
			r.fail(asError(err))
			return
		}
		r.response(head, body)
		return
	}
	ours, theirs := newEnds()
	ours.bridge(conn)
	r.response(head, content{none: true, socket: theirs})
}

// adopt makes a socket of the native side of the end that a response brought.
func (n *native) adopt(ctx context.Context, e *end) uint64 {
	number := n.sockets.reserve()
	posted := ctx.Err() == nil && n.loop.post(func() { n.sockets.add(number, e, nil, nil) })
	if !posted {
		e.drop()
	}
	return number
}

func (n *native) party() party {
	return party{table: n.sockets, output: func(release func()) { release() }}
}

func (n *native) socket(do socketOp, r *abi.Reader) (result []byte) {
	if !n.loop.do(func() { result = do.perform(n.party(), r) }) {
		return failure(errClosed)
	}
	return result
}

// receive waits for what a socket receives. One that is given up loses nothing.
func (n *native) receive(ctx context.Context, r *abi.Reader) ([]byte, error) {
	done := n.host.newSignal()
	var inPlace, later []byte
	wish := &receiver{func(result []byte) {
		later = result
		done.set()
	}}
	var k *socket
	if !n.loop.do(func() {
		var err error
		if k, err = n.party().receiving(r); err != nil {
			inPlace = failure(err)
		} else {
			inPlace = k.receive(wish)
		}
	}) {
		return failure(errClosed), nil
	}
	if inPlace != nil {
		return inPlace, nil
	}
	err := done.wait(ctx, "a message of a WebSocket")
	if err == nil {
		return later, nil
	}
	if n.loop.do(func() { k.cancel(wish) }) && later != nil {
		return later, nil
	}
	return nil, err
}
