package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

func (c calls) String() string {
	return fmt.Sprintf("%d (%d writes, %d reads, %d of content)", c.Writes+c.Reads+c.Content, c.Writes, c.Reads, c.Content)
}

// without are the calls without those for content, which both ways make.
func (c calls) without() int { return c.Writes + c.Reads }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

// first returns what the first line of a file that begins with name says, with prefix before it; "" when there is none.
func first(file, name, prefix string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name); found {
			return prefix + strings.TrimSpace(strings.TrimLeft(rest, "\t: "))
		}
	}
	return ""
}

// report writes a table for each host. results come in pairs, Grove's first.
func report(results []result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s with `make grove-bench`: %s/%s, %d processors%s, %s. Load of the machine afterwards: %s.\n", time.Now().UTC().Format("2006-01-02"),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), first("/proc/cpuinfo", "model name", ", "), runtime.Version(), first("/proc/loadavg", "", ""))
	for ; len(results) >= 2; results = results[2:] {
		g, p := results[0], results[1]
		fmt.Fprintf(&b, "\n### On %s\n\n| calls of D1 | Grove | D1 alone | without content |\n|---|---|---|---|\n", g.Host)
		for _, row := range []struct {
			what string
			g, p calls
		}{{fmt.Sprintf("%d page views", *views), g.Views, p.Views}, {fmt.Sprintf("%d reactions", *reactions), g.React, p.React},
			{fmt.Sprintf("%d session validations", *sessions), g.Session, p.Session}, {fmt.Sprintf("%d loads of a feed", *feeds), g.Feed, p.Feed}} {
			saved := 100 * (1 - float64(row.g.without())/float64(max(1, row.p.without())))
			fmt.Fprintf(&b, "| %s | %s | %s | %d instead of %d: %.1f %% fewer |\n", row.what, row.g, row.p, row.g.without(), row.p.without(), saved)
		}
		fmt.Fprintf(&b, "\n| latency | Grove | D1 alone |\n|---|---|---|\n| session, p50 / p95 | %s / %s | %s / %s |\n| feed, p50 / p95 | %s / %s | %s / %s |\n",
			ms(g.SessionP50), ms(g.SessionP95), ms(p.SessionP50), ms(p.SessionP95), ms(g.FeedP50), ms(g.FeedP95), ms(p.FeedP50), ms(p.FeedP95))
		fmt.Fprintf(&b, "\nOne sign-in: %d HTTP requests, %s calls of D1, %s without the network.\n", g.Trips, g.SignIn, ms(g.SignInTook))
	}
	if *out == "" {
		fmt.Print(b.String())
		return nil
	}
	return replace(*out, b.String())
}

// The tables stand between these two lines of the file.
const begin, end = "<!-- measured -->\n", "<!-- end of what was measured -->\n"

func replace(file, tables string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no lines %q and %q", file, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+tables+"\n"+end+after), 0o644)
}
