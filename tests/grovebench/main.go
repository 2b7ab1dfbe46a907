// Command grovebench measures what Grove's design document promises: how many calls of D1 objects save, what a sign-in, a feed and a session cost. It runs
// Grove and a program that does the same with D1 alone (plain) on the local host and on workerd, one after the other, and counts the calls of D1 that are
// really made.
//
//	make grove-bench                            # writes docs/grove/promises.md
//
// Start with measure, in measure.go; hosts.go runs the programs and counts.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/tests/devoidc"
)

var (
	views     = flag.Int("views", 10_000, "page views")
	reactions = flag.Int("reactions", 1000, "reactions")
	sessions  = flag.Int("sessions", 1000, "session validations")
	feeds     = flag.Int("feeds", 300, "loads of a feed")
	wait      = flag.Duration("wait", 70*time.Second, "how long what objects do every minute may take")
	out       = flag.String("o", "", "the file whose tables are replaced, such as docs/grove/promises.md; default: standard output")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "grovebench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "grove-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	provider, stop, err := devoidc.Start("127.0.0.1:0", devoidc.DefaultClient)
	if err != nil {
		return err
	}
	defer stop()
	grove := module{name: "grove", dir: filepath.Join(dir, "grove"), vars: devoidc.Vars(domain, provider.Issuer(), provider.Client()), queues: map[string]string{"FANOUT": "grove-fanout"},
		classes: map[string]string{"SESSIONS": "SessionDO", "TENANTS": "TenantDO", "ANALYTICS": "AnalyticsDO", "POSTS": "PostDO", "FEEDS": "FeedDO", "NOTIFICATIONS": "NotificationDO"}}
	plain := module{name: "plain", dir: filepath.Join(dir, "plain")}
	for pkg, m := range map[string]module{"./workers/grove": grove, "./tests/grovebench/plain": plain} {
		if _, err := build.Build(ctx, build.Options{Package: pkg, Out: m.dir, NoSizes: true}); err != nil {
			return fmt.Errorf("build %s: %w", pkg, err)
		}
	}
	var results []result
	for _, start := range []func(context.Context, module) (*host, error){onLocalHost, onWorkerd} {
		for _, m := range []module{grove, plain} {
			h, err := start(ctx, m)
			if err != nil {
				return fmt.Errorf("start %s: %w", m.name, err)
			}
			r, err := measure(h, m.name == "grove")
			h.close()
			if err != nil {
				return fmt.Errorf("%s on %s: %w", m.name, h.name, err)
			}
			fmt.Fprintf(os.Stderr, "%s on %s: %+v\n", m.name, h.name, r)
			results = append(results, r)
		}
	}
	return report(results)
}
