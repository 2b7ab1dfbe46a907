package websocket_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"grove.place/lattice/workers/websocket"
)

func ExampleUpgrade() {
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Upgrade(w, r)
		if err != nil {
			return // the request asked for no WebSocket, and was answered
		}
		for m, err := range ws.Messages(r.Context()) {
			if err == nil {
				err = ws.SendMessage(r.Context(), m)
			}
			if err != nil {
				slog.ErrorContext(r.Context(), "echo", "err", err)
				return
			}
		}
	})
}

func ExampleDial() {
	ask := func(ctx context.Context) (string, error) {
		ws, _, err := websocket.Dial(ctx, "wss://quotes.example/stream", &websocket.DialOptions{Subprotocols: []string{"quotes.v1"}})
		if err != nil {
			return "", err
		}
		if err := ws.SendJSON(ctx, map[string]string{"symbol": "NET"}); err != nil {
			return "", err
		}
		m, err := ws.Receive(ctx)
		if err != nil {
			return "", err
		}
		return m.Text(), ws.Close(ctx, 1000, "that was all")
	}
	_ = ask
}

// Messages are text or bytes; text may be JSON.
func ExampleMessage_JSON() {
	m := websocket.TextMessage(`{"symbol": "NET", "price": 12.5}`)
	var quote struct {
		Symbol string
		Price  float64
	}
	err := m.JSON(&quote)
	fmt.Println(m.Binary, quote.Symbol, quote.Price, err)
	// Output: false NET 12.5 <nil>
}

// A Worker that passes a socket on, from an object or from another server.
func ExampleRespond() {
	pass := func(w http.ResponseWriter, resp *http.Response) { // resp came of stub.Fetch or workers.Fetch
		ws, ok := websocket.FromResponse(resp)
		if !ok {
			http.Error(w, "there is no socket", resp.StatusCode)
			return
		}
		_ = websocket.Respond(w, ws)
	}
	_ = pass
}

func ExampleCloseCode() {
	_ = func(ctx context.Context, ws *websocket.Conn) bool {
		_, err := ws.Receive(ctx)
		return websocket.CloseCode(err) == 1000 // as agreed, and not 1006: the connection was lost
	}
}
