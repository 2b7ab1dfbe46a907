package links_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"grove.place/lattice/latticetest"
)

func TestLinksAreKeptAndFollowed(t *testing.T) {
	host := latticetest.Start(t) // the whole Worker, with what wrangler.toml binds
	do := func(method, path, body string) *http.Response {
		w := httptest.NewRecorder()
		host.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
		return w.Result()
	}
	if got := do("GET", "/docs", "").StatusCode; got != http.StatusNotFound {
		t.Errorf("a name that nobody gave answers %d", got)
	}
	if got := do("PUT", "/docs", "javascript:alert(1)").StatusCode; got != http.StatusBadRequest {
		t.Errorf("what is no link answers %d", got)
	}
	if got := do("PUT", "/docs", "https://go.dev/doc").StatusCode; got != http.StatusCreated {
		t.Errorf("a link answers %d", got)
	}
	if got := do("GET", "/docs", ""); got.StatusCode != http.StatusFound || got.Header.Get("Location") != "https://go.dev/doc" {
		t.Errorf("the name leads to %d %s", got.StatusCode, got.Header.Get("Location"))
	}
}
