package local

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/internal/compile"
)

// TestOptions is what StartTest builds and runs. Options.Module is built from Package unless it is given.
type TestOptions struct {
	Options
	Package string // the Worker's main package, as go build takes it
}

// testStart is where the clocks of tests stand at first.
var testStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// StartTest builds a Worker for Wasm, once in a process, and runs it until the test ends, on a virtual clock unless
// Options.Clock says otherwise. Its log is the test's.
func StartTest(t testing.TB, o TestOptions) *Host {
	t.Helper()
	if o.Module == nil {
		module, err := buildOnce(o.Package)
		if err != nil {
			t.Fatal(err)
		}
		o.Module = module
	}
	if o.Clock == nil {
		o.Clock = NewVirtualClock(testStart)
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.CacheDir == "" {
		o.CacheDir = TestCacheDir()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	o.keepModule = true
	h, err := New(context.Background(), o.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	return h
}

// TestCacheDir is where tests keep compiled code between runs.
func TestCacheDir() string {
	if dir, err := os.UserCacheDir(); err == nil {
		return filepath.Join(dir, "lattice", "wasm")
	}
	return filepath.Join(os.TempDir(), "lattice-wasm")
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

var builds sync.Map // package → func() ([]byte, error)

// BuildTest builds a Worker's main package for Wasm, once in a process.
func BuildTest(pkg string) ([]byte, error) { return buildOnce(pkg) }

func buildOnce(pkg string) ([]byte, error) {
	if pkg == "" {
		return nil, errors.New("StartTest needs TestOptions.Package, the Worker's main package, or a Module")
	}
	build, _ := builds.LoadOrStore(pkg, sync.OnceValues(func() ([]byte, error) { return buildWasm(pkg) }))
	return build.(func() ([]byte, error))()
}

func buildWasm(pkg string) ([]byte, error) {
	module, _, err := compile.Module(context.Background(), "", pkg, compile.Options{})
	switch {
	case errors.Is(err, compile.ErrLibrary):
		return nil, fmt.Errorf("%s is not a main package: TestOptions.Package names the Worker's, whose main calls workers.Run, such as %q", pkg, "../worker")
	case err != nil:
		return nil, fmt.Errorf("build %s for Wasm: %w", pkg, err)
	}
	if err := trackSources(pkg); err != nil {
		return nil, err
	}
	return module, nil
}

// sources lists the files of the main module that a package is built from.
const sources = `{{if .Module}}{{if .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$dir}}/{{.}}
{{end}}{{end}}{{end}}`

// trackSources looks at the sources of a module. The go command notes which files a test looks at, and runs the test again when they change; without
// this it would show an old result, for the module is not linked into the test.
func trackSources(pkg string) error {
	cmd := exec.Command("go", "list", "-deps", "-f", sources, pkg)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("list the sources of %s: %w", pkg, err)
	}
	for _, file := range strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }) {
		if _, err := os.Stat(file); err != nil {
			return err
		}
	}
	return nil
}
