// Command module exports FeedDO and NotificationDO, for their tests.
package main

import (
	_ "grove.place/lattice/durables/feed"
	"grove.place/lattice/workers"
)

func main() { workers.Run(workers.Worker{}) }
