package local

import (
	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/storage"
)

// KVStore is where a KV namespace keeps its entries, when that is not the folder of the host. Its methods are called on any goroutine; now is in seconds since 1970:
//
//	Get(key string, now int64) (*KVEntry, error) // nil: there is none
//	Put(e KVEntry, now int64) error
//	Delete(key string) error                     // one that is not there is no error
//	List(prefix, cursor string, limit int, now int64) (list []KVEntry, next string, err error)
//
// List returns up to limit entries without their values, from a cursor that it has returned before, or from the first for "", and the cursor of what follows, or "".
type KVStore = host.KVStore

// KVEntry is a value of KV with what goes with it:
//
//	Key        string
//	Value      []byte // not in lists
//	Expiration int64  // seconds since 1970; 0: never
//	Metadata   string // JSON; empty: none
type KVEntry = storage.KVEntry

// D1Store is what runs the statements of a D1 database, when that is not the folder of the host. Run answers statements, in the mode in which D1's client asks; Bookmark says
// where the database is. Both are called on any goroutine.
type D1Store = host.D1Store

// D1Statement is a statement, SQL, with what is bound to it, Args.
type D1Statement = storage.Statement

// D1Result is what a statement answers: Columns, Rows and Meta, what D1 measured.
type D1Result = storage.Result

// AsObjects gives the rows of a result the columns that JavaScript objects have: each name once.
func AsObjects(r D1Result) D1Result { return storage.Keyed(r) }
