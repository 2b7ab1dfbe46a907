package durables

import (
	"context"
	"fmt"
	"iter"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/internal/sqlvalue"
)

// pageRows is how many rows cross the boundary at a time.
const pageRows = 256

// SQL runs statements on the object's SQLite database.
//
// Values go in as JavaScript's do: every number as a float, which a column's affinity makes an integer where it says so. bool is 1 or 0,
// time.Time an integer of milliseconds, []byte a blob, nil NULL. Integers beyond ±2^53 are refused: bind
// them as text and CAST. Results beyond 2^53 have been rounded by the runtime; scanning one into an integer is an error.
//
// See https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/#sql-api.
type SQL struct{}

// Exec runs query, one statement or several of which only the last may have parameters, at most 100. It has run when Exec
// returns, whether or not rows are read; rows are fetched as the Cursor goes along.
func (*SQL) Exec(ctx context.Context, query string, args ...any) (*Cursor, error) {
	var w abi.Writer
	w.Str(query)
	if err := sqlvalue.WriteArgs(&w, args); err != nil {
		return nil, fmt.Errorf("sql: %w", err)
	}
	w.Uint(pageRows)
	r, err := guest.Invoke(ctx, abi.OpSQLExec, w.Bytes())
	if err != nil {
		return nil, err
	}
	c := &Cursor{ctx: ctx, columns: r.Strs()}
	c.load(r)
	return c, r.Err()
}

// DatabaseSize returns the size of the database in bytes.
func (*SQL) DatabaseSize(ctx context.Context) (int64, error) {
	r, err := guest.Invoke(ctx, abi.OpSQLSize, nil)
	if err != nil {
		return 0, err
	}
	return int64(r.F64()), r.Err()
}

// Cursor reads the rows of a statement, as sql.Rows does. Close it unless Next has returned false.
type Cursor struct {
	ctx           context.Context
	columns       []string
	rows          [][]abi.Value
	next          int
	id            uint64
	read, written int64
	err           error
}

func (c *Cursor) load(r *abi.Reader) {
	p := r.Page(len(c.columns))
	c.id, c.rows, c.next = p.Cursor, p.Rows, 0
	c.read, c.written = int64(p.RowsRead), int64(p.RowsWritten)
	c.err = r.Err()
}

// Columns returns the column names; they may repeat.
func (c *Cursor) Columns() []string { return c.columns }

// RowsRead returns how many rows the statement has read so far, for billing.
func (c *Cursor) RowsRead() int64 { return c.read }

// RowsWritten returns how many rows the statement has written, indexes included.
func (c *Cursor) RowsWritten() int64 { return c.written }

// Err returns what ended the rows early, or nil.
func (c *Cursor) Err() error { return c.err }

// Next moves to the next row, and reports whether there is one.
func (c *Cursor) Next() bool {
	if c.err != nil {
		return false
	}
	if c.next == len(c.rows) && c.id != 0 {
		var w abi.Writer
		w.Uint(c.id)
		w.Uint(pageRows)
		r, err := guest.Invoke(c.ctx, abi.OpSQLNext, w.Bytes())
		if err != nil {
			c.err, c.id = err, 0
			return false
		}
		c.load(r)
	}
	if c.err != nil || c.next >= len(c.rows) {
		c.next = len(c.rows) + 1
		return false
	}
	c.next++
	return true
}

// Scan stores the columns of the current row in dest: pointers to scalars, []byte, time.Time, any, or pointers to those for
// columns that may be NULL.
func (c *Cursor) Scan(dest ...any) error {
	row, err := c.row()
	if err != nil {
		return err
	}
	if len(dest) != len(row) {
		return fmt.Errorf("sql: the row has %d columns, Scan was given %d destinations", len(row), len(dest))
	}
	for i, v := range row {
		if err := sqlvalue.Scan(v, dest[i]); err != nil {
			return fmt.Errorf("sql: column %q: %w", c.columns[i], err)
		}
	}
	return nil
}

// Row returns the current row: nil, int64, float64, string and []byte.
func (c *Cursor) Row() []any {
	row, err := c.row()
	if err != nil {
		return nil
	}
	out := make([]any, len(row))
	for i, v := range row {
		out[i] = codec.Natural(v)
	}
	return out
}

func (c *Cursor) row() ([]abi.Value, error) {
	if c.next == 0 || c.next > len(c.rows) {
		return nil, fmt.Errorf("sql: Scan without a row: call Next first, and only go on while it returns true")
	}
	return c.rows[c.next-1], nil
}

// Close frees the statement. It may be called more than once.
func (c *Cursor) Close() error {
	if c.id == 0 {
		return nil
	}
	var w abi.Writer
	w.Uint(c.id)
	c.id, c.rows, c.next = 0, nil, 1
	return guest.Do(c.ctx, abi.OpSQLClose, w.Bytes())
}

// Query runs query and yields its rows as values of T: a struct, by `json` tag or field name without regard to case, or a
// scalar for a single column. The first error ends the rows.
//
//	for post, err := range durables.Query[Post](ctx, sql, "SELECT * FROM posts WHERE author = ?", author) {
func Query[T any](ctx context.Context, s *SQL, query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		rows := s.rows(ctx, query, args)
		defer rows.close()
		for {
			var v, zero T
			found, err := rows.next(&v)
			if err != nil {
				yield(zero, err)
				return
			}
			if !found || !yield(v, nil) {
				return
			}
		}
	}
}

// rows are the rows of a query, or why there are none. The generic functions around it are short, since the compiler makes a copy of them for each type.
type rows struct {
	cursor *Cursor
	err    error
}

func (s *SQL) rows(ctx context.Context, query string, args []any) rows {
	c, err := s.Exec(ctx, query, args...)
	return rows{c, err}
}

// next stores the next row in to, a pointer, and reports whether there was one.
func (r rows) next(to any) (bool, error) {
	if r.err != nil {
		return false, r.err
	}
	c := r.cursor
	if !c.Next() {
		return false, c.Err()
	}
	if err := sqlvalue.ScanRow(c.columns, c.rows[c.next-1], to); err != nil {
		return false, fmt.Errorf("sql: %w", err)
	}
	return true, nil
}

func (r rows) close() {
	if r.err == nil {
		r.cursor.Close()
	}
}

// All returns the rows of query as Query scans them, all of them in memory; none is an empty slice and no error.
func All[T any](ctx context.Context, s *SQL, query string, args ...any) ([]T, error) {
	rows := s.rows(ctx, query, args)
	defer rows.close()
	list := []T{}
	for {
		var v T
		found, err := rows.next(&v)
		if err != nil {
			return nil, err
		}
		if !found {
			return list, nil
		}
		list = append(list, v)
	}
}

// First returns the first row of query as Query scans it, and whether there is one. It does not add LIMIT 1 to the statement.
func First[T any](ctx context.Context, s *SQL, query string, args ...any) (v T, found bool, err error) {
	rows := s.rows(ctx, query, args)
	defer rows.close()
	var zero T
	if found, err = rows.next(&v); !found {
		return zero, false, err
	}
	return v, true, nil
}

// One returns the row of query as Query scans it. No row, or more than one, is an error with the text that JavaScript's cursor.one() has.
func One[T any](ctx context.Context, s *SQL, query string, args ...any) (one T, err error) {
	rows := s.rows(ctx, query, args)
	defer rows.close()
	var zero, second T
	found, err := rows.next(&one)
	if err == nil && found {
		found, err = rows.next(&second)
		if err == nil && !found {
			return one, nil
		}
	}
	return zero, notOne(found, err)
}

func notOne(many bool, err error) error {
	switch {
	case err != nil:
		return err
	case many:
		return guest.NewError("Error", "Expected exactly one result from SQL query, but got multiple results.")
	}
	return guest.NewError("Error", "Expected exactly one result from SQL query, but got no results.")
}
