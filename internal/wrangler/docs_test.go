package wrangler

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of keys into docs/configuration.md")

func TestTheDocumentationHasEveryKey(t *testing.T) {
	const path, begin, end = "../../docs/configuration.md", "<!-- begin: keys; go test ./internal/wrangler -run EveryKey -update -->\n", "<!-- end -->"
	var table strings.Builder
	for _, part := range []struct{ use, title string }{
		{"used", "Used on this machine"},
		{"deployments", "For Cloudflare: checked and left alone"},
		{"unsupported", "Not on this machine: a warning, and the binding is not there"},
	} {
		fmt.Fprintf(&table, "### %s\n\n| key | in environments | here |\n|---|---|---|\n", part.title)
		for _, k := range Keys() {
			if k.Use == part.use {
				fmt.Fprintf(&table, "| `%s` | %s | %s |\n", k.Name, k.Inherits, k.Note)
			}
		}
		table.WriteString("\n")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), begin)
	got, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s has no place for the table", path)
	}
	want := table.String()
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not as the table of keys has it: go test ./internal/wrangler -run EveryKey -update writes it", path)
	}
	if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
