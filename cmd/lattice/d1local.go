package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"grove.place/lattice/internal/bindings"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
)

// localDatabase is one that lattice dev has stored.
type localDatabase struct {
	d1.DB
	c       *storeCommand
	binding string
	local.Database
}

func (c *storeCommand) localDatabase(asked string) (*localDatabase, error) {
	all, err := bindings.Databases(c.cfg, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range c.cfg.Databases {
		if d.Name == asked || d.Binding == asked {
			c.here(d.Binding, d.Remote)
			return &localDatabase{d1.Database(d.Binding), c, d.Binding, all[d.Binding]}, nil
		}
		names = append(names, all[d.Binding].ID)
	}
	return nil, fmt.Errorf("%s has no D1 database %q: there are %s", c.cfg.Path, asked, orNone(names))
}

// open has do work on the database, after its migrations if it shall have them.
func (l *localDatabase) open(ctx context.Context, migrate bool, do func(ctx context.Context, l *localDatabase) error) error {
	settings := l.Database
	if !migrate {
		settings.Migrations = ""
	}
	reached, closed, err := l.c.open(ctx, local.Options{Databases: map[string]local.Database{l.binding: settings}})
	if err != nil {
		return err
	}
	return errors.Join(do(reached, l), closed())
}

// waiting are the migrations that have not been applied.
func (l *localDatabase) waiting(ctx context.Context) ([]string, error) {
	if l.Migrations == "" {
		return nil, fmt.Errorf("there is no folder of migrations beside %s: lattice d1 migrations create makes the first", l.c.cfg.Path)
	}
	applied, err := appliedMigrations(ctx, l.DB, cmp.Or(l.MigrationsTable, "d1_migrations"))
	if err != nil {
		return nil, err
	}
	names, err := local.MigrationFiles(l.Migrations)
	return slices.DeleteFunc(names, func(name string) bool { return applied[name] }), err
}

func d1List(ctx context.Context, c *storeCommand, args []string) error {
	return database(ctx, c, "migrations list", args, nil, func(ctx context.Context, l *localDatabase) error {
		names, err := l.waiting(ctx)
		if err == nil {
			c.printWaiting(names)
		}
		return err
	}, func(ctx context.Context, r *remoteDatabase) error { return r.list(ctx, c) })
}

func appliedMigrations(ctx context.Context, db d1.DB, table string) (map[string]bool, error) {
	applied := map[string]bool{}
	_, found, err := db.Prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").Bind(table).Raw(ctx)
	if err != nil || len(found) == 0 {
		return applied, err
	}
	_, rows, err := db.Prepare("SELECT name FROM " + identifier(table)).Raw(ctx)
	for _, row := range rows {
		applied[fmt.Sprint(row[0])] = true
	}
	return applied, err
}

// identifier is a name in SQL, which takes no parameter for it.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// d1Apply applies migrations. It is opening a database that does so; before and after it is asked which there are.
func d1Apply(ctx context.Context, c *storeCommand, args []string) error {
	var before, after []string
	var db *localDatabase
	err := database(ctx, c, "migrations apply", args, nil, func(ctx context.Context, l *localDatabase) (err error) {
		db = l
		if before, err = l.waiting(ctx); err == nil {
			c.printWaiting(before)
		}
		return err
	}, func(ctx context.Context, r *remoteDatabase) error { return r.apply(ctx, c) })
	if err != nil || len(before) == 0 {
		return err
	}
	ask := func(ctx context.Context, l *localDatabase) (err error) {
		after, err = l.waiting(ctx)
		return err
	}
	failed := db.open(ctx, true, ask)
	if failed != nil {
		if err := db.open(ctx, false, ask); err != nil {
			return failed
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			fmt.Fprintf(c.out, "applied %s\n", name)
		}
	}
	return failed
}
