package main

import (
	"math/big"
	"strings"
)

// The limits and the errors of D1.
func init() {
	group(workerCases, "d1 limit", map[string]func(c *call) (any, error){
		"100 parameters":             d1Runs(q("SELECT 50 IN ("+copies(100, "?", ", ")+") AS found", numbers(100)...)),
		"101 parameters":             d1Runs(q("SELECT 50 IN ("+copies(101, "?", ", ")+") AS found", numbers(101)...)),
		"parameter ?101":             d1Runs(q("SELECT ?101", 1)),
		"statement of 100,000 bytes": d1Runs("SELECT 1 AS one /*" + strings.Repeat("x", 100_000-20) + "*/"),
		"statement of 100,001 bytes": d1Runs("SELECT 1 AS one /*" + strings.Repeat("x", 100_001-20) + "*/"),
		"text of 2 MB":               d1Runs(q("SELECT length(?) AS n", strings.Repeat("x", 2_000_000))),
		"blob over the limit": d1Runs(
			"SELECT length(zeroblob(8000000)) AS n", "SELECT length(zeroblob(9000000)) AS n", "SELECT length(randomblob(9000000)) AS n",
		),
		"row over the limit": d1Runs(
			"CREATE TABLE dl_row (a, b)", "INSERT INTO dl_row VALUES (zeroblob(900000), zeroblob(900000))",
			"INSERT INTO dl_row VALUES (zeroblob(5000000), zeroblob(5000000))", "SELECT count(*) AS n FROM dl_row",
		),
		"text made too long": d1Runs(
			"SELECT length(hex(zeroblob(1000000))) AS n", "SELECT length(hex(zeroblob(4500000))) AS n",
			"SELECT length(replace(hex(zeroblob(1500000)), '0', 'xxxx')) AS n",
		),
		"100 columns":             d1Runs("CREATE TABLE dl_c100 (" + counted(100, "c", ", ") + ")"),
		"101 columns":             d1Runs("CREATE TABLE dl_c101 (" + counted(101, "c", ", ") + ")"),
		"101 columns in a result": d1Runs("SELECT " + counted(101, "", ", ")),
		"ADD COLUMN to 100":       d1Runs("CREATE TABLE dl_add ("+counted(100, "c", ", ")+")", "ALTER TABLE dl_add ADD COLUMN more"),
		"LIKE pattern": d1Runs(
			q("SELECT 'x' LIKE ? AS y", strings.Repeat("x", 50)), q("SELECT 'x' LIKE ? AS y", strings.Repeat("x", 51)),
			q("SELECT 'x' GLOB ? AS y", strings.Repeat("x", 51)), q("SELECT 'x' LIKE ? AS y", strings.Repeat("ä", 26)),
		),
		"depth of an expression": d1Runs(
			"SELECT "+strings.Repeat("(", 20)+"1"+strings.Repeat(")", 20)+" AS one", "SELECT "+counted(99, "", "+")+" AS n",
			"SELECT "+counted(102, "", "+")+" AS n",
		),
		"compound SELECT":         d1Runs(copies(5, "SELECT 1", " UNION ALL "), copies(6, "SELECT 1", " UNION ALL ")),
		"arguments of a function": d1Runs("SELECT max("+counted(127, "", ", ")+") AS n", "SELECT max("+counted(128, "", ", ")+") AS n"),
		"large blob there and back": func(c *call) (any, error) {
			var b []byte
			_, err := q("SELECT ? AS b", pattern(100_000)).First(c.ctx, &b)
			return b, err
		},
	})
	group(workerCases, "d1 error", map[string]func(c *call) (any, error){
		"syntax": d1Runs("SELECT FROM", "SELECT 1 +", "SELECT 'open", "SELECT 1 2", "CREATE TABLE (a)", "INSERT INTO", "SELECT #", "?"),
		"no such thing": d1Runs(
			"SELECT nope", "SELECT nope()", "SELECT * FROM main.nope", "SELECT * FROM other.nope", "DROP TABLE nope", "DROP INDEX nope",
			"ALTER TABLE nope ADD COLUMN a", "SELECT 1 COLLATE nope", "INSERT INTO nope VALUES (1)",
		),
		"columns": d1Runs(
			"CREATE TABLE de_col (a, b)", "INSERT INTO de_col VALUES (1)", "INSERT INTO de_col (a) VALUES (1, 2)", "INSERT INTO de_col (c) VALUES (1)",
			"SELECT a FROM de_col AS x, de_col AS y", "UPDATE de_col SET c = 1", "ALTER TABLE de_col ADD COLUMN a", "ALTER TABLE de_col DROP COLUMN c",
			"CREATE TABLE de_dup (a, a)",
		),
		"functions": d1Runs(
			"SELECT abs()", "SELECT abs(1, 2)", "SELECT sum(max(1))", "SELECT 1 WHERE sum(1) > 0", "SELECT abs(-9223372036854775808)",
			"SELECT json('{')", "SELECT json_extract('{}', 'bad')", "SELECT json_object('a')",
		),
		"exists already": d1Runs(
			"CREATE TABLE de_twice (a)", "CREATE TABLE de_twice (a)", "CREATE TABLE IF NOT EXISTS de_twice (a)", "CREATE INDEX de_twice ON de_twice (a)",
			"CREATE VIEW de_twice AS SELECT 1",
		),
		"CHECK": d1Runs(
			"CREATE TABLE de_check (a CHECK (a > 0), b CONSTRAINT small CHECK (b < 9))", "INSERT INTO de_check VALUES (0, 1)",
			"INSERT INTO de_check VALUES (1, 9)",
		),
		"PRIMARY KEY": d1Runs(
			"CREATE TABLE de_key (a INTEGER PRIMARY KEY, b)", "INSERT INTO de_key VALUES (1, 1)", "INSERT INTO de_key VALUES (1, 2)",
			"INSERT INTO de_key VALUES ('x', 2)", "CREATE TABLE de_key2 (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID",
			"INSERT INTO de_key2 VALUES (1, 2), (1, 2)", "INSERT INTO de_key2 VALUES (NULL, 2)",
		),
		"unique index": d1Runs(
			"CREATE TABLE de_uni (a, b)", "CREATE UNIQUE INDEX de_uni_ab ON de_uni (a, lower(b))", "INSERT INTO de_uni VALUES (1, 'x')",
			"INSERT INTO de_uni VALUES (1, 'X')", "INSERT OR IGNORE INTO de_uni VALUES (1, 'X')", "SELECT count(*) AS n FROM de_uni",
		),
		"foreign key of a parent": d1Runs(
			"CREATE TABLE de_p (id INTEGER PRIMARY KEY)", "CREATE TABLE de_c (p REFERENCES de_p (id))", "INSERT INTO de_p VALUES (1)",
			"INSERT INTO de_c VALUES (1)", "DELETE FROM de_p", "DROP TABLE de_p", "UPDATE de_p SET id = 2", "PRAGMA foreign_key_check",
		),
		"foreign key that cascades": d1Runs(
			"CREATE TABLE de_cp (id INTEGER PRIMARY KEY)", "CREATE TABLE de_cc (p REFERENCES de_cp (id) ON DELETE CASCADE)",
			"INSERT INTO de_cp VALUES (1)", "INSERT INTO de_cc VALUES (1)", "DELETE FROM de_cp", "SELECT count(*) AS n FROM de_cc",
		),
		"STRICT": d1Runs(
			"CREATE TABLE de_strict (a INTEGER, b TEXT) STRICT", "INSERT INTO de_strict VALUES ('x', 'y')", "INSERT INTO de_strict VALUES (1.5, 'y')",
			"INSERT INTO de_strict VALUES (1, x'00')", q("INSERT INTO de_strict VALUES (?, ?)", 1, "y"), "CREATE TABLE de_strict2 (a VARCHAR) STRICT",
		),
		"RAISE": d1Runs(
			"CREATE TABLE de_raise (a)",
			"CREATE TRIGGER de_raise_t BEFORE INSERT ON de_raise WHEN new.a < 0 BEGIN SELECT RAISE(ABORT, 'a must not be negative'); END",
			"INSERT INTO de_raise VALUES (1), (-1)", "SELECT count(*) AS n FROM de_raise",
		),
		"parameters": d1Runs(
			q("SELECT ? + ? AS n", 1), q("SELECT ?2 AS n", 1, 2), q("SELECT ?1 AS a, ?1 AS b", 7), q("SELECT :name AS n", 7),
			q("SELECT @a AS a, $b AS b", 1, 2), "SELECT ? AS n", q("SELECT 1", 1), q("SELECT ?1 + ?3 AS n", 1, 2, 3),
		),
		"types that cannot be bound":      d1Runs(q("SELECT ?", []string{"a"}), q("SELECT ?", object{"a": 1}), q("SELECT ?", big.NewInt(9))),
		"two statements with a parameter": d1Runs(q("SELECT ?; SELECT ? AS n", 1), q("SELECT 1; SELECT ? AS n", 2)),
		"a later statement":               d1Runs("SELECT 1; SELEC 2", "SELECT 1; SELECT * FROM nope; SELECT 3"),
		"only comments":                   d1Runs("-- nothing", "/* nothing */", ";", "  \n", "SELECT 1 AS one -- and a comment", "-- first\nSELECT 1 AS one"),
		"virtual tables": d1Runs(
			"CREATE VIRTUAL TABLE de_v USING nope (a)", "CREATE VIRTUAL TABLE de_csv USING csv (filename='/etc/passwd')", "SELECT * FROM dbstat",
		),
	})
}
