package cron_test

import (
	"context"
	"log/slog"

	"grove.place/lattice/workers/cloudflare/cron"
)

func ExampleScheduleTask() {
	cron.ScheduleTask(func(ctx context.Context) error {
		event, err := cron.NewEvent(ctx)
		if err != nil {
			return err
		}
		slog.InfoContext(ctx, "cron", "expression", event.Cron, "due", event.ScheduledTime)
		return nil
	})
}
