package sqlite

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// OnCommit has f called after each transaction that went to a write-ahead log, with the number of frames in the log. It ends the automatic
// checkpoints: who calls it calls Checkpoint.
func (c *Conn) OnCommit(f func(frames int)) {
	c.commit = f
	lib.Xsqlite3_wal_hook(c.tls, c.db, funcPointer(committed), c.db)
}

func committed(_ *libc.TLS, db, _, _ uintptr, frames int32) int32 {
	if found, ok := conns.Load(db); ok {
		found.(*Conn).commit(int(frames))
	}
	return lib.SQLITE_OK
}

// Checkpoint copies what it can of the write-ahead log into the database. What a reader needs stays in the log.
func (c *Conn) Checkpoint() error {
	res := lib.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, lib.SQLITE_CHECKPOINT_PASSIVE, 0, 0)
	if res != lib.SQLITE_OK && res&0xff != lib.SQLITE_BUSY && res&0xff != lib.SQLITE_LOCKED {
		return c.failure(res)
	}
	return nil
}
