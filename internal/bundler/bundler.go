// Package bundler makes the modules of a Worker whose main is JavaScript or TypeScript of its own, as `wrangler deploy` makes them: one file with
// everything that main imports, and beside it the files that only the runtime can load, such as .wasm and .txt.
//
// The one idea: wrangler bundles with esbuild, and esbuild is a Go library, so the same version of it with the same options makes the same bytes;
// tests/deploy compares them. Start with Bundle.
//
// See https://developers.cloudflare.com/workers/wrangler/bundling/.
package bundler

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

// Options say what is bundled. Paths are absolute.
type Options struct {
	Entry      string // the file of main
	Root       string // the folder of the configuration, from which package.json and aliases are found
	ModuleRoot string // base_dir: where further modules are looked for; "" is the folder of Entry
	Config     string // the configuration, which is no module

	Date  string // of compatibility
	Flags []string

	NoBundle      bool // sends main as it is, and what the rules find beside it
	Additional    bool // find_additional_modules
	PreserveNames bool
	NoNames       bool // keep_names = false
	Minify        bool
	NoMaps        bool // upload_source_maps = false
	Rules         []Rule
	Define        map[string]string
	Alias         map[string]string
	TSConfig      string
	JSXFactory    string
	JSXFragment   string
}

// Module is a file of the upload.
type Module struct {
	Name    string
	Type    string // a media type
	Content []byte
}

// Result is what is to be uploaded: Modules[0] is the main one.
type Result struct {
	Modules  []Module
	Exports  []string // of main; nil where it was not bundled
	Warnings []string
}

// ErrFormat is a main that has no exports.
var ErrFormat = errors.New("it exports nothing: a Worker in the service-worker format is for `wrangler deploy`; lattice deploys modules, with an export default (https://developers.cloudflare.com/workers/reference/migrate-to-module-workers/)")

// ErrMissing is a main that is not there.
var ErrMissing = errors.New("there is no such file")

var typed = regexp.MustCompile(`\.([mc]?ts|[jt]sx)$`)

// Bundle makes the modules. It writes nothing.
func Bundle(o Options) (*Result, error) {
	if o.ModuleRoot == "" {
		o.ModuleRoot = filepath.Dir(o.Entry)
	}
	switch info, err := os.Stat(o.Entry); {
	case err != nil:
		return nil, ErrMissing
	case info.IsDir():
		return nil, errors.New("that is a folder: name the file in it, index.js say")
	case filepath.Ext(o.Entry) == ".py":
		return nil, errors.New("that is Python, which `wrangler deploy` deploys")
	case o.NoBundle && typed.MatchString(o.Entry):
		return nil, errors.New("that is no JavaScript, and without bundling it is sent as it is, which the runtime does not read: leave out no_bundle")
	}
	b := &bundle{Options: o}
	var err error
	if b.rules, err = parseRules(o.Rules); err != nil {
		return nil, err
	}
	b.warnings = b.rules.warnings
	if o.NoBundle {
		return b.asItIs()
	}
	return b.build()
}

// bundle is one under way.
type bundle struct {
	Options
	rules rules

	mu       sync.Mutex // esbuild calls plugins from several goroutines
	modules  []Module
	found    map[string]bool // paths of the modules that find_additional_modules found
	warnings []string
}

// asItIs is no_bundle: main, and the modules beside it.
func (b *bundle) asItIs() (*Result, error) {
	text, err := os.ReadFile(b.Entry)
	if err != nil {
		return nil, err
	}
	additional, err := b.additional()
	if err != nil {
		return nil, err
	}
	files := append([]file{{Module{filepath.Base(b.Entry), TypeModule, text}, b.Entry}}, additional...)
	var modules []Module
	for _, f := range files {
		modules = append(modules, f.Module)
	}
	if !b.NoMaps {
		modules = append(modules, scanMaps(files)...)
	}
	return &Result{Modules: modules, Warnings: b.warnings}, nil
}

// build runs esbuild.
func (b *bundle) build() (*Result, error) {
	if b.Additional {
		list, err := b.additional()
		if err != nil {
			return nil, err
		}
		b.found = map[string]bool{}
		for _, f := range list {
			b.modules, b.found[f.path] = append(b.modules, f.Module), true
		}
	}
	name := strings.TrimSuffix(filepath.Base(b.Entry), filepath.Ext(b.Entry))
	out := filepath.Join(b.Root, ".lattice", "bundle") // nothing is written there
	res := api.Build(api.BuildOptions{
		EntryPoints: []string{b.Entry}, AbsWorkingDir: b.Root, Outdir: out, EntryNames: name,
		Bundle: true, Metafile: true, Format: api.FormatESModule, Target: api.ES2024, Platform: api.PlatformBrowser,
		Supported:  map[string]bool{"import-source": true, "using": true},
		Conditions: []string{"workerd", "worker", "browser"}, External: []string{"__STATIC_CONTENT_MANIFEST"},
		KeepNames: !b.NoNames, MinifyWhitespace: b.Minify, MinifyIdentifiers: b.Minify, MinifySyntax: b.Minify,
		Sourcemap: b.maps(), SourceRoot: out, Define: b.defines(),
		Loader:     map[string]api.Loader{".js": api.LoaderJSX, ".mjs": api.LoaderJSX, ".cjs": api.LoaderJSX},
		JSXFactory: b.JSXFactory, JSXFragment: b.JSXFragment, Tsconfig: b.TSConfig,
		Plugins: []api.Plugin{b.aliases(), b.collector(), b.builtins(), platform},
	})
	for _, text := range api.FormatMessages(res.Warnings, api.FormatMessagesOptions{Kind: api.WarningMessage}) {
		b.warnings = append(b.warnings, strings.TrimSpace(text))
	}
	if len(res.Errors) > 0 {
		text := strings.Join(api.FormatMessages(res.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage}), "")
		return nil, fmt.Errorf("it cannot be bundled:\n%s", strings.TrimSpace(text))
	}
	exports, err := exportsOf(res.Metafile)
	if err != nil {
		return nil, err
	}
	if len(exports) == 0 {
		return nil, ErrFormat
	}
	result := &Result{Exports: exports, Warnings: b.warnings}
	var sourceMap *Module
	for _, f := range res.OutputFiles {
		if strings.HasSuffix(f.Path, ".map") {
			if sourceMap, err = b.sourceMap(name+".js", out, f.Contents); err != nil {
				return nil, err
			}
			continue
		}
		result.Modules = append(result.Modules, Module{name + ".js", TypeModule, f.Contents})
	}
	slices.SortStableFunc(b.modules, func(x, y Module) int { return strings.Compare(x.Name, y.Name) })
	result.Modules = append(result.Modules, slices.CompactFunc(b.modules, func(x, y Module) bool { return x.Name == y.Name })...)
	if sourceMap != nil {
		result.Modules = append(result.Modules, *sourceMap)
	}
	return result, nil
}

func (b *bundle) maps() api.SourceMap {
	if b.NoMaps {
		return api.SourceMapNone
	}
	return api.SourceMapLinked
}

// defines are the names that are replaced in the source. What the configuration says is an expression, as wrangler hands it to esbuild.
func (b *bundle) defines() map[string]string {
	text, _ := json.Marshal(cmp.Or(os.Getenv("NODE_ENV"), "production"))
	d := map[string]string{"process.env.NODE_ENV": string(text), "global.process.env.NODE_ENV": string(text), "globalThis.process.env.NODE_ENV": string(text)}
	if slices.Contains(b.Flags, "global_navigator") || b.Date >= "2022-03-21" && !slices.Contains(b.Flags, "no_global_navigator") {
		d["navigator.userAgent"] = `"Cloudflare-Workers"`
	}
	maps.Copy(d, b.Define)
	return d
}

// exportsOf reads the exports of the entry from esbuild's notes.
func exportsOf(metafile string) ([]string, error) {
	var notes struct {
		Outputs map[string]struct {
			Entry   string   `json:"entryPoint"`
			Exports []string `json:"exports"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &notes); err != nil {
		return nil, fmt.Errorf("esbuild's notes about the bundle: %w", err)
	}
	for _, o := range notes.Outputs {
		if o.Entry != "" {
			return o.Exports, nil
		}
	}
	return nil, nil
}
