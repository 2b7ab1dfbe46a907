package sqlite

import (
	"fmt"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Error is a failure that SQLite reported.
type Error struct {
	Code    int // extended result code
	Offset  int // where in the statement, in bytes; -1 when unknown
	Message string
}

// Primary returns the primary result code.
func (e *Error) Primary() int { return e.Code & 0xff }

// Error formats the failure as workerd does (util/sqlite.c++): message, offset, code and, where it says more, the
// extended code.
func (e *Error) Error() string {
	s := e.Message
	if e.Offset >= 0 {
		s += fmt.Sprintf(" at offset %d", e.Offset)
	}
	s += ": " + codeName(e.Primary())
	if e.Code != e.Primary() {
		s += " (extended: " + codeName(e.Code) + ")"
	}
	return s
}

func (c *Conn) failure(res int32) *Error {
	e := &Error{Code: int(res), Offset: -1, Message: "out of memory"}
	if c.db != 0 {
		e.Offset = int(lib.Xsqlite3_error_offset(c.tls, c.db))
		e.Message = libc.GoString(lib.Xsqlite3_errmsg(c.tls, c.db))
	}
	return e
}

func codeName(code int) string {
	if n, ok := codeNames[code]; ok {
		return n
	}
	return fmt.Sprintf("SQLITE_UNKNOWN(%d)", code)
}

// Primary result codes that callers decide on.
const (
	Busy      = lib.SQLITE_BUSY
	NoMem     = lib.SQLITE_NOMEM
	Interrupt = lib.SQLITE_INTERRUPT
	IOErr     = lib.SQLITE_IOERR
	Corrupt   = lib.SQLITE_CORRUPT
	Full      = lib.SQLITE_FULL
	CantOpen  = lib.SQLITE_CANTOPEN
	NotADB    = lib.SQLITE_NOTADB
	ReadOnly  = lib.SQLITE_READONLY
)

// Limits for SetLimit.
const (
	LimitLength        = lib.SQLITE_LIMIT_LENGTH
	LimitSQLLength     = lib.SQLITE_LIMIT_SQL_LENGTH
	LimitColumn        = lib.SQLITE_LIMIT_COLUMN
	LimitExprDepth     = lib.SQLITE_LIMIT_EXPR_DEPTH
	LimitCompound      = lib.SQLITE_LIMIT_COMPOUND_SELECT
	LimitVDBEOp        = lib.SQLITE_LIMIT_VDBE_OP
	LimitFunctionArg   = lib.SQLITE_LIMIT_FUNCTION_ARG
	LimitAttached      = lib.SQLITE_LIMIT_ATTACHED
	LimitLikePattern   = lib.SQLITE_LIMIT_LIKE_PATTERN_LENGTH
	LimitVariables     = lib.SQLITE_LIMIT_VARIABLE_NUMBER
	LimitTriggerDepth  = lib.SQLITE_LIMIT_TRIGGER_DEPTH
	LimitWorkerThreads = lib.SQLITE_LIMIT_WORKER_THREADS
)
