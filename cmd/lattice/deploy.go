package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/internal/wrangler"
)

// deployCommand is one that builds and then sends what was built.
type deployCommand struct {
	cloudCommand
	settingFlags
	dryRun  bool
	vars    overrides
	secrets string // a file
	options deploy.Options
	api     *cloudflare.Client // unless it is a dry run
}

func (d *deployCommand) deployFlags(name, long string) *flag.FlagSet {
	d.vars = overrides{}
	fs := newFlags(name, long, d.out, d.errs)
	d.flags(fs)
	d.envFileFlag(fs)
	d.settingFlags.add(fs, name == "deploy")
	fs.BoolVar(&d.json, "json", false, "print what was deployed as JSON, for scripts")
	fs.BoolVar(&d.dryRun, "dry-run", false, "build, check and print what would be sent, and send nothing")
	fs.Var(d.vars, "var", "set a variable, as `NAME:value`, whatever the configuration says; may be repeated. Not for secrets")
	fs.StringVar(&d.secrets, "secrets-file", "", "set the secrets of a `file` with the deployment: JSON, or NAME=value lines; others stay as they are")
	fs.StringVar(&d.options.Message, "message", "", "`text` that lists of versions and deployments show")
	fs.StringVar(&d.options.Tag, "tag", "", "`name` of the version, such as that of a release")
	fs.BoolVar(&d.options.KeepVars, "keep-vars", false, "leave variables that were set on the dashboard and are not in the configuration")
	fs.BoolVar(&d.options.Strict, "strict", false, "do not overwrite what was changed elsewhere since: a deployment by steps, an edit on the dashboard, a secret")
	return fs
}

// read takes the command line apart.
func (d *deployCommand) read(fs *flag.FlagSet, args []string) (err error) {
	if args, err = translate(args); err != nil {
		fmt.Fprintf(d.errs, "lattice %s: %v\n", fs.Name(), err)
		return errUsage
	}
	given, err := parseAll(fs, args, d.errs)
	switch {
	case err != nil:
		return err
	case len(given) > 1 && strings.Contains(given[1], ":"), len(given) == 1 && strings.Contains(given[0], ":") && len(d.vars)+len(d.define) > 0:
		fmt.Fprintf(d.errs, "lattice %s: write the flag before each value: --var A:1 --var B:2, not --var A:1 B:2\n", fs.Name())
		return errUsage
	case len(given) > 1:
		fmt.Fprintf(d.errs, "lattice %s takes one package, not also %q\n", fs.Name(), given[1])
		return errUsage
	case len(given) == 1:
		d.pkg = given[0]
	}
	d.options.NoProvision = !d.provision
	return nil
}

const takeDomainsUsage = "give the Worker its custom domains even if another Worker or a DNS record has them"

func runDeploy(ctx context.Context, args []string, out, errs io.Writer) error {
	d := &deployCommand{cloudCommand: cloudCommand{out: out, errs: errs}}
	fs := d.deployFlags("deploy", deployHelp)
	fs.BoolVar(&d.options.TakeDomains, "take-domains", false, takeDomainsUsage)
	if err := d.read(fs, args); err != nil {
		return err
	}
	plan, err := d.plan(ctx)
	if err != nil || d.dryRun {
		return err
	}
	result, err := plan.Run(ctx, d.api, errs)
	if err != nil {
		return explained(err)
	}
	return d.print(result, append([][]string{{"Deployed " + result.Worker + ", version " + result.Version}}, targetRows("  ", result.Targets)...))
}

// plan builds, checks and, for a dry run, prints.
func (d *deployCommand) plan(ctx context.Context) (*deploy.Plan, error) {
	options, err := d.configure()
	if err != nil {
		return nil, err
	}
	environ, err := d.environ()
	if err != nil {
		return nil, err
	}
	if d.options.Secrets, err = readSecrets(d.secrets, environ); err != nil {
		return nil, err
	}
	if !d.dryRun { // what is missing there is said before a build
		if d.api, err = d.client(ctx); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	done := underWay(d.errs, "building the program")
	code, err := deploy.Make(ctx, d.cfg, options, deploy.Source{Bundling: d.bundling(&d.project), Command: d.fs.Name(), Environ: environ.List(), Log: d.errs})
	done()
	if err != nil {
		return nil, printed(err, options.Package, d.errs)
	}
	d.warn(code)
	plan, err := deploy.New(d.cfg, code, d.options)
	if err != nil {
		return nil, err
	}
	if d.outdir != "" {
		if err := code.Write(d.outdir); err != nil {
			return nil, fmt.Errorf("--outdir: %w", err)
		}
	}
	if code.Main != "" {
		fmt.Fprintf(d.errs, "build     %s  %s\n", code.Sizes, time.Since(began).Round(10*time.Millisecond))
	}
	if d.dryRun {
		if d.json {
			return plan, d.print(plan.Metadata(), nil)
		}
		plan.Describe(d.out)
		fmt.Fprintln(d.out, "A dry run: nothing was sent.")
	}
	return plan, nil
}

// configure loads the configuration, in which the command line replaces settings.
func (d *deployCommand) configure() (build.Options, error) {
	if err := d.one(d.errs); err != nil {
		return build.Options{}, err
	}
	cfg, options, err := d.load()
	if err == nil {
		err = errors.Join(d.settingFlags.apply(&d.project, cfg), d.entry(cfg))
	}
	if err != nil {
		return build.Options{}, err
	}
	if options.Package != "" && d.pkg == "" { // the argument was a file of JavaScript
		options.Dir, options.Package = cfg.Program()
	}
	d.cfg, d.options.Environment, d.options.Vars = cfg, d.env, d.vars
	return options, nil
}

// warn says what is odd about the code, and which flags do nothing to it.
func (d *deployCommand) warn(code deploy.Code) {
	for _, w := range code.Warnings {
		if !strings.Contains(w, "local host") && !strings.HasPrefix(w, "[env.") { // neither matters to what is deployed here
			fmt.Fprintf(d.errs, "warning: %s\n", w)
		}
	}
	if code.Exports != nil {
		return
	}
	for _, name := range ownFlags {
		if d.given(name) && (name != "minify" || d.minify) {
			fmt.Fprintf(d.errs, "warning: --%s is for a main of your own JavaScript: here nothing is bundled, and it changes nothing\n", name)
		}
	}
}

// readSecrets reads the file of --secrets-file, if there is one.
func readSecrets(path string, environ *wrangler.Environ) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--secrets-file: %w", err)
	}
	values, err := wrangler.ParseSecretsFile(string(text), environ)
	if err != nil {
		return nil, fmt.Errorf("--secrets-file %s: %w", path, err)
	}
	secrets := map[string]string{}
	for name, v := range values {
		if err := checkSecretName(name); err != nil {
			return nil, fmt.Errorf("--secrets-file %s: %w", path, err)
		}
		if v == nil {
			return nil, fmt.Errorf("--secrets-file %s: %s is null, and a deployment deletes no secrets: lattice secret delete %s", path, name, name)
		}
		secrets[name] = *v
	}
	return secrets, nil
}

// explained adds to the end of an interrupted deployment that it was one.
func explained(err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("interrupted: %v", err)
	}
	return err
}
