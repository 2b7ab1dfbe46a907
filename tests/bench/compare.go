package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// scenario is one thing to measure; path and want are as load takes them, which measures unless measure is another.
type scenario struct {
	name, path, want string
	requests         int
	measure          func(base, path, want string, n int) (round, error)
}

var (
	hello     = scenario{"hello", "/hello", "Hello!", 1600, nil}
	scenarios = []scenario{
		{"object call (RPC)", "/ping/*", `"pong"`, 1200, nil},
		{"object SQL insert", "/insert/*", "1", 800, nil},
		{"100-row select", "/select/*", "7575", 800, nil},
		{"RPC with a 1 KB struct", "/echo/*", "42", 800, nil},
	}
	// events are what happens to objects beside calls.
	events = []scenario{
		{"20 alarms, one after another", "/alarms/*", "20", 160, nil},
		{"first call of an object", "/visit/#", "1", 400, nil},
		{"WebSocket echo", "/socket/*", "echo, and back again", 1200, echoes},
		{"broadcast to 1,000 sockets", "/socket/*", "to all who are here", 30, broadcasts},
	}
)

// slow is by how much fewer requests the slow side of a comparison gets, so that a round takes as long on both.
var slow = map[string]int{syumai.name: 20, wrangler.name: 3}

// measured is what one target did in the rounds of one scenario.
type measured struct {
	name      string
	perSecond []float64
	p50       []time.Duration
}

// compare runs the rounds of a scenario, the targets in turn. A first round, not counted, warms each up.
func compare(ctx context.Context, s scenario, rounds int, targets ...target) ([]measured, error) {
	results := make([]measured, len(targets))
	for r := -1; r < rounds; r++ {
		for i, t := range targets {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			n := s.requests / max(1, slow[t.name])
			if r < 0 {
				n = max(1, n/2)
			}
			measure := s.measure
			if measure == nil {
				measure = load
			}
			got, err := measure(t.url, s.path, s.want, n)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", t.name, s.name, err)
			}
			results[i].name = t.name
			if r >= 0 {
				results[i].perSecond = append(results[i].perSecond, got.perSecond)
				results[i].p50 = append(results[i].p50, got.p50)
			}
		}
	}
	return results, nil
}

// ratio is the median over the rounds of how often faster a was than b.
func ratio(a, b measured) float64 {
	var list []float64
	for i := range a.perSecond {
		list = append(list, a.perSecond[i]/b.perSecond[i])
	}
	return median(list)
}

func median[T cmp.Ordered](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// cell prints a measurement for a table.
func (m measured) cell() string {
	return fmt.Sprintf("%.0f/s, p50 %.2f ms", median(m.perSecond), milliseconds(median(m.p50)))
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// aim says whether a goal was met.
func aim(text string, met bool) string {
	if met {
		return text + ": met"
	}
	return text + ": **not met**"
}

// table prints rows of a Markdown table as wide as their cells.
func table(title string, header []string, rows ...[]string) {
	fmt.Printf("\n### %s\n\n", title)
	width := make([]int, len(header))
	all := append([][]string{header}, rows...)
	for _, row := range all {
		for i, c := range row {
			width[i] = max(width[i], len([]rune(c)))
		}
	}
	line := func(row []string, fill string) {
		var b strings.Builder
		for i, w := range width {
			c := ""
			if i < len(row) {
				c = row[i]
			}
			b.WriteString("| " + c + strings.Repeat(fill, w-len([]rune(c))) + " ")
		}
		fmt.Println(b.String() + "|")
	}
	line(header, " ")
	line(make([]string, len(header)), "-")
	for _, row := range rows {
		line(row, " ")
	}
}
