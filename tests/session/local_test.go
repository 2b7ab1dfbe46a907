package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/session/keys"
	"grove.place/lattice/tests/session/vault"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/analyticsengine"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/rpc"
)

const missing = `Worker "gone" not found. Make sure it is running locally. Start it in the same session: lattice dev -c wrangler.toml -c path/to/gone/wrangler.toml`

func TestAWorkerThatIsNotThere(t *testing.T) {
	h := serve(t, local.StartTest(t, options()))
	h.want("/gone/x", "503 "+missing)
	h.want("/rpc/GONE/x", "502 "+missing+" (remote true)")
	h.want("/lost", "502 "+missing+" (remote true)")
	h.want("/call/ann/add?arg=1", "200 1") // the others are

	o := options()
	o.Scripts["LOST"], o.Objects["LOST"], o.Workers[0].Objects = "auth", "Safe", nil // a class that auth does not have
	h = serve(t, local.StartTest(t, o))
	h.want("/lost", `502 TypeError: the Worker "auth" has no Durable Object class "Safe": check class_name and script_name of the binding LOST (remote false)`)
}

func TestEntrypointsThatAreNotThere(t *testing.T) {
	app := local.StartTest(t, options())
	const want = `the Worker "auth" exports no entrypoint "Locks": declare it there with workers.Entrypoint, or change entrypoint of the service binding`
	serve(t, app).want("/keys/missing", "502 "+want+" (remote false)")
	req, _ := http.NewRequestWithContext(app.Context(), http.MethodGet, "https://keys/", nil)
	if _, err := workers.Service("LOST_KEYS").Do(req); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("fetch: %v", err)
	}
}

func TestATestCallsEntrypoints(t *testing.T) {
	app := local.StartTest(t, options())
	ring := workers.Service("KEYS")
	signed, err := keys.Sign.Call(app.Context(), ring, "a text")
	if err != nil || signed != (keys.Signed{Text: "a text", By: "the auth one", May: "sign"}) {
		t.Errorf("signed %+v, %v", signed, err)
	}
	all, err := keys.Each.Call(app.Context(), ring, rpc.NewFunction(app.Context(), func(_ context.Context, text string) (string, error) { return text + " of the test", nil }))
	if err != nil || !slices.Equal(all, []string{"one of the test", "two of the test"}) {
		t.Errorf("%q, %v", all, err)
	}
	var e *workers.Error
	if _, err = keys.Refuse.Call(app.Context(), ring, "no"); !errors.As(err, &e) || e.Name != "RangeError" || e.Message != "no" || !e.Remote {
		t.Errorf("refused with %v", err)
	}
	if _, err = keys.Sign.Call(app.Context(), ring.WithProps(map[string]string{"may": "all"}), "x"); err == nil || !strings.Contains(err.Error(), "only ctx.exports takes others") {
		t.Errorf("a binding was given props: %v", err)
	}
	var props any
	if err := workers.Props(app.Context(), &props); err != nil || len(props.(map[string]any)) > 0 {
		t.Errorf("a test has the props %v, %v", props, err)
	}
}

// serve is a home of a host of StartTest, whose clock stands still.
func serve(t *testing.T, h http.Handler) home {
	front := httptest.NewServer(h)
	t.Cleanup(front.Close)
	return home{t, front.URL, nil}
}

func TestQueuesAlarmsAndStateOfASessionOutliveIt(t *testing.T) {
	app := local.StartTest(t, options())
	h := serve(t, app)
	h.want("/call/ann/add?arg=2", "200 2")
	h.want("/call/carl/later", "200 {}")
	h.want("/send?text=hello", `200 "sent"`)
	if err := app.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	app.Clock.Advance(2 * time.Second)
	h.want("/call/ann/add?arg=1", "200 3")
	h.want("/call/carl/notes", `200 ["alarm of carl"]`)
	h.want("/call/inbox/notes", `200 ["mail: hello"]`)

	auth := app.Worker("auth") // which the test reaches as it reaches app
	if got, err := vault.Add.Call(auth.Context(), vault.Vaults.GetByName("ann"), 4); err != nil || got != 7 {
		t.Errorf("auth's own vault has %d, %v", got, err)
	}
	if notes, err := local.Rows[string](auth.Storage("Vault", "carl"), "SELECT text FROM notes"); err != nil || len(notes) != 1 {
		t.Errorf("carl has %q, %v", notes, err)
	}
	if _, err := app.Objects("Vault"); err == nil || !strings.Contains(err.Error(), `is that of another Worker (auth, gone)`) {
		t.Errorf("app lists the objects of auth's class: %v", err)
	}
	if app.Worker("gone") != nil {
		t.Error("there is a Worker called gone")
	}
}

// A Worker whose name begins as another's does not take its alarms.
func TestAlarmsStayWithTheirWorker(t *testing.T) {
	dir := t.TempDir()
	named := func(name string) local.TestOptions {
		return local.TestOptions{Package: "./auth", Options: local.Options{Name: name, Dir: dir, Objects: map[string]string{"VAULTS": "Vault"}}}
	}
	o := named("auth")
	o.Workers = []local.TestOptions{named("auth-next")}
	auth := local.StartTest(t, o)
	carl := vault.Vaults.GetByName("carl")
	if _, err := vault.Later.Call(auth.Worker("auth-next").Context(), carl, durables.None{}); err != nil {
		t.Fatal(err)
	}
	if err := auth.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	auth.Clock.Advance(time.Second)
	if notes, err := vault.Notes.Call(auth.Worker("auth-next").Context(), carl, durables.None{}); err != nil || fmt.Sprint(notes) != "[alarm of carl]" {
		t.Errorf("after the alarm: %v, %v", notes, err)
	}
}

func TestNamesAndConsumersOfASessionAreOne(t *testing.T) {
	s, _ := startLocal(t, t.TempDir())
	module, err := local.BuildTest("./auth")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		options local.Options
		want    string
	}{
		{local.Options{Name: "auth"}, `the session has a Worker called "auth" already`},
		{local.Options{Name: "third", Consumers: map[string]local.Consumer{"mail": {}}}, `queue mail is consumed by the Worker "auth" already`},
	} {
		c.options.Module, c.options.CacheDir = module, local.TestCacheDir()
		if _, err := s.Start(t.Context(), c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if s.Worker("third") != nil {
		t.Error("a Worker runs that did not start")
	}
}

// A Worker is replaced while another calls it: what runs ends or fails with a reason, what comes waits, and stubs go on.
func TestAWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	s, h := startLocal(t, t.TempDir())
	h.want("/call/ann/add?arg=2", "200 2")
	running := make(chan string, 1)
	go func() { running <- h.get("/auth/slow") }()
	h.until("/call/slow/notes", `200 ["began"]`)
	replaced := make(chan error, 1)
	go func() { replaced <- s.Worker("auth").Close() }()
	if got := <-running; !strings.Contains(got, `the Worker "auth" was replaced by a new build, or ended, while this call ran: try again (remote true)`) {
		t.Errorf("the call that ran: %s", got)
	}
	if err := <-replaced; err != nil {
		t.Fatal(err)
	}
	waiting := make(chan string, 2)
	go func() { waiting <- h.get("/call/ann/add?arg=3") }()
	go func() { waiting <- h.get("/auth/who") }()
	select {
	case got := <-waiting:
		t.Errorf("a call does not wait: %s", got)
	case <-time.After(100 * time.Millisecond):
	}
	begin(t, s, options().Workers[0])
	for range 2 {
		if got := <-waiting; got != "200 5" && got != "200 auth: GET inside.example/who for , the auth one" {
			t.Errorf("a call that waited: %s", got)
		}
	}
	h.want("/send?text=hello", `200 "sent"`)
	h.until("/call/inbox/notes", `200 ["mail: hello"]`)
}

func TestAWorkerThatDoesNotComeFailsItsCallers(t *testing.T) {
	s, h := startLocal(t, t.TempDir())
	if err := s.Worker("auth").Close(); err != nil {
		t.Fatal(err)
	}
	waiting := make(chan string, 1)
	go func() { waiting <- h.get("/call/ann/add?arg=3") }()
	s.Missing("auth", errors.New("it does not compile"))
	if got := <-waiting; got != `502 the Worker "auth" is not running: it does not compile (remote false)` {
		t.Errorf("a call that waited: %s", got)
	}
	h.want("/rpc/AUTH/x", `502 the Worker "auth" is not running: it does not compile (remote false)`)
	begin(t, s, options().Workers[0])
	h.want("/call/ann/add?arg=3", "200 3")
}

func TestASessionIsSimulated(t *testing.T) {
	var runs [2]string
	for i := range runs {
		var trace strings.Builder
		o := options()
		o.Trace = &trace
		sim := local.NewSim(t, o, 7)
		for _, name := range []string{"a", "b"} {
			sim.Go(name, func(ctx context.Context) error {
				if _, err := vault.Add.Call(ctx, vault.Vaults.GetByName("ann"), 1); err != nil {
					return err
				}
				w := httptest.NewRecorder()
				sim.ServeHTTP(w, httptest.NewRequest("GET", "/deep?n=3", nil))
				if w.Body.String() != "app(auth(app(bottom)<nil>)<nil>)<nil>" {
					return errors.New(w.Body.String())
				}
				return nil
			})
		}
		if err := sim.Run(); err != nil {
			t.Fatal(err)
		}
		runs[i] = trace.String()
	}
	if runs[0] != runs[1] || !strings.Contains(runs[0], "commit Vault") {
		t.Errorf("two runs with one seed differ, or show nothing of auth: %d and %d bytes", len(runs[0]), len(runs[1]))
	}
}

// What two Workers bind under one name is one thing.
func TestStoresAreShared(t *testing.T) {
	bind := func(o *local.TestOptions) {
		o.KV, o.Buckets = map[string]string{"KV": "shared"}, map[string]string{"FILES": "shared"}
		o.Databases, o.Analytics = map[string]local.Database{"DB": {ID: "shared"}}, map[string]string{"POINTS": "shared"}
	}
	o := options()
	bind(&o)
	bind(&o.Workers[0])
	app := local.StartTest(t, o)
	ours, theirs := app.Context(), app.Worker("auth").Context()
	if err := kv.Namespace("KV").Put(ours, "key", "of app", nil); err != nil {
		t.Fatal(err)
	}
	var text string
	if found, err := kv.Namespace("KV").Get(theirs, "key", &text, nil); err != nil || !found || text != "of app" {
		t.Errorf("KV: %q, %v, %v", text, found, err)
	}
	if _, err := d1.Database("DB").Exec(ours, "CREATE TABLE t (n); INSERT INTO t VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	var n int
	if found, err := d1.Database("DB").Prepare("SELECT n FROM t").First(theirs, &n); err != nil || !found || n != 7 {
		t.Errorf("D1: %d, %v", n, err)
	}
	if err := analyticsengine.Dataset("POINTS").WriteDataPoint(ours, analyticsengine.DataPoint{Blobs: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	if points, err := app.Worker("auth").DataPoints("shared"); err != nil || len(points) != 1 {
		t.Errorf("data points: %v, %v", points, err)
	}
}

// Messages wait for a consumer that is not there yet.
func TestAQueueWaitsForItsConsumer(t *testing.T) {
	dir := t.TempDir()
	alone := options()
	alone.Dir, alone.Workers = dir, nil
	t.Run("without", func(t *testing.T) {
		app := local.StartTest(t, alone)
		serve(t, app).want("/send?text=early", `200 "sent"`)
		app.Clock.Advance(time.Minute)
	})
	o := options()
	o.Dir = dir
	app := local.StartTest(t, o)
	app.Clock.Advance(time.Minute)
	serve(t, app).want("/call/inbox/notes", `200 ["mail: early"]`)
}

// As on Cloudflare, the files of a Worker come before its code for those that bind it, too.
func TestAssetsOfAnotherWorker(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file.txt"), []byte("an asset"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Workers[0].Assets = &local.Assets{Dir: dir}
	h := serve(t, local.StartTest(t, o))
	h.want("/auth/file.txt", "200 an asset")
	h.want("/auth/who", "200 auth: GET inside.example/who for , the auth one")
	h.want("/admin/file.txt", "200 admin: /file.txt")
}

func TestAWorkerDiesWhileItIsCalled(t *testing.T) {
	t.Parallel()
	s, h := startLocal(t, t.TempDir())
	running := make(chan string, 1)
	go func() { running <- h.get("/auth/slow") }()
	h.until("/call/slow/notes", `200 ["began"]`)
	if err := s.Worker("auth").Crash("out of luck"); err != nil {
		t.Fatal(err)
	}
	if got := <-running; !strings.Contains(got, "the Go program exited: out of luck (remote true)") {
		t.Errorf("the call that ran: %s", got)
	}
	h.want("/call/slow/notes", `200 ["began"]`)
}
