// Package session runs two Workers together, on the local host and on real workerd: app, which clients reach, and auth, which app calls by a service
// binding, by objects of a class that auth has, and by a queue that auth consumes. Both homes must answer as the tests say.
package session

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	local "grove.place/lattice/local-runtime"
)

// home is where the two Workers run.
type home struct {
	*testing.T
	url  string
	said map[string]string // what must be the same at both homes, whatever it is
}

// options are the two Workers for the local host.
func options() local.TestOptions {
	auth := local.TestOptions{Package: "./auth", Options: local.Options{
		Name: "auth", Objects: map[string]string{"VAULTS": "Vault"}, Services: map[string]string{"APP": "app"},
		Consumers: map[string]local.Consumer{"mail": {MaxBatchTimeout: time.Second}}, Vars: map[string]string{"NAME": "the auth one"},
	}}
	return local.TestOptions{Package: "./app", Workers: []local.TestOptions{auth}, Options: local.Options{
		Name: "app", Services: map[string]string{"AUTH": "auth", "ADMIN": "auth", "GONE": "gone", "KEYS": "auth", "PLAIN_KEYS": "auth", "LOST_KEYS": "auth"}, Queues: map[string]string{"MAIL": "mail"},
		Objects: map[string]string{"VAULTS": "Vault", "LOST": "Vault"}, Scripts: map[string]string{"VAULTS": "auth", "LOST": "gone"},
		Entrypoints: map[string]local.Entrypoint{"ADMIN": {Name: "Admin", Props: map[string]any{"role": "root"}}, "KEYS": {Name: "Keys", Props: map[string]any{"may": "sign"}}, "PLAIN_KEYS": {Name: "Keys"}, "LOST_KEYS": {Name: "Locks"}},
		Vars:        map[string]string{"NAME": "the app one"},
	}}
}

// startLocal starts them on a folder, with the machine's clock.
func startLocal(t *testing.T, dir string) (*local.Session, home) {
	t.Helper()
	s, err := local.NewSession(local.SessionOptions{Dir: dir, Workers: []string{"app", "auth"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	o := options()
	app := begin(t, s, o)
	begin(t, s, o.Workers[0])
	front := httptest.NewServer(app)
	t.Cleanup(front.Close)
	return s, home{t, front.URL, map[string]string{}}
}

// begin starts a Worker in a session.
func begin(t *testing.T, s *local.Session, o local.TestOptions) *local.Host {
	t.Helper()
	module, err := local.BuildTest(o.Package)
	if err != nil {
		t.Fatal(err)
	}
	o.Module, o.CacheDir = module, local.TestCacheDir()
	h, err := s.Start(t.Context(), o.Options)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get returns status and body.
func (h home) get(path string) string {
	h.Helper()
	res, err := http.Get(h.url + path)
	if err != nil {
		h.Fatal(err)
	}
	return h.read(res)
}

func (h home) read(res *http.Response) string {
	h.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, strings.TrimSpace(string(body)))
}

func (h home) want(path, want string) {
	h.Helper()
	if got := h.get(path); got != want {
		h.Errorf("GET %s: %q, want %q", path, got, want)
	}
}

// until asks again until the answer is as wanted.
func (h home) until(path, want string) {
	h.Helper()
	got := ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got = h.get(path); got == want {
			return
		}
	}
	h.Errorf("GET %s: %q, want %q", path, got, want)
}

// part runs a part of a test.
func (h home) part(name string, test func(h home)) {
	h.Run(name, func(t *testing.T) { test(home{t, h.url, h.said}) })
}

// onBothHomes runs a test on the local host and on workerd.
func onBothHomes(t *testing.T, test func(h home)) {
	var local, workerd home
	t.Run("local", func(t *testing.T) {
		_, local = startLocal(t, t.TempDir())
		test(local)
	})
	t.Run("workerd", func(t *testing.T) {
		workerd = startWorkerd(t)
		test(workerd)
	})
	if local.said != nil && workerd.said != nil && !maps.Equal(local.said, workerd.said) {
		t.Errorf("the local host says %v, workerd %v", local.said, workerd.said)
	}
}

func TestTwoWorkers(t *testing.T) {
	onBothHomes(t, func(h home) {
		h.part("fetch", fetches)
		h.part("methods", methods)
		h.part("bodies stream", streams)
		h.part("WebSockets", sockets)
		h.part("objects of the other Worker", objects)
		h.part("entrypoints of the other Worker", entrypoints)
		h.part("a queue that the other Worker consumes", func(h home) {
			h.want("/send?text=hello", `200 "sent"`)
			h.until("/call/inbox/notes", `200 ["mail: hello"]`)
		})
	})
}

func fetches(h home) {
	req, _ := http.NewRequest("PUT", h.url+"/auth/who", strings.NewReader("x"))
	req.Header.Set("X-User", "ann")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		h.Fatal(err)
	}
	if from := res.Header.Get("X-From"); from != "auth" {
		h.Errorf("the header X-From is %q", from)
	}
	if got := h.read(res); got != "200 auth: PUT inside.example/who for ann, the auth one" {
		h.Error(got)
	}
	res, err = http.Post(h.url+"/auth/echo", "text/plain", strings.NewReader(strings.Repeat("long ", 100_000)))
	if err != nil {
		h.Fatal(err)
	}
	if got := h.read(res); got != "202 "+strings.TrimSpace(strings.Repeat("long ", 100_000)) {
		h.Errorf("a long body comes back as %.80s…, %d bytes", got, len(got))
	}
	h.want("/auth/nowhere", "404 404 page not found")
	h.want("/deep?n=9", "200 app(auth(app(auth(app(auth(app(auth(app(bottom)<nil>)<nil>)<nil>)<nil>)<nil>)<nil>)<nil>)<nil>)<nil>")
	h.want("/auth/fail", "502 fetch GET https://inside.example/fail: panic: auth is out of order (remote true)")
	h.want("/rpc/AUTH/nothing", `502 TypeError: The RPC receiver does not implement the method "nothing". (remote true)`)
}

func methods(h home) {
	h.want("/method/greet?arg=ann", `200 "hello, ann"`)
	h.want("/method/twice", `200 "app\u003capp\u003cauth\u003e\u003e"`)
	h.want("/method/fail?arg=too+much", "502 RangeError: too much (remote true)")
	h.want("/method/open?arg=10", "200 15")
	h.want("/method/chain?arg=5", `200 "app auth app auth app auth"`)
	h.want("/method/role", `200 {"role":"root"}`)
	h.want("/method/elsewhere?arg=x", `502 TypeError: The RPC receiver does not implement the method "greet". (remote true)`)
	h.want("/admin/panel", "200 admin: /panel")
}

// streams reads the beginning of an answer before its end is made.
func streams(h home) {
	res, err := http.Get(h.url + "/auth/ticks")
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewReader(res.Body)
	if line, err := lines.ReadString('\n'); line != "one\n" {
		h.Fatalf("the answer begins with %q, %v", line, err)
	}
	h.want("/call/gate/note?arg=open", "200 {}")
	if line, err := lines.ReadString('\n'); line != "two\n" {
		h.Errorf("the answer goes on with %q, %v", line, err)
	}
}

func sockets(h home) {
	for path, want := range map[string][]string{"/auth/ws": {"auth heard a", "auth heard b"}, "/ring/ws": {"auth heard a", "auth heard b"}, "/vault/talk/ws": {"a 1", "b 2"}} {
		conn, _, _, err := ws.Dial(h.Context(), "ws"+strings.TrimPrefix(h.url, "http")+path)
		if err != nil {
			h.Fatal(path, err)
		}
		for i, text := range []string{"a", "b"} {
			if err := wsutil.WriteClientText(conn, []byte(text)); err != nil {
				h.Fatal(err)
			}
			if got, err := wsutil.ReadServerText(conn); err != nil || string(got) != want[i] {
				h.Errorf("%s: heard %q, %v, want %q", path, got, err, want[i])
			}
		}
		conn.Close()
	}
}

func entrypoints(h home) {
	h.want("/keys/sign?arg=a+text", `200 {"text":"a text","by":"the auth one","may":"sign"}`)
	h.want("/keys/unbound?arg=a+text", `200 {"text":"a text","by":"the auth one","may":""}`)
	h.want("/keys/refuse?arg=not+today", "502 RangeError: not today (remote true)")
	h.want("/keys/each?arg=of+app", `200 ["one of app","two of app"]`)
	h.want("/keys/pages", "200 500000")
	h.want("/keys/note?arg=from+keys", "200 9")
	h.want("/call/keys/notes", `200 ["from keys"]`)
	h.want("/keys/health", `200 "the auth one is well"`)
	h.want("/keys/health-of-keys", `502 TypeError: The RPC receiver does not implement the method "health". (remote true)`)
	h.want("/ring/a/b", "200 keys: GET /a/b, may sign")
}

func objects(h home) {
	h.want("/call/ann/add?arg=2", "200 2")
	h.want("/call/ann/add?arg=3", "200 5")
	h.want("/call/bob/add?arg=1", "200 1")
	h.want("/vault/ann/some/path", "200 vault ann: GET /some/path")
	h.want("/call/ann/note?arg=from+app", "200 {}")
	h.want("/auth/note?vault=ann", "200 noted") // the same object, reached by its own Worker
	h.want("/call/ann/notes", `200 ["from app","from auth"]`)
	h.want("/call/x/id?arg=ann", h.get("/auth/id?vault=ann"))
	h.said["the id of ann"] = h.get("/auth/id?vault=ann")
	h.want("/call/ann/open?arg=10", "200 25")
	h.want("/call/ann/each?arg=2", `200 "[app 0][app 1][end]"`)
	h.want("/call/ann/break?arg=so+be+it", "502 TypeError: so be it (remote true)")
	h.want("/call/carl/later", "200 {}")
	h.until("/call/carl/notes", `200 ["alarm of carl"]`)
}
