// Command conformance runs every case three times — the JavaScript oracle on workerd, the Go app on workerd, and the Go
// app on the local host — and compares what a client sees. A case is written twice: in oracle/*.mjs and in app/*.go,
// under one name. cases.go has the cases that need more than one plain GET, and the documented differences.
//
// Its last line reads "N cases: N equal, 0 different"; it exits with 1 when a case differs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.run, "run", "", "run only the cases whose name matches this regular expression")
	flag.StringVar(&o.hosts, "hosts", "oracle,workerd,local", "homes to run on")
	flag.BoolVar(&o.verbose, "v", false, "print every answer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	different, err := o.conform(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(2)
	}
	if different > 0 {
		os.Exit(1)
	}
}

type options struct {
	run, hosts string
	verbose    bool
}

// conform runs the suite and returns how many cases differ.
func (o options) conform(ctx context.Context) (int, error) {
	match, err := regexp.Compile(o.run)
	if err != nil {
		return 0, fmt.Errorf("-run: %w", err)
	}
	hosts, err := startHosts(ctx, strings.Split(o.hosts, ","))
	if err != nil {
		return 0, err
	}
	defer hosts.close()
	homes := hosts[1:]
	cases, err := allCases(homes[0], match)
	if err != nil {
		return 0, err
	}
	results := runAll(ctx, homes, cases)
	different := 0
	for i, r := range results {
		different += o.report(cases[i], r)
	}
	fmt.Printf("%d cases: %d equal, %d different\n", len(cases), len(cases)-different, different)
	return different, nil
}

// report prints what there is to say about one case and returns 1 when it differs.
func (o options) report(c Case, answers []answer) int {
	verdict := judge(c, answers)
	switch {
	case verdict.different:
		fmt.Printf("DIFFERENT %s: %s\n", c.Name, verdict.why)
	case verdict.documented:
		fmt.Printf("documented difference: %s: %s\n", c.Name, c.Differs.why)
	case o.verbose:
		fmt.Println(c.Name)
	}
	if verdict.different || o.verbose {
		for _, a := range answers {
			fmt.Printf("  %-8s %s\n", a.host, strings.ReplaceAll(a.text, "\n", "\n           "))
		}
	}
	if verdict.different {
		return 1
	}
	return 0
}

// runAll runs the cases on every host, a few at a time. Within a host cases run next to one another, as requests do.
func runAll(ctx context.Context, hosts hosts, cases []Case) [][]answer {
	results := make([][]answer, len(cases))
	slots := make(chan struct{}, 8)
	var wait sync.WaitGroup
	for i, c := range cases {
		results[i] = make([]answer, len(hosts))
		slots <- struct{}{}
		wait.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
			defer cancel()
			for j, h := range hosts {
				results[i][j] = answer{h.name, c.perform(ctx, h)}
			}
		})
	}
	wait.Wait()
	return results
}
