package local_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func TestTransactionsNest(t *testing.T) {
	h := start(t)
	moving(t, h, 10*time.Millisecond, func() {
		if n := must[int](t)(thing.Nest.Call(h.Context(), named("n"), durables.None{})); n != 2 {
			t.Errorf("%d rows, want the two that were not undone", n)
		}
	})
}

func TestCursorsLiveAcrossTurns(t *testing.T) {
	h := start(t)
	moving(t, h, time.Millisecond, func() {
		if sum := must[int](t)(thing.Scan.Call(h.Context(), named("scan"), 3000)); sum != 3000*3001/2 {
			t.Errorf("sum %d", sum)
		}
	})
}

func TestAlarmOfARolledBackTransactionDoesNotRun(t *testing.T) {
	h := start(t)
	moving(t, h, time.Second, func() {
		must[durables.None](t)(thing.TxnAlarm.Call(h.Context(), named("ta"), h.Clock.Now().Add(5*time.Second)))
	})
	h.Clock.Advance(time.Minute)
	if runs := must[[]string](t)(thing.Alarms.Call(h.Context(), named("ta"), durables.None{})); len(runs) != 0 {
		t.Errorf("it ran: %v", runs)
	}
}

func TestASectionThatWaitsForItselfEnds(t *testing.T) {
	h := start(t)
	var err error
	moving(t, h, time.Second, func() {
		_, err = thing.SelfLock.Call(h.Context(), named("self"), durables.None{})
	})
	var e *durables.Error
	if !errors.As(err, &e) || !e.DurableObjectReset || !strings.HasPrefix(e.Message, "A call to blockConcurrencyWhile()") {
		t.Errorf("got %+v", err)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("self"), 0)); n != 0 {
		t.Errorf("the call from inside ran after the reset: %d", n)
	}
}

func TestBlockingInTransactionSyncEndsTheInstance(t *testing.T) {
	h := start(t)
	must[int](t)(thing.Insert.Call(h.Context(), named("bs"), 1))
	_, err := thing.BlockSync.Call(h.Context(), named("bs"), durables.None{})
	if err == nil || !strings.Contains(err.Error(), "a transactionSync callback blocked") {
		t.Errorf("got %v", err)
	}
	if n := must[int](t)(thing.Count.Call(h.Context(), named("bs"), durables.None{})); n != 1 {
		t.Errorf("%d rows", n)
	}
}

func TestBodiesFlowBothWaysAtOnce(t *testing.T) {
	h := start(t)
	server := httptest.NewServer(h)
	defer server.Close()
	r, w := io.Pipe()
	req, _ := http.NewRequest("POST", server.URL+"/thing/duplex/x", r)
	go w.Write([]byte("first"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got := ""
	for _, next := range []string{"first", "second", "third"} {
		if next != "first" {
			w.Write([]byte(next))
		}
		buf := make([]byte, len(next))
		if _, err := io.ReadFull(resp.Body, buf); err != nil {
			t.Fatal(err)
		}
		got += string(buf) + " "
	}
	w.Close()
	if rest, err := io.ReadAll(resp.Body); got != "FIRST SECOND THIRD " || len(rest) > 0 || err != nil {
		t.Errorf("got %q, then %q, %v", got, rest, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestBodyWithoutLengthIsLimited(t *testing.T) {
	h := start(t)
	req := httptest.NewRequest("POST", "/count", io.LimitReader(zeros{}, 101<<20))
	req.ContentLength = -1
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != 413 {
		t.Errorf("%d %.100s", w.Code, w.Body)
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	h := start(t)
	req := httptest.NewRequest("GET", "/hello", nil)
	req.Host = "a b%"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != 400 {
		t.Errorf("a malformed host: %d", w.Code)
	}
}

func TestReloadFailsWhatDoesNotEnd(t *testing.T) {
	defer local.WaitForReload(50 * time.Millisecond)()
	h := start(t)
	failed := make(chan error, 1)
	go func() {
		_, err := thing.Sleep.Call(h.Context(), named("endless"), 1_000_000)
		failed <- err
	}()
	for len(must[[]local.Object](t)(h.Objects("Thing"))) == 0 {
	}
	module, err := local.BuildTest("./testdata/worker")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(h.Context(), module); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "the Worker was replaced by a new build") {
		t.Errorf("got %v", err)
	}
}

func TestAnAnswerComesThroughAnUnreadBody(t *testing.T) {
	h := start(t)
	server := httptest.NewServer(h)
	defer server.Close()
	for range 20 {
		resp, err := http.Post(server.URL+"/hello", "text/plain", io.LimitReader(zeros{}, 3<<20))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.HasPrefix(string(got), "hello vars") {
			t.Fatalf("%q, %v", got, err)
		}
	}
}
