//go:build js && wasm

// Command syumai is a small program of github.com/syumai/workers. Moved to the SDK by its imports (dropin.go) it is what it is compared with.
package main

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare/kv"
)

type post struct {
	ID    int      `json:"id"`
	Title string   `json:"title"`
	Tags  []string `json:"tags"`
}

func main() {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "Hello!") })
	http.HandleFunc("/json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(post{41, "On the growing of groves", []string{"trees", "patience", "soil"}})
	})
	http.HandleFunc("/kv", func(w http.ResponseWriter, r *http.Request) {
		values, err := kv.NewNamespace("VALUES")
		if err == nil {
			err = values.PutString("greeting", "Hello!", nil)
		}
		text := ""
		if err == nil {
			text, err = values.GetString("greeting", nil)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		io.WriteString(w, text)
	})
	workers.Serve(nil)
}
