// Command module exports AnalyticsDO, for its tests.
package main

import (
	_ "grove.place/lattice/durables/analytics"
	"grove.place/lattice/workers"
)

func main() { workers.Run(workers.Worker{}) }
