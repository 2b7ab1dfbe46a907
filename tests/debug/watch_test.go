package debug

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

func same(s string) string { return s }

func watched(t *testing.T, w local.Watch) (*local.Host, *log) {
	t.Helper()
	l := newLog()
	return local.StartTest(t, local.TestOptions{Package: "./app", Options: local.Options{Isolates: 1, Logger: lines(l), Watch: w}}), l
}

func TestASlowTurnIsReportedOnceWithItsLine(t *testing.T) {
	h, l := watched(t, local.Watch{Turn: 20 * time.Millisecond})
	busy := func() { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/busy?n=100000", nil)) }
	for !strings.Contains(l.String(), "now in main.step") { // the turn may be over before a busy machine has asked
		busy()
	}
	busy()
	got := l.String()
	if n := strings.Count(got, "now in main.step"); n != 1 {
		t.Errorf("%d reports in\n%s", n, got)
	}
	if want := at(t, "sum += step(i)"); !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
}

func TestALeakedGoroutineIsReportedOnceWithItsLine(t *testing.T) {
	h, l := watched(t, local.Watch{Goroutines: 20 * time.Millisecond})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/leak", nil))
	got := l.wait(t, "goroutines still run", same)
	for _, want := range []string{"main.leak", at(t, "go forget("), "main.forget", at(t, "{ <-c }"), "chan receive"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestAnEventWithoutAnAnswerIsReportedWithWhereItWaits(t *testing.T) {
	h, l := watched(t, local.Watch{Event: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/wait", nil).WithContext(ctx))
	got := l.wait(t, "has had no answer", same)
	for _, want := range []string{"sleep: main.dawdle", at(t, "time.Sleep(30")} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
