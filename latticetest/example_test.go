package latticetest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"grove.place/lattice/latticetest"
	local "grove.place/lattice/local-runtime"
)

// A secret is not in the configuration, and a test changes what else it likes.
func ExampleOptions() {
	_ = func(t *testing.T) {
		o := latticetest.Options(t)
		o.Vars["API_KEY"] = "of the test"
		o.MemoryLimit = 32 << 20
		host := local.StartTest(t, o)
		host.Clock.Advance(24 * time.Hour) // the alarms of a day have run when it returns
	}
}

func ExampleStart() {
	_ = func(t *testing.T) { // func TestTheFrontPageAnswers(t *testing.T)
		host := latticetest.Start(t)
		w := httptest.NewRecorder()
		host.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusOK {
			t.Errorf("the front page answers %d", w.Code)
		}
	}
}
