// Command app is the module that the simulation of durables.Tasks runs.
package main

import (
	"net/http"

	_ "grove.place/lattice/tests/simulation/app/plan"
	"grove.place/lattice/workers"
)

func main() { workers.Serve(http.NotFoundHandler()) }
