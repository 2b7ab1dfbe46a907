// Cases about the finer rules of storage: options, what a transaction refuses, cursors under way, limits, and what breaks an object. What Go's types make
// impossible has no case: keys and options of a wrong type, put(undefined), put(entries, nonsense), setAlarm(NaN), symbols and functions as SQL
// bindings, a transaction's callback that is no function, and kv.list(), whose one iterator a second call invalidates, where Go's may be many.
import { attempt, attemptSync, sleep } from "./show.mjs";

const st = (self) => self.ctx.storage;
const kv = (self) => self.ctx.storage.kv;
const db = (self) => self.ctx.storage.sql;
const from = (n) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<${n}) `;
const alphabet = Object.fromEntries([..."abcdefgh"].map((c, i) => [c, i]));
const fill = (self) => { for (let i = 0; i < 300; i++) kv(self).put(`k${String(i).padStart(3, "0")}`, i); };

/** Every operation of a transaction, and what it says. */
async function operations(txn) {
	const ops = { get: () => txn.get("a"), list: () => txn.list(), put: () => txn.put("a", 1), delete: () => txn.delete("a"), getAlarm: () => txn.getAlarm(), setAlarm: () => txn.setAlarm(Date.now() + 1e8), deleteAlarm: () => txn.deleteAlarm() };
	const out = {};
	for (const [name, f] of Object.entries(ops)) out[name] = await attempt(f);
	return out;
}

export const object = {
	"kv/options of every operation": async (self) => {
		const all = { allowConcurrency: true, noCache: true };
		await st(self).put(alphabet, { allowUnconfirmed: true });
		const got = [await st(self).get("a", all), [...await st(self).get(["b", "z", "a"], all)], [...await st(self).list({ start: "c", end: "f", reverse: true, limit: 2, ...all })]];
		const gone = [await st(self).delete(["a", "b"], { allowUnconfirmed: true }), Number(await st(self).delete("c", all))];
		await st(self).setAlarm(Date.now() + 1e8, { allowUnconfirmed: true, allowConcurrency: true });
		const alarm = await st(self).getAlarm({ allowConcurrency: true }) !== null;
		await st(self).deleteAlarm({ allowUnconfirmed: true });
		await st(self).sync();
		const none = await st(self).getAlarm();
		await st(self).deleteAll({ allowUnconfirmed: true });
		return [got, gone, alarm, none, [...await st(self).list()]];
	},
	"kv/delete none of many": (self) => st(self).delete([]),
	"kv/delete repeats": async (self) => { await st(self).put("a", 1); return st(self).delete(["a", "a", "b"]); },
	"kv/put many is atomic": async (self) => [await attempt(() => st(self).put({ a: 1, b: new Uint8Array(9_000_000), c: 3 })), [...await st(self).list()]],
	"kv/put nothing": async (self) => { await st(self).put({}); return [...await st(self).list()]; },
	"kv/bounds in bytes": async (self) => {
		await st(self).put({ "é": 1, "z": 2, "😀": 3, "ﬁ": 4, "\u{10ffff}": 5, "a": 6, "a\u0000": 7, "aa": 8 });
		const lists = [{ start: "z" }, { startAfter: "é", end: "😀" }, { prefix: "a", reverse: true }, { prefix: "\u{10ffff}" }, { startAfter: "a", limit: 1 }, { end: "", limit: 5 }];
		return Promise.all(lists.map(async (o) => [...(await st(self).list(o)).keys()]));
	},
	"kv/list limit out of range": (self) => attempt(() => st(self).list({ limit: 2 ** 40 })),
	"kv/large list": async (self) => { fill(self); const all = await st(self).list(); return [all.size, [...all][299]]; },
	"sync kv/iterate": (self) => {
		fill(self);
		const take = (o) => { const keys = [...kv(self).list(o)].map(([k]) => k); return [keys.length, keys[0] ?? "", keys.at(-1) ?? ""]; };
		return [take(), take({ reverse: true }), take({ limit: 200 }), take({ prefix: "k1" }), take({ start: "k010", end: "k290", reverse: true, limit: 150 }), take({ startAfter: "k298" }), take({ prefix: "x" }), take({ limit: 128 })];
	},
	"sync kv/iterate and stop": (self) => { fill(self); let n = 0; for (const [k] of kv(self).list()) if (++n === 140) return [n, k]; },
	"sync kv/iterate with a bad limit": (self) => attemptSync(() => [...kv(self).list({ limit: -1 })]),
	"sync kv/delete while iterating": (self) => { fill(self); for (const [k] of kv(self).list()) kv(self).delete(k); return [...kv(self).list()].length; },
	"sync kv/empty key": (self) => { kv(self).put("", 1); return [kv(self).get(""), [...kv(self).list({ reverse: true })]]; },

	"transaction/every operation after rollback": (self) => st(self).transaction(async (txn) => { txn.rollback(); return operations(txn); }),
	"transaction/rollback after the end": async (self) => {
		let left;
		await st(self).transaction(async (txn) => { left = txn; await txn.put("a", 1); });
		return [attemptSync(() => left.rollback()), [...await st(self).list()]];
	},
	"transaction/rollback of the outer from the inner": async (self) => {
		let said;
		await st(self).transaction(async (txn) => {
			await txn.put("outer", 1);
			await st(self).transaction(async (inner) => { await inner.put("inner", 1); said = attemptSync(() => txn.rollback()); });
		});
		return [said, [...await st(self).list()]];
	},
	"transaction/rolled back, then nested": async (self) => {
		const inner = await attempt(() => st(self).transaction(async (txn) => {
			await txn.put("a", 1);
			txn.rollback();
			return st(self).transaction(async (t) => { await t.put("b", 2); return "kept"; });
		}));
		return [inner, [...await st(self).list()]];
	},
	"transaction/SQL after rollback": async (self) => {
		db(self).exec("CREATE TABLE t(a)");
		await st(self).transaction(async (txn) => { db(self).exec("INSERT INTO t VALUES (1)"); txn.rollback(); db(self).exec("INSERT INTO t VALUES (2)"); });
		return [...db(self).exec("SELECT a FROM t").raw()];
	},
	"transaction/constraint in it": async (self) => {
		db(self).exec("CREATE TABLE t(a UNIQUE)");
		const failed = await attempt(() => st(self).transaction(async () => { db(self).exec("INSERT INTO t VALUES (1)"); db(self).exec("INSERT INTO t VALUES (1)"); }));
		return [failed, [...db(self).exec("SELECT a FROM t").raw()]];
	},
	"transaction/deferred key in a nested one": async (self) => {
		db(self).exec("CREATE TABLE p(id INTEGER PRIMARY KEY)");
		db(self).exec("CREATE TABLE c(p REFERENCES p(id) DEFERRABLE INITIALLY DEFERRED)");
		await st(self).transaction(async () => {
			await st(self).transaction(async () => { db(self).exec("INSERT INTO c VALUES (7)"); });
			db(self).exec("INSERT INTO p VALUES (7)");
		});
		return [...db(self).exec("SELECT * FROM c").raw()];
	},
	"transaction/three deep": async (self) => {
		const nest = (n) => st(self).transaction(async (txn) => { await txn.put(`at ${n}`, n); if (n < 3) await attempt(() => nest(n + 1)); if (n === 2) throw new Error("no"); });
		await nest(1);
		return [...await st(self).list()];
	},
	"transaction/writes before it stay": async (self) => {
		kv(self).put("before", 1);
		await attempt(() => st(self).transaction(async (txn) => { await txn.put("inside", 1); throw new Error("no"); }));
		return [...await st(self).list()];
	},
	"transactionSync/nested errors": (self) => {
		const put = (k, f) => st(self).transactionSync(() => { kv(self).put(k, 1); return f?.(); });
		const fail = () => { throw new RangeError("inner"); };
		return [attemptSync(() => put("a", () => put("b", () => put("c", fail)))), attemptSync(() => put("d", () => { attemptSync(() => put("e", fail)); put("f"); })), [...kv(self).list()].map(([k]) => k)];
	},
	"transactionSync/ten deep": (self) => {
		const nest = (n) => st(self).transactionSync(() => { kv(self).put(`k${n}`, n); if (n < 9) nest(n + 1); });
		nest(0);
		return [...kv(self).list()].length;
	},
	"transactionSync/schema is undone": (self) => {
		attemptSync(() => st(self).transactionSync(() => { db(self).exec("CREATE TABLE t(a)"); db(self).exec("INSERT INTO t VALUES (1)"); throw new Error("no"); }));
		return attemptSync(() => db(self).exec("SELECT * FROM t").toArray());
	},

	"sql/cursor sees what is inserted": (self) => {
		db(self).exec("CREATE TABLE t(a INTEGER PRIMARY KEY)");
		db(self).exec(from(300) + "INSERT INTO t SELECT i FROM n");
		const cursor = db(self).exec("SELECT a FROM t");
		for (let i = 0; i < 10; i++) cursor.next();
		db(self).exec("INSERT INTO t VALUES (1000)");
		return cursor.toArray().at(-1).a;
	},
	"sql/cursor after a commit": async (self) => {
		db(self).exec("CREATE TABLE t(a INTEGER PRIMARY KEY)");
		db(self).exec(from(600) + "INSERT INTO t SELECT i FROM n");
		const cursor = db(self).exec("SELECT a FROM t");
		let sum = cursor.next().value.a;
		await sleep(2);
		db(self).exec("UPDATE t SET a = a + 10000 WHERE a = 1");
		await sleep(2);
		for (const { a } of cursor) if (a <= 600) sum += a;
		return sum;
	},
	"sql/cursor after deleteAll": async (self) => {
		db(self).exec("CREATE TABLE t(a)");
		db(self).exec(from(600) + "INSERT INTO t SELECT i FROM n");
		const cursor = db(self).exec("SELECT a FROM t");
		for (let i = 0; i < 250; i++) cursor.next();
		await st(self).deleteAll();
		return attemptSync(() => cursor.toArray().length);
	},
	"sql/cursor of a dropped table": (self) => {
		db(self).exec("CREATE TABLE t(a)");
		db(self).exec(from(600) + "INSERT INTO t SELECT i FROM n");
		const cursor = db(self).exec("SELECT a FROM t");
		cursor.next();
		const dropped = attemptSync(() => { db(self).exec("DROP TABLE t"); });
		return [dropped, cursor.toArray().length];
	},
	"sql/many cursors of one text": (self) => {
		const open = Array.from({ length: 5 }, () => db(self).exec(from(400) + "SELECT i FROM n"));
		return open.map((c, k) => { for (let i = 0; i < k * 70; i++) c.next(); return c; }).map((c) => c.toArray().length);
	},
	"sql/break leaves the cursor open": (self) => {
		const cursor = db(self).exec(from(5) + "SELECT i FROM n");
		for (const { i } of cursor) if (i === 2) break;
		return cursor.toArray().map((r) => r.i);
	},
	"sql/size after deleteAll": async (self) => {
		db(self).exec("CREATE TABLE t(a)");
		db(self).exec("INSERT INTO t VALUES (zeroblob(100000))");
		await st(self).deleteAll();
		const empty = db(self).databaseSize;
		db(self).exec("CREATE TABLE t(a)");
		return [empty / 4096, db(self).databaseSize / 4096];
	},
	"sql/delete all twice": async (self) => { await st(self).deleteAll(); kv(self).put("a", 1); await st(self).deleteAll(); await st(self).deleteAll(); return [...kv(self).list()]; },
	"sql/text of the greatest length": (self) => [99_999, 100_000, 100_001].map((n) => attemptSync(() => db(self).exec("SELECT length('" + "x".repeat(n - 17) + "')").toArray().length)),
	"sql/text of several statements at the limit": (self) => [100_000, 100_001].map((n) => attemptSync(() => db(self).exec("SELECT 1; SELECT '" + "x".repeat(n - 19) + "'").toArray().length)),
	"sql/row of the greatest length": (self) => {
		db(self).exec("CREATE TABLE v(a, b)");
		return [[8_388_636, 0], [8_388_637, 0], [4_194_316, 4_194_316], [4_194_316, 4_194_317]].map(([a, b]) => attemptSync(() => { db(self).exec("INSERT INTO v VALUES (zeroblob(?), zeroblob(?))", a, b); db(self).exec("DELETE FROM v"); }));
	},
	"sql/expression of the greatest depth": (self) => [98, 99, 100].map((n) => attemptSync(() => db(self).exec("SELECT " + "(1+".repeat(n) + "1" + ")".repeat(n)).raw().next().value[0])),
	"sql/join of too many tables": (self) => { db(self).exec("CREATE TABLE j(a)"); return [64, 65].map((n) => attemptSync(() => db(self).exec("SELECT count(*) FROM " + Array.from({ length: n }, (_, i) => `j AS j${i}`).join(", ")).raw().next().value[0])); },
	"sql/program too long": (self) => attemptSync(() => db(self).exec("SELECT " + Array.from({ length: 95 }, () => "max(" + Array(100).fill("abs(1)").join(",") + ")").join("+")).columnNames.length),
	"sql/many rows of VALUES": (self) => attemptSync(() => db(self).exec("SELECT count(*) FROM (VALUES " + Array(6000).fill("(1)").join(",") + ")").raw().next().value[0]),
	"sql/pattern in bytes": (self) => [25, 26].map((n) => attemptSync(() => db(self).exec("SELECT 'a' LIKE ?", "é".repeat(n)).raw().next().value[0])),
	"sql/integer beyond 2^53 bound": (self) => attemptSync(() => db(self).exec("SELECT ?", 2n ** 60n).raw().next().value[0]),
	"sql/integer beyond 2^53 read": (self) => attemptSync(() => db(self).exec("SELECT 9007199254740993 AS n").one().n),
	"sql/integer beyond 2^53 as text": (self) => { db(self).exec("CREATE TABLE t(a INTEGER)"); db(self).exec("INSERT INTO t VALUES (CAST(? AS INTEGER))", "9223372036854775807"); return db(self).exec("SELECT CAST(a AS TEXT) AS s, typeof(a) AS t FROM t").one(); },
	"sql/numbers at the edges": (self) => [...db(self).exec("SELECT ?, ?, ?, ?, ?, typeof(?)", 9007199254740991, -9007199254740991, 5e-324, 1.7976931348623157e308, -0, 9007199254740992).raw()],
	"sql/bytes": (self) => [...db(self).exec("SELECT hex(?), typeof(?), length(?), ? = x'00ff'", new Uint8Array([0, 255]), new Uint8Array([1]), new Uint8Array(70_000), new Uint8Array([0, 255])).raw()],
	"sql/returning nothing": (self) => { db(self).exec("CREATE TABLE t(a)"); return db(self).exec("DELETE FROM t RETURNING a").toArray(); },
	"sql/changes of schema under a cached statement": (self) => {
		db(self).exec("CREATE TABLE t(a)");
		db(self).exec("INSERT INTO t VALUES (1)");
		const columns = () => db(self).exec("SELECT * FROM t").columnNames;
		const before = columns();
		db(self).exec("ALTER TABLE t ADD COLUMN b");
		return [before, columns()];
	},
	"sql/foreign keys switched off": (self) => {
		db(self).exec("PRAGMA foreign_keys=off");
		db(self).exec("CREATE TABLE p(id INTEGER PRIMARY KEY)");
		db(self).exec("CREATE TABLE c(p REFERENCES p(id))");
		return attemptSync(() => { db(self).exec("INSERT INTO c VALUES (1)"); return db(self).exec("PRAGMA foreign_keys").toArray(); });
	},
	"sql/foreign keys switched off in a transaction": (self) => {
		db(self).exec("CREATE TABLE p(id INTEGER PRIMARY KEY)");
		db(self).exec("PRAGMA foreign_keys=off");
		return db(self).exec("PRAGMA foreign_keys").toArray();
	},

	"alarm time/the last possible": async (self) => {
		const out = [];
		for (const t of [6942671999999, 9223372036853, 9223372036854, 9223372036855, 1e13]) out.push(await attempt(async () => { await st(self).setAlarm(t); return await st(self).getAlarm() === t; }));
		return out;
	},
	"alarm time/the past is now": async (self) => { const now = Date.now(); await st(self).setAlarm(1000); const at = await st(self).getAlarm(); await st(self).deleteAlarm(); return at === null || at >= now - 1000; },
	"alarm time/in a transaction that is undone": async (self) => {
		const t = Date.now() + 1e8;
		await st(self).setAlarm(t);
		await attempt(() => st(self).transaction(async (txn) => { await txn.deleteAlarm(); throw new Error("no"); }));
		const kept = await st(self).getAlarm() === t;
		await st(self).transaction(async (txn) => { await txn.deleteAlarm(); });
		return [kept, await st(self).getAlarm()];
	},

	"storage rule/violate later": async (self) => {
		db(self).exec("PRAGMA defer_foreign_keys=on");
		db(self).exec("CREATE TABLE p(id INTEGER PRIMARY KEY)");
		db(self).exec("CREATE TABLE c(p REFERENCES p(id))");
		db(self).exec("PRAGMA defer_foreign_keys=on");
		db(self).exec("INSERT INTO c VALUES (1)");
		await sleep(5);
		return "never seen";
	},
	"storage rule/or rollback": async (self) => {
		kv(self).put("before", 1);
		await st(self).sync();
		db(self).exec("CREATE TABLE t(a UNIQUE)");
		db(self).exec("INSERT INTO t VALUES (1)");
		const said = attemptSync(() => db(self).exec("INSERT OR ROLLBACK INTO t VALUES (1)"));
		return [said, attemptSync(() => db(self).exec("SELECT 1 AS x").one())];
	},
	"storage rule/early returning": (self) => { db(self).exec("CREATE TABLE t(a); INSERT INTO t VALUES (1) RETURNING a; SELECT 1"); return "done"; },
	"storage rule/unread returning": async (self) => {
		db(self).exec("CREATE TABLE t(a)");
		db(self).exec("INSERT INTO t VALUES (1),(2) RETURNING a");
		await sleep(1);
		return "done";
	},
	"storage rule/all at once, then abort": (self) => { kv(self).put("a", 1); db(self).exec("CREATE TABLE t(a)"); self.ctx.abort("gone"); },
	"storage rule/one, then another and abort": async (self) => { kv(self).put("a", 1); await sleep(5); kv(self).put("b", 1); self.ctx.abort("gone"); },
	"storage rule/unconfirmed": async (self) => { st(self).put("a", 1, { allowUnconfirmed: true }); st(self).put("b", 2, { allowUnconfirmed: true }); return "answered"; },
	"storage rule/keys": (self) => [...kv(self).list()].map(([k]) => k),
	"storage rule/alarm plan": async (self, { plan, at }) => { kv(self).put("plan", plan); kv(self).put("at", at); await st(self).setAlarm(at); },
	"storage rule/alarm state": async (self) => ({ runs: (kv(self).get("runs") ?? []).map((r) => [r.retryCount, r.isRetry]), alarm: await st(self).getAlarm() !== null }),
	"storage rule/delete the alarm": (self) => st(self).deleteAlarm(),
};

const run = (c, name, arg) => c.object().run({ name: `storage rule/${name}`, arg });

/** Runs a case that breaks its object, then shows what a new instance has. */
const breaks = (name) => async (c) => [await attempt(() => run(c, name)), await run(c, "keys")];
const survives = (name) => async (c) => { const outcome = await attempt(() => run(c, name)); return outcome?.error ? "broke the object" : outcome; };

/** Sets an alarm, waits for its first run, does something, and shows the runs after a while. */
const alarmed = (plan, then) => async (c) => {
	await run(c, "alarm plan", { plan, at: Date.now() + 50 });
	await sleep(700);
	const before = await run(c, "alarm state");
	await then?.(c);
	await sleep(2600);
	return [before, await run(c, "alarm state")];
};

export const worker = {
	"sql/deferred keys by pragma at commit": breaks("violate later"),
	"sql/or rollback breaks the object": async (c) => [await survives("or rollback")(c), await run(c, "keys")],
	"sql/returning before another statement": survives("early returning"),
	"sql/returning that is not read": survives("unread returning"),
	"implicit transaction/is lost whole": breaks("all at once, then abort"),
	"implicit transaction/ends with the turn": breaks("one, then another and abort"),
	"implicit transaction/unconfirmed writes are kept": breaks("unconfirmed"),
	"alarm/between retries": alarmed("fail once"),
	"alarm/deleted between retries": alarmed("fail once", (c) => run(c, "delete the alarm")),
	"alarm/set between retries": alarmed("fail once", (c) => run(c, "alarm plan", { plan: "", at: Date.now() + 50 })),
	"alarm/deleted in a handler that fails": alarmed("delete and fail"),
};
