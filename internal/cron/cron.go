// Package cron reads cron expressions as Cloudflare does, and says when they are due. Start with Parse.
package cron

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule is a cron expression as Cloudflare reads it: minute, hour, day of month, month, day of week, in UTC. Sunday is 1
// or SUN and Saturday 7 or SAT, other than in most crons. When both kinds of day are restricted, either will do.
type Schedule struct {
	text         string
	minute, hour uint64 // bit sets
	month        uint64
	day, weekday uint64
	lastDay      bool // L among the days of the month
	lastWeekday  int  // 6L: the last such weekday of the month, 0 for none
	anyDay       bool
	anyWeekday   bool
}

var (
	monthNames   = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	weekdayNames = strings.Fields("SUN MON TUE WED THU FRI SAT")
)

// Parse reads an expression.
func Parse(text string) (s Schedule, err error) {
	f := strings.Fields(strings.ToUpper(text))
	if len(f) != 5 {
		return s, fmt.Errorf("a cron has five fields (minute hour day month weekday), not %d", len(f))
	}
	s = Schedule{text: text, anyDay: f[2] == "*", anyWeekday: f[4] == "*"}
	if f[2], s.lastDay = cutItem(f[2], "L"); f[2] == "" && !s.lastDay {
		return s, fmt.Errorf("the day is empty")
	}
	for n := 1; n <= 7; n++ {
		for _, item := range []string{strconv.Itoa(n) + "L", weekdayNames[n-1] + "L"} {
			var found bool
			if f[4], found = cutItem(f[4], item); found {
				s.lastWeekday = n
			}
		}
	}
	for _, x := range []struct {
		to       *uint64
		what     string
		text     string
		low, top int
		names    []string
	}{
		{&s.minute, "minute", f[0], 0, 59, nil}, {&s.hour, "hour", f[1], 0, 23, nil}, {&s.day, "day", f[2], 1, 31, nil},
		{&s.month, "month", f[3], 1, 12, monthNames}, {&s.weekday, "weekday", f[4], 1, 7, weekdayNames},
	} {
		if x.text == "" {
			continue // it held nothing but L
		}
		if *x.to, err = parseField(x.text, x.low, x.top, x.names); err != nil {
			return s, fmt.Errorf("%s: %w", x.what, err)
		}
	}
	return s, nil
}

// cutItem takes one item out of a list.
func cutItem(list, item string) (rest string, found bool) {
	items := strings.Split(list, ",")
	kept := slices.DeleteFunc(slices.Clone(items), func(s string) bool { return s == item })
	return strings.Join(kept, ","), len(kept) < len(items)
}

// parseField reads a list of *, n, a-b, each with an optional /step, into a bit set.
func parseField(text string, low, top int, names []string) (bits uint64, err error) {
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, stepped := strings.Cut(item, "/")
		step := 1
		if stepped {
			if step, err = strconv.Atoi(stepText); err != nil || step < 1 {
				return 0, fmt.Errorf("%q is not a step", stepText)
			}
		}
		from, to := low, top
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			if from, err = parseNumber(a, low, top, names); err != nil {
				return 0, err
			}
			switch {
			case ranged:
				if to, err = parseNumber(b, low, top, names); err != nil {
					return 0, err
				}
			case !stepped:
				to = from
			}
		}
		if from > to {
			return 0, fmt.Errorf("%q runs backwards", span)
		}
		for n := from; n <= to; n += step {
			bits |= 1 << n
		}
	}
	return bits, nil
}

func parseNumber(text string, low, top int, names []string) (int, error) {
	if i := slices.Index(names, text); i >= 0 {
		return i + low, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > top {
		return 0, fmt.Errorf("%q is not a number from %d to %d", text, low, top)
	}
	return n, nil
}

// Matches reports whether the schedule is due in the minute of t.
func (s Schedule) Matches(t time.Time) bool {
	t = t.UTC()
	has := func(set uint64, n int) bool { return set&(1<<n) != 0 }
	if !has(s.minute, t.Minute()) || !has(s.hour, t.Hour()) || !has(s.month, int(t.Month())) {
		return false
	}
	weekday := int(t.Weekday()) + 1
	tail := t.AddDate(0, 0, 7).Month() != t.Month() // the last seven days
	day := has(s.day, t.Day()) || s.lastDay && t.AddDate(0, 0, 1).Month() != t.Month()
	week := has(s.weekday, weekday) || s.lastWeekday == weekday && tail
	switch {
	case s.anyDay:
		return week
	case s.anyWeekday:
		return day
	}
	return day || week
}

// String is the expression as it was written.
func (s Schedule) String() string { return s.text }
