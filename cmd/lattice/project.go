package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
)

// project is what both build and dev need to know: where wrangler.toml is and which program it belongs to.
type project struct {
	configPath string
	env        string
	out        string
	pkg        string
	small      bool

	configs list // that the command line names; configPath is one of them
	fs      *flag.FlagSet
	notes   []string // about which file was found
}

func (p *project) flags(fs *flag.FlagSet) {
	p.configFlags(fs)
	fs.StringVar(&p.out, "out", "", "write to `folder` (default build/dist beside the configuration)")
	fs.BoolVar(&p.small, "small", false, "compile the program's own packages, and other modules', without inlining: a smaller module, somewhat slower")
}

// configFlags are those that choose a configuration.
func (p *project) configFlags(fs *flag.FlagSet) {
	p.fs = fs
	fs.Var(&p.configs, "config", "`file` with the Worker's configuration (default wrangler.json, wrangler.jsonc or wrangler.toml, here or in a folder above)")
	alias(fs, "config", "c")
	fs.StringVar(&p.env, "env", "", "use the settings of [env.`name`] (default: what CLOUDFLARE_ENV says, or the top level)")
	alias(fs, "env", "e")
	workingFolder(fs)
}

// find looks for the configuration that the flags leave open.
func (p *project) find() {
	switch {
	case p.configPath != "":
	case len(p.configs) > 0:
		p.configPath = p.configs[0]
	default:
		p.configPath, p.notes = wrangler.Find(".")
	}
	if !p.given("env") && !p.given("e") {
		p.env = os.Getenv("CLOUDFLARE_ENV")
	}
}

// environ reads the .env files that --env chooses, or those that the command line names instead. CLOUDFLARE_ENV chooses none, as with wrangler.
func (p *project) environ(files ...string) (*wrangler.Environ, error) {
	env := ""
	if p.given("env") || p.given("e") {
		env = p.env
	}
	return wrangler.LoadEnviron(".", env, files...)
}

// load reads the configuration and says how to build the program with it.
func (p *project) load() (*wrangler.Config, build.Options, error) {
	p.find()
	cfg, err := wrangler.Load(p.configPath, p.env)
	if err != nil {
		return nil, build.Options{}, err
	}
	for _, note := range p.notes {
		cfg.Warnings = append(cfg.Warnings, wrangler.Warning{Text: note})
	}
	o := build.Options{Package: p.pkg, Out: p.out, Config: cfg, CacheDir: cacheDir(), Small: p.small || cfg.Small()}
	if o.Package == "" {
		o.Dir, o.Package = cfg.Program()
	}
	return cfg, o, nil
}

// one refuses several configurations.
func (p *project) one(errs io.Writer) error {
	if len(p.configs) < 2 {
		return nil
	}
	fmt.Fprintf(errs, "lattice %s takes one --config; lattice dev runs several Workers together\n", p.fs.Name())
	return errUsage
}

// given reports whether a flag stands on the command line.
func (p *project) given(name string) (given bool) {
	if p.fs == nil {
		return false
	}
	p.fs.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

// cacheDir keeps compiled Wasm for all projects of this user. Without a home there is no cache, only a slower start.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "lattice", "wasm")
}

// compilerLines are what the compiler says of a program, as it says it.
func compilerLines(err error) (string, bool) {
	failed, ok := errors.AsType[*build.CompileError](err)
	if !ok {
		return "", false
	}
	return strings.TrimRight(failed.Output, "\n"), true
}

// printed prints the compiler's lines, and returns an error that does not say them again. Other errors of a build it returns.
func printed(err error, pkg string, errs io.Writer) error {
	lines, ok := compilerLines(err)
	if !ok {
		return err
	}
	fmt.Fprintln(errs, lines)
	return fmt.Errorf("%s does not compile", pkg)
}
