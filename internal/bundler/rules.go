package bundler

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Media types of modules.
const (
	TypeModule    = "application/javascript+module"
	TypeCommonJS  = "application/javascript"
	TypeWasm      = "application/wasm"
	TypeText      = "text/plain"
	TypeData      = "application/octet-stream"
	TypeSourceMap = "application/source-map"
)

// moduleTypes are those of rules, as the configuration calls them.
var moduleTypes = map[string]string{
	"ESModule": TypeModule, "CommonJS": TypeCommonJS, "CompiledWasm": TypeWasm, "Text": TypeText, "Data": TypeData, "PythonModule": "text/x-python",
	"PythonRequirement": "text/x-python-requirement",
}

// Rule says which files are modules of a type. See https://developers.cloudflare.com/workers/wrangler/configuration/#bundling.
type Rule struct {
	Type        string
	Globs       []string
	Fallthrough *bool
}

// defaultRules come after those of the configuration.
var defaultRules = []Rule{
	{Type: "Text", Globs: []string{"**/*.txt", "**/*.html", "**/*.sql"}},
	{Type: "Data", Globs: []string{"**/*.bin"}},
	{Type: "CompiledWasm", Globs: []string{"**/*.wasm", "**/*.wasm?module"}},
}

// rules are those in effect, and those that an earlier rule of their type shadows.
type rules struct {
	active, shadowed []Rule
	warnings         []string
}

// parseRules puts the rules in order: of each type the first counts, and those after one with fallthrough.
func parseRules(own []Rule) (r rules, err error) {
	complete := map[string]*Rule{}
	for i, rule := range append(slices.Clone(own), defaultRules...) {
		if moduleTypes[rule.Type] == "" {
			return r, fmt.Errorf("rules[%d]: there is no type %q: write ESModule, CommonJS, CompiledWasm, Text or Data", i, rule.Type)
		}
		if first := complete[rule.Type]; first != nil {
			r.shadowed = append(r.shadowed, rule)
			if first.Fallthrough == nil {
				r.warnings = append(r.warnings, fmt.Sprintf("the rule for %s %v ends there, so %v is no module: add fallthrough = true to it, or fallthrough = false to have it so", rule.Type, first.Globs, rule.Globs))
			}
			continue
		}
		r.active = append(r.active, rule)
		if rule.Fallthrough == nil || !*rule.Fallthrough {
			complete[rule.Type] = &rule
		}
	}
	return r, nil
}

func (r Rule) javascript() bool { return r.Type == "ESModule" || r.Type == "CommonJS" }

// glob is the expression that wrangler's library makes of a pattern. Without stars a * crosses slashes, as in imports; with them only ** does, as in
// names of files.
func glob(pattern string, stars bool) string {
	var b strings.Builder
	b.WriteString("^")
	for i := 0; i < len(pattern); {
		n := 0
		for i+n < len(pattern) && pattern[i+n] == '*' {
			n++
		}
		switch {
		case n == 0:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
			n = 1
		case !stars:
			b.WriteString(".*")
		case n > 1 && (i == 0 || pattern[i-1] == '/') && (i+n == len(pattern) || pattern[i+n] == '/'):
			b.WriteString(`(?:[^/]*(?:/|$))*`)
			n++ // and the slash
		default:
			b.WriteString("[^/]*")
		}
		i += n
	}
	return b.String() + "$"
}

// file is a module that the rules find.
type file struct {
	Module
	path string
}

// additional finds the modules below the module root that the rules name, main aside.
func (b *bundle) additional() (list []file, err error) {
	root := os.DirFS(b.ModuleRoot)
	type pattern struct {
		*regexp.Regexp
		module string // its media type
	}
	var patterns []pattern
	for _, rule := range b.rules.active {
		for _, g := range rule.Globs {
			patterns = append(patterns, pattern{regexp.MustCompile(glob(g, true)), moduleTypes[rule.Type]})
		}
	}
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		at := filepath.Join(b.ModuleRoot, filepath.FromSlash(name))
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".wrangler" || d.Name() == ".lattice"):
			return fs.SkipDir
		case d.IsDir(), at == b.Config, at == b.Entry:
			return nil
		}
		first := slices.IndexFunc(patterns, func(p pattern) bool { return p.MatchString(name) })
		if first < 0 {
			return nil
		}
		content, err := fs.ReadFile(root, name)
		if err == nil {
			list = append(list, file{Module{name, patterns[first].module, content}, at})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for modules in %s: %w", b.ModuleRoot, err)
	}
	return list, nil
}
