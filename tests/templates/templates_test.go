// Package templates makes a project of each template of `lattice new`, serves it with the real wrangler dev, whose [build] command builds it, and on the local
// host, and asks both the same: they must answer alike, and as the template's README says.
package templates

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/scaffold"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

func TestEachTemplateAnswersAlikeOnBothHosts(t *testing.T) {
	for _, template := range scaffold.Templates {
		t.Run(template.Name, func(t *testing.T) {
			t.Parallel()
			dir := project(t, template.Name)
			theirs := startWrangler(t, dir) // builds it
			home := startLocal(t, dir)
			ours := home.server.Listener.Addr().String()
			visit := visits[template.Name]
			if visit == nil {
				t.Fatal("nothing visits this template: teach this test what it does")
			}
			want, got := visit(client(t, theirs)), visit(client(t, ours))
			if !slices.Equal(got, want) {
				t.Errorf("the local host answers\n  %s\nwrangler dev\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			if wants := answers[template.Name]; !slices.Equal(want, wants) {
				t.Errorf("wrangler dev answers\n  %s\nwant\n  %s", strings.Join(want, "\n  "), strings.Join(wants, "\n  "))
			}
			if use := pages[template.Name]; use != nil {
				use(t, theirs, nil)
				use(t, ours, home)
			}
		})
	}
}

// visits do what the README of each template says, and note what is answered.
var visits = map[string]func(c *visitor) []string{
	"worker": func(c *visitor) []string {
		return []string{c.do("PUT", "/docs", "https://go.dev/doc"), c.do("GET", "/docs", ""), c.do("GET", "/nothing", ""), c.do("PUT", "/x", "nonsense")}
	},
	"object": func(c *visitor) []string {
		return []string{c.do("GET", "/home", ""), c.do("GET", "/home", ""), c.do("GET", "/about", "")}
	},
	"chat": func(c *visitor) []string {
		page, _, _ := strings.Cut(c.do("GET", "/", ""), "\n")
		ann, bob := c.join("ann"), c.join("bob")
		ann.say("hello")
		heard := []string{page, ann.hears(), bob.hears()}
		bob.say("hi")
		return append(heard, ann.hears(), c.join("cy").hears(), c.do("GET", "/rooms/lobby?name=dan", ""))
	},
	"app": func(c *visitor) []string {
		said := []string{
			c.do("POST", "/api/notes", `{"text": "too early"}`), c.do("POST", "/api/session", `{"text": "ann"}`),
			c.do("POST", "/api/notes", `{"text": ""}`),
		}
		var note struct{ Author, Text string }
		_, body, _ := strings.Cut(c.do("POST", "/api/notes", `{"text": "hello"}`), " ")
		if err := json.Unmarshal([]byte(body), &note); err != nil {
			c.t.Errorf("the note: %v in %s", err, body)
		}
		said = append(said, fmt.Sprint(note))
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) { // the queue takes its time
			active := c.do("GET", "/api/activity", "")
			if strings.Contains(active, "ann") || time.Now().After(deadline) {
				return append(said, active)
			}
		}
	},
}

var answers = map[string][]string{
	"worker": {"201 ", "302 https://go.dev/doc", "404 404 page not found", "400 the body is a link, such as https://go.dev/doc"},
	"object": {"200 visits: 1", "200 visits: 2", "200 visits: 1"},
	"chat":   {"200 <!doctype html>", "ann: hello", "ann: hello", "bob: hi", "ann: hello", "426 a room takes WebSockets with ?name="},
	"app": {"401 say who you are first: POST /api/session", `200 {"name":"ann"}`, "400 the text is empty or too long", "{ann hello}",
		`200 [{"author":"ann","notes":1}]`},
}

// visitor talks to a host.
type visitor struct {
	t    *testing.T
	addr string
	http *http.Client
}

func client(t *testing.T, addr string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, addr, &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// do returns the status, and where it leads to or the body.
func (c *visitor) do(method, path, body string) string {
	c.t.Helper()
	r, err := http.NewRequest(method, "http://"+c.addr+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if to := resp.Header.Get("Location"); to != "" {
		text = []byte(to)
	}
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(text)))
}

// member is a socket in the lobby.
type member struct {
	t    *testing.T
	conn net.Conn
}

func (c *visitor) join(name string) member {
	c.t.Helper()
	conn, rest, _, err := ws.Dial(context.Background(), "ws://"+c.addr+"/rooms/lobby?name="+name)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	if rest != nil {
		conn = buffered{conn, io.MultiReader(io.LimitReader(rest, int64(rest.Buffered())), conn)}
	}
	return member{c.t, conn}
}

// buffered is a connection of which something has been read already.
type buffered struct {
	net.Conn
	in io.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.in.Read(p) }

func (m member) say(text string) {
	m.t.Helper()
	if err := wsutil.WriteClientText(m.conn, []byte(text)); err != nil {
		m.t.Fatal(err)
	}
}

func (m member) hears() string {
	m.t.Helper()
	m.conn.SetReadDeadline(time.Now().Add(time.Minute))
	text, err := wsutil.ReadServerText(m.conn)
	if err != nil {
		m.t.Fatal(err)
	}
	var said struct{ From, Text string }
	if err := json.Unmarshal(text, &said); err != nil {
		m.t.Fatal(err)
	}
	return said.From + ": " + said.Text
}

// project makes a project, with what `lattice new` does.
func project(t *testing.T, template string) (dir string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "my-"+template)
	p := scaffold.Project{Dir: dir, Name: "my-" + template, Module: "example.com/" + template, Template: template, Replace: root}
	if _, err := p.Write(); err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o644); err != nil {
		t.Fatal(err)
	}
	tidy := exec.Command("go", "mod", "tidy")
	tidy.Dir, tidy.Env = dir, append(os.Environ(), "GOPROXY=off")
	if out, err := tidy.CombinedOutput(); err != nil {
		t.Fatalf("go mod tidy: %v\n%s", err, out)
	}
	return dir
}

// home is the local host, which serves what wrangler has built.
type home struct {
	t      *testing.T
	o      local.Options
	server *httptest.Server
	host   atomic.Pointer[local.Host]
}

func startLocal(t *testing.T, dir string) *home {
	t.Helper()
	cfg, err := wrangler.Load(filepath.Join(dir, "wrangler.toml"), "")
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := cfg.LoadSecrets("")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range secrets.Values {
		cfg.Vars[name] = wrangler.Var{Text: value}
	}
	h := &home{t: t}
	if h.o, err = bindings.Options(cfg, cfg.Vars, nil); err != nil {
		t.Fatal(err)
	}
	if h.o.Module, err = os.ReadFile(filepath.Join(dir, "build", "dist", "app.wasm")); err != nil {
		t.Fatal(err)
	}
	h.o.Dir, h.o.CacheDir = t.TempDir(), local.TestCacheDir()
	h.begin()
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.host.Load().ServeHTTP(w, r) }))
	t.Cleanup(func() {
		h.server.CloseClientConnections()
		h.server.Close()
		h.end()
	})
	return h
}

func (h *home) begin() {
	h.t.Helper()
	host, err := local.New(context.WithoutCancel(h.t.Context()), h.o)
	if err != nil {
		h.t.Fatal(err)
	}
	h.host.Store(host)
}

func (h *home) end() {
	h.t.Helper()
	if err := h.host.Load().Close(); err != nil {
		h.t.Error(err)
	}
}

// startWrangler runs wrangler dev in the project, after its migrations.
func startWrangler(t *testing.T, dir string) (addr string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "migrations")); err == nil {
		cmd, err := workerd.Wrangler(t.Context(), "d1", "migrations", "apply", "DB", "--local")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("apply the migrations: %v\n%s", err, out)
		}
	}
	return workerd.Dev(t, dir, 2*time.Minute, []string{"GOPROXY=off"})
}
