package bundler

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// project writes files into a folder and returns options for its main.js.
func project(t *testing.T, files map[string]string) Options {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Options{Entry: filepath.Join(dir, "main.js"), Root: dir, Date: "2026-10-01"}
}

func listed(r *Result) (names []string) {
	for _, m := range r.Modules {
		names = append(names, m.Name+" "+m.Type)
	}
	return names
}

func TestFilesThatRulesNameBecomeModules(t *testing.T) {
	o := project(t, map[string]string{
		"main.js": `import a from "./a.txt"; import b from "./deep/b.shader"; import { c } from "./c.ts"; export default { fetch: () => new Response(a + b + c) };`,
		"a.txt":   "a", "deep/b.shader": "b", "c.ts": `export const c: number = 1;`, "unused.txt": "no",
	})
	yes := true
	o.Rules = []Rule{{Type: "Text", Globs: []string{"**/*.shader"}, Fallthrough: &yes}}
	r, err := Bundle(o)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"main.js application/javascript+module", "./86f7e437faa5a7fce15d1ddcb9eaeaea377667b8-a.txt text/plain", "./e9d71f5ee7c92d6dc9e92ffdad17b8bd49418f98-b.shader text/plain", "main.js.map application/source-map"}
	if got := listed(r); !slices.Equal(got, want) || !slices.Equal(r.Exports, []string{"default"}) {
		t.Errorf("modules %q, exports %v", got, r.Exports)
	}
	// The hashes are those of sha1sum.
	if text := string(r.Modules[0].Content); !strings.Contains(text, `from "./86f7e437faa5a7fce15d1ddcb9eaeaea377667b8-a.txt"`) || strings.Contains(text, "number") {
		t.Errorf("main is\n%s", text)
	}
	o.Rules[0].Fallthrough = nil
	_, err = Bundle(o)
	if err == nil || !strings.Contains(err.Error(), "./a.txt is named by a rule for Text that an earlier one shadows") {
		t.Errorf("without fallthrough: %v", err)
	}
}

func TestModulesBesideMainAreSentWithoutBundling(t *testing.T) {
	o := project(t, map[string]string{"main.js": `import "./lib/x.mjs"; export default {}`, "lib/x.mjs": "1", "lib/y.wasm": "2", "note.md": "3"})
	o.NoBundle = true
	o.Rules = []Rule{{Type: "ESModule", Globs: []string{"**/*.mjs"}}}
	r, err := Bundle(o)
	want := []string{"main.js application/javascript+module", "lib/x.mjs application/javascript+module", "lib/y.wasm application/wasm"}
	if err != nil || !slices.Equal(listed(r), want) {
		t.Errorf("%v: %v", err, listed(r))
	}
	o.NoBundle, o.Additional = false, true
	r, err = Bundle(o)
	if err != nil || !slices.Equal(listed(r)[1:3], want[1:]) || !strings.Contains(string(r.Modules[0].Content), `import "./lib/x.mjs"`) {
		t.Errorf("with find_additional_modules: %v: %v", err, listed(r))
	}
}

func TestWhatCannotBeBundledIsNamed(t *testing.T) {
	for _, k := range []struct{ name, main, date, want string }{
		{"no exports", `addEventListener("fetch", () => {})`, "2026-10-01", "service-worker format is for `wrangler deploy`"},
		{"a module that is not there", `import "./none.js"; export default {}`, "2026-10-01", `Could not resolve "./none.js"`},
		{"a file that is not there", `import x from "./none.txt"; export default x`, "2026-10-01", "read ./none.txt"},
		{"a stand-in of wrangler's", `import "node:child_process"; export default {}`, "2025-10-01", "write 2026-03-17 or a later date"},
		{"a syntax error", `export default {`, "2026-10-01", "main.js:1:16"},
	} {
		o := project(t, map[string]string{"main.js": k.main})
		o.Flags, o.Date = []string{"nodejs_compat"}, k.date
		if _, err := Bundle(o); err == nil || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: %v", k.name, err)
		}
	}
	o := project(t, map[string]string{"main.js": "export default {}"})
	for entry, want := range map[string]string{"none.js": "there is no such file", ".": "that is a folder"} {
		o.Entry = filepath.Join(o.Root, entry)
		if _, err := Bundle(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", entry, err)
		}
	}
}

func TestGlobs(t *testing.T) {
	for _, k := range []struct {
		pattern string
		stars   bool
		yes, no string
	}{
		{"**/*.txt", false, "./a.txt ../b/c.txt", "a.txt ./a.txtx"},
		{"**/*.txt", true, "a.txt b/a.txt b/c/a.txt", "a.text b/a.txt/c"},
		{"*.txt", true, "a.txt", "b/a.txt"},
		{"*.txt", false, "a.txt b/a.txt", "a.md"},
		{"lib/**", true, "lib/a lib/b/c", "other/a"},
		{"**/*.wasm?module", false, "./a.wasm?module", "./a.wasm"},
	} {
		re := regexp.MustCompile(glob(k.pattern, k.stars))
		for _, name := range strings.Fields(k.yes) {
			if !re.MatchString(name) {
				t.Errorf("%s (%v) does not fit %s", k.pattern, k.stars, name)
			}
		}
		for _, name := range strings.Fields(k.no) {
			if re.MatchString(name) {
				t.Errorf("%s (%v) fits %s", k.pattern, k.stars, name)
			}
		}
	}
}
