package counter_test

import (
	"net/http/httptest"
	"testing"

	"grove.place/lattice/internal/scaffold/templates/object/counter"
	"grove.place/lattice/latticetest"
)

func TestEachNameHasACounterOfItsOwn(t *testing.T) {
	host := latticetest.Start(t)
	home, about := counter.Counters.GetByName("home"), counter.Counters.GetByName("about")
	if _, err := counter.Add.Call(host.Context(), home, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := host.EvictAll(); err != nil { // out of memory: what is stored stays
		t.Fatal(err)
	}
	if total, err := counter.Add.Call(host.Context(), home, 1); err != nil || total != 3 {
		t.Errorf("home has %d, %v; want 3", total, err)
	}
	if total, err := counter.Add.Call(host.Context(), about, 1); err != nil || total != 1 {
		t.Errorf("about has %d, %v; want 1", total, err)
	}
	if _, err := counter.Add.Call(host.Context(), about, -1); err == nil {
		t.Error("a counter counts down")
	}
}

func TestACounterForgetsAfterAMonth(t *testing.T) {
	host := latticetest.Start(t)
	if _, err := counter.Add.Call(host.Context(), counter.Counters.GetByName("home"), 5); err != nil {
		t.Fatal(err)
	}
	host.Clock.Advance(counter.Month) // runs the alarm on the way
	w := httptest.NewRecorder()
	host.ServeHTTP(w, httptest.NewRequest("GET", "/home", nil))
	if got := w.Body.String(); got != "visits: 1\n" {
		t.Errorf("a month later the page says %q", got)
	}
}
