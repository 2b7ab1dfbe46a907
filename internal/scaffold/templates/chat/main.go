// Command my-project is a Worker with chat rooms. The page is a file in public, which is served without it.
package main

import (
	"net/http"

	"grove.place/lattice/internal/scaffold/templates/chat/room"
	"grove.place/lattice/workers"
)

func main() {
	http.HandleFunc("GET /rooms/{room}", room.Join)
	workers.Serve(nil)
}
