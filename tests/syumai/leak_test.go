package syumai

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
)

// module compiles a program.
func module(t *testing.T, name string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "app.wasm")
	build := exec.Command("go", "build", "-o", file, "./"+name)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// However an event ends, its Go instance, its VM and its loop go with it.
func TestNothingIsLeftOfAnEvent(t *testing.T) {
	h, err := local.New(t.Context(), local.Options{
		Module: module(t, "stream"), CacheDir: local.TestCacheDir(), Buckets: map[string]string{"BUCKET": "files"}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	server := httptest.NewServer(h)
	defer server.Close()
	client := server.Client()
	get := func(path string, limit int64) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		res, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		defer res.Body.Close()
		if limit > 0 {
			io.CopyN(io.Discard, res.Body, limit)
			cancel() // the client goes in the middle of the body
			return
		}
		io.Copy(io.Discard, res.Body)
	}
	round := func() {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { get("/numbers", 0) })
			wg.Go(func() { get("/nowhere", 0) })
			wg.Go(func() { get("/socket-error", 0) }) // panics
			wg.Go(func() { get("/large?size=10000000", 100_000) })
		}
		wg.Wait()
	}
	round()
	before := settled(client, runtime.NumGoroutine()/2)
	for range 3 {
		round()
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	if memory.HeapAlloc > 500<<20 {
		t.Errorf("%d MB on the heap: something holds the memories of instances", memory.HeapAlloc>>20)
	}
	if after := settled(client, before+3); after > before+3 {
		buf := make([]byte, 1<<16)
		t.Errorf("%d goroutines after one round, %d after four\n%s", before, after, buf[:runtime.Stack(buf, true)])
	}
}

// settled waits until no more than so many goroutines are left, or half a minute, and returns how many there are.
func settled(client *http.Client, want int) int {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		client.CloseIdleConnections()
		if n := runtime.NumGoroutine(); n <= want || time.Now().After(deadline) {
			return n
		}
	}
}
