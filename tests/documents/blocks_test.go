package documents

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"grove.place/lattice/internal/wrangler"
)

func TestEveryBlockHasALanguageThatIsChecked(t *testing.T) {
	for _, p := range pages(t) {
		for _, fault := range p.Faults {
			t.Error(fault)
		}
		for _, b := range p.Blocks {
			if !slices.Contains(Languages, b.Language) {
				t.Errorf("%s: the block is marked %q; this test knows %s: mark what programs print as text, or teach the test", b.At(), b.Language, strings.Join(Languages, ", "))
			}
		}
	}
}

func TestBlocksOfConfigurationAreReadWithoutAWarning(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if fault := configuration(t, b); fault != "" && b.Reason == "" {
				t.Errorf("%s: %s", b.At(), fault)
			}
		}
	}
}

// configuration is what is wrong with a block of configuration. A fragment leaves out what every project has.
func configuration(t *testing.T, b Block) string {
	t.Helper()
	text := b.Text
	switch b.Language {
	case "toml":
		for _, key := range []string{"compatibility_date = \"2026-10-01\"\n", "main = \"build/dist/worker.mjs\"\n", "name = \"example\"\n"} {
			if name, _, _ := strings.Cut(key, " "); !strings.Contains("\n"+text, "\n"+name+" = ") {
				text = key + text
			}
		}
	case "jsonc":
		if !strings.HasPrefix(strings.TrimSpace(text), "{") {
			text = "{" + text + "\n}"
		}
		for _, key := range []string{`"compatibility_date": "2026-10-01", `, `"main": "build/dist/worker.mjs", `, `"name": "example", `} {
			if name, _, _ := strings.Cut(key, ":"); !strings.Contains(text, name) {
				text = strings.Replace(text, "{", "{"+key, 1)
			}
		}
	case "json":
		return jsonFault(text)
	default:
		return ""
	}
	path := filepath.Join(t.TempDir(), "wrangler."+b.Language)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := wrangler.Load(path, "")
	if err != nil {
		return err.Error()
	}
	for _, w := range config.Warnings {
		return w.At(path)
	}
	return ""
}

// jsonFault takes one value, or one on each line, as programs print them.
func jsonFault(text string) string {
	if json.Valid([]byte(text)) {
		return ""
	}
	for line := range strings.Lines(text) {
		if !json.Valid([]byte(line)) {
			return "this is no JSON: " + line
		}
	}
	return ""
}

func TestBlocksOfJavaScriptAreParsed(t *testing.T) {
	for _, p := range pages(t) {
		for _, b := range p.Blocks {
			if fault := script(b); fault != "" && b.Reason == "" {
				t.Errorf("%s: %s", b.At(), fault)
			}
		}
	}
}

func script(b Block) string {
	loader, ok := map[string]api.Loader{"js": api.LoaderJS, "ts": api.LoaderTS}[b.Language]
	if !ok {
		return ""
	}
	for _, m := range api.Transform(b.Text, api.TransformOptions{Loader: loader, LogLevel: api.LogLevelSilent}).Errors {
		return m.Text
	}
	return ""
}

func TestFaultsOfBlocksAreFound(t *testing.T) {
	for name, example := range map[string]struct {
		check func(t *testing.T, b Block) string
		b     Block
		want  string
	}{
		"a key that wrangler does not know": {configuration, Block{Language: "toml", Text: "[asets]\ndirectory = \"public\"\n"}, "asets"},
		"an error of TOML":                  {configuration, Block{Language: "toml", Text: "[assets\n"}, "wrangler.toml"},
		"a binding without its name":        {configuration, Block{Language: "jsonc", Text: `"kv_namespaces": [{"id": "a"}] // so`}, "binding"},
		"JSON":                              {configuration, Block{Language: "json", Text: "{\"a\":1}\n{b:2}\n"}, "{b:2}"},
		"JavaScript":                        {func(_ *testing.T, b Block) string { return script(b) }, Block{Language: "js", Text: "const = 1"}, "Expected identifier"},
		"types in JavaScript":               {func(_ *testing.T, b Block) string { return script(b) }, Block{Language: "js", Text: "let a: string"}, "Expected"},
	} {
		if got := example.check(t, example.b); !strings.Contains(got, example.want) {
			t.Errorf("%s: got %q, want %q", name, got, example.want)
		}
	}
	p := Read("p.md", "<!-- unchecked: no -->\n```go\nx\n```\n<!-- frame\nvar a int -->\nText\n```text\nno end")
	want := []string{"p.md:1: say why the block is not checked", "p.md:7: the comment above belongs to no block", "p.md:9: the block has no end"}
	if !slices.Equal(p.Faults, want) {
		t.Errorf("got %q, want %q", p.Faults, want)
	}
}
