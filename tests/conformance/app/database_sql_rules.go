package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"grove.place/lattice/workers"
)

// sqlRow is a case of a row of two columns that is scanned into a and b.
func sqlRow(a, b any, query string, args ...any) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		err := sqlDB.QueryRowContext(c.ctx, query, args...).Scan(a, b)
		return []any{a, b}, err
	}
}

// refused is a case of something that fails with a sentence in which all of words are.
func refused(do func(ctx context.Context) error, words ...string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		err := do(c.ctx)
		if err == nil {
			return "it was done", nil
		}
		for _, w := range words {
			if !strings.Contains(err.Error(), w) {
				return err.Error(), nil
			}
		}
		return "refused", nil
	}
}

// rowsOf are the rows of a query, as they come.
func rowsOf(ctx context.Context, query func(context.Context) (*sql.Rows, error)) (any, error) {
	rows, err := query(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	list := []any{columns}
	for err == nil && rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		err = rows.Scan(into...)
		list = append(list, values)
	}
	return list, errors.Join(err, rows.Err())
}

func init() {
	query := func(text string, args ...any) func(c *call) (any, error) {
		return func(c *call) (any, error) {
			return rowsOf(c.ctx, func(ctx context.Context) (*sql.Rows, error) { return sqlDB.QueryContext(ctx, text, args...) })
		}
	}
	exec := func(text string, args ...any) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			_, err := sqlDB.ExecContext(ctx, text, args...)
			return err
		}
	}
	group(workerCases, "database sql", map[string]func(c *call) (any, error){
		"prepared": withSQL("s_prep", func(c *call) (any, error) {
			s, err := sqlDB.PrepareContext(c.ctx, "SELECT name FROM s_prep WHERE id = ?")
			if err != nil {
				return nil, err
			}
			defer s.Close()
			var one, three string
			err = errors.Join(s.QueryRowContext(c.ctx, 1).Scan(&one), s.QueryRowContext(c.ctx, 3).Scan(&three))
			return []any{one, three}, err
		}),
		"columns of one name":  query("SELECT 1 AS a, 2 AS a"),
		"columns without rows": query("SELECT 1 AS a, 'x' AS b WHERE 0"),
		"rows that a write returns": func(c *call) (any, error) {
			if _, err := c.table("s_ret"); err != nil {
				return nil, err
			}
			return query("UPDATE s_ret SET score = 9 WHERE id < 3 RETURNING id, score")(c)
		},
		"null": sqlRow(&sql.Null[string]{}, &sql.Null[int64]{}, "SELECT NULL, 7"),
		"null into a plain variable": refused(func(ctx context.Context) error {
			var s string
			return sqlDB.QueryRowContext(ctx, "SELECT NULL").Scan(&s)
		}, "NULL"),
		"time and bool": func(c *call) (any, error) {
			var at int64
			var yes, no bool
			err := sqlDB.QueryRowContext(c.ctx, "SELECT ?, ?, ?", time.UnixMilli(1_700_000_000_123), true, false).Scan(&at, &yes, &no)
			return []any{at, yes, no}, err
		},
		"kinds of numbers": func(c *call) (any, error) {
			var i int
			var f float64
			var u uint8
			err := sqlDB.QueryRowContext(c.ctx, "SELECT 7.0, 3, 255").Scan(&i, &f, &u)
			return []any{i, f, u}, err
		},
		"bytes and text": func(c *call) (any, error) {
			var text string
			var raw []byte
			err := sqlDB.QueryRowContext(c.ctx, "SELECT x'6162', 'cd'").Scan(&text, &raw)
			return []any{text, raw}, err
		},
		"integer beyond 2^53": refused(exec("SELECT ?", int64(1)<<53+1), "9007199254740993", "CAST"),
		"integer beyond 2^53 in a row": refused(func(ctx context.Context) error {
			var n int64
			return sqlDB.QueryRowContext(ctx, "SELECT 9007199254740993").Scan(&n)
		}, "int64"),
		"named parameters": refused(exec("SELECT :n", sql.Named("n", 1)), "positional"),
		"transaction": refused(func(ctx context.Context) error {
			_, err := sqlDB.BeginTx(ctx, nil)
			return err
		}, "no interactive transactions", "Batch"),
		"without a context":         refused(func(context.Context) error { return sqlDB.QueryRow("SELECT 1").Scan(new(int)) }, "context"),
		"type that cannot be bound": refused(exec("SELECT ?", []string{"a"}), "[]string"),
		"error of D1": func(c *call) (any, error) {
			var e *workers.Error
			err := exec("INSERT INTO s_none VALUES (1)")(c.ctx)
			return []any{errors.As(err, &e), showError(err)["message"]}, nil
		},
		"too few parameters": func(c *call) (any, error) { return nil, exec("SELECT ?, ?", 1)(c.ctx) },
		"affected and insert": withSQL("s_aff", func(c *call) (any, error) {
			r, err := sqlDB.ExecContext(c.ctx, "INSERT INTO s_aff (name) VALUES ('x'), ('y')")
			if err != nil {
				return nil, err
			}
			id, err := r.LastInsertId()
			n, err2 := r.RowsAffected()
			none, err3 := sqlDB.ExecContext(c.ctx, "DELETE FROM s_aff WHERE 0")
			if err := errors.Join(err, err2, err3); err != nil {
				return nil, err
			}
			zero, err := none.RowsAffected()
			return []any{id, n, zero}, err
		}),
		"ping and nested queries": withSQL("s_nest", func(c *call) (any, error) {
			if err := sqlDB.PingContext(c.ctx); err != nil {
				return nil, err
			}
			rows, err := sqlDB.QueryContext(c.ctx, "SELECT id FROM s_nest ORDER BY id")
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			list := []any{}
			for rows.Next() {
				var id int
				var name string
				if err := errors.Join(rows.Scan(&id), sqlDB.QueryRowContext(c.ctx, "SELECT name FROM s_nest WHERE id = ?", id).Scan(&name)); err != nil {
					return nil, err
				}
				list = append(list, name)
			}
			return list, rows.Err()
		}),
	})
}
