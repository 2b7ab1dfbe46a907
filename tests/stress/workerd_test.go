package stress

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"grove.place/lattice/build"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// harness is the entry module around the application's: it adds a route that forces a collection, for workerd tells
// nobody when a frame dies.
const harness = `import worker from "./worker.mjs";
export * from "./worker.mjs";
export default {
	async fetch(request, env, ctx) {
		if (new URL(request.url).pathname !== "/gc") return worker.fetch(request, env, ctx);
		for (let i = 0; i < 3; i++) {
			gc();
			await scheduler.wait(5);
		}
		return new Response("collected");
	},
};
`

var buildApp = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "lattice-stress-")
	if err != nil {
		return "", err
	}
	_, err = build.Build(context.Background(), build.Options{Package: "./app", Out: dir, CacheDir: local.TestCacheDir(), NoSizes: true})
	return dir, err
})

// TestMain keeps the objects in memory where that is possible: this is about the order of things, and the disk would be
// all that it measures.
func TestMain(m *testing.M) {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		os.Setenv("TMPDIR", "/dev/shm")
	}
	code := m.Run()
	if dir, err := buildApp(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// app returns the folder with the built application.
func app(t *testing.T) string {
	t.Helper()
	dir, err := buildApp()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func startWorkerd(t *testing.T) *workerd.Direct {
	t.Helper()
	dir := app(t)
	if err := os.WriteFile(filepath.Join(dir, "harness.mjs"), []byte(harness), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := workerd.StartDirect(t.Context(), workerd.DirectOptions{
		Worker: workerd.Worker{Name: "stress", Dir: dir, Main: "harness.mjs", Date: "2026-11-17",
			Objects: stressObjects},
		V8Flags: []string{"--expose-gc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("workerd says:\n%s", d.Output())
		}
		d.Close()
	})
	return d
}

// collector returns what forces a collection in the JavaScript of a workerd.
func collector(url string) func(t *testing.T) {
	return func(t *testing.T) {
		resp, err := http.Get(url + "/gc")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

func TestWorkerd(t *testing.T) {
	t.Parallel()
	d := startWorkerd(t)
	stressAll(t, home{url: d.URL, requests: callers * 50, cancelled: 700, collect: collector(d.URL)})
}
