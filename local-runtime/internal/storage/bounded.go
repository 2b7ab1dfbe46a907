package storage

import (
	"errors"
	"fmt"
	"time"

	"grove.place/lattice/internal/abi"
)

// ExecWithin is Exec for what a person has typed, which may never end: a statement that runs for longer is stopped. The machine's clock counts.
func (d *DB) ExecWithin(limit time.Duration, query string, max int) (columns []string, page abi.Page, err error) {
	if err := d.connect(); err != nil {
		return nil, page, asError(err)
	}
	stop := time.AfterFunc(limit, d.conn.Interrupt)
	columns, page, err = d.Exec(query, nil, max)
	if !stop.Stop() && err != nil {
		err = fmt.Errorf("the statement was stopped, for it took longer than %v: %w", limit, err)
	}
	if page.Cursor != 0 { // nobody asks for more
		d.CloseCursor(page.Cursor)
		page.Cursor = 0
	}
	return columns, page, err
}

// Execute runs what a person has typed, within limit, and commits it: all of it, or nothing.
func (d *D1) Execute(limit time.Duration, query string, max int) (columns []string, page abi.Page, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, page, errors.New("the database was closed: its host is shutting down")
	}
	err = d.transaction(func() error {
		columns, page, err = d.db.ExecWithin(limit, query, max)
		return err
	})
	return columns, page, err
}
