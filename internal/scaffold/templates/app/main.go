// Command my-project is a Worker where people write notes. It shows how the parts go together:
//
//	web        the routes
//	session    who someone is, in a signed cookie
//	notes      a D1 database
//	activity   a Durable Object, told by a queue
package main

import (
	"context"

	"grove.place/lattice/internal/scaffold/templates/app/activity"
	"grove.place/lattice/internal/scaffold/templates/app/notes"
	"grove.place/lattice/internal/scaffold/templates/app/web"
	"grove.place/lattice/workers"
)

func main() {
	workers.Run(workers.Worker{
		Fetch: web.Handler(),
		Queue: activity.Consume,
		Scheduled: func(ctx context.Context, event workers.ScheduledEvent) error {
			return notes.Sweep(ctx, event.ScheduledTime)
		},
	})
}
