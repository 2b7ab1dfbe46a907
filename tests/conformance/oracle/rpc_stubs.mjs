// Cases about what RPC passes by reference: functions, targets, their disposal, and calls on results that are not there yet.
import { RpcTarget } from "cloudflare:workers";
import { attempt, sleep } from "./show.mjs";
import { revealError } from "./rpc_values.mjs";

/** A target that counts. Its object notes when it is disposed of. */
export class Counter extends RpcTarget {
	#n;
	#note;
	constructor(n, note) {
		super();
		this.#n = n;
		this.#note = note;
	}
	increment(by) { return this.#n += by; }
	fail() { throw new RangeError(`at ${this.#n}`); }
	child(n) { return new Counter(this.#n + n, this.#note); }
	adder() { return (x) => x + this.#n; }
	async each(f) {
		const results = [];
		for (let i = 0; i < 3; i++) results.push(await f(this.#n + i));
		return results;
	}
	describe() { return { n: this.#n, list: [this.#n], child: new Counter(this.#n + 100, this.#note) }; }
	[Symbol.dispose]() { this.#note(`disposed ${this.#n}`); }
}

export const noting = (self) => (line) => (self.memory.log ??= []).push(line);
/** A function that fails with an error whose object, which differs between homes, is left out. */
const failing = (text) => () => { throw Object.assign(new TypeError(text), { code: 5 }); };
const failure = async (f) => {
	try {
		return await f();
	} catch (e) {
		return revealError(e);
	}
};

/** Waits until an object's log has n lines. */
export async function lines(stub, n) {
	for (let log; ; await sleep(5)) if ((log = await stub.log()).length >= n) return log;
}

export const methods = {
	callBack(f) { return f("hello"); },
	async callTimes({ f, n }) {
		const results = [];
		for (let i = 0; i < n; i++) results.push(await f(i));
		return results;
	},
	async callAtOnce({ f, n }) { return Promise.all(Array.from({ length: n }, (_, i) => f(i))); },
	keep(f) { this.kept = f; },
	keepDup(f) { this.kept = f.dup(); },
	callKept(x) { return this.kept(x); },
	dropKept() { this.kept[Symbol.dispose](); },
	counter(n) { return new Counter(n, noting(this)); },
	adder(n) { return (x) => x + n; },
	faulty(text) { return failing(text); },
	bundle(n) { return { name: "bundle", add: (x) => x + n, counter: new Counter(n, noting(this)), nested: { list: [(x) => x * n] } }; },
	async useCounter(counter) { return [await counter.increment(1), await counter.increment(10)]; },
	async failCounter(counter) {
		await counter.fail();
	},
	async returnsIt(f) { return f; },
	async wrap(f) { return async (x) => [await f(x), "wrapped"]; },
	async passOn({ name, f }) { return this.env.OBJ.getByName(name).callBack(f); },
	async relay({ name, n }) { return this.env.OBJ.getByName(name).counter(n); },
	nothing() { return null; },
	slowCounter: async function slowCounter(n) {
		await sleep(20);
		return new Counter(n, noting(this));
	},
	failSlowly: async function failSlowly(text) {
		await sleep(5);
		throw new RangeError(text);
	},
};

export const worker = {
	"rpc function/called back": (c) => c.object().callBack((s) => `${s} world`),
	"rpc function/called back by an async function": (c) => c.object().callBack(async (s) => { await sleep(2); return `${s} later`; }),
	"rpc function/called many times": (c) => c.object().callTimes({ f: (i) => i * i, n: 20 }),
	"rpc function/called many times at once": (c) => c.object().callAtOnce({ f: async (i) => { await sleep(i % 3); return i + 100; }, n: 20 }),
	"rpc function/closes over the caller": async (c) => {
		const heard = [];
		await c.object().callTimes({ f: (i) => { heard.push(i); }, n: 4 });
		return heard;
	},
	"rpc function/fails": (c) => failure(() => c.object().callBack(failing("of the callback"))),
	"rpc function/with data both ways": (c) => c.object().callTimes({ f: (i) => ({ i, at: new Date(i), list: ["x"] }), n: 2 }),
	"rpc function/calls the object again": (c) => c.object().callBack(async (s) => [s, await c.object().double(4)]),
	"rpc function/uses a stub of its event": async (c) => {
		const counter = await c.object().counter(3);
		return c.object(" 2").callTimes({ f: (i) => counter.increment(i), n: 3 });
	},
	"rpc function/keeps its parameter": async (c) => {
		let kept;
		const result = await c.object().wrap((x) => { kept = x; return x; });
		result[Symbol.dispose]();
		await c.object().callBack((s) => { kept = s; });
		return kept;
	},
	"rpc function/kept without dup": async (c) => {
		await c.object().keep((x) => x);
		return attempt(() => c.object().callKept(1));
	},
	"rpc function/kept with dup": async (c) => {
		await c.object().keepDup((x) => x + 1);
		return [await c.object().callKept(1), await c.object().callKept(2)];
	},
	"rpc function/dropped": async (c) => {
		await c.object().keepDup((x) => x + 1);
		const before = await c.object().callKept(1);
		await c.object().dropKept();
		return [before, await attempt(() => c.object().callKept(1))];
	},
	"rpc function/returned": async (c) => {
		const add = await c.object().adder(10);
		return [await add(1), await add(2)];
	},
	"rpc function/returned, fails": async (c) => {
		const f = await c.object().faulty("returned");
		return [await failure(() => f()), await failure(() => f())];
	},
	"rpc function/returned, then disposed of": async (c) => {
		const add = await c.object().adder(10);
		const first = await add(1);
		add[Symbol.dispose]();
		return [first, await attempt(() => add(2))];
	},
	"rpc function/duplicate of one returned": async (c) => {
		const add = await c.object().adder(10);
		const other = add.dup();
		add[Symbol.dispose]();
		return [await other(1), await attempt(() => add(1))];
	},
	"rpc function/there and back": async (c) => {
		const f = await c.object().returnsIt((x) => `${x}!`);
		return f("mine");
	},
	"rpc function/wrapped": async (c) => {
		const f = await c.object().wrap((x) => x * 2);
		return attempt(() => f(4));
	},
	"rpc function/passed on to another object": (c) => c.object().passOn({ name: `${c.name} 2`, f: (s) => `${s} from afar` }),
	"rpc function/returned function passed to another object": async (c) => c.object(" 2").callTimes({ f: await c.object().adder(7), n: 3 }),
	"rpc target/methods": async (c) => {
		const counter = await c.object().counter(5);
		return [await counter.increment(1), await counter.increment(2), await (await c.object().counter(0)).increment(1)];
	},
	"rpc target/failing method": async (c) => failure(async () => (await c.object().counter(5)).fail()),
	"rpc target/missing method": async (c) => attempt(async () => (await c.object().counter(5)).missing(1)),
	"rpc target/called itself": async (c) => attempt(async () => (await c.object().counter(5))()),
	"rpc target/child": async (c) => {
		const child = await (await c.object().counter(5)).child(10);
		return [await child.increment(1), await (await child.child(100)).increment(1)];
	},
	"rpc target/calls back": async (c) => (await c.object().counter(5)).each((n) => `got ${n}`),
	"rpc target/passed to an object": (c) => c.object().useCounter(new Counter(50, () => {})),
	"rpc target/passed to an object, failing": (c) => failure(() => c.object().failCounter(new Counter(50, () => {}))),
	"rpc target/of one object used by another": async (c) => c.object(" 2").useCounter(await c.object().counter(1)),
	"rpc target/relayed": async (c) => {
		const counter = await c.object().relay({ name: `${c.name} 2`, n: 30 });
		return [await counter.increment(1), await counter.increment(1)];
	},
	"rpc target/in a structure": async (c) => {
		const b = await c.object().bundle(3);
		return [b.name, await b.add(1), await b.counter.increment(2), await b.nested.list[0](5)];
	},

	"rpc disposal/of a returned target": async (c) => {
		const counter = await c.object().counter(1);
		await counter.increment(1);
		counter[Symbol.dispose]();
		return lines(c.object(), 1);
	},
	"rpc disposal/waits for the duplicate": async (c) => {
		const counter = await c.object().counter(1);
		const other = counter.dup();
		counter[Symbol.dispose]();
		await other.increment(1);
		const before = await c.object().log();
		other[Symbol.dispose]();
		return [before, await lines(c.object(), 1)];
	},
	"rpc disposal/twice is once": async (c) => {
		const counter = await c.object().counter(1);
		counter[Symbol.dispose]();
		counter[Symbol.dispose]();
		await lines(c.object(), 1);
		await c.object().double(1);
		return c.object().log();
	},
	"rpc disposal/use afterwards": async (c) => {
		const counter = await c.object().counter(1);
		counter[Symbol.dispose]();
		return attempt(() => counter.increment(1));
	},
	"rpc disposal/of a parameter": async (c) => {
		const heard = [];
		await c.object().useCounter(new Counter(1, (line) => heard.push(line)));
		for (let i = 0; heard.length === 0 && i < 200; i++) await sleep(5);
		return heard;
	},
	"rpc disposal/of a parameter that is kept": async (c) => {
		const heard = [];
		await c.object().keepDup(new Counter(1, (line) => heard.push(line)));
		const before = [...heard];
		await c.object().dropKept();
		for (let i = 0; heard.length === 0 && i < 200; i++) await sleep(5);
		return [before, heard];
	},
	"rpc disposal/of a structure": async (c) => {
		const b = await c.object().bundle(3);
		b.counter[Symbol.dispose]();
		b.add[Symbol.dispose]();
		b.nested.list[0][Symbol.dispose]();
		return lines(c.object(), 1);
	},

	"rpc pipelining/method of a result": (c) => c.object().counter(5).increment(1),
	"rpc pipelining/several on one": async (c) => {
		const counter = c.object().slowCounter(5);
		return Promise.all([counter.increment(1), counter.increment(10), counter.increment(100)]);
	},
	"rpc pipelining/three deep": (c) => c.object().counter(5).child(1).child(2).increment(10),
	"rpc pipelining/function result": (c) => c.object().adder(5)(6),
	"rpc pipelining/function of a target": (c) => c.object().counter(5).adder()(2),
	"rpc pipelining/into a structure": (c) => c.object().bundle(4).counter.increment(1),
	"rpc pipelining/property of a result": async (c) => [await c.object().bundle(4).name, await c.object().counter(3).describe().n],
	"rpc pipelining/failing first call": async (c) => {
		const counter = c.object().failSlowly("first");
		const [one, two] = await Promise.all([failure(() => counter.increment(1)), failure(() => counter.child(1).increment(1))]);
		return [one, two, await failure(() => counter)];
	},
	"rpc pipelining/failing second call": async (c) => {
		const counter = c.object().slowCounter(5);
		return [await failure(() => counter.fail()), await counter.increment(1)];
	},
	"rpc pipelining/missing method": (c) => attempt(() => c.object().counter(5).missing()),
	"rpc pipelining/on data": (c) => attempt(() => c.object().double(5).missing()),
	"rpc pipelining/on null": (c) => attempt(() => c.object().nothing().missing()),
	"rpc pipelining/order": async (c) => {
		const stub = c.object();
		const results = [stub.slowCounter(1).increment(1), stub.append("a"), stub.append("b"), stub.append("c")];
		await Promise.all(results);
		return stub.log();
	},
	"rpc pipelining/the result as well": async (c) => {
		const promise = c.object().slowCounter(5);
		const early = promise.increment(1);
		const counter = await promise;
		return [await early, await counter.increment(1), await promise.increment(1)];
	},
	"rpc path/64 deep": (c) => attempt(() => {
		let p = c.object().bundle(1);
		for (let i = 0; i < 62; i++) p = p.a;
		return p.b();
	}),
	"rpc path/too deep": (c) => attempt(() => {
		let p = c.object().bundle(1);
		for (let i = 0; i < 70; i++) p = p.a;
		return p.b();
	}),
	"rpc path/property of a method": (c) => attempt(() => c.object().double.inner()),
};

export const object = {
	"rpc object/calls an object back": async (self) => self.env.OBJ.getByName("rpc object/calls an object back 2").callTimes({ f: (i) => { self.memory.heard = [...self.memory.heard ?? [], i]; return self.memory.heard.length; }, n: 3 }),
	"rpc object/counter of another object": async (self) => {
		const counter = await self.env.OBJ.getByName("rpc object/counter of another object 2").counter(2);
		return [await counter.increment(1), await self.env.OBJ.getByName("rpc object/counter of another object 3").useCounter(counter)];
	},
	"rpc object/pipelining": (self) => self.env.OBJ.getByName("rpc object/pipelining 2").counter(5).child(1).increment(10),
	"rpc object/function uses storage": async (self) => {
		await self.env.OBJ.getByName("rpc object/function uses storage 2").callTimes({ f: async (i) => { await self.ctx.storage.put(`k${i}`, i); }, n: 3 });
		return [...(await self.ctx.storage.list()).keys()];
	},
	"rpc object/disposal of a parameter": async (self) => {
		const heard = [];
		await self.env.OBJ.getByName("rpc object/disposal of a parameter 2").useCounter(new Counter(1, (line) => heard.push(line)));
		for (let i = 0; heard.length === 0 && i < 200; i++) await sleep(5);
		return heard;
	},
};
