package syumai

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"grove.place/lattice/tests/workerd"
)

// unmoved are programs that do not move by their imports, and why.
var unmoved = map[string]string{
	"pages": "lattice build makes Workers, not functions of Pages",
	"bare":  "it has stores that its configuration does not name, which the local host makes up for programs of the library only",
	"rooms": "its object class is JavaScript, and it calls methods through syscall/js",
	"web":   "its main is JavaScript that uses the Web's classes itself",
}

// edits are those of docs/migrating-from-syumai.md.
var edits = strings.NewReplacer(
	`"github.com/syumai/workers`, `"grove.place/lattice/workers`,
	`"syscall/js"`, `"grove.place/lattice/workers/cloudflare/js"`,
)

// move makes a module of a program with the imports of the SDK, and returns its folder. Files below testdata/moved are what it takes beyond imports.
func move(t *testing.T, name string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	copyInto(t, filepath.Join(root, "go.sum"), to, func(s string) string { return s })
	mod := fmt.Sprintf("module %s\n\ngo 1.26.0\n\nrequire grove.place/lattice v0.0.0\n\nreplace grove.place/lattice => %s\n", filepath.Base(name), root)
	if err := os.WriteFile(filepath.Join(to, "go.mod"), []byte(mod), 0o600); err != nil {
		t.Fatal(err)
	}
	copyInto(t, filepath.Join(name, "*.go"), to, edits.Replace)
	copyInto(t, filepath.Join("testdata", "moved", name, "*.go.txt"), to, func(s string) string { return s })
	copyInto(t, filepath.Join(name, "wrangler.*"), to, func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		for i, line := range lines {
			key, _, _ := strings.Cut(strings.Trim(line, " \t\","), " ")
			switch strings.Trim(key, `":`) {
			case "main":
				lines[i] = strings.NewReplacer("./build/worker.mjs", "build/dist/worker.mjs", "./counter.mjs", "build/dist/worker.mjs").Replace(line)
			case "command":
				if at := strings.Index(line, "go run"); at >= 0 {
					lines[i] = line[:at] + "go tool lattice build" + line[strings.LastIndex(line, `"`):]
				}
			}
		}
		return strings.Join(lines, "")
	})
	return to
}

func copyInto(t *testing.T, pattern, dir string, edit func(string) string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, strings.TrimSuffix(filepath.Base(file), ".txt")), []byte(edit(string(text))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// movedOnWorkerd runs what lattice dev has built.
func movedOnWorkerd(t *testing.T, name, folder string, w workerd.Worker) *home {
	w.Name, w.Dir, w.Main = name, filepath.Join(folder, "build", "dist"), ""
	h := startWorkerd(t, w)
	h.dropIn = true
	return h
}

// Each goroutine works for the event that it comes from, main for the first one, and variables live on.
func TestManyEventsInOneInstance(t *testing.T) {
	t.Parallel()
	folder := move(t, filepath.Join("testdata", "many"))
	w := workerd.Worker{KV: []string{"NOTES"}, Vars: map[string]string{"GREETING": "hello"}}
	compare(t, "", func(h *home) {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				want := fmt.Sprintf("hello id%d <nil> <nil>\n", i)
				if status, _, body := h.send(request{path: fmt.Sprintf("/own?id=id%d", i)}); status != 200 || body != want {
					h.t.Errorf("%d %q, want %q", status, body, want)
				}
			})
		}
		wg.Wait()
		h.ask(request{path: "/visits"}, 200, "1\n")
		h.ask(request{path: "/visits"}, 200, "2\n")
		h.ask(request{path: "/started"}, 200, "1 <nil>\n")
		h.ask(request{path: "/timer"}, 200, "this goroutine works for no event: it was started by a timer, or by main after workers.Ready; start it in a handler, or with cloudflare.WaitUntil\n")
		h.ask(request{path: "/lose"}, 200, "ok\n")
		h.ask(request{path: "/lost"}, 200, "kv: get \"started\": the event this goroutine worked for is over: keep it alive with WaitUntil\n")
		h.ask(request{path: "/wait"}, 200, "ok\n")
		h.until("/waited", "yes <nil>\n")
		if res, err := http.Get(h.scheduled + "?cron=5+*+*+*+*"); err != nil || res.StatusCode != 200 {
			h.t.Errorf("scheduled event: %v %v", res, err)
		}
		h.ask(request{path: "/waited"}, 200, "cron <nil>\n")
	}, func(t *testing.T) *home { return lattice(t, folder, "--isolates", "1") }, func(t *testing.T) *home { return movedOnWorkerd(t, "many", folder, w) })
}
