package debug

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	local "grove.place/lattice/local-runtime"
)

// TestAProfileNamesWhatComputes: nearly all of the time is main.step's, which main.busy calls in a line that the profile knows.
func TestAProfileNamesWhatComputes(t *testing.T) {
	h := local.StartTest(t, local.TestOptions{Package: "./app", Options: local.Options{Isolates: 1}})
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- h.Profile(t.Context(), time.Second, &out) }()
	for ended := false; !ended; {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/busy?n=3000", nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			ended = true
		default:
		}
	}
	p, err := profile.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	var all, step int64
	for _, s := range p.Sample {
		all += s.Value[0]
		if s.Location[0].Line[0].Function.Name != "main.step" {
			continue
		}
		step += s.Value[0]
		caller := s.Location[1].Line[0]
		if want := at(t, "sum += step(i)"); caller.Function.Name != "main.busy" || !strings.HasSuffix(want, "app/main.go:"+strconv.FormatInt(caller.Line, 10)) {
			t.Errorf("main.step is called by %s in line %d, not in %s", caller.Function.Name, caller.Line, want)
		}
		if !slices.ContainsFunc(s.Location, func(l *profile.Location) bool { return l.Line[0].Function.Name == "net/http.(*ServeMux).ServeHTTP" }) {
			t.Error("the stack does not reach the server")
		}
	}
	if all == 0 || step*10 < all*7 {
		t.Errorf("main.step has %d of %d samples", step, all)
	}
}

// TestAProfileLeavesTheWorkerAsItWas: it goes on answering, and may be profiled again.
func TestAProfileLeavesTheWorkerAsItWas(t *testing.T) {
	h := local.StartTest(t, local.TestOptions{Package: "./app", Options: local.Options{Isolates: 1}})
	for range 2 {
		var out bytes.Buffer
		if err := h.Profile(t.Context(), time.Millisecond, &out); err != nil {
			t.Fatal(err)
		}
		if _, err := profile.Parse(&out); err != nil {
			t.Error(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/busy?n=1", nil))
		if w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	sim := local.NewSim(t, local.TestOptions{Package: "./app"}, 1)
	if err := sim.Profile(t.Context(), time.Second, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "simulation") {
		t.Errorf("in a simulation: %v", err)
	}
}
