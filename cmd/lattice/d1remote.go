package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/internal/cloudflare"
	local "grove.place/lattice/local-runtime"
)

// remoteDatabase is one on Cloudflare.
type remoteDatabase struct {
	client *cloudflare.Client
	cloudflare.Database
	migrations, table string // the folder, or "", and what has been applied
}

func (c *storeCommand) remoteDatabase(ctx context.Context, asked string) (*remoteDatabase, error) {
	client, err := c.cloud(ctx)
	if err != nil {
		return nil, err
	}
	d, err := findDatabase(ctx, client, c.cfg, asked)
	if err != nil {
		return nil, err
	}
	r := &remoteDatabase{client: client, Database: d, table: "d1_migrations"}
	for _, each := range c.cfg.Databases {
		if each.Name == asked || each.Binding == asked {
			r.migrations = filepath.Join(filepath.Dir(c.cfg.Path), each.Migrations())
			if each.MigrationsTable != "" {
				r.table = each.MigrationsTable
			}
		}
	}
	return r, nil
}

// remoteResult is a result as wrangler prints it.
type remoteResult struct {
	Results []jsonRow       `json:"results"`
	Success bool            `json:"success"`
	Meta    json.RawMessage `json:"meta"`
}

// execute runs a command at once, and a file, which may be long, by way of an import.
func (r *remoteDatabase) execute(ctx context.Context, c *storeCommand, command, file string) error {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(text), "SQLite format 3\x00") {
			return fmt.Errorf("%s is a database, not SQL: write its SQL with sqlite3 %s .dump", file, file)
		}
		done, err := r.client.Import(ctx, r.ID, text)
		if err != nil {
			return err
		}
		if c.json {
			row := jsonRow{[]string{"Total queries executed"}, []any{done.Queries}}
			return printJSON(c.out, []remoteResult{{[]jsonRow{row}, true, done.Meta}})
		}
		fmt.Fprintf(c.out, "%s executed in %s on Cloudflare\n", count(done.Queries, "command"), r.Name)
		return nil
	}
	results, err := r.client.Query(ctx, r.ID, command)
	if err != nil {
		return err
	}
	if c.json {
		list := []remoteResult{}
		for _, each := range results {
			one := remoteResult{[]jsonRow{}, each.Success, each.Meta}
			for _, row := range each.Results.Rows {
				one.Results = append(one.Results, jsonRow{each.Results.Columns, row})
			}
			list = append(list, one)
		}
		return printJSON(c.out, list)
	}
	fmt.Fprintf(c.out, "%s executed in %s on Cloudflare\n", count(len(results), "command"), r.Name)
	for _, each := range results {
		printTable(c.out, each.Results.Columns, each.Results.Rows)
	}
	return nil
}

// waiting are the migrations that have not been applied.
func (r *remoteDatabase) waiting(ctx context.Context, c *storeCommand) (names []string, err error) {
	all, err := local.MigrationFiles(r.migrations)
	if err == nil && (r.migrations == "" || len(all) == 0) {
		err = fmt.Errorf("there is no folder of migrations beside %s: lattice d1 migrations create makes the first", c.cfg.Path)
	}
	if err != nil {
		return nil, err
	}
	_, err = r.client.Query(ctx, r.ID, "CREATE TABLE IF NOT EXISTS "+identifier(r.table)+` (
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`)
	if err != nil {
		return nil, err
	}
	found, err := r.client.Query(ctx, r.ID, "SELECT name FROM "+identifier(r.table)+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	applied := map[string]bool{}
	for _, each := range found {
		for _, row := range each.Results.Rows {
			applied[fmt.Sprint(row[0])] = true
		}
	}
	for _, name := range all {
		if !applied[name] {
			names = append(names, name)
		}
	}
	return names, nil
}

func (r *remoteDatabase) list(ctx context.Context, c *storeCommand) error {
	names, err := r.waiting(ctx, c)
	if err != nil {
		return err
	}
	c.printWaiting(names)
	return nil
}

func (c *storeCommand) printWaiting(names []string) {
	if len(names) == 0 {
		fmt.Fprintln(c.out, "no migrations to apply")
		return
	}
	var rows [][]any
	for _, name := range names {
		rows = append(rows, []any{name})
	}
	fmt.Fprintln(c.out, "migrations to be applied:")
	printTable(c.out, []string{"Name"}, rows)
}

// apply applies migrations, each with its note in one request, so that it is there with the note or not at all.
func (r *remoteDatabase) apply(ctx context.Context, c *storeCommand) error {
	names, err := r.waiting(ctx, c)
	if err != nil {
		return err
	}
	c.printWaiting(names)
	for _, name := range names {
		path := filepath.Join(r.migrations, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var statements []string
		for _, s := range splitSQL(string(text)) { // sqlite3 .dump puts a transaction around, and D1 has its own
			if bare := strings.ToUpper(strings.Join(strings.Fields(s), " ")); bare != "BEGIN TRANSACTION;" && bare != "COMMIT;" {
				statements = append(statements, strings.TrimSuffix(s, ";")+"\n;")
			}
		}
		statements = append(statements, "INSERT INTO "+identifier(r.table)+" (name) VALUES ("+literal(name)+");") // D1 takes no parameters for several statements
		if _, err := r.client.Query(ctx, r.ID, strings.Join(statements, "\n")); err != nil {
			return fmt.Errorf("migration %s: %w; those before it are applied, and nothing of it is: correct the file, and run the command again", path, err)
		}
		fmt.Fprintf(c.out, "applied %s\n", name)
	}
	return nil
}

func (r *remoteDatabase) export(ctx context.Context, only []string, noSchema, noData bool) (string, error) {
	text, err := r.client.Export(ctx, r.ID, cloudflare.Dump{NoSchema: noSchema, NoData: noData, Tables: only})
	return string(text), err
}
