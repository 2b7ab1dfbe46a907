// Package d1 is the client of Cloudflare's D1 databases, with D1's own API (prepare, bind, batch) and as a driver of
// database/sql. Start with Database, or with OpenDB for database/sql.
//
// A statement has at most 100,000 bytes and 100 parameters, a table and a result 100 columns, a pattern of LIKE 50 bytes; a string, a blob and a
// row have at most 2,000,000 bytes on Cloudflare (8 MiB on a machine of one's own, with Lattice as with wrangler). Foreign keys are enforced.
// Errors are *workers.Error with D1's text: "D1_ERROR: UNIQUE constraint failed: users.name: SQLITE_CONSTRAINT (…)". The deprecated dump() is not here.
//
// See https://developers.cloudflare.com/d1/worker-api/ and https://developers.cloudflare.com/d1/platform/limits/.
package d1

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/internal/codec"
	"grove.place/lattice/internal/guest"
	"grove.place/lattice/internal/sqlvalue"
)

// DB is a D1 database. It does no I/O by itself and may be kept in a package-level variable.
type DB struct {
	binding string
	session *Session // nil: none
}

// Database returns the database bound under [[d1_databases]] in wrangler.toml.
func Database(binding string) DB { return DB{binding: binding} }

// Stmt is a statement with its parameters.
type Stmt struct {
	db    DB
	query string
	args  []any
}

// Prepare returns a statement; it is sent when it is run. Text of several statements runs all of them, and has the rows of the last.
func (db DB) Prepare(query string) Stmt { return Stmt{db: db, query: query} }

// Bind returns the statement with these parameters in place of earlier ones: numbers, strings, []byte, bool (1 or 0),
// time.Time (milliseconds), nil, and pointers to those. Integers beyond ±2^53 are refused when the statement runs.
func (s Stmt) Bind(args ...any) Stmt {
	s.args = args
	return s
}

// Result is the outcome of a statement: its rows by position, and what D1 measured. As JSON it is what JavaScript makes of a D1Result.
type Result struct {
	Columns []string `json:"columns"`
	Rows    [][]any  `json:"rows"` // nil, int64, float64, string, []byte
	Meta    Meta     `json:"meta"`
	values  [][]abi.Value
}

// Scan stores the rows in dest, a pointer to a slice of structs, maps or scalars.
func (r Result) Scan(dest any) error { return scanAll(r.Columns, r.values, dest) }

// Meta is what D1 reports about a statement.
type Meta struct {
	Changes     int64   `json:"changes"`      // rows inserted, updated or deleted, by triggers as well
	LastRowID   int64   `json:"last_row_id"`  // of the last row that was inserted
	RowsRead    int64   `json:"rows_read"`    // what D1 charges for, indexes included
	RowsWritten int64   `json:"rows_written"` // likewise
	Duration    float64 `json:"duration"`     // milliseconds
	ChangedDB   bool    `json:"changed_db"`
	SizeAfter   int64   `json:"size_after"` // of the database, bytes

	ServedBy        string `json:"served_by"`                  // which copy of the database
	ServedByRegion  string `json:"served_by_region,omitempty"` // where that is; empty on a local host
	ServedByPrimary bool   `json:"served_by_primary"`          // and whether it is the one that takes writes
	TotalAttempts   int    `json:"total_attempts"`             // with the retries that D1 makes of reads
	Timings         struct {
		SQLDuration float64 `json:"sql_duration_ms"` // milliseconds
	} `json:"timings"`
}

// ExecResult is the outcome of Exec.
type ExecResult struct {
	Count    int     `json:"count"`    // statements run
	Duration float64 `json:"duration"` // milliseconds
}

// Run runs the statement and returns rows and meta. Columns of one name are one column, as in D1's objects; use Raw to keep them.
func (s Stmt) Run(ctx context.Context) (Result, error) {
	list, err := s.db.send(ctx, abi.D1Run, []Stmt{s})
	if err != nil {
		return Result{}, err
	}
	return list[0], nil
}

// Raw runs the statement and returns its rows with every column.
func (s Stmt) Raw(ctx context.Context) (columns []string, rows [][]any, err error) {
	list, err := s.db.send(ctx, abi.D1Raw, []Stmt{s})
	if err != nil {
		return nil, nil, err
	}
	return list[0].Columns, list[0].Rows, nil
}

// All stores all rows in dest, a pointer to a slice of structs (by `json` tag or field name), maps or scalars.
func (s Stmt) All(ctx context.Context, dest any) error {
	r, err := s.Run(ctx)
	if err != nil {
		return err
	}
	return r.Scan(dest)
}

// First stores the first row in dest, a pointer to a struct, map or scalar (of a single column), and reports whether there is one. It does not add
// LIMIT 1: D1 reads, and charges for, the rows that the statement has.
func (s Stmt) First(ctx context.Context, dest any) (bool, error) {
	r, err := s.Run(ctx)
	if err != nil || len(r.values) == 0 {
		return false, err
	}
	if err := sqlvalue.ScanRow(r.Columns, r.values[0], dest); err != nil {
		return false, fmt.Errorf("d1: %w", err)
	}
	return true, nil
}

// Batch runs statements in one transaction: all of them or, on the first error, none. The error is D1's of the statement that failed, without its number.
//
// See https://developers.cloudflare.com/d1/worker-api/d1-database/#batch.
func (db DB) Batch(ctx context.Context, statements ...Stmt) ([]Result, error) {
	if len(statements) == 0 {
		return nil, errors.New("d1: batch of no statements")
	}
	return db.send(ctx, abi.D1Batch, statements)
}

// Exec runs SQL text of one or more statements without parameters, one to a line, which may not go on in the next; all of them or none. Its error names
// line 1, whichever failed. Use it for maintenance and tests.
func (db DB) Exec(ctx context.Context, query string) (ExecResult, error) {
	r, err := db.invoke(ctx, abi.D1Exec, []Stmt{{db: db, query: query}})
	if err != nil {
		return ExecResult{}, err
	}
	var out ExecResult
	if r.Count() > 0 {
		r.Strs()
		r.Count()
		err = codec.Unmarshal(r, &out)
	}
	return out, err
}

func (db DB) invoke(ctx context.Context, mode byte, statements []Stmt) (*abi.Reader, error) {
	env, err := guest.Env(ctx)
	if err != nil {
		return nil, err
	}
	if env[db.binding].Kind != "d1" {
		return nil, guest.MissingBinding(ctx, db.binding, "d1",
			fmt.Sprintf("[[d1_databases]]\nbinding = %q\ndatabase_name = \"my-database\"\ndatabase_id = \"…\"", db.binding))
	}
	var w abi.Writer
	w.Str(db.binding)
	if db.session != nil {
		w.Str(db.session.from())
	}
	w.U8(mode)
	w.Uint(uint64(len(statements)))
	for i, s := range statements {
		w.Str(s.query)
		if err := sqlvalue.WriteArgs(&w, s.args); err != nil {
			return nil, fmt.Errorf("d1: statement %d: %w", i+1, err)
		}
	}
	if db.session == nil {
		return guest.Invoke(ctx, abi.OpD1, w.Bytes())
	}
	r, err := guest.Invoke(ctx, abi.OpD1Session, w.Bytes())
	if err == nil {
		db.session.reached(r.Str())
	}
	return r, err
}

func (db DB) send(ctx context.Context, mode byte, statements []Stmt) ([]Result, error) {
	r, err := db.invoke(ctx, mode, statements)
	if err != nil {
		return nil, err
	}
	list := make([]Result, 0, len(statements))
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		out := Result{Columns: r.Strs()}
		for rows := r.Count(); rows > 0 && r.Err() == nil; rows-- {
			row := r.Values()
			out.values = append(out.values, row)
			out.Rows = append(out.Rows, natural(row))
		}
		if err := codec.Unmarshal(r, &out.Meta); err != nil {
			return nil, fmt.Errorf("d1: meta: %w", err)
		}
		list = append(list, out)
	}
	if r.Err() != nil {
		return nil, r.Err()
	}
	if len(list) != len(statements) {
		return nil, fmt.Errorf("d1: %d results for %d statements: D1 ran those that are not empty; leave the others out", len(list), len(statements))
	}
	return list, nil
}

func natural(row []abi.Value) []any {
	out := make([]any, len(row))
	for i, v := range row {
		out[i] = codec.Natural(v)
	}
	return out
}

func scanAll(columns []string, rows [][]abi.Value, dest any) error {
	d := reflect.ValueOf(dest)
	if d.Kind() != reflect.Pointer || d.IsNil() || d.Elem().Kind() != reflect.Slice {
		return fmt.Errorf("d1: destination must be a pointer to a slice, not %T", dest)
	}
	list := reflect.MakeSlice(d.Elem().Type(), len(rows), len(rows))
	for i, row := range rows {
		if err := sqlvalue.ScanRow(columns, row, list.Index(i).Addr().Interface()); err != nil {
			return fmt.Errorf("d1: row %d: %w", i+1, err)
		}
	}
	d.Elem().Set(list)
	return nil
}
