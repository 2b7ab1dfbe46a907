// Cases about facets, and the class that they are of. It has no binding: ctx.exports reaches it.
import { retryable } from "cloudflare:durable-objects";
import { DurableObject } from "cloudflare:workers";
import { attempt, attemptSync, show, sleep } from "./show.mjs";

export class Cell extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		this.count = 0;
		if (ctx.props.broken) throw new RangeError(`broken: ${ctx.props.broken}`);
	}
	add(n) {
		const total = (this.ctx.storage.kv.get("total") ?? 0) + n;
		this.ctx.storage.kv.put("total", total);
		return total;
	}
	got() { return this.ctx.storage.kv.get("total") ?? null; }
	count1() { return ++this.count; }
	who() { return { id: this.ctx.id.toString(), name: this.ctx.id.name ?? null, props: this.ctx.props }; }
	fail() { throw new TypeError("the facet failed"); }
	async failSection() { await this.ctx.blockConcurrencyWhile(async () => { throw new RangeError("the section failed"); }); }
	abort() { this.ctx.abort("the facet resets itself"); }
	async slow() {
		this.count++;
		await sleep(5000);
	}
	async setAlarm() {
		try {
			await this.ctx.storage.setAlarm(Date.now() + 60_000);
		} catch {}
		return "set";
	}
	async alarmState() {
		await this.ctx.storage.deleteAlarm();
		return await this.ctx.storage.getAlarm();
	}
	alarm() {}
	twice(n) { return 2 * n; }
	async wipe() { await this.ctx.storage.deleteAll(); }
	async down(names) {
		if (names.length === 0) return this.add(1);
		return this.ctx.facets.get(names[0], () => ({ class: this.ctx.exports.Cell })).down(names.slice(1));
	}
	async deep(names) {
		if (names.length === 0) return this.got();
		return this.ctx.facets.get(names[0], () => ({ class: this.ctx.exports.Cell })).deep(names.slice(1));
	}
	async fetch(request) {
		if (request.url.endsWith("/bad")) throw new RangeError("the facet's fetch failed");
		return new Response(`${request.method} ${await request.text()}`, { status: 203 });
	}
}

retryable(Cell.prototype.twice);

const facet = (self, name, { props, ...options } = {}) =>
	self.ctx.facets.get(name, () => ({ class: props ? self.ctx.exports.Cell({ props }) : self.ctx.exports.Cell, ...options }));

export const object = {
	"facet/storage of its own": async (self) => {
		self.ctx.storage.kv.put("total", 100);
		return [await facet(self, "a").add(2), await facet(self, "a").add(3), await facet(self, "b").add(1), self.ctx.storage.kv.get("total")];
	},
	"facet/memory of its own": async (self) => [await facet(self, "a").count1(), await facet(self, "a").count1(), await facet(self, "b").count1()],
	"facet/id": async (self) => {
		const who = await facet(self, "a").who();
		return [who.id === self.ctx.id.toString(), who.name, who.props];
	},
	"facet/id of its own": async (self) => [await facet(self, "a", { id: "abc" }).who(), await facet(self, "a").who(), await attempt(() => facet(self, "a").fail())],
	"facet/error of the call that starts it": async (self) => [await attempt(() => facet(self, "a", { id: "abc" }).fail())],
	"facet/props": async (self) => (await facet(self, "a", { props: { text: "t", list: [1, null], when: new Date(5) } }).who()).props,
	"facet/options count when it starts": async (self) => [(await facet(self, "a", { props: { first: true } }).who()).props, (await facet(self, "a", { props: { second: true } }).who()).props],
	"facet/thrown error": async (self) => [await attempt(() => facet(self, "a").fail()), await attempt(() => facet(self, "a").count1())],
	"facet/no such method": (self) => attempt(() => facet(self, "a").nothing()),
	"facet/fetch": async (self) => {
		const r = await facet(self, "a").fetch("https://facet/x", { method: "POST", body: "body" });
		return [r.status, await r.text()];
	},
	"facet/fetch fails": (self) => attempt(async () => (await facet(self, "a").fetch("https://facet/bad")).status),
	"facet/abort": async (self) => {
		await facet(self, "a").add(1);
		const slow = attempt(() => facet(self, "a").slow());
		while (await facet(self, "a").count1() < 2);
		self.ctx.facets.abort("a", new Error("the parent wants it so"));
		return [await slow, await facet(self, "a").count1(), await facet(self, "a").got()];
	},
	"facet/abort before it starts": (self) => attemptSync(() => self.ctx.facets.abort("a", new Error("nobody hears"))),
	"facet/call and abort at once": async (self) => {
		await facet(self, "a").add(1);
		const called = attempt(() => facet(self, "a").add(5));
		self.ctx.facets.abort("a", new Error("too late"));
		return [await called, await facet(self, "a").got()];
	},
	"facet/aborts itself": async (self) => {
		await facet(self, "a").add(1);
		return [await attempt(() => facet(self, "a").abort()), await facet(self, "a").count1(), await facet(self, "a").got()];
	},
	"facet/kept stub after a reset": async (self) => {
		const kept = facet(self, "a");
		await kept.add(1);
		await attempt(() => kept.abort());
		return [await attempt(() => kept.add(1)), await facet(self, "a").got(), await attempt(() => kept.add(1))];
	},
	"facet/failing section": async (self) => {
		await facet(self, "a").count1();
		return [await attempt(() => facet(self, "a").failSection()), await facet(self, "a").count1()];
	},
	"facet/failing constructor": async (self) => [await attempt(() => facet(self, "a", { props: { broken: "yes" } }).count1()), await facet(self, "a").count1()],
	"facet/failing constructor for fetch": async (self) => attempt(() => facet(self, "a", { props: { broken: "yes" } }).fetch("https://facet/")),
	"facet/delete": async (self) => {
		await facet(self, "a").add(1);
		await facet(self, "a").down(["n"]);
		self.ctx.facets.delete("a");
		return [await facet(self, "a").got(), await facet(self, "a").deep(["n"])];
	},
	"facet/delete while it works": async (self) => {
		const slow = attempt(() => facet(self, "a").slow());
		while (await facet(self, "a").count1() < 2);
		self.ctx.facets.delete("a");
		return slow;
	},
	"facet/delete what is not there": (self) => attemptSync(() => self.ctx.facets.delete("nothing")),
	"facet/clone": async (self) => {
		await facet(self, "a").add(7);
		await facet(self, "a").down(["n"]);
		self.ctx.facets.clone("a", "b");
		return [await facet(self, "b").got(), await facet(self, "b").deep(["n"]), await facet(self, "b").add(1), await facet(self, "a").got(), await facet(self, "a").count1()];
	},
	"facet/clone over another": async (self) => {
		await facet(self, "a").add(7);
		await facet(self, "b").add(1);
		const slow = attempt(() => facet(self, "b").slow());
		while (await facet(self, "b").count1() < 2);
		self.ctx.facets.clone("a", "b");
		return [await slow, await facet(self, "b").got()];
	},
	"facet/clone of nothing": async (self) => {
		await facet(self, "b").add(1);
		self.ctx.facets.clone("nothing", "b");
		return await facet(self, "b").got();
	},
	"facet/clone to itself": async (self) => {
		await facet(self, "b").add(1);
		self.ctx.facets.clone("b", "b");
		return await facet(self, "b").got();
	},
	"facet/nested": async (self) => [await facet(self, "a").down(["b"]), await facet(self, "a").down(["b"]), await facet(self, "a").got(), await facet(self, "b").got(), await facet(self, "a").deep(["b"])],
	"facet/depth": async (self) => [await attempt(() => facet(self, "1").down(["2", "3"])), await attempt(() => facet(self, "1").down(["2", "3", "4"]))],
	"facet/long names": async (self) => {
		const out = [];
		for (const name of ["x".repeat(256), "x".repeat(257), "é".repeat(128), "é".repeat(129)]) out.push(await attempt(() => facet(self, name).add(1)));
		for (const f of [() => self.ctx.facets.abort("x".repeat(257), new Error("")), () => self.ctx.facets.delete("x".repeat(257)), () => self.ctx.facets.clone("a", "x".repeat(257))]) out.push(attemptSync(f));
		return out;
	},
	"facet/odd names": async (self) => {
		const odd = ["../up", "a/b", "a\u0000b", "é", "e\u0301", "A", "a", ".", " "];
		for (const name of odd) await facet(self, name).add(odd.indexOf(name) + 1);
		const out = [];
		for (const name of odd) out.push(await facet(self, name).got());
		return out;
	},
	"facet/alarm": async (self) => {
		await facet(self, "a").add(1);
		return [await attempt(() => facet(self, "a").setAlarm()), await attempt(() => facet(self, "a").got())];
	},
	"facet/no alarm": (self) => attempt(() => facet(self, "a").alarmState()),
	"facet/deleteAll of the parent": async (self) => {
		await facet(self, "a").add(1);
		await facet(self, "a").down(["n"]);
		const slow = attempt(() => facet(self, "a").slow());
		while (await facet(self, "a").count1() < 2);
		await self.ctx.storage.deleteAll();
		return [await slow, await facet(self, "a").got(), await facet(self, "a").deep(["n"])];
	},
	"facet/deleteAll of the facet": async (self) => {
		await facet(self, "a").add(1);
		await facet(self, "a").count1();
		await facet(self, "a").down(["n"]);
		await facet(self, "a").wipe();
		return [await facet(self, "a").got(), await facet(self, "a").count1(), await facet(self, "a").deep(["n"])];
	},
	"facet/abort takes nested ones along": async (self) => {
		await facet(self, "a").down(["n"]);
		self.ctx.facets.abort("a", new Error("stop"));
		return await facet(self, "a").deep(["n"]);
	},
	"facet/twenty at once": (self) => Promise.all(Array.from({ length: 20 }, (_, i) => facet(self, `n${i % 10}`).add(1))),
	"facet/in a section": async (self) => {
		let total;
		await self.ctx.blockConcurrencyWhile(async () => { total = await facet(self, "a").add(3); });
		return total;
	},
	"facet/used by its parent, which aborts": async (self) => {
		await facet(self, "a").add(4);
		await facet(self, "a").count1();
		await self.ctx.storage.sync();
		self.ctx.abort("the parent is reset");
	},
	"facet/look": async (self) => [await facet(self, "a").got(), await facet(self, "a").count1()],
};

export const worker = {
	"retryable/method": async (c) => [await c.ctx.exports.Cell.getByName(c.name).twice(4), await c.ctx.exports.Cell.getByName(c.name, { retry: { maxRetries: 2 } }).twice(5)],
	"facet/survives its parent": async (c) => [await attempt(() => c.object().run({ name: "facet/used by its parent, which aborts" })), await c.object().run({ name: "facet/look" })],
	"facet/of two objects": async (c) => show([await c.object(" 1").run({ name: "facet/storage of its own" }), await c.object(" 2").run({ name: "facet/storage of its own" })]),
};
