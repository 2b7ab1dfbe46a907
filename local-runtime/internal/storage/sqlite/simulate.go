package sqlite

import (
	"sync"
	"time"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Simulate makes what SQL calls now, and with random also what it calls random, those of a host that is not the machine's. random may be nil.
func (c *Conn) Simulate(now func() time.Time, random func([]byte)) {
	if c.now = now; c.vfs == 0 {
		c.replaceVFS()
	}
	if c.random = random; random == nil {
		return
	}
	const flags = lib.SQLITE_UTF8 | lib.SQLITE_INNOCUOUS
	for name, f := range map[string]struct {
		args int32
		call func(*libc.TLS, uintptr, int32, uintptr)
	}{"random": {0, randomInteger}, "randomblob": {1, randomBlob}} {
		text, err := libc.CString(name)
		if err != nil {
			return
		}
		lib.Xsqlite3_create_function_v2(c.tls, c.db, text, f.args, flags, c.db, funcPointer(f.call), 0, 0, 0)
		libc.Xfree(c.tls, text)
	}
}

// at returns the value of C that p points to.
func at[T any](p uintptr) *T {
	return (*T)(unsafe.Pointer(&libc.GoBytes(p, int(unsafe.Sizeof(*new(T))))[0]))
}

var clocks sync.Map // sqlite3_vfs* → *Conn

// replaceVFS gives the connection a VFS of its own, a copy that tells another time. Its files keep theirs.
func (c *Conn) replaceVFS() {
	db := at[lib.Tsqlite3](c.db)
	c.vfs, c.originalVFS = libc.Xmalloc(c.tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{}))), db.FpVfs
	vfs := at[lib.Tsqlite3_vfs](c.vfs)
	*vfs = *at[lib.Tsqlite3_vfs](db.FpVfs)
	vfs.FxCurrentTimeInt64 = funcPointer(currentTime)
	clocks.Store(c.vfs, c)
	db.FpVfs = c.vfs
}

// restoreVFS is called before the connection is closed.
func (c *Conn) restoreVFS() {
	if c.vfs == 0 {
		return
	}
	at[lib.Tsqlite3](c.db).FpVfs = c.originalVFS
	clocks.Delete(c.vfs)
	libc.Xfree(c.tls, c.vfs)
	c.vfs = 0
}

// julian is 1970 in milliseconds of the Julian day, which is what SQLite counts.
const julian = 210_866_760_000_000

func currentTime(_ *libc.TLS, vfs, result uintptr) int32 {
	c, ok := clocks.Load(vfs)
	if !ok {
		return lib.SQLITE_ERROR
	}
	*at[int64](result) = c.(*Conn).now().UnixMilli() + julian
	return lib.SQLITE_OK
}

func randomInteger(tls *libc.TLS, ctx uintptr, _ int32, _ uintptr) {
	var n int64
	fill(tls, ctx, unsafe.Slice((*byte)(unsafe.Pointer(&n)), 8))
	if n < 0 { // abs(random()) must not overflow, as SQLite sees to itself
		n = -(n & (1<<63 - 1))
	}
	lib.Xsqlite3_result_int64(tls, ctx, n)
}

func randomBlob(tls *libc.TLS, ctx uintptr, _ int32, args uintptr) {
	n := max(lib.Xsqlite3_value_int64(tls, *at[uintptr](args)), 1)
	if n > 8<<20 {
		lib.Xsqlite3_result_error_toobig(tls, ctx)
		return
	}
	blob := libc.Xmalloc(tls, libc.Tsize_t(n))
	defer libc.Xfree(tls, blob)
	fill(tls, ctx, libc.GoBytes(blob, int(n)))
	lib.Xsqlite3_result_blob(tls, ctx, blob, int32(n), ^uintptr(0)) // SQLITE_TRANSIENT: copied
}

func fill(tls *libc.TLS, ctx uintptr, p []byte) {
	if found, ok := conns.Load(lib.Xsqlite3_context_db_handle(tls, ctx)); ok {
		found.(*Conn).random(p)
	}
}
