// Package debug tests what a programmer is told when a Worker goes wrong, on both hosts: the function, the file and the line.
package debug

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
)

// log collects lines, and wakes whoever waits for one.
type log struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newLog() *log { return &log{changed: make(chan struct{})} }

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.changed)
	l.changed = make(chan struct{})
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// wait returns what was logged once it holds a text, passed through names.
func (l *log) wait(t *testing.T, text string, names func(string) string) string {
	t.Helper()
	patience := time.After(2 * time.Minute)
	for {
		l.mu.Lock()
		got, changed := names(l.text.String()), l.changed
		l.mu.Unlock()
		if strings.Contains(got, text) {
			return got
		}
		select {
		case <-changed:
		case <-patience:
			t.Errorf("no %q in the log:\n%s", text, got)
			return got
		}
	}
}

// at is where a line of the program is, as traces name it.
func at(t *testing.T, source string) string {
	t.Helper()
	for _, file := range []string{"app/main.go", "app/object.go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if before, _, ok := strings.Cut(string(text), source); ok {
			return fmt.Sprintf("%s:%d", file, strings.Count(before, "\n")+1)
		}
	}
	t.Fatalf("the program has no line %q", source)
	return ""
}

func bundle(t *testing.T, small bool) *build.Result {
	t.Helper()
	res, err := build.Build(t.Context(), build.Options{Package: "./app", Out: filepath.Join(t.TempDir(), "dist"), Small: small, CacheDir: local.TestCacheDir(), NoSizes: true})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// lines is a logger that writes messages as they are.
func lines(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.MessageKey {
			io.WriteString(w, a.Value.String()+"\n")
			return slog.Attr{}
		}
		return a
	}}))
}
