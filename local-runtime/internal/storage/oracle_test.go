package storage

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

// sqlCase is a statement, or a key to put, and what workerd answered.
type sqlCase struct {
	Run struct {
		SQL, KV, Key string
		Value        any
		Args         []any
		Repeat       []any
	}
	Want map[string]any
}

// TestSQLAnswersAsWorkerdDoes runs the statements of testdata/sql.json, one turn each, on one object, and those of
// limited.json (UPDATE and DELETE with LIMIT) on another, and compares columns, rows and error texts with those of workerd 2026-11-17 (compatibility date 2026-10-01). What is known to
// differ, because SQLite is compiled otherwise there, is in knownDifferences.
func TestSQLAnswersAsWorkerdDoes(t *testing.T) {
	seen := map[string]bool{}
	d := open(t, file(t))
	var cases, limited []sqlCase
	readJSON(t, "sql.json", &cases)
	readJSON(t, "limited.json", &limited)
	for i, c := range append(cases, limited...) {
		if i == len(cases) {
			d = open(t, file(t))
		}
		query := c.Run.SQL
		if c.Run.Repeat != nil {
			query = strings.Replace(query, "@", strings.Repeat(c.Run.Repeat[0].(string), int(c.Run.Repeat[1].(float64))), 1)
		}
		var got map[string]any
		if c.Run.KV == "put" {
			must(t, d.Put([]abi.Field{{Name: c.Run.Key, Value: c.Run.Value}}))
			got = map[string]any{}
		} else {
			got = answer(d, query, jsonArgs(c.Run.Args))
		}
		b, err := json.Marshal(got)
		must(t, err)
		got = nil
		must(t, json.Unmarshal(b, &got))
		same := reflect.DeepEqual(got, c.Want)
		if _, known := knownDifferences[c.Run.SQL]; known {
			seen[c.Run.SQL] = true
			if same {
				t.Errorf("%d %q is equal now: take it off the list of differences", i, c.Run.SQL)
			}
		} else if !same {
			w, _ := json.Marshal(c.Want)
			t.Errorf("%d %.200q:\n got %.600s\nwant %.600s", i, c.Run.SQL, b, w)
		}
		must(t, d.Commit())
	}
	for q := range knownDifferences {
		if !seen[q] {
			t.Errorf("%q is listed as different, but no case", q)
		}
	}
}

var knownDifferences = map[string]string{
	"UPDATE t SET b = x.y FROM (SELECT 1 AS y) AS x LIMIT 1": "LIMIT in a joining UPDATE is not rewritten",
	"EXPLAIN QUERY PLAN DELETE FROM t LIMIT 1":               "LIMIT under EXPLAIN is not rewritten",
	"PRAGMA table_list": "SQLITE_ENABLE_STAT4: ANALYZE makes sqlite_stat4 as well",
}

func answer(d *DB, query string, args []abi.Value) map[string]any {
	columns, page, err := d.Exec(query, args, 3)
	rows := page.Rows
	for err == nil && page.Cursor != 0 {
		page, err = d.Next(page.Cursor, 2)
		rows = append(rows, page.Rows...)
	}
	if err != nil {
		e := err.(*abi.Error)
		return map[string]any{"error": e.Name + ": " + e.Message}
	}
	out := []any{}
	for _, r := range rows {
		row := jsonRow(r)
		for i, v := range row {
			row[i] = jsonValue(v)
		}
		out = append(out, row)
	}
	return map[string]any{"columns": columns, "rows": out}
}

func jsonValue(v any) any {
	switch v := v.(type) {
	case []int:
		return map[string]any{"bytes": v}
	case string:
		if len(v) > 200 {
			return map[string]any{"len": len(v)}
		}
	case float64:
		switch {
		case math.IsInf(v, 1):
			return map[string]any{"num": "Infinity"}
		case math.IsInf(v, -1):
			return map[string]any{"num": "-Infinity"}
		case v == 0 && math.Signbit(v):
			return map[string]any{"num": "-0"}
		}
		f, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 64), 64)
		return f
	}
	return v
}
