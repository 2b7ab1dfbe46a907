package debug

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/internal/symbols"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// ends are the ways in which an event or a whole program ends: what is said of it, and the function and line that are at fault.
var ends = []struct{ path, says, function, line string }{
	{"/panic", "GET /panic: panic: on purpose", "main.fail", "panic(why)"},
	{"/nilmap", "panic: assignment to entry in nil map", "main.nilMap", `m["x"] = 1`},
	{"/error", "panic: opening: file does not exist", "main.failWith", "panic(err)"},
	{"/sorted", "panic: incomparable", "slices.", "slices.SortFunc("},
	{"/waituntil", "WaitUntil: panic: in what goes on", "main.later", `panic("in what`},
	{"/goroutine", "panic: nobody recovers this", "created by main.main.func", `panic("nobody`},
	{"/unlock", "fatal error: sync: unlock of unlocked mutex", "main.unlock", "mu.Unlock()"},
	{"/recursion", "", "main.recurse", "return recurse(n+1)"},
	{"/exit", "exit", "main.leave", "os.Exit(3)"},
	{"/logfatal", "exit", "main.surrender", `log.Fatal("cannot`},
	{"/memory", "out of memory", "main.hoard", "make([]byte, 8<<20)"},
	{"/call/x", "call: panic: in a method", "main.(*Faulty).call", `panic("in a method`},
	{"/call/stray", "panic: in a goroutine of an object", "main.(*Faulty).call.func1", `panic("in a goroutine of`},
	{"/unborn", "panic: in a constructor", "main.newFaulty", `panic("in a constructor`},
	{"/arm", "alarm: panic: in an alarm", "main.(*Faulty).Alarm", `panic("in an alarm`},
	{"/send", "queue: panic: in a consumer", "main.consume", `panic("in a consumer`},
	{"/socket", "panic: in a socket's handler", "main.(*Faulty).WebSocketMessage", `panic("in a socket`},
	{"cron", "panic: in a cron trigger", "main.scheduled", `panic("in a cron`},
}

// records are what a host logs, whole.
type records struct {
	slog.Handler
	mu   *sync.Mutex
	list *[]slog.Record
	*log
}

func newRecords() records {
	l := newLog()
	return records{slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}), &sync.Mutex{}, &[]slog.Record{}, l}
}

func (r records) Handle(_ context.Context, record slog.Record) error {
	r.mu.Lock()
	*r.list = append(*r.list, record)
	r.mu.Unlock()
	_, err := io.WriteString(r.log, record.Message+"\n")
	return err
}

func (r records) WithAttrs([]slog.Attr) slog.Handler { return r }

// of returns the messages of a level.
func (r records) of(level slog.Level) (list []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range *r.list {
		if record.Level == level {
			list = append(list, record.Message)
		}
	}
	return list
}

// folded are functions that say nothing to the author of a program.
var folded = []string{"internal/guest.", "runtime/debug.Stack", "runtime.throw", "durables.", "goroutine 1", " +0x"}

func options(l *slog.Logger, module []byte) local.TestOptions {
	return local.TestOptions{Package: "./app", Options: local.Options{
		Module: module, Isolates: 1, Logger: l, Objects: map[string]string{"FAULTY": "Faulty"},
		Queues: map[string]string{"SENDS": "sends"}, Consumers: map[string]local.Consumer{"sends": {}},
	}}
}

// TestEachEndIsOneErrorThatNamesItsLineOnTheLocalHost: and all that Go said of it is a debug message.
func TestEachEndIsOneErrorThatNamesItsLineOnTheLocalHost(t *testing.T) {
	for _, end := range ends {
		if end.path == "/recursion" {
			continue // Go itself takes seconds to count its calls, unless it was built to be small
		}
		t.Run(end.path, func(t *testing.T) {
			r := newRecords()
			h := local.StartTest(t, options(slog.New(r), nil))
			trigger(t, h, end.path)
			r.wait(t, at(t, end.line), same)
			errors := r.of(slog.LevelError)
			if len(errors) != 1 {
				t.Fatalf("%d errors:\n%s", len(errors), strings.Join(errors, "\n---\n"))
			}
			check(t, errors[0], end.says, end.function)
			for _, warning := range r.of(slog.LevelWarn) {
				if warning != "alarm handler failed" {
					t.Errorf("a warning: %s", warning)
				}
			}
			if whole := strings.Join(r.of(slog.LevelDebug), "\n"); !strings.HasPrefix(end.says, "exit") && !strings.Contains(whole, "goroutine ") {
				t.Errorf("no whole trace in\n%s", whole)
			}
		})
	}
}

func trigger(t *testing.T, h *local.Host, path string) {
	if path == "cron" {
		if err := h.Scheduled(t.Context(), "", time.Now()); err == nil {
			t.Error("no error")
		}
		return
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	if path == "/arm" {
		h.Clock.Advance(time.Second)
	}
	if path == "/send" {
		h.Clock.Advance(10 * time.Second)
	}
}

func check(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, want := range want {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, noise := range folded {
		if strings.Contains(text, noise) {
			t.Errorf("%q in\n%s", noise, text)
		}
	}
}

func TestASmallModuleNamesTheLinesOfARecursionAndAnExit(t *testing.T) {
	module := bundle(t, true).Module
	for _, path := range []string{"/recursion", "/exit"} {
		for _, end := range ends {
			if end.path != path {
				continue
			}
			r := newRecords()
			h := local.StartTest(t, options(slog.New(r), module))
			trigger(t, h, path)
			r.wait(t, at(t, end.line), same)
			if errors := r.of(slog.LevelError); len(errors) != 1 {
				t.Errorf("%d errors", len(errors))
			} else {
				check(t, errors[0], end.says, end.function)
			}
			if path == "/recursion" {
				r.wait(t, "for the stack of a recursion in main.recurse", same)
			}
		}
	}
}

// TestWhatOnlyLooksLikeAnEndIsPrinted: a program may write such lines itself.
func TestWhatOnlyLooksLikeAnEndIsPrinted(t *testing.T) {
	r := newRecords()
	h := local.StartTest(t, options(slog.New(r), nil))
	trigger(t, h, "/said")
	if got := r.of(slog.LevelWarn); len(got) != 1 || got[0] != "panic: not at all" {
		t.Errorf("warnings: %q", got)
	}
	if got := r.of(slog.LevelError); len(got) > 0 {
		t.Errorf("errors: %q", got)
	}
}

// workerdsOwn is what workerd says of an exception besides.
var workerdsOwn = regexp.MustCompile(`Uncaught exception: .*\n`)

func TestEachEndIsOneErrorThatNamesItsLineOnWorkerd(t *testing.T) {
	res := bundle(t, true)
	table, err := symbols.Read(res.Module)
	if err != nil {
		t.Fatal(err)
	}
	l := newLog()
	s, err := workerd.Start(t.Context(), workerd.Options{Log: l, Worker: workerd.Worker{
		Name: "debug", Dir: res.Out, Objects: map[string]string{"FAULTY": "Faulty"}, Queues: map[string]string{"SENDS": "sends"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, end := range ends {
		if end.path == "/memory" {
			continue // workerd on this machine lets a program have 4 GB, which takes half a minute
		}
		before := len(l.String())
		url := s.URL + end.path
		if end.path == "cron" {
			url = s.Entry + "/cdn-cgi/local/scheduled"
		}
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		line := at(t, end.line)
		if end.path == "/logfatal" {
			line = "at log.Fatal" // which printed, and so waited: the engine knows no calls of before
		}
		got := l.wait(t, line, func(s string) string { return table.Text(s[before:]) })
		switch end.path {
		case "/recursion", "/exit", "/logfatal":
			continue // the engine's own stacks
		}
		told := strings.Split(workerdsOwn.ReplaceAllString(got, ""), end.says+"\n")
		if len(told) != 2 {
			t.Errorf("%s is told %d times:\n%s", end.says, len(told)-1, got)
			continue
		}
		check(t, told[1], end.function, line)
	}
}

// TestAVariableShowsTracesWholeOnWorkerd: of a handler and of a goroutine.
func TestAVariableShowsTracesWholeOnWorkerd(t *testing.T) {
	l := newLog()
	s, err := workerd.Start(t.Context(), workerd.Options{Log: l, Worker: workerd.Worker{
		Name: "debug", Dir: bundle(t, true).Out, Objects: map[string]string{"FAULTY": "Faulty"}, Queues: map[string]string{"SENDS": "sends"},
		Vars: map[string]string{"LATTICE_TRACES": "full"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for path, want := range map[string]string{"/panic": "internal/guest/serve.go", "/goroutine": at(t, `panic("nobody`) + " +0x"} {
		resp, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		l.wait(t, want, same)
	}
}
