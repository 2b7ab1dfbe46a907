package host

import (
	"encoding/base64"
	"io"

	"grove.place/lattice/internal/abi"
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

// R2Store is where a bucket keeps its objects: a folder here, or elsewhere. Its methods are called on any goroutine.
type R2Store interface {
	Head(key string) (*storage.Stored, error) // nil: there is none
	// Get returns an object with the part of its content that choose takes; choose may decline. With a secret it is encrypted with that.
	Get(key string, secret []byte, choose func(o *storage.Stored) (offset, length int64, take bool, err error)) (*storage.Stored, io.ReadCloser, error)
	Put(key string, content io.Reader, o storage.PutOptions) (*storage.Stored, error) // nil: a condition does not hold
	Delete(keys []string) error
	// List returns a page after a cursor, which is one that it returned or "", and the cursor of what follows, or "".
	List(o storage.ListOptions, cursor string) (l storage.Listing, next string, err error)

	CreateUpload(key string, o storage.PutOptions) (id string, err error)
	UploadPart(key, id string, number int, content io.Reader) (etag string, err error)
	CompleteUpload(key, id string, chosen []storage.ChosenPart, now abi.Date) (*storage.Stored, error)
	AbortUpload(key, id string) error
}

// folderBucket is a bucket in a folder, whose cursor is the last key. It encrypts nothing.
type folderBucket struct{ *storage.Bucket }

// Get implements R2Store.
func (b folderBucket) Get(key string, _ []byte, choose func(o *storage.Stored) (offset, length int64, take bool, err error)) (*storage.Stored, io.ReadCloser, error) {
	return b.Bucket.Get(key, choose)
}

// List implements R2Store.
func (b folderBucket) List(o storage.ListOptions, cursor string) (l storage.Listing, next string, err error) {
	last, err := base64.StdEncoding.DecodeString(cursor)
	if err != nil {
		return l, "", abi.Errorf("list: the cursor is not one of a list before")
	}
	o.StartAfter = max(o.StartAfter, string(last))
	l, err = b.Bucket.List(o)
	return l, base64.StdEncoding.EncodeToString([]byte(l.Next)), err
}

// bucketOf is the bucket of a binding, or nil.
func (h *Host) bucketOf(binding string) R2Store {
	name, bound := h.cfg.Buckets[binding]
	if remote := h.cfg.RemoteR2[binding]; bound && remote != nil {
		return remote
	}
	if b := h.buckets[name]; b != nil {
		return b
	}
	return nil
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
