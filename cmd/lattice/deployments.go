package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/deploy"
)

func runDeployments(ctx context.Context, args []string, out, errs io.Writer) error {
	return cloudCommands{"deployments", deploymentsHelp, map[string]func(context.Context, *cloudCommand, []string) error{
		"list": deploymentsList, "status": deploymentsStatus,
	}}.start(ctx, args, out, errs)
}

// deployments parses a command without arguments, and gets the deployments of its Worker, the one in effect first.
func (c *cloudCommand) deployments(ctx context.Context, command string, args []string) (client *cloudflare.Client, name string, list []cloudflare.Deployment, err error) {
	if _, err = c.parse(c.cloudFlags("deployments "+command, deploymentsHelp), args, "", 0, 0); err != nil {
		return nil, "", nil, err
	}
	if client, name, err = c.connect(ctx); err != nil {
		return nil, "", nil, err
	}
	list, err = client.Deployments(ctx, name)
	return client, name, list, err
}

func deploymentsList(ctx context.Context, c *cloudCommand, args []string) error {
	_, _, list, err := c.deployments(ctx, "list", args)
	if err != nil {
		return err
	}
	rows := [][]string{{"CREATED", "BY", "LIVE", "MESSAGE"}}
	for _, d := range list {
		var live []string
		for _, s := range d.Versions {
			live = append(live, fmt.Sprintf("%s@%g%%", s.Version, s.Percentage))
		}
		rows = append(rows, []string{when(d.Created), d.Author, strings.Join(live, " "), d.Message})
	}
	return c.print(append([]cloudflare.Deployment{}, list...), rows)
}

// deploymentsStatus shows the deployment in effect, with what is known of its versions.
func deploymentsStatus(ctx context.Context, c *cloudCommand, args []string) error {
	client, name, list, err := c.deployments(ctx, "status", args)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("nothing of %s is live: lattice versions deploy, or lattice deploy", name)
	}
	now := list[0]
	rows := [][]string{{"Created", when(now.Created)}, {"By", now.Author}}
	if now.Message != "" {
		rows = append(rows, []string{"Message", now.Message})
	}
	for _, s := range now.Versions {
		row := []string{"Version", fmt.Sprintf("%g %%", s.Percentage), s.Version}
		if v, err := client.Version(ctx, name, s.Version); err == nil {
			row = append(row, strings.TrimSpace(v.Tag+" "+v.Message))
		}
		rows = append(rows, row)
	}
	return c.print(now, rows)
}

func runRollback(ctx context.Context, args []string, out, errs io.Writer) error {
	c := &cloudCommand{out: out, errs: errs}
	fs := c.cloudFlags("rollback", rollbackHelp)
	message := fs.String("message", "", "`text` that the list of deployments shows")
	alias(fs, "message", "m")
	asksNothing(fs)
	force := fs.Bool("force", false, "go back even if secrets have changed since: the version gets those of today")
	given, err := c.parse(fs, args, "[VERSION]", 0, 1)
	if err != nil {
		return err
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	list, err := client.Deployments(ctx, name)
	if err != nil {
		return err
	}
	var to string
	if len(given) > 0 {
		to, err = resolve(ctx, client, name, given[0])
	} else {
		to, err = previous(list)
	}
	if err != nil {
		return err
	}
	shares := []cloudflare.Share{{Version: to, Percentage: 100}}
	if len(list) > 0 && len(list[0].Versions) == 1 && list[0].Versions[0] == shares[0] {
		return fmt.Errorf("version %s of %s is live already", to, name)
	}
	note := *message
	if note == "" {
		note = "Rollback"
	}
	err = client.Release(ctx, name, shares, note, deploy.Strategy(c.cfg), *force)
	if cloudflare.IsSecretChange(err) && !*force {
		return fmt.Errorf("%w: --force goes back with the secrets of today", err)
	}
	if err != nil {
		return err
	}
	if len(list) > 0 && !c.json {
		for _, s := range list[0].Versions {
			fmt.Fprintf(c.errs, "live was  %s at %g %%; `lattice rollback %s` goes back to it\n", s.Version, s.Percentage, s.Version)
		}
	}
	return c.print(map[string]any{"worker": name, "versions": shares}, append(liveRows(name, shares), []string{"Secrets, stored data, routes, cron triggers and queues are as they were."}))
}

// previous is the version that had all requests before the deployment in effect.
func previous(list []cloudflare.Deployment) (string, error) {
	for i, d := range list {
		if i > 0 && len(d.Versions) == 1 && (len(list[0].Versions) != 1 || d.Versions[0].Version != list[0].Versions[0].Version) {
			return d.Versions[0].Version, nil
		}
	}
	return "", errors.New("there is no earlier deployment of another version: name the version, `lattice versions list` shows them")
}
