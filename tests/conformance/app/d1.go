package main

import (
	"errors"
	"strings"

	"grove.place/lattice/workers/d1"
)

var db = d1.Database("DB")

type d1Row struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Score *float64 `json:"score"`
}

// table makes a D1 table of the case's own, filled. The query's $ stands for its name.
func (c *call) table(name string) (func(query string) d1.Stmt, error) {
	prepare := func(query string) d1.Stmt { return db.Prepare(strings.ReplaceAll(query, "$", name)) }
	if _, err := db.Exec(c.ctx, "CREATE TABLE "+name+" (id INTEGER PRIMARY KEY, name TEXT UNIQUE, score REAL)"); err != nil {
		return nil, err
	}
	insert := prepare("INSERT INTO $ (name, score) VALUES (?, ?)")
	_, err := db.Batch(c.ctx, insert.Bind("a", 1.5), insert.Bind("b", 2.5), insert.Bind("c", nil))
	return prepare, err
}

// withTable is a case that works on a table of its own.
func withTable(name string, f func(c *call, prepare func(string) d1.Stmt) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		prepare, err := c.table(name)
		if err != nil {
			return nil, err
		}
		return f(c, prepare)
	}
}

// d1Fails is a case of a statement that fails.
func d1Fails(query string, args ...any) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		_, err := db.Prepare(query).Bind(args...).Run(c.ctx)
		return nil, err
	}
}

// d1First is a case that shows the first row.
func d1First(query string, args ...any) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		var row object
		_, err := db.Prepare(query).Bind(args...).First(c.ctx, &row)
		return row, err
	}
}

func maps(r d1.Result) []any {
	list := []any{}
	for _, row := range r.Rows {
		m := object{}
		for i, name := range r.Columns {
			m[name] = show(row[i])
		}
		list = append(list, m)
	}
	return list
}

func meta(m d1.Meta) object {
	return object{"changes": m.Changes, "last_row_id": m.LastRowID, "changed_db": m.ChangedDB, "rows_read": m.RowsRead, "rows_written": m.RowsWritten}
}

func init() {
	objectCases["d1/inside"] = func(ctx ctxt, s *self) (any, error) {
		var n int
		_, err := db.Prepare("SELECT 5 AS five").First(ctx, &n)
		return []any{n, getenv(ctx, "GREETING")}, err
	}
	table(workerCases, map[string]func(c *call) (any, error){
		"d1/all": withTable("d_all", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			var rows []d1Row
			err := prepare("SELECT id, name, score FROM $ ORDER BY id").All(c.ctx, &rows)
			return rows, err
		}),
		"d1/all with parameters": withTable("d_par", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			var rows []object
			err := prepare("SELECT name FROM $ WHERE score > ?1 OR name = ?2 ORDER BY id").Bind(2, "c").All(c.ctx, &rows)
			return rows, err
		}),
		"d1/first": withTable("d_first", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			var first, absent d1Row
			var n int
			_, err := prepare("SELECT * FROM $ ORDER BY id").First(c.ctx, &first)
			found, err2 := prepare("SELECT * FROM $ WHERE 0").First(c.ctx, &absent)
			_, err3 := prepare("SELECT count(*) AS n FROM $").First(c.ctx, &n)
			list := []any{first, absent, n}
			if !found {
				list[1] = nil
			}
			return list, errors.Join(err, err2, err3)
		}),
		"d1/raw": withTable("d_raw", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			columns, rows, err := prepare("SELECT id, name AS n, name AS n FROM $ WHERE id < 3").Raw(c.ctx)
			list := []any{columns}
			for _, r := range rows {
				list = append(list, r)
			}
			return list, err
		}),
		"d1/run": withTable("d_run", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			r, err := prepare("INSERT INTO $ (name) VALUES ('x'), ('y')").Run(c.ctx)
			m := meta(r.Meta)
			m["results"] = maps(r)
			return m, err
		}),
		"d1/run an update": withTable("d_upd", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			r, err := prepare("UPDATE $ SET score = 0 WHERE score > 1").Run(c.ctx)
			return r.Meta.Changes, err
		}),
		"d1/run returning": withTable("d_ret", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			r, err := prepare("INSERT INTO $ (name) VALUES (?) RETURNING id, name").Bind("r").Run(c.ctx)
			return maps(r), err
		}),
		"d1/select meta": withTable("d_meta", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			r, err := prepare("SELECT * FROM $").Run(c.ctx)
			m := meta(r.Meta)
			delete(m, "last_row_id") // of the connection, which cases share
			return m, err
		}),
		"d1/batch": withTable("d_batch", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			results, err := db.Batch(c.ctx, prepare("INSERT INTO $ (name) VALUES (?)").Bind("d"), prepare("SELECT count(*) AS n FROM $"), prepare("DELETE FROM $ WHERE id = 1"))
			list := []any{}
			for _, r := range results {
				list = append(list, object{"results": maps(r), "changes": r.Meta.Changes})
			}
			return list, err
		}),
		"d1/batch rolls back": withTable("d_roll", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			_, failed := db.Batch(c.ctx, prepare("INSERT INTO $ (name) VALUES ('new')"), prepare("INSERT INTO $ (name) VALUES ('a')"))
			var n int
			_, err := prepare("SELECT count(*) AS n FROM $").First(c.ctx, &n)
			return []any{try(failed), n}, err
		}),
		"d1/empty batch": func(c *call) (any, error) {
			_, err := db.Batch(c.ctx)
			return nil, err
		},
		"d1/exec": func(c *call) (any, error) {
			r, err := db.Exec(c.ctx, "CREATE TABLE d_exec (a);\nINSERT INTO d_exec VALUES (1);\nINSERT INTO d_exec VALUES (2)")
			var n int
			_, err2 := db.Prepare("SELECT count(*) AS n FROM d_exec").First(c.ctx, &n)
			return []int{r.Count, n}, errors.Join(err, err2)
		},
		"d1/exec error": func(c *call) (any, error) {
			_, err := db.Exec(c.ctx, "CREATE TABLE d_exe (a);\nINSERT INTO nope VALUES (1)")
			return nil, err
		},
		"d1/types": d1First("SELECT ?1 AS n, ?2 AS f, ?3 AS s, ?4 AS z, ?5 AS u", 7, 1.25, "ß💥", nil, ""),
		"d1/blob": func(c *call) (any, error) {
			if _, err := db.Exec(c.ctx, "CREATE TABLE d_blob (b)"); err != nil {
				return nil, err
			}
			if _, err := db.Prepare("INSERT INTO d_blob VALUES (?)").Bind([]byte{1, 2, 255}).Run(c.ctx); err != nil {
				return nil, err
			}
			return d1First("SELECT hex(b) AS h, typeof(b) AS t, length(b) AS n FROM d_blob")(c)
		},
		"d1/blob result": func(c *call) (any, error) {
			var b []byte
			_, err := db.Prepare("SELECT x'0102ff' AS b").First(c.ctx, &b)
			return b, err
		},
		"d1/boolean":             d1First("SELECT ?1 AS t, ?2 AS f", true, false),
		"d1/large integer":       d1First("SELECT 9007199254740991 AS a, ?1 AS b", 9007199254740991),
		"d1/integer types":       d1First("SELECT typeof(?1) AS i, typeof(?2) AS f", 7, 7.5),
		"d1/syntax error":        d1Fails("SELEC 1"),
		"d1/missing table":       d1Fails("SELECT * FROM d_nope"),
		"d1/too few parameters":  d1Fails("SELECT ?, ?", 1),
		"d1/too many parameters": d1Fails("SELECT ?", 1, 2),
		"d1/no statement":        d1Fails(""),
		"d1/transaction refused": d1Fails("BEGIN"),
		"d1/unique constraint": withTable("d_uni", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			_, err := prepare("INSERT INTO $ (name) VALUES ('a')").Run(c.ctx)
			return nil, err
		}),
		"d1/not null constraint": func(c *call) (any, error) {
			if _, err := db.Exec(c.ctx, "CREATE TABLE d_nn (a NOT NULL)"); err != nil {
				return nil, err
			}
			return d1Fails("INSERT INTO d_nn VALUES (NULL)")(c)
		},
		"d1/two statements": func(c *call) (any, error) {
			var rows []object
			err := db.Prepare("SELECT 1 AS a; SELECT 2 AS b").All(c.ctx, &rows)
			return rows, err
		},
		"d1/foreign keys": func(c *call) (any, error) {
			_, err := db.Exec(c.ctx, "CREATE TABLE d_p (id INTEGER PRIMARY KEY)")
			_, err2 := db.Exec(c.ctx, "CREATE TABLE d_c (p REFERENCES d_p(id))")
			if err := errors.Join(err, err2); err != nil {
				return nil, err
			}
			return d1Fails("INSERT INTO d_c VALUES (9)")(c)
		},
		"d1/many rows": func(c *call) (any, error) {
			var rows []object
			err := db.Prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1000) SELECT i, 'row ' || i AS t FROM n").All(c.ctx, &rows)
			if err != nil {
				return nil, err
			}
			return []any{len(rows), rows[len(rows)-1]}, nil
		},
		"d1/from an object": func(c *call) (any, error) { return run.Call(c.ctx, c.object(), RunParams{Name: "d1/inside"}) },
	})
}
