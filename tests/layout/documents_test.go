package layout

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// folders are the packages of the module, as paths below it.
func folders(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("go", "list", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		names = append(names, strings.TrimPrefix(strings.TrimSpace(line), module))
	}
	return names
}

var mapped = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// compareMap returns what is wrong with the rows of a map: names of packages, or of all below one when they end in /….
func compareMap(rows, packages []string) (wrong []string) {
	for _, name := range packages {
		n := 0
		for _, row := range rows {
			if above, all := strings.CutSuffix(row, "/…"); row == name || all && below(name, []string{above}) {
				n++
			}
		}
		if n != 1 {
			wrong = append(wrong, fmt.Sprintf("%d rows are about %s", n, name))
		}
	}
	for _, row := range rows {
		above, all := strings.CutSuffix(row, "/…")
		if !slices.ContainsFunc(packages, func(name string) bool { return row == name || all && below(name, []string{above}) }) {
			wrong = append(wrong, fmt.Sprintf("the row %s is about no package", row))
		}
	}
	return wrong
}

func TestTheMapOfPackagesHasThemAll(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range mapped.FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, m[1])
	}
	for _, w := range compareMap(rows, folders(t)) {
		t.Errorf("docs/architecture.md: %s: mend the table of packages", w)
	}
	got := compareMap([]string{"a", "b/…", "b/c", "d"}, []string{"a", "b/c", "e"})
	if want := []string{"2 rows are about b/c", "0 rows are about e", "the row d is about no package"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// private are the packages below these, which no program imports: they need no example.
func private(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.Contains("/"+name+"/", "/internal/") || slices.Contains([]string{"cmd", "tests", "build"}, first) || below(name, application)
}

// undocumented says what a public package lacks of documentation: a comment of three lines, and examples that the compiler checks, one for every so many of its
// functions.
func undocumented(dir string, every int) (lacks []string, err error) {
	comment, examples, functions := 0, 0, 0
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		test := strings.HasSuffix(name, "_test.go")
		if !test {
			comment = max(comment, strings.Count(strings.TrimSpace(file.Doc.Text())+"\n", "\n"))
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || f.Recv != nil:
			case test && strings.HasPrefix(f.Name.Name, "Example"):
				examples++
			case !test && f.Name.IsExported():
				functions++
			}
		}
	}
	if comment < 3 {
		lacks = append(lacks, "a package comment of three lines or more")
	}
	if examples < max(1, (functions+every-1)/every) {
		lacks = append(lacks, fmt.Sprintf("functions Example… in its tests: there are %d, for %d functions", examples, functions))
	}
	return lacks, err
}

func TestEveryPublicPackageIsExplainedAndHasAnExample(t *testing.T) {
	checked := map[string]bool{}
	for _, name := range folders(t) {
		if private(name) {
			continue
		}
		checked[name] = true
		every := 3
		if below(name, []string{"workers/cloudflare"}) {
			every = 10 // the names of github.com/syumai/workers, which has examples of them
		}
		lacks, err := undocumented(filepath.Join(root, name), every)
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range lacks {
			t.Errorf("%s lacks %s", name, what)
		}
	}
	for _, name := range []string{"workers", "durables", "local-runtime", "workers/d1", "workers/cloudflare/kv"} {
		if !checked[name] {
			t.Errorf("%s is not checked, only %v", name, slices.Sorted(maps.Keys(checked)))
		}
	}
	if lacks, err := undocumented(".", 3); err != nil || len(lacks) != 2 {
		t.Errorf("of this package are missed: %q, %v", lacks, err)
	}
}

func TestEveryDependencyHasItsReason(t *testing.T) {
	const decision = "docs/decisions/0001-dependencies.md"
	text, err := os.ReadFile(filepath.Join(root, decision))
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	edit := exec.Command("go", "mod", "edit", "-json")
	edit.Dir = root
	out, err := edit.Output()
	if err != nil || json.Unmarshal(out, &mod) != nil || len(mod.Require) == 0 {
		t.Fatalf("go mod edit: %v: %s", err, out)
	}
	for _, m := range mod.Require {
		path, _, _ := strings.Cut(m.Path, "/v6") // a repository has no major version in its address
		if !m.Indirect && !regexp.MustCompile(`(?m)^\| .*\(https://(pkg\.go\.dev/)?`+regexp.QuoteMeta(path)+`[/)]`).Match(text) {
			t.Errorf("go.mod requires %s, and %s has no row that says why", m.Path, decision)
		}
	}
}
