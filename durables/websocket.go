package durables

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/websocket"
)

// WebSocket is one end of a WebSocket. Those that an object accepts by AcceptWebSocket or UpgradeWebSocket hibernate: the
// object may leave memory while they stay open, and is constructed again for their next event.
//
// See https://developers.cloudflare.com/durable-objects/best-practices/websockets/.
type WebSocket = websocket.Conn

// Message is what a WebSocket sends and receives.
type Message = websocket.Message

// WebSocketMessager is implemented by objects that receive messages of hibernating sockets. Events come in order, but the next
// does not wait for the handler of the one before to return. An error is logged; the socket stays open.
type WebSocketMessager interface {
	WebSocketMessage(ctx context.Context, ws *WebSocket, m Message) error
}

// WebSocketCloser is implemented by objects that hear of the end of a hibernating socket: the other end closed it, or was lost
// (code 1006, wasClean false). Answer a Close with ws.Close: the runtime does not do it for sockets that hibernate.
type WebSocketCloser interface {
	WebSocketClose(ctx context.Context, ws *WebSocket, code int, reason string, wasClean bool) error
}

// WebSocketErrorer is implemented by objects that hear of a hibernating socket that broke the protocol, or sent a message of more
// than 32 MiB. No other event of that socket follows.
type WebSocketErrorer interface {
	WebSocketError(ctx context.Context, ws *WebSocket, err error) error
}

// WebSocket implements guest.Instance.
func (i instance[T]) WebSocket(ctx context.Context, conn any, e abi.SocketEvent) error {
	ws := conn.(*WebSocket)
	switch e.Kind {
	case abi.SocketText, abi.SocketBinary:
		if h, ok := any(i.object).(WebSocketMessager); ok {
			return h.WebSocketMessage(ctx, ws, Message{Binary: e.Kind == abi.SocketBinary, Data: e.Data})
		}
	case abi.SocketClosed:
		if h, ok := any(i.object).(WebSocketCloser); ok {
			return h.WebSocketClose(ctx, ws, e.Code, e.Reason, e.WasClean)
		}
	case abi.SocketFailed:
		if h, ok := any(i.object).(WebSocketErrorer); ok {
			return h.WebSocketError(ctx, ws, guest.FromABI(e.Failure))
		}
	}
	return nil
}

// AcceptWebSocket accepts ws, an end of a pair that was not accepted yet, as a socket that hibernates. Up to 10 tags of up to 256
// bytes each find it again. An object may have 32,768 such sockets.
//
// See https://developers.cloudflare.com/durable-objects/api/state/#acceptwebsocket.
func (s *State) AcceptWebSocket(ctx context.Context, ws *WebSocket, tags ...string) error {
	w := socketRequest(ws)
	w.U8(abi.AcceptHibernates)
	w.Strs(tags)
	if err := guest.Do(ctx, abi.OpSocketAccept, w.Bytes()); err != nil {
		return fmt.Errorf("accept WebSocket: %w", err)
	}
	guest.KeepSocket(ctx, ws)
	return nil
}

// UpgradeWebSocket answers r with a WebSocket that hibernates: status 101 with the headers set on w. A request that
// does not ask for one is answered with status 426, and the error is websocket.ErrNoUpgrade.
func (s *State) UpgradeWebSocket(w http.ResponseWriter, r *http.Request, tags ...string) (*WebSocket, error) {
	ctx := r.Context()
	if !websocket.Requested(r) {
		return websocket.Upgrade(w, r)
	}
	client, server, err := websocket.NewPair(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.AcceptWebSocket(ctx, server, tags...); err != nil {
		return nil, err
	}
	return server, websocket.Respond(w, client)
}

// GetWebSockets returns the hibernating sockets, the newest first; or those with the tag, the oldest first. Sockets that have been
// closed are among them until their last event has been handled.
//
// See https://developers.cloudflare.com/durable-objects/api/state/#getwebsockets.
func (s *State) GetWebSockets(ctx context.Context, tag ...string) ([]*WebSocket, error) {
	var w abi.Writer
	if err := writeTag(&w, tag); err != nil {
		return nil, err
	}
	r, err := guest.Invoke(ctx, abi.OpSocketList, w.Bytes())
	if err != nil {
		return nil, fmt.Errorf("get WebSockets: %w", err)
	}
	numbers := make([]uint64, r.Count())
	list := make([]*WebSocket, len(numbers))
	for i := range list {
		numbers[i] = r.Uint()
		list[i] = guest.HibernatingSocket(ctx, numbers[i]).(*WebSocket)
	}
	if len(tag) == 0 && r.Err() == nil {
		guest.ForgetSockets(ctx, numbers)
	}
	return list, r.Err()
}

// writeTag appends the tag of a call that takes one or none.
func writeTag(w *abi.Writer, tag []string) error {
	switch len(tag) {
	case 0:
		w.OptStr(nil)
	case 1:
		w.OptStr(&tag[0])
	default:
		return TypeError(fmt.Sprintf("sockets are found by one tag, not %d", len(tag)))
	}
	return nil
}

// GetTags returns the tags that ws was accepted with, without repetitions.
func (s *State) GetTags(ctx context.Context, ws *WebSocket) ([]string, error) {
	r, err := guest.Invoke(ctx, abi.OpSocketTags, socketRequest(ws).Bytes())
	if err != nil {
		return nil, fmt.Errorf("get tags: %w", err)
	}
	return r.Strs(), r.Err()
}

// Broadcast sends m to the object's open hibernating sockets, or to those with the tag, and returns how many they are. It
// crosses to the runtime once, where a loop over GetWebSockets does so for each socket.
func (s *State) Broadcast(ctx context.Context, m Message, tag ...string) (int, error) {
	var w abi.Writer
	if err := writeTag(&w, tag); err != nil {
		return 0, err
	}
	kind := byte(abi.SocketText)
	if m.Binary {
		kind = abi.SocketBinary
	}
	w.U8(kind)
	w.Blob(m.Data)
	r, err := guest.Invoke(ctx, abi.OpSocketBroadcast, w.Bytes())
	if err != nil {
		return 0, fmt.Errorf("broadcast: %w", err)
	}
	return int(r.Uint()), r.Err()
}

// SetWebSocketAutoResponse has the runtime answer text messages that equal request with response, without waking the object. Both are
// limited to 2,048 bytes.
//
// See https://developers.cloudflare.com/durable-objects/api/state/#setwebsocketautoresponse.
func (s *State) SetWebSocketAutoResponse(ctx context.Context, request, response string) error {
	w := abi.NewWriter([]byte{abi.SettingSet})
	w.Str(request)
	w.Str(response)
	if err := guest.Do(ctx, abi.OpSocketAutoResponse, w.Bytes()); err != nil {
		return fmt.Errorf("set WebSocket auto-response: %w", err)
	}
	return nil
}

// UnsetWebSocketAutoResponse ends what SetWebSocketAutoResponse began.
func (s *State) UnsetWebSocketAutoResponse(ctx context.Context) error {
	if err := guest.Do(ctx, abi.OpSocketAutoResponse, []byte{abi.SettingUnset}); err != nil {
		return fmt.Errorf("unset WebSocket auto-response: %w", err)
	}
	return nil
}

// GetWebSocketAutoResponse returns what SetWebSocketAutoResponse was given, if it is in force.
func (s *State) GetWebSocketAutoResponse(ctx context.Context) (request, response string, ok bool, err error) {
	r, err := guest.Invoke(ctx, abi.OpSocketAutoResponse, []byte{abi.SettingGet})
	if err != nil {
		return "", "", false, fmt.Errorf("get WebSocket auto-response: %w", err)
	}
	if ok = r.Bool(); ok {
		request, response = r.Str(), r.Str()
	}
	return request, response, ok, r.Err()
}

// GetWebSocketAutoResponseTimestamp returns when the runtime last answered a message of ws by itself, if it ever did.
func (s *State) GetWebSocketAutoResponseTimestamp(ctx context.Context, ws *WebSocket) (time.Time, bool, error) {
	r, err := guest.Invoke(ctx, abi.OpSocketAutoTime, socketRequest(ws).Bytes())
	if err != nil {
		return time.Time{}, false, fmt.Errorf("get WebSocket auto-response timestamp: %w", err)
	}
	ms := r.OptF64()
	if ms == nil {
		return time.Time{}, false, r.Err()
	}
	return time.UnixMilli(int64(*ms)).UTC(), true, r.Err()
}

// SetHibernatableWebSocketEventTimeout limits how long a handler of a socket event may run, in whole milliseconds up to 7 days; 0 sets
// no limit. When it is exceeded the object is shut down, and its sockets stay.
//
// See https://developers.cloudflare.com/durable-objects/api/state/#sethibernatablewebsocketeventtimeout.
func (s *State) SetHibernatableWebSocketEventTimeout(ctx context.Context, d time.Duration) error {
	w := abi.NewWriter([]byte{abi.SettingSet})
	w.F64(float64(d.Milliseconds()))
	if err := guest.Do(ctx, abi.OpSocketEventTimeout, w.Bytes()); err != nil {
		return fmt.Errorf("set WebSocket event timeout: %w", err)
	}
	return nil
}

// GetHibernatableWebSocketEventTimeout returns the limit in force, if there is one.
func (s *State) GetHibernatableWebSocketEventTimeout(ctx context.Context) (time.Duration, bool, error) {
	w := abi.NewWriter([]byte{abi.SettingGet})
	w.F64(0)
	r, err := guest.Invoke(ctx, abi.OpSocketEventTimeout, w.Bytes())
	if err != nil {
		return 0, false, fmt.Errorf("get WebSocket event timeout: %w", err)
	}
	ms := r.OptF64()
	if ms == nil {
		return 0, false, r.Err()
	}
	return time.Duration(*ms) * time.Millisecond, true, r.Err()
}

func socketRequest(ws *WebSocket) *abi.Writer {
	w := new(abi.Writer)
	w.Uint(guest.Sockets.Number(ws))
	return w
}
