package main

import (
	"encoding/json"
	"errors"
	"fmt"
	gomaps "maps"
	"math"
	"slices"
	"strings"

	"grove.place/lattice/workers/d1"
)

// What comes back of D1: values, columns, meta, and what batches and exec leave behind.
func init() {
	group(workerCases, "d1 result", map[string]func(c *call) (any, error){
		"integers beyond 2^53": d1Runs(
			"SELECT 9007199254740993 AS a, -9007199254740993 AS b, CAST(9007199254740993 AS TEXT) AS t",
			q("SELECT CAST(? AS INTEGER) = 9007199254740993 AS same", "9007199254740993"), "SELECT 9223372036854775807 AS m",
		),
		"numbers that JSON lacks": d1Runs(
			"SELECT 9e999 AS inf, -9e999 AS neg, typeof(9e999) AS t", q("SELECT ? AS a, ? AS b, ? AS c", math.Inf(1), math.Inf(-1), math.NaN()),
			q("SELECT ? AS z, typeof(?) AS t", math.Copysign(0, -1), math.Copysign(0, -1)),
		),
		"kinds of numbers": d1Runs(
			q("SELECT typeof(?) AS a, typeof(?) AS b, typeof(CAST(? AS INTEGER)) AS c", 1, 1.5, 1),
			"SELECT 1.0 AS a, 1e3 AS b, 1e300 AS c, 0.1 AS d, 3 AS e", "CREATE TABLE dr_num (i INTEGER, r REAL, n NUMERIC, t TEXT, b BLOB)",
			q("INSERT INTO dr_num VALUES (?1, ?1, ?1, ?1, ?1)", 7), "SELECT i, r, n, t, typeof(t) AS tt, b, typeof(b) AS tb FROM dr_num",
		),
		"text": d1Runs(
			q("SELECT ? AS a, length(?) AS n", "a\u0000b", "a\u0000b"), q("SELECT ? AS e, length(?) AS n, hex(?) AS h", "💥", "💥", "💥"),
			"SELECT CAST(x'ff41' AS TEXT) AS bad", q("SELECT ? = '' AS e", ""), q("SELECT ? AS q", "it's \"quoted\" \\ and\nlines\t"),
		),
		"blobs": d1Runs(
			q("SELECT ? AS empty, typeof(?) AS t", []byte{}, []byte{}), q("SELECT ? AS b, length(?) AS n", []byte{0, 0, 255}, []byte{0, 0, 255}),
			"SELECT zeroblob(3) AS z, x'' AS e",
		),
		"columns of one name": d1Runs(
			"SELECT 1 AS a, 2 AS a, 3 AS b", "SELECT 1 AS a, 2 AS A", "SELECT x.id, y.id FROM (SELECT 1 AS id) AS x, (SELECT 2 AS id) AS y",
		),
		"names of columns": d1Runs(`SELECT 1 AS "2", 3 AS "1", 4 AS "a b", 5 AS "ü"`, "SELECT 1 + 1, count(*), 'x'"),
		"meta of reads and writes": d1Metas(
			"CREATE TABLE dr_meta (a INTEGER PRIMARY KEY, b)", "INSERT INTO dr_meta (b) VALUES ('x'), ('y')", "SELECT * FROM dr_meta",
			"UPDATE dr_meta SET b = 'z'", "UPDATE dr_meta SET b = 'z' WHERE 0", "DELETE FROM dr_meta WHERE a = 1",
			"INSERT OR IGNORE INTO dr_meta VALUES (2, 'again')", "DROP TABLE dr_meta",
		),
		"changes by a trigger": d1Metas(
			"CREATE TABLE dr_tr (a)", "CREATE TABLE dr_tr2 (a)",
			"CREATE TRIGGER dr_tr_t AFTER INSERT ON dr_tr BEGIN INSERT INTO dr_tr2 VALUES (1), (2); END", "INSERT INTO dr_tr VALUES (1)",
		),
		"batch names the first error": d1Batch(statements("CREATE TABLE dr_be (a UNIQUE)"),
			statements("INSERT INTO dr_be VALUES (1)", "SELEC 2", "SELECT * FROM nope"),
			"SELECT count(*) AS n FROM dr_be"),
		"batch with DDL rolls back": d1Batch(statements("CREATE TABLE dr_bd (a)"),
			statements("CREATE TABLE dr_bd2 (a)", "DROP TABLE dr_bd", "INSERT INTO nope VALUES (1)"),
			"SELECT name FROM sqlite_master WHERE name LIKE 'dr_bd%' ORDER BY name"),
		"batch sees itself": d1Batch(statements("CREATE TABLE dr_bs (a)"),
			statements("INSERT INTO dr_bs VALUES (1)", "SELECT count(*) AS n FROM dr_bs", q("INSERT INTO dr_bs VALUES (?)", 2), "SELECT sum(a) AS s FROM dr_bs"),
			"SELECT count(*) AS n FROM dr_bs"),
		"batch with wrong parameters": d1Batch(statements("CREATE TABLE dr_bw (a)"),
			statements("INSERT INTO dr_bw VALUES (1)", q("INSERT INTO dr_bw VALUES (?, ?)", 1)),
			"SELECT count(*) AS n FROM dr_bw"),
		"batch with an empty statement": d1Batch(statements("CREATE TABLE dr_em (a)"),
			statements("INSERT INTO dr_em VALUES (1)", "", "SELECT 1 AS one"),
			"SELECT count(*) AS n FROM dr_em"),
		"exec of lines": d1Exec(
			"CREATE TABLE dr_el (a);\n\nINSERT INTO dr_el VALUES (1);\n-- a comment\nINSERT INTO dr_el VALUES (2);\n", "SELECT count(*) AS n FROM dr_el",
		),
		"exec of two statements in a line": d1Exec("CREATE TABLE dr_e2 (a); INSERT INTO dr_e2 VALUES (1)", "SELECT count(*) AS n FROM dr_e2"),
		"exec of a statement in two lines": d1Exec("CREATE TABLE dr_e3 (\na)", "SELECT count(*) AS n FROM dr_e3"),
		"exec of nothing":                  d1Exec(""),
		"exec of a comment":                d1Exec("-- nothing"),
		"exec that fails rolls back": d1Exec(
			"CREATE TABLE dr_e4 (a)\nINSERT INTO dr_e4 VALUES (1)\nINSERT INTO dr_e4 VALUES (1, 2)", "SELECT count(*) AS n FROM dr_e4",
		),
		"exec with a parameter":    d1Exec("SELECT ?"),
		"columns of one name, raw": func(c *call) (any, error) { return raw(c, q("SELECT 1 AS a, 2 AS a, 3 AS b")) },
		"as JSON": func(c *call) (any, error) {
			r, err := q("SELECT 1 AS z, 'x<' AS a, NULL AS n, x'0aff' AS b, 1.5 AS f, 9e999 AS i UNION ALL SELECT 2, 'ü', 3, x'', -0.25, 1").Run(c.ctx)
			if err != nil {
				return nil, err
			}
			text, err := asJSON(r)
			if err != nil {
				return nil, err
			}
			var parts struct {
				Meta    map[string]any  `json:"meta"`
				Success bool            `json:"success"`
				Results json.RawMessage `json:"results"`
			}
			if err := json.Unmarshal([]byte(text), &parts); err != nil {
				return nil, err
			}
			none, err := q("SELECT 1 AS a WHERE 0").Run(c.ctx)
			if err != nil {
				return nil, err
			}
			empty, err := asJSON(none)
			_, empty, _ = strings.Cut(strings.TrimSuffix(empty, "}"), `"results":`)
			return []any{fmt.Sprintf(`{"success":%v,"meta":null,"results":%s}`, parts.Success, parts.Results), slices.Sorted(gomaps.Keys(parts.Meta)), empty}, err
		},
		"no rows": func(c *call) (any, error) {
			s := q("SELECT 1 AS a, 2 AS b WHERE 0")
			all, err := s.Run(c.ctx)
			columns, err2 := raw(c, s)
			var first object
			found, err3 := s.First(c.ctx, &first)
			if found {
				return "a row", nil
			}
			return []any{maps(all), columns, nil}, errors.Join(err, err2, err3)
		},
		"first of many": d1First("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY 1 DESC"),
		"first, null": func(c *call) (any, error) {
			var one *int
			var row object
			_, err := q("SELECT NULL AS a").First(c.ctx, &one)
			_, err2 := q("SELECT NULL AS a").First(c.ctx, &row)
			return []any{one, row}, errors.Join(err, err2)
		},
		"meta of a batch": func(c *call) (any, error) {
			results, err := db.Batch(c.ctx, statements("CREATE TABLE dr_mb (a)", "INSERT INTO dr_mb VALUES (1), (2)", "DELETE FROM dr_mb")...)
			list := []any{}
			for i, r := range results {
				var changed any // by DDL: it depends on other cases
				if i > 0 {
					changed = r.Meta.ChangedDB
				}
				list = append(list, []any{true, r.Meta.Changes, changed})
			}
			return list, err
		},
		"batches at once": func(c *call) (any, error) {
			for _, s := range statements("CREATE TABLE dr_bo (n INTEGER)", "INSERT INTO dr_bo VALUES (0)") {
				if _, err := s.Run(c.ctx); err != nil {
					return nil, err
				}
			}
			failed := make(chan error)
			for range 20 {
				go func() {
					_, err := db.Batch(c.ctx, statements("UPDATE dr_bo SET n = n + 1", "UPDATE dr_bo SET n = n * 2", "UPDATE dr_bo SET n = n / 2")...)
					failed <- err
				}()
			}
			var errs []error
			for range 20 {
				errs = append(errs, <-failed)
			}
			var n int
			_, err := q("SELECT n FROM dr_bo").First(c.ctx, &n)
			return n, errors.Join(append(errs, err)...)
		},
	})
}

func raw(c *call, s d1.Stmt) (any, error) {
	columns, rows, err := s.Raw(c.ctx)
	list := []any{columns}
	for _, r := range rows {
		list = append(list, r)
	}
	return list, err
}
