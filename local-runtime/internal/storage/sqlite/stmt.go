package sqlite

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement.
type Stmt struct {
	c   *Conn
	ptr uintptr
}

// Prepare compiles the first statement of query and returns how many bytes it took. The Stmt is nil when they hold no
// statement. The error is an *Error, or what the authorizer answered.
func (c *Conn) Prepare(query string) (s *Stmt, used int, err error) {
	text := libc.Xmalloc(c.tls, libc.Tsize_t(len(query)+1))
	if text == 0 {
		return nil, 0, &Error{Code: NoMem, Offset: -1, Message: "out of memory"}
	}
	defer libc.Xfree(c.tls, text)
	copy(libc.GoBytes(text, len(query)), query)
	c.denied = nil
	res := lib.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(query)), 0, c.scratch, c.scratch+uintptr(ptrSize))
	if res != lib.SQLITE_OK {
		if c.denied != nil && res == lib.SQLITE_AUTH { // otherwise a syntax error came after it
			return nil, 0, c.denied
		}
		return nil, 0, c.failure(res)
	}
	used = min(int(c.pointer(1)-text), len(query))
	if ptr := c.pointer(0); ptr != 0 {
		s = &Stmt{c: c, ptr: ptr}
	}
	return s, used, nil
}

// Finalize frees the statement.
func (s *Stmt) Finalize() {
	if s.ptr != 0 {
		lib.Xsqlite3_finalize(s.c.tls, s.ptr)
		s.ptr = 0
	}
}

// ReadOnly reports whether the statement changes nothing in the database file.
func (s *Stmt) ReadOnly() bool { return lib.Xsqlite3_stmt_readonly(s.c.tls, s.ptr) != 0 }

// Params returns the largest number of a parameter.
func (s *Stmt) Params() int { return int(lib.Xsqlite3_bind_parameter_count(s.c.tls, s.ptr)) }

// ScanSteps returns how often the statement moved on in a full table scan, and starts counting anew.
func (s *Stmt) ScanSteps() int {
	return int(lib.Xsqlite3_stmt_status(s.c.tls, s.ptr, lib.SQLITE_STMTSTATUS_FULLSCAN_STEP, 1))
}

// Sorts returns how often the statement sorted, and starts counting anew.
func (s *Stmt) Sorts() int {
	return int(lib.Xsqlite3_stmt_status(s.c.tls, s.ptr, lib.SQLITE_STMTSTATUS_SORT, 1))
}

// Reset makes the statement ready to run again, without its bindings.
func (s *Stmt) Reset() {
	lib.Xsqlite3_reset(s.c.tls, s.ptr)
	lib.Xsqlite3_clear_bindings(s.c.tls, s.ptr)
}

// Step runs the statement to its next row, and reports whether there is one. After an error it has been reset.
func (s *Stmt) Step() (bool, error) {
	switch res := lib.Xsqlite3_step(s.c.tls, s.ptr); res {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		err := s.c.failure(res)
		lib.Xsqlite3_reset(s.c.tls, s.ptr)
		return false, err
	}
}

// BindNull binds NULL to parameter i, counted from 1.
func (s *Stmt) BindNull(i int) error {
	return s.bound(lib.Xsqlite3_bind_null(s.c.tls, s.ptr, int32(i)))
}

// BindInt binds an INTEGER.
func (s *Stmt) BindInt(i int, v int64) error {
	return s.bound(lib.Xsqlite3_bind_int64(s.c.tls, s.ptr, int32(i), lib.Tsqlite_int64(v)))
}

// BindFloat binds a REAL, or NULL for NaN.
func (s *Stmt) BindFloat(i int, v float64) error {
	return s.bound(lib.Xsqlite3_bind_double(s.c.tls, s.ptr, int32(i), v))
}

// BindText binds a TEXT.
func (s *Stmt) BindText(i int, v string) error {
	p := libc.Xmalloc(s.c.tls, libc.Tsize_t(len(v)+1))
	if p == 0 {
		return s.bound(NoMem)
	}
	copy(libc.GoBytes(p, len(v)), v)
	return s.bound(lib.Xsqlite3_bind_text(s.c.tls, s.ptr, int32(i), p, int32(len(v)), free))
}

// BindBlob binds a BLOB.
func (s *Stmt) BindBlob(i int, v []byte) error {
	p := libc.Xmalloc(s.c.tls, libc.Tsize_t(len(v)+1))
	if p == 0 {
		return s.bound(NoMem)
	}
	copy(libc.GoBytes(p, len(v)), v)
	return s.bound(lib.Xsqlite3_bind_blob(s.c.tls, s.ptr, int32(i), p, int32(len(v)), free))
}

var free = funcPointer(libc.Xfree)

func (s *Stmt) bound(res int32) error {
	if res == lib.SQLITE_OK {
		return nil
	}
	return s.c.failure(res)
}

// Columns returns the names of the result columns. They can change when the statement runs again.
func (s *Stmt) Columns() []string {
	names := make([]string, lib.Xsqlite3_column_count(s.c.tls, s.ptr))
	for i := range names {
		names[i] = libc.GoString(lib.Xsqlite3_column_name(s.c.tls, s.ptr, int32(i)))
	}
	return names
}

// Storage classes of a column.
const (
	Integer = lib.SQLITE_INTEGER
	Float   = lib.SQLITE_FLOAT
	Text    = lib.SQLITE_TEXT
	Blob    = lib.SQLITE_BLOB
	Null    = lib.SQLITE_NULL
)

// Type returns the storage class of column i, counted from 0, in the current row.
func (s *Stmt) Type(i int) int { return int(lib.Xsqlite3_column_type(s.c.tls, s.ptr, int32(i))) }

// Int64 returns column i as an integer.
func (s *Stmt) Int64(i int) int64 {
	return int64(lib.Xsqlite3_column_int64(s.c.tls, s.ptr, int32(i)))
}

// Float64 returns column i as a float.
func (s *Stmt) Float64(i int) float64 {
	return lib.Xsqlite3_column_double(s.c.tls, s.ptr, int32(i))
}

// Text returns column i as a string.
func (s *Stmt) Text(i int) string {
	p := lib.Xsqlite3_column_text(s.c.tls, s.ptr, int32(i))
	return string(s.bytes(p, i))
}

// Bytes returns a copy of column i, never nil.
func (s *Stmt) Bytes(i int) []byte {
	p := lib.Xsqlite3_column_blob(s.c.tls, s.ptr, int32(i))
	return append([]byte{}, s.bytes(p, i)...)
}

func (s *Stmt) bytes(p uintptr, i int) []byte {
	if p == 0 {
		return nil
	}
	return libc.GoBytes(p, int(lib.Xsqlite3_column_bytes(s.c.tls, s.ptr, int32(i))))
}
