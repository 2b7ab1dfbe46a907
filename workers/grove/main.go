// Command grove is the Worker script grove-lattice: sign-in, Meadow and the sites of Grove, as one Wasm module. The router is in
// router.go, cron triggers and queues in jobs.go; importing the packages under durables exports their classes.
package main

import "grove.place/lattice/workers"

func main() {
	workers.LogJSON()
	workers.Run(workers.Worker{Fetch: newRouter(), Scheduled: scheduled, Queue: consume})
}
