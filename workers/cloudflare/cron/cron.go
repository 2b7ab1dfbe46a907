// Package cron handles cron triggers with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/cron. Start with ScheduleTask.
//
// New code is better served by the Scheduled field of workers.Worker.
package cron

import (
	"context"
	"errors"
	"time"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/workers"
)

// Event tells which cron trigger fired.
type Event struct {
	Cron          string
	ScheduledTime time.Time // when the run was due, in whole seconds
}

type eventKey struct{}

// NewEvent returns the event of a Task's context.
func NewEvent(ctx context.Context) (*Event, error) {
	e, ok := ctx.Value(eventKey{}).(Event)
	if !ok {
		return nil, errors.New("cron: this context is not that of a scheduled task")
	}
	return &e, nil
}

// Task is run by cron triggers. An error marks the run as failed.
type Task func(ctx context.Context) error

func init() { ambient.MayExport(true, false) }

// ScheduleTask exports the task, and never returns.
func ScheduleTask(task Task) {
	ScheduleTaskNonBlock(task)
	workers.Ready()
	<-Done()
}

// ScheduleTaskNonBlock is ScheduleTask for a main that exports other handlers as well, and calls workers.Serve or workers.Ready then.
func ScheduleTaskNonBlock(task Task) {
	guest.Exports().Scheduled = func(ctx context.Context, cron string, at time.Time) error {
		return task(context.WithValue(ctx, eventKey{}, Event{cron, at.Truncate(time.Second)}))
	}
}

// Done returns a channel that is never closed.
func Done() <-chan struct{} { return workers.Done() }
