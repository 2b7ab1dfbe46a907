package storage

import (
	"os"
	"path/filepath"
	"sync"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// index is a database of the host's own, behind a binding that is not SQL: the messages of a queue, the objects of a bucket. Every
// change is durable when it returns.
type index struct {
	mu         sync.Mutex
	conn       *sqlite.Conn
	statements *statements
	closed     bool
}

// openIndex opens the database at path and makes its tables. schema is statements separated by ";\n", each of which may be run again.
func openIndex(path string, schema ...string) (*index, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil {
		if err := checkSize(path, info.Size()); err != nil {
			return nil, err
		}
	}
	conn, err := sqlite.Open(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	x := &index{conn: conn, statements: newStatements(conn, statementCacheSize)}
	for _, statement := range append([]string{"PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"}, schema...) {
		if err := x.statements.each(statement, nil); err != nil {
			x.close()
			return nil, unusable(path, err)
		}
	}
	return x, nil
}

var errIndexClosed = abi.Errorf("the storage was closed: its host is shutting down")

// do runs f in a transaction: all of it or, when it fails, nothing.
func (x *index) do(f func(s *statements) error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return errIndexClosed
	}
	if err := x.statements.each("BEGIN IMMEDIATE", nil); err != nil {
		return err
	}
	err := f(x.statements)
	if err == nil {
		err = x.statements.each("COMMIT", nil)
	}
	if err != nil && !x.conn.Autocommit() {
		_ = x.statements.each("ROLLBACK", nil)
	}
	return err
}

func (x *index) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	x.statements.close()
	return x.conn.Close()
}

func encoded(v abi.Value) []byte {
	var w abi.Writer
	w.Value(v)
	return w.Bytes()
}

func decoded(b []byte) (abi.Value, error) {
	r := abi.NewReader(b)
	v := r.Value()
	return v, r.End()
}
