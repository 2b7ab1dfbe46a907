package devserver

import (
	"context"
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
func (c *crons) run(ctx context.Context, do func(ctx context.Context, cron string, at time.Time)) {
	for {
		next := time.Now().Truncate(time.Minute).Add(time.Minute)
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
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
		s.log.Error("scheduled handler failed", "cron", cron, "error", err)
		return
	}
	s.log.Info("scheduled handler ran", "cron", cron, "took", duration(time.Since(began)))
}
