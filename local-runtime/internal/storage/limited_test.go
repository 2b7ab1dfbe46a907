package storage

import (
	"testing"

	"grove.place/lattice/internal/abi"
)

func TestRewritingALimitCannotWidenAStatement(t *testing.T) {
	for _, q := range []string{
		"DELETE FROM t WHERE a = 1 LIMIT 1) OR (1",
		"DELETE FROM t LIMIT 1) OR (1 = 1",
		"DELETE FROM t ORDER BY a LIMIT 1 -- ) OR (1\n) OR (1",
		"UPDATE t SET a = 5 LIMIT 1) OR (1",
		"DELETE FROM t LIMIT 1 /*",
		"DELETE FROM t LIMIT 1 /* */ -- )",
		"DELETE FROM t LIMIT 1; DELETE FROM t WHERE 0",
	} {
		d := open(t, "")
		run(t, d, "CREATE TABLE t (a)")
		run(t, d, "INSERT INTO t VALUES (1), (2), (3)")
		d.Exec(q, nil, 0)
		if left := run(t, d, "SELECT count(*) FROM t WHERE a <> 5")[0][0].(int64); left < 2 {
			t.Errorf("%s: %d rows left", q, left)
		}
	}
}

func TestALimitedStatementIsCachedAndKeepsItsParameters(t *testing.T) {
	d := open(t, "")
	run(t, d, "CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
	run(t, d, "INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, 'y'), (4, 'x')")
	for _, want := range []int64{4, 2, 1} {
		got := run(t, d, "DELETE FROM t WHERE b = ? RETURNING a, ? ORDER BY a DESC LIMIT ?", "x", "tag", int64(1))
		equal(t, "row", got, [][]abi.Value{{want, "tag"}})
	}
	equal(t, "left", run(t, d, "SELECT a FROM t"), [][]abi.Value{{int64(3)}})
}
