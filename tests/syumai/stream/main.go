//go:build js && wasm

// Command stream writes and reads long bodies, waits, and opens sockets, for github.com/syumai/workers.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/r2"
	"github.com/syumai/workers/cloudflare/sockets"
)

func size(r *http.Request) int { n, _ := strconv.Atoi(r.URL.Query().Get("size")); return n }

func main() {
	http.HandleFunc("/numbers", func(w http.ResponseWriter, r *http.Request) {
		for i := range 3 {
			fmt.Fprintln(w, i)
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	http.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		chunk := bytes.Repeat([]byte("0123456789abcdef"), 1024)
		for n := size(r); n > 0; n -= len(chunk) {
			w.Write(chunk[:min(n, len(chunk))])
		}
	})
	http.HandleFunc("/fixed", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size(r)))
		w.Write(bytes.Repeat([]byte{'x'}, size(r)))
	})
	http.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		fmt.Fprintf(w, "%d %x %v\n", n, h.Sum(nil), err)
	})
	http.HandleFunc("/through-r2", func(w http.ResponseWriter, r *http.Request) {
		bucket, err := r2.NewBucket("BUCKET")
		if err == nil {
			_, err = bucket.Put("file", r.Body, nil)
		}
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		o, err := bucket.Get("file")
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		io.Copy(w, o.Body)
	})
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
	workers.Serve(nil)
}
