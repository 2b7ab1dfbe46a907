package local_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func TestStorageFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault local.StorageFault
		want  string
	}{
		{"a full disk at the commit", local.StorageFault{Class: "Thing", Object: "x", On: local.OnCommit}, "database or disk is full: SQLITE_FULL"},
		{"a full disk at the write", local.StorageFault{Class: "Thing", On: local.OnWrite}, "database or disk is full: SQLITE_FULL"},
		{"a disk that cannot be read", local.StorageFault{On: local.OnRead}, "disk I/O error: SQLITE_IOERR"},
		{"an error of the test's own", local.StorageFault{On: local.OnCommit, Err: errors.New("on fire")}, "on fire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := start(t)
			ctx := h.Context()
			must[int](t)(thing.Add.Call(ctx, named("x"), 5))
			fault := h.Inject(c.fault)
			_, err := thing.Add.Call(ctx, named("x"), 1)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the caller got %v, want %s", err, c.want)
			}
			if fault.Count() == 0 {
				t.Error("the fault struck nothing")
			}
			fault.Remove()
			if n := must[int](t)(thing.Add.Call(ctx, named("x"), 0)); n != 5 {
				t.Errorf("total %d, want what was committed", n)
			}
			if n := must[int](t)(thing.Boots.Call(ctx, named("x"), durables.None{})); n != 2 {
				t.Errorf("constructed %d times: the object was not reset", n)
			}
		})
	}
	h := start(t)
	fault := h.Inject(local.StorageFault{Class: "Thing", Object: "x", On: local.OnCommit, After: 2, Times: 1})
	var failed []int
	for i := range 6 { // the first call commits once for the constructor
		if _, err := thing.Add.Call(h.Context(), named("x"), 1); err != nil {
			failed = append(failed, i)
		}
		must[int](t)(thing.Add.Call(h.Context(), named("other"), 1))
	}
	if len(failed) != 1 || failed[0] != 1 || fault.Count() != 1 {
		t.Errorf("calls %v failed, %d times: want the third commit alone", failed, fault.Count())
	}
}

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNetworkFaults(t *testing.T) {
	o := options()
	o.Seed = 1
	requests := 0
	o.Network = answering(func(r *http.Request) (*http.Response, error) {
		requests++
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("fine")), ContentLength: 4, Request: r}, nil
	})
	h := local.StartTest(t, o)
	get := func(url string) (int, string) { return request(t, h, "GET", "/get?url="+url, nil) }
	lost := h.Inject(local.NetworkFault{URL: "https://down.example/", After: 1})
	for i, want := range []int{200, 502, 502} {
		if status, got := get("https://down.example/x"); status != want || want == 502 && !strings.HasSuffix(got, ": Network connection lost.\n") {
			t.Errorf("request %d: %d %s", i, status, got)
		}
	}
	if status, _ := get("https://up.example/"); status != 200 || lost.Count() != 2 {
		t.Errorf("another host: %d; struck %d times", status, lost.Count())
	}
	requests = 0
	h.Inject(local.NetworkFault{URL: "https://late.example/", Late: true})
	if status, got := get("https://late.example/"); status != 502 || requests != 1 {
		t.Errorf("a lost answer: %d %s after %d requests", status, got, requests)
	}
	h.Inject(local.NetworkFault{URL: "https://slow.example/", Delay: 3 * time.Second})
	before := h.Clock.Now()
	if status, _ := get("https://slow.example/"); status != 200 || h.Clock.Now().Sub(before) != 3*time.Second {
		t.Errorf("a slow host: %d after %s", status, h.Clock.Now().Sub(before))
	}
}

func TestD1Faults(t *testing.T) {
	o := options()
	o.Seed = 1
	h := local.StartTest(t, o)
	insert := func(text string) (int, string) { return request(t, h, "GET", "/database?text="+text, nil) }
	down := h.Inject(local.D1Fault{Binding: "DB", Err: local.ErrConnectionLost})
	if status, got := insert("a"); status != 500 || got != "Network connection lost.\n" {
		t.Errorf("down: %d %s", status, got)
	}
	down.Remove()
	timeout := h.Inject(local.D1Fault{SQL: "INSERT", AfterCommit: true, Times: 1})
	if status, got := insert("b"); status != 500 || !strings.Contains(got, "exceeded timeout") || timeout.Count() != 1 {
		t.Errorf("a timeout after the commit: %d %s", status, got)
	}
	answer := h.Inject(local.D1Fault{SQL: "SELECT", Delay: time.Minute, SlowAnswer: true, Times: 1})
	began := h.Clock.Now()
	if _, got := insert("x"); got != "b,x<nil>" || answer.Count() != 1 || h.Clock.Now().Sub(began) != time.Minute {
		t.Errorf("an answer that is late: %s", got)
	}
	h.Inject(local.D1Fault{SQL: "SELECT", Delay: time.Second})
	before := h.Clock.Now()
	if status, got := insert("c"); status != 200 || got != "b,x,c<nil>" || h.Clock.Now().Sub(before) != time.Second {
		t.Errorf("%d %s after %s: want what was committed before the timeout", status, got, h.Clock.Now().Sub(before))
	}
}

func TestAFaultOfNothingIsAMistake(t *testing.T) {
	h := start(t)
	defer func() {
		if p := recover(); p == nil || !strings.Contains(p.(string), "this host has Ghost, Room, Thing") {
			t.Errorf("got %v", p)
		}
	}()
	h.Inject(local.StorageFault{Class: "Thong", On: local.OnCommit})
}
