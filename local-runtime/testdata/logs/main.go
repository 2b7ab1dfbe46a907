// A Worker that logs JSON.
package main

import (
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/workers"
)

func main() {
	workers.LogJSON()
	workers.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		slog.With("site", "a b").WarnContext(r.Context(), `said "hello"`, "n", 3, "wait", time.Second, slog.Group("who", "name", "ann"))
		slog.Info(`{"timestamp": this is no JSON`)
	}))
}
