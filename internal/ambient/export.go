package ambient

import (
	"context"
	"errors"
	"net/http"
	"time"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

var errNotServed = errors.New("main has not said who handles this event: call workers.Serve, cron.ScheduleTask or queues.Consume")

// presume fills in what main has not set yet, so that the description of the module names every handler that there may be.
func presume(w *guest.Worker) {
	if w.Fetch == nil {
		w.Fetch = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(errNotServed) })
	}
	if w.Scheduled == nil && scheduled {
		w.Scheduled = func(context.Context, string, time.Time) error { return errNotServed }
	}
	if w.Queue == nil && queue {
		w.Queue = func(context.Context, string, []abi.QueueDelivery) (abi.Object, error) { return nil, errNotServed }
	}
}
