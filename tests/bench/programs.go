package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"grove.place/lattice/build"
)

// programSet holds the folders of the built programs, in one temporary folder.
type programSet struct {
	root    string
	lattice string // a wrangler project whose dist has worker.mjs and app.wasm
	syumai  string
	twin    string
	dropIn  string         // the program of syumai, moved to the SDK
	wanted  *regexp.Regexp // names of the scenarios to measure
}

func (p programSet) remove() { os.RemoveAll(p.root) }

// dist is what workerd and the local host run of the Lattice program.
func (p programSet) dist() string { return filepath.Join(p.lattice, "dist") }

const syumaiModule = "github.com/syumai/workers"

func buildAll(ctx context.Context) (programSet, error) {
	root, err := os.MkdirTemp("", "lattice-bench-")
	if err != nil {
		return programSet{}, err
	}
	p := programSet{root: root, lattice: filepath.Join(root, "lattice"), syumai: filepath.Join(root, "syumai"), twin: "tests/bench/twin", dropIn: filepath.Join(root, "moved")}
	for _, step := range []func(context.Context, programSet) error{buildLattice, buildSyumai, buildDropIn} {
		if err := step(ctx, p); err != nil {
			p.remove()
			return p, err
		}
	}
	return p, nil
}

func buildLattice(ctx context.Context, p programSet) error {
	if _, err := build.Build(ctx, build.Options{Package: "./tests/bench/app", Out: p.dist(), NoSizes: true}); err != nil {
		return err
	}
	return os.CopyFS(p.lattice, os.DirFS("tests/bench/app"))
}

// buildSyumai builds as that project's template does: its assets, and the program with the plain Go compiler.
func buildSyumai(ctx context.Context, p programSet) error {
	if err := command(ctx, nil, "go", "run", syumaiModule+"/cmd/workers-assets-gen", "-mode=go", "-o", p.syumai); err != nil {
		return err
	}
	return command(ctx, []string{"GOOS=js", "GOARCH=wasm"}, "go", "build", "-trimpath", "-ldflags", "-s -w",
		"-o", filepath.Join(p.syumai, "app.wasm"), "./tests/bench/syumai")
}

func command(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}
