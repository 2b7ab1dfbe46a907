package storage

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"grove.place/lattice/internal/abi"
)

// TestMain turns the test binary into the writer that TestKilledProcessLosesNothingCommitted kills.
func TestMain(m *testing.M) {
	if path := os.Getenv("STORAGE_WRITER"); path != "" {
		writeForever(path)
	}
	os.Exit(m.Run())
}

// writeForever writes numbered turns, each to a table and to a key, and prints a turn's number once it is committed.
func writeForever(path string) {
	d, err := Open(path)
	check(err)
	_, _, err = d.Exec("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, x)", nil, 0)
	check(err)
	_, p, err := d.Exec("SELECT coalesce(max(n), 0) FROM t", nil, 1)
	check(err)
	for n := p.Rows[0][0].(int64) + 1; ; n++ {
		_, _, err = d.Exec("INSERT INTO t VALUES (?, randomblob(?))", []abi.Value{n, rand.N(int64(9000))}, 0)
		check(err)
		check(d.Put([]abi.Field{{Name: "n", Value: n}}))
		check(d.Commit())
		if n%50 == 0 {
			d.Idle()
		}
		fmt.Println(n)
	}
}

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func TestKilledProcessLosesNothingCommitted(t *testing.T) {
	path := file(t)
	last := int64(0)
	for range 8 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), "STORAGE_WRITER="+path)
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		lines := bufio.NewScanner(out)
		for left := 1 + rand.IntN(120); left > 0 && lines.Scan(); left-- {
			last = number(t, lines.Text())
		}
		c.Process.Kill()
		for lines.Scan() { // what it said before it died
			last = number(t, lines.Text())
		}
		c.Wait()
		d := open(t, path)
		rows := run(t, d, "SELECT max(n), count(*), (SELECT quick_check FROM pragma_quick_check) FROM t")
		n := rows[0][0].(int64)
		kept, err := d.Get(strs("n"))
		must(t, err)
		if n < last || n > last+1 || rows[0][1] != n || rows[0][2] != "ok" || len(kept) != 1 || kept[0].Value != n {
			t.Fatalf("committed up to %d, found %v and %v", last, rows, kept)
		}
		must(t, d.Close())
	}
}

func number(t *testing.T, line string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		t.Fatalf("the writer said %q", line)
	}
	return n
}

func TestFullDiskBreaksTheObjectAndLosesNothingCommitted(t *testing.T) {
	path := file(t)
	d := open(t, path)
	run(t, d, "CREATE TABLE t (a)")
	must(t, d.Put([]abi.Field{{Name: "k", Value: int64(1)}}))
	must(t, d.Commit())
	must(t, d.run("PRAGMA max_page_count=8"))
	must(t, d.Put([]abi.Field{{Name: "k", Value: int64(2)}}))
	_, _, err := d.Exec("INSERT INTO t VALUES (randomblob(100000))", nil, 0)
	if err == nil || err.Error() != "database or disk is full: SQLITE_FULL" || d.Broken() == nil {
		t.Fatalf("%v, broken %v", err, d.Broken())
	}
	if _, _, err := d.Exec("SELECT 1", nil, 1); err == nil {
		t.Error("a broken object goes on")
	}
	must(t, d.Close())
	d = open(t, path)
	got, err := d.Get(strs("k"))
	must(t, err)
	equal(t, "value", got[0].Value, int64(1))
}

func TestInterruptStopsAStatement(t *testing.T) {
	d := open(t, file(t))
	started := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	done := make(chan struct{})
	go func() {
		defer wg.Done()
		<-started
		for { // the statement may not have begun when the first interrupt comes
			select {
			case <-done:
				return
			default:
				d.Interrupt()
			}
		}
	}()
	run(t, d, "SELECT 1")
	close(started)
	_, _, err := d.Exec("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c", nil, 1)
	close(done)
	wg.Wait()
	if err == nil || err.Error() != "interrupted: SQLITE_INTERRUPT" {
		t.Error(err)
	}
	run(t, d, "SELECT 1")
}

func TestIdleClosesAndReopensUnseen(t *testing.T) {
	d := open(t, file(t))
	must(t, d.SetName("n"))
	must(t, d.Put([]abi.Field{{Name: "k", Value: int64(1)}}))
	d.Idle()
	if d.conn == nil {
		t.Fatal("closed with a transaction open")
	}
	must(t, d.Commit())
	d.Idle()
	if d.conn != nil {
		t.Fatal("still open")
	}
	got, err := d.Get(strs("k"))
	must(t, err)
	equal(t, "value", got[0].Value, int64(1))
	run(t, d, "CREATE TABLE t (a)")
	run(t, d, "INSERT INTO t VALUES (1), (2)")
	must(t, d.Commit())
	_, p, err := d.Exec("SELECT * FROM t", nil, 1)
	must(t, err)
	d.Idle()
	if _, err := d.Next(p.Cursor, 5); err != nil {
		t.Error(err)
	}
	run(t, d, "PRAGMA foreign_keys=off")
	d.Idle()
	equal(t, "foreign_keys", run(t, d, "PRAGMA foreign_keys"), [][]abi.Value{{int64(0)}})
	equal(t, "name", d.Name(), "n")
}

func TestErrorsThatRollBackBreakTheObject(t *testing.T) {
	d := open(t, file(t))
	run(t, d, "CREATE TABLE t (a UNIQUE)")
	must(t, d.Commit())
	run(t, d, "INSERT INTO t VALUES (1)")
	_, _, err := d.Exec("INSERT OR ROLLBACK INTO t VALUES (1)", nil, 0)
	if err == nil || !strings.HasPrefix(err.Error(), "UNIQUE constraint failed") || d.Broken() == nil {
		t.Errorf("%v, broken %v", err, d.Broken())
	}
	if err := d.Commit(); err == nil {
		t.Error("committed what was rolled back")
	}
}
