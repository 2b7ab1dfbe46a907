package storage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// Migrations are where the migrations of a database are, and the table in which wrangler keeps what it applied, so that both can work on one
// database.
type Migrations struct {
	Dir   string
	Table string // "": d1_migrations
}

// table is the name of the table as an identifier.
func (m Migrations) table() string {
	return `"` + strings.ReplaceAll(cmp.Or(m.Table, "d1_migrations"), `"`, `""`) + `"`
}

// Migrate applies the files of m.Dir that have not been applied, in order, each in a transaction of its own, as "wrangler
// d1 migrations apply" does. It returns those it applied. When one fails, nothing of it stays and the later ones are
// not tried. A folder that does not exist has no migrations.
func (d *D1) Migrate(m Migrations) (applied []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	names, err := MigrationFiles(m.Dir)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	done := map[string]bool{}
	err = d.transaction(func() error {
		_, _, err := d.db.Exec("CREATE TABLE IF NOT EXISTS "+m.table()+`(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`, nil, 0)
		if err != nil {
			return err
		}
		_, page, err := d.db.Exec("SELECT name FROM "+m.table(), nil, math.MaxInt)
		for _, row := range page.Rows {
			name, _ := row[0].(string)
			done[name] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("migrations: table %s: %w", m.table(), err)
	}
	for _, name := range names {
		if done[name] {
			continue
		}
		if err := d.apply(m, name); err != nil {
			return applied, fmt.Errorf("migration %s: %w; nothing of it was applied: correct the file and start again", filepath.Join(m.Dir, name), err)
		}
		applied = append(applied, name)
	}
	return applied, nil
}

// Seed runs the statements of a file in one transaction: all of them or, when one fails, none.
func (d *D1) Seed(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if err := d.transaction(func() error { return d.db.script(string(text), false) }); err != nil {
		return fmt.Errorf("seed %s: %w; nothing of it was stored: correct the file and start again", path, err)
	}
	return nil
}

// MigrationFiles lists the migrations of a folder by their leading number, then by name, as wrangler does. A folder that does not exist has none.
func MigrationFiles(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	var names []string
	for _, f := range files {
		if !f.IsDir() && strings.HasSuffix(f.Name(), ".sql") && !strings.HasPrefix(f.Name(), ".") {
			names = append(names, f.Name())
		}
	}
	leading := func(name string) int {
		n, err := strconv.Atoi(name[:len(name)-len(strings.TrimLeft(name, "0123456789"))])
		if err != nil {
			return math.MaxInt
		}
		return n
	}
	sort.SliceStable(names, func(i, j int) bool {
		a, b := leading(names[i]), leading(names[j])
		return a < b || a == b && names[i] < names[j]
	})
	return names, nil
}

func (d *D1) apply(m Migrations, name string) error {
	text, err := os.ReadFile(filepath.Join(m.Dir, name))
	if err != nil {
		return err
	}
	return d.transaction(func() error {
		if err := d.db.script(string(text), true); err != nil {
			return err
		}
		_, _, err := d.db.Exec("INSERT INTO "+m.table()+" (name) VALUES (?)", []abi.Value{name}, 0)
		return err
	})
}

// withoutTransaction takes BEGIN TRANSACTION and COMMIT out of a file, where "sqlite3 .dump" puts them. Wrangler does, and a file runs in a transaction
// of its own.
func withoutTransaction(text string) (string, error) {
	const begin, commit = "BEGIN TRANSACTION;", "COMMIT;"
	if !strings.Contains(text, "BEGIN TRANSACTION") {
		return text, nil
	}
	text = strings.Replace(strings.Replace(text, begin, "", 1), commit, "", 1)
	if strings.Contains(text, "BEGIN TRANSACTION") {
		return "", errors.New("there are several transactions in it: D1 runs a file in one, so take BEGIN TRANSACTION and COMMIT out")
	}
	return text, nil
}

var errNoSemicolon = errors.New("it does not end with a semicolon, and wrangler would read on into the statement that notes the migration: add one")

// script runs all statements of a file, each of which ends with a semicolon when ended is set. The limit on SQL text is one for each statement here, not
// for the file.
func (d *DB) script(text string, ended bool) error {
	text, err := withoutTransaction(text)
	if err != nil {
		return err
	}
	limit := limits[sqlite.LimitSQLLength]
	d.conn.SetLimit(sqlite.LimitSQLLength, math.MaxInt32)
	defer d.conn.SetLimit(sqlite.LimitSQLLength, limit)
	d.auth.restrict(true)
	defer d.auth.restrict(false)
	line := 1
	for text != "" {
		s, used, err := d.prepare(text)
		if err == nil && used > limit {
			err = abi.Errorf("statement too long: SQLITE_TOOBIG")
		}
		if err == nil && s != nil && ended && !strings.HasSuffix(strings.TrimRight(text[:used], " \t\r\n"), ";") {
			err = errNoSemicolon
		}
		if err == nil && s != nil {
			err = d.fail(d.runThrough(s))
		}
		d.stmts.release(s, false)
		if err != nil {
			return fmt.Errorf("statement at line %d: %w", line+leadingLines(text), err)
		}
		line += strings.Count(text[:used], "\n")
		text = text[used:]
	}
	return nil
}

// leadingLines counts the line breaks before the first thing that is not white space.
func leadingLines(text string) int {
	return strings.Count(text[:len(text)-len(strings.TrimLeft(text, " \t\r\n"))], "\n")
}
