// Package syumai runs programs of github.com/syumai/workers, written against nothing but its public API, on both homes: `lattice dev` in their
// folder, and real workerd with the JavaScript that the library generates. Then it moves them to the SDK (dropin_test.go) and runs them on both
// homes again. What clients see must be the same, and must be what the test says.
package syumai

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"grove.place/lattice/tests/workerd"
)

// home is where a program runs.
type home struct {
	t         *testing.T
	url       string
	scheduled string // address that sends a scheduled event
	local     bool
	dropIn    bool                     // the program was moved to the SDK
	said      []string                 // what clients saw, for the comparison
	log       func(want string) string // what lattice dev said until it said that
}

// onBothHomes runs a program on each home, as it is and moved to the SDK, and compares what clients saw on the two.
func onBothHomes(t *testing.T, name string, w workerd.Worker, use func(h *home)) {
	t.Parallel()
	compare(t, "", use, func(t *testing.T) *home { return lattice(t, name) }, func(t *testing.T) *home { return realWorkerd(t, name, w) })
	if unmoved[name] != "" {
		return
	}
	moved := move(t, name)
	compare(t, ", moved", use, func(t *testing.T) *home {
		h := lattice(t, moved)
		h.dropIn = true
		return h
	}, func(t *testing.T) *home { return movedOnWorkerd(t, name, moved, w) })
}

func compare(t *testing.T, as string, use func(h *home), homes ...func(t *testing.T) *home) {
	var seen [2][]string
	for i, start := range homes {
		t.Run([]string{"local", "workerd"}[i]+as, func(t *testing.T) {
			h := start(t)
			use(h)
			seen[i] = h.said
		})
	}
	if t.Failed() {
		return
	}
	if len(seen[0]) != len(seen[1]) {
		t.Fatalf("%d answers on the local host, %d on workerd", len(seen[0]), len(seen[1]))
	}
	for i := range seen[0] {
		if seen[0][i] != seen[1][i] {
			t.Errorf("answer %d differs:\nlocal:   %s\nworkerd: %s", i+1, seen[0][i], seen[1][i])
		}
	}
}

// shared is the folder of what is built once for all tests.
var shared string

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = parallel.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0))) // programs start, and queues wait, beside those that work
	}
	var err error
	if shared, err = os.MkdirTemp("", "lattice-syumai-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(shared)
	os.Exit(code)
}

// command is the lattice command.
var command = sync.OnceValues(func() (string, error) {
	path := filepath.Join(shared, "lattice")
	return path, run("go", "build", "-o", path, "grove.place/lattice/cmd/lattice")
})

// assets are what the library generates, which is the same for each program.
var assets = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(shared, "assets")
	return dir, run("go", "run", "github.com/syumai/workers/cmd/workers-assets-gen", "-mode=go", "-o", dir)
})

func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return err
}

// output is text that is written while it is read.
type output struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{} // closed by the next writing
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(p)
}

// with is the text once it contains want, or what there is after a minute.
func (o *output) with(want string) string {
	for late := time.After(time.Minute); ; {
		o.mu.Lock()
		text, more := o.text.String(), o.more
		o.mu.Unlock()
		if strings.Contains(text, want) {
			return text
		}
		select {
		case <-more:
		case <-late:
			return text
		}
	}
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var readyLine = regexp.MustCompile(`ready on (http://\S+)`)

// lattice runs lattice dev in a program's folder.
func lattice(t *testing.T, folder string, options ...string) *home {
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"dev", "--port", "0", "--persist-to", t.TempDir()}, options...)...)
	cmd.Dir = folder
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, log := make(chan string, 1), newOutput()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Fprintln(log, lines.Text())
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil && len(ready) == 0 {
				ready <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		cmd.Wait()
		if t.Failed() {
			t.Logf("lattice dev says:\n%s", log.String())
		}
	})
	select {
	case url := <-ready:
		return &home{t: t, url: url, scheduled: url + "/cdn-cgi/handler/scheduled", local: true, log: log.with}
	case <-ended:
		t.Fatal("lattice dev ended")
	case <-time.After(2 * time.Minute):
		t.Fatal("lattice dev is not ready after two minutes")
	}
	return nil
}

// realWorkerd runs the program with the library's own JavaScript.
func realWorkerd(t *testing.T, name string, w workerd.Worker) *home {
	w.Name, w.Dir = filepath.Base(name), bundle(t, name)
	return startWorkerd(t, w)
}

// bundle makes what workerd runs of a program.
func bundle(t *testing.T, name string) (dir string) {
	dir = t.TempDir()
	generated, err := assets()
	if err == nil {
		err = os.CopyFS(dir, os.DirFS(generated))
	}
	if err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "app.wasm"), "./"+name)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	extra, _ := filepath.Glob(filepath.Join(name, "*.mjs"))
	for _, file := range extra {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("./build/"), []byte("./")) // where the [build] command would have put the rest
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// startWorkerd starts a Worker, and others beside it.
func startWorkerd(t *testing.T, w workerd.Worker, others ...workerd.Worker) *home {
	s, err := workerd.Start(context.Background(), workerd.Options{Worker: w, Others: others})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("workerd says:\n%s", s.Output())
		}
	})
	return &home{t: t, url: s.URL, scheduled: s.Entry + "/cdn-cgi/local/scheduled"}
}

// request is what a client asks. The zero method is GET.
type request struct {
	method, path, body string
	header             map[string]string
}

// shown are the headers that are compared.
var shown = []string{"Content-Type", "Set-Cookie", "Cache-Control", "Etag", "Content-Length", "X-From", "X-Inner"}

// send returns the status, the headers that are compared, and the body.
func (h *home) send(q request) (status int, headers, body string) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), q.method, h.url+q.path, strings.NewReader(q.body))
	if err != nil {
		h.t.Fatal(err)
	}
	for name, value := range q.header {
		req.Header.Set(name, value)
	}
	client := &http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, name := range shown {
		if values := res.Header.Values(name); len(values) > 0 {
			headers += fmt.Sprintf("%s: %s\n", name, strings.Join(values, " | "))
		}
	}
	return res.StatusCode, headers, string(b)
}

// ask sends a request whose answer must have the status and the body.
func (h *home) ask(q request, status int, want string) {
	h.t.Helper()
	got, headers, body := h.send(q)
	if got != status || body != want {
		h.t.Errorf("%s %s: %d %q, want %d %q", q.method, q.path, got, shorten(body), status, shorten(want))
	}
	h.said = append(h.said, fmt.Sprintf("%s %s: %d\n%s%s", q.method, q.path, got, headers, shorten(body)))
}

func shorten(s string) string {
	if len(s) > 600 {
		return fmt.Sprintf("%s… (%d bytes)", s[:600], len(s))
	}
	return s
}

// until asks again and again until the body is as wanted, and says so.
func (h *home) until(path, want string) {
	h.t.Helper()
	body := ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(400 * time.Millisecond) { // each answer may be a program's run
		if _, _, body = h.send(request{path: path}); body == want {
			return
		}
	}
	h.t.Errorf("GET %s: %q, want %q", path, body, want)
}
