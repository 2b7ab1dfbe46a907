package documents

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestCommandsOfMakeAndGoAreOfThisRepository(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			for _, c := range b.Commands() {
				if fault := c.Fault(root); fault != "" && b.Reason == "" {
					t.Errorf("%s: %s", c.At, fault)
				}
			}
		}
	}
}

func TestCommandsAreReadAsAShellReadsThem(t *testing.T) {
	for text, want := range map[string]string{
		"```sh\na 'b  c' \"d # e\" # f\n```":                      "[[a b  c d # e]]",
		"```sh\na && b; c | d\n\n# e\n```":                        "[[a] [b] [c] [d]]",
		"```sh\na \\\n  --b\n```":                                 "[[a --b]]",
		"```console\n$ a b\nc d\n$ e\n```":                        "[[a b] [e]]",
		"```yaml\n- uses: a\n- run: b c\n  run: d\nrun: | e\n```": "[[b c] [d] [e]]",
		"```text\na b\n```":                                       "[]",
	} {
		words := [][]string{}
		for _, c := range Read("p.md", text).Blocks[0].Commands() {
			words = append(words, c.Words)
		}
		if got := fmt.Sprint(words); got != want {
			t.Errorf("%q is read as %s, not %s", text, got, want)
		}
	}
	p := Read("p.md", "```sh\nmake none\nX=1 go test ./nowhere/...\nmake dev PORT=1\ngo run ./cmd/lattice dev\n```")
	var faults []string
	for _, c := range p.Blocks[0].Commands() {
		if fault := c.Fault(root); fault != "" {
			faults = append(faults, c.At+": "+fault)
		}
	}
	if got := strings.Join(faults, ", "); got != "p.md:2: the Makefile has no none, p.md:3: there is no package ./nowhere/..." {
		t.Errorf("got %s", got)
	}
}

// There is no parser of YAML among the dependencies; this finds what goes wrong by hand.
func TestBlocksOfYAMLAreWellFormed(t *testing.T) {
	line := regexp.MustCompile(`^(  )*(- )*([\w./-]+:( .*)?|"[^"]+":( .*)?|[^:]+)$`)
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if b.Language != "yaml" || b.Reason != "" {
				continue
			}
			for i, text := range strings.Split(b.Text, "\n") {
				if text = strings.TrimRight(text, " "); text != "" && !strings.HasPrefix(strings.TrimSpace(text), "#") && !line.MatchString(text) {
					t.Errorf("%s:%d: is this YAML? %q", p.Name, b.Line+i, text)
				}
			}
		}
	}
}
