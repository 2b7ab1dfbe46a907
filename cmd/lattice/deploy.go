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
	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/internal/wrangler"
)

// deployCommand is one that builds and then sends what was built.
type deployCommand struct {
	cloudCommand
	dryRun  bool
	vars    overrides
	secrets string // a file
	options deploy.Options
}

func (d *deployCommand) deployFlags(name, long string) *flag.FlagSet {
	d.vars = overrides{}
	fs := newFlags(name, long, d.out, d.errs)
	d.flags(fs)
	fs.BoolVar(&d.json, "json", false, "print what was deployed as JSON, for scripts")
	fs.BoolVar(&d.dryRun, "dry-run", false, "build, check and print what would be sent, and send nothing")
	fs.Var(d.vars, "var", "set a variable, as `NAME:value`, whatever the configuration says; may be repeated. Not for secrets")
	fs.StringVar(&d.secrets, "secrets-file", "", "set the secrets of a `file` with the deployment: JSON, or NAME=value lines; others stay as they are")
	fs.StringVar(&d.options.Message, "message", "", "`text` that lists of versions and deployments show")
	fs.StringVar(&d.options.Tag, "tag", "", "`name` of the version, such as that of a release")
	fs.BoolVar(&d.options.KeepVars, "keep-vars", false, "leave variables that were set on the dashboard and are not in the configuration")
	return fs
}

func runDeploy(ctx context.Context, args []string, out, errs io.Writer) error {
	d := &deployCommand{cloudCommand: cloudCommand{out: out, errs: errs}}
	fs := d.deployFlags("deploy", deployHelp)
	fs.BoolVar(&d.options.TakeDomains, "take-domains", false, "give the Worker its custom domains even if another Worker or a DNS record has them")
	var err error
	if d.pkg, err = parse(fs, args, errs); err != nil {
		return err
	}
	plan, err := d.plan(ctx)
	if err != nil || d.dryRun {
		return err
	}
	client, err := d.client(ctx)
	if err != nil {
		return err
	}
	result, err := plan.Run(ctx, client, errs)
	if err != nil {
		return explained(err)
	}
	rows := [][]string{{"Deployed " + result.Worker + ", version " + result.Version}}
	for _, t := range result.Targets {
		rows = append(rows, []string{"  " + t})
	}
	return d.print(result, rows)
}

// plan builds, checks and, for a dry run, prints.
func (d *deployCommand) plan(ctx context.Context) (*deploy.Plan, error) {
	if err := d.one(d.errs); err != nil {
		return nil, err
	}
	cfg, options, err := d.load()
	if err != nil {
		return nil, err
	}
	d.cfg, d.options.Environment, d.options.Vars = cfg, d.env, d.vars
	if d.options.Secrets, err = readSecrets(d.secrets); err != nil {
		return nil, err
	}
	began := time.Now()
	built, err := build.Build(ctx, options)
	if _, ok := errors.AsType[*build.CompileError](err); ok {
		fmt.Fprintln(d.errs, explain(err))
		return nil, fmt.Errorf("%s does not compile", options.Package)
	}
	if err != nil && compile.IsPlain(ctx, options.Dir, options.Package) {
		return nil, fmt.Errorf("%s is a program of github.com/syumai/workers, which `wrangler deploy` deploys as before; lattice deploy is for programs of the Lattice SDK, to which its imports move it (docs/migrating-from-syumai.md)", options.Package)
	}
	if err != nil {
		return nil, err
	}
	for _, w := range built.Warnings {
		if !strings.Contains(w, "local host") && !strings.HasPrefix(w, "[env.") { // neither matters to what is deployed here
			fmt.Fprintf(d.errs, "warning: %s\n", w)
		}
	}
	plan, err := deploy.New(cfg, built, d.options)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(d.errs, "build     %s  %s\n", built.Sizes, time.Since(began).Round(10*time.Millisecond))
	if d.dryRun {
		if d.json {
			return plan, d.print(plan.Metadata(), nil)
		}
		plan.Describe(d.out)
		fmt.Fprintln(d.out, "A dry run: nothing was sent.")
	}
	return plan, nil
}

// readSecrets reads the file of --secrets-file, if there is one.
func readSecrets(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--secrets-file: %w", err)
	}
	values, err := wrangler.ParseSecrets(string(text))
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

func runTriggers(ctx context.Context, args []string, out, errs io.Writer) error {
	return cloudCommands{"triggers", triggersHelp, map[string]func(context.Context, *cloudCommand, []string) error{
		"deploy": func(ctx context.Context, c *cloudCommand, args []string) error {
			fs := c.cloudFlags("triggers deploy", triggersHelp)
			take := fs.Bool("take-domains", false, "give the Worker its custom domains even if another Worker or a DNS record has them")
			if _, err := c.parse(fs, args, "", 0, 0); err != nil {
				return err
			}
			if _, err := c.worker(); err != nil {
				return err
			}
			plan, err := deploy.NewTriggers(c.cfg, deploy.Options{Environment: c.env, TakeDomains: *take})
			if err != nil {
				return err
			}
			client, err := c.client(ctx)
			if err != nil {
				return err
			}
			result, err := plan.Triggers(ctx, client, c.errs)
			if err != nil {
				return explained(err)
			}
			rows := [][]string{{"Set the triggers of " + result.Worker}}
			for _, t := range result.Targets {
				rows = append(rows, []string{"  " + t})
			}
			return c.print(result, rows)
		},
	}}.start(ctx, args, out, errs)
}
