package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"grove.place/lattice/internal/cloudflare"
)

const deleteHelp = `lattice delete [flags] [WORKER]

Deletes a Worker from Cloudflare, as "wrangler delete" does: its versions, secrets, routes, cron triggers and its address, and the Durable Objects of its classes
with everything that they have stored. KV namespaces, D1 databases, R2 buckets and queues stay. It cannot be taken back.

It asks before, and where nobody can be asked it wants --yes. A Worker that others are bound to is deleted with --force alone.
` + credentialsHelp + `
Examples:
  lattice delete --env staging
  lattice delete my-old-worker --dry-run            what would be deleted, and what uses it
`

func runDelete(ctx context.Context, args []string, out, errs io.Writer) error {
	c := &cloudCommand{out: out, errs: errs}
	fs := c.cloudFlags("delete", deleteHelp)
	dry := fs.Bool("dry-run", false, "say what would be deleted, and delete nothing")
	yes := fs.Bool("yes", false, "do not ask")
	alias(fs, "yes", "y", "skip-confirmation")
	force := fs.Bool("force", false, "do not ask, and delete it even if others are bound to it")
	given, err := c.parse(fs, args, "[WORKER]", 0, 1)
	if err != nil {
		return err
	}
	if len(given) == 1 {
		c.name = given[0]
	}
	client, name, err := c.connect(ctx)
	if err != nil {
		return err
	}
	script, err := client.Script(ctx, name)
	if err != nil {
		return err
	}
	if !script.Exists {
		return fmt.Errorf("there is no Worker %s in the account: nothing was deleted", name)
	}
	uses, err := client.UsedBy(ctx, name)
	if cloudflare.IsForbidden(err) {
		fmt.Fprintf(errs, "warning: whether others use %s is not known, because the token may not look\n", name)
	} else if err != nil {
		return err
	}
	list := ""
	if len(uses) > 0 {
		list = "\n  " + strings.Join(uses, "\n  ")
	}
	switch {
	case *dry:
		fmt.Fprintf(errs, "A dry run: nothing is deleted.\n")
		return c.print(map[string]any{"worker": name, "used_by": append([]string{}, uses...)}, [][]string{{"Worker " + name + strings.ReplaceAll(list, "\n  ", "\n  used: ")}})
	case len(uses) > 0 && !*force:
		return fmt.Errorf("%s is in use, and was not deleted:%s\nTake that away first, or delete it all the same with --force, which breaks them", name, list)
	}
	if err := c.confirm(*yes || *force, fmt.Sprintf("Delete the Worker %s, with its secrets and everything that its Durable Objects have stored? It cannot be taken back.", name)); err != nil {
		return err
	}
	if err := client.DeleteWorker(ctx, name, *force); err != nil {
		if refused, ok := errors.AsType[*cloudflare.Error](err); ok && refused.Status >= 500 {
			return fmt.Errorf("%w\nWhether it is there: lattice deployments list --name %s", err, name)
		}
		return err
	}
	return c.print(map[string]any{"worker": name, "deleted": true}, [][]string{{"Deleted the Worker " + name + ". KV namespaces, databases, buckets and queues are as they were"}})
}
