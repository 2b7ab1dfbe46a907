package storage

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// Foreign is a SQLite file that another program has written, of which there is a copy to read, and to make a file of our own of.
type Foreign struct {
	conn       *sqlite.Conn
	statements *statements
	source     string // what errors name
}

// Row is a row of a result.
type Row = *stmt

// OpenForeign opens the copy at path of the file at source, and its write-ahead log if there is one, and checks all of it.
func OpenForeign(path, source string) (*Foreign, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = checkSize(path, info.Size())
	}
	if err != nil {
		return nil, foreignError(source, err)
	}
	conn, err := sqlite.Open(path)
	if err != nil {
		return nil, foreignError(source, err)
	}
	f := &Foreign{conn, newStatements(conn, statementCacheSize), source}
	verdict := ""
	err = f.Each("PRAGMA quick_check(1)", func(r Row) error { verdict = r.Text(0); return nil })
	if err == nil && verdict != "ok" {
		err = foreignError(source, errors.New(verdict))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func foreignError(source string, err error) error {
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		err = damaged.Err
	}
	return fmt.Errorf("%s cannot be read as a SQLite database: %w", source, err)
}

// Each runs a statement and calls row, when it is not nil, for each of its rows.
func (f *Foreign) Each(query string, row func(r Row) error, args ...any) error {
	if err := f.statements.each(query, row, args...); err != nil {
		var s *sqlite.Error
		if errors.As(err, &s) {
			return foreignError(f.source, err)
		}
		return err
	}
	return nil
}

// Tables returns the names of the tables.
func (f *Foreign) Tables() (names []string, err error) {
	err = f.Each("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name", func(r Row) error {
		names = append(names, r.Text(0))
		return nil
	})
	return names, err
}

// drop removes the tables that is true for, and returns the others.
func (f *Foreign) drop(is func(name string) bool) (rest []string, err error) {
	names, err := f.Tables()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !is(name) {
			rest = append(rest, name)
			continue
		}
		if err := f.Each("DROP TABLE "+quoted(name), nil); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// inTransaction runs change, all of it or nothing.
func (f *Foreign) inTransaction(change func() error) error {
	if err := f.Each("BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	err := change()
	if err == nil {
		return f.Each("COMMIT", nil)
	}
	if !f.conn.Autocommit() {
		err = errors.Join(err, f.Each("ROLLBACK", nil))
	}
	return err
}

// Close closes the copy. What it had in its log is in the file afterwards.
func (f *Foreign) Close() error {
	f.statements.close()
	return f.conn.Close()
}
