package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"grove.place/lattice/internal/abi"
)

func fill(b *testing.B, d *DB) {
	b.Helper()
	for _, q := range []string{"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "CREATE TABLE u (a, b)", "CREATE TABLE w (a UNIQUE)"} {
		if _, _, err := d.Exec(q, nil, 0); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 100 {
		if _, _, err := d.Exec("INSERT INTO t (v) VALUES (?)", []abi.Value{fmt.Sprint("value ", i)}, 0); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Commit(); err != nil {
		b.Fatal(err)
	}
}

func openBench(b *testing.B) *DB {
	b.Helper()
	d, err := Open(filepath.Join(b.TempDir(), "o.sqlite"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.Close() })
	return d
}

// BenchmarkCreate makes a database of three tables and a hundred rows, and removes it.
func BenchmarkCreate(b *testing.B) {
	d := openBench(b)
	for b.Loop() {
		fill(b, d)
		if err := d.DeleteAll(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReopen closes a database and reads a row of it again.
func BenchmarkReopen(b *testing.B) {
	d := openBench(b)
	fill(b, d)
	for b.Loop() {
		d.Idle()
		if _, p, err := d.Exec("SELECT v FROM t WHERE id = ?", []abi.Value{int64(7)}, 10); err != nil || len(p.Rows) != 1 {
			b.Fatal(err)
		}
	}
}

// BenchmarkInsertTurn is a turn with one INSERT and its commit.
func BenchmarkInsertTurn(b *testing.B) {
	d := openBench(b)
	fill(b, d)
	for b.Loop() {
		if _, _, err := d.Exec("INSERT INTO t (v) VALUES (?)", []abi.Value{"x"}, 0); err != nil {
			b.Fatal(err)
		}
		if err := d.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPointSelect reads one row by its key.
func BenchmarkPointSelect(b *testing.B) {
	d := openBench(b)
	fill(b, d)
	args := []abi.Value{int64(7)}
	for b.Loop() {
		if _, p, err := d.Exec("SELECT v FROM t WHERE id = ?", args, 10); err != nil || len(p.Rows) != 1 {
			b.Fatal(err)
		}
	}
}

// BenchmarkSelect100 reads a hundred rows of two columns.
func BenchmarkSelect100(b *testing.B) {
	d := openBench(b)
	fill(b, d)
	for b.Loop() {
		if _, p, err := d.Exec("SELECT id, v FROM t", nil, 1000); err != nil || len(p.Rows) != 100 {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutTurn is a turn with one key written, and its commit.
func BenchmarkPutTurn(b *testing.B) {
	d := openBench(b)
	entry := []abi.Field{{Name: "key", Value: "value"}}
	for b.Loop() {
		if err := d.Put(entry); err != nil {
			b.Fatal(err)
		}
		if err := d.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenMemory reports what an open database costs in memory, by the process's own account.
func BenchmarkOpenMemory(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		const n = 200
		before := resident()
		var open [n]*DB
		for i := range open {
			d, err := Open(filepath.Join(dir, fmt.Sprint(i, ".sqlite")))
			if err != nil {
				b.Fatal(err)
			}
			fill(b, d)
			open[i] = d
		}
		b.ReportMetric(float64(resident()-before)/n/1024, "KB/open")
		for _, d := range open {
			d.Idle()
		}
		b.ReportMetric(float64(resident()-before)/n/1024, "KB/idle")
		for _, d := range open {
			d.Close()
		}
	}
}

// resident returns the size of the process in memory, on Linux; elsewhere 0.
func resident() (bytes int64) {
	runtime.GC()
	f, err := os.Open("/proc/self/statm")
	if err != nil {
		return 0
	}
	defer f.Close()
	var total, pages int64
	fmt.Fscan(f, &total, &pages)
	return pages * int64(os.Getpagesize())
}
