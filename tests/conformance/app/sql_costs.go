package main

// costs are the cases that count the rows read and written by each statement.
var costs = map[string][]string{
	"insert and select": {
		createT,
		fillT,
		"SELECT * FROM t",
		"SELECT a FROM t WHERE id=2",
		"SELECT count(*) FROM t",
		"UPDATE t SET a='w' WHERE id=1",
		"DELETE FROM t WHERE id=2",
		"DELETE FROM t",
	},
	"index": {
		"CREATE TABLE i(a INTEGER PRIMARY KEY, b)",
		"INSERT INTO i VALUES (1,1),(2,2),(3,3)",
		"CREATE INDEX ib ON i(b)",
		"INSERT INTO i VALUES (4,4)",
		"SELECT a FROM i WHERE b=2",
		"UPDATE i SET b=9 WHERE a=1",
		"DELETE FROM i WHERE a=2",
		"SELECT * FROM i ORDER BY b DESC",
		"DELETE FROM i",
	},
	"text key": {
		"CREATE TABLE k(k TEXT PRIMARY KEY, v)",
		"INSERT INTO k VALUES ('a',1)",
		"INSERT INTO k VALUES ('a',1) ON CONFLICT DO NOTHING",
		"SELECT v FROM k WHERE k='a'",
	},
	"without rowid": {
		"CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID",
		"INSERT INTO w VALUES ('b',1),('a',2)",
		"SELECT * FROM w",
	},
	"returning": {
		createT,
		fillT,
		"INSERT INTO t(a) VALUES ('r'),('s') RETURNING id, a",
		"DELETE FROM t RETURNING a",
	},
	"join and sort": {
		createT,
		fillT,
		"SELECT * FROM t ORDER BY b",
		"SELECT * FROM t x, t y",
	},
}
