// Package latticetest starts the Worker of the project that a test is in, as `lattice dev` does, but in the test's own process, with storage of
// its own and a clock that stands still until the test moves it:
//
//	func TestTheCounterCounts(t *testing.T) {
//		host := latticetest.Start(t)
//		total, err := counter.Add.Call(host.Context(), counter.Counters.GetByName("home"), 2)
//		…
//	}
//
// The one idea: name, bindings, variables, migrations and the program itself come from the configuration, wrangler.toml or its JSON, in the folder of the
// test or one above, so that a test repeats nothing of it. Start with Start; Options is for tests that change something before.
package latticetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// Start runs the project's Worker until the test ends. Configurations are files, relative to the test's folder; without one it is the wrangler.json,
// wrangler.jsonc or wrangler.toml there or in a folder above. When several are named, the first is the Worker that the test gets, and [local.Host.Worker] gives
// the others, by the names that they have.
//
// The module is compiled once in a test binary, and once for all of them under `lattice test`.
func Start(t testing.TB, configurations ...string) *local.Host {
	t.Helper()
	return local.StartTest(t, Options(t, configurations...))
}

// Options is what Start hands to [local.StartTest]: for tests that choose a variable, the network or a seed.
//
// Variables are those of the configuration's vars, in the environment that CLOUDFLARE_ENV names. Secrets are not: .dev.vars and .env are one machine's, and
// a test that needs a secret sets Vars.
func Options(t testing.TB, configurations ...string) local.TestOptions {
	t.Helper()
	if len(configurations) == 0 {
		path, _ := wrangler.Find(".")
		configurations = []string{path}
	}
	all := make([]local.TestOptions, len(configurations))
	for i, path := range configurations {
		o, err := options(path)
		if err != nil {
			t.Fatal(err)
		}
		all[i] = o
	}
	first := all[0]
	first.Workers = all[1:]
	return first
}

func options(path string) (local.TestOptions, error) {
	path, err := filepath.Abs(path) // the test may go elsewhere
	if err != nil {
		return local.TestOptions{}, err
	}
	cfg, err := wrangler.Load(path, os.Getenv("CLOUDFLARE_ENV"))
	if err != nil {
		return local.TestOptions{}, err
	}
	o, err := bindings.Options(cfg, cfg.Vars, nil)
	if err != nil {
		return local.TestOptions{}, err
	}
	dir, pkg := cfg.Program()
	if pkg == "." || strings.HasPrefix(pkg, "./") || strings.HasPrefix(pkg, "../") {
		pkg = filepath.Join(dir, pkg)
	}
	return local.TestOptions{Options: o, Package: pkg}, nil
}
