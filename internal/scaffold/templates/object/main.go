// Command my-project is a Worker that counts the visits of each page, in a Durable Object for each.
package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"grove.place/lattice/internal/scaffold/templates/object/counter"
	"grove.place/lattice/workers"
)

func main() {
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "This Worker counts visits: ask for /home, or a page of another name.")
	})
	http.HandleFunc("GET /{page}", func(w http.ResponseWriter, r *http.Request) {
		total, err := counter.Add.Call(r.Context(), counter.Counters.GetByName(r.PathValue("page")), 1)
		if err != nil {
			slog.ErrorContext(r.Context(), "visits cannot be counted", "err", err)
			http.Error(w, "visits cannot be counted", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "visits:", total)
	})
	workers.Serve(nil)
}
