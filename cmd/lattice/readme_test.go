package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// readmeProject is a module of its own, as a person would start one.
func readmeProject(t *testing.T) (dir string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	readme := read("README.md")
	block := func(language string) string {
		_, after, ok := strings.Cut(readme, "```"+language+"\n")
		text, _, closed := strings.Cut(after, "```")
		if !ok || !closed {
			t.Fatalf("the README has no %s", language)
		}
		return text
	}
	dir = t.TempDir()
	mod := strings.Replace(read("go.mod"), "module grove.place/lattice\n", "module visits\n", 1) +
		"\nrequire grove.place/lattice v0.0.0\nreplace grove.place/lattice => " + root + "\ntool grove.place/lattice/cmd/lattice\n"
	for name, text := range map[string]string{"main.go": block("go"), "wrangler.toml": block("toml"), "go.mod": mod, "go.sum": read("go.sum")} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// log collects what the command prints, and lets a test wait for it.
type log struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	close(l.changed)
	l.changed = make(chan struct{})
	return len(p), nil
}

// await returns the first match of pattern after the offset, and where it ends.
func (l *log) await(t *testing.T, after int, pattern string) (match []string, end int) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(2 * time.Minute)
	for {
		l.mu.Lock()
		all, changed := l.text.String(), l.changed
		l.mu.Unlock()
		if m := re.FindStringSubmatchIndex(all[after:]); m != nil {
			return re.FindStringSubmatch(all[after:]), after + m[1]
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%q is never printed:\n%s", pattern, all)
		}
	}
}

// start runs `lattice dev` until the test ends or stop is called.
func start(t *testing.T, dir string) (out *log, stop func()) {
	t.Helper()
	return startArgs(t, "--config", filepath.Join(dir, "wrangler.toml"))
}

// startArgs is start with flags.
func startArgs(t *testing.T, args ...string) (out *log, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out = &log{changed: make(chan struct{})}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"dev", "--port", "0"}, args...), out, out)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if c := <-code; c != exitOK {
			t.Errorf("lattice dev ended with exit code %d", c)
		}
	})
	t.Cleanup(stop)
	return out, stop
}

// dev is start, and waits until the program is ready.
func dev(t *testing.T, dir string) (out *log, url string, stop func()) {
	t.Helper()
	out, stop = start(t, dir)
	match, _ := out.await(t, 0, `ready on (http://\S+)`)
	return out, match[1], stop
}

func get(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(res.StatusCode, " ", strings.TrimSpace(string(body)))
}

func TestTheProgramOfTheReadmeRunsAndReloads(t *testing.T) {
	dir := readmeProject(t)
	out, url, stop := dev(t, dir)
	expect := func(want string) {
		t.Helper()
		if got := get(t, url+"/home"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expect("200 visits: 1")
	expect("200 visits: 2")

	source, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, at := out.await(t, 0, `GET /home 200 \S+\n.*GET /home 200 \S+\n`)
	write(t, filepath.Join(dir, "main.go"), strings.Replace(string(source), `"visits:"`, `"seen:"`, 1))
	_, at = out.await(t, at, "ready on")
	expect("200 seen: 3")

	write(t, filepath.Join(dir, "main.go"), string(source)+"\nfunc broken() { undefined() }\n")
	_, at = out.await(t, at, `(?s)the last good build goes on serving:.*main\.go:\d+:\d+: undefined: undefined`)
	expect("200 seen: 4")

	config, err := os.ReadFile(filepath.Join(dir, "wrangler.toml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "main.go"), string(source))
	_, at = out.await(t, at, "ready on")
	write(t, filepath.Join(dir, "wrangler.toml"), strings.Replace(string(config), "class_name = \"Counter\"", "class_name = \"Wrong\"", 1))
	out.await(t, at, `(?s)the last good build goes on serving:.*binding COUNTERS names class "Wrong"`)
	expect("200 visits: 5")
	write(t, filepath.Join(dir, "wrangler.toml"), string(config))

	stop()
	_, url, _ = dev(t, dir)
	expect("200 visits: 6")
}

func TestTheReadmesLinesForTheBindingFitItsProgram(t *testing.T) {
	dir := readmeProject(t)
	path := filepath.Join(dir, "wrangler.toml")
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := "[[durable_objects.bindings]]\nname = \"COUNTERS\"\nclass_name = \"Counter\"\n"
	write(t, path, strings.Replace(string(config), lines, "", 1))
	var out strings.Builder
	code := run(t.Context(), []string{"build", "--config", path}, &out, &out)
	if want := "class Counter has no binding. Add:\n    " + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n    "); code != exitFailure || !strings.Contains(out.String(), want) {
		t.Errorf("exit code %d, and not %q:\n%s", code, want, out.String())
	}
}

func TestBuildCommandForTheReadme(t *testing.T) {
	dir := readmeProject(t)
	cmd := exec.Command("go", "tool", "lattice", "build")
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "fetch, Counter, ") {
		t.Errorf("%v\n%s", err, text)
	}
	types, err := os.ReadFile(filepath.Join(dir, "build", "dist", "lattice.d.ts"))
	if err != nil || !strings.Contains(string(types), "Promise<number>") {
		t.Errorf("lattice.d.ts: %v\n%s", err, types)
	}
}
