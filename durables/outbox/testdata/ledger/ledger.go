// Package ledger is the class of the outbox tests, shared by the module and its callers.
package ledger

import (
	"context"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
)

// Ledger is an object whose entries go to D1.
type Ledger struct {
	Storage *durables.Storage
	Outbox  *outbox.Outbox
}

// New is set by the module.
var New func(ctx context.Context, state *durables.State) (*Ledger, error)

// Class is the class; its methods are Add, Flush, Backlog, Forget and FlushAndForget.
var Class = durables.Class("Ledger", func(ctx context.Context, state *durables.State) (*Ledger, error) { return New(ctx, state) })

// Ledgers is its namespace.
var Ledgers = Class.Namespace("LEDGERS")

var (
	// Add puts entries into the outbox.
	Add = durables.Method(Class, "add", func(l *Ledger, ctx context.Context, texts []string) (durables.None, error) {
		for _, text := range texts {
			if _, err := l.Outbox.Add(ctx, "entry", text); err != nil {
				return durables.None{}, err
			}
		}
		return durables.None{}, nil
	})
	// Flush flushes.
	Flush = durables.Method(Class, "flush", func(l *Ledger, ctx context.Context, _ durables.None) (durables.None, error) {
		return durables.None{}, l.Outbox.Flush(ctx)
	})
	// Withdraw takes the last entry back, and reports whether it could.
	Withdraw = durables.Method(Class, "withdraw", func(l *Ledger, ctx context.Context, _ durables.None) (bool, error) {
		last, err := durables.One[int64](ctx, l.Storage.SQL(), `SELECT max(seq) FROM outbox`)
		if err != nil {
			return false, err
		}
		return l.Outbox.Withdraw(ctx, last)
	})
	// Sent returns the payloads that the object has heard of as being in D1.
	Sent = durables.Method(Class, "sent", func(l *Ledger, ctx context.Context, _ durables.None) ([]string, error) {
		return durables.All[string](ctx, l.Storage.SQL(), `SELECT payload FROM sent ORDER BY rowid`)
	})
	// Backlog counts the rows that have not reached D1.
	Backlog = durables.Method(Class, "backlog", func(l *Ledger, ctx context.Context, _ durables.None) (int64, error) {
		b, err := l.Outbox.Backlog(ctx)
		return b.Rows, err
	})
	// Forget forgets everything, as an object does that is made anew.
	Forget = durables.Method(Class, "forget", func(l *Ledger, ctx context.Context, _ durables.None) (durables.None, error) {
		return durables.None{}, l.Storage.DeleteAll(ctx)
	})
	// FlushAndForget flushes, and then has the rows as if D1's answers had been lost.
	FlushAndForget = durables.Method(Class, "flushAndForget", func(l *Ledger, ctx context.Context, _ durables.None) (durables.None, error) {
		_, err := l.Storage.SQL().Exec(ctx, `CREATE TRIGGER forget BEFORE DELETE ON outbox BEGIN SELECT RAISE(ABORT, 'no answer'); END`)
		if err != nil {
			return durables.None{}, err
		}
		failed := l.Outbox.Flush(ctx)
		if _, err := l.Storage.SQL().Exec(ctx, `DROP TRIGGER forget`); err != nil {
			return durables.None{}, err
		}
		return durables.None{}, failed
	})
)
