package devserver

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCronsDueInAMinute(t *testing.T) {
	all, err := parseCrons([]string{"* * * * *", "0 0 * * *", "2 17 * * *"})
	if err != nil {
		t.Fatal(err)
	}
	var c crons
	c.set(all)
	if got := strings.Join(c.due(time.Date(2026, 11, 23, 17, 2, 0, 0, time.UTC)), "; "); got != "* * * * *; 2 17 * * *" {
		t.Errorf("due: %s", got)
	}
}

func TestCronsRunAtTheFullMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		all, err := parseCrons([]string{"*/2 * * * *"})
		if err != nil {
			t.Fatal(err)
		}
		var c crons
		c.set(all)
		runs := make(chan time.Time, 10)
		go c.run(ctx, machineClock{}, func(_ context.Context, cron string, at time.Time) { runs <- at })
		time.Sleep(5*time.Minute + 30*time.Second) // the bubble's time: it starts at midnight
		if len(runs) != 2 {
			t.Fatalf("%d runs in five and a half minutes from midnight, want 2", len(runs))
		}
		for _, minute := range []int{2, 4} {
			if at := <-runs; at.UTC().Minute() != minute || at.Second() != 0 {
				t.Errorf("a run at %v, want minute %d", at, minute)
			}
		}
	})
}
