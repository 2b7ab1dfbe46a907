package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/internal/wrangler"
)

func runTriggers(ctx context.Context, args []string, out, errs io.Writer) error {
	return cloudCommands{"triggers", triggersHelp, map[string]func(context.Context, *cloudCommand, []string) error{
		"deploy": triggersDeploy,
	}}.start(ctx, args, out, errs)
}

func triggersDeploy(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.cloudFlags("triggers deploy", triggersHelp)
	var triggers triggerFlags
	triggers.add(fs)
	dry := fs.Bool("dry-run", false, "check and print what would be set, and set nothing")
	take := fs.Bool("take-domains", false, takeDomainsUsage)
	args, err := translate(args)
	if err != nil {
		fmt.Fprintf(c.errs, "lattice triggers deploy: %v\n", err)
		return errUsage
	}
	if _, err := c.parse(fs, args, "", 0, 0); err != nil {
		return err
	}
	if _, err := c.worker(); err != nil {
		return err
	}
	if err := triggers.apply(c.cfg); err != nil {
		return err
	}
	plan, err := deploy.NewTriggers(c.cfg, deploy.Options{Environment: c.env, TakeDomains: *take})
	if err != nil {
		return err
	}
	if *dry {
		targets := plan.Targets("")
		fmt.Fprintln(c.errs, "A dry run: nothing is set. This would be")
		return c.print(map[string]any{"worker": c.cfg.Name, "targets": targets}, targetRows("", targets))
	}
	client, err := c.client(ctx)
	if err != nil {
		return err
	}
	result, err := plan.Triggers(ctx, client, c.errs)
	if err != nil {
		return explained(err)
	}
	return c.print(result, append([][]string{{"Set the triggers of " + result.Worker}}, targetRows("  ", result.Targets)...))
}

// triggerFlags are what leads events to a Worker, on the command line.
type triggerFlags struct{ routes, domains, crons list }

func (t *triggerFlags) add(fs *flag.FlagSet) {
	fs.Var(&t.routes, "route", "`pattern` of a route, instead of those of the configuration; may be repeated")
	fs.Var(&t.domains, "domain", "custom `domain`, besides those of the configuration; may be repeated")
	fs.Var(&t.crons, "triggers", "cron `expression`, instead of those of the configuration; may be repeated")
	alias(fs, "route", "routes")
	alias(fs, "domain", "domains")
	alias(fs, "triggers", "schedule", "schedules")
}

func (t *triggerFlags) apply(cfg *wrangler.Config) error {
	var errs []error
	routes, _ := cfg.Setting("routes").([]any)
	if one := cfg.Setting("route"); one != nil {
		routes = []any{one}
	}
	if len(t.routes) > 0 {
		routes = t.routes.any()
	}
	for _, d := range t.domains {
		routes = append(slices.Clone(routes), map[string]any{"pattern": d, "custom_domain": true})
	}
	if len(t.routes)+len(t.domains) > 0 {
		errs = append(errs, cfg.Override("route", nil), cfg.Override("routes", routes))
	}
	if len(t.crons) > 0 {
		table, _ := cfg.Setting("triggers").(map[string]any)
		next := map[string]any{"crons": t.crons.any()}
		if table["events"] != nil {
			next["events"] = table["events"]
		}
		errs = append(errs, cfg.Override("triggers", next))
	}
	return errors.Join(errs...)
}

// targetRows are the addresses and events that lead to a Worker, a row each.
func targetRows(indent string, targets []string) (rows [][]string) {
	for _, t := range targets {
		rows = append(rows, []string{indent + t})
	}
	return rows
}
