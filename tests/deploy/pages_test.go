package deploy

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The modules of Grove's pages say the types of what they take in comments, and TypeScript holds them to it.
func TestTheModulesOfThePagesTypeCheck(t *testing.T) {
	root, tests := repository(t)
	modules := filepath.Join(root, "workers", "grove", "web", "assets", "*.mjs")
	if list, err := filepath.Glob(modules); err != nil || len(list) < 10 {
		t.Fatalf("the pages have %d modules: %v", len(list), err)
	}
	dir := t.TempDir()
	config := `{"compilerOptions": {"allowJs": true, "checkJs": true, "noEmit": true, "strict": true, "target": "es2024", "module": "es2022",
		"moduleResolution": "bundler", "lib": ["es2024", "dom", "dom.iterable"], "types": []}, "include": [` + strconv.Quote(modules) + `]}`
	if err := os.WriteFile(filepath.Join(dir, "tsconfig.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := typescript(t.Context(), tests, dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
