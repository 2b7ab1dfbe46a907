// Command app is the module that these tests run: Grove's objects and its queue, without its pages.
package main

import (
	"context"
	"net/http"

	_ "grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/feed"
	_ "grove.place/lattice/durables/notification"
	_ "grove.place/lattice/durables/post"
	_ "grove.place/lattice/durables/session"
	_ "grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/meadow"
)

func main() {
	workers.Run(workers.Worker{
		Fetch:     http.NotFoundHandler(),
		Queue:     meadow.FanOut,
		Scheduled: func(ctx context.Context, _ workers.ScheduledEvent) error { return feed.Sweep(ctx) },
	})
}
