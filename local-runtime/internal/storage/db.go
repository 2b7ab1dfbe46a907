// Package storage is what one Durable Object, or one D1 database, keeps on disk: a SQLite file, with the SQL surface,
// the error texts and the transactions of workerd. One DB belongs to one object and one goroutine at a time.
//
// The invariant: everything an object writes in one turn is one transaction, which the host commits at the end of the
// turn; whatever Commit has returned for survives the end of the process, however it ends.
//
// Start with Open, DB.Exec and DB.Commit; OpenD1 for D1.
package storage

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// DB is the storage of one object.
type DB struct {
	path    string
	conn    *sqlite.Conn                // nil when there is no file yet, and while idle
	live    atomic.Pointer[sqlite.Conn] // conn, for Interrupt
	stored  bool                        // the file exists
	stmts   *statements                 // of the object's SQL
	own     *statements                 // of this package's: apart, since the object may not run them by writing the same text
	auth    guard
	cursors map[uint64]*cursor
	lastID  uint64 // of a cursor
	deleted uint64 // cursors up to this one died in DeleteAll

	inTx       bool // BEGIN has run
	dirty      bool // the open transaction has written
	quiet      bool // what is written now needs no confirmation
	loud       bool // the open transaction has written something that needs it
	savepoints []bool
	hasKV      bool // _cf_KV is known to exist
	hasMeta    bool
	version    int  // of the schema, for counting
	logged     bool // the file has a write-ahead log

	name      string
	nameKnown bool
	nameSaved bool
	broken    error
	faults    Faults // of a test
	simulated func(*sqlite.Conn)
	snapshot  string // folder that Close removes
	past      past
}

// Open returns the storage in the file at path, which is created by the first write. An empty path means memory. A file
// that is no SQLite database is an error that names it; the file is left as it is. A restore or a DeleteAll that was asked for before, and not
// done, is done now.
func Open(path string) (*DB, error) { return OpenAt(path, time.Now) }

// OpenAt is Open with the clock that bookmarks go by.
func OpenAt(path string, now func() time.Time) (*DB, error) {
	d := &DB{path: path, cursors: map[uint64]*cursor{}, past: past{now: now}}
	if path != "" {
		if err := d.finishIntents(); err != nil {
			return nil, err
		}
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			return d, nil
		}
		if err != nil {
			return nil, unusable(path, err)
		}
		if err := checkSize(path, info.Size()); err != nil {
			return nil, err
		}
	}
	if err := d.connect(); err != nil {
		return nil, err
	}
	d.stored = path != ""
	return d, nil
}

// connect opens the file unless it is open.
func (d *DB) connect() error {
	if d.broken != nil {
		return d.broken
	}
	if d.conn != nil {
		return nil
	}
	conn, err := openFile(d.path)
	if err != nil {
		return err
	}
	if d.path != "" {
		conn.OnCommit(d.committed)
		if hasContents(d.path + "-wal") {
			d.recoverPast()
		}
	}
	if d.simulated != nil {
		d.simulated(conn)
	}
	d.conn = conn
	d.live.Store(conn)
	d.stmts, d.own = newStatements(conn, statementCacheSize), newStatements(conn, statementCacheSize)
	d.auth = guard{}
	conn.Authorize(d.auth.decide)
	return nil
}

func openFile(path string) (*sqlite.Conn, error) {
	name := path
	if path == "" {
		name = ":memory:"
	} else if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, unusable(path, err)
	}
	conn, err := sqlite.Open(name)
	if err != nil {
		return nil, unusable(path, err)
	}
	if err := configure(conn); err != nil {
		conn.Close()
		return nil, unusable(path, err)
	}
	return conn, nil
}

// configure sets what workerd sets (util/sqlite.c++, setupSecurity), and reads the header and the schema, which finds a
// file that is damaged there or cut off. NORMAL syncs at checkpoints only: with a write-ahead log a process that dies
// loses nothing it committed, since the log is in the operating system's hands; a power cut may lose the last commits,
// never the file. The lock is exclusive, since one process owns the file, which saves the index in shared memory.
func configure(conn *sqlite.Conn) error {
	conn.SetBusyTimeout(500) // a process that was just killed may take a moment to let go
	if err := conn.SetDefensive(); err != nil {
		return err
	}
	conn.KeepModules("fts5", "fts5vocab", "rtree", "rtree_i32", "json_each", "json_tree")
	for id, value := range limits {
		conn.SetLimit(id, value)
	}
	for _, q := range []string{"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA foreign_keys=ON", "PRAGMA synchronous=NORMAL", "PRAGMA cache_size=-1024"} {
		if err := conn.Run(q); err != nil {
			return err
		}
	}
	_, err := conn.Int("SELECT count(*) FROM sqlite_schema")
	return err
}

// limits are workerd's (util/sqlite.c++, setupSecurity); the length as measured on workerd 2026-11-17: 8 MiB and 34 bytes.
var limits = map[int]int{
	sqlite.LimitLength:        8<<20 + 34,
	sqlite.LimitSQLLength:     100_000,
	sqlite.LimitColumn:        100,
	sqlite.LimitExprDepth:     100,
	sqlite.LimitCompound:      5,
	sqlite.LimitVDBEOp:        25_000,
	sqlite.LimitFunctionArg:   127,
	sqlite.LimitAttached:      0,
	sqlite.LimitLikePattern:   50,
	sqlite.LimitVariables:     100,
	sqlite.LimitTriggerDepth:  10,
	sqlite.LimitWorkerThreads: 0,
}

// Close ends the storage. What has not been committed is rolled back.
func (d *DB) Close() error {
	if d.snapshot != "" {
		defer os.RemoveAll(d.snapshot)
	}
	if d.conn == nil {
		return nil
	}
	d.closeCursors()
	d.stmts.close()
	d.own.close()
	if d.inTx && !d.conn.Autocommit() {
		d.conn.Run("ROLLBACK")
	}
	d.live.Store(nil)
	d.archive()
	d.past.close()
	err := d.conn.Close()
	d.conn, d.inTx, d.dirty, d.savepoints = nil, false, false, nil
	d.forget()
	if err != nil {
		return unusable(d.path, err)
	}
	if info, err := os.Stat(d.path); d.path != "" && err == nil && info.Size() == 0 {
		os.Remove(d.path) // opened by a query, never written
	}
	return nil
}

// Idle closes the file until it is needed again, when nothing is in the way: an open transaction, a cursor, a PRAGMA that
// the object has set. An open file costs about 150 KB of memory, a closed one nothing; opening it takes about 0.3 ms.
func (d *DB) Idle() {
	if d.path != "" && d.conn != nil && d.broken == nil && !d.inTx && len(d.cursors) == 0 && !d.auth.pinned {
		d.Close()
	}
}

// Interrupt makes a running statement fail soon. Any goroutine may call it.
func (d *DB) Interrupt() {
	if c := d.live.Load(); c != nil {
		c.Interrupt()
	}
}

// Size returns the bytes in use, as databaseSize does.
func (d *DB) Size() (float64, error) {
	if err := d.connect(); err != nil {
		return 0, asError(err)
	}
	var n [3]int64
	for i, q := range []string{"PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size"} {
		err := d.query(q, func(s *stmt) error { n[i] = s.Int64(0); return nil })
		if err != nil {
			return 0, err
		}
	}
	return float64(max(n[0]-n[1], 1) * n[2]), nil // an empty file counts as the one page that it will have
}

// query runs a statement of the host's own.
func (d *DB) query(text string, row func(*stmt) error, args ...any) error {
	restricted := d.auth.restricted
	d.auth.restrict(false)
	defer d.auth.restrict(restricted)
	return d.fail(d.own.each(text, row, args...))
}
