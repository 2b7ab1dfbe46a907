package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// left are the requests whose client has gone, by their names.
var left sync.Map

// moreUpstream is what the cases about outbound requests in detail ask for.
func moreUpstream(mux *http.ServeMux) {
	mux.HandleFunc("/hop", func(w http.ResponseWriter, r *http.Request) { // n redirects of a status, then /seen
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		to := "/seen"
		if n > 1 {
			to = fmt.Sprintf("/hop?n=%d&code=%d", n-1, code)
		}
		w.Header().Set("Location", to)
		w.WriteHeader(code)
	})
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) { // the same server under another name
		_, port, _ := net.SplitHostPort(r.Host)
		http.Redirect(w, r, "http://localhost:"+port+"/seen", http.StatusFound)
	})
	mux.HandleFunc("/host", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) })
	mux.HandleFunc("/nowhere", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusFound) }) // without a Location
	mux.HandleFunc("/badly", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = []string{"http://["}
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/seen", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen := map[string]any{"method": r.Method, "body": string(body), "length": r.ContentLength, "chunked": len(r.TransferEncoding) > 0}
		for name, values := range r.Header {
			if name = strings.ToLower(name); strings.HasPrefix(name, "x-") || name == "authorization" || name == "cookie" || strings.HasPrefix(name, "accept") || strings.HasPrefix(name, "content-") {
				seen[name] = strings.Join(values, " | ")
			}
		}
		delete(seen, "content-length") // which "length" is
		json.NewEncoder(w).Encode(seen)
	})
	mux.HandleFunc("/drip", func(w http.ResponseWriter, r *http.Request) { // a byte at a time, until the client has gone
		name := r.URL.Query().Get("name")
		if r.URL.Query().Has("head") {
			w.WriteHeader(http.StatusOK)
		}
		for n := 0; n < 500; n++ {
			if r.URL.Query().Has("head") {
				io.WriteString(w, ".")
				http.NewResponseController(w).Flush()
			}
			select {
			case <-r.Context().Done():
				left.Store(name, true)
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	mux.HandleFunc("/left", func(w http.ResponseWriter, r *http.Request) { // whether the client of a drip has gone, or goes soon
		name := r.URL.Query().Get("name")
		for range 600 { // the drip ends by itself after five seconds
			if _, gone := left.LoadAndDelete(name); gone {
				io.WriteString(w, "gone")
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		io.WriteString(w, "still there")
	})
	mux.HandleFunc("/reset", func(w http.ResponseWriter, r *http.Request) { breakOff(w, "") })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, r *http.Request) { // in the middle of the body
		breakOff(w, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
	})
	mux.HandleFunc("/nonsense", func(w http.ResponseWriter, r *http.Request) { breakOff(w, "this is no HTTP\r\n\r\n") })
	mux.HandleFunc("/told", func(w http.ResponseWriter, r *http.Request) { // statuses without a body, and texts of statuses
		breakOff(w, "HTTP/1.1 "+r.URL.Query().Get("status")+"\r\nX-Told: yes\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	})
	mux.HandleFunc("/fields", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["X-Many"] = []string{"a", "b, c", "d"}
		w.Header()["Set-Cookie"] = []string{"one=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "two=2", "three=3"}
		w.Header()["X-Long"] = []string{strings.Repeat("l", 6000)}
		w.Header()["X-Empty"] = []string{""}
	})
	mux.HandleFunc("/echo-back", func(w http.ResponseWriter, r *http.Request) { // answers while the request still comes
		w.Header().Set("X-Early", "yes")
		http.NewResponseController(w).EnableFullDuplex()
		w.WriteHeader(http.StatusOK)
		http.NewResponseController(w).Flush()
		b := make([]byte, 1000)
		for {
			n, err := r.Body.Read(b)
			w.Write(b[:n])
			http.NewResponseController(w).Flush()
			if err != nil {
				return
			}
		}
	})
}

// breakOff writes bytes to the connection of a request and closes it.
func breakOff(w http.ResponseWriter, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	io.WriteString(conn, text)
	if tcp, ok := conn.(*net.TCPConn); ok && text == "" {
		tcp.SetLinger(0)
	}
	conn.Close()
}
