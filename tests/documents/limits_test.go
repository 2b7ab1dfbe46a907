package documents

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestLimitsAreThoseOfTheCode(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "limits.md"))
	if err != nil {
		t.Fatal(err)
	}
	p := Read("docs/limits.md", string(text))
	if shown := Shown(p); len(shown) < 100 {
		t.Errorf("only %d names were read", len(shown))
	}
	for _, w := range wrongNames(root, p) {
		t.Error(w)
	}
}

func TestLimitsThatAreWrongAreNamed(t *testing.T) {
	p := Read("p.md", "| what | limit | shown by |\n|---|---|---|\n"+
		"| a | 3 MB | `build.FreeLimit`, `build.TestSizesAgainstLimits` |\n| b | 13 MB | `build.FreeLimit` |\n| c | 1 | `build.None`, `build.TestNone` |\n"+
		"| d | 30 s | `local-runtime/internal/host.dialTime`, `kv/some case` |\n| e | 31 s | `local-runtime/internal/host.dialTime` |\n| f | 1 | nothing |\n| g | 1 | not shown |\n")
	want := []string{
		"p.md: build.FreeLimit is 3145728, which the row does not say: | b | 13 MB | `build.FreeLimit` |",
		"p.md: there is no constant build.None", "p.md: there is no test build.TestNone",
		"p.md: local-runtime/internal/host.dialTime is 30000000000, which the row does not say: | e | 31 s | `local-runtime/internal/host.dialTime` |",
		"p.md: \"nothing\" shows nothing: name a case, a test or a constant in \"| f | 1 | nothing |\"",
	}
	if got := wrongNames(root, p); !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
	if !IsCase("kv/some case") || IsCase("build.FreeLimit") || IsCase("local-runtime.TestAlarms") {
		t.Error("cases are not told from the others")
	}
}
