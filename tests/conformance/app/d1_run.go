package main

import (
	"fmt"
	"strings"

	"grove.place/lattice/workers/d1"
)

// group adds the cases of a group.
func group[F any](to map[string]F, prefix string, cases map[string]F) {
	all := map[string]F{}
	for name, f := range cases {
		all[prefix+"/"+name] = f
	}
	table(to, all)
}

// q is a statement with its parameters.
func q(query string, args ...any) d1.Stmt { return db.Prepare(query).Bind(args...) }

// statements are SQL texts and statements with parameters.
func statements(list ...any) []d1.Stmt {
	var out []d1.Stmt
	for _, s := range list {
		switch s := s.(type) {
		case string:
			out = append(out, db.Prepare(s))
		case d1.Stmt:
			out = append(out, s)
		}
	}
	return out
}

// d1Runs is a case that runs statements one after the other, and shows the rows or the error of each.
func d1Runs(list ...any) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		out := []any{}
		for _, s := range statements(list...) {
			r, err := s.Run(c.ctx)
			out = append(out, attempt(maps(r), err))
		}
		return out, nil
	}
}

// d1Batch is a case of a batch, and of a query after it.
func d1Batch(before, list []d1.Stmt, after string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		for _, s := range before {
			if _, err := s.Run(c.ctx); err != nil {
				return nil, err
			}
		}
		results, failed := db.Batch(c.ctx, list...)
		rows := []any{}
		for _, r := range results {
			rows = append(rows, maps(r))
		}
		r, err := q(after).Run(c.ctx)
		return []any{attempt(rows, failed), maps(r)}, err
	}
}

// d1Exec is a case of Exec: how many statements it ran, and what a query says after it.
func d1Exec(text string, after ...string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		done, failed := db.Exec(c.ctx, text)
		r, err := q(append(after, "SELECT 1 AS one")[0]).Run(c.ctx)
		return []any{attempt(done.Count, failed), attempt(maps(r), err)}, nil
	}
}

// d1Metas is a case of what Meta says after each statement, of what does not depend on other cases: whether DDL changed the database is told by its
// size, which may have room.
func d1Metas(list ...string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		out := []any{}
		for _, query := range list {
			r, err := q(query).Run(c.ctx)
			if err != nil {
				return nil, err
			}
			m := r.Meta
			var changed any = m.ChangedDB
			if strings.HasPrefix(query, "CREATE") || strings.HasPrefix(query, "DROP") {
				changed = nil
			}
			out = append(out, object{"changes": m.Changes, "changed_db": changed, "timed": m.Duration >= 0 && m.Timings.SQLDuration >= 0, "sized": m.SizeAfter >= 4096,
				"served": m.ServedBy != "", "attempts": m.TotalAttempts, "primary": m.ServedByPrimary})
		}
		return out, nil
	}
}

// counted lists 0 to n-1, each after prefix.
func counted(n int, prefix, between string) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i))
	}
	return strings.Join(list, between)
}

// copies lists text n times.
func copies(n int, text, between string) string {
	return strings.TrimSuffix(strings.Repeat(text+between, n), between)
}

func numbers(n int) []any {
	var list []any
	for i := range n {
		list = append(list, i)
	}
	return list
}
