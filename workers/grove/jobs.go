package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/meadow"
	"grove.place/lattice/workers/queues"
)

// job is something that a cron trigger runs. It may be run again before its time, and twice: it does what there is to do.
type job struct {
	name string
	run  func(ctx context.Context) error
}

// jobs are what each cron trigger of wrangler.toml runs, one after the other.
var jobs = map[string][]job{
	"* * * * *": {
		{"announce posts", feed.Sweep},
		{"bring jobs to a Worker", operations.Sweep},
	},
	"17 3 * * *": {
		{"tidy", operations.Tidy},
	},
}

// scheduled runs the jobs of a trigger. One that fails does not keep the others from running; the run is marked as failed.
func scheduled(ctx context.Context, event workers.ScheduledEvent) error {
	list, ok := jobs[event.Cron]
	if !ok {
		return fmt.Errorf("no job belongs to the cron trigger %q: add it to jobs.go", event.Cron)
	}
	var failed []error
	for _, j := range list {
		if err := j.run(ctx); err != nil {
			slog.ErrorContext(ctx, "job failed", "job", j.name, "error", err)
			failed = append(failed, fmt.Errorf("%s: %w", j.name, err))
		}
	}
	return errors.Join(failed...)
}

// consumers are what deals with the messages of each queue. Environments name theirs with a suffix ("grove-fanout-staging").
var consumers = map[string]func(ctx context.Context, batch *queues.Batch) error{
	"grove-fanout": meadow.FanOut,
	"grove-jobs":   operations.Consume,
	"grove-dead":   operations.KeepDead,
}

func consume(ctx context.Context, batch *queues.Batch) error {
	for name, consume := range consumers {
		if batch.Queue == name || strings.HasPrefix(batch.Queue, name+"-") {
			return consume(ctx, batch)
		}
	}
	return fmt.Errorf("nothing consumes the queue %q: add it to jobs.go", batch.Queue)
}
