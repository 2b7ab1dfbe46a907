// Cases about SQL in objects. A case is a list of statements, each executed and shown with its counts; or a function.
import { attempt, attemptSync, bytes, sleep } from "./show.mjs";

const db = (self) => self.ctx.storage.sql;

/** One statement: columns and rows in order; or the error. */
function exec(self, query, ...args) {
	return attemptSync(() => {
		const cursor = db(self).exec(query, ...args);
		return { columns: cursor.columnNames, rows: [...cursor.raw()] };
	});
}

/** What a statement cost: rows read and rows written. */
function counts(self, query) {
	return attemptSync(() => {
		const cursor = db(self).exec(query);
		cursor.toArray();
		return [cursor.rowsRead, cursor.rowsWritten];
	});
}
/** A case that shows each of the statements. */
export const script = (...statements) => (self) => statements.map((s) => Array.isArray(s) ? exec(self, ...s) : exec(self, s));

const five = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5) ";
const fill = ["CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL)", "INSERT INTO t(a,b) VALUES ('x',1.5),('y',2.5),('z',NULL)"];

const scripts = {
	"create, insert, select": [...fill, "SELECT * FROM t", "SELECT a FROM t WHERE id=2", "SELECT count(*) AS n FROM t"],
	"update and delete": [...fill, "UPDATE t SET a='w' WHERE id=1", "DELETE FROM t WHERE id=2", "SELECT id, a FROM t", "DELETE FROM t", "SELECT count(*) FROM t"],
	"returning": [...fill, "INSERT INTO t(a) VALUES ('r'),('s') RETURNING id, a", "UPDATE t SET b=0 RETURNING id", "DELETE FROM t WHERE id>3 RETURNING a"],
	"upsert": ["CREATE TABLE u(k TEXT PRIMARY KEY, n)", "INSERT INTO u VALUES ('a',1) ON CONFLICT(k) DO UPDATE SET n=n+1", "INSERT INTO u VALUES ('a',1) ON CONFLICT(k) DO UPDATE SET n=n+1", "INSERT INTO u VALUES ('a',1) ON CONFLICT DO NOTHING", "SELECT * FROM u"],
	"without rowid": ["CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID", "INSERT INTO w VALUES ('b',1),('a',2)", "SELECT * FROM w"],
	"strict": ["CREATE TABLE s(a INTEGER, b TEXT) STRICT", "INSERT INTO s VALUES (1,'x')", "INSERT INTO s VALUES ('no','x')", "SELECT * FROM s"],
	"result types": ["SELECT 1, 1.5, 'text', x'00ff', NULL, 1=1, true, 9007199254740991, 1e300, ''", "SELECT 9007199254740993, 9223372036854775807, -9223372036854775808"],
	"bound types": [["SELECT typeof(?), typeof(?), typeof(?), typeof(?), typeof(?)", 1, 1.5, "s", bytes(1), null], ["SELECT ?, ?, ?, ?, ?", 1, 1.5, "s", bytes(1), null], ["SELECT ?, ?", Infinity, -Infinity], ["SELECT ?", NaN], ["SELECT typeof(?), ?", bytes(), bytes()], ["SELECT ?, length(?)", "a\u0000b", "💥é"]],
	"bound integers and affinity": ["CREATE TABLE a(i INTEGER, r REAL, t TEXT, n NUMERIC, b BLOB, x)", ["INSERT INTO a VALUES (?,?,?,?,?,?)", 1, 1, 1, 1, 1, 1], "SELECT typeof(i), typeof(r), typeof(t), typeof(n), typeof(b), typeof(x), t, x FROM a", ["SELECT ? = 1, ? / 2, 3 / ?", 1, 3, 2]],
	"large bound integers": [["SELECT ?, typeof(?)", 9007199254740991, -9007199254740991]],
	"bound boolean": [["SELECT ?, typeof(?)", true, false]],
	"bound date": [["SELECT typeof(?)", new Date(1000)]],
	"numbered and named parameters": [["SELECT ?2, ?1", "a", "b"], ["SELECT :x, @y", 1, 2], ["SELECT ?1, ?1", "a"]],
	"too few bindings": [["SELECT ?, ?", 1]],
	"too many bindings": [["SELECT ?", 1, 2], ["SELECT 1", 1]],
	"unicode": [["SELECT ?, upper('é'), length('💥'), 'größe' LIKE 'GRÖSSE'", "naïve 💥"]],
	"duplicate column names": ["SELECT 1 AS a, 2 AS a, 3 AS b"],
	"unnamed columns": ["SELECT 1+1, max(2,3), 'x' || 'y'", ...fill, "SELECT t.a, count(*) FROM t GROUP BY a ORDER BY 1"],
	"no columns": ["CREATE TABLE e(a)", "DROP TABLE e"],
	"no rows": [...fill, "SELECT a, b FROM t WHERE 0"],
	"several statements": ["CREATE TABLE m(a); INSERT INTO m VALUES (1); INSERT INTO m VALUES (2); SELECT a FROM m", ["INSERT INTO m VALUES (7); SELECT a FROM m WHERE a > ?", 1], "SELECT 1; -- a comment", "SELECT 1;;"],
	"several statements with early parameters": [["CREATE TABLE m2(a)"], ["INSERT INTO m2 VALUES (?); SELECT 1", 1], "SELECT count(*) FROM m2"],
	"several statements, the second fails": ["CREATE TABLE m3(a)", "INSERT INTO m3 VALUES (1); INSERT INTO nope VALUES (2); INSERT INTO m3 VALUES (3)", "SELECT a FROM m3"],
	"empty": ["", ";", "-- only a comment", "   \n"],
	"syntax errors": ["SELEC 1", "SELECT FROM", "SELECT 'unclosed", "SELECT 1 1", "CREATE TABLE", "SELECT )"],
	"missing names": ["SELECT * FROM nope", "SELECT nope", "INSERT INTO nope VALUES (1)", "DROP TABLE nope", "SELECT nope(1)", ...fill, "SELECT c FROM t", "INSERT INTO t(c) VALUES (1)", "INSERT INTO t VALUES (1)"],
	"duplicate names": [...fill, "CREATE TABLE t(a)", "CREATE TABLE IF NOT EXISTS t(a)", "CREATE TABLE d(a, a)", "CREATE INDEX x ON t(a)", "CREATE INDEX x ON t(b)"],
	"constraints": ["CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(u UNIQUE, n NOT NULL, k CHECK(k>0), f REFERENCES p(id))", "INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1,1,1,1)",
		"INSERT INTO c VALUES (1,1,1,1)", "INSERT INTO c VALUES (2,NULL,1,1)", "INSERT INTO c VALUES (3,1,0,1)", "INSERT INTO c VALUES (4,1,1,99)", "INSERT INTO p VALUES (1)", "DELETE FROM p", "SELECT * FROM c"],
	"transactions refused": ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s", "BEGIN IMMEDIATE"],
	"attach refused": ["ATTACH 'x.db' AS x", "DETACH x", "VACUUM"],
	"temporary objects refused": ["CREATE TEMP TABLE x(a)", "CREATE TEMPORARY VIEW v AS SELECT 1", "CREATE TABLE temp.x(a)"],
	"reserved names refused": ["CREATE TABLE _cf_x(a)", "CREATE TABLE _CF_X(a)", "SELECT * FROM _cf_KV", "CREATE TABLE ok(_cf_col)", "CREATE INDEX _cf_i ON ok(_cf_col)", "CREATE VIEW _cf_v AS SELECT 1", "ALTER TABLE ok RENAME TO _cf_ok", "CREATE TABLE sqlite_x(a)"],
	"pragmas allowed": ["CREATE TABLE q(a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x')", "CREATE INDEX qb ON q(b)", "PRAGMA table_info(q)", "PRAGMA index_list(q)", "PRAGMA index_info(qb)", "PRAGMA foreign_keys", "PRAGMA page_size", "PRAGMA case_sensitive_like", "PRAGMA foreign_key_list(q)", "PRAGMA quick_check", "SELECT name FROM pragma_table_info('q')", "PRAGMA defer_foreign_keys"],
	"pragmas refused": ["PRAGMA journal_mode", "PRAGMA user_version", "PRAGMA page_count", "PRAGMA compile_options", "PRAGMA integrity_check", "PRAGMA writable_schema=1", "PRAGMA cache_size=1", "PRAGMA page_size=1024", "PRAGMA synchronous=0", "PRAGMA database_list"],
	"functions refused": ["SELECT sqlite_version()", "SELECT sqlite_source_id()", "SELECT log10(100)", "SELECT ceiling(1.5)", "SELECT power(2,3)", "SELECT load_extension('x')", "SELECT sqlite_compileoption_used('x')", "SELECT readfile('/etc/passwd')"],
	"functions allowed": ["SELECT abs(-1), hex('a'), instr('abc','b'), printf('%d-%s',1,'x'), replace('aa','a','b'), round(1.25,1), trim(' x '), unicode('a'), coalesce(NULL,1), iif(1,2,3), nullif(1,1), quote('it''s'), substr('hello',2,3), typeof(1), sign(-2)",
		"SELECT ceil(1.2), floor(1.8), mod(7,3), pow(2,8), sqrt(9), exp(0), ln(1), log(100), log2(8), trunc(1.7), round(pi(),4)", "SELECT date('2024-02-30'), datetime(0,'unixepoch'), strftime('%Y','2024-01-01'), julianday('2000-01-01'), unixepoch('1970-01-02')",
		"SELECT concat('a',1,NULL), concat_ws('-','a','b'), group_concat(x), string_agg(x,'+') FROM (SELECT 1 AS x UNION ALL SELECT 2)"],
	"JSON": ["SELECT json('{\"a\": [1,2]}'), json_extract('{\"a\":[1,2]}','$.a[1]'), '{\"a\":5}'->>'a', json_array(1,'x'), json_object('k',NULL), json_type('[]'), json_valid('{'), json_set('{}','$.z',1)", "SELECT key, value FROM json_each('[10,20]')", "SELECT json('{')", "SELECT json_group_array(i) FROM (SELECT 1 AS i UNION SELECT 2)"],
	"common table expressions": [five + "SELECT sum(i), group_concat(i) FROM n", five + "SELECT i, row_number() OVER (ORDER BY i DESC) AS r, sum(i) OVER (ORDER BY i) AS s FROM n ORDER BY i"],
	"joins and subqueries": [...fill, "SELECT x.a, y.a FROM t x JOIN t y ON x.id=y.id+1", "SELECT (SELECT max(b) FROM t) AS m, EXISTS(SELECT 1 FROM t WHERE a='q') AS e", "SELECT a FROM t WHERE id IN (1,3) ORDER BY a DESC LIMIT 1 OFFSET 1"],
	"views and triggers": [...fill, "CREATE VIEW v AS SELECT a FROM t WHERE b IS NOT NULL", "SELECT * FROM v", "CREATE TABLE log(m)", "CREATE TRIGGER tr AFTER INSERT ON t BEGIN INSERT INTO log VALUES (new.a); END", "INSERT INTO t(a) VALUES ('q')", "SELECT * FROM log", "DROP TRIGGER tr", "DROP VIEW v"],
	"raise in a trigger": [...fill, "CREATE TRIGGER tr BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'keep them'); END", "DELETE FROM t", "SELECT count(*) FROM t"],
	"alter table": [...fill, "ALTER TABLE t ADD COLUMN c DEFAULT 7", "ALTER TABLE t RENAME COLUMN a TO aa", "ALTER TABLE t DROP COLUMN b", "SELECT * FROM t WHERE id=1", "ALTER TABLE t RENAME TO tt", "SELECT count(*) FROM tt"],
	"full text": ["CREATE VIRTUAL TABLE f USING fts5(body)", "INSERT INTO f VALUES ('the quick fox'),('a lazy dog')", "SELECT body FROM f WHERE f MATCH 'quick'", "SELECT highlight(f,0,'<','>') FROM f WHERE f MATCH 'dog'", "CREATE VIRTUAL TABLE g USING csv(x)", "CREATE VIRTUAL TABLE h USING dbstat"],
	"rtree": ["CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)", "INSERT INTO r VALUES (1, 0, 5), (2, 4, 9)", "SELECT id FROM r WHERE x0 < 1"],
	"generated columns": ["CREATE TABLE g(a INTEGER, b AS (a*2), c AS (a+1) STORED)", "INSERT INTO g VALUES (3)", "SELECT * FROM g"],
	"update with order and limit": [...fill, "UPDATE t SET b=9 ORDER BY id DESC LIMIT 1", "DELETE FROM t ORDER BY id LIMIT 1", "SELECT id, b FROM t"],
	"autoincrement": ["CREATE TABLE ai(id INTEGER PRIMARY KEY AUTOINCREMENT, a)", "INSERT INTO ai(a) VALUES (1)", "DELETE FROM ai", "INSERT INTO ai(a) VALUES (2)", "SELECT id FROM ai", "SELECT * FROM sqlite_sequence", "SELECT last_insert_rowid(), changes()"],
	"foreign key cascade": ["CREATE TABLE p(id INTEGER PRIMARY KEY)", "CREATE TABLE c(pid REFERENCES p(id) ON DELETE CASCADE)", "INSERT INTO p VALUES (1)", "INSERT INTO c VALUES (1)", "DELETE FROM p", "SELECT count(*) FROM c"],
	"limit: parameters": [[`SELECT max(${Array(100).fill("?")})`, ...Array(100).fill(1)], [`SELECT max(${Array(101).fill("?")})`, ...Array(101).fill(1)], "SELECT ?101"],
	"limit: columns": [`CREATE TABLE big(${Array.from({ length: 101 }, (_, i) => "c" + i)})`, `SELECT ${Array(101).fill(1)}`],
	"limit: pattern": [["SELECT 'a' LIKE ?", "a".repeat(50)], ["SELECT 'a' LIKE ?", "a".repeat(51)], ["SELECT 'a' GLOB ?", "a".repeat(51)]],
	"limit: compound select": ["SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5", "SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"],
	"limit: expression depth": ["SELECT " + "(".repeat(90) + "1" + ")".repeat(90), "SELECT " + "1+".repeat(120) + "1"],
	"limit: function arguments": [`SELECT max(${Array(127).fill(1)})`, `SELECT max(${Array(128).fill(1)})`],
	"limit: statement": ["SELECT '" + "x".repeat(100001) + "'"],
	"limit: value": ["CREATE TABLE v(a)", ["INSERT INTO v VALUES (?)", new Uint8Array(9_000_000)], "SELECT length(zeroblob(8388000))", "SELECT zeroblob(9000000)", "SELECT count(*) FROM v"],
};

const costs = {
	"insert and select": [...fill, "SELECT * FROM t", "SELECT a FROM t WHERE id=2", "SELECT count(*) FROM t", "UPDATE t SET a='w' WHERE id=1", "DELETE FROM t WHERE id=2", "DELETE FROM t"],
	"index": ["CREATE TABLE i(a INTEGER PRIMARY KEY, b)", "INSERT INTO i VALUES (1,1),(2,2),(3,3)", "CREATE INDEX ib ON i(b)", "INSERT INTO i VALUES (4,4)", "SELECT a FROM i WHERE b=2", "UPDATE i SET b=9 WHERE a=1", "DELETE FROM i WHERE a=2", "SELECT * FROM i ORDER BY b DESC", "DELETE FROM i"],
	"text key": ["CREATE TABLE k(k TEXT PRIMARY KEY, v)", "INSERT INTO k VALUES ('a',1)", "INSERT INTO k VALUES ('a',1) ON CONFLICT DO NOTHING", "SELECT v FROM k WHERE k='a'"],
	"without rowid": ["CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID", "INSERT INTO w VALUES ('b',1),('a',2)", "SELECT * FROM w"],
	"returning": [...fill, "INSERT INTO t(a) VALUES ('r'),('s') RETURNING id, a", "DELETE FROM t RETURNING a"],
	"join and sort": [...fill, "SELECT * FROM t ORDER BY b", "SELECT * FROM t x, t y"],
};
const pageSize = 4096;

export const object = {
	...Object.fromEntries(Object.entries(scripts).map(([name, s]) => [`sql/${name}`, script(...s)])),
	...Object.fromEntries(Object.entries(costs).map(([name, s]) => [`sql cost/${name}`, (self) => s.map((q) => counts(self, q))])),
	"sql/one": (self) => ["SELECT 1 AS a", "SELECT 1 AS a WHERE 0", "SELECT 1 AS a UNION SELECT 2"].map((q) => attemptSync(() => db(self).exec(q).one())),
	"sql/rows as objects": (self) => { exec(self, fill[0]); exec(self, fill[1]); return db(self).exec("SELECT id, a, b FROM t").toArray(); },
	"sql/cursor is partly read": (self) => {
		const cursor = db(self).exec(five + "SELECT i FROM n");
		const first = cursor.next().value, rest = cursor.toArray();
		return [first.i, rest.map((r) => r.i), cursor.toArray()];
	},
	"sql/two cursors": (self) => {
		const a = db(self).exec(five + "SELECT i FROM n"), b = db(self).exec(five + "SELECT i FROM n");
		return [a.next().value.i, a.next().value.i, b.next().value.i, a.next().value.i];
	},
	"sql/cursor across a pause": async (self) => {
		exec(self, fill[0]); exec(self, fill[1]);
		const cursor = db(self).exec("SELECT a FROM t ORDER BY id");
		const first = cursor.next().value.a;
		await sleep(5);
		return [first, cursor.toArray().map((r) => r.a)];
	},
	"sql/300 rows": (self) => {
		exec(self, "CREATE TABLE t(a, b)");
		exec(self, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) INSERT INTO t SELECT i, 'row ' || i FROM n");
		const cursor = db(self).exec("SELECT a, b FROM t");
		const rows = [...cursor.raw()];
		return [rows.length, rows[299], rows.reduce((s, r) => s + r[0], 0)];
	},
	"sql/300 rows returned by an insert": async (self) => {
		exec(self, "CREATE TABLE t(a)");
		const cursor = db(self).exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<300) INSERT INTO t SELECT i FROM n RETURNING a");
		const rows = [...cursor.raw()];
		await sleep(1);
		return [rows.length, rows[299][0], exec(self, "SELECT count(*) FROM t").rows[0][0]];
	},
	"sql/database size": (self) => {
		const sizes = [db(self).databaseSize];
		exec(self, "CREATE TABLE t(a)");
		sizes.push(db(self).databaseSize);
		exec(self, "INSERT INTO t VALUES (?)", new Uint8Array(100_000));
		sizes.push(db(self).databaseSize);
		exec(self, "DELETE FROM t");
		sizes.push(db(self).databaseSize);
		return sizes.map((n) => n / pageSize);
	},
	"sql/now": (self) => { const [[now]] = exec(self, "SELECT datetime('now')").rows; return [/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(now), Math.abs(Date.parse(now.replace(" ", "T") + "Z") - Date.now()) < 60_000]; },
	"sql/random differs": (self) => exec(self, "SELECT random() = random(), length(randomblob(5))").rows,
	"sql/written before an error": (self) => { exec(self, "CREATE TABLE t(a)"); exec(self, "INSERT INTO t VALUES (1)"); throw new Error("after the insert"); },
	"sql/count": (self) => exec(self, "SELECT count(*) FROM t").rows,
	"sql/violate at commit": (self) => {
		exec(self, "CREATE TABLE p(id INTEGER PRIMARY KEY)");
		exec(self, "CREATE TABLE c(pid REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)");
		exec(self, "INSERT INTO c VALUES (7)");
		return "answered";
	},
	"sql/tables": (self) => exec(self, "SELECT count(*) FROM sqlite_master").rows,
};

export const worker = {
	"sql/kept after an error": async (c) => [await attempt(() => c.object().run({ name: "sql/written before an error" })), await c.object().run({ name: "sql/count" })],
	"sql/deferred constraint at commit": async (c) => [await attempt(() => c.object().run({ name: "sql/violate at commit" })), await attempt(() => c.object().run({ name: "sql/tables" }))],
};
