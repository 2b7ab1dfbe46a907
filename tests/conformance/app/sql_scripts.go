package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// statement is SQL text followed by its bindings.
type statement []any

const (
	createT = "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL)"
	fillT   = "INSERT INTO t(a,b) VALUES ('x',1.5),('y',2.5),('z',NULL)"
	five    = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5) "
)

func repeat(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+",", n), ",") }

func ones(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

func numbered(prefix string, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(prefix, i)
	}
	return strings.Join(names, ",")
}

// scripts are the cases that are a list of statements, each shown with its columns and rows, or its error.
var scripts = map[string][]statement{
	"create, insert, select": {
		{createT},
		{fillT},
		{"SELECT * FROM t"},
		{"SELECT a FROM t WHERE id=2"},
		{"SELECT count(*) AS n FROM t"},
	},
	"update and delete": {
		{createT},
		{fillT},
		{"UPDATE t SET a='w' WHERE id=1"},
		{"DELETE FROM t WHERE id=2"},
		{"SELECT id, a FROM t"},
		{"DELETE FROM t"},
		{"SELECT count(*) FROM t"},
	},
	"returning": {
		{createT},
		{fillT},
		{"INSERT INTO t(a) VALUES ('r'),('s') RETURNING id, a"},
		{"UPDATE t SET b=0 RETURNING id"},
		{"DELETE FROM t WHERE id>3 RETURNING a"},
	},
	"upsert": {
		{"CREATE TABLE u(k TEXT PRIMARY KEY, n)"},
		{"INSERT INTO u VALUES ('a',1) ON CONFLICT(k) DO UPDATE SET n=n+1"},
		{"INSERT INTO u VALUES ('a',1) ON CONFLICT(k) DO UPDATE SET n=n+1"},
		{"INSERT INTO u VALUES ('a',1) ON CONFLICT DO NOTHING"},
		{"SELECT * FROM u"},
	},
	"without rowid": {
		{"CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID"},
		{"INSERT INTO w VALUES ('b',1),('a',2)"},
		{"SELECT * FROM w"},
	},
	"strict": {
		{"CREATE TABLE s(a INTEGER, b TEXT) STRICT"},
		{"INSERT INTO s VALUES (1,'x')"},
		{"INSERT INTO s VALUES ('no','x')"},
		{"SELECT * FROM s"},
	},
	"result types": {
		{"SELECT 1, 1.5, 'text', x'00ff', NULL, 1=1, true, 9007199254740991, 1e300, ''"},
		{"SELECT 9007199254740993, 9223372036854775807, -9223372036854775808"},
	},
	"bound types": {
		{"SELECT typeof(?), typeof(?), typeof(?), typeof(?), typeof(?)", 1, 1.5, "s", []byte{1}, nil},
		{"SELECT ?, ?, ?, ?, ?", 1, 1.5, "s", []byte{1}, nil},
		{"SELECT ?, ?", math.Inf(1), math.Inf(-1)},
		{"SELECT ?", math.NaN()},
		{"SELECT typeof(?), ?", []byte{}, []byte{}},
		{"SELECT ?, length(?)", "a\u0000b", "💥é"},
	},
	"bound integers and affinity": {
		{"CREATE TABLE a(i INTEGER, r REAL, t TEXT, n NUMERIC, b BLOB, x)"},
		{"INSERT INTO a VALUES (?,?,?,?,?,?)", 1, 1, 1, 1, 1, 1},
		{"SELECT typeof(i), typeof(r), typeof(t), typeof(n), typeof(b), typeof(x), t, x FROM a"},
		{"SELECT ? = 1, ? / 2, 3 / ?", 1, 3, 2},
	},
	"large bound integers": {
		{"SELECT ?, typeof(?)", 9007199254740991, -9007199254740991},
	},
	"bound boolean": {
		{"SELECT ?, typeof(?)", true, false},
	},
	"bound date": {
		{"SELECT typeof(?)", time.UnixMilli(1000)},
	},
	"numbered and named parameters": {
		{"SELECT ?2, ?1", "a", "b"},
		{"SELECT :x, @y", 1, 2},
		{"SELECT ?1, ?1", "a"},
	},
	"too few bindings": {
		{"SELECT ?, ?", 1},
	},
	"too many bindings": {
		{"SELECT ?", 1, 2},
		{"SELECT 1", 1},
	},
	"unicode": {
		{"SELECT ?, upper('é'), length('💥'), 'größe' LIKE 'GRÖSSE'", "naïve 💥"},
	},
	"duplicate column names": {
		{"SELECT 1 AS a, 2 AS a, 3 AS b"},
	},
	"unnamed columns": {
		{"SELECT 1+1, max(2,3), 'x' || 'y'"},
		{createT},
		{fillT},
		{"SELECT t.a, count(*) FROM t GROUP BY a ORDER BY 1"},
	},
	"no columns": {
		{"CREATE TABLE e(a)"},
		{"DROP TABLE e"},
	},
	"no rows": {
		{createT},
		{fillT},
		{"SELECT a, b FROM t WHERE 0"},
	},
	"several statements": {
		{"CREATE TABLE m(a); INSERT INTO m VALUES (1); INSERT INTO m VALUES (2); SELECT a FROM m"},
		{"INSERT INTO m VALUES (7); SELECT a FROM m WHERE a > ?", 1},
		{"SELECT 1; -- a comment"},
		{"SELECT 1;;"},
	},
	"several statements with early parameters": {
		{"CREATE TABLE m2(a)"},
		{"INSERT INTO m2 VALUES (?); SELECT 1", 1},
		{"SELECT count(*) FROM m2"},
	},
	"several statements, the second fails": {
		{"CREATE TABLE m3(a)"},
		{"INSERT INTO m3 VALUES (1); INSERT INTO nope VALUES (2); INSERT INTO m3 VALUES (3)"},
		{"SELECT a FROM m3"},
	},
	"empty": {
		{""},
		{";"},
		{"-- only a comment"},
		{"   \n"},
	},
	"syntax errors": {
		{"SELEC 1"},
		{"SELECT FROM"},
		{"SELECT 'unclosed"},
		{"SELECT 1 1"},
		{"CREATE TABLE"},
		{"SELECT )"},
	},
	"missing names": {
		{"SELECT * FROM nope"},
		{"SELECT nope"},
		{"INSERT INTO nope VALUES (1)"},
		{"DROP TABLE nope"},
		{"SELECT nope(1)"},
		{createT},
		{fillT},
		{"SELECT c FROM t"},
		{"INSERT INTO t(c) VALUES (1)"},
		{"INSERT INTO t VALUES (1)"},
	},
	"duplicate names": {
		{createT},
		{fillT},
		{"CREATE TABLE t(a)"},
		{"CREATE TABLE IF NOT EXISTS t(a)"},
		{"CREATE TABLE d(a, a)"},
		{"CREATE INDEX x ON t(a)"},
		{"CREATE INDEX x ON t(b)"},
	},
	"constraints": {
		{"CREATE TABLE p(id INTEGER PRIMARY KEY)"},
		{"CREATE TABLE c(u UNIQUE, n NOT NULL, k CHECK(k>0), f REFERENCES p(id))"},
		{"INSERT INTO p VALUES (1)"},
		{"INSERT INTO c VALUES (1,1,1,1)"},
		{"INSERT INTO c VALUES (1,1,1,1)"},
		{"INSERT INTO c VALUES (2,NULL,1,1)"},
		{"INSERT INTO c VALUES (3,1,0,1)"},
		{"INSERT INTO c VALUES (4,1,1,99)"},
		{"INSERT INTO p VALUES (1)"},
		{"DELETE FROM p"},
		{"SELECT * FROM c"},
	},
	"transactions refused": {
		{"BEGIN"},
		{"COMMIT"},
		{"ROLLBACK"},
		{"SAVEPOINT s"},
		{"RELEASE s"},
		{"BEGIN IMMEDIATE"},
	},
	"attach refused": {
		{"ATTACH 'x.db' AS x"},
		{"DETACH x"},
		{"VACUUM"},
	},
	"temporary objects refused": {
		{"CREATE TEMP TABLE x(a)"},
		{"CREATE TEMPORARY VIEW v AS SELECT 1"},
		{"CREATE TABLE temp.x(a)"},
	},
	"reserved names refused": {
		{"CREATE TABLE _cf_x(a)"},
		{"CREATE TABLE _CF_X(a)"},
		{"SELECT * FROM _cf_KV"},
		{"CREATE TABLE ok(_cf_col)"},
		{"CREATE INDEX _cf_i ON ok(_cf_col)"},
		{"CREATE VIEW _cf_v AS SELECT 1"},
		{"ALTER TABLE ok RENAME TO _cf_ok"},
		{"CREATE TABLE sqlite_x(a)"},
	},
	"pragmas allowed": {
		{"CREATE TABLE q(a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x')"},
		{"CREATE INDEX qb ON q(b)"},
		{"PRAGMA table_info(q)"},
		{"PRAGMA index_list(q)"},
		{"PRAGMA index_info(qb)"},
		{"PRAGMA foreign_keys"},
		{"PRAGMA page_size"},
		{"PRAGMA case_sensitive_like"},
		{"PRAGMA foreign_key_list(q)"},
		{"PRAGMA quick_check"},
		{"SELECT name FROM pragma_table_info('q')"},
		{"PRAGMA defer_foreign_keys"},
	},
	"pragmas refused": {
		{"PRAGMA journal_mode"},
		{"PRAGMA user_version"},
		{"PRAGMA page_count"},
		{"PRAGMA compile_options"},
		{"PRAGMA integrity_check"},
		{"PRAGMA writable_schema=1"},
		{"PRAGMA cache_size=1"},
		{"PRAGMA page_size=1024"},
		{"PRAGMA synchronous=0"},
		{"PRAGMA database_list"},
	},
	"functions refused": {
		{"SELECT sqlite_version()"},
		{"SELECT sqlite_source_id()"},
		{"SELECT log10(100)"},
		{"SELECT ceiling(1.5)"},
		{"SELECT power(2,3)"},
		{"SELECT load_extension('x')"},
		{"SELECT sqlite_compileoption_used('x')"},
		{"SELECT readfile('/etc/passwd')"},
	},
	"functions allowed": {
		{"SELECT abs(-1), hex('a'), instr('abc','b'), printf('%d-%s',1,'x'), replace('aa','a','b'), round(1.25,1), trim(' x '), unicode('a'), coalesce(NULL,1), iif(1,2,3), nullif(1,1), quote('it''s'), substr('hello',2,3), typeof(1), sign(-2)"},
		{"SELECT ceil(1.2), floor(1.8), mod(7,3), pow(2,8), sqrt(9), exp(0), ln(1), log(100), log2(8), trunc(1.7), round(pi(),4)"},
		{"SELECT date('2024-02-30'), datetime(0,'unixepoch'), strftime('%Y','2024-01-01'), julianday('2000-01-01'), unixepoch('1970-01-02')"},
		{"SELECT concat('a',1,NULL), concat_ws('-','a','b'), group_concat(x), string_agg(x,'+') FROM (SELECT 1 AS x UNION ALL SELECT 2)"},
	},
	"JSON": {
		{`SELECT json('{"a": [1,2]}'), json_extract('{"a":[1,2]}','$.a[1]'), '{"a":5}'->>'a', json_array(1,'x'), json_object('k',NULL), json_type('[]'), json_valid('{'), json_set('{}','$.z',1)`},
		{"SELECT key, value FROM json_each('[10,20]')"},
		{"SELECT json('{')"},
		{"SELECT json_group_array(i) FROM (SELECT 1 AS i UNION SELECT 2)"},
	},
	"common table expressions": {
		{five + "SELECT sum(i), group_concat(i) FROM n"},
		{five + "SELECT i, row_number() OVER (ORDER BY i DESC) AS r, sum(i) OVER (ORDER BY i) AS s FROM n ORDER BY i"},
	},
	"joins and subqueries": {
		{createT},
		{fillT},
		{"SELECT x.a, y.a FROM t x JOIN t y ON x.id=y.id+1"},
		{"SELECT (SELECT max(b) FROM t) AS m, EXISTS(SELECT 1 FROM t WHERE a='q') AS e"},
		{"SELECT a FROM t WHERE id IN (1,3) ORDER BY a DESC LIMIT 1 OFFSET 1"},
	},
	"views and triggers": {
		{createT},
		{fillT},
		{"CREATE VIEW v AS SELECT a FROM t WHERE b IS NOT NULL"},
		{"SELECT * FROM v"},
		{"CREATE TABLE log(m)"},
		{"CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END"},
		{"INSERT INTO t(a) VALUES ('q')"},
		{"SELECT * FROM log"},
		{"DROP TRIGGER tr"},
		{"DROP VIEW v"},
	},
	"raise in a trigger": {
		{createT},
		{fillT},
		{"CREATE TRIGGER tr BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'keep them'); END"},
		{"DELETE FROM t"},
		{"SELECT count(*) FROM t"},
	},
	"alter table": {
		{createT},
		{fillT},
		{"ALTER TABLE t ADD COLUMN c DEFAULT 7"},
		{"ALTER TABLE t RENAME COLUMN a TO aa"},
		{"ALTER TABLE t DROP COLUMN b"},
		{"SELECT * FROM t WHERE id=1"},
		{"ALTER TABLE t RENAME TO tt"},
		{"SELECT count(*) FROM tt"},
	},
	"full text": {
		{"CREATE VIRTUAL TABLE f USING fts5(body)"},
		{"INSERT INTO f VALUES ('the quick fox'),('a lazy dog')"},
		{"SELECT body FROM f WHERE f MATCH 'quick'"},
		{"SELECT highlight(f,0,'<','>') FROM f WHERE f MATCH 'dog'"},
		{"CREATE VIRTUAL TABLE g USING csv(x)"},
		{"CREATE VIRTUAL TABLE h USING dbstat"},
	},
	"rtree": {
		{"CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)"},
		{"INSERT INTO r VALUES (1, 0, 5), (2, 4, 9)"},
		{"SELECT id FROM r WHERE x0 < 1"},
	},
	"generated columns": {
		{"CREATE TABLE g(a INTEGER, b AS (a*2), c AS (a+1) STORED)"},
		{"INSERT INTO g VALUES (3)"},
		{"SELECT * FROM g"},
	},
	"update with order and limit": {
		{createT},
		{fillT},
		{"UPDATE t SET b=9 ORDER BY id DESC LIMIT 1"},
		{"DELETE FROM t ORDER BY id LIMIT 1"},
		{"SELECT id, b FROM t"},
	},
	"autoincrement": {
		{"CREATE TABLE ai(id INTEGER PRIMARY KEY AUTOINCREMENT, a)"},
		{"INSERT INTO ai(a) VALUES (1)"},
		{"DELETE FROM ai"},
		{"INSERT INTO ai(a) VALUES (2)"},
		{"SELECT id FROM ai"},
		{"SELECT * FROM sqlite_sequence"},
		{"SELECT last_insert_rowid(), changes()"},
	},
	"foreign key cascade": {
		{"CREATE TABLE p(id INTEGER PRIMARY KEY)"},
		{"CREATE TABLE c(pid REFERENCES p(id) ON DELETE CASCADE)"},
		{"INSERT INTO p VALUES (1)"},
		{"INSERT INTO c VALUES (1)"},
		{"DELETE FROM p"},
		{"SELECT count(*) FROM c"},
	},
	"limit: parameters": {
		append(statement{"SELECT max(" + repeat("?", 100) + ")"}, ones(100)...),
		append(statement{"SELECT max(" + repeat("?", 101) + ")"}, ones(101)...),
		{"SELECT ?101"},
	},
	"limit: columns": {
		{"CREATE TABLE big(" + numbered("c", 101) + ")"},
		{"SELECT " + repeat("1", 101)},
	},
	"limit: pattern": {
		{"SELECT 'a' LIKE ?", strings.Repeat("a", 50)},
		{"SELECT 'a' LIKE ?", strings.Repeat("a", 51)},
		{"SELECT 'a' GLOB ?", strings.Repeat("a", 51)},
	},
	"limit: compound select": {
		{"SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5"},
		{"SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"},
	},
	"limit: expression depth": {
		{"SELECT " + strings.Repeat("(", 90) + "1" + strings.Repeat(")", 90)},
		{"SELECT " + strings.Repeat("1+", 120) + "1"},
	},
	"limit: function arguments": {
		{"SELECT max(" + repeat("1", 127) + ")"},
		{"SELECT max(" + repeat("1", 128) + ")"},
	},
	"limit: statement": {
		{"SELECT '" + strings.Repeat("x", 100001) + "'"},
	},
	"limit: value": {
		{"CREATE TABLE v(a)"},
		{"INSERT INTO v VALUES (?)", make([]byte, 9000000)},
		{"SELECT length(zeroblob(8388000))"},
		{"SELECT zeroblob(9000000)"},
		{"SELECT count(*) FROM v"},
	},
}
