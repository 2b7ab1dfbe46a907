// Cases about the life of an object: construction, critical sections, alarms, abort, waitUntil, scheduled events.
import { begun } from "./rpc.mjs";
import { attempt, show, sleep } from "./show.mjs";

const kv = (self) => self.ctx.storage.kv;

/** Obj's alarm: records what it saw, then does what the stored plan says. */
export async function alarm(self, info) {
	const runs = kv(self).get("runs") ?? [];
	runs.push({ retryCount: info.retryCount, isRetry: info.isRetry, onTime: info.scheduledTime === kv(self).get("at"), pending: await self.ctx.storage.getAlarm() !== null, name: self.ctx.id.name ?? null });
	kv(self).put("runs", runs);
	const plan = kv(self).get("plan");
	if (plan === "again" && runs.length < 3) {
		const at = Date.now() + 150;
		kv(self).put("at", at);
		await self.ctx.storage.setAlarm(at);
	}
	if (plan === "clear") {
		await self.ctx.storage.setAlarm(Date.now() + 50);
		await self.ctx.storage.deleteAlarm();
	}
	if (plan?.startsWith("abort") && runs.length === 1) {
		await self.ctx.storage.sync();
		self.ctx.abort("the alarm aborts", plan === "abort for good" ? { retryAlarm: false } : {});
	}
	if (plan === "fail once" && runs.length === 1) throw new Error("the first run fails");
	if (plan === "delete and fail" && runs.length === 1) {
		await self.ctx.storage.deleteAlarm();
		throw new Error("fails after deleting the alarm");
	}
	if (plan === "reset itself") {
		kv(self).put("plan", "");
		const at = Date.now() + 150;
		kv(self).put("at", at);
		await self.ctx.storage.setAlarm(at);
		throw new Error("fails after setting another");
	}
}

/** Fragile's constructor: the plan object counts constructions, and says how many of them fail. */
export async function construct(ctx, env) {
	const n = await env.OBJ.getByName(`plan ${ctx.id.name}`).append("constructed");
	const failures = ctx.id.name.endsWith("once") ? 1 : ctx.id.name.endsWith("always") ? 99 : 0;
	ctx.storage.kv.put("written", n);
	if (n <= failures) throw new RangeError(`construction ${n} failed`);
}

const plan = (name, delay) => async (self) => {
	const at = Date.now() + delay;
	kv(self).put("plan", name);
	kv(self).put("at", at);
	await self.ctx.storage.setAlarm(at);
	return "set";
};

export const object = {
	"alarm/once": plan("once", 150),
	"alarm/in the past": async (self) => {
		kv(self).put("plan", "past");
		await self.ctx.storage.setAlarm(Date.now() - 100_000);
		return "set";
	},
	"alarm/again from the handler": plan("again", 150),
	"alarm/retried after an error": plan("fail once", 150),
	"alarm/new one replaces the retry": plan("reset itself", 150),
	"alarm/cleared in the handler": plan("clear", 150),
	"alarm/deleted in time": async (self) => {
		await plan("once", 400)(self);
		await self.ctx.storage.deleteAlarm();
		await sleep(700);
		return kv(self).get("runs") ?? [];
	},
	"alarm/runs": async (self) => ({ runs: kv(self).get("runs") ?? [], pending: await self.ctx.storage.getAlarm() !== null }),
	"section/value": async (self) => {
		let value;
		await self.ctx.blockConcurrencyWhile(async () => { await sleep(2); kv(self).put("k", 1); value = kv(self).get("k"); });
		return value;
	},
	"section/nested": async (self) => {
		const order = [];
		await self.ctx.blockConcurrencyWhile(async () => {
			order.push("outer");
			await self.ctx.blockConcurrencyWhile(async () => { await sleep(1); order.push("inner"); });
			order.push("outer again");
		});
		return order;
	},
	"section/two in order": async (self) => {
		const order = [];
		const first = self.ctx.blockConcurrencyWhile(async () => { order.push("1 in"); await sleep(10); order.push("1 out"); });
		await Promise.all([first, self.ctx.blockConcurrencyWhile(async () => { order.push("2 in"); await sleep(1); order.push("2 out"); })]);
		return order;
	},
	"section/with transaction": async (self) => {
		await self.ctx.blockConcurrencyWhile(async () => {
			await self.ctx.storage.transaction(async (txn) => { await txn.put("k", 1); });
		});
		return self.ctx.storage.get("k");
	},
	"section/with transaction that waits": async (self) => {
		await self.ctx.storage.transaction(async (txn) => { await txn.put("a", 1); await sleep(3); await txn.put("b", 2); });
		return [...await self.ctx.storage.list()];
	},
	"section/hold": async (self) => {
		await self.ctx.blockConcurrencyWhile(async () => {
			self.append("in");
			await sleep(100);
			self.append("out");
		});
	},
	"section/fail": async (self) => {
		self.append("before");
		await self.ctx.storage.put("committed", 1);
		await self.ctx.storage.sync();
		await self.ctx.blockConcurrencyWhile(async () => { throw new TypeError("the section failed"); });
	},
	"section/uncommitted": async (self) => {
		await self.ctx.blockConcurrencyWhile(async () => { kv(self).put("uncommitted", 1); throw new Error("no"); });
	},
	"lifecycle/state": async (self) => ({ memory: self.memory.log ?? [], stored: await self.ctx.storage.list() }),
	"abort/with reason": async (self) => {
		self.append("before");
		await self.ctx.storage.put("committed", 1);
		await self.ctx.storage.sync();
		kv(self).put("uncommitted", 1);
		self.ctx.abort("enough of this");
	},
	"abort/without reason": (self) => self.ctx.abort(),
	"wait until/write": (self) => {
		self.ctx.waitUntil((async () => { await sleep(300); kv(self).put("late", "written"); })());
		return "answered";
	},
	"wait until/fail": (self) => {
		self.append("before");
		self.ctx.waitUntil((async () => { await sleep(1); throw new Error("nobody sees this"); })());
		return "answered";
	},
	"scheduled/record": async (self, event) => {
		self.ctx.storage.kv.put(`cron ${event.cron}`, event.time);
	},
	"scheduled/recorded": (self) => [...self.ctx.storage.kv.list({ prefix: "cron " })],
};

const atOnce = (n, f) => Promise.all(Array.from({ length: n }, (_, i) => f(i)));

const broken = (name) => async (c) => {
	const failed = await attempt(() => c.object().run({ name }));
	return { failed, after: await c.object().run({ name: "lifecycle/state" }) };
};

export const worker = {
	"section/blocks other calls": async (c) => {
		const stub = c.object();
		const held = stub.run({ name: "section/hold" });
		await stub.append("other"); // arrives while the section runs
		await held;
		return stub.log();
	},
	"section/twenty objects at once": (c) => atOnce(20, (i) => c.object(` ${i}`).run({ name: "section/value" })),
	"section/twenty transactions at once": (c) => atOnce(20, (i) => c.object(` ${i}`).run({ name: "section/with transaction that waits" })),
	"constructor/ten at once": (c) => atOnce(10, (i) => c.env.FRAGILE.getByName(`${c.name} ${i}`).hello()),
	"section/failure resets": broken("section/fail"),
	"section/failure loses what was not committed": broken("section/uncommitted"),
	"abort/reason reaches the caller": broken("abort/with reason"),
	"abort/without a reason": broken("abort/without reason"),
	"abort/the same stub afterwards": async (c) => {
		const stub = c.object();
		const first = await attempt(() => stub.run({ name: "abort/with reason" }));
		return { first, again: await attempt(() => stub.double(1)) };
	},
	"abort/another call in flight": async (c) => {
		const slow = attempt(() => c.object().slow({ name: "slow", ms: 5000 }));
		await begun(c.object());
		await attempt(() => c.object().run({ name: "abort/with reason" }));
		return slow;
	},
	"constructor/works": async (c) => [await c.env.FRAGILE.getByName(c.name).hello(), await c.env.FRAGILE.getByName(c.name).hello(), await c.env.OBJ.getByName(`plan ${c.name}`).log()],
	"constructor/fails always": (c) => attempt(() => c.env.FRAGILE.getByName(`${c.name} always`).hello()),
	"constructor/fails once": async (c) => {
		const name = `${c.name} once`;
		return [await attempt(() => c.env.FRAGILE.getByName(name).hello()), await attempt(() => c.env.FRAGILE.getByName(name).hello()), await c.env.OBJ.getByName(`plan ${name}`).log()];
	},
	"constructor/fails for fetch": (c) => attempt(() => c.env.FRAGILE.getByName(`${c.name} always`).fetch("https://object/")),
	"wait until/after the answer": async (c) => {
		const answer = await c.object().run({ name: "wait until/write" });
		const before = show((await c.object().run({ name: "lifecycle/state" })).stored);
		await sleep(500);
		return [answer, before, (await c.object().run({ name: "lifecycle/state" })).stored];
	},
	"wait until/failure is harmless": async (c) => {
		const answer = await c.object().run({ name: "wait until/fail" });
		await sleep(20);
		return [answer, await c.object().log()];
	},
	"wait until/in the Worker": (c) => {
		c.ctx.waitUntil((async () => { await sleep(10); await c.object().append("later"); })());
		return "answered";
	},
	"wait until/in the Worker, result": (c) => c.env.OBJ.getByName("wait until/in the Worker").log(),
	"scheduled/kept": (c) => c.env.KV.get(`scheduled ${decodeURIComponent(c.url.search.slice(1))}`),
	"scheduled/result": (c) => c.env.OBJ.getByName("scheduled").run({ name: "scheduled/recorded" }),
	"alarm/result": (c) => c.env.OBJ.getByName(c.url.searchParams.get("of")).run({ name: "alarm/runs" }),
};

/** Does what the expression of the cron trigger says. */
export async function scheduled(event, env, ctx) {
	const keep = (key) => env.KV.put(`scheduled ${key}`, `${event.cron} at ${event.scheduledTime}`);
	if (event.cron.startsWith("no retry")) event.noRetry();
	if (event.cron.startsWith("keeps ")) await keep(event.cron.slice(6));
	if (event.cron === "waits") ctx.waitUntil(sleep(100).then(() => keep("later")));
	if (event.cron === "waits, fails") ctx.waitUntil(sleep(10).then(() => { throw new Error("later"); }));
	if (event.cron === "no retry, fails" || event.cron === "panics") throw new Error("it fails");
}
