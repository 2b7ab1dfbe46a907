// Command module exports TenantDO and AnalyticsDO, for their tests.
package main

import (
	_ "grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers"
)

func main() { workers.Run(workers.Worker{}) }
