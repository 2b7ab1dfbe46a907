package local_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/internal/objectid"
	"grove.place/lattice/local-runtime/internal/storage/sqlite"
)

// The state of wrangler dev itself is imported in tests/state. These folders are made by hand, to have in them what is rare.

// database makes a SQLite file.
func database(t *testing.T, path string, statements ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := sqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if err := c.Run(s); err != nil {
			t.Fatal(s, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const (
	keyTable     = "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"
	entriesTable = "CREATE TABLE _mf_entries (key TEXT PRIMARY KEY, blob_id TEXT NOT NULL, expiration INTEGER, metadata TEXT)"
)

// wranglerState is a folder as wrangler dev leaves it: an object called a, a database, a namespace.
func wranglerState(t *testing.T) (dir string, object string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), ".wrangler", "state", "v3")
	object = filepath.Join(dir, "do", "worker-Box", objectid.FromName("worker-Box", "a")+".sqlite")
	database(t, object, keyTable, "INSERT INTO _cf_KV VALUES ('n', x'ff0f4954')", "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)",
		"CREATE TABLE __miniflare_do_name (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO __miniflare_do_name VALUES (1, 'a')")
	database(t, filepath.Join(dir, "d1", "miniflare-D1DatabaseObject", objectid.FromName("miniflare-D1DatabaseObject", "1-2")+".sqlite"), "CREATE TABLE users (name)")
	database(t, filepath.Join(dir, "kv", "miniflare-KVNamespaceObject", objectid.FromName("miniflare-KVNamespaceObject", "ns")+".sqlite"), entriesTable,
		"INSERT INTO _mf_entries VALUES ('here', 'b1', NULL, NULL), ('lost', 'b2', NULL, NULL), ('bad', '../b1', NULL, NULL)")
	file(t, filepath.Join(dir, "kv", "ns", "blobs", "b1"), "value")
	return dir, object
}

func importOptions(t *testing.T, from string) local.ImportOptions {
	return local.ImportOptions{
		From: from, Dir: filepath.Join(t.TempDir(), "state"),
		Databases: []local.ImportBinding{{Name: "DB", IDs: []string{"", "1-2", "DB"}, Target: "db"}}, KV: []local.ImportBinding{{Name: "KEYS", IDs: []string{"ns"}, Target: "keys"}},
	}
}

// stored lists the files of a folder, but for those that do not count.
func stored(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != ".lock" {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWhatIsLostOrUnknownIsListed(t *testing.T) {
	from, object := wranglerState(t)
	database(t, filepath.Join(filepath.Dir(object), objectid.FromName("worker-Other", "a")+".sqlite"), "CREATE TABLE t (x)")
	database(t, filepath.Join(from, "d1", "miniflare-D1DatabaseObject", objectid.FromName("miniflare-D1DatabaseObject", "old")+".sqlite"), "CREATE TABLE t (x)")
	database(t, filepath.Join(from, "kv", "early", "db.sqlite"), entriesTable, "INSERT INTO _mf_entries VALUES ('k', 'b', 1893456000000, '{}')") // of the first releases of wrangler 3
	file(t, filepath.Join(from, "kv", "early", "blobs", "b"), "early value")
	file(t, filepath.Join(from, "workflows", "w.sqlite"), "")
	o := importOptions(t, filepath.Dir(filepath.Dir(from))) // .wrangler itself
	got, err := local.Import(o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, s := range got.Stores {
		fmt.Fprintln(&text, s.Kind, s.Name, s.Objects, s.Keys, s.Tables, s.Bytes, s.Skipped)
	}
	for _, l := range got.Left {
		fmt.Fprintln(&text, l.Path, l.Why)
	}
	for _, want := range []string{"objects worker-Box 1 1 1 0 []\n", "d1 db 0 0 1 0 []\n", "kv keys 0 1 0 5 [", `key "bad": its value is lost`, `key "lost": its value is lost`, "kv early 0 1 0 11 []\n",
		"its id is not one of worker-Box\n", "the database_id of a [[d1_databases]] that the configuration does not name any more", "workflows Workflows have no place"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

func TestNothingIsImportedOfADamagedFolder(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, path string){
		"no database": func(t *testing.T, path string) { file(t, path, strings.Repeat("no database ", 1000)) },
		"cut off": func(t *testing.T, path string) {
			info, err := os.Stat(path)
			if err != nil || os.Truncate(path, info.Size()-100) != nil {
				t.Fatal(err)
			}
		},
		"a page of zeros": func(t *testing.T, path string) {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt(make([]byte, 4096), 4096); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, object := wranglerState(t)
			spoil(t, object)
			o := importOptions(t, from)
			_, err := local.Import(o)
			if err == nil || !strings.Contains(err.Error(), object) || !strings.Contains(err.Error(), "nothing was imported") {
				t.Errorf("got %v", err)
			}
			if files := stored(t, filepath.Dir(o.Dir)); len(files) > 0 {
				t.Errorf("left %v", files)
			}
		})
	}
}

func TestWhatIsThereIsReplacedOnlyWhenAsked(t *testing.T) {
	from, object := wranglerState(t)
	o := importOptions(t, from)
	if _, err := local.Import(o); err != nil {
		t.Fatal(err)
	}
	before := stored(t, o.Dir)
	file(t, filepath.Join(o.Dir, "objects", "worker-Box", "mine"), "")
	_, err := local.Import(o)
	if conflict, ok := errors.AsType[*local.ImportConflict](err); !ok || len(conflict.Paths) != 2 { // the database has no rows
		t.Errorf("got %v", err)
	}
	o.Replace = true
	if err := os.Rename(object, object+".away"); err != nil { // nothing takes the place of the objects
		t.Fatal(err)
	}
	if _, err := local.Import(o); err != nil {
		t.Fatal(err)
	}
	if files := stored(t, o.Dir); len(files) != len(before)+1 {
		t.Errorf("there is %v, and there was %v and mine", files, before)
	}
	if err := os.Rename(object+".away", object); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Import(o); err != nil {
		t.Fatal(err)
	}
	if files := stored(t, o.Dir); !slices.Equal(files, before) {
		t.Errorf("there is %v, want %v", files, before)
	}
}

// The disk may fail at the last step: then everything is as it was.
func TestAnImportThatCannotBePutInPlaceIsUndone(t *testing.T) {
	from, _ := wranglerState(t)
	o := importOptions(t, from)
	file(t, filepath.Join(o.Dir, "objects", "worker-Box", "mine"), "")
	file(t, filepath.Join(o.Dir, "kv"), "in the way")
	o.Replace = true
	_, err := local.Import(o)
	if files := stored(t, filepath.Dir(o.Dir)); err == nil || !slices.Equal(files, []string{"state/kv", "state/objects/worker-Box/mine"}) {
		t.Errorf("%v, and left %v", err, files)
	}
}

func TestFoldersThatCannotBeImportedAreExplained(t *testing.T) {
	empty, old := t.TempDir(), t.TempDir()
	file(t, filepath.Join(old, "state", "d1", "DB.sqlite3"), "")
	file(t, filepath.Join(empty, "file"), "")
	for from, want := range map[string]string{
		filepath.Join(empty, "none"): "there is no folder", empty: "has nothing that wrangler dev has stored", filepath.Join(empty, "file"): "is a file", old: "the layout of wrangler 2",
	} {
		if _, err := local.Import(importOptions(t, from)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", from, err, want)
		}
	}
	from, _ := wranglerState(t)
	o := importOptions(t, from)
	running := storing()
	running.Dir = o.Dir
	local.StartTest(t, running)
	for _, o.DryRun = range []bool{false, true} {
		if _, err := local.Import(o); err == nil || !strings.Contains(err.Error(), "is in use by another local host") {
			t.Errorf("while a host runs: %v", err)
		}
	}
}

func TestFacetsFindTheirPlace(t *testing.T) {
	from, object := wranglerState(t)
	index := binary.LittleEndian.AppendUint64(nil, 0xc4cdce5bc5b0ef57)
	for _, f := range []struct {
		parent uint16
		name   string
	}{{0, "outer"}, {1, "inner"}, {0, "gone"}, {9, "damaged"}} {
		index = binary.LittleEndian.AppendUint16(index, f.parent)
		index = binary.LittleEndian.AppendUint16(index, uint16(len(f.name)))
		index = append(index, f.name...)
	}
	base := strings.TrimSuffix(object, ".sqlite")
	file(t, base+".facets", string(index))
	database(t, base+".1.sqlite", "CREATE TABLE t (x)")
	database(t, base+".2.sqlite", keyTable, "INSERT INTO _cf_KV VALUES ('k', x'ff0f54')")
	o := importOptions(t, from)
	got, err := local.Import(o)
	if err != nil || got.Stores[0].Facets != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	id := filepath.Base(base)
	outer := "objects/worker-Box/" + id + ".facets/" + digest("outer")
	if files := stored(t, o.Dir); !slices.Contains(files, outer+".sqlite") || !slices.Contains(files, outer+".facets/"+digest("inner")+".sqlite") {
		t.Errorf("there is %v", files)
	}
}

// digest is how docs/storage.md says that facets are called.
func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}
