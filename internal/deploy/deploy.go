// Package deploy puts a built Worker on Cloudflare, as `wrangler deploy` does: its modules, bindings, object migrations, static files, and what leads
// events to it.
//
// The one idea: everything that can be wrong is found before the first request (New), and from then on each step knows what is live and says so when it
// fails (Failure). What is sent is what wrangler sends; tests/deploy compares the two field by field. Start with New and Plan.Run.
//
// See https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/.
package deploy

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
)

// Options are what the command line says besides the configuration.
type Options struct {
	Environment string
	Vars        map[string]string // win over those of the configuration
	Secrets     map[string]string // set with the deployment; others stay
	KeepVars    bool              // variables that were set elsewhere stay
	Message     string
	Tag         string
	Alias       string // of a version's preview
	TakeDomains bool   // custom domains give way that something else has
	NoProvision bool   // what bindings name must be there, and is not made
	Strict      bool   // what was changed elsewhere is not overwritten
}

// Plan is a deployment that has been checked and not begun.
type Plan struct {
	Config *wrangler.Config
	Options

	Sizes build.Sizes // of the modules

	main     string
	modules  []cloudflare.Module
	bindings []binding
	drafts   []draft
	assets   *assets // nil without static files
	routes   []cloudflare.Route
	domains  []cloudflare.Route
}

// New checks a configuration and what was built of it. It needs no network.
func New(cfg *wrangler.Config, code Code, o Options) (*Plan, error) {
	p := &Plan{Config: cfg, Options: o, Sizes: code.Sizes, main: code.Main, modules: code.Modules}
	var errs []error
	if cfg.Name == "" {
		errs = append(errs, fmt.Errorf("%s: the Worker has no name: add name = \"…\" at the top", cfg.Path))
	}
	if cfg.CompatibilityDate == "" {
		errs = append(errs, fmt.Errorf("%s: compatibility_date is missing, which a deployment needs", cfg.Path))
	}
	errs = append(errs, p.unsupported()...)
	p.bindings = p.collect(&errs)
	errs = append(errs, p.checkExports(code.Exports)...)
	var err error
	if p.assets, err = readAssets(cfg); err != nil {
		errs = append(errs, err)
	}
	p.split(&errs)
	return p, errors.Join(errs...)
}

// NewTriggers checks what leads events to a Worker, for Plan.Triggers alone.
func NewTriggers(cfg *wrangler.Config, o Options) (*Plan, error) {
	p := &Plan{Config: cfg, Options: o}
	var errs []error
	p.split(&errs)
	return p, errors.Join(errs...)
}

// elsewhere are settings of which a deployment would need more than this package does. Passing over them would deploy less than the file says.
var elsewhere = map[string]string{
	"containers": "containers", "cloudchamber": "containers", "site": "Workers Sites", "data_blobs": "bound files", "text_blobs": "bound files",
	"wasm_modules": "bound Wasm modules", "connect": "incoming connections", "logfwdr": "logfwdr", "addresses": "email addresses", "triggers.events": "event triggers",
	"unsafe.capnp": "capnp schemas", "previews": "previews", "access": "Access", "pages_build_output_dir": "Pages projects", "first_party_worker": "first-party Workers",
}

func (p *Plan) unsupported() (errs []error) {
	for _, name := range slices.Sorted(maps.Keys(elsewhere)) {
		if !empty(p.Config.Setting(name)) {
			errs = append(errs, p.at(name, "lattice deploy does not deploy %s: use `wrangler deploy`, or take %s away", elsewhere[name], name))
		}
	}
	for name, e := range p.Config.Exports {
		if e.Type == "workflow" {
			errs = append(errs, p.at("exports", "lattice deploy does not deploy Workflows, as %s is: use `wrangler deploy`", name))
		}
	}
	return errs
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	case string:
		return v == ""
	}
	return false
}

// at is an error with its place in the configuration.
func (p *Plan) at(path, format string, args ...any) error {
	return errors.New(wrangler.Warning{Line: p.Config.Line(path), Text: fmt.Sprintf(format, args...)}.At(p.Config.Path))
}

func same(a, b string) bool {
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// Describe lists for people what would be deployed.
func (p *Plan) Describe(w io.Writer) {
	fmt.Fprintf(w, "Worker %s", p.Config.Name)
	if p.Environment != "" {
		fmt.Fprintf(w, " (environment %s)", p.Environment)
	}
	fmt.Fprintln(w)
	for _, m := range p.modules {
		fmt.Fprintf(w, "  module   %-24s %s, %s\n", m.Name, size(len(m.Content)), m.Type)
	}
	drafts := map[int]draft{}
	for _, d := range p.drafts {
		if b := p.bindings[d.at]; b["type"] == "inherit" {
			drafts[d.at] = d
		}
	}
	for i, b := range p.bindings {
		if d, is := drafts[i]; is {
			fmt.Fprintf(w, "  binding  %s\n", d.describe())
		} else if p.main != "" {
			fmt.Fprintf(w, "  binding  %s\n", b)
		}
	}
	for _, m := range p.Config.Migrations {
		fmt.Fprintf(w, "  migration %s\n", m.Tag)
	}
	if p.assets != nil {
		fmt.Fprintf(w, "  assets   %s: %d files, %s\n", p.Config.Assets.Directory, len(p.assets.manifest), size(int(p.assets.size)))
	}
	for _, target := range p.Targets("") {
		fmt.Fprintf(w, "  trigger  %s\n", target)
	}
}

// Targets are what leads events to the Worker. host is its address on workers.dev, if that is known.
func (p *Plan) Targets(host string) (list []string) {
	if p.workersDev() {
		if host == "" {
			host = "https://" + p.Config.Name + ".….workers.dev"
		}
		list = append(list, host)
	}
	for _, r := range p.routes {
		list = append(list, r.Pattern())
	}
	for _, d := range p.domains {
		list = append(list, d.Pattern()+" (custom domain)")
	}
	for _, c := range p.Config.Crons {
		list = append(list, "schedule: "+c)
	}
	for _, c := range p.Config.Consumers {
		list = append(list, "consumer of "+c.Queue)
	}
	return list
}

// size is a number of bytes for people.
func size(n int) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.2f MB", float64(n)/1000_000)
}

// Metadata is what would be sent for a Worker that is not there yet, for scripts that read a dry run.
func (p *Plan) Metadata() map[string]any {
	m := p.metadata(p.migrations(""), "")
	list := []binding{}
	for _, b := range p.bindings {
		if b["type"] == "secret_text" {
			b = binding{"name": b["name"], "type": b["type"]} // its value is not for printing
		}
		list = append(list, b)
	}
	m["bindings"] = list
	return m
}

// names joins for a sentence.
func names(list []string) string { return strings.Join(list, ", ") }
