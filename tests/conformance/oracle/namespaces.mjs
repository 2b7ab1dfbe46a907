// Cases about namespaces: ids, options of stubs, jurisdictions, ctx.exports and props.
import { attempt, attemptSync, sleep } from "./show.mjs";

const ns = (c) => c.env.OBJ;
const kv = (self) => self.ctx.storage.kv;

/** Calls an object through a stub with options. */
const through = (options) => (c) => attempt(() => ns(c).getByName(c.name, options).double(21));

/** The outcomes of one call for each of the options. */
const throughEach = (list) => async (c) => {
	const out = [];
	for (const options of list) out.push(await through(options)(c));
	return out;
};

const names = ["", " ", "a", "A", "grove", "Grove", "session:1", "ünï", "💥", "e\u0301", "\u00e9", "a\u0000b", "../x", "0".repeat(64), "n".repeat(5000), "\ufffd", "\u2028", "%00", "a/b?c#d"];

export const object = {
	"id/sent by RPC": (self) => attempt(() => self.env.OBJ.getByName("anyone").echo(self.ctx.id)),
	"exports/in an object": async (self) => [await self.ctx.exports.Cell.getByName(self.ctx.id.name).add(2), await self.ctx.exports.Cell.getByName(self.ctx.id.name).add(3)],
	"exports/own class": (self) => self.ctx.exports.Obj.idFromName(self.ctx.id.name).equals(self.ctx.id),
	"exports/default in an object": async (self) => (await self.ctx.exports.default.fetch("https://worker/exports%2Fanswer")).json(),
	"props/none": (self) => self.ctx.props,
	"id/name for an alarm": async (self) => {
		kv(self).put("at", Date.now() + 80);
		await self.ctx.storage.setAlarm(kv(self).get("at"));
		await self.ctx.storage.sync();
		self.ctx.abort("to be woken by its alarm");
	},
};

export const worker = {
	"stub options/location hint": through({ locationHint: "weur" }),
	"stub options/unknown location hint": through({ locationHint: "the moon" }),
	"stub options/routing mode": through({ routingMode: "primary-only" }),
	"stub options/unknown routing mode": through({ routingMode: "nearest" }),
	"stub options/retry": through({ retry: { maxRetries: 3, timeoutMs: 5000 } }),
	"stub options/several": through({ locationHint: "enam", routingMode: "primary-only", retry: { maxRetries: 0 } }),
	"stub options/number of retries": throughEach([0, 1, 10, 11, -1, 1000].map((maxRetries) => ({ retry: { maxRetries } }))),
	"stub options/time for retries": throughEach([500, 499, 60000, 60001, 500.5, -1].map((timeoutMs) => ({ retry: { maxRetries: 1, timeoutMs } }))),
	"stub options/the first of two mistakes": through({ retry: { maxRetries: 11, timeoutMs: 1 }, routingMode: "nearest" }),
	"stub options/by id": async (c) => [await ns(c).get(ns(c).idFromName(c.name), { locationHint: "weur" }).append("x"), await c.object().log()],
	"stub options/for fetch": async (c) => attempt(async () => (await ns(c).getByName(c.name, { routingMode: "nearest" }).fetch("https://object/")).status),
	"stub options/order": async (c) => {
		const stub = ns(c).getByName(c.name, { locationHint: "weur" });
		await Promise.all(["a", "b", "c", "d"].map((s) => stub.append(s)));
		return stub.log();
	},
	"jurisdiction/id from name": (c) => attemptSync(() => ns(c).jurisdiction("eu").idFromName("x").toString()),
	"jurisdiction/id from string": (c) => attemptSync(() => ns(c).jurisdiction("fedramp").idFromString(ns(c).idFromName("x").toString()).toString()),
	"jurisdiction/unique id": (c) => attemptSync(() => ns(c).newUniqueId({ jurisdiction: "eu" }).toString()),
	"jurisdiction/stub": (c) => attempt(() => ns(c).jurisdiction("eu").getByName(c.name).double(1)),
	"jurisdiction/unknown": (c) => attempt(() => ns(c).jurisdiction("atlantis").getByName(c.name).double(1)),
	"jurisdiction/none": (c) => attempt(() => ns(c).jurisdiction(undefined).getByName(c.name).double(1)),
	"stub/name and id": (c) => {
		const id = ns(c).idFromName(c.name), byName = ns(c).getByName(c.name), byID = ns(c).get(id), byString = ns(c).get(ns(c).idFromString(id.toString()));
		return [byName.name, byName.id.equals(id), byName.id.name, byID.name, byID.id.equals(id), byString.name ?? null, byString.id.equals(id), byString.id.name ?? null];
	},
	"stub/empty name": (c) => [ns(c).getByName("").name, ns(c).getByName("").id.name],
	"id/vectors": (c) => names.map((n) => ns(c).idFromName(n).toString() + " " + c.env.OTHER.idFromName(n).toString()),
	"id/names come back": (c) => names.map((n) => ns(c).idFromName(n).name === n),
	"id/every digit counts": (c) => {
		const hex = ns(c).idFromName("grove").toString();
		const wrong = [...hex].map((d, i) => hex.slice(0, i) + (d === "0" ? "1" : "0") + hex.slice(i + 1));
		const refusals = new Set(wrong.map((s) => attemptSync(() => ns(c).idFromString(s).toString()).error?.message ?? "accepted"));
		return [...refusals];
	},
	"id/bad strings": (c) => {
		const hex = ns(c).idFromName("grove").toString();
		return [hex + "0", hex.slice(1), " " + hex, hex + "\n", "0x" + hex.slice(2), hex.slice(0, 62) + "g0", hex.slice(0, 60) + "ü💥"]
			.map((s) => attemptSync(() => ns(c).idFromString(s).toString()));
	},
	"id/given to another namespace": async (c) => attempt(async () => (await c.env.OTHER.get(ns(c).idFromName("grove")).run({ name: "id/self" })).name),
	"id/given to another namespace as text": (c) => attemptSync(() => c.env.OTHER.idFromString(ns(c).newUniqueId().toString()).toString()),
	"id/first reached by string": async (c) => {
		const id = ns(c).idFromName(c.name);
		const first = await ns(c).get(ns(c).idFromString(id.toString())).run({ name: "id/self" });
		return [first.name, (await ns(c).get(id).run({ name: "id/self" })).name, (await c.object().run({ name: "id/self" })).name];
	},
	"id/name of 1,024 bytes": async (c) => {
		const name = "é".repeat(512);
		return [(await ns(c).getByName(name).run({ name: "id/self" })).name === name, (await ns(c).getByName(name + "x").run({ name: "id/self" })).name];
	},
	"id/name restored for an alarm": async (c) => {
		await attempt(() => c.object().run({ name: "id/name for an alarm" }));
		await sleep(500);
		return (await ns(c).get(ns(c).idFromString(ns(c).idFromName(c.name).toString())).run({ name: "alarm/runs" })).runs;
	},
	"exports/namespace": async (c) => [
		await c.ctx.exports.Obj.getByName(c.name).append("through exports"), await c.object().append("through the binding"),
		await c.ctx.exports.Obj.get(c.ctx.exports.Obj.idFromName(c.name)).log(), c.ctx.exports.Obj.idFromName("x").equals(ns(c).idFromName("x")),
	],
	"exports/class without a binding": async (c) => {
		const cells = c.ctx.exports.Cell;
		return [await cells.getByName(c.name).add(1), await cells.getByName(c.name).add(2), await cells.getByName(c.name + " 2").got(), cells.idFromName("grove").toString()];
	},
	"exports/ids": async (c) => {
		const cells = c.ctx.exports.Cell, id = cells.newUniqueId();
		return [await cells.get(id).add(1), await cells.get(cells.idFromString(id.toString())).got(), attemptSync(() => cells.idFromString(ns(c).idFromName("x").toString()).toString())];
	},
	"exports/options": async (c) => [await attempt(() => c.ctx.exports.Cell.getByName(c.name, { locationHint: "weur" }).add(1)), await attempt(() => c.ctx.exports.Cell.getByName(c.name, { routingMode: "x" }).add(1))],
	"exports/jurisdiction": (c) => attempt(() => c.ctx.exports.Cell.jurisdiction("eu").getByName(c.name).add(1)),
	"exports/answer": () => "the Worker answered itself",
	"exports/default": async (c) => (await c.ctx.exports.default.fetch("https://worker/exports%2Fanswer")).json(),
};
