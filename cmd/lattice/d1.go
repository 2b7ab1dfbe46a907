package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"grove.place/lattice/internal/inspector"
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

// jsonResult is a result as wrangler prints it.
type jsonResult struct {
	Results []jsonRow `json:"results"`
	Success bool      `json:"success"`
	Meta    struct {
		Duration float64 `json:"duration"`
	} `json:"meta"`
}

// jsonRow is a row with its columns in their order.
type jsonRow struct {
	columns []string
	values  []any
}

// MarshalJSON implements json.Marshaler. A BLOB is an array of numbers, as D1 answers it.
func (r jsonRow) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for i, v := range r.values {
		b.WriteByte("{,"[min(i, 1)])
		if blob, ok := v.([]byte); ok {
			numbers := make([]int, len(blob))
			for n := range blob {
				numbers[n] = int(blob[n])
			}
			v = numbers
		}
		if err := e.Encode(r.columns[i]); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := e.Encode(v); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func jsonResults(results []d1.Result) []jsonResult {
	list := []jsonResult{}
	for _, r := range results {
		one := jsonResult{Results: []jsonRow{}, Success: true}
		one.Meta.Duration = r.Meta.Duration
		for _, row := range r.Rows {
			one.Results = append(one.Results, jsonRow{r.Columns, row})
		}
		list = append(list, one)
	}
	return list
}

// printTable draws rows.
func printTable(out io.Writer, columns []string, rows [][]any) {
	if len(rows) == 0 {
		return
	}
	lines := [][]string{columns}
	width := make([]int, len(columns))
	for _, row := range rows {
		line := make([]string, len(row))
		for i, v := range row {
			line[i] = cell(v)
		}
		lines = append(lines, line)
	}
	for _, line := range lines {
		for i, text := range line {
			width[i] = max(width[i], utf8.RuneCountInString(text))
		}
	}
	rule := func(left, middle, right string) {
		parts := make([]string, len(width))
		for i, w := range width {
			parts[i] = strings.Repeat("─", w+2)
		}
		fmt.Fprintln(out, left+strings.Join(parts, middle)+right)
	}
	rule("┌", "┬", "┐")
	for n, line := range lines {
		if n > 0 {
			rule("├", "┼", "┤")
		}
		for i, text := range line {
			fmt.Fprint(out, "│ ", text, strings.Repeat(" ", width[i]-utf8.RuneCountInString(text)), " ")
		}
		fmt.Fprintln(out, "│")
	}
	rule("└", "┴", "┘")
}

// cell is a value in a table.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []byte:
		return "x'" + hex.EncodeToString(v) + "'"
	case []any: // a BLOB, as D1 answers it
		blob := make([]byte, len(v))
		for i, n := range v {
			if _, err := fmt.Sscan(fmt.Sprint(n), &blob[i]); err != nil {
				return fmt.Sprint(v)
			}
		}
		return cell(blob)
	case string:
		return inspector.Visible(strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`).Replace(v))
	}
	return fmt.Sprint(v)
}

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

// dump writes statements that make the database anew.
func dump(ctx context.Context, db d1.DB, w *strings.Builder, only []string, schema, data bool) error {
	_, objects, err := db.Prepare(`SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_cf\_%' ESCAPE '\'
		ORDER BY type <> 'table', rowid`).Raw(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "PRAGMA defer_foreign_keys=TRUE;")
	var after []string // what comes when the rows are there
	for _, o := range objects {
		kind, name, table, text := fmt.Sprint(o[0]), fmt.Sprint(o[1]), fmt.Sprint(o[2]), fmt.Sprint(o[3])
		if len(only) > 0 && !slices.Contains(only, table) {
			continue
		}
		if strings.HasPrefix(strings.ToUpper(text), "CREATE VIRTUAL") {
			return fmt.Errorf("table %s is virtual, and such tables cannot be exported: name the others with --table, or copy the file of the database (docs/storage.md)", name)
		}
		if kind != "table" {
			after = append(after, text+";")
			continue
		}
		if schema {
			fmt.Fprintln(w, text+";")
		}
		if data {
			if err := dumpRows(ctx, db, w, name); err != nil {
				return err
			}
		}
	}
	if schema {
		for _, text := range after {
			fmt.Fprintln(w, text)
		}
	}
	return nil
}

func dumpRows(ctx context.Context, db d1.DB, w *strings.Builder, table string) error {
	_, columns, err := db.Prepare("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0").Bind(table).Raw(ctx) // without those that are computed
	if err != nil {
		return err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = identifier(fmt.Sprint(c[0]))
	}
	_, rows, err := db.Prepare("SELECT " + strings.Join(names, ",") + " FROM " + identifier(table)).Raw(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		values := make([]string, len(row))
		for i, v := range row {
			values[i] = literal(v)
		}
		fmt.Fprintf(w, "INSERT INTO %s (%s) VALUES(%s);\n", identifier(table), strings.Join(names, ","), strings.Join(values, ","))
	}
	return nil
}

// literal is a value in SQL.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case []byte:
		return "X'" + hex.EncodeToString(v) + "'"
	case float64:
		switch {
		case math.IsInf(v, 1):
			return "9e999"
		case math.IsInf(v, -1):
			return "-9e999"
		}
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") {
			text += ".0" // a REAL stays one
		}
		return text
	}
	return fmt.Sprint(v)
}
