// Package assets asks wrangler dev and the local host for the same paths of the same folder, served by the same program under several
// configurations: status, Location, headers and bodies must be equal.
package assets

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// site is the folder of assets.
var site = map[string]string{
	"index.html": "home", "about.html": "about", "about/team.html": "team", "docs/index.html": "docs", "docs/404.html": "no such document",
	"both.html": "both page", "both/index.html": "both folder", "plain": "no ending", "index/index.html": "index in index",
	"404.html": "not found", "app.js": "js", "style.css": "css", "data.json": "{}", "pic.svg": "<svg/>", "font.woff2": "font", "icon.ico": "icon",
	"module.wasm": "wasm", "page.xhtml": "xhtml", "notes.md": "# md", "feed.xml": "<x/>", "site.webmanifest": "{}", "odd.unknownending": "?",
	"größe und mehr.txt": "odd name", "a+b,c;d.txt": "signs", "100%.txt": "percent", ".well-known/security.txt": "contact", ".hidden": "hidden",
	"secret/key.txt": "secret", "secret/index.html": "secret", "draft-1.md": "draft", "kept/draft-2.md": "kept", "large.bin": strings.Repeat("0123456789", 20_000),
	"empty.txt": "", "new/place.html": "new place",
	"_headers": `# a comment
/*
  X-All: yes
  X-Frame-Options: DENY
/docs/*
  X-Docs: :splat
  X-All: also
/about
  ! X-Frame-Options
  Cache-Control: public, max-age=60
/:page.css
  X-Page: the page is :page
/*.js
  X-Kind: script
/data.json
  Content-Type: application/vnd.example+json
  Set-Cookie: a=1
  Set-Cookie: b=2
https://:sub.example.com/*
  X-Sub: :sub
/large.bin
  X-Colon: a:b
`,
	"_redirects": `# a comment
/old /new/place 301
/old-default /about # and a comment
/with-query /about?from=rule#there 302
/away https://example.com/there 308
/see /about 303
/again /about 307
/proxied /about 200
/proxied-none /nothing/here 200
/absolute-less about 301
/wrong-status /x 418
/ends-in-index/* /index.html
/blog/:year/:slug /posts/:slug?year=:year 301
/files/* /new/:splat 302
/outside/* https://example.com/:splat
/ä /about 301
/late /about 302
/served/* /about/:splat 200
`,
	".assetsignore": "# ignored\nsecret\ndraft-*.md\n!kept/draft-2.md\n",
}

var configurations = map[string]string{
	"auto":  ``,
	"force": `html_handling = "force-trailing-slash"` + "\n" + `not_found_handling = "404-page"`,
	"drop":  `html_handling = "drop-trailing-slash"` + "\n" + `not_found_handling = "single-page-application"`,
	"none": `html_handling = "none"` + "\n" + `not_found_handling = "404-page"` + "\n" +
		`run_worker_first = ["/api/*", "/app.js", "!/api/docs/*"]`,
}

// request is what is asked under every configuration.
type request struct {
	method, path string
	headers      string // Name: value, by lines
}

func requests() []request {
	var all []request
	for _, path := range strings.Fields(`
		/ /index /index.html /index/ /index/index.html /about /about/ /about.html /about/index /about/index.html /about/team /about/team.html /about/team/
		/docs /docs/ /docs/index /docs/index.html /docs.html /docs/none /both /both/ /both.html /both/index.html /plain /plain/ /plain.html
		/app.js /app.js/ /app.js?q=1 /about.html?q=1 /about?q=1 /style.css /data.json /pic.svg /font.woff2 /icon.ico /module.wasm /page.xhtml /page
		/notes.md /feed.xml /site.webmanifest /odd.unknownending
		/gr%C3%B6%C3%9Fe%20und%20mehr.txt /größe%20und%20mehr.txt /a+b,c;d.txt /a%2Bb%2Cc%3Bd.txt /100%25.txt /%61bout /about%2Fteam /ABOUT
		/.well-known/security.txt /.hidden /_headers /_redirects /.assetsignore /secret /secret/ /secret/key.txt /draft-1.md /kept/draft-2.md
		/large.bin /empty.txt /none /none/ /none.html /deep/none /404 /404.html /new/place
		//about /docs//index.html /docs/../about /docs/%2e%2e/about /docs/./ /../about /..%2fabout /docs/..%5cabout /%2e%2e/%2e%2e/etc/passwd
		/old /old/ /old?q=1 /old-default /with-query /with-query?q=2 /away /away?q=1 /see /again /proxied /proxied-none /absolute-less /wrong-status
		/ends-in-index/x /blog/2026/hello /blog/2026/hello?q=1 /blog/2026 /files/a/b.txt /files/ /outside/x?y=z /%C3%A4 /late /served/team
		/api/x /api/docs/x /api/docs/about`) {
		all = append(all, request{path: path})
	}
	for _, path := range []string{"/", "/about", "/none", "/old", "/large.bin", "/api/x", "/secret"} {
		for _, method := range []string{"HEAD", "POST", "PUT", "OPTIONS"} {
			all = append(all, request{method: method, path: path})
		}
	}
	navigate := "Sec-Fetch-Mode: navigate"
	return append(all,
		request{path: "/none", headers: navigate}, request{path: "/docs/none", headers: navigate}, request{path: "/api/none", headers: navigate},
		request{path: "/about", headers: navigate}, request{method: "POST", path: "/none", headers: navigate},
		request{path: "/none", headers: "Sec-Fetch-Mode: cors"},
		request{path: "/app.js", headers: "Range: bytes=0-0"}, request{path: "/app.js", headers: "Authorization: Basic eA=="},
		request{path: "/app.js", headers: `If-None-Match: "other"`}, request{path: "/app.js", headers: "If-None-Match: $ETAG"},
		request{path: "/app.js", headers: "If-None-Match: W/$ETAG"}, request{path: "/about", headers: "If-None-Match: $ETAG"},
		request{path: "/app.js", headers: "If-None-Match: *"}, request{method: "HEAD", path: "/app.js", headers: "If-None-Match: $ETAG"},
		request{path: "/about", headers: "Host: www.example.com"},
		request{path: "/through/about"}, request{path: "/through/about.html?q=1"}, request{path: "/through/none"}, request{path: "/through/docs/none"},
		request{path: "/through/large.bin"}, request{path: "/through/old"}, request{path: "/through/api/x"}, request{method: "HEAD", path: "/through/app.js"},
		request{method: "POST", path: "/through/app.js"}, request{method: "POST", path: "/through/none"}, request{path: "/through/_headers"},
		request{path: "/through/app.js", headers: "If-None-Match: $ETAG"},
	)
}

func TestAssetsAreServedAsWranglerServesThem(t *testing.T) {
	dir := t.TempDir()
	module := project(t, dir)
	for name := range configurations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := startLocal(t, dir, name, module), startWrangler(t, dir, name)
			equal := 0
			for _, q := range requests() {
				got, want := ask(t, ours, q), ask(t, theirs, q)
				if got != want {
					t.Errorf("%s %s %s:\n  local:    %s\n  wrangler: %s", q.method, q.path, q.headers, got, want)
					continue
				}
				equal++
			}
			t.Logf("%d requests are answered alike", equal)
		})
	}
}

// project writes the folder that both serve, and returns the module.
func project(t *testing.T, dir string) []byte {
	t.Helper()
	result, err := build.Build(t.Context(), build.Options{Dir: "app", Out: filepath.Join(dir, "dist"), CacheDir: local.TestCacheDir(), NoSizes: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range site {
		file := filepath.Join(dir, "public", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	toml := "name = \"site\"\nmain = \"dist/worker.mjs\"\ncompatibility_date = \"" + workerd.CompatibilityDate + "\"\nno_bundle = true\nfind_additional_modules = true\n"
	for name, lines := range configurations {
		toml += fmt.Sprintf("\n[env.%s.assets]\ndirectory = \"public\"\nbinding = \"ASSETS\"\n%s\n", name, lines)
	}
	if err := os.WriteFile(filepath.Join(dir, "wrangler.toml"), []byte(toml), 0o644); err != nil {
		t.Fatal(err)
	}
	return result.Module
}

func startLocal(t *testing.T, dir, env string, module []byte) string {
	t.Helper()
	cfg, err := wrangler.Load(filepath.Join(dir, "wrangler.toml"), env)
	if err != nil {
		t.Fatal(err)
	}
	a := cfg.Assets
	host, err := local.New(t.Context(), local.Options{
		Module: module, Name: "site", CacheDir: local.TestCacheDir(), Isolates: 1, Logger: slog.New(slog.DiscardHandler),
		Assets: &local.Assets{Dir: cfg.Abs(a.Directory), Binding: a.Binding, WorkerFirst: a.WorkerFirst(), HTML: a.HTMLHandling, NotFound: a.NotFoundHandling},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(host)
	t.Cleanup(func() {
		server.Close()
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.Listener.Addr().String()
}

func startWrangler(t *testing.T, dir, env string) string {
	t.Helper()
	return workerd.Dev(t, dir, 2*time.Minute, nil, "--env", env, "--persist-to", t.TempDir())
}

// compared are the headers that must be equal.
var compared = []string{"Location", "Content-Type", "Cache-Control", "Set-Cookie", "X-All", "X-Frame-Options", "X-Docs", "X-Page", "X-Kind", "X-Sub", "X-Colon", "X-Through"}

// ask sends a request as it stands and describes the answer. $ETAG is the entity tag that the path has.
func ask(t *testing.T, addr string, q request) string {
	if strings.Contains(q.headers, "$ETAG") {
		resp, _ := send(t, addr, request{path: q.path})
		q.headers = strings.ReplaceAll(q.headers, "$ETAG", resp.Header.Get("ETag"))
	}
	resp, body := send(t, addr, q)
	text := fmt.Sprint(resp.StatusCode)
	for _, name := range compared {
		if name == "Content-Type" && resp.StatusCode == http.StatusNotModified {
			continue // net/http sends none, which RFC 9110 asks for
		}
		for _, v := range resp.Header.Values(name) {
			text += fmt.Sprintf(" | %s: %s", name, v)
		}
	}
	if resp.Header.Get("ETag") != "" {
		text += " | with an ETag"
	}
	if len(body) > 60 {
		return fmt.Sprintf("%s | %d bytes", text, len(body))
	}
	return text + " | " + body
}

// send writes a request by hand, for the client of net/http would tidy the path.
func send(t *testing.T, addr string, q request) (*http.Response, string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	method := q.method
	if method == "" {
		method = "GET"
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nConnection: close\r\n", method, q.path)
	if !strings.Contains(q.headers, "Host:") {
		head += "Host: site.localhost\r\n"
	}
	for line := range strings.Lines(q.headers) {
		head += strings.TrimSpace(line) + "\r\n"
	}
	if method == "POST" || method == "PUT" {
		head += "Content-Length: 0\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, q.path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, q.path, err)
	}
	return resp, string(body)
}
