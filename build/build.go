// Package build turns a Go program into what Cloudflare deploys and the local host runs: it compiles the program to
// Wasm, asks the module to describe itself, generates the JavaScript entry and the TypeScript declarations from that
// description, checks wrangler.toml against it, and writes the four files of build/dist.
//
// It needs the Go toolchain and nothing else: the shim is embedded and bundled with esbuild's Go API. Start with Build.
package build

import (
	"context"
	"fmt"
	"path/filepath"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// Names of the files in the output folder.
const (
	WorkerFile   = "worker.mjs"
	ModuleFile   = "app.wasm"
	TypesFile    = "lattice.d.ts"
	ManifestFile = "manifest.json"
)

// DefaultOut is the output folder, relative to the folder of wrangler.toml.
const DefaultOut = "build/dist"

// Options says what to build. The zero value builds the program in the working directory.
type Options struct {
	Dir      string           // where the go command runs; "" is the working directory
	Package  string           // of the program, as the go command takes it; "" is "."
	Out      string           // the output folder; "" is build/dist beside Config, or in Dir
	Config   *wrangler.Config // checked against the module when not nil
	CacheDir string           // keeps compiled Wasm between runs; "" keeps nothing
	Small    bool             // compiles the program's own packages without inlining: smaller, and somewhat slower
	NoSizes  bool             // leaves Result.Sizes zero: compressing takes as long as all the rest of a warm build
	NoFiles  bool             // makes and checks everything, and writes nothing
}

// CompileError is a Go program that does not compile: Package is the program as the go command takes it, Output what the go command has printed.
type CompileError = compile.Error

// Result is what Build made.
type Result struct {
	Out      string // the output folder
	Module   []byte // app.wasm
	Classes  []byte // script with the JavaScript classes of a program of github.com/syumai/workers, which sets latticeClasses; or nil
	Manifest *Manifest
	Sizes    Sizes
	Warnings []string
}

// Build makes the files of the output folder. On an error the files of the build before are still there, untouched.
// It returns a *CompileError when the Go program does not compile and a *CheckError when wrangler.toml does not fit it.
func Build(ctx context.Context, o Options) (*Result, error) {
	return build(ctx, o.withDefaults(), local.Options{CacheDir: o.CacheDir})
}

// build is Build for a module that is going to run on a host.
func build(ctx context.Context, o Options, host local.Options) (*Result, error) {
	module, warnings, err := compile.Module(ctx, o.Dir, o.Package, compile.Options{Small: o.Small})
	if err != nil {
		return nil, err
	}
	manifest, err := describe(ctx, module, host)
	if err != nil {
		return nil, err
	}
	res := &Result{Out: o.Out, Module: module, Manifest: manifest, Warnings: warnings}
	if o.Config != nil {
		warnings, err := check(o.Config, manifest, o.Out)
		if err != nil {
			return nil, err
		}
		res.Warnings = append(res.Warnings, warnings...)
		source := compile.SourceOf(ctx, o.Dir, o.Package)
		res.Warnings = append(res.Warnings, unbound(o.Config, source.Bindings())...)
		res.Warnings = append(res.Warnings, source.Unreachable()...)
		res.Warnings = append(res.Warnings, checkEnvironments(o.Config, manifest, o.Out, warnings)...)
	}
	worker, err := bundle(manifest)
	if err != nil {
		return nil, err
	}
	if !o.NoSizes {
		res.Sizes = Measure(module, worker)
		res.Warnings = append(res.Warnings, res.Sizes.Warnings()...)
		if o.Config != nil {
			res.Warnings = append(res.Warnings, missingAssets(o.Config)...) // a local host does not start without them
		}
	}
	if o.NoFiles {
		return res, nil
	}
	// The module goes first and the entry last: whoever watches the entry finds everything in place.
	return res, write(o.Out, []output{
		{ModuleFile, module},
		{TypesFile, []byte(declarations(manifest, o.Config))},
		{workerTypesFile, []byte(workerTypes)},
		{ManifestFile, manifest.json()},
		{WorkerFile, worker},
	})
}

// workerTypes stands beside worker.mjs as its types, which are those of lattice.d.ts: what wrangler types writes imports the main of the configuration.
const (
	workerTypesFile = "worker.d.ts"
	workerTypes     = "// Made by lattice build. Do not edit.\nexport * from \"./lattice\";\nexport { default } from \"./lattice\";\n"
)

// Declarations is the text of lattice.d.ts. It writes nothing, and does not check the configuration.
func Declarations(ctx context.Context, o Options) ([]byte, error) {
	o = o.withDefaults()
	module, _, err := compile.Module(ctx, o.Dir, o.Package, compile.Options{Small: o.Small})
	if err != nil {
		return nil, err
	}
	manifest, err := describe(ctx, module, local.Options{CacheDir: o.CacheDir})
	if err != nil {
		return nil, err
	}
	return []byte(declarations(manifest, o.Config)), nil
}

func (o Options) withDefaults() Options {
	if o.Package == "" {
		o.Package = "."
	}
	if o.Out == "" {
		o.Out = filepath.Join(o.Dir, DefaultOut)
		if o.Config != nil {
			o.Out = o.Config.Abs(DefaultOut)
		}
	}
	return o
}

// Summary is one line about the result for people.
func (r *Result) Summary() string {
	text := fmt.Sprintf("%s: %s", r.Out, r.Manifest.Summary())
	if r.Sizes.Raw > 0 {
		text += ", " + r.Sizes.String()
	}
	return text
}
