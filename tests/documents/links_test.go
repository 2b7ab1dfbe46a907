package documents

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, w := range brokenLinks(root, pages(t)) {
		t.Error(w)
	}
}

func TestBrokenLinksAreNamed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "there.go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	text := "# A `title`, of [two](there.go) words!\n## Same\n## Same\n" +
		"[a](#a-title-of-two-words) [b](#same-1) [c](there.go) [d](https://example.com/none) `[e](none.go)` <a id=\"own\"></a>[f](#own)\n" +
		"```text\n[g](none.go)\n# No heading\n```\n" +
		"[h](none.go) [i](#no-heading)\n[j]: other.md#x\n[k](../out.md) [l](a_(b).md)\n"
	p := Read("page.md", text)
	if err := os.WriteFile(filepath.Join(dir, "page.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"page.md:9: none.go leads to none.go, which is not there", "page.md:9: page.md has no heading for #no-heading", "page.md:10: other.md#x leads to other.md, which is not there",
		"page.md:11: ../out.md leads to ../out.md, which is not there", "page.md:11: a_(b).md leads to a_(b).md, which is not there",
	}
	if got := brokenLinks(dir, []*Page{p}); !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}
