// Command conformance runs every case on three homes — the JavaScript oracle on workerd, the Go app on workerd, and the Go
// app on the local host — and compares what a client sees. A fourth, "mixed", is the oracle's Worker calling the Go
// app's objects by native RPC: it must see what it sees of JavaScript objects. A fifth, "turned", runs only when it is asked for (-hosts oracle,turned -run ^rpc): the Go app's
// Worker calling the oracle's objects. A case is written twice: in oracle/*.mjs and in app/*.go,
// under one name. cases.go has the cases that need more than one plain GET, and the documented differences.
//
// Its last line reads "N cases: N equal, 0 different"; it exits with 1 when a case differs.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.run, "run", "", "run only the cases whose name matches this regular expression")
	flag.StringVar(&o.hosts, "hosts", "oracle,workerd,local,mixed", "homes to run on")
	flag.BoolVar(&o.verbose, "v", false, "print every answer")
	write := flag.Bool("write-compatibility", false, "write docs/compatibility.md, docs/compatibility-workers.md and docs/workerd-tests.md, and run no case")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	different, err := 0, error(nil)
	if *write {
		err = writePages(ctx)
	} else {
		different, err = o.conform(ctx)
	}
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
	different, documented := 0, map[string][]string{}
	for i, r := range results {
		c := cases[i]
		v := judge(c, r)
		o.report(c, r, v)
		switch {
		case v.different:
			different++
		case v.documented:
			documented[c.Differs.why] = append(documented[c.Differs.why], c.Name)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(documented)) {
		fmt.Printf("documented difference: %s: %s\n", strings.Join(documented[why], ", "), why)
	}
	fmt.Printf("%d cases: %d equal, %d different\n", len(cases), len(cases)-different, different)
	return different, nil
}

// report prints a case with all answers when they differ, or when everything is asked for.
func (o options) report(c Case, answers []answer, v verdict) {
	switch {
	case v.different:
		fmt.Printf("DIFFERENT %s: %s\n", c.Name, v.why)
	case o.verbose:
		fmt.Println(c.Name)
	default:
		return
	}
	for _, a := range answers {
		fmt.Printf("  %-8s %s\n", a.host, strings.ReplaceAll(a.text, "\n", "\n           "))
	}
}

// runAll runs the cases on every host, a few at a time. Within a host cases run next to one another, as requests do.
func runAll(ctx context.Context, hosts hosts, cases []Case) [][]answer {
	results := make([][]answer, len(cases))
	run := func(i int) {
		ctx, cancel := context.WithTimeout(ctx, 4*time.Minute)
		defer cancel()
		for _, h := range hosts {
			results[i] = append(results[i], answer{h.name, cases[i].perform(ctx, h)})
		}
	}
	slots := make(chan struct{}, 8)
	var wait sync.WaitGroup
	for i, c := range cases {
		if c.Alone {
			run(i)
		}
	}
	for i, c := range cases {
		if c.Alone {
			continue
		}
		slots <- struct{}{}
		wait.Go(func() {
			run(i)
			<-slots
		})
	}
	wait.Wait()
	return results
}
