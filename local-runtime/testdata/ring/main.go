// A Worker for tests of simulations.
package main

import (
	"fmt"
	"net/http"

	"grove.place/lattice/local-runtime/testdata/ring/node"
	"grove.place/lattice/workers"
)

func main() {
	http.HandleFunc("/add/{name}", func(w http.ResponseWriter, r *http.Request) {
		n, err := node.Add.Call(r.Context(), node.Nodes.GetByName(r.PathValue("name")), 1)
		fmt.Fprintln(w, n, err)
	})
	http.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		req, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, r.FormValue("url"), nil)
		resp, err := (&http.Client{Transport: workers.Transport}).Do(req)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		fmt.Fprintln(w, resp.StatusCode)
	})
	workers.Serve(nil)
}
