package devserver

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"grove.place/lattice/internal/wrangler"
)

func TestSchedules(t *testing.T) {
	for _, k := range []struct {
		cron, at string // 2026-11-23 is a Monday
		want     bool
	}{
		{"* * * * *", "2026-11-23 17:02", true},
		{"*/15 * * * *", "2026-11-23 17:45", true},
		{"*/15 * * * *", "2026-11-23 17:46", false},
		{"5/20 * * * *", "2026-11-23 17:25", true},
		{"0 9-17/4 * * *", "2026-11-23 13:00", true},
		{"0 9-17/4 * * *", "2026-11-23 14:00", false},
		{"0 0 1,15 * *", "2026-11-15 00:00", true},
		{"0 0 * * 2", "2026-11-23 00:00", true}, // Monday: Sunday is 1
		{"0 0 * * 1", "2026-11-23 00:00", false},
		{"0 0 * * mon-fri", "2026-11-23 00:00", true},
		{"0 0 * nov *", "2026-11-23 00:00", true},
		{"0 0 * 12 *", "2026-11-23 00:00", false},
		{"0 0 L * *", "2026-11-30 00:00", true},
		{"0 0 L * *", "2026-11-29 00:00", false},
		{"0 0 1,L * *", "2026-11-01 00:00", true},
		{"0 18 * * friL", "2026-11-27 18:00", true},
		{"0 18 * * 6L", "2026-11-20 18:00", false},
		{"0 0 1 * mon", "2026-11-23 00:00", true}, // either kind of day
		{"0 0 1 * mon", "2026-12-01 00:00", true},
		{"0 0 1 * mon", "2026-12-02 00:00", false},
	} {
		s, err := parseCron(k.cron)
		if err != nil {
			t.Errorf("%s: %v", k.cron, err)
			continue
		}
		at, err := time.Parse("2006-01-02 15:04", k.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.matches(at); got != k.want {
			t.Errorf("%s at %s: %v", k.cron, k.at, got)
		}
	}
}

func TestBadSchedulesSayWhatIsWrong(t *testing.T) {
	for cron, want := range map[string]string{
		"* * * *":       "five fields",
		"60 * * * *":    `minute: "60" is not a number from 0 to 59`,
		"* * * * 0":     `weekday: "0" is not a number from 1 to 7`,
		"* * 5-2 * *":   `day: "5-2" runs backwards`,
		"*/0 * * * *":   `minute: "0" is not a step`,
		"* * * foo *":   `month: "FOO" is not a number`,
		"* 1,,2 * * *":  `hour: "" is not a number`,
		"1-2-3 * * * *": `minute: "2-3" is not a number`,
	} {
		if _, err := parseCrons(&wrangler.Config{Crons: []string{cron}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", cron, err, want)
		}
	}
}

func TestCronsDueInAMinute(t *testing.T) {
	all, err := parseCrons(&wrangler.Config{Crons: []string{"* * * * *", "0 0 * * *", "2 17 * * *"}})
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
		all, err := parseCrons(&wrangler.Config{Crons: []string{"*/2 * * * *"}})
		if err != nil {
			t.Fatal(err)
		}
		var c crons
		c.set(all)
		runs := make(chan time.Time, 10)
		go c.run(ctx, func(_ context.Context, cron string, at time.Time) { runs <- at })
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
