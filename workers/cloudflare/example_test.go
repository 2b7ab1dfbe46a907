package cloudflare_test

import (
	"io"
	"net/http"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/cloudflare"
)

func Example() {
	http.HandleFunc("/visitors", func(w http.ResponseWriter, r *http.Request) {
		visitors, err := cloudflare.NewDurableObjectNamespace("VISITORS")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		stub, err := visitors.Get(visitors.IdFromName("of " + cloudflare.Getenv("REGION")))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer, err := stub.Fetch(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body)
	})
	workers.Serve(nil)
}
