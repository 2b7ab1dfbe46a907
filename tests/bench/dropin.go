package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/build"
)

// moved are what the program of github.com/syumai/workers does.
var moved = []scenario{
	hello,
	{"JSON", "/json", `{"id":41,"title":"On the growing of groves","tags":["trees","patience","soil"]}`, 1200, nil},
	{"KV put and get", "/kv", "Hello!", 400, nil},
}

// buildDropIn builds the program of github.com/syumai/workers with the imports of the SDK, as docs/migrating-from-syumai.md says.
func buildDropIn(ctx context.Context, p programSet) error {
	text, err := os.ReadFile("tests/bench/syumai/main.go")
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		return err
	}
	for name, content := range map[string]string{
		"main.go": strings.ReplaceAll(string(text), `"`+syumaiModule, `"grove.place/lattice/workers`),
		"go.mod":  "module moved\n\ngo 1.26.0\n\nrequire grove.place/lattice v0.0.0\n\nreplace grove.place/lattice => " + root + "\n",
		"go.sum":  string(sums),
	} {
		if err := os.MkdirAll(p.dropIn, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(p.dropIn, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	_, err = build.Build(ctx, build.Options{Dir: p.dropIn, Out: filepath.Join(p.dropIn, "dist"), NoSizes: true})
	return err
}

// onDropIn compares a program of github.com/syumai/workers with itself, moved to the SDK, on both homes.
func onDropIn(ctx context.Context, p programSet, rounds int) error {
	plain := filepath.Join(p.syumai, "app.wasm")
	ours := filepath.Join(p.dropIn, "dist", build.ModuleFile)
	for _, home := range []struct {
		name  string
		sides [2]starter
	}{
		{"workerd", [2]starter{
			{"moved", func(ctx context.Context, p programSet) (target, error) {
				return miniflare(ctx, filepath.Join(p.dropIn, "dist"), nil)
			}},
			{syumai.name, func(ctx context.Context, p programSet) (target, error) { return miniflare(ctx, p.syumai, nil) }},
		}},
		{"the local host", [2]starter{
			{"moved", func(ctx context.Context, p programSet) (target, error) {
				return startLocalModule(ctx, p.dropIn, ours, "")
			}},
			{syumai.name, func(ctx context.Context, p programSet) (target, error) {
				return startLocalModule(ctx, p.syumai, plain, "")
			}},
		}},
	} {
		targets, stop, err := start(ctx, p, home.sides[:]...)
		if err != nil {
			return err
		}
		var rows [][]string
		for _, s := range moved {
			got, err := compare(ctx, s, rounds, targets...)
			if err != nil {
				stop()
				return err
			}
			rows = append(rows, []string{s.name, got[0].cell(), got[1].cell(), fmt.Sprintf("%.0f×", ratio(got[0], got[1]))})
		}
		stop()
		table("A program of syumai/workers, moved to the SDK, on "+home.name, []string{"case", "moved", "as it is", "times as fast (median)"}, rows...)
	}
	return nil
}
