// Package compile makes a Wasm module of a Go program with the Go toolchain, in the one form that the build deploys, lattice dev serves and tests
// start. The module shall be small, since Cloudflare limits its compressed size: what no Worker can use is left out (standin.go), and what hardly compresses is
// written in another way (internal/wasmfile).
//
// Start with Module.
package compile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"grove.place/lattice/internal/wasmfile"
)

// ErrNoGo is a machine without Go.
var ErrNoGo = errors.New("the go command is not in PATH: install Go from https://go.dev/dl/ and try again")

// ErrLibrary is a package without func main.
var ErrLibrary = errors.New("this package is a library: name one with package main, whose func main calls workers.Run")

// Error is a Go program that does not compile. Output is what the go command printed.
type Error struct {
	Package string
	Output  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("go build %s:\n%s", e.Package, strings.TrimRight(e.Output, "\n"))
}

// Options choose between ways to compile.
type Options struct {
	// Small compiles the program's own packages without inlining, which makes their code smaller and somewhat slower.
	Small bool
}

// Module builds a program to Wasm, with the go command in dir. The bytes depend on the sources and the toolchain alone: no paths, no commit.
// Warnings say why the module is larger than it might be. It returns an *Error when the program does not compile.
func Module(ctx context.Context, dir, pkg string, o Options) (module []byte, warnings []string, err error) {
	tmp, err := os.MkdirTemp("", "lattice-build-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a temporary folder for the compiler: %w", err)
	}
	defer os.RemoveAll(tmp)
	packages := list(ctx, dir, pkg)
	var flags []string
	if o.Small {
		flags = withoutInlining(packages)
	}
	overlay := standIn(tmp, packages)
	if overlay == "" {
		module, err = goBuild(ctx, tmp, dir, pkg, flags...)
	} else {
		module, err = goBuild(ctx, tmp, dir, pkg, append(flags[:len(flags):len(flags)], "-overlay", overlay)...)
	}
	if e, ok := errors.AsType[*Error](err); ok && overlay != "" && strings.Contains(e.Output, "tls") {
		// The stand-in lacks what this release of Go, or this program, needs of the genuine package.
		if genuine, err := goBuild(ctx, tmp, dir, pkg, flags...); err == nil {
			warnings = append(warnings, "the module contains crypto/tls, which makes it larger: without it, "+firstError(e.Output))
			module = genuine
		}
	}
	if module == nil {
		return nil, nil, err
	}
	merged, err := wasmfile.MergeSegments(module)
	if err != nil { // this release of Go writes another form; the module is as good, but larger
		return module, append(warnings, "the module is larger than it might be: "+err.Error()), nil
	}
	return merged, warnings, nil
}

func goBuild(ctx context.Context, tmp, dir, pkg string, flags ...string) ([]byte, error) {
	file := filepath.Join(tmp, "app.wasm")
	args := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w"}, flags...)
	output, err := goCommand(ctx, dir, append(args, "-o", file, pkg)...).CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, ErrNoGo
	case err != nil:
		return nil, &Error{Package: pkg, Output: explain(string(output), err)}
	}
	module, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("go build %s wrote no module: name one package with func main", pkg)
	}
	if !bytes.HasPrefix(module, []byte("\x00asm")) { // go build makes an archive of any other package
		return nil, fmt.Errorf("go build %s: %w", pkg, ErrLibrary)
	}
	return module, nil
}

func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// explain keeps what the compiler said, or why there is nothing to keep, and says what to do about a Go that is too old and a folder without Go.
func explain(output string, err error) string {
	if strings.TrimSpace(output) == "" {
		return err.Error()
	}
	for _, complaint := range []string{"requires go >=", "module requires Go", "toolchain not available"} {
		if strings.Contains(output, complaint) {
			return strings.TrimRight(output, "\n") + "\nthe Go in PATH is older than go.mod asks for: install the release that it names, or a later one, from https://go.dev/dl/\n"
		}
	}
	for _, complaint := range []string{"go.mod file not found", "no Go files in"} {
		if strings.Contains(output, complaint) {
			return strings.TrimRight(output, "\n") + "\nLattice builds programs in Go: `lattice new` begins one; a Worker in JavaScript is for wrangler dev\n"
		}
	}
	return output
}

// firstError is the first line of the compiler's output that is about a line of source.
func firstError(output string) string {
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "#") {
			return strings.TrimSpace(line)
		}
	}
	return strings.TrimSpace(output)
}
