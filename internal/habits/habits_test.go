package habits

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table into docs/wrangler.md")

func TestTheDocumentationHasEveryHabit(t *testing.T) {
	const path, begin, end = "../../docs/wrangler.md", "<!-- begin: habits; go test ./internal/habits -update -->\n", "<!-- end -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	got, after, closed := strings.Cut(rest, end)
	want := Markdown()
	switch {
	case !ok || !closed:
		t.Fatalf("%s has no place for the table", path)
	case got == want:
	case !*update:
		t.Fatalf("%s is not as the table has it: go test ./internal/habits -update writes it", path)
	default:
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, h := range All() {
		if (h.Way == Same) != (h.Text == "") {
			t.Errorf("%s %v: what is the same needs no text, everything else does", h.Command, h.Flags)
		}
		if h.Flags == nil && seen[h.Command] {
			t.Errorf("%s is there twice", h.Command)
		}
		seen[h.Command] = true
		for _, f := range h.Flags {
			if seen[h.Command+" "+f] {
				t.Errorf("%s %s is there twice", h.Command, f)
			}
			seen[h.Command+" "+f] = true
		}
	}
	if len(All()) < 150 {
		t.Errorf("only %d rows", len(All()))
	}
}
