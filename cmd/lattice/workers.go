package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/devserver"
	"grove.place/lattice/internal/inspector"
	"grove.place/lattice/internal/otlp"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// fleet are the Workers that lattice dev runs: one, or several in a session.
type fleet struct {
	projects  []*project // the first answers requests
	names     []string
	state     string
	isolates  int
	log       *slog.Logger
	clock     *local.AdjustableClock
	watch     local.Watch
	localOnly bool                                             // remote bindings are kept here
	configs   []*wrangler.Config                               // as they were at start
	sleep     func(ctx context.Context, d time.Duration) error // before a request to the account is tried again; nil: the real clock
	traces    *otlp.Exporter                                   // nil: nobody traces
	record    *inspector.Record                                // nil: nobody inspects

	mu      sync.Mutex
	session *local.Session // of several, once the first of them has started
}

// newFleet reads the configurations, so that what is wrong with them is known before anything is built.
func newFleet(p *project, localOnly bool, errs io.Writer) (*fleet, *wrangler.Config, error) {
	if len(p.configs) > 1 {
		for flag, given := range map[string]bool{"the package": p.pkg != "", "--out": p.out != ""} {
			if given {
				fmt.Fprintf(errs, "%s is of one Worker: with several, each configuration says it ([build] command and main)\n", flag)
				return nil, nil, errUsage
			}
		}
	}
	f := &fleet{projects: []*project{p}, localOnly: localOnly}
	for _, path := range p.configs[min(1, len(p.configs)):] {
		next := *p
		next.configPath = path
		f.projects = append(f.projects, &next)
	}
	var first *wrangler.Config
	outs := map[string]string{}
	for _, one := range f.projects {
		cfg, o, err := f.load(one)
		if err != nil {
			return nil, nil, err
		}
		if first == nil {
			first = cfg
		}
		if cfg.Name == "" && len(f.projects) > 1 {
			return nil, nil, fmt.Errorf("%s: name is missing, and the other Workers find this one by it: add name = \"my-worker\" at the top", cfg.Path)
		}
		if slices.Contains(f.names, cfg.Name) {
			return nil, nil, fmt.Errorf("%s: another of the Workers is called %q, too: give each a name of its own", cfg.Path, cfg.Name)
		}
		if other := outs[o.Out]; o.Out != "" && other != "" {
			return nil, nil, fmt.Errorf("%s and %s are both built to %s: give each a main of its own, as main = \"build/%s/worker.mjs\"", other, cfg.Path, o.Out, cfg.Name)
		}
		outs[o.Out], f.configs = cfg.Path, append(f.configs, cfg)
		f.names = append(f.names, cfg.Name)
	}
	return f, first, nil
}

// load reads the configuration of one of them.
func (f *fleet) load(p *project) (*wrangler.Config, build.Options, error) {
	cfg, o, err := p.load()
	if err != nil {
		return nil, o, err
	}
	if len(f.projects) > 1 {
		o.Out = filepath.Join(cfg.Dir(), build.DefaultOut)
		if filepath.Base(cfg.Main) == "worker.mjs" {
			o.Out = filepath.Dir(cfg.Abs(cfg.Main))
		}
	}
	f.warn(cfg)
	f.markRemote(cfg)
	return cfg, o, nil
}

// warn says which bindings lead to Workers that do not run here.
func (f *fleet) warn(cfg *wrangler.Config) {
	add := func(path, what, name string) {
		if f.names == nil || name == cfg.Name || slices.Contains(f.names, name) {
			return
		}
		cfg.Warnings = append(cfg.Warnings, wrangler.Warning{Line: cfg.Line(path), Text: fmt.Sprintf(
			"%s the Worker %q, which does not run here, so calls fail: start it as well, with lattice dev -c %s -c path/to/%s/wrangler.toml",
			what, name, f.projects[0].configPath, name)})
	}
	for i, s := range cfg.Services {
		add(fmt.Sprintf("services[%d].service", i), "service binding "+s.Binding+" leads to", bindings.Script(s.Service, s.Environment))
	}
	for i, b := range cfg.Objects {
		if b.Script != "" {
			add(fmt.Sprintf("durable_objects.bindings[%d].script_name", i), "Durable Object binding "+b.Name+" has its class in", bindings.Script(b.Script, b.Env))
		}
	}
	warnNames(cfg)
}

// warnNames says of which stores the files have other names than the configuration gives.
func warnNames(cfg *wrangler.Config) {
	odd := func(path, what, name, binding string) {
		if name != "" && !bindings.FileName.MatchString(name) {
			cfg.Warnings = append(cfg.Warnings, wrangler.Warning{Line: cfg.Line(path), Text: fmt.Sprintf(
				"%s %q cannot be the name of a file (letters, digits, - and _): what is stored here goes by the binding, %s", what, name, binding)})
		}
	}
	for i, k := range cfg.KV {
		odd(fmt.Sprintf("kv_namespaces[%d].id", i), "the id", k.ID, k.Binding)
	}
	for i, d := range cfg.Databases {
		odd(fmt.Sprintf("d1_databases[%d].database_name", i), "the database_name", d.Name, d.Binding)
	}
}

// sources are the Workers as the development server takes them. Variables and seeds of the command line are the first's.
func (f *fleet) sources(vars, seeded map[string]string) (all []devserver.Source) {
	for i, p := range f.projects {
		src := devserver.Source{
			ConfigPath: p.configPath, Env: p.env,
			Load: func() (*wrangler.Config, build.Options, error) { return f.load(p) },
		}
		var seeds map[string]string
		if i == 0 {
			src.Vars, seeds = vars, seeded
		}
		if len(f.projects) > 1 {
			src.Name = f.names[i]
			src.Down = func(why error) { f.down(src.Name, why) }
		}
		src.Start = func(ctx context.Context, prog devserver.Program) (devserver.Host, error) {
			o, err := hostOptions(prog, f.state, f.isolates, seeds)
			if err != nil {
				return nil, err
			}
			if err := f.connectRemote(ctx, prog.Config, &o, prog.Log); err != nil {
				return nil, err
			}
			o.Clock, o.Watch = f.clock, f.watch
			if f.traces != nil {
				o.Spans = f.traces.Span
			}
			if f.record != nil {
				o.Observe = f.record.Observe
			}
			return f.start(context.WithoutCancel(ctx), o)
		}
		all = append(all, src)
	}
	return all
}

func (f *fleet) start(ctx context.Context, o local.Options) (devserver.Host, error) {
	if len(f.projects) == 1 {
		return local.New(ctx, o)
	}
	s, err := f.shared()
	if err != nil {
		return nil, err
	}
	return s.Start(ctx, o)
}

// shared returns the session, which the first that needs it makes: what is in its way, another process say, may go away.
func (f *fleet) shared() (*local.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session != nil {
		return f.session, nil
	}
	s, err := local.NewSession(local.SessionOptions{Dir: f.state, Clock: f.clock, Workers: f.names, Logger: f.log})
	if err == nil {
		f.session = s
	}
	return s, err
}

// down tells callers of a Worker why it does not run.
func (f *fleet) down(name string, why error) {
	if s, err := f.shared(); err == nil {
		s.Missing(name, why)
	}
}

func (f *fleet) close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.session == nil {
		return nil
	}
	return f.session.Close()
}

// describe says who runs, when there are several.
func (f *fleet) describe() string {
	if len(f.names) == 1 {
		return ""
	}
	return fmt.Sprintf(": %s; %s by bindings", f.names[0], strings.Join(f.names[1:], ", "))
}
