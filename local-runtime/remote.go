package local

import (
	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/storage"
)

// KVStore is where a KV namespace keeps its entries, when that is not the folder of the host.
type KVStore = host.KVStore

// KVEntry is a value of KV with what goes with it.
type KVEntry = storage.KVEntry

// D1Store is what runs the statements of a D1 database, when that is not the folder of the host.
type D1Store = host.D1Store

// D1Statement is one with what is bound to it.
type D1Statement = storage.Statement

// D1Result is what a statement answers.
type D1Result = storage.Result

// AsObjects gives the rows of a result the columns that JavaScript objects have: each name once.
func AsObjects(r D1Result) D1Result { return storage.Keyed(r) }
