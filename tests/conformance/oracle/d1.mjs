// Cases about D1: its limits, its errors, what SQL it takes, what comes back. app/d1_rules.go, d1_surface.go and d1_results.go are the twins.
import { attempt } from "./show.mjs";

const q = (sql, ...args) => ({ sql, args });
const statement = (db, { sql, args }) => (args.length > 0 ? db.prepare(sql).bind(...args) : db.prepare(sql));
const natural = (rows) => rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, Array.isArray(v) ? new Uint8Array(v) : v])));

/** Runs statements one after the other, and shows the rows or the error of each. */
const runs = (...list) => async (c) => {
	const out = [];
	for (const s of list) out.push(await attempt(async () => natural((await statement(c.env.DB, typeof s === "string" ? q(s) : s).run()).results)));
	return out;
};

/** The outcome of a batch, and of a query after it. */
const batch = (before, list, after) => async (c) => {
	for (const sql of before) await c.env.DB.prepare(sql).run();
	const done = await attempt(async () => (await c.env.DB.batch(list.map((s) => statement(c.env.DB, typeof s === "string" ? q(s) : s)))).map((r) => natural(r.results)));
	return [done, (await c.env.DB.prepare(after).all()).results];
};

/** The outcome of exec: how many statements, and of a query after it. */
const exec = (text, after = "SELECT 1 AS one") => async (c) => [await attempt(async () => (await c.env.DB.exec(text)).count), await attempt(async () => (await c.env.DB.prepare(after).all()).results)];

/** What meta says after each statement, of what does not depend on other cases: whether DDL changed the database is told by its size, which may have room. */
const ddl = (sql) => /^(CREATE|DROP)/.test(sql);
const metas = (...list) => async (c) => {
	const out = [];
	for (const sql of list) {
		const { meta } = await c.env.DB.prepare(sql).run();
		const { changes, changed_db, duration, size_after, served_by, timings, total_attempts, served_by_primary } = meta;
		out.push({ changes, changed_db: ddl(sql) ? null : changed_db, timed: duration >= 0 && timings.sql_duration_ms >= 0, sized: size_after >= 4096, served: served_by !== "", attempts: total_attempts, primary: served_by_primary });
	}
	return out;
};

const letters = (n) => "x".repeat(n);
const numbers = (n) => Array.from({ length: n }, (_, i) => i);
const columns = (n) => numbers(n).map((i) => `c${i}`).join(", ");

const limits = {
	"100 parameters": runs(q(`SELECT 50 IN (${numbers(100).map(() => "?").join(", ")}) AS found`, ...numbers(100))),
	"101 parameters": runs(q(`SELECT 50 IN (${numbers(101).map(() => "?").join(", ")}) AS found`, ...numbers(101))),
	"parameter ?101": runs(q("SELECT ?101", 1)),
	"statement of 100,000 bytes": runs(`SELECT 1 AS one /*${letters(100_000 - 20)}*/`),
	"statement of 100,001 bytes": runs(`SELECT 1 AS one /*${letters(100_001 - 20)}*/`),
	"text of 2 MB": runs(q("SELECT length(?) AS n", letters(2_000_000))),
	"blob over the limit": runs("SELECT length(zeroblob(8000000)) AS n", "SELECT length(zeroblob(9000000)) AS n", "SELECT length(randomblob(9000000)) AS n"),
	"row over the limit": runs("CREATE TABLE dl_row (a, b)", "INSERT INTO dl_row VALUES (zeroblob(900000), zeroblob(900000))", "INSERT INTO dl_row VALUES (zeroblob(5000000), zeroblob(5000000))", "SELECT count(*) AS n FROM dl_row"),
	"text made too long": runs("SELECT length(hex(zeroblob(1000000))) AS n", "SELECT length(hex(zeroblob(4500000))) AS n", "SELECT length(replace(hex(zeroblob(1500000)), '0', 'xxxx')) AS n"),
	"100 columns": runs(`CREATE TABLE dl_c100 (${columns(100)})`),
	"101 columns": runs(`CREATE TABLE dl_c101 (${columns(101)})`),
	"101 columns in a result": runs(`SELECT ${numbers(101).join(", ")}`),
	"ADD COLUMN to 100": runs(`CREATE TABLE dl_add (${columns(100)})`, "ALTER TABLE dl_add ADD COLUMN more"),
	"LIKE pattern": runs(q("SELECT 'x' LIKE ? AS y", letters(50)), q("SELECT 'x' LIKE ? AS y", letters(51)), q("SELECT 'x' GLOB ? AS y", letters(51)), q("SELECT 'x' LIKE ? AS y", "ä".repeat(26))),
	"depth of an expression": runs(`SELECT ${"(".repeat(20)}1${")".repeat(20)} AS one`, `SELECT ${numbers(99).join("+")} AS n`, `SELECT ${numbers(102).join("+")} AS n`),
	"compound SELECT": runs(numbers(5).map(() => "SELECT 1").join(" UNION ALL "), numbers(6).map(() => "SELECT 1").join(" UNION ALL ")),
	"arguments of a function": runs(`SELECT max(${numbers(127).join(", ")}) AS n`, `SELECT max(${numbers(128).join(", ")}) AS n`),
	"large blob there and back": async (c) => {
		const blob = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
		return natural([await c.env.DB.prepare("SELECT ? AS b").bind(blob).first()])[0].b;
	},
};

const errors = {
	"syntax": runs("SELECT FROM", "SELECT 1 +", "SELECT 'open", "SELECT 1 2", "CREATE TABLE (a)", "INSERT INTO", "SELECT #", "?"),
	"no such thing": runs("SELECT nope", "SELECT nope()", "SELECT * FROM main.nope", "SELECT * FROM other.nope", "DROP TABLE nope", "DROP INDEX nope", "ALTER TABLE nope ADD COLUMN a", "SELECT 1 COLLATE nope", "INSERT INTO nope VALUES (1)"),
	"columns": runs("CREATE TABLE de_col (a, b)", "INSERT INTO de_col VALUES (1)", "INSERT INTO de_col (a) VALUES (1, 2)", "INSERT INTO de_col (c) VALUES (1)", "SELECT a FROM de_col AS x, de_col AS y", "UPDATE de_col SET c = 1", "ALTER TABLE de_col ADD COLUMN a", "ALTER TABLE de_col DROP COLUMN c", "CREATE TABLE de_dup (a, a)"),
	"functions": runs("SELECT abs()", "SELECT abs(1, 2)", "SELECT sum(max(1))", "SELECT 1 WHERE sum(1) > 0", "SELECT abs(-9223372036854775808)", "SELECT json('{')", "SELECT json_extract('{}', 'bad')", "SELECT json_object('a')"),
	"exists already": runs("CREATE TABLE de_twice (a)", "CREATE TABLE de_twice (a)", "CREATE TABLE IF NOT EXISTS de_twice (a)", "CREATE INDEX de_twice ON de_twice (a)", "CREATE VIEW de_twice AS SELECT 1"),
	"CHECK": runs("CREATE TABLE de_check (a CHECK (a > 0), b CONSTRAINT small CHECK (b < 9))", "INSERT INTO de_check VALUES (0, 1)", "INSERT INTO de_check VALUES (1, 9)"),
	"PRIMARY KEY": runs("CREATE TABLE de_key (a INTEGER PRIMARY KEY, b)", "INSERT INTO de_key VALUES (1, 1)", "INSERT INTO de_key VALUES (1, 2)", "INSERT INTO de_key VALUES ('x', 2)", "CREATE TABLE de_key2 (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID", "INSERT INTO de_key2 VALUES (1, 2), (1, 2)", "INSERT INTO de_key2 VALUES (NULL, 2)"),
	"unique index": runs("CREATE TABLE de_uni (a, b)", "CREATE UNIQUE INDEX de_uni_ab ON de_uni (a, lower(b))", "INSERT INTO de_uni VALUES (1, 'x')", "INSERT INTO de_uni VALUES (1, 'X')", "INSERT OR IGNORE INTO de_uni VALUES (1, 'X')", "SELECT count(*) AS n FROM de_uni"),
	"foreign key of a parent": runs("CREATE TABLE de_p (id INTEGER PRIMARY KEY)", "CREATE TABLE de_c (p REFERENCES de_p (id))", "INSERT INTO de_p VALUES (1)", "INSERT INTO de_c VALUES (1)", "DELETE FROM de_p", "DROP TABLE de_p", "UPDATE de_p SET id = 2", "PRAGMA foreign_key_check"),
	"foreign key that cascades": runs("CREATE TABLE de_cp (id INTEGER PRIMARY KEY)", "CREATE TABLE de_cc (p REFERENCES de_cp (id) ON DELETE CASCADE)", "INSERT INTO de_cp VALUES (1)", "INSERT INTO de_cc VALUES (1)", "DELETE FROM de_cp", "SELECT count(*) AS n FROM de_cc"),
	"STRICT": runs("CREATE TABLE de_strict (a INTEGER, b TEXT) STRICT", "INSERT INTO de_strict VALUES ('x', 'y')", "INSERT INTO de_strict VALUES (1.5, 'y')", "INSERT INTO de_strict VALUES (1, x'00')", q("INSERT INTO de_strict VALUES (?, ?)", 1, "y"), "CREATE TABLE de_strict2 (a VARCHAR) STRICT"),
	"RAISE": runs("CREATE TABLE de_raise (a)", "CREATE TRIGGER de_raise_t BEFORE INSERT ON de_raise WHEN new.a < 0 BEGIN SELECT RAISE(ABORT, 'a must not be negative'); END", "INSERT INTO de_raise VALUES (1), (-1)", "SELECT count(*) AS n FROM de_raise"),
	"parameters": runs(q("SELECT ? + ? AS n", 1), q("SELECT ?2 AS n", 1, 2), q("SELECT ?1 AS a, ?1 AS b", 7), q("SELECT :name AS n", 7), q("SELECT @a AS a, $b AS b", 1, 2), "SELECT ? AS n", q("SELECT 1", 1), q("SELECT ?1 + ?3 AS n", 1, 2, 3)),
	"types that cannot be bound": runs(q("SELECT ?", ["a"]), q("SELECT ?", { a: 1 }), q("SELECT ?", 12345678901234567890n)),
	"two statements with a parameter": runs(q("SELECT ?; SELECT ? AS n", 1), q("SELECT 1; SELECT ? AS n", 2)),
	"a later statement": runs("SELECT 1; SELEC 2", "SELECT 1; SELECT * FROM nope; SELECT 3"),
	"only comments": runs("-- nothing", "/* nothing */", ";", "  \n", "SELECT 1 AS one -- and a comment", "-- first\nSELECT 1 AS one"),
	"virtual tables": runs("CREATE VIRTUAL TABLE de_v USING nope (a)", "CREATE VIRTUAL TABLE de_csv USING csv (filename='/etc/passwd')", "SELECT * FROM dbstat"),
};

const surface = {
	"transactions": runs("BEGIN", "BEGIN IMMEDIATE", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a"),
	"other databases": runs("ATTACH 'x.db' AS x", "DETACH main", "VACUUM", "VACUUM INTO 'x.db'", "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')", "SELECT * FROM temp.sqlite_master"),
	"temporary tables": runs("CREATE TEMP TABLE ds_temp (a)", "CREATE TEMPORARY VIEW ds_tv AS SELECT 1", "CREATE TABLE temp.ds_t (a)"),
	"reserved names": runs("CREATE TABLE _cf_mine (a)", "CREATE TABLE sqlite_mine (a)", "DELETE FROM sqlite_master", "CREATE TABLE ds_res (a)", "ALTER TABLE ds_res RENAME TO _cf_res", "DROP TABLE ds_res"),
	"PRAGMA that is allowed": runs("CREATE TABLE ds_prag (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x' REFERENCES ds_prag (a))", "CREATE INDEX ds_prag_b ON ds_prag (b)", "PRAGMA table_info(ds_prag)", "PRAGMA table_xinfo(ds_prag)", "PRAGMA index_list(ds_prag)", "PRAGMA index_info(ds_prag_b)", "PRAGMA foreign_key_list(ds_prag)", "PRAGMA foreign_keys", "PRAGMA quick_check(ds_prag)", "SELECT name FROM pragma_table_info('ds_prag')"),
	"PRAGMA that is refused": runs("PRAGMA journal_mode", "PRAGMA journal_mode = DELETE", "PRAGMA user_version", "PRAGMA user_version = 3", "PRAGMA page_count", "PRAGMA synchronous = OFF", "PRAGMA writable_schema = 1", "PRAGMA database_list", "PRAGMA cache_size = 1", "PRAGMA integrity_check", "PRAGMA compile_options", "PRAGMA nonsense"),
	"foreign keys stay on": runs("CREATE TABLE ds_fp (id INTEGER PRIMARY KEY)", "CREATE TABLE ds_fc (p REFERENCES ds_fp (id))", "PRAGMA foreign_keys = OFF", "INSERT INTO ds_fc VALUES (9)", "PRAGMA foreign_keys = ON"),
	"foreign keys deferred": batch(["CREATE TABLE ds_dp (id INTEGER PRIMARY KEY)", "CREATE TABLE ds_dc (p REFERENCES ds_dp (id))"], ["PRAGMA defer_foreign_keys = ON", "INSERT INTO ds_dc VALUES (9)", "INSERT INTO ds_dp VALUES (9)"], "SELECT p FROM ds_dc"),
	"foreign keys deferred and broken": batch(["CREATE TABLE ds_bp (id INTEGER PRIMARY KEY)", "CREATE TABLE ds_bc (p REFERENCES ds_bp (id))"], ["PRAGMA defer_foreign_keys = ON", "INSERT INTO ds_bc VALUES (9)"], "SELECT count(*) AS n FROM ds_bc"),
	"full text": runs("CREATE VIRTUAL TABLE ds_fts USING fts5(title, body)", "INSERT INTO ds_fts VALUES ('first', 'the quick fox'), ('second', 'a lazy dog')", "SELECT title, snippet(ds_fts, 1, '[', ']', '…', 3) AS s FROM ds_fts WHERE ds_fts MATCH 'fox'", "SELECT highlight(ds_fts, 0, '<', '>') AS h, bm25(ds_fts) < 0 AS b FROM ds_fts('second')", "SELECT * FROM ds_fts WHERE ds_fts MATCH 'a b \"'", "CREATE VIRTUAL TABLE ds_voc USING fts5vocab(ds_fts, row)", "SELECT term FROM ds_voc LIMIT 2"),
	"JSON": runs(q("SELECT json_extract(?1, '$.a[1]') AS a, ?1 ->> '$.b' AS b, ?1 -> '$.b' AS c", '{"a":[1,2],"b":"x"}'), "SELECT key, value, type FROM json_each('[1,\"a\",null]')", "SELECT json_group_array(value) AS l, json_array_length('[1,2]') AS n FROM json_each('[3,4]')", "SELECT json_valid('{') AS v, json_set('{}', '$.a', 1) AS s, json_patch('{\"a\":1}', '{\"a\":null}') AS p", "SELECT typeof(jsonb('[]')) AS t"),
	"generated columns": runs("CREATE TABLE ds_gen (data TEXT, name TEXT AS (json_extract(data, '$.name')) STORED, low TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL)", q("INSERT INTO ds_gen (data) VALUES (?)", '{"name":"Ann"}'), "SELECT name, low FROM ds_gen", "INSERT INTO ds_gen (name) VALUES ('x')", "ALTER TABLE ds_gen ADD COLUMN n AS (length(name))", "SELECT n FROM ds_gen"),
	"upsert and RETURNING": runs("CREATE TABLE ds_up (k PRIMARY KEY, n)", "INSERT INTO ds_up VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET n = n + 1 RETURNING n", "INSERT INTO ds_up VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET n = n + 1 RETURNING n, k AS key", "DELETE FROM ds_up RETURNING *", "UPDATE ds_up SET n = 0 RETURNING n", "INSERT INTO ds_up VALUES ('a', 1) ON CONFLICT (n) DO NOTHING"),
	"windows and CTEs": runs("WITH t (a) AS (VALUES (3), (1), (2)) SELECT a, row_number() OVER (ORDER BY a) AS r, sum(a) OVER (ORDER BY a) AS s FROM t ORDER BY a", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT group_concat(i) AS all_of FROM n", "VALUES (1, 'a'), (2, 'b')"),
	"triggers and views": runs("CREATE TABLE ds_tr (a)", "CREATE TABLE ds_log (t)", "CREATE TRIGGER ds_tr_i AFTER INSERT ON ds_tr BEGIN INSERT INTO ds_log VALUES ('saw ' || new.a); UPDATE ds_log SET t = t || '!'; END", "INSERT INTO ds_tr VALUES (1)", "SELECT t FROM ds_log", "CREATE VIEW ds_view AS SELECT a * 2 AS twice FROM ds_tr", "SELECT * FROM ds_view", "INSERT INTO ds_view VALUES (1)", "DROP VIEW ds_view", "DROP TRIGGER ds_tr_i"),
	"schema table": runs("CREATE TABLE ds_sch (a)", "CREATE INDEX ds_sch_a ON ds_sch (a)", "SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'ds_sch' ORDER BY name", "SELECT count(*) AS n FROM sqlite_master WHERE name = 'ds_sch'"),
	"EXPLAIN": runs("CREATE TABLE ds_exp (a PRIMARY KEY)", "EXPLAIN QUERY PLAN SELECT * FROM ds_exp WHERE a = 1"),
	"ANALYZE and REINDEX": runs("CREATE TABLE ds_ana (a PRIMARY KEY)", "INSERT INTO ds_ana VALUES (1)", "ANALYZE ds_ana", "REINDEX ds_ana", "PRAGMA optimize"),
	"LIMIT in DELETE and UPDATE": runs("CREATE TABLE ds_lim (a)", "INSERT INTO ds_lim VALUES (1), (2), (3)", "UPDATE ds_lim SET a = a + 10 ORDER BY a DESC LIMIT 1", q("DELETE FROM ds_lim ORDER BY a LIMIT ?", 1), "SELECT a FROM ds_lim ORDER BY a"),
	"functions": runs("SELECT sqlite_version() > '3.40' AS v", "SELECT typeof(random()) AS r, length(randomblob(4)) AS b", "SELECT unixepoch('2026-01-01') AS u, date('2026-01-31', '+1 month') AS d, strftime('%Y', 0, 'unixepoch') AS y", "SELECT round(pow(2, 0.5), 3) AS p, floor(-1.5) AS f, 7 / 2 AS i, 7 % -3 AS m, 1 / 0 AS z", "SELECT printf('%05.2f|%s|%q', 3.14159, 'x', 'it''s') AS p, unhex('c3a4') AS u, instr('über', 'e') AS i, upper('ä') AS up", "SELECT string_agg(x, '-') AS s FROM (SELECT 'a' AS x UNION ALL SELECT 'b')", "SELECT soundex('x')", "SELECT sqlite_compileoption_used('x')"),
	"AUTOINCREMENT": runs("CREATE TABLE ds_auto (id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO ds_auto DEFAULT VALUES", "INSERT INTO ds_auto DEFAULT VALUES", "DELETE FROM ds_auto", "INSERT INTO ds_auto DEFAULT VALUES RETURNING id", "SELECT seq FROM sqlite_sequence WHERE name = 'ds_auto'"),
	"ALTER TABLE": runs("CREATE TABLE ds_alt (a, b)", "INSERT INTO ds_alt VALUES (1, 2)", "ALTER TABLE ds_alt RENAME COLUMN b TO c", "ALTER TABLE ds_alt ADD COLUMN d DEFAULT 4", "ALTER TABLE ds_alt DROP COLUMN a", "ALTER TABLE ds_alt RENAME TO ds_alt2", "SELECT * FROM ds_alt2", "ALTER TABLE ds_alt2 ADD COLUMN e NOT NULL"),
};

const results = {
	"integers beyond 2^53": runs("SELECT 9007199254740993 AS a, -9007199254740993 AS b, CAST(9007199254740993 AS TEXT) AS t", q("SELECT CAST(? AS INTEGER) = 9007199254740993 AS same", "9007199254740993"), "SELECT 9223372036854775807 AS m"),
	"numbers that JSON lacks": runs("SELECT 9e999 AS inf, -9e999 AS neg, typeof(9e999) AS t", q("SELECT ? AS a, ? AS b, ? AS c", Infinity, -Infinity, NaN), q("SELECT ? AS z, typeof(?) AS t", -0, -0)),
	"kinds of numbers": runs(q("SELECT typeof(?) AS a, typeof(?) AS b, typeof(CAST(? AS INTEGER)) AS c", 1, 1.5, 1), "SELECT 1.0 AS a, 1e3 AS b, 1e300 AS c, 0.1 AS d, 3 AS e", "CREATE TABLE dr_num (i INTEGER, r REAL, n NUMERIC, t TEXT, b BLOB)", q("INSERT INTO dr_num VALUES (?1, ?1, ?1, ?1, ?1)", 7), "SELECT i, r, n, t, typeof(t) AS tt, b, typeof(b) AS tb FROM dr_num"),
	"text": runs(q("SELECT ? AS a, length(?) AS n", "a\u0000b", "a\u0000b"), q("SELECT ? AS e, length(?) AS n, hex(?) AS h", "💥", "💥", "💥"), "SELECT CAST(x'ff41' AS TEXT) AS bad", q("SELECT ? = '' AS e", ""), q("SELECT ? AS q", "it's \"quoted\" \\ and\nlines\t")),
	"blobs": runs(q("SELECT ? AS empty, typeof(?) AS t", new Uint8Array(), new Uint8Array()), q("SELECT ? AS b, length(?) AS n", new Uint8Array([0, 0, 255]), new Uint8Array([0, 0, 255])), "SELECT zeroblob(3) AS z, x'' AS e"),
	"columns of one name": runs("SELECT 1 AS a, 2 AS a, 3 AS b", "SELECT 1 AS a, 2 AS A", "SELECT x.id, y.id FROM (SELECT 1 AS id) AS x, (SELECT 2 AS id) AS y"),
	"columns of one name, raw": async (c) => c.env.DB.prepare("SELECT 1 AS a, 2 AS a, 3 AS b").raw({ columnNames: true }),
	"names of columns": runs('SELECT 1 AS "2", 3 AS "1", 4 AS "a b", 5 AS "ü"', "SELECT 1 + 1, count(*), 'x'"),
	"as JSON": async (c) => {
		const r = await c.env.DB.prepare("SELECT 1 AS z, 'x<' AS a, NULL AS n, x'0aff' AS b, 1.5 AS f, 9e999 AS i UNION ALL SELECT 2, 'ü', 3, x'', -0.25, 1").all();
		const { meta } = JSON.parse(JSON.stringify(r));
		return [JSON.stringify({ success: r.success, meta: null, results: r.results }), Object.keys(meta).sort(), JSON.stringify((await c.env.DB.prepare("SELECT 1 AS a WHERE 0").run()).results)];
	},
	"no rows": async (c) => { const s = c.env.DB.prepare("SELECT 1 AS a, 2 AS b WHERE 0"); return [(await s.all()).results, await s.raw({ columnNames: true }), await s.first()]; },
	"first of many": async (c) => c.env.DB.prepare("SELECT 1 AS a UNION ALL SELECT 2 ORDER BY 1 DESC").first(),
	"first, null": async (c) => { const s = c.env.DB.prepare("SELECT NULL AS a"); return [await s.first("a"), await s.first()]; },
	"meta of reads and writes": metas("CREATE TABLE dr_meta (a INTEGER PRIMARY KEY, b)", "INSERT INTO dr_meta (b) VALUES ('x'), ('y')", "SELECT * FROM dr_meta", "UPDATE dr_meta SET b = 'z'", "UPDATE dr_meta SET b = 'z' WHERE 0", "DELETE FROM dr_meta WHERE a = 1", "INSERT OR IGNORE INTO dr_meta VALUES (2, 'again')", "DROP TABLE dr_meta"),
	"meta of a batch": async (c) => {
		const db = c.env.DB;
		const r = await db.batch(["CREATE TABLE dr_mb (a)", "INSERT INTO dr_mb VALUES (1), (2)", "DELETE FROM dr_mb"].map((sql) => db.prepare(sql)));
		return r.map(({ success, meta }, i) => [success, meta.changes, i > 0 ? meta.changed_db : null]);
	},
	"changes by a trigger": metas("CREATE TABLE dr_tr (a)", "CREATE TABLE dr_tr2 (a)", "CREATE TRIGGER dr_tr_t AFTER INSERT ON dr_tr BEGIN INSERT INTO dr_tr2 VALUES (1), (2); END", "INSERT INTO dr_tr VALUES (1)"),
	"batch names the first error": batch(["CREATE TABLE dr_be (a UNIQUE)"], ["INSERT INTO dr_be VALUES (1)", "SELEC 2", "SELECT * FROM nope"], "SELECT count(*) AS n FROM dr_be"),
	"batch with DDL rolls back": batch(["CREATE TABLE dr_bd (a)"], ["CREATE TABLE dr_bd2 (a)", "DROP TABLE dr_bd", "INSERT INTO nope VALUES (1)"], "SELECT name FROM sqlite_master WHERE name LIKE 'dr_bd%' ORDER BY name"),
	"batch sees itself": batch(["CREATE TABLE dr_bs (a)"], ["INSERT INTO dr_bs VALUES (1)", "SELECT count(*) AS n FROM dr_bs", q("INSERT INTO dr_bs VALUES (?)", 2), "SELECT sum(a) AS s FROM dr_bs"], "SELECT count(*) AS n FROM dr_bs"),
	"batch with wrong parameters": batch(["CREATE TABLE dr_bw (a)"], ["INSERT INTO dr_bw VALUES (1)", q("INSERT INTO dr_bw VALUES (?, ?)", 1)], "SELECT count(*) AS n FROM dr_bw"),
	"batch with an empty statement": batch(["CREATE TABLE dr_em (a)"], ["INSERT INTO dr_em VALUES (1)", "", "SELECT 1 AS one"], "SELECT count(*) AS n FROM dr_em"),
	"batches at once": async (c) => {
		const db = c.env.DB;
		await db.prepare("CREATE TABLE dr_bo (n INTEGER)").run();
		await db.prepare("INSERT INTO dr_bo VALUES (0)").run();
		await Promise.all(numbers(20).map(() => db.batch([db.prepare("UPDATE dr_bo SET n = n + 1"), db.prepare("UPDATE dr_bo SET n = n * 2"), db.prepare("UPDATE dr_bo SET n = n / 2")])));
		return db.prepare("SELECT n FROM dr_bo").first("n");
	},
	"exec of lines": exec("CREATE TABLE dr_el (a);\n\nINSERT INTO dr_el VALUES (1);\n-- a comment\nINSERT INTO dr_el VALUES (2);\n", "SELECT count(*) AS n FROM dr_el"),
	"exec of two statements in a line": exec("CREATE TABLE dr_e2 (a); INSERT INTO dr_e2 VALUES (1)", "SELECT count(*) AS n FROM dr_e2"),
	"exec of a statement in two lines": exec("CREATE TABLE dr_e3 (\na)", "SELECT count(*) AS n FROM dr_e3"),
	"exec of nothing": exec(""),
	"exec of a comment": exec("-- nothing"),
	"exec that fails rolls back": exec("CREATE TABLE dr_e4 (a)\nINSERT INTO dr_e4 VALUES (1)\nINSERT INTO dr_e4 VALUES (1, 2)", "SELECT count(*) AS n FROM dr_e4"),
	"exec with a parameter": exec("SELECT ?"),
};

/** What a Go program does through database/sql, with D1's own methods. What the driver refuses is not D1's to refuse: the sentence stands for it. */
const raw = (sql, ...args) => async (c) => (await statement(c.env.DB, q(sql, ...args)).raw({ columnNames: true }));
const filled = async (c, name) => {
	const db = c.env.DB;
	await db.prepare(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY, name TEXT UNIQUE, score REAL)`).run();
	await db.prepare(`INSERT INTO ${name} (name, score) VALUES ('a', 1.5), ('b', 2.5), ('c', NULL)`).run();
	return db;
};
const driver = {
	"prepared": async (c) => { const s = (await filled(c, "s_prep")).prepare("SELECT name FROM s_prep WHERE id = ?"); return [await s.bind(1).first("name"), await s.bind(3).first("name")]; },
	"columns of one name": raw("SELECT 1 AS a, 2 AS a"),
	"columns without rows": raw("SELECT 1 AS a, 'x' AS b WHERE 0"),
	"rows that a write returns": async (c) => { await filled(c, "s_ret"); return raw("UPDATE s_ret SET score = 9 WHERE id < 3 RETURNING id, score")(c); },
	"null": () => [{ V: "", Valid: false }, { V: 7, Valid: true }],
	"null into a plain variable": () => "refused",
	"time and bool": async (c) => (await c.env.DB.prepare("SELECT ?, ?, ?").bind(1_700_000_000_123, true, false).raw())[0].map((v, i) => (i > 0 ? v === 1 : v)),
	"kinds of numbers": async (c) => (await c.env.DB.prepare("SELECT 7.0, 3, 255").raw())[0],
	"bytes and text": async (c) => { const [[b, t]] = await c.env.DB.prepare("SELECT x'6162', 'cd'").raw(); return [String.fromCharCode(...b), new TextEncoder().encode(t)]; },
	"integer beyond 2^53": () => "refused",
	"integer beyond 2^53 in a row": () => "refused",
	"named parameters": () => "refused",
	"transaction": () => "refused",
	"without a context": () => "refused",
	"type that cannot be bound": () => "refused",
	"error of D1": async (c) => [true, await c.env.DB.prepare("INSERT INTO s_none VALUES (1)").run().catch((e) => e.message)],
	"too few parameters": (c) => attempt(() => c.env.DB.prepare("SELECT ?, ?").bind(1).run()),
	"affected and insert": async (c) => {
		const db = await filled(c, "s_aff");
		const { meta } = await db.prepare("INSERT INTO s_aff (name) VALUES ('x'), ('y')").run();
		return [meta.last_row_id, meta.changes, (await db.prepare("DELETE FROM s_aff WHERE 0").run()).meta.changes];
	},
	"ping and nested queries": async (c) => { const db = await filled(c, "s_nest"); return (await db.prepare("SELECT name FROM s_nest ORDER BY id").raw()).flat(); },
};

const named = (group, cases) => Object.fromEntries(Object.entries(cases).map(([name, f]) => [`${group}/${name}`, f]));

export const worker = { ...named("d1 limit", limits), ...named("d1 error", errors), ...named("d1 sql", surface), ...named("d1 result", results), ...named("database sql", driver) };
