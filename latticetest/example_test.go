package latticetest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"grove.place/lattice/latticetest"
)

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
