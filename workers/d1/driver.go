package d1

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
)

// OpenDB returns the database as a *sql.DB. Its statements need a handler's context: use QueryContext, ExecContext and
// PrepareContext. There are no interactive transactions in D1: BeginTx fails, use DB.Batch. Parameters are positional.
//
// A bool is bound as 1 or 0 and a time.Time as integer milliseconds, which come back as int64: scan them into a *bool, and into an *int64 for time.UnixMilli.
func OpenDB(binding string) *sql.DB {
	return sql.OpenDB(Connector(binding))
}

// Connector returns the driver.Connector behind OpenDB.
func Connector(binding string) driver.Connector { return connector{Database(binding)} }

type connector struct{ db DB }

func (c connector) Connect(context.Context) (driver.Conn, error) { return conn(c), nil }
func (c connector) Driver() driver.Driver                        { return d1Driver{} }

type d1Driver struct{}

func (d1Driver) Open(binding string) (driver.Conn, error) { return conn{Database(binding)}, nil }

type conn struct{ db DB }

var errNoContext = errors.New("d1: a handler's context is needed: use the methods that end in Context")

func (c conn) Prepare(query string) (driver.Stmt, error) { return stmt{c.db.Prepare(query)}, nil }
func (c conn) Close() error                              { return nil }
func (c conn) Begin() (driver.Tx, error) {
	return nil, errors.New("d1: D1 has no interactive transactions: use d1.DB.Batch, which runs statements in one")
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return stmt{c.db.Prepare(query)}.ExecContext(ctx, args)
}

func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return stmt{c.db.Prepare(query)}.QueryContext(ctx, args)
}

type stmt struct{ s Stmt }

func (stmt) Close() error                               { return nil }
func (stmt) NumInput() int                              { return -1 }
func (stmt) Exec([]driver.Value) (driver.Result, error) { return nil, errNoContext }
func (stmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errNoContext }

func bind(s Stmt, args []driver.NamedValue) (Stmt, error) {
	values := make([]any, len(args))
	for i, a := range args {
		if a.Name != "" {
			return s, errors.New("d1: D1 has positional parameters only: use ? or ?1")
		}
		values[i] = a.Value
	}
	return s.Bind(values...), nil
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	bound, err := bind(s.s, args)
	if err != nil {
		return nil, err
	}
	r, err := bound.Run(ctx)
	if err != nil {
		return nil, err
	}
	return result(r.Meta), nil
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	bound, err := bind(s.s, args)
	if err != nil {
		return nil, err
	}
	columns, list, err := bound.Raw(ctx)
	if err != nil {
		return nil, err
	}
	return &rows{columns: columns, list: list}, nil
}

type result Meta

func (r result) LastInsertId() (int64, error) { return r.LastRowID, nil }
func (r result) RowsAffected() (int64, error) { return r.Changes, nil }

type rows struct {
	columns []string
	list    [][]any
}

func (r *rows) Columns() []string { return r.columns }
func (r *rows) Close() error      { return nil }

func (r *rows) Next(dest []driver.Value) error {
	if len(r.list) == 0 {
		return io.EOF
	}
	for i, v := range r.list[0] {
		dest[i] = v
	}
	r.list = r.list[1:]
	return nil
}
