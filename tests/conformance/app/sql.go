package main

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"time"

	"grove.place/lattice/durables"
)

const pageSize = 4096

// rows reads a cursor to its end.
func rows(c *durables.Cursor) ([]any, error) {
	list := []any{}
	for c.Next() {
		list = append(list, show(c.Row()))
	}
	return list, c.Err()
}

// execute runs one statement and shows its columns and rows, or its error.
func (s *self) execute(ctx ctxt, query string, args ...any) any {
	c, err := s.sql.Exec(ctx, query, args...)
	if err != nil {
		return try(err)
	}
	list, err := rows(c)
	return attempt(object{"columns": c.Columns(), "rows": list}, err)
}

// cost runs one statement and shows how many rows it read and wrote.
func (s *self) cost(ctx ctxt, query string) any {
	c, err := s.sql.Exec(ctx, query)
	if err != nil {
		return try(err)
	}
	_, err = rows(c)
	return attempt([]int64{c.RowsRead(), c.RowsWritten()}, err)
}

// ints reads the first column.
func (s *self) ints(ctx ctxt, query string) ([]int, error) {
	return durables.All[int](ctx, s.sql, query)
}

func (s *self) must(ctx ctxt, queries ...string) error {
	for _, q := range queries {
		if _, err := s.sql.Exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

type row struct {
	ID int      `json:"id"`
	A  string   `json:"a"`
	B  *float64 `json:"b"`
}

// scriptCases adds cases that are lists of statements.
func scriptCases(scripts map[string][]statement) {
	for name, list := range scripts {
		table(objectCases, map[string]objectCase{"sql/" + name: func(ctx ctxt, s *self) (any, error) {
			out := []any{}
			for _, st := range list {
				out = append(out, s.execute(ctx, st[0].(string), st[1:]...))
			}
			return out, nil
		}})
	}
}

func init() {
	scriptCases(scripts)
	for name, list := range costs {
		objectCases["sql cost/"+name] = func(ctx ctxt, s *self) (any, error) {
			out := []any{}
			for _, query := range list {
				out = append(out, s.cost(ctx, query))
			}
			return out, nil
		}
	}
	table(objectCases, map[string]objectCase{
		"sql/one": func(ctx ctxt, s *self) (any, error) {
			out := []any{}
			for _, q := range []string{"SELECT 1 AS a", "SELECT 1 AS a WHERE 0", "SELECT 1 AS a UNION SELECT 2"} {
				v, err := durables.One[struct {
					A int `json:"a"`
				}](ctx, s.sql, q)
				out = append(out, attempt(v, err))
			}
			return out, nil
		},
		"sql/rows as objects": func(ctx ctxt, s *self) (any, error) {
			if err := s.must(ctx, createT, fillT); err != nil {
				return nil, err
			}
			return durables.All[row](ctx, s.sql, "SELECT id, a, b FROM t")
		},
		"sql/cursor is partly read":          cursorPartlyRead,
		"sql/two cursors":                    twoCursors,
		"sql/cursor across a pause":          cursorAcrossPause,
		"sql/300 rows":                       sql300,
		"sql/300 rows returned by an insert": sql300Returned,
		"sql/database size":                  databaseSize,
		"sql/now": func(ctx ctxt, s *self) (any, error) {
			now, err := durables.One[string](ctx, s.sql, "SELECT datetime('now')")
			at, _ := time.Parse(time.DateTime, now)
			return []bool{regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$`).MatchString(now), math.Abs(time.Since(at).Seconds()) < 60}, err
		},
		"sql/random differs": func(ctx ctxt, s *self) (any, error) {
			c, err := s.sql.Exec(ctx, "SELECT random() = random(), length(randomblob(5))")
			if err != nil {
				return nil, err
			}
			return rows(c)
		},
		"sql/written before an error": func(ctx ctxt, s *self) (any, error) {
			return nil, errors.Join(s.must(ctx, "CREATE TABLE t(a)", "INSERT INTO t VALUES (1)"), errors.New("after the insert"))
		},
		"sql/count": func(ctx ctxt, s *self) (any, error) {
			n, err := s.ints(ctx, "SELECT count(*) FROM t")
			return [][]int{n}, err
		},
		"sql/violate at commit": func(ctx ctxt, s *self) (any, error) {
			return "answered", s.must(ctx, "CREATE TABLE p(id INTEGER PRIMARY KEY)",
				"CREATE TABLE c(pid REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)", "INSERT INTO c VALUES (7)")
		},
		"sql/tables": func(ctx ctxt, s *self) (any, error) {
			n, err := s.ints(ctx, "SELECT count(*) FROM sqlite_master")
			return [][]int{n}, err
		},
	})
	table(workerCases, map[string]func(c *call) (any, error){
		"sql/kept after an error":           func(c *call) (any, error) { return c.twice("sql/written before an error", "sql/count") },
		"sql/deferred constraint at commit": func(c *call) (any, error) { return c.twice("sql/violate at commit", "sql/tables") },
	})
}

// next reads one integer from a cursor.
func next(c *durables.Cursor) any {
	if !c.Next() {
		return nil
	}
	var v any
	if err := c.Scan(&v); err != nil {
		return try(err)
	}
	return show(v)
}

func rest(c *durables.Cursor) []any {
	list := []any{}
	for v := next(c); v != nil; v = next(c) {
		list = append(list, v)
	}
	return list
}

func cursorPartlyRead(ctx ctxt, s *self) (any, error) {
	c, err := s.sql.Exec(ctx, five+"SELECT i FROM n")
	if err != nil {
		return nil, err
	}
	return []any{next(c), rest(c), rest(c)}, c.Err()
}

func twoCursors(ctx ctxt, s *self) (any, error) {
	a, err := s.sql.Exec(ctx, five+"SELECT i FROM n")
	if err != nil {
		return nil, err
	}
	b, err := s.sql.Exec(ctx, five+"SELECT i FROM n")
	if err != nil {
		return nil, err
	}
	defer a.Close()
	defer b.Close()
	return []any{next(a), next(a), next(b), next(a)}, nil
}

func cursorAcrossPause(ctx ctxt, s *self) (any, error) {
	if err := s.must(ctx, createT, fillT); err != nil {
		return nil, err
	}
	c, err := s.sql.Exec(ctx, "SELECT a FROM t ORDER BY id")
	if err != nil {
		return nil, err
	}
	first := next(c)
	time.Sleep(5 * time.Millisecond)
	return []any{first, rest(c)}, c.Err()
}

const to300 = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) "

func sql300(ctx ctxt, s *self) (any, error) {
	if err := s.must(ctx, "CREATE TABLE t(a, b)", to300+"INSERT INTO t SELECT i, 'row ' || i FROM n"); err != nil {
		return nil, err
	}
	n, sum, last := 0, 0, []any{}
	for r, err := range durables.Query[struct {
		A int
		B string
	}](ctx, s.sql, "SELECT a, b FROM t") {
		if err != nil {
			return nil, err
		}
		n, sum, last = n+1, sum+r.A, []any{r.A, r.B}
	}
	return []any{n, last, sum}, nil
}

func sql300Returned(ctx ctxt, s *self) (any, error) {
	if err := s.must(ctx, "CREATE TABLE t(a)"); err != nil {
		return nil, err
	}
	c, err := s.sql.Exec(ctx, to300+"INSERT INTO t SELECT i FROM n RETURNING a")
	if err != nil {
		return nil, err
	}
	list, err := rows(c)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Millisecond)
	n, err := durables.One[int](ctx, s.sql, "SELECT count(*) FROM t")
	return []any{len(list), list[len(list)-1].([]any)[0], n}, err
}

func databaseSize(ctx ctxt, s *self) (any, error) {
	sizes := []int64{}
	for _, query := range []string{"", "CREATE TABLE t(a)", "INSERT INTO t VALUES (?)", "DELETE FROM t"} {
		var args []any
		if strings.Contains(query, "?") {
			args = []any{make([]byte, 100_000)}
		}
		if query != "" {
			if _, err := s.sql.Exec(ctx, query, args...); err != nil {
				return nil, err
			}
		}
		n, err := s.sql.DatabaseSize(ctx)
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, n/pageSize)
	}
	return sizes, nil
}
