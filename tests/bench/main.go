// Command bench measures Lattice side by side with what it is compared with: syumai/workers and a JavaScript twin on
// workerd, wrangler dev for the local host. Rounds alternate between the two sides of a comparison, so that a busy
// machine slows both; medians and ratios go to standard output as tables. Nothing is asserted.
//
// "go run ./tests/bench" from the root of the module runs all of it. Start with run; load.go is the load generator.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == serveLocal {
		if err := serve(os.Args[2], os.Args[3] == "objects"); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	rounds := flag.Int("rounds", 5, "rounds of each comparison")
	match := flag.String("run", "", "measure only the cases whose name matches this regular expression, in the parts workerd, local and stores")
	only := flag.String("only", "workerd,local,stores,dropin,cold,memory,objects,sockets,held", "parts to run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds, *only, *match); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, only, match string) error {
	start := time.Now()
	wanted, err := regexp.Compile(match)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	set, err := buildAll(ctx)
	if err != nil {
		return err
	}
	defer set.remove()
	set.wanted = wanted
	fmt.Printf("%d cores, %s, %d rounds, %d connections; built in %v\n", runtime.NumCPU(), runtime.Version(), rounds, connections,
		time.Since(start).Round(time.Second))
	parts := []struct {
		name string
		run  func(context.Context, programSet, int) error
	}{{"workerd", onWorkerd}, {"local", onLocal}, {"stores", onStores}, {"dropin", onDropIn}, {"cold", coldStarts}, {"memory", memory}, {"objects", touch}, {"sockets", idle}, {"held", held}}
	for _, part := range parts {
		if !strings.Contains(only, part.name) {
			continue
		}
		if err := part.run(ctx, set, rounds); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	fmt.Printf("\nMeasured in %v.\n", time.Since(start).Round(time.Second))
	return nil
}
