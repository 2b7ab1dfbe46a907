// Command module is a Worker with the object of package notes.
package main

import (
	"net/http"

	_ "grove.place/lattice/durables/schema/testdata/notes"
	"grove.place/lattice/workers"
)

func main() { workers.Run(workers.Worker{Fetch: http.NotFoundHandler()}) }
