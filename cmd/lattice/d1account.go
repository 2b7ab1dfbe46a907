package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

func d1Create(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("d1 create", d1Help)
	location := fs.String("location", "", "`place` near which the database is: weur, eeur, apac, oc, wnam or enam (default: near where the command runs)")
	jurisdiction := fs.String("jurisdiction", "", "`place` that the data does not leave: eu or fedramp")
	binding := fs.String("binding", "", "`name` of the binding in the lines to add (default: made of the database's)")
	given, err := c.parse(fs, args, "NAME", 1, 1)
	if err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	d, err := client.CreateDatabase(ctx, given[0], *location, *jurisdiction)
	if err != nil {
		return err
	}
	bound := ""
	for _, known := range c.cfg.Databases {
		if known.ID == "" && (known.Name == d.Name && *binding == "" || known.Binding == *binding) {
			bound = known.Binding
		}
	}
	return c.createdFor(bound != "", d, "Created the D1 database "+d.Name, "d1_databases", "binding", cmp.Or(bound, bindingOf(*binding, d.Name)), "database_name", d.Name, "database_id", d.ID)
}

func d1Databases(ctx context.Context, c *cloudCommand, args []string) error {
	if _, err := c.parse(c.accountFlags("d1 list", d1Help), args, "", 0, 0); err != nil {
		return err
	}
	client, err := c.account(ctx)
	if err != nil {
		return err
	}
	list, err := client.Databases(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{}
	for _, d := range list {
		rows = append(rows, []string{d.ID, d.Name, d.Created})
	}
	return c.print(append([]cloudflare.Database{}, list...), rows)
}

// findDatabase finds the database that a name, a binding or an id means.
func findDatabase(ctx context.Context, client *cloudflare.Client, cfg *wrangler.Config, asked string) (cloudflare.Database, error) {
	id := asked
	for _, d := range cfg.Databases {
		if d.Name == asked || d.Binding == asked {
			if id = d.ID; id == "" {
				id = d.Name
			}
			if id == "" {
				id = provisioned(ctx, client, cfg, d.Binding, "d1", "id")
			}
		}
	}
	if id == "" {
		return cloudflare.Database{}, fmt.Errorf("%s: the database %s has no database_id: `lattice d1 list` shows those that there are, `lattice d1 create` makes one", cfg.Path, asked)
	}
	d, err := client.Database(ctx, id)
	if cloudflare.IsNotFound(err) {
		return d, fmt.Errorf("the account has no D1 database %s: `lattice d1 list` shows those that there are, `lattice d1 create` makes one", id)
	}
	return d, err
}

// oneDatabase parses the argument of a command about a database, and finds it.
func (c *cloudCommand) oneDatabase(ctx context.Context, asked string) (*cloudflare.Client, cloudflare.Database, error) {
	client, err := c.account(ctx)
	if err != nil {
		return nil, cloudflare.Database{}, err
	}
	d, err := findDatabase(ctx, client, c.cfg, asked)
	return client, d, err
}

func d1Info(ctx context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.accountFlags("d1 info", d1Help), args, "DATABASE", 1, 1)
	if err != nil {
		return err
	}
	_, d, err := c.oneDatabase(ctx, given[0])
	if err != nil {
		return err
	}
	rows := [][]string{{"name", d.Name}, {"id", d.ID}}
	if d.Created != "" {
		rows = append(rows, []string{"created", d.Created})
	}
	if d.Region != "" {
		rows = append(rows, []string{"region", d.Region})
	}
	if d.Tables != nil {
		rows = append(rows, []string{"tables", strconv.Itoa(*d.Tables)})
	}
	if d.Size != nil {
		rows = append(rows, []string{"size", bytesText(*d.Size)})
	}
	return c.print(d, rows)
}

func d1Delete(ctx context.Context, c *cloudCommand, args []string) error {
	fs := c.accountFlags("d1 delete", d1Help)
	yes := askFlags(fs)
	given, err := c.parse(fs, args, "DATABASE", 1, 1)
	if err != nil {
		return err
	}
	client, d, err := c.oneDatabase(ctx, given[0])
	if err != nil {
		return err
	}
	if err := c.confirm(*yes, fmt.Sprintf("Delete the D1 database %s (%s) on Cloudflare, with all that is in it?", d.Name, d.ID)); err != nil {
		return err
	}
	if err := client.DeleteDatabase(ctx, d.ID); err != nil {
		return err
	}
	return c.print(d, [][]string{{"Deleted the D1 database " + d.Name}})
}

// d1NewMigration makes the file of a migration, with the next number.
func d1NewMigration(_ context.Context, c *cloudCommand, args []string) error {
	given, err := c.parse(c.accountFlags("d1 migrations create", d1Help), args, "DATABASE MESSAGE", 2, 2)
	if err != nil {
		return err
	}
	if err := c.settings(); err != nil {
		return err
	}
	at := slices.IndexFunc(c.cfg.Databases, func(d wrangler.Database) bool { return d.Name == given[0] || d.Binding == given[0] })
	if at < 0 {
		var names []string
		for _, d := range c.cfg.Databases {
			names = append(names, cmp.Or(d.Name, d.Binding))
		}
		return fmt.Errorf("%s has no D1 database %q: there are %s", c.cfg.Path, given[0], orNone(names))
	}
	name := strings.ReplaceAll(given[1], " ", "_")
	if name == "" || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("%q is no name of a migration: describe it in words, without / and \\", given[1])
	}
	dir := filepath.Join(filepath.Dir(c.cfg.Path), c.cfg.Databases[at].Migrations())
	files, err := local.MigrationFiles(dir)
	if err != nil {
		return err
	}
	next := 1
	for _, f := range files {
		if n, err := strconv.Atoi(f[:len(f)-len(strings.TrimLeft(f, "0123456789"))]); err == nil {
			next = max(next, n+1)
		}
	}
	name = fmt.Sprintf("%04d_%s.sql", next, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err = fmt.Fprintf(f, "-- Migration number: %04d\n", next); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return c.print(map[string]string{"path": path}, [][]string{{"Created " + path}})
}
