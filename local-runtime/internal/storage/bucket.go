package storage

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/internal/abi"
)

// Bucket is an R2 bucket: an index of objects, and a file for the content of each. It may be used by several goroutines.
type Bucket struct {
	x      *index
	dir    string
	random func(p []byte) // fills p: versions and ids come of it
}

// Stored is an object of a bucket as it is described to programs.
type Stored struct {
	Key, Version, ETag         string
	Size                       int64
	Uploaded                   abi.Date
	HTTPMetadata, Custom, Sums abi.Value // Objects
	StorageClass               string

	file string
}

// R2's limits.
const (
	maxKey      = 1024
	maxCustom   = 8192
	maxListed   = 1000
	maxDetailed = 100 // of a list with metadata
	minPart     = 5 << 20
	maxPartsNum = 10000
)

// r2Error is an error as R2 words it; the binding puts the method before it.
type r2Error struct {
	code int
	text string
}

func (e *r2Error) Error() string { return fmt.Sprintf("%s (%d)", e.text, e.code) }

var (
	errKeyName  = &r2Error{10020, "The specified object name is not valid."}
	errMetadata = &r2Error{10012, "Your metadata headers exceed the maximum allowed metadata size."}
	errRange    = &r2Error{10039, "The requested range is not satisfiable"}
	errNoUpload = &r2Error{10024, "The specified multipart upload does not exist."}
	errPart     = &r2Error{10025, "One or more of the specified parts could not be found."}
	errTooSmall = &r2Error{10011, "Your proposed upload is smaller than the minimum allowed object size."}
	errMaxKeys  = &r2Error{10022, "MaxKeys params must be positive integer <= 1000."}
	errUpload   = &r2Error{10048, "There was a problem with the multipart upload."}
	errInternal = &r2Error{10001, "We encountered an internal error. Please try again."} // what R2 says of uploads that there never were
)

// OpenBucket opens the bucket in the folder dir. What random fills becomes the versions of objects and the ids of uploads.
func OpenBucket(dir string, random func(p []byte)) (*Bucket, error) {
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o755); err != nil {
		return nil, err
	}
	x, err := openIndex(filepath.Join(dir, "index.sqlite"),
		`CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, version TEXT NOT NULL, etag TEXT NOT NULL, size INTEGER NOT NULL, uploaded REAL NOT NULL,
			http BLOB NOT NULL, custom BLOB NOT NULL, sums BLOB NOT NULL, class TEXT NOT NULL, file TEXT NOT NULL) WITHOUT ROWID`,
		`CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, key TEXT NOT NULL, http BLOB NOT NULL, custom BLOB NOT NULL, class TEXT NOT NULL) WITHOUT ROWID`,
		`CREATE TABLE IF NOT EXISTS ended (id TEXT PRIMARY KEY) WITHOUT ROWID`, // uploads that are over
		`CREATE TABLE IF NOT EXISTS parts (upload TEXT NOT NULL, number INTEGER NOT NULL, etag TEXT NOT NULL, md5 BLOB NOT NULL, size INTEGER NOT NULL,
			file TEXT NOT NULL, PRIMARY KEY (upload, number)) WITHOUT ROWID`)
	if err != nil {
		return nil, err
	}
	b := &Bucket{x, dir, random}
	if err := b.sweep(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close closes the index.
func (b *Bucket) Close() error { return b.x.close() }

// sweep removes files that no row names: what a killed process had begun to write.
func (b *Bucket) sweep() error {
	known := map[string]bool{}
	err := b.x.do(func(s *statements) error {
		return s.each("SELECT file FROM objects UNION ALL SELECT file FROM parts", func(r *stmt) error {
			for file := range strings.FieldsSeq(r.Text(0)) {
				known[file] = true
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	files, err := os.ReadDir(filepath.Join(b.dir, "blobs"))
	if err != nil {
		return err
	}
	for _, f := range files {
		if !known[f.Name()] {
			if err := os.Remove(b.path(f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *Bucket) path(file string) string { return filepath.Join(b.dir, "blobs", file) }

// id makes an identifier that programs see.
func (b *Bucket) id() string {
	var raw [16]byte
	b.random(raw[:])
	return hex.EncodeToString(raw[:])
}

// newFile names a file. The name is no secret of a seed: two hosts with one seed may follow each other in one folder.
func newFile() string {
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

const storedColumns = "key, version, etag, size, uploaded, http, custom, sums, class, file"

func scanStored(r *stmt) (*Stored, error) {
	o := &Stored{Key: r.Text(0), Version: r.Text(1), ETag: r.Text(2), Size: r.Int64(3), Uploaded: abi.Date(r.Float64(4)), StorageClass: r.Text(8), file: r.Text(9)}
	for i, to := range []*abi.Value{&o.HTTPMetadata, &o.Custom, &o.Sums} {
		var err error
		if *to, err = decoded(r.Bytes(5 + i)); err != nil {
			return nil, fmt.Errorf("object %q: %w", o.Key, err)
		}
	}
	return o, nil
}

// Head returns an object, or nil when there is none.
func (b *Bucket) Head(key string) (o *Stored, err error) {
	if len(key) > maxKey {
		return nil, errKeyName
	}
	err = b.x.do(func(s *statements) error { return find(s, key, &o) })
	return o, err
}

func find(s *statements, key string, to **Stored) error {
	return s.each("SELECT "+storedColumns+" FROM objects WHERE key = ?", func(r *stmt) (err error) {
		*to, err = scanStored(r)
		return err
	}, key)
}

// Get returns an object with a part of its content, which choose takes from it; choose may decline. The content stays readable when the object is
// replaced or deleted meanwhile.
func (b *Bucket) Get(key string, choose func(o *Stored) (offset, length int64, take bool, err error)) (o *Stored, content io.ReadCloser, err error) {
	if len(key) > maxKey {
		return nil, nil, errKeyName
	}
	err = b.x.do(func(s *statements) error { // what deletes files waits
		if err := find(s, key, &o); err != nil || o == nil {
			return err
		}
		offset, length, take, err := choose(o)
		if err == nil && take {
			content, err = b.open(o, offset, length)
		}
		return err
	})
	return o, content, err
}

// open opens the files that length bytes from offset on are in.
func (b *Bucket) open(o *Stored, offset, length int64) (io.ReadCloser, error) {
	var parts []io.Reader
	var files closers
	start, end := int64(0), offset+length
	for name := range strings.FieldsSeq(o.file) {
		if start >= end {
			break
		}
		f, err := os.Open(b.path(name))
		var size int64
		if err == nil {
			files = append(files, f)
			size, err = f.Seek(0, io.SeekEnd)
		}
		if err == nil && start+size > offset {
			parts = append(parts, f)
			_, err = f.Seek(max(0, offset-start), io.SeekStart)
		}
		if err != nil {
			files.Close()
			return nil, fmt.Errorf("content of %q: %w", o.Key, err)
		}
		start += size
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(io.MultiReader(parts...), length), files}, nil
}

type closers []*os.File

func (c closers) Close() error {
	var errs []error
	for _, f := range c {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// PutOptions describe what Put stores. Its Values are Objects.
type PutOptions struct {
	OnlyIf       *Conditions
	HTTP, Custom abi.Value
	StorageClass string            // "": as the bucket has it, which is Standard here
	Sums         map[string][]byte // "md5", "sha1", … that the content must have
	Secret       []byte            // the customer's key; nothing is encrypted here
	Now          abi.Date
}

func (o PutOptions) class() string { return cmp.Or(o.StorageClass, "Standard") }

// Put stores content under key. It returns nil without an error when OnlyIf does not hold.
func (b *Bucket) Put(key string, content io.Reader, o PutOptions) (*Stored, error) {
	if len(key) > maxKey {
		return nil, errKeyName
	}
	if textLength(o.Custom) > maxCustom {
		return nil, errMetadata
	}
	blob, err := b.write(content, o.Sums)
	if err != nil {
		return nil, err
	}
	stored := &Stored{Key: key, Version: b.id(), ETag: hex.EncodeToString(blob.md5), Size: blob.size, Uploaded: o.Now,
		HTTPMetadata: o.HTTP, Custom: o.Custom, Sums: blob.sums, StorageClass: o.class(), file: blob.file}
	held := true
	old, err := b.replace(stored, func(current *Stored) bool {
		held = o.OnlyIf.Hold(current)
		return held
	})
	if err != nil || !held {
		os.Remove(b.path(blob.file))
		return nil, err
	}
	b.remove(old)
	return stored, nil
}

// replace puts o in the place of what has its key, if check lets it, and returns the files of what was there.
func (b *Bucket) replace(o *Stored, check func(current *Stored) bool) (old string, err error) {
	err = b.x.do(func(s *statements) (err error) {
		old, err = replace(s, o, check)
		return err
	})
	return old, err
}

func replace(s *statements, o *Stored, check func(current *Stored) bool) (old string, err error) {
	var current *Stored
	if err := find(s, o.Key, &current); err != nil || !check(current) {
		return "", err
	}
	if current != nil {
		old = current.file
	}
	return old, s.each("INSERT OR REPLACE INTO objects ("+storedColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", nil, o.Key, o.Version, o.ETag, int(o.Size),
		float64(o.Uploaded), encoded(o.HTTPMetadata), encoded(o.Custom), encoded(o.Sums), o.StorageClass, o.file)
}

// remove deletes files that nothing names any more. One that stays behind is swept at the next start.
func (b *Bucket) remove(files string) {
	for file := range strings.FieldsSeq(files) {
		os.Remove(b.path(file))
	}
}

type blob struct {
	file string
	size int64
	md5  []byte
	sums abi.Object
}

// write stores content in a file of its own, and checks it.
func (b *Bucket) write(content io.Reader, want map[string][]byte) (*blob, error) {
	f, err := os.Create(b.path(newFile()))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := &blob{file: filepath.Base(f.Name())}
	if out.size, out.sums, err = Summed(f, content, want); err == nil {
		err = f.Sync()
	}
	if err != nil {
		os.Remove(f.Name())
		return nil, err
	}
	out.md5, _ = out.sums.Get("md5").(abi.ArrayBuffer)
	return out, nil
}

// Delete removes objects.
func (b *Bucket) Delete(keys []string) error {
	var files []string
	for _, key := range keys {
		if len(key) > maxKey {
			return errKeyName
		}
	}
	err := b.x.do(func(s *statements) error {
		for _, key := range keys {
			var o *Stored
			if err := find(s, key, &o); err != nil {
				return err
			}
			if o == nil {
				continue
			}
			files = append(files, o.file)
			if err := s.each("DELETE FROM objects WHERE key = ?", nil, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		b.remove(strings.Join(files, " "))
	}
	return err
}
