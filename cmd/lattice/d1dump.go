package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"grove.place/lattice/workers/d1"
)

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
