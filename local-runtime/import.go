package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"grove.place/lattice/local-runtime/internal/host"
	"grove.place/lattice/local-runtime/internal/miniflare"
	"grove.place/lattice/local-runtime/internal/storage"
)

// ImportOptions say what of wrangler dev's state is imported, and where to. See docs/storage.md.
type ImportOptions struct {
	From string // wrangler dev's folder: .wrangler/state, or one that it is in, or its v3
	Dir  string // the storage folder of the local host: Options.Dir

	// What the bindings of the Worker are called there and here. Namespaces and buckets that have no binding keep their names; databases without one
	// cannot be told apart, and are left.
	Databases, KV, Buckets []ImportBinding

	Replace bool // stores that have something in them already are replaced; otherwise they are an *ImportConflict
	DryRun  bool // everything is read and converted, and then forgotten
}

// ImportBinding is a binding to a store that may have been filled in wrangler dev:
//
//	Name   string   // of the binding
//	IDs    []string // what the store may be called there; the first that is there counts
//	Target string   // what it is called in the storage of the local host
type ImportBinding = miniflare.Binding

// Imported is what Import has done: Stores are those that were filled, each an ImportedStore, and Left is what was not taken over, with the reason.
type Imported = miniflare.Result

// ImportedStore is a store that Import has filled:
//
//	Kind, Name, Path, From string                           // Kind is one of the constants; Path is in the storage folder, From in wrangler dev's
//	Objects, Facets, Alarms, Keys, Tables, Uploads int      // how many of each were taken over
//	Bytes   int64                                           // of values and contents
//	Skipped []string                                        // what of it was left, and why
type ImportedStore = miniflare.Store

// Kinds of an ImportedStore.
const (
	ImportedObjects  = miniflare.Objects
	ImportedDatabase = miniflare.Database
	ImportedKV       = miniflare.KV
	ImportedBucket   = miniflare.Bucket
)

// ImportConflict is that stores which would be imported have something in them already. Nothing was changed.
type ImportConflict struct{ Paths []string }

// Error lists them.
func (e *ImportConflict) Error() string {
	return "what is stored already would be replaced: " + strings.Join(e.Paths, ", ")
}

// Import fills a storage folder with what wrangler dev has stored: objects under the same ids, D1 databases, KV namespaces and R2 buckets. It changes nothing
// unless all of it could be read, and nothing at all in wrangler dev's folder. No host may run in the storage folder.
func Import(o ImportOptions) (result *Imported, err error) {
	from, err := miniflare.Find(o.From)
	if err != nil {
		return nil, err
	}
	parent := ""
	if _, missing := os.Stat(o.Dir); !o.DryRun || missing == nil {
		unlock, failed := host.Lock(o.Dir)
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, unlock()) }()
	}
	if !o.DryRun {
		parent = filepath.Dir(filepath.Clean(o.Dir)) // so that it is on the same disk
	}
	work, err := os.MkdirTemp(parent, "import-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	into := filepath.Join(work, "new")
	if err := os.Mkdir(into, 0o755); err != nil {
		return nil, err
	}
	result, err = miniflare.Import(miniflare.Options{From: from, Into: into, Databases: o.Databases, KV: o.KV, Buckets: o.Buckets})
	if err != nil {
		return nil, fmt.Errorf("import: %w; nothing was imported", err)
	}
	if err := checkConflicts(o, result.Stores); err != nil {
		return result, err
	}
	if o.DryRun {
		return result, nil
	}
	if err := install(into, filepath.Join(work, "old"), o.Dir, result.Stores); err != nil {
		return nil, fmt.Errorf("import: %w; nothing was imported", err)
	}
	return result, nil
}

// checkConflicts finds what would be replaced.
func checkConflicts(o ImportOptions, stores []ImportedStore) error {
	var conflict ImportConflict
	for _, s := range stores {
		path := filepath.Join(o.Dir, s.Path)
		filled, err := isFilled(s.Kind, path)
		if err != nil {
			return err
		}
		if filled {
			conflict.Paths = append(conflict.Paths, path)
		}
	}
	if len(conflict.Paths) == 0 || o.Replace {
		return nil
	}
	return &conflict
}

// isFilled reports whether a store has something in it, more than a host leaves that has only been started.
func isFilled(kind, path string) (filled bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	switch kind {
	case ImportedObjects:
		files, err := os.ReadDir(path)
		return len(files) > 0, err
	case ImportedBucket:
		b, err := storage.OpenBucket(path, func([]byte) {})
		if err != nil {
			return false, err
		}
		empty, err := b.Empty()
		return !empty, errors.Join(err, b.Close())
	}
	return storage.HasRows(path)
}

// companions are the files that may be beside a file of a store.
var companions = []string{"", "-wal", "-shm", "-journal"}

// install puts stores in the place of those of their names, which go to old. When that fails everything is put back.
func install(from, old, dir string, stores []ImportedStore) (err error) {
	var undo []func() error
	move := func(from, to string) error {
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		err := os.Rename(from, to)
		if err == nil {
			undo = append(undo, func() error { return os.Rename(to, from) })
		}
		return err
	}
	defer func() {
		for n := len(undo) - 1; n >= 0 && err != nil; n-- {
			err = errors.Join(err, undo[n]())
		}
	}()
	for _, s := range stores {
		replaced := []string{strings.TrimSuffix(s.Path, ".sqlite") + ".history"}
		for _, suffix := range companions {
			replaced = append(replaced, s.Path+suffix)
		}
		for _, path := range replaced {
			if err := move(filepath.Join(dir, path), filepath.Join(old, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if err := move(filepath.Join(from, s.Path), filepath.Join(dir, s.Path)); err != nil {
			return err
		}
	}
	return nil
}
