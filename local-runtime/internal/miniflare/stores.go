package miniflare

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/internal/abi"
	"grove.place/lattice/local-runtime/internal/storage"
)

// databases imports the D1 databases.
func (i *importer) databases() error {
	names, err := folders(filepath.Join(i.From, "d1"))
	if err != nil {
		return err
	}
	list, err := i.byName("d1", "miniflare-D1DatabaseObject", i.Databases, nil)
	if err != nil {
		return err
	}
	for _, name := range names {
		old := filepath.Join(i.From, "d1", name, "db.sqlite")
		if _, err := os.Stat(old); err == nil && !slices.ContainsFunc(list, func(f found) bool { return f.path == old }) {
			i.leave(old, "the configuration has no database with the database_id %s", name)
		}
	}
	for _, db := range list {
		s := Store{Kind: Database, Name: db.binding.Target, Path: filepath.Join("d1", db.binding.Target+".sqlite"), From: i.rel(db.path)}
		f, copied, err := i.open(db.path, i.scratch)
		if err != nil {
			return err
		}
		s.Tables, err = f.AdoptD1()
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if s.Tables == 0 {
			continue
		}
		to := filepath.Join(i.Into, s.Path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(copied, to)); err != nil {
			return err
		}
		i.Stores = append(i.Stores, s)
	}
	return nil
}

func (i *importer) rel(path string) string {
	if rel, err := filepath.Rel(i.From, path); err == nil {
		return rel
	}
	return path
}

// named are the stores of a kind that have contents, or a binding.
func (i *importer) named(kind, class string, bindings []Binding) ([]found, error) {
	names, err := folders(filepath.Join(i.From, kind))
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == class })
	return i.byName(kind, class, bindings, names)
}

// target is what a store is called here; "" when it cannot be called so.
func (f found) target() string {
	if f.binding != nil {
		return f.binding.Target
	}
	if !safeName.MatchString(f.id) {
		return ""
	}
	return f.id
}

// blob is the file of a content.
func (i *importer) blob(kind string, f found, id string) (string, error) {
	if id == "" || filepath.Base(id) != id {
		return "", fmt.Errorf("%s: %q is not the name of a file with content", f.path, id)
	}
	return filepath.Join(i.From, kind, strings.ReplaceAll(f.id, ":", "_"), "blobs", id), nil
}

// namespaces imports the KV namespaces.
func (i *importer) namespaces() error {
	list, err := i.named("kv", "miniflare-KVNamespaceObject", i.KV)
	if err != nil {
		return err
	}
	for _, f := range list {
		target := f.target()
		if target == "" {
			i.leave(f.path, "%q is no name for a namespace of the local host", f.id)
			continue
		}
		s := Store{Kind: KV, Name: target, Path: filepath.Join("kv", target+".sqlite"), From: i.rel(f.path)}
		if err := i.namespace(&s, f); err != nil {
			return err
		}
		if s.Keys > 0 || len(s.Skipped) > 0 {
			i.Stores = append(i.Stores, s)
		}
	}
	return nil
}

func (i *importer) namespace(s *Store, f found) (err error) {
	source, _, err := i.open(f.path, i.scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if ok, err := hasTable(source, "_mf_entries"); err != nil || !ok {
		return err
	}
	kv, err := storage.OpenKV(filepath.Join(i.Into, s.Path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kv.Close()) }()
	return source.Each("SELECT key, blob_id, coalesce(expiration, 0), coalesce(metadata, '') FROM _mf_entries ORDER BY key", func(r storage.Row) error {
		e := storage.KVEntry{Key: r.Text(0), Expiration: r.Int64(2) / 1000, Metadata: r.Text(3)} // there it is in milliseconds
		path, err := i.blob("kv", f, r.Text(1))
		if err == nil {
			e.Value, err = os.ReadFile(path)
		}
		if err != nil {
			s.Skipped = append(s.Skipped, fmt.Sprintf("key %q: its value is lost: %v", e.Key, err))
			return nil
		}
		s.Keys++
		s.Bytes += int64(len(e.Value))
		return kv.Put(e, 0)
	})
}

func hasTable(f *storage.Foreign, name string) (bool, error) {
	tables, err := f.Tables()
	return slices.Contains(tables, name), err
}

// buckets imports the R2 buckets.
func (i *importer) buckets() error {
	list, err := i.named("r2", "miniflare-R2BucketObject", i.Buckets)
	if err != nil {
		return err
	}
	for _, f := range list {
		target := f.target()
		if target == "" {
			i.leave(f.path, "%q is no name for a bucket of the local host", f.id)
			continue
		}
		s := Store{Kind: Bucket, Name: target, Path: filepath.Join("r2", target), From: i.rel(f.path)}
		if err := i.bucket(&s, f); err != nil {
			return err
		}
		if s.Keys > 0 || s.Uploads > 0 || len(s.Skipped) > 0 {
			i.Stores = append(i.Stores, s)
		}
	}
	return nil
}

func (i *importer) bucket(s *Store, f found) (err error) {
	source, _, err := i.open(f.path, i.scratch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if ok, err := hasTable(source, "_mf_objects"); err != nil || !ok {
		return err
	}
	b, err := storage.OpenBucket(filepath.Join(i.Into, s.Path), func(p []byte) { rand.Read(p) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	var objects []r2Object
	err = source.Each("SELECT key, coalesce(blob_id, ''), version, size, etag, uploaded, checksums, http_metadata, custom_metadata FROM _mf_objects ORDER BY key", func(r storage.Row) error {
		objects = append(objects, r2Object{
			Stored: storage.Stored{Key: r.Text(0), Version: r.Text(2), Size: r.Int64(3), ETag: r.Text(4), Uploaded: abi.Date(r.Float64(5)), StorageClass: "Standard"},
			blob:   r.Text(1), sums: r.Text(6), http: r.Text(7), custom: r.Text(8),
		})
		return nil
	})
	for _, o := range objects {
		if err != nil {
			return err
		}
		if refused := i.r2Object(source, b, f, o); refused != nil {
			s.Skipped = append(s.Skipped, fmt.Sprintf("object %q: %v", o.Key, refused))
			continue
		}
		s.Keys++
		s.Bytes += o.Size
	}
	return errors.Join(err, i.uploads(s, source, b, f))
}

// r2Object is an object of a bucket with what is JSON there.
type r2Object struct {
	storage.Stored
	blob, sums, http, custom string
}

// r2Object imports an object of a bucket. One without content of its own has the parts of the upload that made it.
func (i *importer) r2Object(source *storage.Foreign, b *storage.Bucket, f found, o r2Object) (err error) {
	if o.HTTPMetadata, err = httpMetadata(o.http); err != nil {
		return err
	}
	if o.Custom, err = texts(o.custom); err != nil {
		return err
	}
	if o.Sums, err = checksums(o.sums, o.ETag, o.blob != ""); err != nil {
		return err
	}
	ids := []string{o.blob}
	if o.blob == "" {
		ids = nil
		err = source.Each("SELECT blob_id FROM _mf_multipart_parts WHERE object_key = ? ORDER BY part_number", func(r storage.Row) error {
			ids = append(ids, r.Text(0))
			return nil
		}, o.Key)
	}
	var files []string
	for _, id := range ids {
		path, bad := i.blob("r2", f, id)
		files, err = append(files, path), errors.Join(err, bad)
	}
	if err != nil {
		return err
	}
	return b.Adopt(o.Stored, files)
}

// uploads imports the uploads that are under way.
func (i *importer) uploads(s *Store, source *storage.Foreign, b *storage.Bucket, f found) error {
	if ok, err := hasTable(source, "_mf_multipart_uploads"); err != nil || !ok {
		return err
	}
	type upload struct{ id, key, http, custom string }
	var list []upload
	err := source.Each("SELECT upload_id, key, http_metadata, custom_metadata FROM _mf_multipart_uploads WHERE state = 0", func(r storage.Row) error {
		list = append(list, upload{r.Text(0), r.Text(1), r.Text(2), r.Text(3)})
		return nil
	})
	for _, u := range list {
		if err != nil {
			return err
		}
		var parts []storage.Part
		o := storage.PutOptions{StorageClass: "Standard"}
		o.HTTP, err = httpMetadata(u.http)
		if err == nil {
			o.Custom, err = texts(u.custom)
		}
		if err == nil {
			err = source.Each("SELECT part_number, etag, checksum_md5, size, blob_id FROM _mf_multipart_parts WHERE upload_id = ? ORDER BY part_number", func(r storage.Row) error {
				sum, err := hex.DecodeString(r.Text(2))
				path, bad := i.blob("r2", f, r.Text(4))
				parts = append(parts, storage.Part{Number: int(r.Int64(0)), ETag: r.Text(1), MD5: sum, Size: r.Int64(3), File: path})
				return errors.Join(err, bad)
			}, u.id)
		}
		if err == nil {
			err = b.AdoptUpload(u.id, u.key, o, parts)
		}
		if err != nil {
			s.Skipped = append(s.Skipped, fmt.Sprintf("the upload of %q that is under way: %v", u.key, err))
			err = nil
			continue
		}
		s.Uploads++
	}
	return err
}

// texts reads an object of strings.
func texts(text string) (abi.Object, error) {
	o := abi.Object{}
	m, err := sorted[string](text)
	for _, f := range m {
		o = append(o, abi.Field{Name: f.name, Value: f.value})
	}
	return o, err
}

// httpMetadata reads the headers of an object; cacheExpiry is in milliseconds.
func httpMetadata(text string) (abi.Object, error) {
	o := abi.Object{}
	m, err := sorted[any](text)
	for _, f := range m {
		switch v := f.value.(type) {
		case string:
			o = append(o, abi.Field{Name: f.name, Value: v})
		case float64:
			o = append(o, abi.Field{Name: f.name, Value: abi.Date(v)})
		}
	}
	return o, err
}

// checksums reads the checksums of an object. That of MD5 is its ETag, when it was not uploaded in parts.
func checksums(text, etag string, whole bool) (abi.Object, error) {
	o := abi.Object{}
	m, err := sorted[string](text)
	if _, bad := hex.DecodeString(etag); whole && bad == nil && !slices.ContainsFunc(m, func(f member[string]) bool { return f.name == "md5" }) {
		m = append([]member[string]{{"md5", etag}}, m...)
	}
	for _, f := range m {
		sum, bad := hex.DecodeString(f.value)
		o, err = append(o, abi.Field{Name: f.name, Value: abi.ArrayBuffer(sum)}), errors.Join(err, bad)
	}
	return o, err
}

type member[T any] struct {
	name  string
	value T
}

// sorted reads a JSON object, in the order of its names.
func sorted[T any](text string) (list []member[T], err error) {
	m := map[string]T{}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("its metadata cannot be read: %w", err)
	}
	for name, v := range m {
		list = append(list, member[T]{name, v})
	}
	slices.SortFunc(list, func(a, b member[T]) int { return strings.Compare(a.name, b.name) })
	return list, nil
}
