package debug

import (
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// A loop that calls nothing keeps the process from collecting garbage, and with that from everything, unless its probes call the host.
func TestALoopWithoutAnEndStopsNeitherTheHostNorItsEnd(t *testing.T) {
	h, l := watched(t, local.Watch{Turn: 20 * time.Millisecond})
	answered := make(chan int, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/endless", nil))
		answered <- w.Code
	}()
	l.wait(t, "now in main.endless", same)
	runtime.GC()
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if code := <-answered; code < 500 {
		t.Errorf("answered %d", code)
	}
}
