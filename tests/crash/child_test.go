package crash

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// TestMain turns this program into the host under test when startHost starts it.
func TestMain(m *testing.M) {
	if module := os.Getenv("LATTICE_CRASH_MODULE"); module != "" {
		if err := serve(module, os.Getenv("LATTICE_CRASH_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// host is a child process that runs the local host.
type host struct {
	url    string
	client *http.Client
	cmd    *exec.Cmd
	log    *bytes.Buffer
}

// startHost starts this test program again as a host, and returns when it listens.
func startHost(t *testing.T, module, dir string) *host {
	t.Helper()
	h := &host{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}, Timeout: time.Minute}, log: &bytes.Buffer{}}
	h.cmd = exec.Command(os.Args[0])
	h.cmd.Env = append(os.Environ(), "LATTICE_CRASH_MODULE="+module, "LATTICE_CRASH_DIR="+dir)
	h.cmd.Stderr = h.log
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			h.url = url
			return h
		}
	}
	h.cmd.Wait()
	t.Fatalf("the host did not listen:\n%s", h.log.String())
	return nil
}

// kill is kill -9.
func (h *host) kill() {
	h.cmd.Process.Kill()
	h.cmd.Wait()
	h.client.CloseIdleConnections()
}

func buildApp(t *testing.T) string {
	t.Helper()
	module := filepath.Join(t.TempDir(), "app.wasm")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", module, "./app")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return module
}

// serve is the child: the local host on the given folder, until it is killed.
func serve(module, dir string) error {
	wasm, err := os.ReadFile(module)
	if err != nil {
		return err
	}
	h, err := local.New(context.Background(), local.Options{
		Module: wasm, Name: "crash", Objects: map[string]string{"LEDGERS": "Ledger"}, Dir: dir, CacheDir: local.TestCacheDir(),
		Queues: map[string]string{"LETTERS": "letters"}, Consumers: map[string]local.Consumer{"letters": {MaxBatchTimeout: -1}}, Buckets: map[string]string{"BUCKET": "files"}, KV: map[string]string{"VALUES": "values"},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	return http.Serve(listener, h)
}

// killAgainAndAgain starts a host on dir, has it checked, lets writers write to it, and kills it at a random moment of at most longest.
func killAgainAndAgain(t *testing.T, module, dir string, rounds int, longest time.Duration,
	check func(t *testing.T, h *host, round int), write func(t *testing.T, h *host, round, w int, stopped chan struct{})) {
	t.Helper()
	for round := range rounds {
		h := startHost(t, module, dir)
		check(t, h, round)
		life := rand.N(longest)
		stopped := make(chan struct{})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() { write(t, h, round, w, stopped) })
		}
		time.Sleep(life)
		h.kill()
		close(stopped)
		wg.Wait()
		if t.Failed() {
			t.Fatalf("in round %d, host killed after %v", round, life)
		}
	}
}
