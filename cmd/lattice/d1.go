package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"grove.place/lattice/workers/d1"
)

const d1Help = `lattice d1 COMMAND DATABASE [flags]

A D1 database, by its name or its binding: as "lattice dev" has stored it, or with --remote that on Cloudflare.

  lattice d1 execute DATABASE --command "SELECT 1"   or --file FILE: all statements, or none; --json
  lattice d1 export DATABASE --output FILE           as SQL; - is the standard output; --table T, --no-data, --no-schema
  lattice d1 migrations list DATABASE                those that have not been applied
  lattice d1 migrations apply DATABASE               apply them, as lattice dev does when it starts
  lattice d1 migrations create DATABASE MESSAGE      make the file of the next one

While lattice dev runs, these go through it. On Cloudflare alone:

  lattice d1 create NAME                             make a database, and print what to add to the configuration
  lattice d1 list                                    all of the account
  lattice d1 info DATABASE
  lattice d1 delete DATABASE                         with all that is in it; asks before, unless --yes
` + credentialsHelp

func runD1(ctx context.Context, args []string, out, errs io.Writer) error {
	return subcommands{"d1", d1Help, map[string]func(context.Context, *storeCommand, []string) error{
		"execute": d1Execute, "export": d1Export, "migrations list": d1List, "migrations apply": d1Apply,
	}, map[string]func(context.Context, *cloudCommand, []string) error{
		"create": d1Create, "list": d1Databases, "info": d1Info, "delete": d1Delete, "migrations create": d1NewMigration,
	}}.start(ctx, args, out, errs)
}

// database parses args and has do work on the database that the argument names. On a database of Cloudflare it is remote that does the work.
func database(ctx context.Context, c *storeCommand, name string, args []string, flags func(fs *flag.FlagSet), do func(ctx context.Context, db *localDatabase) error,
	remote func(ctx context.Context, r *remoteDatabase) error) error {
	fs := c.storeFlags("d1 "+name, d1Help)
	fs.Bool("yes", true, "of wrangler: nothing is asked here")
	alias(fs, "yes", "y", "skip-confirmation")
	if flags != nil {
		flags(fs)
	}
	given, err := c.parse(fs, args, "DATABASE")
	if err != nil {
		return err
	}
	if c.remote {
		r, err := c.remoteDatabase(ctx, given[0])
		if err != nil {
			return err
		}
		defer underWay(c.errs, "Cloudflare is asked")()
		return remote(ctx, r)
	}
	db, err := c.localDatabase(given[0])
	if err != nil {
		return err
	}
	return db.open(ctx, false, do)
}

func d1Execute(ctx context.Context, c *storeCommand, args []string) error {
	var command, file string
	return database(ctx, c, "execute", args, func(fs *flag.FlagSet) {
		fs.StringVar(&command, "command", "", "`SQL` to run")
		fs.StringVar(&file, "file", "", "`file` with the SQL to run")
		fs.BoolVar(&c.json, "json", false, "print JSON")
	}, func(ctx context.Context, db *localDatabase) error {
		if (command == "") == (file == "") {
			return errWhichSQL
		}
		if file != "" {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			command = string(text)
		}
		var statements []d1.Stmt
		for _, s := range splitSQL(command) {
			statements = append(statements, db.Prepare(s))
		}
		if len(statements) == 0 {
			return errors.New("there is no statement to run")
		}
		results, err := db.Batch(ctx, statements...)
		if err != nil {
			return err
		}
		if c.json {
			return printJSON(c.out, jsonResults(results))
		}
		fmt.Fprintf(c.out, "%s executed\n", count(len(results), "command"))
		for _, r := range results {
			printTable(c.out, r.Columns, r.Rows)
		}
		return nil
	}, func(ctx context.Context, r *remoteDatabase) error {
		if (command == "") == (file == "") {
			return errWhichSQL
		}
		return r.execute(ctx, c, command, file)
	})
}

var errWhichSQL = errors.New("write --command with the SQL to run, or --file")

func d1Export(ctx context.Context, c *storeCommand, args []string) error {
	var output string
	var only list
	var noData, noSchema bool
	return database(ctx, c, "export", args, func(fs *flag.FlagSet) {
		fs.StringVar(&output, "output", "", "`file` to write; - is the standard output")
		fs.Var(&only, "table", "only this `table`; may be repeated")
		fs.BoolVar(&noData, "no-data", false, "no rows")
		fs.BoolVar(&noSchema, "no-schema", false, "no tables and indexes")
	}, func(ctx context.Context, db *localDatabase) error {
		if output == "" {
			return errNoOutput
		}
		var text strings.Builder
		if err := dump(ctx, db.DB, &text, only, !noSchema, !noData); err != nil {
			return err
		}
		return c.writeExport(output, text.String())
	}, func(ctx context.Context, r *remoteDatabase) error {
		if output == "" {
			return errNoOutput
		}
		text, err := r.export(ctx, only, noSchema, noData)
		if err != nil {
			return err
		}
		return c.writeExport(output, text)
	})
}

var errNoOutput = errors.New("write --output with the file to write, or - for the standard output")

func (c *storeCommand) writeExport(output, text string) error {
	if output == "-" {
		_, err := io.WriteString(c.out, text)
		return err
	}
	if err := os.WriteFile(output, []byte(text), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "wrote %s\n", output)
	return nil
}
