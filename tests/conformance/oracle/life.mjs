// Cases about the end of objects: what resets them and what does not, and who hears of it.
import { begun } from "./rpc.mjs";
import { attempt, show, sleep } from "./show.mjs";

const kv = (self) => self.ctx.storage.kv;

/** Nests sections with enter until one is refused. @returns how many there were, and the refusal */
async function nest(enter) {
	let depth = 0, refusal = null;
	const deeper = async () => {
		depth++;
		try {
			await enter(deeper);
		} catch (e) {
			refusal ??= e;
		}
	};
	await deeper();
	return [depth - 1, refusal];
}

const alarm = (plan) => async (self) => {
	const at = Date.now() + 300;
	kv(self).put("plan", plan);
	kv(self).put("at", at);
	await self.ctx.storage.setAlarm(at);
	return "set";
};

export const object = {
	"section/nested to the limit": (self) => nest((f) => self.ctx.blockConcurrencyWhile(f)),
	"section/transactions nested to the limit": (self) => nest((f) => self.ctx.storage.transaction(f)),
	"section/that does not wait": (self) => self.ctx.blockConcurrencyWhile(() => 6),
	"section/nested one fails": async (self) => {
		self.append("before");
		await self.ctx.blockConcurrencyWhile(async () => {
			try {
				await self.ctx.blockConcurrencyWhile(async () => { throw new RangeError("the inner one failed"); });
			} catch {}
		});
	},
	"section/hold, then fail": async (self) => {
		await self.ctx.blockConcurrencyWhile(async () => {
			await self.env.OBJ.getByName(self.ctx.id.name + " witness").append("inside");
			await sleep(400); // calls arrive meanwhile
			throw new TypeError("nobody gets through");
		});
	},
	"abort/in a section": (self) => self.ctx.blockConcurrencyWhile(async () => { self.ctx.abort("aborted inside"); }),
	"abort/in a transaction": (self) => self.ctx.storage.transaction(async (txn) => {
		await txn.put("k", 1);
		self.ctx.abort("aborted inside");
	}),
	"event/leaves something behind": (self) => {
		setTimeout(() => self.append("the event's context ended"), 1);
		(async () => {
			await sleep(30);
			await self.ctx.storage.put("k", "later");
			const text = await (await self.env.OBJ.getByName("event/another").echo("other"));
			self.append(`stored, and called the ${text}`);
			self.ctx.waitUntil(sleep(10).then(() => self.append("waited")));
		})();
		return "answered";
	},
	"abort/later": (self) => {
		self.append("before");
		self.ctx.waitUntil((async () => {
			await sleep(20);
			self.ctx.abort("aborted by what was left behind");
		})());
		return "answered";
	},
	"abort/long reason": (self) => self.ctx.abort("because ".repeat(2000)),
	"abort/odd reason": (self) => self.ctx.abort("größer\n\u0000💥"),
	"abort/of another": (self) => attempt(() => self.env.OBJ.getByName(self.ctx.id.name + " other").run({ name: "abort/with reason" })),
	"error/of another": (self) => self.env.OBJ.getByName(self.ctx.id.name + " other").fail("custom"),
	"error/after writing": async (self) => {
		self.append("in memory");
		kv(self).put("k", "written before");
		throw new Error("uncaught");
	},
	"alarm/aborts": alarm("abort"),
	"alarm/aborts for good": alarm("abort for good"),
};

export const worker = {
	"alarm/none follows": async (c) => {
		await sleep(3000); // a retry comes after two seconds and up to a quarter more
		return c.env.OBJ.getByName("alarm/aborts for good").run({ name: "alarm/runs" });
	},
	"section/failure reaches those who wait": async (c) => {
		const failing = attempt(() => c.object().run({ name: "section/hold, then fail" }));
		await begun(c.object(" witness"));
		const waiting = [attempt(() => c.object().double(1)), attempt(() => c.object().fetch("https://object/"))];
		return [await failing, ...await Promise.all(waiting), await attempt(() => c.object().double(1))];
	},
	"section/failure of a nested one resets": async (c) => [await attempt(() => c.object().run({ name: "section/nested one fails" })), await c.object().log()],
	"abort/another fetch in flight": async (c) => {
		const slow = attempt(async () => (await c.object().fetch("https://object/hang")).status);
		await begun(c.object());
		await attempt(() => c.object().run({ name: "abort/with reason" }));
		return slow;
	},
	"event/what it leaves behind goes on": async (c) => {
		const answer = await c.object().run({ name: "event/leaves something behind" });
		let log;
		do log = await c.object().log(); while (log.length < 3 && await sleep(5) === undefined);
		return [answer, log, await c.object().run({ name: "kv/get k" })];
	},
	"abort/of what was left behind": async (c) => {
		const stub = c.object();
		const answer = await stub.run({ name: "abort/later" });
		const slow = await attempt(() => stub.slow({ name: "slow", ms: 5000 }));
		return [answer, slow, await c.object().log()];
	},
	"abort/ten in a row": async (c) => {
		const out = [];
		for (let i = 0; i < 10; i++) out.push((await attempt(() => c.object().run({ name: "abort/without reason" }))).error.message);
		return [...new Set(out), await c.object().double(2)];
	},
	"abort/many callers": async (c) => {
		const slow = Array.from({ length: 20 }, (_, i) => attempt(() => c.object().slow({ name: `${i}`, ms: 5000 })));
		while ((await c.object().log()).length < 20);
		await attempt(() => c.object().run({ name: "abort/with reason" }));
		const errors = (await Promise.all(slow)).map(({ error }) => `${error.name} ${error.message} ${error.durableObjectReset}`);
		return [...new Set(errors)];
	},
	"error/resets nothing": async (c) => [
		await attempt(() => c.object().run({ name: "error/after writing" })), await c.object().log(), show((await c.object().run({ name: "lifecycle/state" })).stored),
	],
	"error/the same stub afterwards": async (c) => {
		const stub = c.object();
		return [await attempt(() => stub.fail("plain")), await stub.double(4)];
	},
	"error/through two objects": (c) => c.object().run({ name: "error/of another" }),
	"error/of a fetch resets nothing": async (c) => {
		await c.object().append("in memory");
		return [await attempt(async () => (await c.object().fetch("https://object/throw")).status), await c.object().log()];
	},
};
