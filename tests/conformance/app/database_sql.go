package main

import (
	"database/sql"
	"errors"

	"grove.place/lattice/workers/d1"
)

// sqlDB is the same database through database/sql.
var sqlDB = d1.OpenDB("DB")

// withSQL is a case that works on a table of its own through database/sql.
func withSQL(table string, f func(c *call) (any, error)) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		if _, err := c.table(table); err != nil {
			return nil, err
		}
		return f(c)
	}
}

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"database sql/query": withSQL("s_query", func(c *call) (any, error) {
			rows, err := sqlDB.QueryContext(c.ctx, "SELECT id, name, score FROM s_query WHERE id >= ? ORDER BY id", 2)
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			list := []any{}
			for rows.Next() {
				var r d1Row
				if err := rows.Scan(&r.ID, &r.Name, &r.Score); err != nil {
					return nil, err
				}
				list = append(list, []any{r.ID, r.Name, r.Score})
			}
			return list, rows.Err()
		}),
		"database sql/one row": withSQL("s_one", func(c *call) (any, error) {
			var name, absent string
			err := sqlDB.QueryRowContext(c.ctx, "SELECT name FROM s_one WHERE id = 2").Scan(&name)
			if none := sqlDB.QueryRowContext(c.ctx, "SELECT name FROM s_one WHERE id = 9").Scan(&absent); !errors.Is(none, sql.ErrNoRows) {
				return none, err
			}
			return []any{name, nil}, err
		}),
		"database sql/exec": withSQL("s_exec", func(c *call) (any, error) {
			r, err := sqlDB.ExecContext(c.ctx, "UPDATE s_exec SET score = ? WHERE id < ?", 9, 3)
			if err != nil {
				return nil, err
			}
			return r.RowsAffected()
		}),
		"database sql/insert id": withSQL("s_ins", func(c *call) (any, error) {
			r, err := sqlDB.ExecContext(c.ctx, "INSERT INTO s_ins (name) VALUES (?)", "new")
			if err != nil {
				return nil, err
			}
			return r.LastInsertId()
		}),
		"database sql/types": func(c *call) (any, error) {
			var a, b, s, z, x any
			err := sqlDB.QueryRowContext(c.ctx, "SELECT ?, ?, ?, ?, ?", 7, 1.5, "ß", nil, []byte{1, 2}).Scan(&a, &b, &s, &z, &x)
			return []any{a, b, s, z, x}, err
		},
		"database sql/error": func(c *call) (any, error) {
			_, err := sqlDB.QueryContext(c.ctx, "SELECT * FROM s_nope")
			return nil, err
		},
	})
}
