package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/bundler"
	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
)

// Code is what is uploaded of a program.
type Code struct {
	Main    string // the name of the main module; "" is a Worker of static files alone
	Modules []cloudflare.Module
	Exports []string // of main, where it is JavaScript of the project's own
	Sizes   build.Sizes

	Warnings []string
}

// Bundling is what the command line says about JavaScript of a project's own.
type Bundling struct {
	NoBundle, Minify, SourceMaps *bool
	Define, Alias                map[string]string
	TSConfig, Factory, Fragment  string // of JSX
}

// Source is what a build needs besides the configuration.
type Source struct {
	Bundling
	Command string    // of lattice, for which it is
	Environ []string  // of the [build] command
	Log     io.Writer // gets what that prints
}

// Make builds what a project deploys: the program of the SDK, or, when main is JavaScript of its own, what main imports, after the [build] command.
func Make(ctx context.Context, cfg *wrangler.Config, o build.Options, s Source) (Code, error) {
	if o.Out == "" {
		o.Out = cfg.Abs(build.DefaultOut)
	}
	worker := filepath.Join(o.Out, build.WorkerFile)
	switch {
	case cfg.Main == "" && cfg.Assets != nil && cfg.Assets.Directory != "" && !compile.UsesSDK(ctx, o.Dir, o.Package):
		warnings, err := prepare(ctx, cfg, o, s)
		return Code{Warnings: warnings}, err
	case cfg.Main == "" || same(cfg.Abs(cfg.Main), worker):
		if compile.IsPlain(ctx, o.Dir, o.Package) {
			return Code{}, fmt.Errorf("%s is a program of github.com/syumai/workers, and main is missing, or leads to what lattice build makes: write main = \"./build/worker.mjs\" and the [build] command of that library (docs/deploy.md), or move its imports to Lattice (docs/migrating-from-syumai.md)", o.Package)
		}
		built, err := build.Build(ctx, o)
		if err != nil {
			return Code{}, err
		}
		return Built(built)
	}
	warnings, err := prepare(ctx, cfg, o, s)
	if err != nil {
		return Code{}, err
	}
	result, err := bundler.Bundle(bundling(cfg, s.Bundling))
	if err != nil {
		switch {
		case errors.Is(err, bundler.ErrMissing) && cfg.Build.Command == "":
			err = fmt.Errorf("%w: make it, or write the command that makes it as command under [build]", err)
		case errors.Is(err, bundler.ErrMissing):
			err = fmt.Errorf("%w after the [build] command: let that write it, or write here where it does", err)
		}
		return Code{}, fmt.Errorf("%s:%d: main is %s: %w", cfg.Path, cfg.Line("main"), cfg.Main, err)
	}
	return bundled(result, warnings), nil
}

// Write puts the modules into a folder, under their names.
func (c Code) Write(dir string) error {
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, m := range c.Modules {
		at := filepath.Join(root, filepath.FromSlash(m.Name))
		if !strings.HasPrefix(at, root+string(filepath.Separator)) {
			continue // a module of another folder, whose name leads there
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, m.Content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Built is the code of a program of the SDK.
func Built(r *build.Result) (Code, error) {
	script, err := os.ReadFile(filepath.Join(r.Out, build.WorkerFile))
	if err != nil {
		return Code{}, err
	}
	return Code{Main: build.WorkerFile, Sizes: r.Sizes, Warnings: r.Warnings, Modules: []cloudflare.Module{
		{Name: build.WorkerFile, Type: bundler.TypeModule, Content: script}, {Name: build.ModuleFile, Type: bundler.TypeWasm, Content: r.Module},
	}}, nil
}

func bundled(r *bundler.Result, warnings []string) Code {
	c := Code{Main: r.Modules[0].Name, Exports: r.Exports, Warnings: append(warnings, r.Warnings...)}
	var counted [][]byte
	for _, m := range r.Modules {
		c.Modules = append(c.Modules, cloudflare.Module{Name: m.Name, Type: m.Type, Content: m.Content})
		if m.Type != bundler.TypeSourceMap {
			counted = append(counted, m.Content)
		}
	}
	c.Sizes = build.Measure(counted...)
	c.Warnings = append(c.Warnings, c.Sizes.Warnings()...)
	return c
}

// prepare makes what main imports: by the [build] command, as wrangler does, or, when that is lattice build, here.
func prepare(ctx context.Context, cfg *wrangler.Config, o build.Options, s Source) ([]string, error) {
	if cfg.BuildsWithLattice() || cfg.Build.Command == "" && compile.UsesSDK(ctx, o.Dir, o.Package) {
		built, err := build.Build(ctx, o)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(built.Warnings, func(w string) bool { return strings.Contains(w, "after gzip") }), nil
	}
	warnings := []string{}
	for _, w := range cfg.Warnings {
		warnings = append(warnings, w.At(cfg.Path))
	}
	if cfg.Build.Command == "" {
		return warnings, nil
	}
	fmt.Fprintf(s.Log, "build     running: %s\n", cfg.Build.Command)
	cmd := shell(ctx, cfg.Build.Command)
	cmd.Dir, cmd.Stdout, cmd.Stderr = cfg.Abs(cfg.Build.Cwd), s.Log, s.Log
	cmd.Env = append(s.Environ, "WRANGLER_COMMAND="+s.Command) // by which such commands know what they are for
	if err := cmd.Run(); ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil {
		return nil, fmt.Errorf("%s:%d: the [build] command %q failed: %w; what it printed stands above", cfg.Path, cfg.Line("build.command"), cfg.Build.Command, err)
	}
	return warnings, nil
}

// bundling joins what the configuration and the command line say.
func bundling(cfg *wrangler.Config, b Bundling) bundler.Options {
	abs := func(path string) string {
		if path == "" {
			return ""
		}
		if full, err := filepath.Abs(path); err == nil {
			return full
		}
		return path
	}
	is := func(name string, flag *bool) bool {
		if flag != nil {
			return *flag
		}
		v, _ := cfg.Setting(name).(bool)
		return v
	}
	text := func(name, flag string) string {
		if v, _ := cfg.Setting(name).(string); flag == "" {
			return v
		}
		return flag
	}
	o := bundler.Options{
		Entry: abs(cfg.Abs(cfg.Main)), Root: abs(cfg.Dir()), Config: abs(cfg.Path), Date: cfg.CompatibilityDate, Flags: cfg.CompatibilityFlags,
		NoBundle: is("no_bundle", b.NoBundle), Minify: is("minify", b.Minify), PreserveNames: is("preserve_file_names", nil),
		NoNames: cfg.Setting("keep_names") == false, NoMaps: cfg.Setting("upload_source_maps") == false && b.SourceMaps == nil || b.SourceMaps != nil && !*b.SourceMaps,
		Define: pairs(cfg.Setting("define"), b.Define), Alias: pairs(cfg.Setting("alias"), b.Alias),
		JSXFactory: text("jsx_factory", b.Factory), JSXFragment: text("jsx_fragment", b.Fragment), TSConfig: abs(b.TSConfig),
	}
	// Without a bundler modules are looked for unless the file says no, otherwise only when it says yes.
	find, said := cfg.Setting("find_additional_modules").(bool)
	o.Additional = find || o.NoBundle && !said
	if dir, _ := cfg.Setting("base_dir").(string); dir != "" {
		o.ModuleRoot = abs(cfg.Abs(dir))
	}
	if path, _ := cfg.Setting("tsconfig").(string); path != "" && b.TSConfig == "" {
		o.TSConfig = abs(cfg.Abs(path))
	}
	for _, table := range tables(cfg.Setting("rules")) {
		rule := bundler.Rule{Type: fmt.Sprint(table["type"])}
		globs, _ := table["globs"].([]any)
		for _, g := range globs {
			rule.Globs = append(rule.Globs, fmt.Sprint(g))
		}
		if v, ok := table["fallthrough"].(bool); ok {
			rule.Fallthrough = &v
		}
		o.Rules = append(o.Rules, rule)
	}
	return o
}

// pairs are a table of texts of the configuration, of which the command line replaces some.
func pairs(v any, more map[string]string) map[string]string {
	all := map[string]string{}
	table, _ := v.(map[string]any)
	for name, v := range table {
		all[name] = fmt.Sprint(v)
	}
	for name, v := range more {
		all[name] = v
	}
	return all
}

// checkExports refuses bindings to classes of this Worker that main does not export.
func (p *Plan) checkExports(exports []string) (errs []error) {
	if exports == nil {
		return nil
	}
	for i, b := range p.Config.Objects {
		if (b.Script == "" || b.Script == p.Config.Name) && !slices.Contains(exports, b.Class) {
			errs = append(errs, p.at(fmt.Sprintf("durable_objects.bindings[%d].class_name", i), "main does not export the class %s, to which %s is bound: it exports %s", b.Class, b.Name, names(exports)))
		}
	}
	return errs
}
