package websocket_test

import (
	"context"
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

func ExampleCloseCode() {
	_ = func(ctx context.Context, ws *websocket.Conn) bool {
		_, err := ws.Receive(ctx)
		return websocket.CloseCode(err) == 1000 // as agreed, and not 1006: the connection was lost
	}
}
