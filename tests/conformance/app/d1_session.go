package main

import (
	"grove.place/lattice/workers/d1"
)

func init() {
	table(workerCases, map[string]func(c *call) (any, error){
		"d1 session/bookmarks": withTable("d_ses", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			s := db.WithSession(d1.FirstPrimary)
			var none any
			if b := s.Bookmark(); b != "" {
				none = b
			}
			var n, m int
			if _, err := s.Prepare("SELECT count(*) AS n FROM d_ses").First(c.ctx, &n); err != nil {
				return nil, err
			}
			one := s.Bookmark()
			if _, err := s.Prepare("INSERT INTO d_ses (name) VALUES ('z')").Run(c.ctx); err != nil {
				return nil, err
			}
			two := s.Bookmark()
			later := db.WithSession(two)
			_, err := later.Prepare("SELECT count(*) AS n FROM d_ses").First(c.ctx, &m)
			return []any{none, n, len(one) > 8, one < two, m, later.Bookmark() >= two}, err
		}),
		"d1 session/batch": withTable("d_seb", func(c *call, prepare func(string) d1.Stmt) (any, error) {
			s := db.WithSession("")
			r, err := s.Batch(c.ctx, s.Prepare("INSERT INTO d_seb (name) VALUES (?)").Bind("y"), s.Prepare("SELECT count(*) AS n FROM d_seb"))
			if err != nil {
				return nil, err
			}
			return []any{maps(r[1]), s.Bookmark() != ""}, nil
		}),
		"d1 session/of an unknown bookmark": func(c *call) (any, error) {
			var one int
			_, err := db.WithSession("nonsense").Prepare("SELECT 1 AS one").First(c.ctx, &one)
			return one, err
		},
		"d1 session/error": func(c *call) (any, error) {
			_, err := db.WithSession(d1.FirstUnconstrained).Prepare("SELEC 1").Run(c.ctx)
			return nil, err
		},
	})
}
