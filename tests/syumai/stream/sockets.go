//go:build js && wasm

package main

import (
	"bufio"
	"fmt"
	"net/http"
	"time"

	"github.com/syumai/workers/cloudflare/sockets"
)

func handleSockets() {
	http.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		conn, err := sockets.Connect(r.Context(), r.Header.Get("X-Address"), &sockets.SocketOptions{SecureTransport: sockets.SecureTransportOff, AllowHalfOpen: true})
		if err != nil {
			fmt.Fprintln(w, "error:", err)
			return
		}
		defer conn.Close()
		deadline := time.Now().Add(time.Minute)
		conn.SetDeadline(deadline)
		conn.SetReadDeadline(deadline)
		conn.SetWriteDeadline(deadline)
		fmt.Fprintf(conn, "hello\n")
		line, err := bufio.NewReader(conn).ReadString('\n')
		fmt.Fprintf(w, "%q %v\n", line, err)
		half := conn.(*sockets.Socket)
		fmt.Fprintln(w, half.CloseWrite(), half.CloseRead())
	})
	http.HandleFunc("/socket-error", func(w http.ResponseWriter, r *http.Request) {
		_, err := sockets.Connect(r.Context(), "no port", nil)
		fmt.Fprintln(w, "error:", err != nil)
	})
}
