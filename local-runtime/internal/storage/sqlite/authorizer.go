package sqlite

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Action is something a statement wants to do, as sqlite3_set_authorizer describes it.
type Action struct {
	Op            int
	Arg1, Arg2    string
	HasArg2       bool
	Database      string
	Trigger       string
	HasDB, InView bool
}

// An Authorizer decides whether an Action is allowed. An error other than ErrDenied replaces SQLite's own message.
type Authorizer func(Action) error

// ErrDenied refuses an Action with SQLite's own message.
var ErrDenied = &Error{Code: lib.SQLITE_AUTH, Offset: -1, Message: "not authorized"}

// Kinds of Action.
const (
	OpCreateIndex       = lib.SQLITE_CREATE_INDEX
	OpCreateTable       = lib.SQLITE_CREATE_TABLE
	OpCreateTempIndex   = lib.SQLITE_CREATE_TEMP_INDEX
	OpCreateTempTable   = lib.SQLITE_CREATE_TEMP_TABLE
	OpCreateTempTrigger = lib.SQLITE_CREATE_TEMP_TRIGGER
	OpCreateTempView    = lib.SQLITE_CREATE_TEMP_VIEW
	OpCreateTrigger     = lib.SQLITE_CREATE_TRIGGER
	OpCreateView        = lib.SQLITE_CREATE_VIEW
	OpDelete            = lib.SQLITE_DELETE
	OpDropIndex         = lib.SQLITE_DROP_INDEX
	OpDropTable         = lib.SQLITE_DROP_TABLE
	OpDropTrigger       = lib.SQLITE_DROP_TRIGGER
	OpDropView          = lib.SQLITE_DROP_VIEW
	OpInsert            = lib.SQLITE_INSERT
	OpPragma            = lib.SQLITE_PRAGMA
	OpRead              = lib.SQLITE_READ
	OpSelect            = lib.SQLITE_SELECT
	OpTransaction       = lib.SQLITE_TRANSACTION
	OpUpdate            = lib.SQLITE_UPDATE
	OpAttach            = lib.SQLITE_ATTACH
	OpDetach            = lib.SQLITE_DETACH
	OpAlterTable        = lib.SQLITE_ALTER_TABLE
	OpReindex           = lib.SQLITE_REINDEX
	OpAnalyze           = lib.SQLITE_ANALYZE
	OpCreateVTable      = lib.SQLITE_CREATE_VTABLE
	OpDropVTable        = lib.SQLITE_DROP_VTABLE
	OpFunction          = lib.SQLITE_FUNCTION
	OpSavepoint         = lib.SQLITE_SAVEPOINT
	OpRecursive         = lib.SQLITE_RECURSIVE
)

// Authorize has f decide about every statement prepared from now on; nil allows everything.
func (c *Conn) Authorize(f Authorizer) {
	if (f == nil) != (c.auth == nil) {
		callback := uintptr(0)
		if f != nil {
			callback = funcPointer(authorize)
		}
		lib.Xsqlite3_set_authorizer(c.tls, c.db, callback, c.db)
	}
	c.auth = f
}

func authorize(_ *libc.TLS, db uintptr, op int32, arg1, arg2, database, trigger uintptr) int32 {
	found, ok := conns.Load(db)
	if !ok {
		return lib.SQLITE_DENY
	}
	c := found.(*Conn)
	err := c.auth(Action{
		Op: int(op), Arg1: libc.GoString(arg1), Arg2: libc.GoString(arg2), HasArg2: arg2 != 0,
		Database: libc.GoString(database), HasDB: database != 0,
		Trigger: libc.GoString(trigger), InView: trigger != 0,
	})
	if err == nil {
		return lib.SQLITE_OK
	}
	if err != error(ErrDenied) {
		c.denied = err
	}
	return lib.SQLITE_DENY
}
