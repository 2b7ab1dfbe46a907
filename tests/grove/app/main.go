// Command app is the module that these tests run: Grove's objects, without its pages.
package main

import (
	"net/http"

	_ "grove.place/lattice/durables/analytics"
	_ "grove.place/lattice/durables/feed"
	_ "grove.place/lattice/durables/notification"
	_ "grove.place/lattice/durables/post"
	_ "grove.place/lattice/durables/session"
	_ "grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers"
)

func main() { workers.Serve(http.NotFoundHandler()) }
