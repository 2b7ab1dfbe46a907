package storage

import (
	"fmt"

	"grove.place/lattice/internal/abi"
)

// Dirty reports whether Commit has something to do: the turn has written and no savepoint is open.
func (d *DB) Dirty() bool { return d.dirty && len(d.savepoints) == 0 }

// Unconfirmed says whether what is written from now on is unconfirmed: nobody waits until it is durable.
func (d *DB) Unconfirmed(yes bool) { d.quiet = yes }

// NeedsConfirmation reports whether something that the turn has written was not unconfirmed.
func (d *DB) NeedsConfirmation() bool { return d.loud }

// Commit makes what was written since the last Commit durable. While a savepoint is open it does nothing.
func (d *DB) Commit() error {
	if d.broken != nil {
		return d.broken
	}
	if !d.inTx || len(d.savepoints) > 0 {
		return nil
	}
	if err := d.fault(Commit); err != nil {
		return err
	}
	if err := d.run("COMMIT"); err != nil {
		d.broken = err
		return err
	}
	d.inTx, d.dirty, d.loud = false, false, false
	d.checkpoint()
	return nil
}

// Rollback undoes everything since the last Commit, and forgets all savepoints.
func (d *DB) Rollback() error {
	d.savepoints = nil
	if !d.inTx {
		return nil
	}
	d.forget()
	d.inTx, d.dirty, d.loud = false, false, false
	if d.conn.Autocommit() {
		return nil // SQLite has rolled back already
	}
	return d.run("ROLLBACK")
}

// Savepoint opens a transaction inside what is open; it ends with Release or RollbackTo.
func (d *DB) Savepoint() error {
	if err := d.connect(); err != nil {
		return asError(err)
	}
	if !d.inTx {
		d.useLog()
	}
	if err := d.begin("BEGIN"); err != nil {
		return err
	}
	if err := d.run(fmt.Sprintf("SAVEPOINT _cf_savepoint_%d", len(d.savepoints))); err != nil {
		return err
	}
	d.savepoints = append(d.savepoints, d.dirty)
	return nil
}

// Release keeps what was written since the last Savepoint.
func (d *DB) Release() error {
	depth := len(d.savepoints) - 1
	if depth < 0 {
		return abi.Errorf("no transaction is open")
	}
	if d.broken != nil || d.conn.Autocommit() {
		return abi.Errorf("Cannot commit transaction due to an earlier SQL critical error")
	}
	if err := d.run(fmt.Sprintf("RELEASE _cf_savepoint_%d", depth)); err != nil {
		return err
	}
	d.savepoints = d.savepoints[:depth]
	return d.leave()
}

// RollbackTo undoes what was written since the last Savepoint.
func (d *DB) RollbackTo() error {
	depth := len(d.savepoints) - 1
	if depth < 0 {
		return abi.Errorf("no transaction is open")
	}
	d.forget()
	d.dirty = d.savepoints[depth]
	d.savepoints = d.savepoints[:depth]
	if d.broken != nil || d.conn.Autocommit() {
		return nil // all is rolled back already; the host resets the object
	}
	for _, q := range []string{"ROLLBACK TO _cf_savepoint_%d", "RELEASE _cf_savepoint_%d"} {
		if err := d.run(fmt.Sprintf(q, depth)); err != nil {
			return err
		}
	}
	return d.leave()
}

// leave ends a transaction that was opened for savepoints only, so that the next write begins anew.
func (d *DB) leave() error {
	if len(d.savepoints) > 0 || d.dirty || !d.inTx {
		return nil
	}
	d.inTx = false
	return d.run("COMMIT")
}

// write opens the turn's transaction before its first write, creating the file when there is none.
func (d *DB) write() error {
	if err := d.connect(); err != nil {
		return asError(err)
	}
	if !d.inTx {
		d.useLog()
	}
	if err := d.begin("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	d.dirty, d.stored = true, d.path != ""
	d.loud = d.loud || !d.quiet
	return d.saveName()
}

func (d *DB) begin(how string) error {
	if d.broken != nil {
		return d.broken
	}
	if d.inTx {
		return nil
	}
	if err := d.run(how); err != nil {
		return err
	}
	d.inTx = true
	return nil
}

// useLog switches a new file to a write-ahead log. It fails, without harm, while a cursor is open: the file keeps its
// rollback journal until the first write of a later turn.
func (d *DB) useLog() {
	if d.logged || d.path == "" {
		return
	}
	if d.own.each("PRAGMA journal_mode=WAL", func(s *stmt) error { d.logged = s.Text(0) == "wal"; return nil }) != nil {
		d.logged = false
	}
}

// forget drops what is known about tables that a rollback may have removed.
func (d *DB) forget() { d.hasKV, d.hasMeta, d.nameSaved = false, false, false }

// run runs a statement of the host's own.
func (d *DB) run(query string) error { return d.query(query, nil) }
