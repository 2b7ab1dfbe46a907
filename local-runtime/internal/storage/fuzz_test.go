package storage

import (
	"errors"
	"math"
	"testing"

	"grove.place/lattice/internal/abi"
)

// FuzzExec runs any SQL with any bindings: every failure is an *abi.Error, the reserved tables stay as they are, the
// turn ends, and cursors page without end or loss.
func FuzzExec(f *testing.F) {
	for _, q := range []string{
		"SELECT ?", "SELECT * FROM t WHERE a = ?; SELECT 1", "INSERT INTO t VALUES (?, 2) RETURNING *", "ALTER TABLE t RENAME TO _cf_t",
		"DELETE FROM t ORDER BY a LIMIT ? -- x", "UPDATE t SET a = ? RETURNING ?2 LIMIT 1) OR (1", "DROP TABLE _cf_KV", "PRAGMA foreign_keys=off",
		"WITH x AS (SELECT 1) SELECT * FROM x", "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM _cf_KV; END", "\x00", "SELECT '", "/*", "--",
		"CREATE VIRTUAL TABLE f USING fts5(a)", "EXPLAIN SELECT 1", "VACUUM", "ANALYZE", "SELECT 1;;SELECT 2", "INSERT OR ROLLBACK INTO t VALUES (1, 1)",
	} {
		f.Add(q, "text", 1.5, []byte{0})
	}
	f.Fuzz(func(t *testing.T, query, text string, number float64, blob []byte) {
		d, err := Open("")
		must(t, err)
		defer d.Close()
		must(t, d.Put([]abi.Field{{Name: "k", Value: "kept"}}))
		_, _, err = d.Exec("CREATE TABLE t (a, b UNIQUE); INSERT INTO t VALUES (1, 1), (2, 3), (4, 5)", nil, 0)
		must(t, err)
		must(t, d.Commit())
		for _, args := range [][]abi.Value{nil, {number}, {text, blob}, {text, number, math.NaN()}} {
			_, page, err := d.Exec(query, args, 1)
			for n := 0; err == nil && page.Cursor != 0 && n < 50; n++ {
				page, err = d.Next(page.Cursor, 2)
			}
			var e *abi.Error
			if err != nil && (!errors.As(err, &e) || e.Message == "" || e.Name == "") {
				t.Fatalf("%q: %#v", query, err)
			}
			if d.Broken() != nil {
				return // rolled back by the statement itself
			}
		}
		must(t, d.Commit())
		got, err := d.Get(strs("k"))
		must(t, err)
		if len(got) != 1 || got[0].Value != "kept" {
			t.Fatalf("%q changed a reserved table: %v", query, got)
		}
		if n, err := d.reserved(); err != nil || n != 1 {
			t.Fatalf("%q: %d reserved tables, %v", query, n, err)
		}
	})
}

// FuzzKeys stores under any key, and finds it again by any range that holds it.
func FuzzKeys(f *testing.F) {
	f.Add("", "a")
	f.Add("a\x00", "\xff")
	f.Add("\U0010ffff", "\U0010ffff\U0010ffff")
	f.Fuzz(func(t *testing.T, a, b string) {
		d, err := Open("")
		must(t, err)
		defer d.Close()
		a, b = valid(a), valid(b)
		must(t, d.Put([]abi.Field{{Name: a, Value: int64(1)}, {Name: b, Value: int64(2)}}))
		for _, k := range []string{a, b} {
			got, err := d.List(abi.ListOptions{Prefix: &k})
			must(t, err)
			if len(got) == 0 || got[0].Name != k {
				t.Fatalf("prefix %q: %v", k, got)
			}
			got, err = d.List(abi.ListOptions{Start: &k})
			must(t, err)
			if len(got) == 0 || got[0].Name != k {
				t.Fatalf("start %q: %v", k, got)
			}
			got, err = d.List(abi.ListOptions{StartAfter: &k})
			must(t, err)
			for _, e := range got {
				if e.Name <= k {
					t.Fatalf("startAfter %q: %v", k, got)
				}
			}
		}
		n, err := d.Delete([]string{a, b})
		if err != nil || n == 0 || a != b && n != 2 {
			t.Fatalf("deleted %d of %q, %q: %v", n, a, b, err)
		}
	})
}
