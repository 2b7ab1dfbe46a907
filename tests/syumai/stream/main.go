//go:build js && wasm

// Command stream writes and reads long bodies, waits, and opens sockets (sockets.go), for github.com/syumai/workers.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/r2"
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
	handleSockets()
	workers.Serve(nil)
}
