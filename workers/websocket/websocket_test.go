package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers/websocket"
)

// host answers operations natively: RECEIVE with the events that a test sends, one for each.
type host struct {
	receiving chan struct{}
	events    chan abi.SocketEvent
}

func (h host) Invoke(ctx context.Context, op uint32, request []byte) ([]byte, error) {
	w := abi.NewWriter([]byte{abi.StatusOK})
	switch op {
	case abi.OpSocketPair:
		w.Uint(1)
		w.Uint(2)
	case abi.OpSocketReceive:
		h.receiving <- struct{}{}
		select {
		case e := <-h.events:
			w.SocketEvent(e)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	case abi.OpSocketAttachment:
		w.Value(nil)
	default:
		return nil, fmt.Errorf("unexpected operation %d", op)
	}
	return w.Bytes(), nil
}

func pair(t *testing.T) (context.Context, host, *websocket.Conn) {
	h := host{make(chan struct{}, 10), make(chan abi.SocketEvent, 10)}
	ctx := guest.WithTransport(t.Context(), h)
	_, server, err := websocket.NewPair(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, h, server
}

func TestReceiveGivenUpLosesNoMessage(t *testing.T) {
	ctx, h, conn := pair(t)
	short, cancel := context.WithCancel(ctx)
	failed := make(chan error)
	go func() {
		_, err := conn.Receive(short)
		failed <- err
	}()
	<-h.receiving
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled Receive returned %v", err)
	}
	h.events <- abi.SocketEvent{Kind: abi.SocketText, Data: []byte("kept")}
	m, err := conn.Receive(ctx)
	if err != nil || m.Text() != "kept" || m.Binary {
		t.Errorf("the next Receive got %q, %v", m.Text(), err)
	}
	select {
	case <-h.receiving:
		t.Error("the host was asked twice for one message")
	default:
	}
}

func TestCloseEndsMessagesAndIsRemembered(t *testing.T) {
	ctx, h, conn := pair(t)
	h.events <- abi.SocketEvent{Kind: abi.SocketBinary, Data: []byte{1, 2}}
	h.events <- abi.SocketEvent{Kind: abi.SocketClosed, Code: 4001, Reason: "enough", WasClean: true}
	n := 0
	for m, err := range conn.Messages(ctx) {
		if err != nil || !m.Binary || string(m.Data) != "\x01\x02" {
			t.Errorf("message %v, %v", m, err)
		}
		n++
	}
	_, err := conn.Receive(ctx)
	var closed *websocket.CloseError
	if n != 1 || !errors.As(err, &closed) || *closed != (websocket.CloseError{Code: 4001, Reason: "enough", WasClean: true}) {
		t.Errorf("%d messages, then %v", n, err)
	}
	if websocket.CloseCode(err) != 4001 || websocket.CloseCode(errors.New("other")) != -1 {
		t.Error("CloseCode does not tell the code")
	}
}

func TestAFailedSocketYieldsItsError(t *testing.T) {
	ctx, h, conn := pair(t)
	h.events <- abi.SocketEvent{Kind: abi.SocketFailed, Failure: &abi.Error{Name: "Error", Message: "protocol error"}}
	var errs []error
	for _, err := range conn.Messages(ctx) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !strings.Contains(errs[0].Error(), "protocol error") {
		t.Errorf("Messages yielded %v", errs)
	}
}

func TestUpgradeRefusesWhatAsksForNoWebSocket(t *testing.T) {
	w := httptest.NewRecorder()
	_, err := websocket.Upgrade(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if !errors.Is(err, websocket.ErrNoUpgrade) || w.Code != http.StatusUpgradeRequired {
		t.Errorf("answered %d, %v", w.Code, err)
	}
}

func TestTextMustBeUTF8(t *testing.T) {
	ctx, _, conn := pair(t)
	if err := conn.SendText(ctx, "\xff"); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("bytes that are no text were sent: %v", err)
	}
}

func TestNoAttachmentIsTheZeroValue(t *testing.T) {
	ctx, _, conn := pair(t)
	if v, err := websocket.Attachment[int](ctx, conn); v != 0 || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
}
