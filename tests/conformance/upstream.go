package main

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"
	"grove.place/lattice/internal/wstest"
)

// startUpstream starts the server that the cases about outbound fetch call.
func startUpstream() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Upstream", "yes")
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "hello %s", r.URL.Query().Get("q"))
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		json.NewEncoder(w).Encode(map[string]string{"method": r.Method, "body": string(body), "agent": r.UserAgent(),
			"type": r.Header.Get("Content-Type"), "custom": r.Header.Get("X-Custom")})
	})
	mux.HandleFunc("/digest", func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		n, _ := io.Copy(hash, r.Body)
		json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "length": n, "digest": fmt.Sprintf("%x", hash.Sum(nil))})
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		w.Write(pattern(n))
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		w.WriteHeader(code)
		if code != http.StatusNoContent {
			fmt.Fprintf(w, "status %d", code)
		}
	})
	mux.HandleFunc("/cookies", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Set-Cookie"] = []string{"a=1; Path=/", "b=2, with comma"}
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		io.WriteString(z, "it was compressed")
		z.Close()
	})
	mux.HandleFunc("/socket", upstreamSocket)
	moreUpstream(mux)
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Second):
		}
	})
	return httptest.NewServer(mux)
}

// pattern returns n bytes that every home makes in the same way.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// upstreamSocket is a WebSocket that echoes, and ends as a message says.
func upstreamSocket(w http.ResponseWriter, r *http.Request) {
	upgrader := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "two" }}
	conn, in, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		f, err := wstest.ReadFrame(in)
		if err != nil {
			return
		}
		f = ws.UnmaskFrameInPlace(f)
		text := string(f.Payload)
		switch {
		case f.Header.OpCode == ws.OpClose:
			ws.WriteFrame(conn, ws.NewCloseFrame(f.Payload))
			return
		case text == "hang up":
			return
		case strings.HasPrefix(text, "close "):
			code, _ := strconv.Atoi(strings.TrimPrefix(text, "close "))
			ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(code), "asked")))
			wstest.ReadFrame(in)
			return
		case f.Header.OpCode == ws.OpText:
			ws.WriteFrame(conn, ws.NewTextFrame([]byte("echo "+text)))
		case f.Header.OpCode == ws.OpBinary:
			ws.WriteFrame(conn, ws.NewBinaryFrame(f.Payload))
		}
	}
}
