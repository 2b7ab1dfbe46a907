package build

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
)

// CompileError is a Go program that does not compile. Output is what the go command printed.
type CompileError struct {
	Package string
	Output  string
}

func (e *CompileError) Error() string {
	return fmt.Sprintf("go build %s:\n%s", e.Package, strings.TrimRight(e.Output, "\n"))
}

// compile builds a program to Wasm. The bytes depend on the sources and the toolchain alone: no paths, no commit.
func compile(ctx context.Context, dir, pkg string) ([]byte, error) {
	tmp, err := os.MkdirTemp("", "lattice-build-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder for the compiler: %w", err)
	}
	defer os.RemoveAll(tmp)
	file := filepath.Join(tmp, ModuleFile)

	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", file, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	output, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command is not in PATH: install Go from https://go.dev/dl/ and try again")
	case err != nil:
		return nil, &CompileError{Package: pkg, Output: explain(string(output), err)}
	}
	module, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("go build %s wrote no module: name one package with func main", pkg)
	}
	if !bytes.HasPrefix(module, []byte("\x00asm")) {
		return nil, fmt.Errorf("go build %s: this package is a library: name one with package main, whose func main calls workers.Run", pkg)
	}
	return module, nil
}

// explain keeps what the compiler said, or why there is nothing to keep.
func explain(output string, err error) string {
	if strings.TrimSpace(output) == "" {
		return err.Error()
	}
	return output
}
