package durables

import (
	"context"
	"errors"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/guest"
)

// Txn is an explicit transaction under way.
type Txn struct {
	nested     int // transactions in it that run
	rolledBack bool
	over       bool
}

type txnKey struct{}

// Rollback undoes what the transaction has written; its function goes on, and its result stands. It may be called again. It is an error while a
// transaction inside this one runs, and after the transaction's function has returned.
func (t *Txn) Rollback(ctx context.Context) error {
	switch {
	case t.over && !t.rolledBack:
		return wrap("rollback", guest.NewError("Error",
			"Cannot call rollback() on transaction that has already committed: did you move `txn` outside of the closure?"))
	case t.rolledBack:
		return nil
	case t.nested > 0:
		return wrap("rollback", guest.NewError("Error", "Cannot roll back an outer transaction while a nested transaction is still running."))
	}
	if err := guest.Do(ctx, abi.OpRollback, nil); err != nil {
		return wrap("rollback", err)
	}
	t.rolledBack = true
	return nil
}

// Transaction runs f in a critical section: everything that f writes through the storage with its own context, key-value and SQL,
// is kept when f returns nil and undone when it returns an error or panics, and no other event sees it half done. The error of f
// is returned as it is. f may wait for I/O.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transaction.
func (s *Storage) Transaction(ctx context.Context, f func(ctx context.Context, txn *Txn) error) error {
	outer, _ := ctx.Value(txnKey{}).(*Txn)
	return guest.Section(ctx, abi.SectionTransaction, func(ctx context.Context) error {
		if outer != nil {
			outer.nested++
			defer func() { outer.nested-- }()
		}
		t := &Txn{}
		defer func() { t.over = true }()
		return f(context.WithValue(ctx, txnKey{}, t), t)
	})
}

// TransactionSync runs f, and undoes what it wrote when it returns an error or panics. f must not block: it may use SQL and KV, but not
// wait for I/O, sleep or contend for a lock; a function that blocks ends the isolate with an error that says so.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#transactionsync.
func (s *Storage) TransactionSync(ctx context.Context, f func(ctx context.Context) error) error {
	if guest.FrameOf(ctx) == nil {
		return errors.New("storage: transaction: this context does not come from an object's handler")
	}
	return guest.Callback(ctx, abi.OpTxnSync, func() error { return f(guest.NonBlocking(ctx)) })
}
