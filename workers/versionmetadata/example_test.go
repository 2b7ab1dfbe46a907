package versionmetadata_test

import (
	"net/http"

	"grove.place/lattice/workers/versionmetadata"
)

var running = versionmetadata.Binding("CF_VERSION_METADATA")

func ExampleVersionBinding_Get() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		if v, err := running.Get(r.Context()); err == nil {
			w.Header().Set("X-Version", v.ID)
		}
	})
}
