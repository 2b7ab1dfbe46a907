package storage

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

// oracleCase is one step that was run on D1 of wrangler 4.164.0 with workerd 2026-11-17, and what came of it. The steps
// of the file run on one database, in order. Left out are duration, served_by, and rows_read and rows_written, which
// stock SQLite does not count as workerd's does.
type oracleCase struct {
	Run struct {
		Mode, SQL string
		Args      []any
		Stmts     []struct {
			SQL  string
			Args []any
		}
	}
	Want any
}

func TestD1AnswersAsWranglerDoes(t *testing.T) {
	var cases []oracleCase
	readJSON(t, "d1.json", &cases)
	db, err := OpenD1(file(t))
	must(t, err)
	defer db.Close()
	for i, c := range cases {
		statements := []Statement{{c.Run.SQL, jsonArgs(c.Run.Args)}}
		mode := byte(abi.D1Run)
		switch c.Run.Mode {
		case "exec":
			mode = abi.D1Exec
		case "raw":
			mode = abi.D1Raw
		case "batch":
			mode, statements = abi.D1Batch, nil
			for _, s := range c.Run.Stmts {
				statements = append(statements, Statement{s.SQL, jsonArgs(s.Args)})
			}
		}
		results, err := db.Run(mode, statements)
		got := jsonResult(t, c.Run.Mode, results, err)
		if w, ok := c.Want.(map[string]any); ok && err != nil && strings.Contains(text(w["error"]), "internal error") {
			continue // the object behind D1 was reset: no text to compare
		}
		if !reflect.DeepEqual(got, c.Want) {
			g, _ := json.Marshal(got)
			w, _ := json.Marshal(c.Want)
			t.Errorf("%d %+v:\n got %s\nwant %s", i, c.Run, g, w)
		}
	}
}

func text(v any) string { s, _ := v.(string); return s }

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	must(t, err)
	must(t, json.Unmarshal(b, into))
}

// jsonArgs reads the arguments of a case: {"bytes": […]} is a blob, {"num": "NaN"} a number that JSON lacks, and
// {"repeat": [s, n]} a long string.
func jsonArgs(args []any) []abi.Value {
	var out []abi.Value
	for _, a := range args {
		if m, ok := a.(map[string]any); ok {
			switch {
			case m["bytes"] != nil:
				b := []byte{}
				for _, x := range m["bytes"].([]any) {
					b = append(b, byte(x.(float64)))
				}
				a = b
			case m["repeat"] != nil:
				r := m["repeat"].([]any)
				a = strings.Repeat(r[0].(string), int(r[1].(float64)))
			default:
				a = map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[text(m["num"])]
			}
		}
		out = append(out, a)
	}
	return out
}

func jsonResult(t *testing.T, mode string, results []Result, err error) any {
	t.Helper()
	var v any
	switch {
	case err != nil:
		v = map[string]any{"error": "Error: " + err.Error()}
	case mode == "exec":
		v = map[string]any{"count": results[0].Meta.(abi.Object).Get("count")}
	case mode == "raw":
		rows := []any{results[0].Columns}
		for _, r := range results[0].Rows {
			rows = append(rows, jsonRow(r))
		}
		v = rows
	default:
		list := []any{}
		for _, r := range results {
			rows := []any{}
			for _, row := range r.Rows {
				o := map[string]any{}
				for i, c := range jsonRow(row) {
					o[r.Columns[i]] = c
				}
				rows = append(rows, o)
			}
			meta := map[string]any{}
			for _, name := range []string{"changes", "last_row_id", "changed_db", "size_after"} {
				meta[name] = r.Meta.(abi.Object).Get(name)
			}
			list = append(list, map[string]any{"results": rows, "meta": meta})
		}
		v = any(list)
		switch {
		case mode == "first" && len(results[0].Rows) == 0:
			v = nil
		case mode != "batch":
			v = list[0]
		}
	}
	b, e := json.Marshal(v)
	must(t, e)
	v = nil
	must(t, json.Unmarshal(b, &v))
	return v
}

func jsonRow(row []abi.Value) []any {
	out := make([]any, len(row))
	for i, v := range row {
		if b, ok := v.([]byte); ok {
			n := make([]int, len(b))
			for k := range b {
				n[k] = int(b[k])
			}
			out[i] = n
			continue
		}
		out[i] = v
	}
	return out
}

func TestD1RowsHaveTheKeysOfJavaScriptObjects(t *testing.T) {
	db, err := OpenD1("")
	must(t, err)
	defer db.Close()
	r, err := db.Run(abi.D1Run, []Statement{{SQL: `SELECT 'x' AS b, 2 AS "10", 3 AS "2", 4 AS a, 5 AS b, 6 AS "02"`}})
	must(t, err)
	equal(t, "columns", r[0].Columns, strs("2", "10", "b", "a", "02"))
	equal(t, "row", r[0].Rows[0], []abi.Value{int64(3), int64(2), int64(5), int64(4), int64(6)})
	r, err = db.Run(abi.D1Raw, []Statement{{SQL: "SELECT -0.0, ?", Args: []abi.Value{true}}})
	must(t, err)
	equal(t, "bool", r[0].Rows[0][1], float64(1))
	if v := r[0].Rows[0][0].(float64); math.Signbit(v) {
		t.Error("minus zero")
	}
}

func TestMigrationsApplyOnceInOrder(t *testing.T) {
	dir := t.TempDir()
	write := func(name, sql string) {
		t.Helper()
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(sql), 0o644))
	}
	write("0002_b.sql", "-- rows\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (2);\n")
	write("0001_a.sql", "CREATE TABLE t (a); -- the end\n\n")
	write("10_c.sql", "INSERT INTO t VALUES ('"+strings.Repeat("x", 60_000)+"'); INSERT INTO t VALUES ('"+strings.Repeat("y", 60_000)+"');")
	write("note.txt", "no")
	path := file(t)
	db, err := OpenD1(path)
	must(t, err)
	defer func() { db.Close() }()
	applied, err := db.Migrate(Migrations{Dir: dir})
	must(t, err)
	equal(t, "applied", applied, strs("0001_a.sql", "0002_b.sql", "10_c.sql"))
	write("0011_d.sql", "INSERT INTO t VALUES (3);\n\nINSERT INTO nope VALUES (1);")
	must(t, db.Close())
	db, err = OpenD1(path)
	must(t, err)
	_, err = db.Migrate(Migrations{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "0011_d.sql: statement at line 3: no such table: nope") {
		t.Error(err)
	}
	count := func() abi.Value {
		r, err := db.Run(abi.D1Run, []Statement{{SQL: "SELECT count(*), (SELECT count(applied_at) FROM d1_migrations) FROM t"}})
		must(t, err)
		return r[0].Rows[0]
	}
	equal(t, "rows", count(), []abi.Value{int64(4), int64(3)})
	write("0011_d.sql", "BEGIN; INSERT INTO t VALUES (3);")
	if _, err := db.Migrate(Migrations{Dir: dir}); err == nil || !strings.Contains(err.Error(), "To execute a transaction") {
		t.Error(err)
	}
	write("0011_d.sql", "INSERT INTO t VALUES ('"+strings.Repeat("x", 110_000)+"');")
	if _, err := db.Migrate(Migrations{Dir: dir}); err == nil || !strings.Contains(err.Error(), "statement too long") {
		t.Error(err)
	}
	if applied, err := db.Migrate(Migrations{Dir: filepath.Join(dir, "none")}); err != nil || applied != nil {
		t.Error(applied, err)
	}
}

func TestD1GoesOnAfterAStatementThatRollsBack(t *testing.T) {
	for _, path := range []string{"", file(t)} {
		db, err := OpenD1(path)
		must(t, err)
		defer db.Close()
		one := func(q string) ([]Result, error) { return db.Run(abi.D1Run, []Statement{{SQL: q}}) }
		_, err = one("CREATE TABLE t (a UNIQUE)")
		must(t, err)
		_, err = one("INSERT INTO t VALUES (1)")
		must(t, err)
		_, err = db.Run(abi.D1Batch, []Statement{{SQL: "INSERT INTO t VALUES (2)"}, {SQL: "INSERT OR ROLLBACK INTO t VALUES (1)"}})
		if err == nil {
			t.Fatal("no error")
		}
		r, err := one("SELECT a FROM t")
		must(t, err)
		equal(t, "rows", r[0].Rows, [][]abi.Value{{int64(1)}})
		_, err = one("INSERT INTO t VALUES (3)")
		must(t, err)
	}
}

func TestD1ServesSeveralGoroutines(t *testing.T) {
	db, err := OpenD1(file(t))
	must(t, err)
	defer db.Close()
	_, err = db.Run(abi.D1Run, []Statement{{SQL: "CREATE TABLE t (a)"}})
	must(t, err)
	failed := make(chan error, 8)
	for range 8 {
		go func() {
			var err error
			for range 20 {
				if _, e := db.Run(abi.D1Batch, []Statement{{SQL: "INSERT INTO t VALUES (1)"}, {SQL: "INSERT INTO t VALUES (2)"}}); e != nil {
					err = e
				}
			}
			failed <- err
		}()
	}
	for range 8 {
		must(t, <-failed)
	}
	r, err := db.Run(abi.D1Run, []Statement{{SQL: "SELECT count(*) FROM t"}})
	must(t, err)
	equal(t, "rows", r[0].Rows[0][0], int64(320))
}

func TestAClosedDatabaseStaysClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db.sqlite")
	d, err := OpenD1(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	create := []Statement{{SQL: "CREATE TABLE t (a)"}}
	if _, err := d.Run(abi.D1Run, create); err == nil {
		t.Error("a statement ran")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was made again")
	}
}

func TestMigrationsAreReadAsWranglerReadsThem(t *testing.T) {
	dir := t.TempDir()
	write := func(name, sql string) {
		t.Helper()
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(sql), 0o644))
	}
	write("0001_trigger.sql", "-- one; two\nCREATE TABLE t (a); /* ; */\r\nCREATE TRIGGER r AFTER INSERT ON t BEGIN\n\tUPDATE t SET a = 'in; side' WHERE a = 'x'; END;\nINSERT INTO t VALUES ('x');")
	write("2.sql", "BEGIN TRANSACTION;\nCREATE TABLE dumped (a);\nCOMMIT;\n")
	write("11_later.sql", "CREATE TABLE later (a); -- no more")
	write("named.sql", "CREATE TABLE named (a);")
	write(".hidden.sql", "CREATE TABLE hidden (a);")
	db, err := OpenD1("")
	must(t, err)
	defer db.Close()
	m := Migrations{Dir: dir, Table: `done "with" care`}
	applied, err := db.Migrate(m)
	must(t, err)
	equal(t, "applied", applied, strs("0001_trigger.sql", "2.sql", "11_later.sql", "named.sql"))
	r, err := db.Run(abi.D1Run, []Statement{{SQL: `SELECT (SELECT group_concat(name, ' ') FROM (SELECT name FROM "done ""with"" care" ORDER BY id)), a FROM t`}})
	must(t, err)
	equal(t, "rows", r[0].Rows[0], []abi.Value{"0001_trigger.sql 2.sql 11_later.sql named.sql", "in; side"})
	for text, want := range map[string]string{
		"CREATE TABLE open (a)": "statement at line 1: it does not end with a semicolon",
		"CREATE TABLE open (a);\nINSERT INTO open VALUES (1)\n-- the end\n":         "statement at line 2: it does not end with a semicolon",
		"BEGIN TRANSACTION; SELECT 1; COMMIT; BEGIN TRANSACTION; SELECT 2; COMMIT;": "several transactions",
		"CREATE TABLE open (a);\nINSERT INTO open VALUES (?);":                      "can have parameters",
	} {
		write("zz.sql", text)
		if _, err := db.Migrate(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if _, err := db.Run(abi.D1Run, []Statement{{SQL: "SELECT 1 FROM open"}}); err == nil {
			t.Errorf("%q: something of it was applied", text)
		}
	}
}
