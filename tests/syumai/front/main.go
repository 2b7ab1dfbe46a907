//go:build js && wasm

// Command front calls two other programs, services and objects, for github.com/syumai/workers: by a service binding, and by an object whose class the
// other has.
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
	http.HandleFunc("/back/{what}", func(w http.ResponseWriter, r *http.Request) {
		c := fetch.NewClient(fetch.WithBinding(cloudflare.GetBinding("BACK")))
		req, err := fetch.NewRequest(r.Context(), http.MethodPut, "https://back.example/"+r.PathValue("what"), strings.NewReader(strings.Repeat("long", 50_000)))
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
		fmt.Fprintln(w, res.StatusCode, res.Header.Get("X-Inner"), len(b), err)
	})
	http.HandleFunc("/count/{name}", func(w http.ResponseWriter, r *http.Request) {
		ns, err := cloudflare.NewDurableObjectNamespace("COUNTER")
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		stub, err := ns.Get(ns.IdFromName(r.PathValue("name")))
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		req, err := http.NewRequest(http.MethodPost, "https://counter.example/from-front", nil)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		res, err := stub.Fetch(req)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		b, err := io.ReadAll(res.Body)
		fmt.Fprintln(w, res.StatusCode, string(b), err)
	})
	workers.Serve(nil)
}
