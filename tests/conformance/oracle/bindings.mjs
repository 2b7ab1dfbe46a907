// Cases about what the environment gives a Worker: variables, D1, outbound fetch.
import { attempt, bytes, pattern, sleep } from "./show.mjs";

/** A D1 table of the case's own, filled. */
async function table(c, name) {
	const db = c.env.DB;
	await db.exec(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY, name TEXT UNIQUE, score REAL)`);
	await db.batch([["a", 1.5], ["b", 2.5], ["c", null]].map(([n, s]) => db.prepare(`INSERT INTO ${name} (name, score) VALUES (?, ?)`).bind(n, s)));
	return db;
}
const meta = ({ changes, last_row_id, changed_db, rows_read, rows_written }) => ({ changes, last_row_id, changed_db, rows_read, rows_written });

const upstream = (c, path, init) => fetch(c.env.UPSTREAM + path, init);

export const worker = {
	"env/variable": (c) => [c.env.GREETING, c.env.EMPTY, c.env.UNICODE],
	"env/JSON": (c) => c.env.SETTINGS,
	"service/this Worker": async (c) => {
		const r = await c.env.SELF.fetch("https://service/http/echo%20body", { method: "POST", body: "through the service", headers: { "Content-Type": "text/x-case" } });
		return { status: r.status, body: await r.text(), type: r.headers.get("x-type") };
	},
	"service/set-cookie": async (c) => (await c.env.SELF.fetch("https://service/http/set-cookie")).headers.getSetCookie(),
	"service/redirect": async (c) => { const r = await c.env.SELF.fetch("https://service/http/redirect?code=307", { redirect: "manual" }); return [r.status, r.headers.get("location")]; },
	"service/large body": async (c) => (await c.env.SELF.fetch("https://service/http/large%20upload", { method: "POST", body: pattern(400_000) })).json(),
	"service/uncaught error": async (c) => (await attempt(async () => (await c.env.SELF.fetch("https://service/http/uncaught%20error")).status)).error !== undefined,
	"env/number": (c) => [c.env.HALF, c.env.LARGE],
	"env/truth": (c) => c.env.FLAG,
	"env/list": (c) => c.env.NAMES,
	"env/in a structure": (c) => [c.env.SETTINGS.limit, c.env.SETTINGS.names],
	"env/string by its name": (c) => c.env.GREETING,
	"env/no such variable": () => "no variable or secret \"NOT_SET\": add it to [vars] in wrangler.toml or, if it is a secret, to .dev.vars on this machine and with `lattice secret put NOT_SET` on Cloudflare",
	"env/binding that is no variable": () => 'binding "KV" is of kind kv, not a variable',
	"env/string that is no number": () => 'variable "GREETING" is a string which is not JSON for a int',
	"env/list that is no structure": () => 'variable "NAMES" does not fit a map[string]int: json: cannot unmarshal array into Go value of type map[string]int',
	"env/missing": (c) => [c.env.NOT_SET ?? "", "NOT_SET" in c.env],

	"d1/all": async (c) => (await (await table(c, "d_all")).prepare("SELECT id, name, score FROM d_all ORDER BY id").all()).results,
	"d1/all with parameters": async (c) => (await (await table(c, "d_par")).prepare("SELECT name FROM d_par WHERE score > ?1 OR name = ?2 ORDER BY id").bind(2, "c").all()).results,
	"d1/first": async (c) => { const db = await table(c, "d_first"); return [await db.prepare("SELECT * FROM d_first ORDER BY id").first(), await db.prepare("SELECT * FROM d_first WHERE 0").first(), await db.prepare("SELECT count(*) AS n FROM d_first").first("n")]; },
	"d1/raw": async (c) => (await table(c, "d_raw")).prepare("SELECT id, name AS n, name AS n FROM d_raw WHERE id < 3").raw({ columnNames: true }),
	"d1/run": async (c) => { const r = await (await table(c, "d_run")).prepare("INSERT INTO d_run (name) VALUES ('x'), ('y')").run(); return { ...meta(r.meta), results: r.results }; },
	"d1/run an update": async (c) => { const db = await table(c, "d_upd"); const r = await db.prepare("UPDATE d_upd SET score = 0 WHERE score > 1").run(); return meta(r.meta).changes; },
	"d1/run returning": async (c) => (await (await table(c, "d_ret")).prepare("INSERT INTO d_ret (name) VALUES (?) RETURNING id, name").bind("r").run()).results,
	"d1/select meta": async (c) => { const { last_row_id, ...m } = meta((await (await table(c, "d_meta")).prepare("SELECT * FROM d_meta").run()).meta); return m; },
	"d1/batch": async (c) => {
		const db = await table(c, "d_batch");
		const r = await db.batch([db.prepare("INSERT INTO d_batch (name) VALUES (?)").bind("d"), db.prepare("SELECT count(*) AS n FROM d_batch"), db.prepare("DELETE FROM d_batch WHERE id = 1")]);
		return r.map((x) => ({ results: x.results, changes: x.meta.changes }));
	},
	"d1/batch rolls back": async (c) => {
		const db = await table(c, "d_roll");
		const failed = await attempt(() => db.batch([db.prepare("INSERT INTO d_roll (name) VALUES ('new')"), db.prepare("INSERT INTO d_roll (name) VALUES ('a')")]));
		return [failed, await db.prepare("SELECT count(*) AS n FROM d_roll").first("n")];
	},
	"d1/empty batch": (c) => attempt(() => c.env.DB.batch([])),
	"d1/exec": async (c) => { const r = await c.env.DB.exec("CREATE TABLE d_exec (a);\nINSERT INTO d_exec VALUES (1);\nINSERT INTO d_exec VALUES (2)"); return [r.count, await c.env.DB.prepare("SELECT count(*) AS n FROM d_exec").first("n")]; },
	"d1/exec error": (c) => attempt(() => c.env.DB.exec("CREATE TABLE d_exe (a);\nINSERT INTO nope VALUES (1)")),
	"d1 session/bookmarks": async (c) => {
		await table(c, "d_ses");
		const s = c.env.DB.withSession("first-primary");
		const none = s.getBookmark();
		const n = await s.prepare("SELECT count(*) AS n FROM d_ses").first("n");
		const one = s.getBookmark();
		await s.prepare("INSERT INTO d_ses (name) VALUES ('z')").run();
		const two = s.getBookmark();
		const later = c.env.DB.withSession(two);
		const m = await later.prepare("SELECT count(*) AS n FROM d_ses").first("n");
		return [none, n, one.length > 8, one < two, m, later.getBookmark() >= two];
	},
	"d1 session/batch": async (c) => { await table(c, "d_seb"); const s = c.env.DB.withSession(); const r = await s.batch([s.prepare("INSERT INTO d_seb (name) VALUES (?)").bind("y"), s.prepare("SELECT count(*) AS n FROM d_seb")]); return [r[1].results, s.getBookmark() !== null]; },
	"d1 session/of an unknown bookmark": async (c) => { const s = c.env.DB.withSession("nonsense"); return s.prepare("SELECT 1 AS one").first("one"); },
	"d1 session/error": (c) => attempt(() => c.env.DB.withSession("first-unconstrained").prepare("SELEC 1").run()),
	"d1/types": async (c) => c.env.DB.prepare("SELECT ?1 AS n, ?2 AS f, ?3 AS s, ?4 AS z, ?5 AS u").bind(7, 1.25, "ß💥", null, "").first(),
	"d1/blob": async (c) => { await c.env.DB.exec("CREATE TABLE d_blob (b)"); await c.env.DB.prepare("INSERT INTO d_blob VALUES (?)").bind(bytes(1, 2, 255)).run(); return c.env.DB.prepare("SELECT hex(b) AS h, typeof(b) AS t, length(b) AS n FROM d_blob").first(); },
	"d1/blob result": async (c) => { const { b } = await c.env.DB.prepare("SELECT x'0102ff' AS b").first(); return new Uint8Array(b); },
	"d1/boolean": (c) => c.env.DB.prepare("SELECT ?1 AS t, ?2 AS f").bind(true, false).first(),
	"d1/large integer": (c) => c.env.DB.prepare("SELECT 9007199254740991 AS a, ?1 AS b").bind(9007199254740991).first(),
	"d1/integer types": (c) => c.env.DB.prepare("SELECT typeof(?1) AS i, typeof(?2) AS f").bind(7, 7.5).first(),
	"d1/syntax error": (c) => attempt(() => c.env.DB.prepare("SELEC 1").run()),
	"d1/missing table": (c) => attempt(() => c.env.DB.prepare("SELECT * FROM d_nope").all()),
	"d1/unique constraint": async (c) => { const db = await table(c, "d_uni"); return attempt(() => db.prepare("INSERT INTO d_uni (name) VALUES ('a')").run()); },
	"d1/not null constraint": async (c) => { await c.env.DB.exec("CREATE TABLE d_nn (a NOT NULL)"); return attempt(() => c.env.DB.prepare("INSERT INTO d_nn VALUES (NULL)").run()); },
	"d1/too few parameters": (c) => attempt(() => c.env.DB.prepare("SELECT ?, ?").bind(1).all()),
	"d1/too many parameters": (c) => attempt(() => c.env.DB.prepare("SELECT ?").bind(1, 2).all()),
	"d1/no statement": (c) => attempt(() => c.env.DB.prepare("").run()),
	"d1/transaction refused": (c) => attempt(() => c.env.DB.prepare("BEGIN").run()),
	"d1/two statements": (c) => attempt(async () => (await c.env.DB.prepare("SELECT 1 AS a; SELECT 2 AS b").all()).results),
	"d1/foreign keys": async (c) => { await c.env.DB.exec("CREATE TABLE d_p (id INTEGER PRIMARY KEY)"); await c.env.DB.exec("CREATE TABLE d_c (p REFERENCES d_p(id))"); return attempt(() => c.env.DB.prepare("INSERT INTO d_c VALUES (9)").run()); },
	"d1/many rows": async (c) => { const r = await c.env.DB.prepare("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<1000) SELECT i, 'row ' || i AS t FROM n").all(); return [r.results.length, r.results[999]]; },
	"database sql/query": async (c) => (await (await table(c, "s_query")).prepare("SELECT id, name, score FROM s_query WHERE id >= ? ORDER BY id").bind(2).raw()),
	"database sql/one row": async (c) => { const db = await table(c, "s_one"); return [await db.prepare("SELECT name FROM s_one WHERE id = 2").first("name"), await db.prepare("SELECT name FROM s_one WHERE id = 9").first("name")]; },
	"database sql/exec": async (c) => { const { meta } = await (await table(c, "s_exec")).prepare("UPDATE s_exec SET score = ? WHERE id < ?").bind(9, 3).run(); return meta.changes; },
	"database sql/insert id": async (c) => { const { meta } = await (await table(c, "s_ins")).prepare("INSERT INTO s_ins (name) VALUES (?)").bind("new").run(); return meta.last_row_id; },
	"database sql/types": (c) => c.env.DB.prepare("SELECT ?, ?, ?, ?, ?").bind(7, 1.5, "ß", null, bytes(1, 2)).raw().then(([row]) => row.map((v) => Array.isArray(v) ? new Uint8Array(v) : v)),
	"database sql/error": (c) => attempt(() => c.env.DB.prepare("SELECT * FROM s_nope").all()),
	"d1/from an object": (c) => c.object().run({ name: "d1/inside" }),

	"fetch/get": async (c) => { const r = await upstream(c, "/hello?q=1"); return { status: r.status, text: await r.text(), header: r.headers.get("x-upstream"), type: r.headers.get("content-type") }; },
	"fetch/post": async (c) => (await upstream(c, "/echo", { method: "POST", body: "a=1&b=ü", headers: { "Content-Type": "application/x-www-form-urlencoded", "X-Custom": "yes" } })).json(),
	"fetch/bytes": async (c) => (await upstream(c, "/digest", { method: "PUT", body: pattern(300_000) })).json(),
	"fetch/streamed upload": async (c) => {
		const { readable, writable } = new TransformStream();
		const writer = writable.getWriter();
		const sent = (async () => {
			for (let i = 0; i < 4; i++) { await writer.write(pattern(10_000)); await sleep(1); }
			await writer.close();
		})();
		const r = await upstream(c, "/digest", { method: "POST", body: readable });
		await sent;
		return r.json();
	},
	"fetch/large download": async (c) => new Uint8Array(await (await upstream(c, "/bytes?n=2000000")).arrayBuffer()),
	"fetch/status": async (c) => { const r = await upstream(c, "/status?code=503"); return [r.status, r.ok, await r.text()]; },
	"fetch/no content": async (c) => { const r = await upstream(c, "/status?code=204"); return [r.status, await r.text()]; },
	"fetch/set-cookie": async (c) => (await upstream(c, "/cookies")).headers.getSetCookie(),
	"fetch/redirect followed": async (c) => { const r = await upstream(c, "/redirect?to=/hello"); return [r.status, await r.text()]; },
	"fetch/redirect not followed": async (c) => { const r = await upstream(c, "/redirect?to=/hello", { redirect: "manual" }); return [r.status, r.headers.get("location")]; },
	"fetch/redirect loop": async (c) => { const r = await attempt(async () => (await upstream(c, "/redirect?to=/loop")).status); return r.error !== undefined; },
	"fetch/connection refused": async (c) => (await attempt(() => fetch("http://127.0.0.1:1/"))).error !== undefined,
	"fetch/user agent": async (c) => (await upstream(c, "/echo", { headers: { "User-Agent": "lattice-case" } })).json().then((j) => j.agent),
	"fetch/head": async (c) => { const r = await upstream(c, "/hello", { method: "HEAD" }); return [r.status, (await r.text()).length, r.headers.get("x-upstream")]; },
	"fetch/gzip": async (c) => (await upstream(c, "/gzip")).text(),
	"fetch/cancelled": async (c) => {
		const stop = AbortSignal.timeout(50);
		return (await attempt(() => upstream(c, "/slow", { signal: stop }))).error !== undefined;
	},
	"fetch/many at once": async (c) => (await Promise.all(Array.from({ length: 20 }, (_, i) => upstream(c, `/hello?q=${i}`).then((r) => r.text())))).sort(),
	"fetch/from an object": (c) => c.object().run({ name: "fetch/inside" }),
};

export const http = {
	"fetch/proxied": async (c) => {
		const r = await upstream(c, "/bytes?n=200000");
		return new Response(r.body, { status: r.status, headers: { "x-proxied": "yes" } });
	},
};

export const object = {
	"d1/inside": async (self) => [await self.env.DB.prepare("SELECT 5 AS five").first("five"), self.env.GREETING],
	"fetch/inside": async (self) => {
		const text = await (await fetch(self.env.UPSTREAM + "/hello?q=object")).text();
		self.ctx.storage.kv.put("fetched", text);
		return self.ctx.storage.kv.get("fetched");
	},
};
