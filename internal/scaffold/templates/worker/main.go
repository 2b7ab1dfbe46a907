// Command my-project is a Worker that gives links short names.
package main

import (
	"grove.place/lattice/internal/scaffold/templates/worker/links"
	"grove.place/lattice/workers"
)

func main() { workers.Serve(links.Handler()) }
