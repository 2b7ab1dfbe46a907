// Package simulation runs real objects in simulations: random clients, in random orders, with disks that fail, objects that are evicted and
// instances that die. What must hold holds in every one of them. `go test -run TestX/seed=7` runs one again.
package simulation

import (
	"context"
	"flag"
	"log/slog"
	"strings"
	"time"

	local "grove.place/lattice/local-runtime"
)

var seeds = flag.Int("seeds", 40, "how many simulations each test runs")

// quiet is a log for programs that are meant to fail.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// chaos is a client that breaks something now and then, until done.
func chaos(sim *local.Sim, class string, every time.Duration, done func() bool) {
	sim.Go("chaos", func(ctx context.Context) error {
		var faults []*local.Injection
		for !done() {
			sim.Sleep(time.Duration(sim.Rand().Int64N(int64(2 * every))))
			switch sim.Rand().IntN(5) {
			case 0:
				if _, err := sim.EvictAll(); err != nil {
					return err
				}
			case 1:
				if err := sim.Crash("killed by the simulation"); err != nil {
					return err
				}
			case 2:
				faults = append(faults, sim.Inject(local.StorageFault{Class: class, On: local.OnCommit, After: sim.Rand().IntN(3), Times: 1}))
			case 3:
				faults = append(faults, sim.Inject(local.StorageFault{Class: class, On: local.OnWrite, After: sim.Rand().IntN(6), Times: 1}))
			}
		}
		for _, f := range faults {
			f.Remove()
		}
		return nil
	})
}

// expected reports whether an error is one that chaos makes.
func expected(err error) bool {
	for _, text := range []string{"killed by the simulation", "SQLITE_FULL", "SQLITE_IOERR"} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
