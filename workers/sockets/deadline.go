package sockets

import (
	"context"
	"os"
	"sync"
	"time"
)

// deadline ends what waits in one direction of a connection: at a time, which may be set while it waits, or because the connection is closed.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	over   error                   // why nothing may wait
	cancel context.CancelCauseFunc // of what waits
}

// begin returns a context for one operation. One waits at a time.
func (d *deadline) begin(parent context.Context) (ctx context.Context, end func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over != nil {
		return nil, nil, d.over
	}
	ctx, cancel := context.WithCancelCause(parent)
	d.cancel = cancel
	return ctx, func() {
		d.mu.Lock()
		d.cancel = nil
		d.mu.Unlock()
		cancel(nil)
	}, nil
}

// set moves the deadline; the zero time is none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.over = nil
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.stop(os.ErrDeadlineExceeded)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(wait, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.timer == timer {
			d.stop(os.ErrDeadlineExceeded)
		}
	})
	d.timer = timer
}

// end has everything fail with err from now on.
func (d *deadline) end(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.stop(err)
}

func (d *deadline) stop(err error) {
	d.over = err
	if d.cancel != nil {
		d.cancel(err)
	}
}
