//go:build js && wasm

// Command hello answers with text, echoes bodies, and says what it got, as a first program for github.com/syumai/workers does.
package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/syumai/workers"
)

func main() {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("name")
		if name == "" {
			name = "world"
		}
		fmt.Fprintf(w, "Hello, %s!\n", name)
	})
	http.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusCreated)
		io.Copy(w, r.Body)
	})
	http.HandleFunc("/nothing", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	http.HandleFunc("/request", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s %s %s\n", r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("X-Test"))
	})
	http.HandleFunc("/panic", func(w http.ResponseWriter, r *http.Request) { panic("on purpose") })
	workers.Serve(nil)
}
