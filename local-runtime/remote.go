package local

import (
	"io"

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

// R2Store is where an R2 bucket keeps its objects, when that is not the folder of the host. Its methods are called on any goroutine:
//
//	Head(key string) (*R2Object, error) // nil: there is none
//	Get(key string, secret []byte, choose func(o *R2Object) (offset, length int64, take bool, err error)) (*R2Object, io.ReadCloser, error)
//	Put(key string, content io.Reader, o R2PutOptions) (*R2Object, error) // nil: a condition does not hold
//	Delete(keys []string) error
//	List(o R2ListOptions, cursor string) (l R2Listing, next string, err error)
//
// Get returns the part of the content that choose takes, or none; secret is the customer's key, or nil. List begins at a cursor that it has returned before, or at the first for "". There are
// CreateUpload, UploadPart, CompleteUpload and AbortUpload besides, for uploads in parts.
type R2Store = host.R2Store

// R2Object is an object of a bucket: its Key, Version, ETag, Size, when it was Uploaded, HTTPMetadata, Custom metadata and checksums (Sums) as JavaScript's objects, and StorageClass.
type R2Object = storage.Stored

// R2PutOptions say how an object is stored: OnlyIf are conditions, HTTP and Custom metadata, StorageClass ("": as the bucket has it), Sums those checksums that the content must have, Secret the
// customer's key, Now the time of the upload.
type R2PutOptions = storage.PutOptions

// R2ListOptions select what a page of a bucket has, by Prefix, StartAfter, Delimiter and Limit. Detailed pages have metadata.
type R2ListOptions = storage.ListOptions

// R2Listing is a page of a bucket: Objects, and the Prefixes up to a delimiter that others have in common. Next is the folder's: List returns what follows beside the page.
type R2Listing = storage.Listing

// R2Part is a part that an upload is completed with: its Number and ETag.
type R2Part = storage.ChosenPart

// R2Summed copies content, and returns how long it is with its checksums; an error is R2's when they are not those that the options want.
func R2Summed(to io.Writer, content io.Reader, o R2PutOptions) (size int64, sums any, err error) {
	return storage.Summed(to, content, o.Sums)
}

// D1Store is what runs the statements of a D1 database, when that is not the folder of the host. Run answers statements, in the mode in which D1's client asks; Bookmark says
// where the database is. Both are called on any goroutine.
type D1Store = host.D1Store

// D1Statement is a statement, SQL, with what is bound to it, Args.
type D1Statement = storage.Statement

// D1Result is what a statement answers: Columns, Rows and Meta, what D1 measured.
type D1Result = storage.Result

// AsObjects gives the rows of a result the columns that JavaScript objects have: each name once.
func AsObjects(r D1Result) D1Result { return storage.Keyed(r) }
