// Command module exports PostDO and the objects that it tells of what happens, for its tests.
package main

import (
	_ "grove.place/lattice/durables/post"
	"grove.place/lattice/workers"
)

func main() { workers.Run(workers.Worker{}) }
