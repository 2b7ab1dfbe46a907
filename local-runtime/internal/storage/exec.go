package storage

import (
	"cmp"
	"math"
	"strings"
	"unicode/utf8"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// cursor is a statement whose rows have not all been read. A statement that wrote has run to its end, and its rows wait
// in memory: left open it would keep the transaction from committing.
type cursor struct {
	stmt    *stmt // nil once the statement has ended
	begun   bool  // the first step was taken
	columns int
	rows    [][]abi.Value
	read    uint64
	written uint64
	changes int
}

// Exec runs query, all of its statements, and returns the columns and the first rows, at most max, of the last one. It
// has run up to its first row at least, and to its end when it writes.
func (d *DB) Exec(query string, args []abi.Value, max int) (columns []string, page abi.Page, err error) {
	if err := d.fault(Read); err != nil {
		return nil, page, err
	}
	if err := d.connect(); err != nil {
		return nil, page, asError(err)
	}
	d.auth.restrict(true)
	defer d.auth.restrict(false)
	s := d.stmts.cached(query)
	if s == nil {
		if s, err = d.prepareLast(query); err != nil {
			return nil, page, d.fail(err)
		}
	}
	if s.params != len(args) {
		d.stmts.release(s, true)
		return nil, page, abi.Errorf("Wrong number of parameter bindings for SQL query.")
	}
	if err := bind(s.Stmt, args); err != nil {
		d.stmts.release(s, true)
		return nil, page, d.fail(err)
	}
	c := &cursor{stmt: s, changes: d.conn.TotalChanges()}
	if err := d.advance(c); err != nil {
		return nil, page, err
	}
	columns = s.columns
	c.columns = len(columns)
	page, err = d.page(c, max)
	if err == nil && page.Cursor == 0 && (c.stmt != nil || len(c.rows) > 0) {
		d.lastID++
		d.cursors[d.lastID] = c
		page.Cursor = d.lastID
	}
	return columns, page, err
}

// prepareLast runs all statements of query but the last, which it returns.
func (d *DB) prepareLast(query string) (*stmt, error) {
	rest := query
	for {
		s, used, err := d.prepare(rest)
		if err != nil {
			return nil, err
		}
		if s == nil {
			return nil, abi.Errorf("SQL code did not contain a statement.")
		}
		tail := strings.TrimLeft(rest[used:], " \t\n\r\f\v")
		if tail == "" {
			s.text = rest
			return s, nil
		}
		rest = tail
		err = d.runThrough(s)
		d.stmts.release(s, false)
		if err != nil {
			return nil, err
		}
	}
}

// prepare compiles the first statement of the object's SQL.
func (d *DB) prepare(text string) (*stmt, int, error) {
	d.auth.alters, d.auth.effects = false, effects{}
	s, used, err := d.stmts.prepare(text)
	if err != nil {
		s, used, err = d.prepareLimited(text, err)
	}
	if s != nil {
		s.alters = d.auth.alters && !s.readOnly
		s.effects = d.auth.effects
	}
	return s, used, explain(err)
}

// runThrough runs a statement that is not the last.
func (d *DB) runThrough(s *stmt) error {
	if s.params > 0 {
		return abi.Errorf("When executing multiple SQL statements in a single call, only the last statement can have parameters.")
	}
	if err := d.beforeStep(s); err != nil {
		return err
	}
	return d.checkingNames(s, func() error {
		for {
			if more, err := s.Step(); err != nil || !more {
				return err
			}
		}
	})
}

// checkingNames calls run, and undoes it when it gave a table a reserved name.
func (d *DB) checkingNames(s *stmt, run func() error) error {
	if !s.alters {
		return run()
	}
	before, err := d.reserved()
	if err != nil {
		return err
	}
	return d.atomically(func() error {
		if err := run(); err != nil {
			return err
		}
		if after, err := d.reserved(); err != nil || after != before {
			return cmp.Or(err, error(sqlite.ErrDenied))
		}
		return nil
	})
}

func (d *DB) reserved() (n int64, err error) {
	err = d.query("SELECT count(*) FROM sqlite_schema WHERE lower(substr(name, 1, 4)) = '_cf_'", func(s *stmt) error {
		n = s.Int64(0)
		return nil
	})
	return n, err
}

// beforeStep opens the transaction for a statement that writes.
func (d *DB) beforeStep(s *stmt) error {
	if s.readOnly {
		return nil
	}
	if err := d.fault(Write); err != nil {
		return err
	}
	d.auth.restrict(false)
	defer d.auth.restrict(true)
	return d.write()
}

// advance takes the first step of c, and all of them when it writes.
func (d *DB) advance(c *cursor) error {
	s := c.stmt
	if err := d.beforeStep(s); err != nil {
		d.stmts.release(s, true)
		return err
	}
	if err := d.checkingNames(s, func() error { return d.step(c) }); err != nil || s.readOnly {
		return d.fail(err)
	}
	for c.stmt != nil {
		c.rows = append(c.rows, row(s.Stmt, len(s.columns)))
		if err := d.step(c); err != nil {
			return err
		}
	}
	return nil
}

// step moves c on, and ends its statement after the last row.
func (d *DB) step(c *cursor) error {
	s := c.stmt
	more, err := s.Step()
	if !c.begun {
		s.columns, c.begun = s.Columns(), true // after a change of the schema, the first step has compiled it anew
	}
	if more {
		c.read++
		return nil
	}
	d.count(c, s)
	c.stmt = nil
	if err != nil {
		d.stmts.release(s, false)
		return d.fail(err)
	}
	d.stmts.release(s, true)
	return nil
}

// page takes the next rows of c, at most max.
func (d *DB) page(c *cursor, max int) (abi.Page, error) {
	var p abi.Page
	if len(c.rows) > 0 {
		n := min(max, len(c.rows))
		p.Rows, c.rows = c.rows[:n:n], c.rows[n:]
	} else {
		for c.stmt != nil && len(p.Rows) < max {
			p.Rows = append(p.Rows, row(c.stmt.Stmt, c.columns))
			if err := d.step(c); err != nil {
				return p, err
			}
		}
	}
	p.RowsRead, p.RowsWritten = c.read, c.written
	return p, nil
}

// Next returns the next rows of a cursor, at most max. Page.Cursor is 0 when they are the last.
func (d *DB) Next(id uint64, max int) (abi.Page, error) {
	c := d.cursors[id]
	if c == nil {
		if id <= d.deleted && id > 0 {
			return abi.Page{}, abi.Errorf("SQLite query was canceled because the database was deleted.")
		}
		return abi.Page{}, abi.Errorf("SQL cursor %d is not open.", id)
	}
	d.auth.restrict(true)
	defer d.auth.restrict(false)
	p, err := d.page(c, max)
	if err != nil || c.stmt == nil && len(c.rows) == 0 {
		delete(d.cursors, id)
		return p, err
	}
	p.Cursor = id
	return p, nil
}

// CloseCursor gives up the remaining rows of a cursor.
func (d *DB) CloseCursor(id uint64) {
	if c := d.cursors[id]; c != nil {
		d.stmts.release(c.stmt, true)
		delete(d.cursors, id)
	}
}

func (d *DB) closeCursors() {
	for id := range d.cursors {
		d.CloseCursor(id)
	}
}

// row reads the current row. An INTEGER becomes what JavaScript makes of it: a double, exact up to 2^53.
func row(s *sqlite.Stmt, columns int) []abi.Value {
	r := make([]abi.Value, columns)
	for i := range r {
		switch s.Type(i) {
		case sqlite.Integer:
			r[i] = number53(s.Int64(i))
		case sqlite.Float:
			r[i] = s.Float64(i)
		case sqlite.Text:
			r[i] = valid(s.Text(i))
		case sqlite.Blob:
			r[i] = s.Bytes(i)
		}
	}
	return r
}

func number53(v int64) abi.Value {
	if v > abi.MaxSafeInt || v < -abi.MaxSafeInt {
		return float64(v)
	}
	return v
}

// valid replaces each byte that is not UTF-8 by U+FFFD.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// bind binds args as JavaScript does: every number is a REAL, and what SQLite has no type for is its text.
func bind(s *sqlite.Stmt, args []abi.Value) error {
	for i, a := range args {
		var err error
		switch a := a.(type) {
		case nil, abi.Undefined:
			err = s.BindNull(i + 1)
		case int64:
			err = s.BindFloat(i+1, float64(a))
		case int:
			err = s.BindFloat(i+1, float64(a))
		case float64:
			err = bindFloat(s, i+1, a)
		case bool:
			err = s.BindText(i+1, map[bool]string{true: "true", false: "false"}[a])
		case string:
			err = s.BindText(i+1, valid(a))
		case []byte:
			err = s.BindBlob(i+1, a)
		case abi.ArrayBuffer:
			err = s.BindBlob(i+1, a)
		case abi.TypedArray:
			err = s.BindBlob(i+1, a.Bytes)
		case abi.BigInt:
			return abi.TypeErrorf("Cannot convert a BigInt value to a number")
		default:
			return abi.TypeErrorf("cannot bind a %T to a SQL parameter: pass null, a number, a string or bytes", a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func bindFloat(s *sqlite.Stmt, i int, v float64) error {
	if math.IsNaN(v) {
		return s.BindNull(i)
	}
	return s.BindFloat(i, v)
}
