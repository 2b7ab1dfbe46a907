// Cases about every type of value that RPC copies: as argument, as result, nested, and between objects.
import { bytes } from "./show.mjs";

/** A value as text in which every type is visible. app/rpc_values.go is the twin. */
export function reveal(v) {
	switch (typeof v) {
		case "undefined": return "null";
		case "string": return JSON.stringify(v);
		case "bigint": return `${v}n`;
		case "number": return Object.is(v, -0) ? "-0" : String(v);
		case "boolean": return String(v);
		case "function": return "stub";
	}
	if (v === null) return "null";
	const list = (items) => [...items].map(reveal).join(", ");
	if (Array.isArray(v)) return `[${list(v)}]`;
	if (v instanceof Map) return `Map{${[...v].map(([k, x]) => `${reveal(k)}: ${reveal(x)}`).join(", ")}}`;
	if (v instanceof Set) return `Set{${list(v)}}`;
	if (v instanceof Date) return `Date(${v.getTime()})`;
	if (v instanceof RegExp) return `RegExp(${v.source} ${v.flags})`;
	if (v instanceof ArrayBuffer) return `ArrayBuffer(${hex(new Uint8Array(v))})`;
	if (v instanceof DataView) return `DataView(${hex(new Uint8Array(v.buffer, v.byteOffset, v.byteLength))})`;
	if (v instanceof Uint8Array) return `Uint8Array(${hex(v)})`;
	if (ArrayBuffer.isView(v)) return `${v.constructor.name}(${list(v)})`;
	if (v instanceof Headers) return `Headers{${[...v].map(([k, x]) => `${k}: ${x}`).join(", ")}}`;
	if (v instanceof Error) return revealError(v);
	return `{${Object.keys(v).sort().map((k) => `${k}: ${reveal(v[k])}`).join(", ")}}`;
}

const hex = (b) => [...b].map((x) => x.toString(16).padStart(2, "0")).join("");

/** An error with its own properties and its cause. */
export function revealError(e) {
	const props = Object.keys(e).filter((k) => !["name", "message", "stack", "cause", "durableObjectId"].includes(k)).sort().map((k) => `; ${k}: ${reveal(e[k])}`);
	return `Error(${e.name}: ${e.message}${props.join("")}${e.cause === undefined ? "" : `; cause: ${reveal(e.cause)}`})`;
}

const values = {
	"ordered map": () => new Map([["z", 1], ["a", 2], ["m", new Map([["y", 1], ["b", 2]])]]),
	"map with keys of many types": () => new Map([[1, "number"], ["1", "string"], [true, "boolean"], [null, "null"]]),
	"empty map": () => new Map(),
	"ordered set": () => new Set(["z", "a", 1, "m"]),
	"empty set": () => new Set(),
	"ArrayBuffer": () => bytes(1, 2, 255).buffer,
	"Int8Array": () => new Int8Array([-128, 0, 127]),
	"Uint8Array": () => bytes(0, 128, 255),
	"Uint8ClampedArray": () => new Uint8ClampedArray([0, 128, 255]),
	"Int16Array": () => new Int16Array([-32768, 1, 32767]),
	"Uint16Array": () => new Uint16Array([0, 65535]),
	"Int32Array": () => new Int32Array([-2147483648, 1, 2147483647]),
	"Uint32Array": () => new Uint32Array([0, 4294967295]),
	"Float32Array": () => new Float32Array([-1.5, 0.25, 1024]),
	"Float64Array": () => new Float64Array([-1.5, 0.1, 1e9]),
	"BigInt64Array": () => new BigInt64Array([-9223372036854775808n, 1n, 9223372036854775807n]),
	"BigUint64Array": () => new BigUint64Array([0n, 18446744073709551615n]),
	"DataView": () => new DataView(bytes(7, 8, 9).buffer),
	"RegExp": () => /a(b)+\/[c-d]/giu,
	"BigInt": () => -12345678901234567890123456789n,
	"Date": () => new Date(1700000000123),
	"error": () => new RangeError("a value"),
	"error with properties": () => Object.assign(new Error("a value"), { code: 7, list: [1, new Date(5)] }),
	"error with a cause": () => new Error("outer", { cause: new TypeError("inner", { cause: new Error("innermost") }) }),
	"Headers": () => new Headers([["x-one", "1"], ["x-two", "2"]]),
};

const mixed = () => Object.fromEntries(Object.entries(values).filter(([k]) => k !== "map with keys of many types").map(([k, v]) => [k.replaceAll(" ", "_"), v()]));

export const worker = {
	...Object.fromEntries(Object.entries(values).map(([name, value]) => [`rpc types/${name}`, async (c) => reveal(await c.object().echo(value()))])),
	...Object.fromEntries(Object.entries(values).map(([name, value]) => [`rpc types nested/${name}`, async (c) => reveal(await c.object().echo({ v: value(), list: [[value()], value()] }))])),
	"rpc types/all at once": async (c) => reveal(await c.object().echo(mixed())),
	"rpc types/between objects": (c) => c.object().run({ name: "rpc types/inside" }),
	"rpc types/seen inside": async (c) => Promise.all(Object.values(values).map((value) => c.object().seen(value()))),
	"rpc types/typed": async (c) => reveal(await c.object().typed({
		ints: new Int32Array([1, -2]), floats: new Float64Array([1.5]), set: new Set(["b", "a"]), map: new Map([["b", 1], ["a", 2]]),
		when: new Date(99), pattern: /x+/g, buffer: bytes(3, 4).buffer, big: 99999999999999999999n, failure: new TypeError("as a field", { cause: new Error("why") }),
		headers: new Headers({ "x-a": "b" }),
	})),
	"rpc types/holes": async (c) => reveal(await c.object().echo([1, undefined, 3])),
	"rpc types/an empty typed array": async (c) => reveal(await c.object().echo([new Float64Array(0), new ArrayBuffer(0), bytes()])),
};

export const object = {
	"rpc types/inside": async (self) => reveal(await self.env.OBJ.getByName("rpc types/inside 2").echo(mixed())),
};

export const methods = {
	seen(v) { return reveal(v); },
	typed(p) {
		return { ints: p.ints ?? null, floats: p.floats ?? null, set: p.set ?? null, map: p.map ?? null, when: p.when ?? null, pattern: p.pattern ?? null,
			buffer: p.buffer ?? null, big: p.big ?? null, failure: p.failure ?? null, headers: p.headers ?? null };
	},
};

/** Errors that methods throw, as their callers see them. */
const thrown = {
	"cause": () => new Error("outer", { cause: new RangeError("inner") }),
	"cause that is no error": () => new Error("outer", { cause: "text" }),
	"causes of causes": () => new Error("1", { cause: new TypeError("2", { cause: new Error("3", { cause: new Error("4") }) }) }),
	"properties of many types": () => Object.assign(new Error("with"), { map: new Map([["k", 1]]), at: new Date(7), big: 12n, none: null, list: [1, [2]] }),
	"properties of the cause": () => new Error("outer", { cause: Object.assign(new Error("inner"), { code: 42 }) }),
};

Object.assign(worker, Object.fromEntries(Object.keys(thrown).map((kind) => [`rpc thrown/${kind}`, (c) => caught(() => c.object().throws(kind))])));
Object.assign(worker, Object.fromEntries(Object.keys(thrown).map((kind) => [`rpc thrown by a callback/${kind}`, (c) => caught(() => c.object().callBack(() => { throw thrown[kind](); }))])));
worker["rpc thrown/id of the object"] = async (c) => {
	try {
		await c.object().throws("cause");
	} catch (e) {
		return [e.remote, e.durableObjectId === c.env.OBJ.idFromName(c.name).toString()];
	}
};
worker["rpc thrown/through two objects"] = (c) => caught(() => c.object().throwsElsewhere({ name: `${c.name} 2`, kind: "cause" }));
methods.throws = function throws(kind) { throw thrown[kind](); };
methods.throwsElsewhere = function throwsElsewhere({ name, kind }) { return this.env.OBJ.getByName(name).throws(kind); };

async function caught(f) {
	try {
		return await f();
	} catch (e) {
		return revealError(e);
	}
}
