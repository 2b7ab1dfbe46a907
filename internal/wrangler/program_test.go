package wrangler

import "testing"

func TestPackageComesFromTheBuildCommand(t *testing.T) {
	for command, want := range map[string][2]string{
		"":                              {"app", "."},
		"npm run build":                 {"app", "."},
		"lattice build ./workers/grove": {"app", "./workers/grove"},
		"go run ./cmd/lattice build ./workers/grove":                      {"app", "./workers/grove"},
		"go run grove.place/lattice/cmd/lattice@v0.1.0 build --env x ./w": {"app", "./w"},
		"cd x && lattice build --config=a.toml './w'":                     {"app", "./w"},
		"lattice build --small ./w":                                       {"app", "./w"},
		"lattice build && echo done":                                      {"app", "."},
		"docker build ./w":                                                {"app", "."},
	} {
		cfg := &Config{Path: "app/wrangler.toml", Build: Build{Command: command}}
		if dir, pkg := cfg.Program(); dir != want[0] || pkg != want[1] {
			t.Errorf("%q: %s in %s, want %s in %s", command, pkg, dir, want[1], want[0])
		}
	}
}
