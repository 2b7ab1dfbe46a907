// Cases about key-value storage, transactions and alarms' stored time. Each runs in an object of its own.
import { attempt, attemptSync, bytes, pattern } from "./show.mjs";

const st = (self) => self.ctx.storage;
const kv = (self) => self.ctx.storage.kv;
const fruit = { apple: 1, banana: 2, cherry: 3, date: 4, elder: 5 };

async function listed(self, options) {
	await st(self).put(fruit);
	return [...await st(self).list(options)];
}
function listedSync(self, options) {
	for (const [k, v] of Object.entries(fruit)) kv(self).put(k, v);
	return [...kv(self).list(options)];
}

const selections = {
	"all": {}, "prefix": { prefix: "b" }, "prefix without a match": { prefix: "z" }, "start": { start: "banana" }, "start after": { startAfter: "banana" }, "end": { end: "date" },
	"start and end": { start: "b", end: "d" }, "reverse": { reverse: true }, "limit": { limit: 2 }, "reverse and limit": { reverse: true, limit: 2 },
	"reverse, start and end": { reverse: true, start: "banana", end: "elder" }, "start beyond end": { start: "x", end: "a" },
	"limit beyond the end": { limit: 100 }, "prefix and start after": { prefix: "b", startAfter: "banana" },
};
const lists = (prefix, f) => Object.fromEntries(Object.entries(selections).map(([name, o]) => [`${prefix} list/${name}`, (self) => f(self, o)]));
const badLists = (prefix, f) => Object.fromEntries(Object.entries({
	"start with start after": { start: "a", startAfter: "b" }, "limit 0": { limit: 0 }, "negative limit": { limit: -1 },
}).map(([name, o]) => [`${prefix} list/${name}`, (self) => f(self, o)]));

export const object = {
	...lists("kv", listed), ...badLists("kv", (self, o) => attempt(() => listed(self, o))),
	...lists("sync kv", listedSync), ...badLists("sync kv", (self, o) => attemptSync(() => listedSync(self, o))),
	"kv/put and get": async (self) => { await st(self).put("k", "v"); return [await st(self).get("k"), await st(self).get("absent")]; },
	"kv/values": async (self) => {
		const values = { n: 1.5, i: 42, s: "ß", t: true, z: null, d: new Date(1000), b: bytes(1, 2, 3), a: [1, [2]], o: { x: { y: [] } } };
		await st(self).put(values);
		return Object.fromEntries(await st(self).get(Object.keys(values)));
	},
	"kv/overwrite": async (self) => { await st(self).put("k", 1); await st(self).put("k", { now: "an object" }); return st(self).get("k"); },
	"kv/get many": async (self) => { await st(self).put({ b: 2, a: 1, c: 3 }); return [...await st(self).get(["c", "a", "absent", "a"])]; },
	"kv/get none of many": async (self) => [...await st(self).get([])],
	"kv/delete": async (self) => { await st(self).put("k", 1); return [Number(await st(self).delete("k")), Number(await st(self).delete("k")), await st(self).get("k")]; },
	"kv/delete many": async (self) => { await st(self).put({ a: 1, b: 2, c: 3 }); return [await st(self).delete(["a", "c", "absent"]), [...await st(self).list()]]; },
	"kv/null is a value": async (self) => { await st(self).put("k", null); return [(await st(self).list()).has("k"), await st(self).get("k")]; },
	"kv/empty key": async (self) => { await st(self).put("", "empty"); return [await st(self).get(""), [...await st(self).list()]]; },
	"kv/keys are ordered by bytes": async (self) => {
		await st(self).put({ "😀": 1, "ﬁ": 2, "Z": 3, "a": 4, "é": 5, "10": 6, "9": 7 });
		return [...(await st(self).list()).keys()];
	},
	"kv/long key": async (self) => { const k = "k".repeat(5000); await st(self).put(k, 1); return (await st(self).get(k)); },
	"kv/large value": async (self) => { await st(self).put("k", pattern(1_000_000)); return st(self).get("k"); },
	"kv/value too large": async (self) => attempt(() => st(self).put("k", new Uint8Array(9_000_000))),
	"kv/undefined": async (self) => attempt(() => st(self).put("k", undefined)),
	"kv/not cloneable": async (self) => attempt(() => st(self).put("k", () => 1)),
	"kv/options": async (self) => {
		await st(self).put("k", 1, { allowUnconfirmed: true, allowConcurrency: true, noCache: true });
		await st(self).sync();
		return st(self).get("k", { allowConcurrency: true, noCache: true });
	},
	"kv/500 keys": async (self) => {
		await st(self).put(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${String(i).padStart(3, "0")}`, i])));
		const all = await st(self).list();
		return [all.size, [...all][499], (await st(self).list({ start: "k100", limit: 3 })).size];
	},
	"kv/delete all": async (self) => {
		await st(self).put("k", 1);
		st(self).sql.exec("CREATE TABLE t(a)");
		await st(self).setAlarm(Date.now() + 1e8);
		await st(self).deleteAll();
		return [await st(self).get("k"), attemptSync(() => st(self).sql.exec("SELECT * FROM t").toArray()), await st(self).getAlarm()];
	},
	"kv/usable after delete all": async (self) => { await st(self).put("k", 1); await st(self).deleteAll(); await st(self).put("l", 2); return [...await st(self).list()]; },
	"sync kv/put and get": (self) => { kv(self).put("k", { v: 1 }); return [kv(self).get("k"), kv(self).get("absent")]; },
	"sync kv/delete": (self) => { kv(self).put("k", 1); return [kv(self).delete("k"), kv(self).delete("k"), kv(self).get("k")]; },
	"sync kv/values": (self) => { kv(self).put("k", { d: new Date(1000), b: bytes(1), n: null, f: 0.5 }); return kv(self).get("k"); },
	"sync kv/shared with async": async (self) => { kv(self).put("a", 1); await st(self).put("b", 2); return [await st(self).get("a"), kv(self).get("b")]; },
	"sync kv/value too large": (self) => attemptSync(() => kv(self).put("k", new Uint8Array(9_000_000))),
	"storage/in SQL's sight": async (self) => { await st(self).put("k", 1); return st(self).sql.exec("SELECT name FROM sqlite_master WHERE name LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name").toArray(); },

	"transaction/commit": async (self) => {
		const r = await st(self).transaction(async (txn) => { await txn.put("a", 1); await txn.put("b", 2); return "done"; });
		return [r, [...await st(self).list()]];
	},
	"transaction/error rolls back": async (self) => {
		await st(self).put("a", "before");
		const failed = await attempt(() => st(self).transaction(async (txn) => { await txn.put("a", "inside"); await txn.put("b", 1); throw new RangeError("no"); }));
		return [failed, [...await st(self).list()]];
	},
	"transaction/rollback": async (self) => {
		let after;
		await st(self).transaction(async (txn) => { await txn.put("a", 1); txn.rollback(); after = "went on"; });
		return [after, [...await st(self).list()]];
	},
	"transaction/use after rollback": async (self) => {
		const inside = await attempt(() => st(self).transaction(async (txn) => {
			await txn.put("a", 1);
			txn.rollback();
			await txn.put("b", 2);
		}));
		return [inside, [...await st(self).list()]];
	},
	"transaction/rollback twice": async (self) => attempt(() => st(self).transaction(async (txn) => { txn.rollback(); txn.rollback(); return "fine"; })),
	"transaction/operations": (self) => st(self).transaction(async (txn) => {
		await txn.put({ a: 1, b: 2, c: 3 });
		const deleted = Number(await txn.delete("a"));
		return [deleted, [...await txn.list({ reverse: true })], await txn.get("b"), [...await txn.get(["a", "c"])]];
	}),
	"transaction/with SQL": async (self) => {
		st(self).sql.exec("CREATE TABLE t(a)");
		await attempt(() => st(self).transaction(async () => { st(self).sql.exec("INSERT INTO t VALUES (1)"); throw new Error("no"); }));
		await st(self).transaction(async () => { st(self).sql.exec("INSERT INTO t VALUES (2)"); });
		return st(self).sql.exec("SELECT a FROM t").toArray();
	},
	"transaction/storage used directly": async (self) => {
		await attempt(() => st(self).transaction(async () => { await st(self).put("a", 1); throw new Error("no"); }));
		return [...await st(self).list()];
	},
	"transaction/nested": async (self) => {
		await st(self).transaction(async (txn) => {
			await txn.put("outer", 1);
			await st(self).transaction(async (inner) => { await inner.put("kept", 2); });
			await attempt(() => st(self).transaction(async (inner) => { await inner.put("lost", 3); throw new Error("no"); }));
		});
		return [...await st(self).list()];
	},
	"transaction/inner rollback keeps outer": async (self) => {
		await st(self).transaction(async (txn) => {
			await txn.put("outer", 1);
			await st(self).transaction(async (inner) => { await inner.put("inner", 2); inner.rollback(); });
		});
		return [...await st(self).list()];
	},
	"transaction/outer error undoes inner": async (self) => {
		await attempt(() => st(self).transaction(async () => {
			await st(self).transaction(async (inner) => { await inner.put("inner", 1); });
			throw new Error("no");
		}));
		return [...await st(self).list()];
	},
	"transaction/delete all": async (self) => attempt(() => st(self).transaction(async () => { await st(self).deleteAll(); })),
	"transaction/alarm": async (self) => {
		const t = Date.now() + 1e8;
		await attempt(() => st(self).transaction(async () => { await st(self).setAlarm(t); throw new Error("no"); }));
		const undone = await st(self).getAlarm();
		await st(self).transaction(async () => { await st(self).setAlarm(t); });
		return [undone, await st(self).getAlarm() === t];
	},
	"transactionSync/commit": (self) => { st(self).transactionSync(() => { kv(self).put("a", 1); kv(self).put("b", 2); }); return [...kv(self).list()]; },
	"transactionSync/error rolls back": (self) => {
		kv(self).put("a", "before");
		const failed = attemptSync(() => st(self).transactionSync(() => { kv(self).put("a", "inside"); throw new TypeError("no"); }));
		return [failed, [...kv(self).list()]];
	},
	"transactionSync/nested": (self) => {
		st(self).transactionSync(() => {
			kv(self).put("outer", 1);
			st(self).transactionSync(() => kv(self).put("kept", 2));
			attemptSync(() => st(self).transactionSync(() => { kv(self).put("lost", 3); throw new Error("no"); }));
		});
		return [...kv(self).list()];
	},
	"transactionSync/with SQL": (self) => {
		st(self).sql.exec("CREATE TABLE t(a UNIQUE)");
		const failed = attemptSync(() => st(self).transactionSync(() => { st(self).sql.exec("INSERT INTO t VALUES (1)"); st(self).sql.exec("INSERT INTO t VALUES (1)"); }));
		const rows = st(self).sql.exec("SELECT a FROM t").toArray();
		st(self).transactionSync(() => {
			st(self).sql.exec("INSERT INTO t VALUES (2)");
			attemptSync(() => st(self).sql.exec("INSERT INTO t VALUES (2)"));
		});
		return [failed, rows, st(self).sql.exec("SELECT a FROM t").toArray()];
	},
	"transactionSync/inside transaction": async (self) => {
		await st(self).transaction(async () => {
			st(self).transactionSync(() => kv(self).put("kept", 1));
			attemptSync(() => st(self).transactionSync(() => { kv(self).put("lost", 1); throw new Error("no"); }));
		});
		return [...kv(self).list()];
	},

	"alarm time/none": (self) => st(self).getAlarm(),
	"alarm time/set": (self) => attempt(async () => { const t = Date.now() + 1e8; await st(self).setAlarm(t); return await st(self).getAlarm() === t; }),
	"alarm time/overwrite": async (self) => { const t = Date.now(); await st(self).setAlarm(t + 1e8); await st(self).setAlarm(t + 2e8); return await st(self).getAlarm() === t + 2e8; },
	"alarm time/delete": async (self) => { await st(self).setAlarm(Date.now() + 1e8); await st(self).deleteAlarm(); return st(self).getAlarm(); },
	"alarm time/delete none": async (self) => { await st(self).deleteAlarm(); return st(self).getAlarm(); },
	"alarm time/zero": (self) => attempt(() => st(self).setAlarm(0)),
	"alarm time/negative": (self) => attempt(() => st(self).setAlarm(-5)),
	"alarm time/too far": (self) => attempt(() => st(self).setAlarm(new Date("2500-01-01T00:00:00Z").getTime())),
};

export const worker = {
	"alarm time/class without handler": (c) => attempt(() => c.env.OTHER.getByName(c.name).run({ name: "alarm time/set" })),
	"kv/kept after an error": async (c) => {
		const failed = await attempt(() => c.object().run({ name: "kv/put then throw" }));
		return [failed, await c.object().run({ name: "kv/get k" })];
	},
};

Object.assign(object, {
	"kv/put then throw": async (self) => { await st(self).put("k", "kept"); throw new Error("after the put"); },
	"kv/get k": (self) => st(self).get("k"),
});
