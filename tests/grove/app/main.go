// Command app is the module that these tests run: Grove's objects, queues and cron jobs, without its pages.
package main

import (
	"context"
	"errors"
	"net/http"

	_ "grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/feed"
	_ "grove.place/lattice/durables/notification"
	_ "grove.place/lattice/durables/post"
	_ "grove.place/lattice/durables/session"
	_ "grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/meadow"
	"grove.place/lattice/workers/queues"
)

func main() {
	workers.Run(workers.Worker{Fetch: http.NotFoundHandler(), Queue: consume, Scheduled: scheduled})
}

func consume(ctx context.Context, batch *queues.Batch) error {
	if batch.Queue == "grove-jobs" {
		return operations.Consume(ctx, batch)
	}
	return meadow.FanOut(ctx, batch)
}

func scheduled(ctx context.Context, _ workers.ScheduledEvent) error {
	return errors.Join(feed.Sweep(ctx), operations.Sweep(ctx))
}
