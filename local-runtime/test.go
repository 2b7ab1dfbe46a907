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

	// Workers run beside this one, in a Session: Services, Scripts and queues lead to them by their Name. Dir, Clock, Seed and Trace are the first's.
	Workers []TestOptions
}

// testStart is where the clocks of tests stand at first.
var testStart = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// StartTest builds a Worker for Wasm, once in a process, and runs it until the test ends, on a virtual clock unless
// Options.Clock says otherwise. Its log is the test's. Host.Worker gives those of TestOptions.Workers.
func StartTest(t testing.TB, o TestOptions) *Host {
	t.Helper()
	if o.Clock == nil {
		o.Clock = NewVirtualClock(testStart)
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	log := slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	all := append([]TestOptions{o}, o.Workers...)
	for i := range all {
		if err := all[i].complete(log, len(all) > 1); err != nil {
			t.Fatal(err)
		}
	}
	h, end, err := startAll(all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	return h
}

// complete builds the module, and fills in what a test does not say.
func (o *TestOptions) complete(log *slog.Logger, several bool) (err error) {
	if o.Module == nil {
		if o.Module, err = buildOnce(o.Package); err != nil {
			return err
		}
	}
	if o.CacheDir == "" {
		o.CacheDir = TestCacheDir()
	}
	if o.Logger == nil {
		o.Logger = log
		if several {
			o.Logger = log.With("worker", o.Name)
		}
	}
	o.keepModule = true
	return nil
}

// startAll starts Workers, the first of which is the test's, and returns what ends them.
func startAll(all []TestOptions) (h *Host, end func() error, err error) {
	first := all[0].Options
	if len(all) == 1 {
		if h, err = New(context.Background(), first); err != nil {
			return nil, nil, err
		}
		return h, h.Close, nil
	}
	shared := SessionOptions{Dir: first.Dir, Clock: first.Clock, Logger: first.Logger, Seed: first.Seed, Trace: first.Trace}
	for _, o := range all {
		if o.Name == "" {
			return nil, nil, errors.New("TestOptions.Workers: each Worker of several needs a Name, the first too")
		}
		shared.Workers = append(shared.Workers, o.Name)
	}
	s, err := NewSession(shared)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		one, err := s.Start(context.Background(), all[i].Options)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("start the Worker %q: %w", all[i].Name, err), s.Close())
		}
		if i == 0 {
			h = one
		}
	}
	return h, s.Close, nil
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
	if module, found, err := prebuilt(pkg); found || err != nil {
		return module, err
	}
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
