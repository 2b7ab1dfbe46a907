// Command module is an object with an outbox, for outbox_test.go.
package main

import (
	"context"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/durables/outbox/testdata/ledger"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/d1"
)

var db = d1.Database("DB")

func init() {
	ledger.New = func(ctx context.Context, state *durables.State) (*ledger.Ledger, error) {
		name, _ := state.ID().Name()
		l := &ledger.Ledger{Storage: state.Storage(), Outbox: outbox.New(state.Storage(), db, "Ledger "+name)}
		l.Outbox.Handle("entry", func(_ context.Context, row outbox.Row) ([]d1.Stmt, error) {
			var text string
			if err := row.Decode(&text); err != nil {
				return nil, err
			}
			return []d1.Stmt{db.Prepare(`INSERT INTO entries (text, seq) VALUES (?, ?)`).Bind(text, row.Seq)}, nil
		})
		l.Outbox.OnSent(func(ctx context.Context, rows []outbox.Row) error {
			for _, row := range rows {
				if _, err := state.Storage().SQL().Exec(ctx, `INSERT INTO sent (payload) VALUES (?)`, row.Payload); err != nil {
					return err
				}
			}
			return nil
		})
		if exists, err := durables.One[int](ctx, state.Storage().SQL(), `SELECT count(*) FROM sqlite_master WHERE name = 'outbox'`); err != nil || exists == 1 {
			return l, err
		}
		_, err := state.Storage().SQL().Exec(ctx, outbox.Table+`CREATE TABLE sent (payload TEXT)`)
		return l, err
	}
}

func main() { workers.Run(workers.Worker{}) }
