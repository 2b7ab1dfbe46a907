// Command module exports NotificationDO, for its tests.
package main

import (
	_ "grove.place/lattice/durables/notification"
	"grove.place/lattice/workers"
)

func main() { workers.Run(workers.Worker{}) }
