package main

import (
	"context"
	"fmt"
	"io"

	"grove.place/lattice/internal/deploy"
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

// targetRows are the addresses and events that lead to a Worker, a row each.
func targetRows(indent string, targets []string) (rows [][]string) {
	for _, t := range targets {
		rows = append(rows, []string{indent + t})
	}
	return rows
}
