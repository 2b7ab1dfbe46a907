package host

import (
	"encoding/base64"

	"grove.place/lattice/local-runtime/internal/storage"
)

// KVStore is where a KV namespace keeps its entries: a file here, or elsewhere. Times are seconds since the epoch. Its methods are called on any goroutine.
type KVStore interface {
	Get(key string, now int64) (*storage.KVEntry, error) // nil: there is none
	Put(e storage.KVEntry, now int64) error
	Delete(key string) error
	// List returns up to limit entries without values after a cursor, which is one that it returned or "", and the cursor of what follows, or "".
	List(prefix, cursor string, limit int, now int64) (list []storage.KVEntry, next string, err error)
}

// D1Store is what runs the statements of a D1 database: a file here, or elsewhere. Its methods are called on any goroutine.
type D1Store interface {
	Run(mode byte, statements []storage.Statement) ([]storage.Result, error)
	Bookmark() (string, error)
}

// fileKV is a namespace in a file, whose cursor is the last key.
type fileKV struct{ *storage.KV }

// List implements KVStore.
func (k fileKV) List(prefix, cursor string, limit int, now int64) (list []storage.KVEntry, next string, err error) {
	after, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return nil, "", kvRefuse(400, "Invalid cursor: it is not one of a list before.")
	}
	list, more, err := k.KV.List(prefix, string(after), limit, now)
	if more {
		next = base64.StdEncoding.EncodeToString([]byte(list[len(list)-1].Key))
	}
	return list, next, err
}

// namespaceKV is the namespace of a binding, or nil.
func (h *Host) namespaceKV(binding string) KVStore {
	name, bound := h.cfg.KV[binding]
	if remote := h.cfg.RemoteKV[binding]; bound && remote != nil {
		return remote
	}
	if k := h.kv[name]; k != nil {
		return k
	}
	return nil
}
