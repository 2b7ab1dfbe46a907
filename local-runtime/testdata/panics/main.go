// A Worker that does not start.
package main

import (
	"net/http"

	"grove.place/lattice/workers"
)

func main() {
	var routes map[string]http.Handler
	routes["/"] = http.NotFoundHandler()
	workers.Serve(nil)
}
