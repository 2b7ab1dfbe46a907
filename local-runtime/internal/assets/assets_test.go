package assets

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/assetfiles"
)

// What is answered for which path is compared with wrangler in tests/assets; here is what wrangler cannot be asked.

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "public")
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, c Config) (*Site, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	s, err := Open(c, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s, &log
}

// get asks as a browser does, and says what came: a body, or where to.
func get(s *Site, target string) string {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://site.example/", nil)
	r.RequestURI = target
	r.URL.Path, r.URL.RawQuery, _ = strings.Cut(target, "?")
	s.ServeHTTP(w, r)
	if to := w.Header().Get("Location"); to != "" {
		return "-> " + to
	}
	return w.Body.String()
}

func TestNothingOutsideOfTheFolderIsServed(t *testing.T) {
	dir := folder(t, map[string]string{"index.html": "home", "a/b.txt": "b"})
	write(t, filepath.Dir(dir), "secret.txt", "secret")
	for _, html := range htmlHandlings {
		s, _ := open(t, Config{Dir: dir, HTML: html, NotFound: "404-page"})
		for _, target := range []string{
			"/../secret.txt", "/a/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/a/..%2f..%2fsecret.txt", "/..%5csecret.txt", `/..\secret.txt`,
			"//" + filepath.Dir(dir) + "/secret.txt", "/.%00/secret.txt", "/%2fsecret.txt", "/a/%2e%2e%2f%2e%2e/secret", "/%c0%ae%c0%ae/secret.txt",
		} {
			if got := get(s, target); strings.Contains(got, "secret") && !strings.HasPrefix(got, "->") {
				t.Errorf("%s, %s: %s", html, target, got)
			}
		}
	}
}

func TestRulesAreReadAgainWhenTheyChange(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "a", "b.txt": "b"})
	s, _ := open(t, Config{Dir: dir})
	if got := get(s, "/old"); got != "" {
		t.Errorf("before: %q", got)
	}
	write(t, dir, "_redirects", "/old /a.txt")
	write(t, dir, ".assetsignore", "b.*")
	if got := get(s, "/old"); got != "-> /a.txt" {
		t.Errorf("with a rule: %q", got)
	}
	if got := get(s, "/b.txt"); got != "" {
		t.Errorf("an ignored file: %q", got)
	}
	if err := os.Remove(filepath.Join(dir, ".assetsignore")); err != nil {
		t.Fatal(err)
	}
	if got := get(s, "/b.txt"); got != "b" {
		t.Errorf("ignored no more: %q", got)
	}
}

func TestAnEntityTagIsOfWhatAFileHolds(t *testing.T) {
	dir := folder(t, map[string]string{"a.txt": "one"})
	s, _ := open(t, Config{Dir: dir})
	tag := func() string {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/a.txt", nil))
		return w.Header().Get("ETag")
	}
	first := tag()
	write(t, dir, "a.txt", "two")
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(filepath.Join(dir, "a.txt"), later, later); err != nil {
		t.Fatal(err)
	}
	if second := tag(); first == "" || first == second {
		t.Errorf("%s, then %s", first, second)
	}
}

func TestBadLinesAreLeftOutAndToldOf(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"_headers", "X-A: b", "Path should come before header (x-a: b)"},
		{"_headers", "/a\n  X-A", "Expected a colon-separated header pair (e.g. name: value)"},
		{"_headers", "/a\n  X A: b", "Header name cannot include spaces"},
		{"_headers", "/a\n  : b", "No header name specified"},
		{"_headers", "/a\n  X-A:", "No header value specified"},
		{"_headers", "/a\n/b\n  X-A: b", "No headers specified"},
		{"_headers", "/a/*/b/*\n  X-A: b", "Only one wildcard is allowed per rule."},
		{"_headers", "/a/*/:splat\n  X-A: b", "Cannot combine a wildcard * with a :splat placeholder"},
		{"_headers", "https://a.example:8080/\n  X-A: b", "Specifying ports is not supported."},
		{"_headers", "http://a.example/\n  X-A: b", "URLs should either be relative"},
		{"_headers", "/a\n  X-A: " + strings.Repeat("b", 2000), "exceeds the maximum allowed length of 2000"},
		{"_headers", strings.Repeat("/a\n  X-A: b\n", 1) + many("/%d\n  X-A: b\n", 101), "Maximum number of rules supported is 100"},
		{"_redirects", "/a", "Expected exactly 2 or 3 whitespace-separated tokens. Got 1."},
		{"_redirects", "/a /b 301 x", "Got 4."},
		{"_redirects", "/a /b 404", "Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got 404."},
		{"_redirects", "https://a.example/x /b", "Only relative URLs are allowed."},
		{"_redirects", "/a ftp://b", "URLs should either be relative"},
		{"_redirects", "/a /b\n/a /c", "Ignoring duplicate rule for path /a."},
		{"_redirects", "/* /index.html 200", "Infinite loop detected"},
		{"_redirects", "/a https://b.example/ 200", "Proxy (200) redirects can only point to relative paths."},
		{"_redirects", many("/%d/* /b\n", 101), "Maximum number of dynamic rules supported is 100"},
		{"_redirects", many("/%d /b\n", 2001), "Maximum number of static rules supported is 2000"},
	} {
		_, log := open(t, Config{Dir: folder(t, map[string]string{c.file: c.text})})
		if got := strings.ReplaceAll(log.String(), `\"`, `"`); !strings.Contains(got, c.want) || !strings.Contains(got, "line=") {
			t.Errorf("%s %.40q: the log has %q, want %q", c.file, c.text, got, c.want)
		}
	}
}

// many repeats a line with the numbers from 1.
func many(line string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(line, "%d", string(rune('a'+i%26))+strings.Repeat("x", i/26)))
	}
	return b.String()
}

func TestIgnoredFiles(t *testing.T) {
	for _, c := range []struct{ patterns, name string }{
		{"a.txt", "a.txt"}, {"a.txt", "deep/er/a.txt"}, {"/a.txt", "a.txt"}, {"*.log", "x/y.log"}, {"node_modules", "node_modules/x/y.js"},
		{"build/", "build/x"}, {"docs/*.md", "docs/x.md"}, {"**/tmp", "a/b/tmp/c"}, {"a/**/z", "a/b/c/z"}, {"a/**", "a/b/c"}, {"?.txt", "x.txt"},
		{"[ab].txt", "b.txt"}, {"*\n!keep", "other"}, {`\#x`, "#x"}, {"x   ", "x"}, {"dir\n!dir/keep", "dir/keep"},
	} {
		if list := assetfiles.ParseIgnored(c.patterns); !list.Has(c.name) {
			t.Errorf("%q does not ignore %s", c.patterns, c.name)
		}
	}
	for _, c := range []struct{ patterns, name string }{
		{"", "a"}, {"# a", "a"}, {"/a.txt", "b/a.txt"}, {"*.log", "log"}, {"build/", "build"}, {"docs/*.md", "docs/a/x.md"}, {"*.txt\n!a.txt", "a.txt"},
		{"?.txt", "xy.txt"}, {"[!ab].txt", "a.txt"}, {"a/**/z", "b/z"},
	} {
		if list := assetfiles.ParseIgnored(c.patterns); list.Has(c.name) {
			t.Errorf("%q ignores %s", c.patterns, c.name)
		}
	}
}

func TestWhatIsAskedOfTheWorkerFirst(t *testing.T) {
	for _, c := range []struct {
		rules, want string
	}{
		{"api", "'api': rules must start with '/' or '!/'"},
		{"/a !b", "'!b': negative rules must start with '!/'"},
		{"!/a", "must provide at least 1 non-negative rule"},
		{"/a /a", "'/a': rule is a duplicate; rules must be unique"},
		{"/a/* /a/b", "'/a/b': rule '/a/*' makes it redundant"},
		{"/" + strings.Repeat("a", 100), "all rules must be less than 100 characters in length"},
		{strings.Repeat("/a ", 101), "101 rules provided exceeds max of 100"},
	} {
		if _, err := Open(Config{Dir: t.TempDir(), WorkerFirst: strings.Fields(c.rules)}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.30s: %v, want %s", c.rules, err, c.want)
		}
	}
	s, _ := open(t, Config{Dir: folder(t, map[string]string{"a.txt": "a"}), NotFound: "single-page-application", WorkerFirst: []string{"/api/*", "!/api/docs/*"}})
	for path, want := range map[string]bool{"/api/x": false, "/api/docs/x": true, "/a.txt": true, "/none": false} {
		if got := s.Handles(httptest.NewRequest("GET", path, nil)); got != want {
			t.Errorf("the folder answers %s: %v", path, got)
		}
	}
}

func TestNavigationBeforeItsDate(t *testing.T) {
	dir := folder(t, map[string]string{"index.html": "home"})
	r := httptest.NewRequest("GET", "/none", nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	for noEffect, want := range map[bool]bool{false: true, true: false} {
		s, _ := open(t, Config{Dir: dir, NotFound: "single-page-application", NavigationHasNoEffect: noEffect})
		if got := s.Handles(r); got != want {
			t.Errorf("without effect %v: the folder answers %v", noEffect, got)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	for want, c := range map[string]Config{
		"there is no folder": {Dir: filepath.Join(t.TempDir(), "none")},
		"html_handling":      {Dir: t.TempDir(), HTML: "auto"},
		"not_found_handling": {Dir: t.TempDir(), NotFound: "spa"},
	} {
		if _, err := Open(c, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestLargeFilesAreSentWhole(t *testing.T) {
	s, _ := open(t, Config{Dir: folder(t, map[string]string{"a.bin": strings.Repeat("x", 1<<20)})})
	for range 2 { // of which the second knows the tag
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", "/a.bin", nil))
		if w.Code != http.StatusOK || w.Body.Len() != 1<<20 || w.Header().Get("Content-Length") != "1048576" {
			t.Errorf("%d, %d bytes of %s", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
		}
	}
}
