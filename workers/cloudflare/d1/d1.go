// Package d1 is a driver of database/sql for D1 with the names, signatures and behaviour of github.com/syumai/workers/cloudflare/d1. Statements work for the event of
// the goroutine that runs them, whatever their context. Start with OpenConnector.
//
// New code is better served by grove.place/lattice/workers/d1, which has batches, sessions and D1's own API.
package d1

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"grove.place/lattice/internal/ambient"
	"grove.place/lattice/workers/d1"
)

// ErrDatabaseNotFound is returned when there is no binding of that name.
var ErrDatabaseNotFound = errors.New("d1: database not found")

func init() { sql.Register("d1", &Driver{}) }

// Driver is the driver "d1" of database/sql. The name of a database is that of its binding.
type Driver struct{}

// Open returns a connection to the database of that binding.
func (d *Driver) Open(name string) (driver.Conn, error) {
	connector, err := OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return connector.Connect(context.Background())
}

// Connector is a database, for sql.OpenDB.
type Connector struct{ binding string }

// OpenConnector returns the database of that binding, or ErrDatabaseNotFound.
func OpenConnector(name string) (driver.Connector, error) {
	if _, err := ambient.Context(); err != nil {
		return nil, err
	}
	if ambient.Bound(name) != nil {
		return nil, ErrDatabaseNotFound
	}
	return &Connector{name}, nil
}

// Connect returns a connection; it does no I/O.
func (c *Connector) Connect(context.Context) (driver.Conn, error) { return &Conn{c.binding}, nil }

// Driver returns the Driver.
func (c *Connector) Driver() driver.Driver { return &Driver{} }

// Conn is a connection.
type Conn struct{ binding string }

var (
	_ driver.ConnBeginTx        = (*Conn)(nil)
	_ driver.ConnPrepareContext = (*Conn)(nil)
	_ driver.StmtExecContext    = stmt{}
	_ driver.StmtQueryContext   = stmt{}
)

// Prepare returns a statement; it is sent when it is run.
func (c *Conn) Prepare(query string) (driver.Stmt, error) {
	conn, err := d1.Connector(c.binding).Connect(context.Background())
	if err != nil {
		return nil, err
	}
	s, err := conn.Prepare(query)
	return stmt{s}, err
}

// PrepareContext is Prepare.
func (c *Conn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return c.Prepare(query)
}

// Close does nothing.
func (c *Conn) Close() error { return nil }

// Begin fails: D1 has no interactive transactions.
func (c *Conn) Begin() (driver.Tx, error) {
	return nil, errors.New("d1: Begin is deprecated and not implemented")
}

// BeginTx fails: D1 has no interactive transactions.
func (c *Conn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return nil, errors.New("d1: transaction is not currently supported")
}

// stmt is a statement of the SDK's driver that runs in the event of the goroutine.
type stmt struct{ driver.Stmt }

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (result driver.Result, err error) {
	err = within(ctx, func(ctx context.Context) (err error) {
		result, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, parameters(args))
		return err
	})
	return result, err
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = within(ctx, func(ctx context.Context) (err error) {
		rows, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, parameters(args))
		return err
	})
	return rows, err
}

// parameters are as the other library has them: names count for nothing, and a nil []byte is an empty blob.
func parameters(args []driver.NamedValue) []driver.NamedValue {
	for i := range args {
		args[i].Name = ""
		if b, ok := args[i].Value.([]byte); ok && b == nil {
			args[i].Value = []byte{}
		}
	}
	return args
}

func within(ctx context.Context, f func(ctx context.Context) error) error {
	ctx, err := ambient.Within(ctx)
	if err != nil {
		return err
	}
	return ambient.Rejected(f(ctx))
}
