// Command bindings opens bindings in the ways that the source tells, and in one that it does not.
package main

import (
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
	store "grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
)

const queue = "JOBS"

var (
	db    = d1.Database("DB")
	notes = store.Namespace("NOTES")
	jobs  = queues.Producer(queue)
)

func main() {
	name := "COM" + "PUTED"
	_ = store.Namespace(name)
	_ = workers.Service("AUTH")
	_, _, _ = db, notes, jobs
}
