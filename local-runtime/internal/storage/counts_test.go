package storage

import "testing"

// TestRowCountsOfPlainStatements holds the counts of workerd 2026-11-17 for statements run in this order, where the
// estimate is meant to be right.
func TestRowCountsOfPlainStatements(t *testing.T) {
	d := open(t, "")
	for _, q := range []string{
		"CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)", "CREATE TABLE u (a TEXT UNIQUE, b, c)", "CREATE INDEX ub ON u (b)",
		"CREATE TABLE w (k TEXT PRIMARY KEY, v) WITHOUT ROWID", "CREATE TABLE p (a, b)", "CREATE TABLE x (a)",
	} {
		run(t, d, q)
	}
	for _, c := range []struct {
		query         string
		read, written uint64
	}{
		{"INSERT INTO t (v) VALUES ('b'),('c'),('d')", 0, 3},
		{"INSERT INTO u VALUES ('a',1,1)", 0, 3},
		{"INSERT INTO u VALUES ('b',2,2),('c',3,3)", 0, 6},
		{"INSERT INTO w VALUES ('a',1),('b',2)", 0, 2},
		{"INSERT INTO p VALUES (1,1),(2,2),(3,3),(4,4),(5,5)", 0, 5},
		{"SELECT 1", 0, 0},
		{"SELECT * FROM p", 5, 0},
		{"SELECT * FROM x", 1, 0},
		{"SELECT * FROM p LIMIT 2", 2, 0},
		{"SELECT * FROM p WHERE a = 3", 5, 0},
		{"SELECT sum(a) FROM p", 5, 0},
		{"SELECT * FROM p ORDER BY b", 10, 0},
		{"SELECT * FROM t WHERE id = 2", 1, 0},
		{"SELECT * FROM t WHERE id = 999", 1, 0},
		{"SELECT * FROM u WHERE a = 'b'", 1, 0},
		{"SELECT * FROM w WHERE k = 'a'", 1, 0},
		{"PRAGMA table_info(t)", 0, 0},
		{"UPDATE t SET v = 'z' WHERE id = 1", 1, 1},
		{"UPDATE t SET v = 'z' WHERE id = 999", 1, 0},
		{"UPDATE t SET v = 'q'", 3, 3},
		{"UPDATE u SET c = 5 WHERE a = 'a'", 1, 1},
		{"UPDATE u SET b = 5 WHERE a = 'a'", 1, 2},
		{"DELETE FROM u WHERE a = 'b'", 1, 1},
		{"DELETE FROM t WHERE id = 1", 1, 1},
		{"DELETE FROM p WHERE a > 3", 5, 2},
		{"DELETE FROM p", 0, 3},
		{"CREATE INDEX pa ON p (a)", 0, 0},
		{"INSERT INTO p VALUES (1,1),(2,2),(3,3),(4,4),(5,5)", 0, 10},
	} {
		_, p, err := d.Exec(c.query, nil, 100)
		must(t, err)
		if c.query[:6] != "CREATE" && (p.RowsRead != c.read || p.RowsWritten != c.written) {
			t.Errorf("%s: read %d, written %d; want %d, %d", c.query, p.RowsRead, p.RowsWritten, c.read, c.written)
		}
	}
}
