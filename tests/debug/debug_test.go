// Package debug tests what a programmer is told when a Worker goes wrong, on both hosts: the function, the file and the line.
package debug

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/symbols"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
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
	patience := time.After(30 * time.Second)
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
	text, err := os.ReadFile("app/main.go")
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(text), source)
	if !ok {
		t.Fatalf("the program has no line %q", source)
	}
	return fmt.Sprintf("app/main.go:%d", strings.Count(before, "\n")+1)
}

// ends are the ways in which an event or a whole program ends, what is said of it, and the line that is at fault.
var ends = []struct{ path, says, line string }{
	{"panic", "main.fail", "panic(why)"},
	{"nilmap", "main.nilMap", `m["x"] = 1`},
	{"goroutine", "main.stray", `panic("nobody`},
	{"recursion", "main.recurse", "return recurse(n+1)"},
	{"exit", "main.leave", "os.Exit(3)"},
	{"memory", "main.hoard", "make([]byte, 8<<20)"},
}

func TestEachEndNamesItsLineOnTheLocalHost(t *testing.T) {
	for _, small := range []bool{false, true} {
		module := bundle(t, small).Module
		for _, end := range ends {
			if !small && end.path == "recursion" {
				continue // Go itself takes seconds to count its calls
			}
			t.Run(fmt.Sprintf("%s, small %v", end.path, small), func(t *testing.T) {
				l := newLog()
				h := local.StartTest(t, local.TestOptions{Options: local.Options{Module: module, Isolates: 1, Logger: lines(l)}})
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/"+end.path, nil))
				if w.Code != http.StatusInternalServerError {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				got := l.wait(t, at(t, end.line), func(s string) string { return s })
				if !strings.Contains(got, end.says) {
					t.Errorf("no %s in\n%s", end.says, got)
				}
				if want := "for the stack of a recursion in main.recurse"; end.path == "recursion" {
					l.wait(t, want, func(s string) string { return s })
				}
			})
		}
	}
}

func TestEachEndNamesItsLineOnWorkerd(t *testing.T) {
	res := bundle(t, true)
	table, err := symbols.Read(res.Module)
	if err != nil {
		t.Fatal(err)
	}
	l := newLog()
	s, err := workerd.Start(t.Context(), workerd.Options{Worker: workerd.Worker{Name: "debug", Dir: res.Out}, Log: l})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, end := range ends {
		if end.path == "memory" {
			continue // workerd on this machine lets a program have 4 GB, which takes half a minute
		}
		resp, err := http.Get(s.URL + "/" + end.path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if got := l.wait(t, at(t, end.line), table.Text); !strings.Contains(got, end.says) {
			t.Errorf("no %s in\n%s", end.says, got)
		}
	}
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
