//go:build js && wasm

// Command objects asks a Durable Object, for github.com/syumai/workers. Its class is in counter.mjs: the library has classes in JavaScript only.
package main

import (
	"fmt"
	"io"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
)

func main() {
	http.HandleFunc("/missing", func(w http.ResponseWriter, r *http.Request) {
		_, err := cloudflare.NewDurableObjectNamespace("NO_OBJECTS")
		fmt.Fprintln(w, err)
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
		req, err := http.NewRequest(http.MethodPost, "https://counter.example/increment", nil)
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
	http.HandleFunc("/store/{name}", func(w http.ResponseWriter, r *http.Request) {
		ns, _ := cloudflare.NewDurableObjectNamespace("COUNTER")
		stub, _ := ns.Get(ns.IdFromName(r.PathValue("name")))
		req, _ := http.NewRequest(http.MethodGet, "https://counter.example/store", nil)
		res, err := stub.Fetch(req)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		io.Copy(w, res.Body)
	})
	http.HandleFunc("/forward/{name}", func(w http.ResponseWriter, r *http.Request) {
		ns, _ := cloudflare.NewDurableObjectNamespace("COUNTER")
		stub, err := ns.Get(ns.IdFromName(r.PathValue("name")))
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		res, err := stub.Fetch(r)
		if err != nil {
			http.Error(w, err.Error(), 500)
			return
		}
		io.Copy(w, res.Body)
	})
	workers.Serve(nil)
}
