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

// TestWhoWaitsForASocketOrHasEndedIsNoLeak: the report of a goroutine that is one comes, with these older ones left out.
func TestWhoWaitsForASocketOrHasEndedIsNoLeak(t *testing.T) {
	l := newLog()
	o := options(lines(l), nil)
	o.Watch = local.Watch{Goroutines: 20 * time.Millisecond}
	h := local.StartTest(t, o)
	for range 3 {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, httptest.NewRequest("GET", "/call/pump", nil)); w.Body.String() != "<nil>" {
			t.Fatal(w.Body)
		}
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/ended", nil))
	for range 2 { // one is more than no leak, for there is one object
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/leak", nil))
	}
	got := l.wait(t, "main.forget", same)
	for _, not := range []string{"pump", "ended"} {
		if strings.Contains(got, not) {
			t.Errorf("%s is reported:\n%s", not, got)
		}
	}
}

// TestQuickWorkIsNotReported: neither turns nor answers that take as long as they may.
func TestQuickWorkIsNotReported(t *testing.T) {
	h, l := watched(t, local.Watch{Turn: time.Minute, Event: time.Minute, Goroutines: 20 * time.Millisecond})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/busy?n=3000", nil))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/leak", nil))
	got := l.wait(t, "main.forget", same)
	for _, not := range []string{"computing", "no answer"} {
		if strings.Contains(got, not) {
			t.Errorf("%q is reported:\n%s", not, got)
		}
	}
}

// TestEventsThatWaitInOneLineAreReportedOnce: whatever their addresses.
func TestEventsThatWaitInOneLineAreReportedOnce(t *testing.T) {
	h, l := watched(t, local.Watch{Event: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, path := range []string{"/wait", "/mutex"} {
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil).WithContext(ctx))
		l.wait(t, "GET "+path, same)
	}
	got := l.wait(t, "Mutex.Lock: main.embrace", same)
	if want := at(t, "mu.Lock() // for ever"); !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
}
