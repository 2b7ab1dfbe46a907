// Package miniflare reads what wrangler dev has stored, in the folder .wrangler/state, and makes storage of the local host of it. It is Miniflare, inside
// wrangler, that lays the folder out, and workerd that writes most of it.
//
//	do/NAMESPACE/ID.sqlite                    an object: its tables, and _cf_KV with values as V8 serializes them
//	do/NAMESPACE/ID.facets, ID.N.sqlite       the names of its facets, and the storage of the Nth
//	do/NAMESPACE/metadata.sqlite              when alarms are due, by object
//	d1/miniflare-D1DatabaseObject/ID.sqlite   a D1 database
//	kv/miniflare-KVNamespaceObject/ID.sqlite  the keys of a KV namespace; kv/NAMESPACE/blobs has the values
//	r2/miniflare-R2BucketObject/ID.sqlite     the objects of an R2 bucket; r2/BUCKET/blobs has their contents
//
// An ID signs a name: there is no way back from it, but the names that can be expected can be tried. Files are copied before they are opened, so nothing
// in the folder changes. Start with Find and Import.
package miniflare

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/local-runtime/internal/objectid"
	"grove.place/lattice/local-runtime/internal/storage"
)

// Binding is a binding of the Worker to a store that may be in the folder.
type Binding struct {
	Name   string   // of the binding
	IDs    []string // what the store may be called in wrangler dev; the first that is there counts
	Target string   // what it is called in the storage of the local host
}

// Options say what to import.
type Options struct {
	From string // the folder, as Find returns it
	Into string // an empty folder, which becomes a storage folder

	Databases, KV, Buckets []Binding
}

// Kinds of stores.
const (
	Objects  = "objects"
	Database = "d1"
	KV       = "kv"
	Bucket   = "r2"
)

// Store is a store that was imported.
type Store struct {
	Kind string // Objects, Database, KV or Bucket
	Name string // the namespace of objects, or what the store is called here
	Path string // in the storage folder: a file or a folder
	From string // in the folder of wrangler dev

	Objects, Facets, Alarms, Keys, Tables, Uploads int
	Bytes                                          int64    // of values and contents
	Skipped                                        []string // what of it was left, and why
}

// Left is what was not imported.
type Left struct{ Path, Why string }

// Result is what became of a folder.
type Result struct {
	Stores []Store
	Left   []Left
}

// Find returns the folder that has the state, given it or one of those that it is in.
func Find(dir string) (string, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no folder %s: wrangler dev makes .wrangler/state beside wrangler.toml, or what its --persist-to names", dir)
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file: name the folder that wrangler dev stores in, .wrangler/state as a rule", dir)
	}
	for _, sub := range []string{"state/v3", "v3", "."} {
		found := filepath.Join(dir, sub)
		for _, kind := range []string{"do", "d1", "kv", "r2"} {
			if info, err := os.Stat(filepath.Join(found, kind)); err == nil && info.IsDir() && !isOld(filepath.Join(found, kind)) {
				return found, nil
			}
		}
	}
	for _, sub := range []string{"state", "."} {
		if isOld(filepath.Join(dir, sub, "d1")) {
			return "", fmt.Errorf("%s is in the layout of wrangler 2, which is not read: export its databases there, and import them with wrangler d1 execute", dir)
		}
	}
	return "", fmt.Errorf("%s has nothing that wrangler dev has stored: there is no do, d1, kv or r2 in it, nor in a v3 below it", dir)
}

// isOld recognises the databases of wrangler 2.
func isOld(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.sqlite3"))
	return len(files) > 0
}

// importer is one import.
type importer struct {
	Options
	Result
	scratch string // for copies of what is only read
}

// Import makes storage of all that it can. When it fails the folder Into holds a part of it, and is good for nothing.
func Import(o Options) (*Result, error) {
	scratch, err := os.MkdirTemp(o.Into, "scratch-")
	if err != nil {
		return nil, err
	}
	i := &importer{Options: o, scratch: scratch}
	err = errors.Join(i.objects(), i.databases(), i.namespaces(), i.buckets(), i.others())
	if err := errors.Join(err, os.RemoveAll(scratch)); err != nil {
		return nil, err
	}
	return &i.Result, nil
}

// leave notes what is not imported.
func (i *importer) leave(path, format string, args ...any) {
	if rel, err := filepath.Rel(i.From, path); err == nil {
		path = rel
	}
	i.Left = append(i.Left, Left{path, fmt.Sprintf(format, args...)})
}

// reasons are why the other folders are left.
var reasons = map[string]string{
	"cache":         "a cache: it fills again",
	"workflows":     "Workflows have no place on the local host",
	"observability": "logs of wrangler dev",
	"flagship":      "there is no such binding on the local host",
}

func (i *importer) others() error {
	entries, err := os.ReadDir(i.From)
	for _, e := range entries {
		path := filepath.Join(i.From, e.Name())
		if !e.IsDir() || slices.Contains([]string{"do", "d1", "kv", "r2"}, e.Name()) || !hasData(path) {
			continue
		}
		why, ok := reasons[e.Name()]
		if !ok {
			why = "the local host has nothing that stores this"
		}
		i.leave(path, "%s", why)
	}
	return err
}

// hasData reports whether there is a file below dir that is more than bookkeeping.
func hasData(dir string) (found bool) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !isMetadata(path) && !isCompanion(path) {
			found = true
		}
		return nil
	})
	return found
}

func isMetadata(path string) bool { return filepath.Base(path) == "metadata.sqlite" }

func isCompanion(path string) bool {
	return strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-journal")
}

// folders are the folders in a folder, which need not exist.
func folders(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// found is a file of a store that is kept by name.
type found struct {
	path    string
	id      string // what the store is called in wrangler dev
	binding *Binding
}

// byName finds the files of the stores of a kind: those of bindings, and those of other names. It notes what belongs to none.
func (i *importer) byName(kind, class string, bindings []Binding, names []string) ([]found, error) {
	folder := filepath.Join(i.From, kind, class)
	var list []found
	taken := map[string]bool{}
	take := func(id string, b *Binding) bool {
		// Early releases of wrangler 3 had a folder for each store.
		for _, path := range []string{filepath.Join(folder, objectid.FromName(class, id)+".sqlite"), filepath.Join(i.From, kind, id, "db.sqlite")} {
			if _, err := os.Stat(path); err == nil && !taken[path] {
				taken[path] = true
				list = append(list, found{path, id, b})
				return true
			}
		}
		return false
	}
	for n := range bindings {
		for _, id := range bindings[n].IDs {
			if id != "" && take(id, &bindings[n]) {
				break
			}
		}
	}
	for _, name := range names {
		take(name, nil)
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if filepath.Ext(path) == ".sqlite" && !isMetadata(path) && !taken[path] {
			if err := i.unknown(kind, path); err != nil {
				return nil, err
			}
		}
	}
	return list, err
}

// unknown notes a file whose store has no name here, unless there is nothing in it.
func (i *importer) unknown(kind, path string) error {
	f, _, err := i.open(path, i.scratch)
	if err != nil {
		return err
	}
	defer f.Close()
	tables, err := f.Tables()
	rows := 0
	for _, t := range tables {
		if kind == Database {
			rows++
		} else if err == nil && (t == "_mf_entries" || t == "_mf_objects" || t == "_mf_multipart_uploads") {
			err = f.Each("SELECT count(*) FROM "+t, func(r storage.Row) error { rows += int(r.Int64(0)); return nil })
		}
	}
	if err != nil || rows == 0 {
		return err
	}
	what := map[string]string{Database: "the database_id of a [[d1_databases]]", KV: "the id of a [[kv_namespaces]]", Bucket: "the bucket_name of an [[r2_buckets]]"}[kind]
	i.leave(path, "it is %s that the configuration does not name any more: put it back, and import again", what)
	return nil
}
