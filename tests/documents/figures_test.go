package documents

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, name string) *Page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return Read(name, string(text))
}

var figure = regexp.MustCompile(`\d[\d,.]*(?:/s| ms| MB)`)

// foreign are figures that are in the text and not measured by the other.
func foreign(text, measured string) (wrong []string) {
	for _, f := range figure.FindAllString(text, -1) {
		if !slices.Contains(figure.FindAllString(measured, -1), f) {
			wrong = append(wrong, f)
		}
	}
	return wrong
}

func TestTheComparisonHasNoFiguresOfItsOwn(t *testing.T) {
	comparison, measured := read(t, "docs/comparison.md"), read(t, "docs/benchmarks.md").Text
	for _, f := range foreign(comparison.Text, measured) {
		t.Errorf("docs/comparison.md says %s, which is not in docs/benchmarks.md", f)
	}
	if got := foreign("1,234/s, 9,327/s and 4 ms", measured+" 1,234/s, 4.5 ms"); !slices.Equal(got, []string{"9,327/s", "4 ms"}) {
		t.Errorf("got %q", got)
	}
	if n := len(figure.FindAllString(comparison.Text, -1)); n < 10 {
		t.Errorf("only %d figures were found", n)
	}
}

// unreached are the pages below docs to which no way leads from the index.
func unreached(pages []*Page) (lost []string) {
	byName := map[string]*Page{}
	for _, p := range pages {
		byName[p.Name] = p
	}
	seen, next := map[string]bool{"docs/README.md": true}, []string{"docs/README.md"}
	for len(next) > 0 {
		p := byName[next[0]]
		next = next[1:]
		p.prose(func(_ int, text string) {
			for _, m := range link.FindAllStringSubmatch(text, -1) {
				target, _, _ := strings.Cut(m[1], "#")
				to := filepath.ToSlash(filepath.Join(filepath.Dir(p.Name), target))
				if byName[to] != nil && strings.HasPrefix(to, "docs/") && !seen[to] {
					seen[to] = true
					next = append(next, to)
				}
			}
		})
	}
	for name := range byName {
		if strings.HasPrefix(name, "docs/") && !seen[name] {
			lost = append(lost, name)
		}
	}
	return lost
}

func TestEveryPageIsReachedFromTheIndex(t *testing.T) {
	for _, name := range unreached(pages(t)) {
		t.Errorf("no way leads from docs/README.md to %s: link it", name)
	}
	few := []*Page{Read("docs/README.md", "[a](guide/a.md#x)"), Read("docs/guide/a.md", "[b](../b.md)"), Read("docs/b.md", ""), Read("docs/c.md", "[a](guide/a.md)")}
	if got := unreached(few); !slices.Equal(got, []string{"docs/c.md"}) {
		t.Errorf("got %q", got)
	}
}
