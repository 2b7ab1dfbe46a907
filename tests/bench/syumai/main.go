//go:build js && wasm

// Command syumai is hello world on syumai/workers, which starts one Go program for each request.
package main

import (
	"io"
	"net/http"

	"github.com/syumai/workers"
)

func main() {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello!") })
	workers.Serve(nil)
}
