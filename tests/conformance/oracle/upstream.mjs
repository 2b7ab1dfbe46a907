// Cases about what workerd's own tests look at and no other case does. docs/workerd-tests.md has the whole list.
import { attempt, attemptSync } from "./show.mjs";
import { script } from "./sql.mjs";

const st = (self) => self.ctx.storage;
const stop = new Error("rolled back on purpose");

/** Enters so many critical sections, each within the one before, and says what became of it. */
const nested = (depth) => async (self) => {
	let entered = 0;
	const enter = async (left) => {
		entered++;
		if (left > 1) await self.ctx.blockConcurrencyWhile(() => enter(left - 1));
	};
	const last = async (left) => {
		if (left > 0) return self.ctx.blockConcurrencyWhile(() => last(left - 1));
		return attempt(() => self.ctx.blockConcurrencyWhile(async () => { entered++; return "inside"; }));
	};
	await self.ctx.blockConcurrencyWhile(() => enter(3));
	const deepest = await last(depth - 1);
	return { entered, deepest };
};

/** A transaction that f fills and that is rolled back. */
const rolledBack = (self, f) => attempt(() => st(self).transaction(async () => { await f(); throw stop; }));

export const object = {
	"section/64 deep": nested(64),
	"section/65 deep": nested(65),
	"transaction/first key is rolled back": async (self) => [
		await rolledBack(self, () => st(self).put("k", 1)), await st(self).get("k") ?? null,
		await st(self).put("k", 2), await st(self).get("k"),
	],
	"transaction/first alarm is rolled back": async (self) => {
		const far = Date.now() + 1e8;
		const failed = await rolledBack(self, () => st(self).setAlarm(far));
		const between = await st(self).getAlarm();
		await st(self).setAlarm(far + 1);
		return [failed, between, await st(self).getAlarm() === far + 1];
	},
	"transaction/deleted alarm comes back": async (self) => {
		const far = Date.now() + 1e8;
		await st(self).setAlarm(far);
		const inside = [];
		const failed = await rolledBack(self, async () => { await st(self).deleteAlarm(); inside.push(await st(self).getAlarm()); });
		return [failed, inside, await st(self).getAlarm() === far];
	},
	"alarm time/the same again": async (self) => {
		const far = Date.now() + 1e8;
		await st(self).setAlarm(far);
		await st(self).setAlarm(far);
		return await st(self).getAlarm() === far;
	},
	"alarm time/earlier, then later": async (self) => {
		const far = Date.now() + 1e8, seen = [];
		for (const at of [far, far - 5000, far + 5000]) {
			await st(self).setAlarm(at, { allowUnconfirmed: true });
			seen.push(await st(self).getAlarm() - far);
		}
		return seen;
	},
	"kv/delete all deletes the alarm": async (self) => {
		await st(self).setAlarm(Date.now() + 1e8);
		await st(self).put("k", 1);
		await st(self).deleteAll();
		const after = await st(self).getAlarm();
		await st(self).put("k", 2);
		return [after, await st(self).getAlarm(), await st(self).get("k")];
	},
	"kv/one value of several is not cloneable": async (self) => {
		await st(self).put("a", "before");
		const failed = (await attempt(() => st(self).put({ a: 1, b: () => 1 }))).error !== undefined;
		return [failed, [...await st(self).list()]];
	},
	"kv/sync after writes that need no confirmation": async (self) => {
		for (let i = 0; i < 3; i++) await st(self).put("k", i, { allowUnconfirmed: true });
		await Promise.all([st(self).sync(), st(self).sync()]);
		return st(self).get("k");
	},
	"transactionSync/inner error leaves the outer": (self) => {
		const kv = st(self).kv;
		st(self).transactionSync(() => {
			kv.put("a", 1);
			attemptSync(() => st(self).transactionSync(() => { kv.put("a", 2); kv.put("b", 2); throw stop; }));
			kv.put("c", 3);
		});
		return [...kv.list()];
	},
	...Object.fromEntries(Object.entries({
		"several statements after a pragma": ["PRAGMA case_sensitive_like = TRUE", "CREATE TABLE i(a); INSERT INTO i VALUES (1); INSERT INTO i VALUES (2)", "SELECT a FROM i"],
		"the same query after an alteration": ["CREATE TABLE i(a)", "INSERT INTO i VALUES (1)", "SELECT * FROM i", "ALTER TABLE i ADD COLUMN b DEFAULT 7", "SELECT * FROM i", "ALTER TABLE i DROP COLUMN a", "SELECT * FROM i"],
		"checks ignored": ["CREATE TABLE c(a, CHECK(a > 0))", "INSERT INTO c VALUES (-1)", "PRAGMA ignore_check_constraints = TRUE", "INSERT INTO c VALUES (-1)", "PRAGMA ignore_check_constraints = FALSE", "INSERT INTO c VALUES (-1)", "PRAGMA quick_check", "SELECT a FROM c"],
		"white space and comments at the end": ["SELECT 1;\t", "SELECT 2;\n\r\n", "SELECT 3; /* done */", "SELECT 4 -- done"],
		"statistics": ["CREATE TABLE i(a)", "CREATE INDEX ia ON i(a)", "INSERT INTO i VALUES (1), (2), (2)", "ANALYZE", "SELECT tbl, idx FROM sqlite_stat1", "PRAGMA optimize(-1)"],
		"ranked full text": ["CREATE VIRTUAL TABLE f USING FTS5(a, b, tokenize = porter)", "INSERT INTO f VALUES ('one content', 'x'), ('two', 'contents of contents'), ('three', 'y')",
			"SELECT a FROM f WHERE f MATCH 'content' ORDER BY rank", "SELECT highlight(f, 1, '<', '>') FROM f WHERE f MATCH 'content' ORDER BY bm25(f)", "SELECT snippet(f, 1, '[', ']', '…', 2) FROM f WHERE f MATCH 'contents' ORDER BY rank"],
	}).map(([name, list]) => [`sql/${name}`, script(...list)])),
};
