// Package sqlite is a thin layer over SQLite as modernc.org/sqlite/lib translates it to Go. It keeps the shape of
// SQLite's own interface (connections, statements, the authorizer, limits, interrupt, error offsets) because the
// storage of objects has to reproduce how workerd uses that interface. No other package imports the library.
//
// Start with Open, Conn.Prepare and Stmt.Step. docs/decisions/0003-sqlite-library.md has the reasons.
package sqlite

import (
	"fmt"
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Version is the version of SQLite.
const Version = lib.SQLITE_VERSION

// Conn is a connection to one database. It serves one goroutine at a time, except for Interrupt.
type Conn struct {
	tls     *libc.TLS
	db      uintptr
	scratch uintptr // room for the two pointers that Prepare gets back
	auth    Authorizer
	denied  error // what the authorizer said about the statement being prepared

	now              func() time.Time // of Simulate
	random           func([]byte)
	vfs, originalVFS uintptr
	commit           func(frames int)

	mu sync.Mutex // guards db against Interrupt after Close
}

var conns sync.Map // sqlite3* → *Conn, for the authorizer callback

// Open opens the database at path, creating an empty file when there is none; ":memory:" is a database of its own.
func Open(path string) (*Conn, error) {
	tls := libc.NewTLS()
	name, err := libc.CString(path)
	if err != nil {
		tls.Close()
		return nil, err
	}
	defer libc.Xfree(tls, name)
	c := &Conn{tls: tls, scratch: libc.Xmalloc(tls, libc.Tsize_t(2*ptrSize))}
	flags := int32(lib.SQLITE_OPEN_READWRITE | lib.SQLITE_OPEN_CREATE | lib.SQLITE_OPEN_NOMUTEX)
	res := lib.Xsqlite3_open_v2(tls, name, c.scratch, flags, 0)
	c.db = c.pointer(0)
	if res != lib.SQLITE_OK {
		err := c.failure(res)
		c.Close()
		return nil, err
	}
	lib.Xsqlite3_extended_result_codes(tls, c.db, 1)
	conns.Store(c.db, c)
	return c, nil
}

// Close closes the connection. All statements must have been finalized.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tls == nil {
		return nil
	}
	var err error
	if c.db != 0 {
		conns.Delete(c.db)
		c.restoreVFS()
		if res := lib.Xsqlite3_close_v2(c.tls, c.db); res != lib.SQLITE_OK {
			err = &Error{Code: int(res), Offset: -1, Message: "cannot close database"}
		}
	}
	libc.Xfree(c.tls, c.scratch)
	c.tls.Close()
	c.tls, c.db = nil, 0
	return err
}

// Interrupt makes the running statement fail with SQLITE_INTERRUPT soon. Any goroutine may call it.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db == 0 {
		return
	}
	tls := libc.NewTLS()
	defer tls.Close()
	lib.Xsqlite3_interrupt(tls, c.db)
}

// SetLimit sets one of SQLite's run-time limits.
func (c *Conn) SetLimit(id, value int) { lib.Xsqlite3_limit(c.tls, c.db, int32(id), int32(value)) }

// SetBusyTimeout makes the connection wait up to ms milliseconds for another connection's lock.
func (c *Conn) SetBusyTimeout(ms int) { lib.Xsqlite3_busy_timeout(c.tls, c.db, int32(ms)) }

// SetDefensive forbids SQL that could damage the database file.
func (c *Conn) SetDefensive() error {
	args := libc.NewVaList(int32(1), uintptr(0))
	defer libc.Xfree(c.tls, args)
	if res := lib.Xsqlite3_db_config(c.tls, c.db, lib.SQLITE_DBCONFIG_DEFENSIVE, args); res != lib.SQLITE_OK {
		return c.failure(res)
	}
	return nil
}

// KeepModules removes the virtual table modules that are not named.
func (c *Conn) KeepModules(names ...string) {
	list := libc.Xmalloc(c.tls, libc.Tsize_t((len(names)+1)*ptrSize))
	defer libc.Xfree(c.tls, list)
	slots := libc.GoBytes(list, (len(names)+1)*ptrSize)
	clear(slots)
	for i, name := range names {
		p, err := libc.CString(name)
		if err != nil {
			return
		}
		defer libc.Xfree(c.tls, p)
		*(*uintptr)(unsafe.Pointer(&slots[i*ptrSize])) = p
	}
	lib.Xsqlite3_drop_modules(c.tls, c.db, list)
}

// Autocommit reports whether no transaction is open.
func (c *Conn) Autocommit() bool { return lib.Xsqlite3_get_autocommit(c.tls, c.db) != 0 }

// Changes returns how many rows the last INSERT, UPDATE or DELETE changed, without triggers and cascades.
func (c *Conn) Changes() int { return int(lib.Xsqlite3_changes(c.tls, c.db)) }

// TotalChanges returns how many rows the connection has changed, with triggers and cascades.
func (c *Conn) TotalChanges() int { return int(lib.Xsqlite3_total_changes(c.tls, c.db)) }

// LastInsertRowID returns the rowid of the last row inserted.
func (c *Conn) LastInsertRowID() int64 { return int64(lib.Xsqlite3_last_insert_rowid(c.tls, c.db)) }

// Run prepares and runs one statement of the host's own, and drops its rows.
func (c *Conn) Run(query string) error {
	s, _, err := c.Prepare(query)
	if err != nil {
		return err
	}
	defer s.Finalize()
	for {
		if more, err := s.Step(); err != nil || !more {
			return err
		}
	}
}

// Int runs one statement of the host's own, and returns the first column of its first row.
func (c *Conn) Int(query string) (int64, error) {
	s, _, err := c.Prepare(query)
	if err != nil {
		return 0, err
	}
	defer s.Finalize()
	more, err := s.Step()
	if err != nil {
		return 0, err
	}
	if !more {
		return 0, fmt.Errorf("%s: no row", query)
	}
	return s.Int64(0), nil
}

const ptrSize = int(unsafe.Sizeof(uintptr(0)))

func (c *Conn) pointer(i int) uintptr {
	return *(*uintptr)(unsafe.Pointer(&libc.GoBytes(c.scratch, 2*ptrSize)[i*ptrSize]))
}

// funcPointer turns a Go function into what the library takes for a pointer to a C function: a pointer to the
// closure, which for a top-level function lies in read-only data.
func funcPointer[F any](f F) uintptr {
	return *(*uintptr)(unsafe.Pointer(&struct{ f F }{f}))
}
