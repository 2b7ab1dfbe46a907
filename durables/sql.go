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
		var zero T
		c, err := s.Exec(ctx, query, args...)
		if err != nil {
			yield(zero, err)
			return
		}
		defer c.Close()
		for c.Next() {
			var v T
			if err := sqlvalue.ScanRow(c.columns, c.rows[c.next-1], &v); err != nil {
				yield(zero, fmt.Errorf("sql: %w", err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
		if c.Err() != nil {
			yield(zero, c.Err())
		}
	}
}

// All returns all rows of query.
func All[T any](ctx context.Context, s *SQL, query string, args ...any) ([]T, error) {
	list := []T{}
	for v, err := range Query[T](ctx, s, query, args...) {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// First returns the first row of query, and whether there is one.
func First[T any](ctx context.Context, s *SQL, query string, args ...any) (v T, found bool, err error) {
	for v, err := range Query[T](ctx, s, query, args...) {
		return v, err == nil, err
	}
	return v, false, nil
}

// One returns the row of query, which must be the only one.
func One[T any](ctx context.Context, s *SQL, query string, args ...any) (one T, err error) {
	n := 0
	for v, err := range Query[T](ctx, s, query, args...) {
		if err != nil {
			return one, err
		}
		if n++; n > 1 {
			var zero T
			return zero, guest.NewError("Error", "Expected exactly one result from SQL query, but got multiple results.")
		}
		one = v
	}
	if n == 0 {
		return one, guest.NewError("Error", "Expected exactly one result from SQL query, but got no results.")
	}
	return one, nil
}
