// Cases about native RPC, object ids and calls between objects.
import { attempt, bytes, pattern, sleep } from "./show.mjs";

/** Obj.fail: errors of each kind. */
export function fail(kind) {
	switch (kind) {
		case "plain": throw new Error("plain failure");
		case "type": throw new TypeError("type failure");
		case "range": throw new RangeError("range failure");
		case "custom": {
			const e = new Error("custom failure");
			e.name = "NotFoundError";
			throw e;
		}
		case "props": throw Object.assign(new Error("failure with properties"), { code: 404, detail: { key: "k", tags: ["a"] }, at: new Date(5000), raw: bytes(1, 2) });
		case "flags": throw Object.assign(new Error("failure with flags"), { retryable: true, overloaded: true });
		case "empty": throw new Error("");
		case "unicode": throw new Error("Fehler: größer als 💥\nzweite Zeile");
		case "panic": throw new Error("panic: the object panicked");
	}
}

/** A → B → A …: each hop calls the other class until n is 0. */
export async function ping(self, { name, n, self: own }) {
	const id = self.ctx.id.name;
	if (n === 0) return [id];
	const next = self.constructor.name === "Obj" && !own ? self.env.OTHER : self.env.OBJ;
	return [id, ...await next.getByName(name).ping({ name, n: n - 1, self: own })];
}

const echo = (value) => (c) => c.object().echo(value());

export const values = {
	"null": () => null, "undefined": () => undefined, "true": () => true, "false": () => false,
	"zero": () => 0, "negative zero": () => -0, "integer": () => -123456789, "large integer": () => 9007199254740991, "float": () => 0.1,
	"tiny float": () => 5e-324, "NaN": () => NaN, "infinity": () => -Infinity,
	"empty string": () => "", "string": () => "héllo wörld", "emoji and NUL": () => "a\u0000b💥",
	"long string": () => "lattice ".repeat(20000),
	"bytes": () => bytes(0, 1, 254, 255), "empty bytes": () => bytes(), "large bytes": () => pattern(1_000_000),
	"date": () => new Date(1700000000123), "early date": () => new Date(-86400000),
	"array": () => [1, "two", null, true, [3.5, []]], "object": () => ({ b: 1, a: { nested: [{ x: null }] }, "": "empty key" }),
	"empty object": () => ({}), "bigint": () => 12345678901234567890123456789n,
	"mixed": () => ({ when: new Date(0), raw: bytes(9), list: [{ n: 1 }, { n: 2 }], ok: false }),
	"deep": () => { let v = "bottom"; for (let i = 0; i < 100; i++) v = [v]; return v; },
	"map": () => new Map([["k", 1], ["l", [2]]]),
};

/** Waits until an object has noted something. */
export async function begun(stub) {
	while ((await stub.log()).length === 0) await sleep(5);
}

const ns = (c) => c.env.OBJ;
const hex = /^[0-9a-f]{64}$/;

export const worker = {
	...Object.fromEntries(Object.entries(values).map(([name, value]) => [`rpc value/${name}`, echo(value)])),
	"rpc/no argument, no result": (c) => c.object().none(),
	"rpc/number": (c) => c.object().double(21),
	"rpc/struct": async (c) => [await c.object().greet({ name: "Ada" }), await c.object().greet({ name: "Zoë", greeting: "Hej", tags: ["a", "b"] }), await c.object().greet({ name: "x", unknown: 1 })],
	"rpc/optional argument": async (c) => [await c.object().optional(), await c.object().optional({ name: "it" })],
	"rpc/missing method": (c) => attempt(() => c.object().nonexistent(1)),
	"rpc/reserved alarm": (c) => attempt(() => c.object().alarm()),
	"rpc/reserved webSocketMessage": (c) => attempt(() => c.object().webSocketMessage()),
	"rpc/state is no method": (c) => attempt(() => c.object().memory()),
	"rpc/wrong argument type": (c) => attempt(() => c.object().double("not a number")),
	"rpc/wrong struct": (c) => attempt(() => c.object().greet("not an object")),
	"rpc/wrong field type": (c) => attempt(() => c.object().greet({ name: 5 })),
	"rpc/missing argument": (c) => attempt(() => c.object().double()),
	"rpc/too many arguments": (c) => attempt(() => c.object().double(1, 2)),
	"rpc/argument where none is taken": (c) => attempt(() => c.object().none(1)),
	"rpc/arguments too large": (c) => attempt(() => c.object().echo(new Uint8Array(33 << 20))),
	"rpc/result too large": (c) => attempt(() => c.object().big(33 << 20)),
	"rpc/5 MB each way": async (c) => (await c.object().echo(pattern(5 << 20))).length,
	"rpc/not cloneable": (c) => attempt(() => c.object().echo(Symbol("s"))),
	...Object.fromEntries(["plain", "type", "range", "custom", "props", "flags", "empty", "unicode", "panic"].map((kind) =>
		[`rpc error/${kind}`, async (c) => ({ failed: await attempt(() => c.object().fail(kind)), after: await c.object().double(1) })])),
	"rpc/calls on one stub stay in order": async (c) => {
		const stub = c.object();
		await Promise.all(["a", "b", "c", "d", "e"].map((s) => stub.append(s)));
		return stub.log();
	},
	"rpc/calls interleave while one sleeps": async (c) => {
		const slow = c.object().slow({ name: "slow", ms: 500 });
		await begun(c.object());
		const fast = await c.object().slow({ name: "fast", ms: 1 });
		return [fast, await slow];
	},
	"rpc/objects do not share memory": async (c) => {
		await c.object(" one").append("x");
		return [await c.object(" one").log(), await c.object(" two").log()];
	},
	"rpc/memory lives on between calls": async (c) => {
		await c.object().append("x");
		await c.object().append("y");
		return c.object().log();
	},
	"rpc/an object calls itself": (c) => c.object().ping({ name: c.name, n: 4, self: true }),
	"rpc error/through another object": (c) => attempt(() => c.env.OTHER.getByName(c.name).run({ name: "rpc/fail elsewhere", arg: { kind: "props" } })),
	"rpc error/through another object, plain": (c) => attempt(() => c.env.OTHER.getByName(c.name).run({ name: "rpc/fail elsewhere", arg: { kind: "range" } })),
	"rpc/A to B to A": (c) => c.object().ping({ name: c.name, n: 2 }),
	"rpc/twelve hops": (c) => c.object().ping({ name: c.name, n: 12 }),
	"id/from name": (c) => [ns(c).idFromName("grove").toString(), ns(c).idFromName("").toString(), ns(c).idFromName("ünï💥").toString(), c.env.OTHER.idFromName("grove").toString()],
	"id/name": (c) => [ns(c).idFromName("grove").name, ns(c).idFromString(ns(c).idFromName("grove").toString()).name ?? null, ns(c).newUniqueId().name ?? null],
	"id/from string": (c) => { const s = ns(c).idFromName("grove").toString(); return [ns(c).idFromString(s).toString() === s, ns(c).idFromString(s).equals(ns(c).idFromName("grove"))]; },
	"id/equals": (c) => [ns(c).idFromName("a").equals(ns(c).idFromName("a")), ns(c).idFromName("a").equals(ns(c).idFromName("b"))],
	"id/too short": (c) => attempt(() => ns(c).idFromString("abc")),
	"id/not hex": (c) => attempt(() => ns(c).idFromString("z".repeat(64))),
	"id/empty string": (c) => attempt(() => ns(c).idFromString("")),
	"id/of another namespace": (c) => attempt(() => ns(c).idFromString(c.env.OTHER.idFromName("grove").toString())),
	"id/made up": (c) => attempt(() => ns(c).idFromString("0123456789abcdef".repeat(4))),
	"id/upper case": (c) => attempt(() => ns(c).idFromString(ns(c).idFromName("grove").toString().toUpperCase()).toString()),
	"id/unique": (c) => { const a = ns(c).newUniqueId().toString(), b = ns(c).newUniqueId().toString(); return [hex.test(a), hex.test(b), a === b, ns(c).idFromString(a).toString() === a]; },
	"id/inside the object": async (c) => {
		const named = await ns(c).getByName(c.name).run({ name: "id/self" });
		return { named, same: named.id === ns(c).idFromName(c.name).toString() };
	},
	"id/inside, reached by string": (c) => ns(c).get(ns(c).idFromString(ns(c).idFromName(c.name).toString())).run({ name: "id/self" }),
	"id/inside, unique": async (c) => {
		const id = ns(c).newUniqueId();
		const self = await ns(c).get(id).run({ name: "id/self" });
		return { same: self.id === id.toString(), name: self.name };
	},
	"id/by name and by id are one object": async (c) => {
		await ns(c).getByName(c.name).append("x");
		return ns(c).get(ns(c).idFromName(c.name)).log();
	},
	"id/empty name": (c) => ns(c).getByName("").run({ name: "id/self" }),
	"id/name of 1,025 bytes": (c) => ns(c).getByName("n".repeat(1025)).run({ name: "id/self" }),
};

export const object = {
	"rpc/fail elsewhere": (self, { kind }) => self.env.OBJ.getByName("rpc/fail elsewhere").fail(kind),
	"id/self": (self) => ({ id: self.ctx.id.toString(), name: self.ctx.id.name ?? null }),
};
