//go:build js && wasm

// Command services calls itself through a service binding, for github.com/syumai/workers.
package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/fetch"
)

func main() {
	http.HandleFunc("/inner", func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Inner", r.Method)
		fmt.Fprintf(w, "inner got %q on %s", b, r.URL.Host)
	})
	http.HandleFunc("/outer", func(w http.ResponseWriter, r *http.Request) {
		c := fetch.NewClient(fetch.WithBinding(cloudflare.GetBinding("SELF")))
		req, err := fetch.NewRequest(r.Context(), http.MethodPost, "https://inner.example/inner", strings.NewReader("a message"))
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		res, err := c.Do(req, nil)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		b, err := io.ReadAll(res.Body)
		fmt.Fprintln(w, res.StatusCode, res.Header.Get("X-Inner"), string(b), err)
	})
	workers.Serve(nil)
}
