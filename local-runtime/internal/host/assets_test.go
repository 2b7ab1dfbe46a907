package host

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

func TestAssets(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"index.html", "about.html", "docs/index.html", "docs/404.html", "app.js", "_headers"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(dir), "secret"), []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	page := Assets{Dir: dir, NotFound: "404-page"}
	for _, c := range []struct {
		assets Assets
		method string
		target string
		want   string // the file, "-> where", or "" for the Worker
		status int
	}{
		{Assets{Dir: dir}, "GET", "/", "index.html", 200},
		{Assets{Dir: dir}, "GET", "/index.html", "-> /", 307},
		{Assets{Dir: dir}, "GET", "/about", "about.html", 200},
		{Assets{Dir: dir}, "GET", "/about/", "-> /about", 307},
		{Assets{Dir: dir}, "GET", "/about.html?q=1", "-> /about?q=1", 307},
		{Assets{Dir: dir}, "GET", "/docs", "-> /docs/", 307},
		{Assets{Dir: dir}, "GET", "/docs/", "docs/index.html", 200},
		{Assets{Dir: dir}, "GET", "/app.js", "app.js", 200},
		{Assets{Dir: dir}, "HEAD", "/app.js", "", 200},
		{Assets{Dir: dir}, "POST", "/app.js", "", 0},
		{Assets{Dir: dir}, "GET", "/none", "", 0},
		{Assets{Dir: dir}, "GET", "/_headers", "", 0},
		{Assets{Dir: dir}, "GET", "/../secret", "", 0},
		{Assets{Dir: dir}, "GET", "/docs/%2e%2e/%2e%2e/secret", "", 0},
		{Assets{Dir: dir, HTML: "drop-trailing-slash"}, "GET", "/docs/", "-> /docs", 307},
		{Assets{Dir: dir, HTML: "force-trailing-slash"}, "GET", "/about", "-> /about/", 307},
		{Assets{Dir: dir, HTML: "none"}, "GET", "/about", "", 0},
		{Assets{Dir: dir, HTML: "none"}, "GET", "/about.html", "about.html", 200},
		{Assets{Dir: dir, NotFound: "single-page-application"}, "GET", "/any/where", "index.html", 200},
		{page, "GET", "/docs/none", "docs/404.html", 404},
		{page, "GET", "/none", "", 404},
	} {
		a := newAssets(c.assets)
		w, r := httptest.NewRecorder(), httptest.NewRequest(c.method, c.target, nil)
		served := a.serve(w, r)
		got := w.Body.String()
		if to := w.Header().Get("Location"); to != "" {
			got = "-> " + to
		}
		if status := w.Code; !served {
			if c.status != 0 || got != "" {
				t.Errorf("%s %s was left to the Worker, want %d %q", c.method, c.target, c.status, c.want)
			}
		} else if status != c.status || got != c.want {
			t.Errorf("%s %s: %d %q, want %d %q", c.method, c.target, status, got, c.status, c.want)
		}
	}
	first := newAssets(Assets{Dir: dir, WorkerFirst: []string{"/api/*", "!/api/docs/*"}})
	for target, want := range map[string]bool{"/api/x": true, "/api/docs/x": false, "/": false} {
		if got := first.first(target); got != want {
			t.Errorf("the Worker is first for %s: %v", target, got)
		}
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/app.js", nil)
	a := newAssets(Assets{Dir: dir})
	a.serve(w, r)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	if a.serve(again, r); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("asked again with its ETag: %d, %d bytes", again.Code, again.Body.Len())
	}
}
