package documents

import (
	"strings"
	"testing"
)

const root = "../.."

func pages(t *testing.T) []*Page {
	t.Helper()
	all, err := Pages(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Fatalf("only %d pages were found", len(all))
	}
	return all
}

func TestTheGoOfEveryPageCompiles(t *testing.T) {
	all := pages(t)
	c, err := newChecker(root, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, w := range c.check(p) {
			t.Error(w)
		}
	}
}

func TestFaultsOfGoAreFoundAtTheirLine(t *testing.T) {
	c, err := newChecker(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, example := range map[string]struct{ text, want string }{
		"a whole file":                      {"```go\npackage p\n\nimport \"os\"\n```\n", `p.md:4: "os" imported and not used`},
		"a declaration":                     {"```go\nfunc f() int { return \"1\" }\n```\n", "p.md:2: cannot use"},
		"statements":                        {"# P\n\n```go\nx := 1\nnone(x)\n```\n", "p.md:5: undefined: none"},
		"a method that is not there":        {"```go\nworkers.Sever(nil)\n```\n", "p.md:2: undefined: workers.Sever"},
		"what is no Go":                     {"```go\nfor {{\n```\n", "neither declarations"},
		"a block after one with its names":  {"```go\ntype A struct{}\n```\n```go\nvar a A = 1\n```\n", "p.md:5: cannot use 1"},
		"the frame":                         {"<!-- frame\nvar x string -->\n```go\nx++\n```\n", "p.md:4: invalid operation"},
		"a frame that is no Go":             {"<!-- frame\nvar x + -->\n```go\nx++\n```\n", "the comment above it"},
		"what a later block declares again": {"```go\ntype A struct{}\n```\n```go\ntype A int\nvar a A = \"\"\n```\n", "p.md:6: cannot use"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Join(c.check(Read("p.md", example.text)), "\n")
			if !strings.Contains(wrong, example.want) || strings.Count(wrong, "p.md:") != 1 && !strings.Contains(example.want, "neither") && !strings.Contains(example.want, "comment") {
				t.Errorf("got %q, want %q and nothing else", wrong, example.want)
			}
		})
	}
	fine := "```go\nfunc main() {}\n```\n<!-- frame\nfunc(n int) (string, error)\n-->\n```go\nif n > 0 { … }\nreturn \"\", nil\n```\n```go\ntotal, err := add.Call(ctx, nil, 1)\n```\n"
	fine = strings.Replace(fine, "add.Call", "strings.CutPrefix", 1)
	fine = strings.Replace(fine, "ctx, nil, 1", `"a", "b"`, 1)
	if wrong := c.check(Read("p.md", fine)); len(wrong) > 0 {
		t.Errorf("found %q in a page without faults", wrong)
	}
}
