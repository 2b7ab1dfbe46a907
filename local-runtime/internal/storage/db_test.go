package storage

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"grove.place/lattice/internal/abi"
)

func open(t *testing.T, path string) *DB {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func file(t *testing.T) string { return filepath.Join(t.TempDir(), "deep", "object.sqlite") }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, d *DB, query string, args ...abi.Value) [][]abi.Value {
	t.Helper()
	_, p, err := d.Exec(query, args, 1000)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return p.Rows
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

func strs(s ...string) []string { return s }

func TestCommittedDataIsThereAfterReopening(t *testing.T) {
	path := file(t)
	d := open(t, path)
	run(t, d, "CREATE TABLE t (a INTEGER, b)")
	run(t, d, "INSERT INTO t VALUES (?, ?)", int64(1), "x")
	must(t, d.Put([]abi.Field{{Name: "k", Value: abi.Object{{Name: "n", Value: int64(3)}}}}))
	must(t, d.SetAlarm(1234.0))
	must(t, d.SetName("room"))
	must(t, d.Commit())
	run(t, d, "INSERT INTO t VALUES (2, 'lost')")
	must(t, d.Close())

	d = open(t, path)
	equal(t, "rows", run(t, d, "SELECT * FROM t"), [][]abi.Value{{int64(1), "x"}})
	got, err := d.Get(strs("k", "none"))
	must(t, err)
	equal(t, "value", got, []abi.Field{{Name: "k", Value: abi.Object{{Name: "n", Value: int64(3)}}}})
	ms, ok, err := d.Alarm()
	if ms != 1234 || !ok || err != nil {
		t.Errorf("alarm: %v %v %v", ms, ok, err)
	}
	equal(t, "name", d.Name(), "room")
}

func TestNothingWrittenMakesNoFile(t *testing.T) {
	path := file(t)
	d := open(t, path)
	must(t, d.SetName("n"))
	_, err := d.Get(strs("a"))
	must(t, err)
	_, err = d.List(abi.ListOptions{})
	must(t, err)
	if _, err := os.Stat(path); err == nil {
		t.Error("reading keys made a file")
	}
	run(t, d, "SELECT 1")
	must(t, d.Close())
	if _, err := os.Stat(path); err == nil {
		t.Error("a query left an empty file")
	}
}

func TestRollbackAndSavepoints(t *testing.T) {
	d := open(t, file(t))
	put := func(k string) { t.Helper(); must(t, d.Put([]abi.Field{{Name: k, Value: k}})) }
	keys := func() (s string) {
		t.Helper()
		l, err := d.List(abi.ListOptions{})
		must(t, err)
		for _, e := range l {
			s += e.Name
		}
		return s
	}
	put("a")
	must(t, d.Rollback())
	equal(t, "after the first rollback", keys(), "")
	put("b")
	must(t, d.Savepoint())
	put("c")
	must(t, d.Savepoint())
	put("d")
	if d.Dirty() {
		t.Error("dirty inside a savepoint")
	}
	must(t, d.RollbackTo())
	put("e")
	must(t, d.Release())
	equal(t, "after savepoints", keys(), "bce")
	if !d.Dirty() {
		t.Error("not dirty after Release")
	}
	must(t, d.Commit())
	must(t, d.Savepoint())
	must(t, d.Release())
	if d.Dirty() || d.inTx {
		t.Error("an empty savepoint leaves a transaction open")
	}
	must(t, d.Savepoint())
	put("f")
	if err := d.DeleteAll(); err == nil || err.Error() != "Cannot call deleteAll() within a transaction" {
		t.Error(err)
	}
	must(t, d.RollbackTo())
	equal(t, "at the end", keys(), "bce")
}

func TestCursorsPageAndSurviveCommit(t *testing.T) {
	d := open(t, file(t))
	run(t, d, "CREATE TABLE t (a)")
	columns, page, err := d.Exec("INSERT INTO t VALUES (1),(2),(3) RETURNING a AS x, a", nil, 2)
	must(t, err)
	equal(t, "columns", columns, strs("x", "a"))
	if page.Cursor == 0 || len(page.Rows) != 2 || page.RowsWritten != 3 {
		t.Fatalf("%+v", page)
	}
	must(t, d.Commit())
	page, err = d.Next(page.Cursor, 2)
	must(t, err)
	if page.Cursor != 0 || len(page.Rows) != 1 {
		t.Fatalf("%+v", page)
	}
	_, one, err := d.Exec("SELECT a FROM t", nil, 1)
	must(t, err)
	_, two, err := d.Exec("SELECT a FROM t", nil, 2)
	must(t, err)
	run(t, d, "INSERT INTO t VALUES (4)")
	must(t, d.Commit())
	for _, id := range []uint64{one.Cursor, two.Cursor} {
		page, err = d.Next(id, 10)
		must(t, err)
		if page.Cursor != 0 || len(page.Rows) == 0 {
			t.Errorf("%+v", page)
		}
	}
	_, page, err = d.Exec("SELECT a FROM t", nil, 1)
	must(t, err)
	must(t, d.DeleteAll())
	if _, err := d.Next(page.Cursor, 1); err == nil || err.Error() != "SQLite query was canceled because the database was deleted." {
		t.Error(err)
	}
	if _, err := d.Next(99, 1); err == nil {
		t.Error("an unknown cursor is accepted")
	}
}

func TestDeleteAllKeepsTheNameAndNothingElse(t *testing.T) {
	path := file(t)
	d := open(t, path)
	must(t, d.SetName("n"))
	must(t, d.SetAlarm(5))
	run(t, d, "CREATE TABLE t (a)")
	must(t, d.Commit())
	must(t, d.DeleteAll())
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is still there")
	}
	if _, ok, _ := d.Alarm(); ok {
		t.Error("the alarm is still there")
	}
	must(t, d.Put([]abi.Field{{Name: "k", Value: nil}}))
	must(t, d.Commit())
	must(t, d.Close())
	d = open(t, path)
	equal(t, "name", d.Name(), "n")
	if _, _, err := d.Exec("SELECT * FROM t", nil, 1); err == nil {
		t.Error("the table is still there")
	}
}

func TestDamagedFilesAreReportedAndKept(t *testing.T) {
	path := file(t)
	d := open(t, path)
	run(t, d, "CREATE TABLE t (a)")
	for range 50 {
		run(t, d, "INSERT INTO t VALUES (randomblob(1000))")
	}
	must(t, d.Commit())
	must(t, d.Close())
	good, err := os.ReadFile(path)
	must(t, err)
	for name, bad := range map[string][]byte{
		"noise":          []byte(strings.Repeat("not a database, ", 1000)),
		"cut off":        good[:len(good)/2],
		"cut off early":  good[:100],
		"cut off a page": good[:4096],
		"cut off inside": good[:len(good)-1000],
	} {
		must(t, os.WriteFile(path, bad, 0o644))
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "nothing was deleted") {
			t.Errorf("%s: %v", name, err)
		}
		now, _ := os.ReadFile(path)
		equal(t, name, string(now) == string(bad), true)
	}
	inside := append([]byte{}, good...)
	for i := 8192; i < len(inside); i++ {
		inside[i] = 0x5a
	}
	must(t, os.WriteFile(path, inside, 0o644))
	d = open(t, path)
	_, _, err = d.Exec("SELECT * FROM t", nil, 1000)
	if err == nil || !strings.Contains(err.Error(), path) || d.Broken() == nil {
		t.Errorf("damage inside: %v, broken %v", err, d.Broken())
	}
}

func TestTheObjectCannotRunTheHostsStatements(t *testing.T) {
	d := open(t, file(t))
	must(t, d.Put([]abi.Field{{Name: "k", Value: "secret"}}))
	_, err := d.Get(strs("k"))
	must(t, err)
	for _, q := range []string{"SELECT value FROM _cf_KV WHERE key = ?", "DELETE FROM _cf_KV WHERE key = ?"} {
		if _, _, err := d.Exec(q, []abi.Value{"k"}, 1); err == nil || !strings.HasSuffix(err.Error(), "SQLITE_AUTH") {
			t.Errorf("%s: %v", q, err)
		}
	}
	if _, _, err := d.Exec("BEGIN IMMEDIATE", nil, 1); err == nil || !strings.HasPrefix(err.Error(), "To execute a transaction") {
		t.Error(err)
	}
}

func TestAFileInUseIsReported(t *testing.T) {
	path := file(t)
	d := open(t, path)
	must(t, d.Put([]abi.Field{{Name: "k", Value: int64(1)}}))
	must(t, d.Commit())
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path+" is in use") {
		t.Error(err)
	}
	got, err := d.Get(strs("k"))
	must(t, err)
	equal(t, "value", got[0].Value, int64(1))
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "cannot be used") {
		t.Error(err)
	}
}
