package syumai

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/tests/workerd"
)

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
	mod := fmt.Sprintf("module %s\n\ngo 1.26.0\n\nrequire grove.place/lattice v0.0.0\n\nreplace grove.place/lattice => %s\n", name, root)
	if err := os.WriteFile(filepath.Join(to, "go.mod"), []byte(mod), 0o600); err != nil {
		t.Fatal(err)
	}
	copyInto(t, filepath.Join(name, "*.go"), to, edits.Replace)
	copyInto(t, filepath.Join("testdata", "moved", name, "*.go"), to, func(s string) string { return s })
	copyInto(t, filepath.Join(name, "wrangler.*"), to, func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		for i, line := range lines {
			key, _, _ := strings.Cut(strings.Trim(line, " \t\","), " ")
			switch strings.Trim(key, `":`) {
			case "main":
				lines[i] = strings.NewReplacer("./build/worker.mjs", "build/dist/worker.mjs", "./counter.mjs", "build/dist/worker.mjs").Replace(line)
			case "command":
				at := strings.Index(line, "go run")
				lines[i] = line[:at] + "go tool lattice build" + line[strings.LastIndex(line, `"`):]
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
			err = os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(edit(string(text))), 0o600)
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
