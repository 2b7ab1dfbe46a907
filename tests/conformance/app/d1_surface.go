package main

// What SQL D1 takes.
func init() {
	group(workerCases, "d1 sql", map[string]func(c *call) (any, error){
		"transactions": d1Runs("BEGIN", "BEGIN IMMEDIATE", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a"),
		"other databases": d1Runs(
			"ATTACH 'x.db' AS x", "DETACH main", "VACUUM", "VACUUM INTO 'x.db'", "SELECT load_extension('x')", "SELECT readfile('/etc/passwd')",
			"SELECT * FROM temp.sqlite_master",
		),
		"temporary tables": d1Runs("CREATE TEMP TABLE ds_temp (a)", "CREATE TEMPORARY VIEW ds_tv AS SELECT 1", "CREATE TABLE temp.ds_t (a)"),
		"reserved names": d1Runs(
			"CREATE TABLE _cf_mine (a)", "CREATE TABLE sqlite_mine (a)", "DELETE FROM sqlite_master",
			"CREATE TABLE ds_res (a)", "ALTER TABLE ds_res RENAME TO _cf_res", "DROP TABLE ds_res",
		),
		"PRAGMA that is allowed": d1Runs(
			"CREATE TABLE ds_prag (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x' REFERENCES ds_prag (a))", "CREATE INDEX ds_prag_b ON ds_prag (b)",
			"PRAGMA table_info(ds_prag)", "PRAGMA table_xinfo(ds_prag)", "PRAGMA index_list(ds_prag)", "PRAGMA index_info(ds_prag_b)",
			"PRAGMA foreign_key_list(ds_prag)", "PRAGMA foreign_keys", "PRAGMA quick_check(ds_prag)", "SELECT name FROM pragma_table_info('ds_prag')",
		),
		"PRAGMA that is refused": d1Runs(
			"PRAGMA journal_mode", "PRAGMA journal_mode = DELETE", "PRAGMA user_version", "PRAGMA user_version = 3", "PRAGMA page_count",
			"PRAGMA synchronous = OFF", "PRAGMA writable_schema = 1", "PRAGMA database_list", "PRAGMA cache_size = 1", "PRAGMA integrity_check",
			"PRAGMA compile_options", "PRAGMA nonsense",
		),
		"foreign keys stay on": d1Runs(
			"CREATE TABLE ds_fp (id INTEGER PRIMARY KEY)", "CREATE TABLE ds_fc (p REFERENCES ds_fp (id))", "PRAGMA foreign_keys = OFF",
			"INSERT INTO ds_fc VALUES (9)", "PRAGMA foreign_keys = ON",
		),
		"foreign keys deferred": d1Batch(statements("CREATE TABLE ds_dp (id INTEGER PRIMARY KEY)", "CREATE TABLE ds_dc (p REFERENCES ds_dp (id))"),
			statements("PRAGMA defer_foreign_keys = ON", "INSERT INTO ds_dc VALUES (9)", "INSERT INTO ds_dp VALUES (9)"),
			"SELECT p FROM ds_dc"),
		"foreign keys deferred and broken": d1Batch(statements("CREATE TABLE ds_bp (id INTEGER PRIMARY KEY)", "CREATE TABLE ds_bc (p REFERENCES ds_bp (id))"),
			statements("PRAGMA defer_foreign_keys = ON", "INSERT INTO ds_bc VALUES (9)"),
			"SELECT count(*) AS n FROM ds_bc"),
		"full text": d1Runs(
			"CREATE VIRTUAL TABLE ds_fts USING fts5(title, body)", "INSERT INTO ds_fts VALUES ('first', 'the quick fox'), ('second', 'a lazy dog')",
			"SELECT title, snippet(ds_fts, 1, '[', ']', '…', 3) AS s FROM ds_fts WHERE ds_fts MATCH 'fox'",
			"SELECT highlight(ds_fts, 0, '<', '>') AS h, bm25(ds_fts) < 0 AS b FROM ds_fts('second')",
			"SELECT * FROM ds_fts WHERE ds_fts MATCH 'a b \"'", "CREATE VIRTUAL TABLE ds_voc USING fts5vocab(ds_fts, row)",
			"SELECT term FROM ds_voc LIMIT 2",
		),
		"JSON": d1Runs(
			q("SELECT json_extract(?1, '$.a[1]') AS a, ?1 ->> '$.b' AS b, ?1 -> '$.b' AS c", `{"a":[1,2],"b":"x"}`),
			"SELECT key, value, type FROM json_each('[1,\"a\",null]')",
			"SELECT json_group_array(value) AS l, json_array_length('[1,2]') AS n FROM json_each('[3,4]')",
			"SELECT json_valid('{') AS v, json_set('{}', '$.a', 1) AS s, json_patch('{\"a\":1}', '{\"a\":null}') AS p",
			"SELECT typeof(jsonb('[]')) AS t",
		),
		"generated columns": d1Runs(
			"CREATE TABLE ds_gen (data TEXT, name TEXT AS (json_extract(data, '$.name')) STORED, low TEXT GENERATED ALWAYS AS (lower(name)) VIRTUAL)",
			q("INSERT INTO ds_gen (data) VALUES (?)", `{"name":"Ann"}`), "SELECT name, low FROM ds_gen", "INSERT INTO ds_gen (name) VALUES ('x')",
			"ALTER TABLE ds_gen ADD COLUMN n AS (length(name))", "SELECT n FROM ds_gen",
		),
		"upsert and RETURNING": d1Runs(
			"CREATE TABLE ds_up (k PRIMARY KEY, n)", "INSERT INTO ds_up VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET n = n + 1 RETURNING n",
			"INSERT INTO ds_up VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET n = n + 1 RETURNING n, k AS key", "DELETE FROM ds_up RETURNING *",
			"UPDATE ds_up SET n = 0 RETURNING n", "INSERT INTO ds_up VALUES ('a', 1) ON CONFLICT (n) DO NOTHING",
		),
		"windows and CTEs": d1Runs(
			"WITH t (a) AS (VALUES (3), (1), (2)) SELECT a, row_number() OVER (ORDER BY a) AS r, sum(a) OVER (ORDER BY a) AS s FROM t ORDER BY a",
			"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT group_concat(i) AS all_of FROM n",
			"VALUES (1, 'a'), (2, 'b')",
		),
		"triggers and views": d1Runs(
			"CREATE TABLE ds_tr (a)", "CREATE TABLE ds_log (t)",
			"CREATE TRIGGER ds_tr_i AFTER INSERT ON ds_tr BEGIN INSERT INTO ds_log VALUES ('saw ' || new.a); UPDATE ds_log SET t = t || '!'; END",
			"INSERT INTO ds_tr VALUES (1)", "SELECT t FROM ds_log", "CREATE VIEW ds_view AS SELECT a * 2 AS twice FROM ds_tr", "SELECT * FROM ds_view",
			"INSERT INTO ds_view VALUES (1)", "DROP VIEW ds_view", "DROP TRIGGER ds_tr_i",
		),
		"schema table": d1Runs(
			"CREATE TABLE ds_sch (a)", "CREATE INDEX ds_sch_a ON ds_sch (a)",
			"SELECT type, name, sql FROM sqlite_schema WHERE tbl_name = 'ds_sch' ORDER BY name",
			"SELECT count(*) AS n FROM sqlite_master WHERE name = 'ds_sch'",
		),
		"EXPLAIN": d1Runs("CREATE TABLE ds_exp (a PRIMARY KEY)", "EXPLAIN QUERY PLAN SELECT * FROM ds_exp WHERE a = 1"),
		"ANALYZE and REINDEX": d1Runs(
			"CREATE TABLE ds_ana (a PRIMARY KEY)", "INSERT INTO ds_ana VALUES (1)", "ANALYZE ds_ana", "REINDEX ds_ana", "PRAGMA optimize",
		),
		"LIMIT in DELETE and UPDATE": d1Runs(
			"CREATE TABLE ds_lim (a)", "INSERT INTO ds_lim VALUES (1), (2), (3)", "UPDATE ds_lim SET a = a + 10 ORDER BY a DESC LIMIT 1",
			q("DELETE FROM ds_lim ORDER BY a LIMIT ?", 1), "SELECT a FROM ds_lim ORDER BY a",
		),
		"functions": d1Runs(
			"SELECT sqlite_version() > '3.40' AS v", "SELECT typeof(random()) AS r, length(randomblob(4)) AS b",
			"SELECT unixepoch('2026-01-01') AS u, date('2026-01-31', '+1 month') AS d, strftime('%Y', 0, 'unixepoch') AS y",
			"SELECT round(pow(2, 0.5), 3) AS p, floor(-1.5) AS f, 7 / 2 AS i, 7 % -3 AS m, 1 / 0 AS z",
			"SELECT printf('%05.2f|%s|%q', 3.14159, 'x', 'it''s') AS p, unhex('c3a4') AS u, instr('über', 'e') AS i, upper('ä') AS up",
			"SELECT string_agg(x, '-') AS s FROM (SELECT 'a' AS x UNION ALL SELECT 'b')", "SELECT soundex('x')", "SELECT sqlite_compileoption_used('x')",
		),
		"AUTOINCREMENT": d1Runs(
			"CREATE TABLE ds_auto (id INTEGER PRIMARY KEY AUTOINCREMENT)", "INSERT INTO ds_auto DEFAULT VALUES", "INSERT INTO ds_auto DEFAULT VALUES",
			"DELETE FROM ds_auto", "INSERT INTO ds_auto DEFAULT VALUES RETURNING id", "SELECT seq FROM sqlite_sequence WHERE name = 'ds_auto'",
		),
		"ALTER TABLE": d1Runs(
			"CREATE TABLE ds_alt (a, b)", "INSERT INTO ds_alt VALUES (1, 2)", "ALTER TABLE ds_alt RENAME COLUMN b TO c",
			"ALTER TABLE ds_alt ADD COLUMN d DEFAULT 4", "ALTER TABLE ds_alt DROP COLUMN a", "ALTER TABLE ds_alt RENAME TO ds_alt2",
			"SELECT * FROM ds_alt2", "ALTER TABLE ds_alt2 ADD COLUMN e NOT NULL",
		),
	})
}
