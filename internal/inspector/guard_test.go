package inspector

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// closed is an inspector whose Workers do not run.
func closed(t *testing.T) *Inspector {
	t.Helper()
	i, err := New(Options{Clock: local.NewAdjustableClock(), Record: NewRecord(), Log: slog.New(slog.DiscardHandler), Workers: func() []Worker {
		return []Worker{{Name: "site", Down: "building", Enter: func(context.Context) (*local.Host, func(), error) { return nil, nil, context.Canceled }}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.listener.Close() })
	return i
}

func (i *Inspector) origin() string { return strings.TrimSuffix(i.URL(), "/") }

// try sends a request as a page of the inspector would, after change.
func (i *Inspector) try(method, path string, fields url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, i.origin()+path, strings.NewReader(fields.Encode()))
	r.RemoteAddr = "127.0.0.1:40000"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", i.origin())
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestPagesAreServedToThisMachineAlone(t *testing.T) {
	i := closed(t)
	if addr, ok := i.listener.Addr().(*net.TCPAddr); !ok || !addr.IP.IsLoopback() {
		t.Errorf("it listens on %v", i.listener.Addr())
	}
	port := i.origin()[strings.LastIndex(i.origin(), ":"):]
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"the page itself", nil, 200},
		{"the address as a number", func(r *http.Request) { r.Host = "127.0.0.1" + port }, 200},
		{"capital letters", func(r *http.Request) { r.Host = "LOCALHOST" + port }, 200},
		{"an address that is typed", header("Sec-Fetch-Site", "none"), 200},
		{"a client without Sec-Fetch-Site", func(r *http.Request) { r.Header.Del("Sec-Fetch-Site") }, 200},
		{"a link on another page that somebody follows", func(r *http.Request) {
			for name, value := range map[string]string{"Site": "cross-site", "Mode": "navigate", "Dest": "document"} {
				r.Header.Set("Sec-Fetch-"+name, value)
			}
		}, 200},
		{"a frame in another page", func(r *http.Request) {
			for name, value := range map[string]string{"Site": "cross-site", "Mode": "navigate", "Dest": "iframe"} {
				r.Header.Set("Sec-Fetch-"+name, value)
			}
		}, 403},
		{"a name that was bound to this machine", func(r *http.Request) { r.Host = "evil.example" + port }, 403},
		{"a subdomain of localhost", func(r *http.Request) { r.Host = "app.localhost" + port }, 403},
		{"the port of the Workers", func(r *http.Request) { r.Host = "localhost:8787" }, 403},
		{"no host", func(r *http.Request) { r.Host = "" }, 403},
		{"another machine", func(r *http.Request) { r.RemoteAddr = "192.0.2.7:40000" }, 403},
		{"another site's script", header("Sec-Fetch-Site", "cross-site"), 403},
		{"a script of the Workers' pages, on another port", header("Sec-Fetch-Site", "same-site"), 403},
		{"another origin", header("Origin", "https://evil.example"), 403},
		{"an origin that is hidden", header("Origin", "null"), 403},
	} {
		if w := i.try("GET", "/", nil, c.change); w.Code != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
	}
}

func TestOnlyItsOwnPagesChangeAnything(t *testing.T) {
	i := closed(t)
	good := url.Values{"csrf": {i.csrf}, "do": {"move"}, "by": {"1h"}, "back": {"/clock"}}
	with := func(name, value string) url.Values {
		fields := url.Values{}
		for k, v := range good {
			fields[k] = v
		}
		fields.Set(name, value)
		return fields
	}
	for _, c := range []struct {
		name   string
		fields url.Values
		change func(*http.Request)
	}{
		{"without the token", with("csrf", ""), nil},
		{"with another token", with("csrf", i.token), nil},
		{"from another origin", good, header("Origin", "https://evil.example")},
		{"from the Workers' pages", good, header("Origin", "http://localhost:8787")},
		{"without an origin", good, func(r *http.Request) { r.Header.Del("Origin") }},
		{"from a form of another site that somebody sends", good, func(r *http.Request) {
			for name, value := range map[string]string{"Site": "cross-site", "Mode": "navigate", "Dest": "document"} {
				r.Header.Set("Sec-Fetch-"+name, value)
			}
		}},
		{"under another name", good, func(r *http.Request) { r.Host = "evil.example" }},
		{"from another machine", good, func(r *http.Request) { r.RemoteAddr = "[2001:db8::1]:40000" }},
	} {
		if w := i.try("POST", "/clock/set", c.fields, c.change); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	if _, ahead := i.o.Clock.Frozen(); ahead != 0 {
		t.Fatalf("the clock was moved by %v", ahead)
	}
	if w := i.try("GET", "/clock/set?"+good.Encode(), nil, nil); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("by GET: %d", w.Code)
	}
	if w := i.try("POST", "/clock/set", good, nil); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/clock?notice=") {
		t.Errorf("the page itself: %d %s %s", w.Code, w.Header(), w.Body)
	}
	if _, ahead := i.o.Clock.Frozen(); ahead != time.Hour {
		t.Errorf("the page moved the clock by %v", ahead)
	}
	for _, back := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)"} {
		if w := i.try("POST", "/clock/set", with("back", back), nil); !strings.HasPrefix(w.Header().Get("Location"), "/?notice=") {
			t.Errorf("back to %q: %s", back, w.Header().Get("Location"))
		}
	}
}

func TestOnlyItsOwnPagesListen(t *testing.T) {
	i := closed(t)
	for _, c := range []struct{ name, token, origin string }{
		{"without a token", "", i.origin()},
		{"with another token", "x", i.origin()},
		{"from another origin", i.csrf, "https://evil.example"},
		{"without an origin", i.csrf, ""},
	} {
		w := i.try("GET", "/live?csrf="+c.token, nil, func(r *http.Request) {
			r.Header.Set("Upgrade", "websocket")
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
		})
		if w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
	if w := i.try("GET", "/live?csrf="+i.csrf, nil, header("Origin", i.origin())); w.Code != http.StatusUpgradeRequired {
		t.Errorf("the page itself: %d %s", w.Code, w.Body)
	}
}

func TestTheControlAPINeedsTheTokenOfItsFile(t *testing.T) {
	i := closed(t)
	dir := t.TempDir()
	remove, err := i.WriteControl(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, ControlFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	call := func(change func(*http.Request)) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", i.origin()+"/control/list", strings.NewReader("{}"))
		r.RemoteAddr = "127.0.0.1:40000"
		r.Header.Set("Authorization", "Bearer "+i.token)
		if change != nil {
			change(r)
		}
		w := httptest.NewRecorder()
		i.ServeHTTP(w, r)
		return w
	}
	if w := call(nil); w.Code != 200 {
		t.Errorf("with the token: %d %s", w.Code, w.Body)
	}
	for name, change := range map[string]func(*http.Request){
		"without a token":        func(r *http.Request) { r.Header.Del("Authorization") },
		"with the pages' token":  header("Authorization", "Bearer "+i.csrf),
		"from a browser":         header("Sec-Fetch-Site", "same-origin"),
		"from an origin":         header("Origin", i.origin()),
		"from another machine":   func(r *http.Request) { r.RemoteAddr = "192.0.2.7:40000" },
		"under another name":     func(r *http.Request) { r.Host = "evil.example" },
		"with the token in part": header("Authorization", "Bearer "+i.token[:8]),
	} {
		if w := call(change); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	remove()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
}

func TestWhatIsTooLongSaysSo(t *testing.T) {
	i := closed(t)
	w := i.try("POST", "/namespace/put", url.Values{"csrf": {i.csrf}, "value": {strings.Repeat("x", 2*maxForm)}}, nil)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "longer than 1 MB") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOnlyItsOwnFilesAreServed(t *testing.T) {
	i := closed(t)
	for _, path := range []string{"/static/../guard.go", "/static/%2e%2e%2ftemplates%2flayout.html", "/static/..%5cguard.go", "/static/", "/static/nothing", "//static/inspector.css", "/control.json", "/live/../control/list"} {
		if w := i.try("GET", path, nil, nil); w.Code == http.StatusOK {
			t.Errorf("%s: %d %.80s", path, w.Code, w.Body)
		}
	}
	if w := i.try("GET", "/static/inspector.css", nil, nil); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Type"), "text/css") {
		t.Errorf("the style: %d %s", w.Code, w.Header())
	}
}

func TestPagesCannotBeFramedOrTakeScriptsFromElsewhere(t *testing.T) {
	w := closed(t).try("GET", "/logs", nil, nil)
	for name, want := range map[string]string{"Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestOnlyTheLastRecordsAreKept(t *testing.T) {
	r := NewRecord()
	log := r.Tee(slog.New(slog.DiscardHandler), []string{"site"})
	for n := range maxRecords + 10 {
		log.Info("[site] record", "n", n)
	}
	log.With("class", "Room", "id", "abc").Debug(strings.Repeat("x", 2*maxText))
	all := r.Logs()
	if len(all) != maxRecords || len(all[0].Text) > maxText+len("…") || all[0].Object != "abc" || all[0].Level != slog.LevelDebug {
		t.Errorf("%d records, the last with %d bytes of %q, %v", len(all), len(all[0].Text), all[0].Object, all[0].Level)
	}
	if all[1].Worker != "site" || all[1].Text != "record n=2009" {
		t.Errorf("the one before: %+v", all[1])
	}
}
