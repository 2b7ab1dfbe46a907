package devserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
)

// fakeHost answers with the text of its module.
type fakeHost struct {
	p      Program
	closed chan struct{}
	once   sync.Once
	hold   chan struct{} // a request to /hold waits for it
	holds  chan struct{} // and says here that it does
}

func (h *fakeHost) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/hold" {
		h.holds <- struct{}{}
		<-h.hold
	}
	if r.URL.Path == "/upgrade" {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		go func() {
			defer conn.Close()
			line, _ := buffered.ReadString('\n')
			io.WriteString(conn, line)
		}()
		return
	}
	select {
	case <-h.closed:
		http.Error(w, "a request met a closed host", http.StatusInternalServerError)
	default:
		if r.URL.Path == "/healthz" || strings.Contains(r.URL.Path, "//") {
			fmt.Fprint(w, r.Method, " ", r.URL.Path, " ")
		}
		fmt.Fprintf(w, "%s %s", h.p.Module, h.p.Vars["NAME"].Text)
	}
}

func (h *fakeHost) ScheduledOutcome(_ context.Context, cron string, at time.Time) (noRetry bool, err error) {
	if cron == "bad" {
		return true, errors.New("no such cron")
	}
	return false, nil
}

func (h *fakeHost) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// project is a folder in which program.go is the module: its text is what a build makes.
type project struct {
	t   *testing.T
	dir string
	url string
	// programs is what the inspector would ask.
	programs func() []Running
	out      *lines
	hold     chan struct{}
	// holds tells that a request is inside.
	holds chan struct{}
	stop  func() error
}

// lines is a log that a test can wait on.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	wake chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	close(l.wake)
	l.wake = make(chan struct{})
	return len(p), nil
}

// await waits until the log has text after the offset, and returns the offset behind it.
func (l *lines) await(t *testing.T, after int, text string) int {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		l.mu.Lock()
		all, wake := l.text.String(), l.wake
		l.mu.Unlock()
		if i := strings.Index(all[after:], text); i >= 0 {
			return after + i + len(text)
		}
		select {
		case <-wake:
		case <-deadline:
			t.Fatalf("the log never says %q:\n%s", text, all)
		}
	}
}

func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) get(path string) (int, string) {
	p.t.Helper()
	res, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, strings.TrimSpace(string(body))
}

const config = "name = \"app\"\n[vars]\nNAME = \"world\"\n[[d1_databases]]\nbinding = \"DB\"\n"

func serve(t *testing.T, source string, change func(*Options)) *project {
	t.Helper()
	p := &project{t: t, dir: t.TempDir(), out: &lines{wake: make(chan struct{})}, hold: make(chan struct{}), holds: make(chan struct{}, 1)}
	p.write("go.mod", "module app\n\ngo 1.26\n")
	p.write("wrangler.toml", config)
	p.write("program.go", source)
	o := Options{
		Host: "127.0.0.1", Log: Logger(p.out, slog.LevelInfo), Source: Source{
			ConfigPath: filepath.Join(p.dir, "wrangler.toml"),
			Load: func() (*wrangler.Config, build.Options, error) {
				cfg, err := wrangler.Load(filepath.Join(p.dir, "wrangler.toml"), "")
				return cfg, build.Options{Dir: p.dir, Package: ".", Config: cfg}, err
			},
			Build: func(context.Context, build.Options) (*build.Result, error) {
				text, err := os.ReadFile(filepath.Join(p.dir, "program.go"))
				if strings.Contains(string(text), "broken") {
					return nil, &build.CompileError{Package: ".", Output: "program.go:1:1: broken"}
				}
				return &build.Result{Module: text, Manifest: &build.Manifest{SHA256: string(text)}}, err
			},
			Start: func(_ context.Context, prog Program) (Host, error) {
				if strings.Contains(string(prog.Module), "unstartable") {
					return nil, errors.New("cannot start that")
				}
				return &fakeHost{p: prog, closed: make(chan struct{}), hold: p.hold, holds: p.holds}, nil
			},
		}}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	p.url, p.programs = s.URL(), s.Programs
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	p.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := p.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return p
}

func TestChangesTakeOver(t *testing.T) {
	p := serve(t, "// one", nil)
	if status, body := p.get("/"); status != 200 || body != "// one world" {
		t.Fatalf("at first: %d %s", status, body)
	}
	at := p.out.await(t, 0, "ready on "+p.url)
	for _, k := range []struct{ file, text, want string }{
		{"program.go", "// two", "// two world"},
		{".env", "NAME=${WHO:-dotenv}", "// two dotenv"},
		{".dev.vars", "NAME=secret", "// two secret"},
		{"wrangler.toml", config + "# changed", "// two secret"},
		{"migrations/0001.sql", "CREATE TABLE t (a)", "// two secret"},
		{"migrations/0001.sql", "CREATE TABLE t (b)", "// two secret"},
	} {
		p.write(k.file, k.text)
		at = p.out.await(t, at, "ready on")
		if _, body := p.get("/"); body != k.want {
			t.Fatalf("after %s: %s, want %s", k.file, body, k.want)
		}
	}
	p.write("other.go", "package app")
	p.out.await(t, at, "nothing that runs has changed")
}

// TestWhatIsOddIsSaidOnceUntilItChanges: also when a build in between fails.
func TestWhatIsOddIsSaidOnceUntilItChanges(t *testing.T) {
	p := serve(t, "// odd one", func(o *Options) {
		made := o.Source.Build
		o.Source.Build = func(ctx context.Context, b build.Options) (*build.Result, error) {
			res, err := made(ctx, b)
			if err == nil && strings.Contains(string(res.Module), "odd") {
				res.Warnings = []string{"this is odd", "this is odd"}
			}
			return res, err
		}
	})
	at := p.out.await(t, 0, "ready on")
	for _, text := range []string{"// odd two", "broken", "// odd three", "// plain", "// odd again"} {
		p.write("program.go", text)
		end := "ready on"
		if text == "broken" {
			end = "not built"
		}
		at = p.out.await(t, at, end)
	}
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if n := strings.Count(p.out.text.String(), "this is odd"); n != 2 {
		t.Errorf("said %d times, want at first and after it was gone:\n%s", n, p.out.text.String())
	}
}

func TestTheFoldersOfABuildsOutputAreNotWatched(t *testing.T) {
	dir := t.TempDir()
	w, err := newWatcher(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	out := filepath.Join(dir, "build", "dist")
	w.main, w.skipped = filepath.Join(out, "worker.mjs"), map[string]bool{out: true}
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.main, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if file := w.created(filepath.Join(dir, "build")); file != "" {
		t.Errorf("a first build writes %s, which counts as a change", file)
	}
	if err := os.WriteFile(filepath.Join(dir, "build", "tool.go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if file := w.created(filepath.Join(dir, "build")); filepath.Base(file) != "tool.go" {
		t.Errorf("a source beside the output: %q", file)
	}
}

func TestFailuresLeaveTheLastGoodBuildServing(t *testing.T) {
	p := serve(t, "// one", nil)
	at := p.out.await(t, 0, "ready on")
	for _, k := range []struct{ file, text, want string }{
		{"program.go", "broken", "program.go:1:1: broken"},
		{"program.go", "// unstartable", "cannot start that"},
		{"wrangler.toml", "name = ", "wrangler.toml:1:7: not valid TOML"},
		{"wrangler.toml", config + "[triggers]\ncrons = [\"often\"]", `"often": a cron has five fields`},
		{"wrangler.toml", config + "[secrets]\nrequired = [\"KEY\"]", "secrets.required names KEY, which is not set"},
	} {
		p.write(k.file, k.text)
		at = p.out.await(t, at, "the last good build goes on serving:")
		at = p.out.await(t, at, k.want)
		if status, body := p.get("/"); status != 200 || body != "// one world" {
			t.Errorf("after %s: %d %s", k.text, status, body)
		}
		if one := p.programs()[0]; one.Down != "" || !strings.Contains(one.Stale, k.want) {
			t.Errorf("after %s the inspector hears %q, %q", k.text, one.Down, one.Stale)
		}
		if k.file == "wrangler.toml" {
			p.write(k.file, config)
		} else {
			p.write(k.file, "// one")
		}
		at = p.out.await(t, at, "nothing that runs has changed")
		if one := p.programs()[0]; one.Stale != "" {
			t.Errorf("when %s is mended, the inspector hears %q", k.text, one.Stale)
		}
	}
}

func TestFirstBuildThatFailsIsExplainedUntilItIsMended(t *testing.T) {
	p := serve(t, "broken", nil)
	p.out.await(t, 0, "not built; waiting for a change:")
	for _, path := range []string{"/", "/healthz", "/cdn-cgi/handler/scheduled"} {
		if status, body := p.get(path); status != 503 || !strings.Contains(body, "program.go:1:1: broken") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	p.write("program.go", "// mended")
	p.out.await(t, 0, "ready on")
	if status, body := p.get("/healthz"); status != 200 || body != "ok" {
		t.Errorf("healthz: %d %s", status, body)
	}
}

func TestAProgramThatCannotStartIsTriedAgainWithoutAChange(t *testing.T) {
	var tries atomic.Int32
	p := serve(t, "// one", func(o *Options) {
		start := o.Start
		o.Start = func(ctx context.Context, prog Program) (Host, error) {
			if tries.Add(1) < 3 {
				return nil, errors.New("the storage is in use")
			}
			return start(ctx, prog)
		}
	})
	at := p.out.await(t, 0, "not started; trying again until it does:")
	if status, body := p.get("/"); status != 503 || !strings.Contains(body, "the storage is in use") {
		t.Errorf("meanwhile: %d %s", status, body)
	}
	p.out.await(t, at, "ready on")
	if status, body := p.get("/"); status != 200 || body != "// one world" {
		t.Errorf("in the end: %d %s", status, body)
	}
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if n := strings.Count(p.out.text.String(), "the storage is in use"); n != 1 {
		t.Errorf("the log says %d times why", n)
	}
}

func TestRequestsFinishInTheHostTheyStartedIn(t *testing.T) {
	p := serve(t, "// one", nil)
	at := p.out.await(t, 0, "ready on")
	answer := make(chan string)
	go func() {
		_, body := p.get("/hold")
		answer <- body
	}()
	<-p.holds
	p.write("program.go", "// two")
	p.out.await(t, at, "program.go changed")
	next := make(chan string)
	go func() {
		for { // until the old host has left, this may still be answered by it
			if _, body := p.get("/"); body != "// one world" {
				next <- body
				return
			}
		}
	}()
	close(p.hold)
	if body := <-answer; body != "// one world" {
		t.Errorf("the request inside got %q", body)
	}
	if body := <-next; body != "// two world" {
		t.Errorf("the request at the door got %q", body)
	}
}

func TestScheduledNow(t *testing.T) {
	p := serve(t, "// one", nil)
	for path, want := range map[string]string{
		"?cron=*+*+*+*+*": "200 ok", "?cron=bad": "500 exception", "?time=1700000000000": "200 ok",
		"?format=json": `200 {"outcome":"ok","noRetry":false}`, "?format=json&cron=bad": `500 {"outcome":"exception","noRetry":true}`,
		"?time=soon": "400 time must be in milliseconds since 1970",
	} {
		if status, body := p.get("/cdn-cgi/handler/scheduled" + path); fmt.Sprint(status, " ", body) != want {
			t.Errorf("%s: %d %s, want %s", path, status, body, want)
		}
	}
}

func TestTheProgramSeesPathsAsTheyAre(t *testing.T) {
	p := serve(t, "// one", nil)
	if status, body := p.get("//a/../b"); status != 200 || body != "GET //a/../b // one world" {
		t.Errorf("got %d %s", status, body)
	}
	res, err := http.Post(p.url+"/healthz", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != "POST /healthz // one world" {
		t.Errorf("POST /healthz is not the program's: %s", body)
	}
}

func TestConnectionsAreHandedOver(t *testing.T) {
	p := serve(t, "// one", nil)
	req, _ := http.NewRequest("GET", p.url+"/upgrade", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp.Status)
	}
	defer conn.Close()
	io.WriteString(conn, "hello\n")
	if got, err := io.ReadAll(conn); string(got) != "hello\n" {
		t.Errorf("%q, %v", got, err)
	}
	p.out.await(t, 0, "GET /upgrade 101")
}

func TestLogHasNoQueries(t *testing.T) {
	p := serve(t, "// one", nil)
	p.get("/auth/callback?code=secret")
	p.out.await(t, 0, "GET /auth/callback 200 ")
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if strings.Contains(p.out.text.String(), "secret") {
		t.Error("a query is in the log")
	}
}

func TestLogShortensLongAddresses(t *testing.T) {
	p := serve(t, "// one", nil)
	p.get("/" + strings.Repeat("a", 5000))
	p.out.await(t, 0, "GET /"+strings.Repeat("a", longestPath-1)+"… 200 ")
}

func TestVariablesThatAreSetWinOverFiles(t *testing.T) {
	p := serve(t, "// one", func(o *Options) { o.Vars = map[string]string{"NAME": "flag"} })
	p.write(".dev.vars", "NAME=secret")
	if _, body := p.get("/"); body != "// one flag" {
		t.Errorf("got %s", body)
	}
}

func TestPortInUseNamesTheFlag(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	_, err = New(Options{Host: "127.0.0.1", Port: port})
	if err == nil || !strings.Contains(err.Error(), "--port") || !strings.Contains(err.Error(), fmt.Sprint(port)) {
		t.Errorf("got %v", err)
	}
}

func TestSidecarsLiveAndEndWithTheServer(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ended")
	p := serve(t, "// one", func(o *Options) {
		o.Sidecars = []string{
			"trap 'echo ended > " + mark + "; exit 0' INT; echo up; while :; do sleep 0.05; done",
			"echo gone; exit 3",
		}
	})
	p.out.await(t, 0, "[sidecar] up")
	p.out.await(t, 0, "has ended (exit status 3); the server goes on without it")
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the sidecar was not told to end")
	}
}

func TestAnAddressOfAnotherMachineIsNotListenedOn(t *testing.T) {
	_, err := New(Options{Host: "192.0.2.1", Log: slog.New(slog.DiscardHandler)}) // of documentation, RFC 5737
	if err == nil || !strings.Contains(err.Error(), `this machine has no address "192.0.2.1": --host and --ip are where to listen`) {
		t.Errorf("%v", err)
	}
}
