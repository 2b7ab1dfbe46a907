package devserver

import (
	"context"
	"errors"
	"sync"
	"time"

	"grove.place/lattice/internal/cron"
)

func parseCrons(texts []string) ([]cron.Schedule, error) {
	all := make([]cron.Schedule, len(texts))
	for i, text := range texts {
		var err error
		if all[i], err = cron.Parse(text); err != nil {
			return nil, err // the configuration has said where
		}
	}
	return all, nil
}

// Clock is the time that cron triggers go by.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) (stop func())
}

// machineClock is the machine's.
type machineClock struct{}

func (machineClock) Now() time.Time { return time.Now() }

func (machineClock) AfterFunc(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// crons runs what is due, minute by minute.
type crons struct {
	mu  sync.Mutex
	all []cron.Schedule
}

func (c *crons) set(all []cron.Schedule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = all
}

// any reports whether the program has cron triggers.
func (c *crons) any() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all) > 0
}

func (c *crons) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, s := range c.all {
		texts = append(texts, s.String())
	}
	return texts
}

func (c *crons) due(t time.Time) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, s := range c.all {
		if s.Matches(t) {
			texts = append(texts, s.String())
		}
	}
	return texts
}

// run calls do at the full minute for every schedule that is due, until ctx ends.
func (c *crons) run(ctx context.Context, clock Clock, do func(ctx context.Context, cron string, at time.Time)) {
	for {
		now := clock.Now()
		next := now.Truncate(time.Minute).Add(time.Minute)
		due := make(chan struct{})
		stop := clock.AfterFunc(next.Sub(now), func() { close(due) })
		select {
		case <-due:
		case <-ctx.Done():
			stop()
			return
		}
		for _, due := range c.due(next) {
			go do(ctx, due, next)
		}
	}
}

// runCron runs the scheduled handler of the program.
func (s *runner) runCron(ctx context.Context, cron string, at time.Time) {
	host, leave, err := s.door.enter(ctx)
	if err != nil {
		s.log.Error("scheduled handler not run", "cron", cron, "error", err)
		return
	}
	defer leave()
	began := time.Now()
	if _, err := host.ScheduledOutcome(ctx, cron, at); err != nil {
		s.scheduledFailed(cron, err)
		return
	}
	s.log.Info("scheduled handler ran", "cron", cron, "took", duration(time.Since(began)))
}

// scheduledFailed logs an error of the scheduled handler, unless it is in the log already, as a panic is.
func (s *runner) scheduledFailed(cron string, err error) {
	if e, ok := errors.AsType[interface {
		error
		InLog() bool
	}](err); ok && e.InLog() {
		return
	}
	s.log.Error("scheduled handler failed", "cron", cron, "error", err)
}
