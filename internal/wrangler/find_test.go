package wrangler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindTakesTheFileThatWranglerTakes(t *testing.T) {
	for _, k := range []struct {
		name  string
		files []string
		want  string
		notes []string // parts of them
	}{
		{"none", nil, "a/b/wrangler.toml", nil},
		{"TOML", []string{"a/b/wrangler.toml"}, "a/b/wrangler.toml", nil},
		{"a folder above", []string{"a/wrangler.toml"}, "a/wrangler.toml", nil},
		{"the nearest of one name", []string{"wrangler.toml", "a/wrangler.toml"}, "a/wrangler.toml", nil},
		{"JSON with comments before TOML", []string{"a/b/wrangler.toml", "a/b/wrangler.jsonc"}, "a/b/wrangler.jsonc", []string{"a/b/wrangler.toml is not read"}},
		{"JSON before both", []string{"a/b/wrangler.toml", "a/b/wrangler.jsonc", "a/b/wrangler.json"}, "a/b/wrangler.json", []string{"a/b/wrangler.jsonc is not read", "a/b/wrangler.toml is not read"}},
		{"JSON above before TOML here", []string{"a/b/wrangler.toml", "wrangler.json"}, "wrangler.json", []string{"a/b/wrangler.toml is not read"}},
		{"TOML above says nothing", []string{"a/b/wrangler.jsonc", "wrangler.toml"}, "a/b/wrangler.jsonc", nil},
	} {
		t.Run(k.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "a/b"), 0o755); err != nil {
				t.Fatal(err)
			}
			for _, f := range k.files {
				if err := os.WriteFile(filepath.Join(dir, f), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, notes := Find(filepath.Join(dir, "a/b"))
			if absolute(got) != filepath.Join(dir, k.want) {
				t.Errorf("found %s, want %s", got, k.want)
			}
			if len(notes) != len(k.notes) {
				t.Fatalf("notes: %q", notes)
			}
			for i, want := range k.notes {
				if !strings.Contains(notes[i], want) {
					t.Errorf("note %q lacks %q", notes[i], want)
				}
			}
		})
	}
}

func TestFindTellsOfARedirect(t *testing.T) {
	dir := t.TempDir()
	deploy := filepath.Join(dir, ".wrangler", "deploy")
	if err := os.MkdirAll(deploy, 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "wrangler.toml"), nil, 0o600)
	for text, want := range map[string]string{
		`{"configPath": "../../dist/wrangler.json"}`: "dist/wrangler.json instead of",
		`{}`:                                    "has no configPath",
		`{"configPath": "../../wrangler.toml"}`: "",
	} {
		os.WriteFile(filepath.Join(deploy, "config.json"), []byte(text), 0o600)
		_, notes := Find(dir)
		if all := strings.Join(notes, "\n"); want == "" && all != "" || !strings.Contains(all, want) {
			t.Errorf("%s: %q, want %q", text, all, want)
		}
	}
}
