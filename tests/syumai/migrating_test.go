package syumai

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"grove.place/lattice/tests/workerd"
)

const migratingPage = "../../docs/migrating-from-syumai.md"

// block is a piece of code on a page, with the file that the text before it names last.
var block = regexp.MustCompile("(?s)```(sh|go)\n(.*?)```")

// The page docs/migrating-from-syumai.md, followed to the letter, moves a program that then answers as before.
func TestTheStepsOfThePageMoveAProgram(t *testing.T) {
	t.Parallel()
	const before = "testdata/guestbook"
	w := workerd.Worker{
		D1: []string{"DB"}, KV: []string{"COUNTERS"}, Vars: map[string]string{"THANKS": "thank you"}, Objects: map[string]string{"VISITORS": "Visitors"},
	}
	original := w
	original.Main = "visitors.mjs"
	state := t.TempDir()
	compare(t, "", useGuestbook,
		func(t *testing.T) *home { return lattice(t, before, "--persist-to", state) },
		func(t *testing.T) *home { return realWorkerd(t, before, original) })
	moved := follow(t, before)
	compare(t, ", moved", useGuestbook,
		func(t *testing.T) *home { return lattice(t, moved) },
		func(t *testing.T) *home { return movedOnWorkerd(t, "guestbook", moved, w) })
	t.Run("what was stored is there", func(t *testing.T) {
		h := lattice(t, moved, "--persist-to", state)
		h.ask(request{path: "/entries"}, 200, `[{"name":"Ann","text":"hello"}]`+"\n")
		h.ask(request{path: "/visit/home"}, 200, "POST: visitor 3\n")
		h.ask(request{method: "POST", path: "/entries", body: `{"name":"Cid","text":"hi"}`}, 200, "thank you, Cid: entry 3\n")
	})
}

func useGuestbook(h *home) {
	h.ask(request{method: "POST", path: "/entries", body: `{"name":"Ann","text":"hello"}`}, 200, "thank you, Ann: entry 1\n")
	h.ask(request{method: "POST", path: "/entries", body: `{"name":"Bob","text":""}`}, 200, "thank you, Bob: entry 2\n")
	h.ask(request{method: "POST", path: "/entries", body: `{"name":"Ann","text":"again"}`}, 409,
		"failed on promise: Error: D1_ERROR: UNIQUE constraint failed: entries.name: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)\n")
	h.ask(request{path: "/visit/home"}, 200, "POST: visitor 1\n")
	h.ask(request{path: "/visit/home"}, 200, "POST: visitor 2\n")
	h.ask(request{path: "/visit/away"}, 200, "POST: visitor 1\n")
	if res, err := http.Get(h.scheduled + "?cron=0+4+*+*+*"); err != nil || res.StatusCode != 200 {
		h.t.Errorf("scheduled event: %v %v", res, err)
	}
	_, _, body := h.send(request{path: "/entries"})
	if want := `[{"name":"Ann","text":"hello"}]` + "\n"; body != want {
		h.t.Errorf("entries: %q, want %q", body, want)
	}
}

// follow copies a program into a module of its own and does there what the page says, and returns the folder.
func follow(t *testing.T, program string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(migratingPage)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, pattern := range []string{"*.go", "*.mjs", "wrangler.toml"} {
		copyInto(t, filepath.Join(program, pattern), folder, func(s string) string { return s })
	}
	copyInto(t, filepath.Join(root, "go.sum"), folder, func(s string) string { return s })
	mod := "module guestbook\n\ngo 1.26.0\n\nrequire github.com/syumai/workers v0.31.0\n"
	if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte(mod), 0o600); err != nil {
		t.Fatal(err)
	}
	steps := block.FindAllStringSubmatchIndex(string(page), -1)
	if len(steps) < 4 {
		t.Fatalf("the page has %d steps", len(steps))
	}
	for _, at := range steps {
		kind, text := string(page[at[2]:at[3]]), strings.ReplaceAll(string(page[at[4]:at[5]]), "../lattice", root)
		if kind == "go" {
			names := regexp.MustCompile("`([a-z]+\\.go)`").FindAllStringSubmatch(string(page[:at[0]]), -1)
			if err := os.WriteFile(filepath.Join(folder, names[len(names)-1][1]), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		cmd := exec.Command("sh", "-e", "-c", text)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", text, err, out)
		}
	}
	left, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if err != nil || strings.Contains(string(left), library) {
		t.Errorf("go.mod still needs the library, or is not there: %v\n%s", err, left)
	}
	return folder
}
