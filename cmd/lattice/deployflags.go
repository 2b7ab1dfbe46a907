package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/internal/wrangler"
)

// settingFlags are settings that the command line replaces for one deployment, under wrangler's names.
type settingFlags struct {
	rename, date, assets        string
	compat                      list
	triggers                    triggerFlags
	logpush, minify, noBundle   bool
	bundle, maps                bool
	define, alias               overrides
	tsconfig, factory, fragment string
	outdir                      string
	provision                   bool
}

func (s *settingFlags) add(fs *flag.FlagSet, triggers bool) {
	s.define, s.alias = overrides{}, overrides{}
	fs.StringVar(&s.rename, "name", "", "deploy under that `name`, whatever the configuration says")
	fs.StringVar(&s.date, "compatibility-date", "", "`date`, instead of that of the configuration")
	fs.Var(&s.compat, "compatibility-flag", "`flag`, instead of those of the configuration; may be repeated")
	alias(fs, "compatibility-flag", "compatibility-flags")
	fs.StringVar(&s.assets, "assets", "", "`folder` of static files, instead of that of the configuration")
	fs.BoolVar(&s.provision, "x-provision", true, "make KV namespaces, R2 buckets, D1 databases and queues that bindings need and that are not there")
	alias(fs, "x-provision", "experimental-provision")
	fs.StringVar(&s.outdir, "outdir", "", "write the modules that are sent into this `folder`, too")
	if triggers {
		s.triggers.add(fs)
		fs.BoolVar(&s.logpush, "logpush", false, "let Logpush have the Worker's trace events; --logpush=false takes that back")
	}
	fs.BoolVar(&s.minify, "minify", false, "minify a main of your own JavaScript")
	fs.BoolVar(&s.noBundle, "no-bundle", false, "send a main of your own as it is, and the modules beside it")
	fs.BoolVar(&s.bundle, "bundle", true, "bundle it even if the configuration says no_bundle")
	fs.BoolVar(&s.maps, "upload-source-maps", true, "send the source map of that bundle")
	fs.Var(s.define, "define", "replace a name in that JavaScript, as `NAME:expression`; may be repeated")
	fs.Var(s.alias, "alias", "replace a package in that JavaScript, as `FROM:TO`; may be repeated")
	fs.StringVar(&s.tsconfig, "tsconfig", "", "`file` for TypeScript in it")
	fs.StringVar(&s.factory, "jsx-factory", "", "`function` that makes elements of JSX")
	fs.StringVar(&s.fragment, "jsx-fragment", "", "`function` that makes fragments of JSX")
}

// any is the list as the configuration has lists.
func (l list) any() []any {
	out := []any{}
	for _, v := range l {
		out = append(out, v)
	}
	return out
}

// refusedFlags are those that wrangler does not show in its help (the others are in package habits), and what to do instead.
var refusedFlags = map[string]string{
	"site": sites, "site-include": sites, "site-exclude": sites, "legacy-assets": "write --assets FOLDER", "node-compat": "write --compatibility-flag nodejs_compat",
	"script": "write main in the configuration, or its path as the argument", "temporary": "lattice makes no accounts: `wrangler deploy --temporary` does",
	"x-auto-create": drafts, "experimental-auto-create": drafts, "no-x-auto-create": drafts, "no-experimental-auto-create": drafts,
}

const (
	sites  = "Workers Sites are deployed by `wrangler deploy`; --assets FOLDER has taken their place"
	drafts = "lattice makes what bindings need, and asks for no names: leave it out, or make nothing with --x-provision=false"
)

// negations are flags that begin with no-, and what they mean in Go's spelling.
var negations = map[string]string{
	"no-x-provision": "x-provision=false", "no-experimental-provision": "x-provision=false", "no-minify": "minify=false", "no-keep-vars": "keep-vars=false", "no-upload-source-maps": "upload-source-maps=false",
	"no-logpush": "logpush=false", "no-strict": "strict=false", "no-dry-run": "dry-run=false",
}

// translate writes wrangler's flags in the spelling of the flag package, and says of those that are not there what to use.
func translate(args []string) ([]string, error) {
	out := slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || name == "" {
			continue
		}
		if text := refusedFlags[name]; text != "" {
			return nil, fmt.Errorf("--%s: %s", name, text)
		}
		if text := negations[name]; text != "" {
			out[i] = "--" + text
		}
	}
	return out, nil
}

// apply puts what the command line says into the configuration.
func (s *settingFlags) apply(p *project, cfg *wrangler.Config) error {
	set := cfg.Override
	var errs []error
	if s.rename != "" {
		errs = append(errs, set("name", s.rename))
	}
	if s.date != "" {
		errs = append(errs, set("compatibility_date", s.date))
	}
	if len(s.compat) > 0 {
		errs = append(errs, set("compatibility_flags", s.compat.any()))
	}
	if s.assets != "" {
		table, _ := cfg.Setting("assets").(map[string]any)
		next := map[string]any{}
		for name, v := range table {
			next[name] = v
		}
		full, err := filepath.Abs(s.assets)
		next["directory"] = full
		errs = append(errs, err, set("assets", next))
	}
	errs = append(errs, s.triggers.apply(cfg))
	if p.given("logpush") {
		errs = append(errs, set("logpush", s.logpush))
	}
	return errors.Join(errs...)
}

// bundling is what the command line says about a main of the project's own.
func (s *settingFlags) bundling(p *project) deploy.Bundling {
	b := deploy.Bundling{Define: s.define, Alias: s.alias, TSConfig: s.tsconfig, Factory: s.factory, Fragment: s.fragment}
	if p.given("minify") {
		b.Minify = &s.minify
	}
	if p.given("upload-source-maps") {
		b.SourceMaps = &s.maps
	}
	if p.given("no-bundle") {
		b.NoBundle = &s.noBundle
	}
	if p.given("bundle") {
		off := !s.bundle
		b.NoBundle = &off
	}
	return b
}

// ownFlags are those that say something about JavaScript of the project's own.
var ownFlags = []string{"minify", "define", "alias", "tsconfig", "jsx-factory", "jsx-fragment"}

var ownMain = regexp.MustCompile(`\.[mc]?[jt]sx?$`)

// entry is an argument that names a file of JavaScript, as wrangler takes it, instead of a package.
func (p *project) entry(cfg *wrangler.Config) error {
	if !ownMain.MatchString(p.pkg) {
		return nil
	}
	full, err := filepath.Abs(p.pkg)
	if err != nil {
		return err
	}
	if _, err := os.Stat(full); err != nil {
		return fmt.Errorf("%s: there is no such file", p.pkg)
	}
	p.pkg = ""
	return cfg.Override("main", full)
}
