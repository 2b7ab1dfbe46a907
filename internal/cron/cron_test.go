package cron

import (
	"strings"
	"testing"
	"time"
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
		s, err := Parse(k.cron)
		if err != nil {
			t.Errorf("%s: %v", k.cron, err)
			continue
		}
		at, err := time.Parse("2006-01-02 15:04", k.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Matches(at); got != k.want {
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
		if _, err := Parse(cron); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", cron, err, want)
		}
	}
}
