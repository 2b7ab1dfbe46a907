// Cases about entrypoints of the Worker: classes that service bindings name. AUTH goes to Auth with props, PLAIN to Auth without,
// BARE to Bare, SELF to the Worker itself, whose methods are those of Default.
import { WorkerEntrypoint } from "cloudflare:workers";
import { attempt, bytes, pattern, sleep } from "./show.mjs";
import { fail, values } from "./rpc.mjs";
import { Counter, lines } from "./rpc_stubs.mjs";
import { produce, total } from "./rpc_streams.mjs";

export class Auth extends WorkerEntrypoint {
	secret = "private";
	#hidden() { return "private"; }
	echo(v) { return v; }
	none() {}
	double(n) { return n * 2; }
	greet(p) { return { text: `${p.greeting ?? "Hello"}, ${p.name}!`, length: p.name.length, tags: p.tags ?? [] }; }
	optional(p) { return p === undefined ? "nothing" : `got ${p.name}`; }
	fail(kind) { return fail(kind); }
	props() { return this.ctx.props; }
	greeting() { return [this.env.GREETING, this.env.SETTINGS.limit]; }
	counter(n) { return new Counter(n, () => {}); }
	adder(n) { return (x) => x + n; }
	propsLater() { return () => this.ctx.props; }
	callBack(f) { return f("hello"); }
	useCounter(counter) { return counter.increment(5); }
	produce(n) { return produce(n); }
	total(stream) { return total(stream); }
	respond(n) { return new Response("r".repeat(n), { status: 203, headers: { "x-one": "eins" } }); }
	async slow({ name, ms }) {
		await sleep(ms);
		return name;
	}
	later(name) {
		this.ctx.waitUntil(sleep(20).then(() => this.env.OBJ.getByName(name).append("later")));
		return "at once";
	}
	append(name) { return this.env.OBJ.getByName(name).append("through the entrypoint"); }
	toBare(n) { return this.ctx.exports.Bare.double(n); }
	chain(n) { return n === 0 ? [] : this.env.PLAIN.chain(n - 1).then((list) => [n, ...list]); }
	failIn(name) { return this.env.OBJ.getByName(name).fail("range"); }
	failing() { return () => { throw new RangeError("of the function"); }; }
	rejected() { return this.env.BARE.fail(); }
	async fetch(request) {
		const { pathname } = new URL(request.url);
		switch (pathname) {
			case "/props": return Response.json(this.ctx.props);
			case "/fail": throw new RangeError("the entrypoint's fetch failed");
			case "/host": return Response.json([new URL(request.url).host, request.headers.get("host") ?? ""]);
			case "/redirect": return new Response(null, { status: 302, headers: { location: "https://elsewhere/" } });
			case "/large": return new Response(produce(300_000));
			case "/length": return new Response(String((await request.arrayBuffer()).byteLength));
		}
		return new Response(`${request.method} ${request.url} ${await request.text()}`, { status: 201, headers: { "x-one": request.headers.get("x-one") ?? "none" } });
	}
}

export class Bare extends WorkerEntrypoint {
	double(n) { return n * 2; }
	props() { return this.ctx.props; }
	fail() { throw new RangeError("Bare failed"); }
}

/** The methods of the default entrypoint, beside the Worker's handlers. */
export class Default extends WorkerEntrypoint {
	triple(n) { return n * 3; }
	ownProps() { return this.ctx.props; }
	greeted(p) { return `hello ${p.name}`; }
}

const auth = (c) => c.env.AUTH;
const fetched = async (service, path, init) => {
	const r = await service.fetch(`https://auth${path}`, { redirect: "manual", ...init });
	return [r.status, r.headers.get("x-one"), r.headers.get("location"), (await r.text()).trim()];
};

export const worker = {
	...Object.fromEntries(Object.entries(values).map(([name, value]) => [`entrypoint value/${name}`, (c) => auth(c).echo(value())])),
	...Object.fromEntries(["plain", "type", "range", "custom", "props", "flags", "empty", "unicode", "panic"].map((kind) =>
		[`entrypoint error/${kind}`, async (c) => ({ failed: await attempt(() => auth(c).fail(kind)), after: await auth(c).double(1) })])),
	"entrypoint/no argument, no result": (c) => auth(c).none(),
	"entrypoint/number": (c) => auth(c).double(21),
	"entrypoint/struct": async (c) => [await auth(c).greet({ name: "Ada" }), await auth(c).greet({ name: "Zoë", greeting: "Hej", tags: ["a", "b"] })],
	"entrypoint/optional argument": async (c) => [await auth(c).optional(), await auth(c).optional({ name: "it" })],
	"entrypoint/missing method": (c) => auth(c).nonexistent(1),
	"entrypoint/missing method of a method": (c) => auth(c).double.deeper(1),
	"entrypoint/method of another entrypoint": (c) => c.env.BARE.greet({ name: "x" }),
	"entrypoint/wrong argument type": (c) => auth(c).double("not a number"),
	"entrypoint/missing argument": (c) => auth(c).double(),
	"entrypoint/too many arguments": (c) => auth(c).double(1, 2),
	"entrypoint/not cloneable": (c) => auth(c).echo(Symbol("s")),
	"entrypoint/1 MB each way": async (c) => (await auth(c).echo(pattern(1 << 20))).length,
	...Object.fromEntries(["alarm", "webSocketMessage", "webSocketClose", "webSocketError", "dup", "constructor"].map((name) =>
		[`entrypoint/reserved ${name}`, (c) => auth(c)[name]()])),
	"entrypoint/private member": (c) => auth(c).secret,
	"entrypoint/private member, called": (c) => auth(c).secret(),
	"entrypoint/its ctx": (c) => auth(c).ctx,
	"entrypoint/its env": (c) => auth(c).env,
	"entrypoint/its env's variables": (c) => auth(c).env.GREETING,
	"entrypoint/method as a property": async (c) => {
		const double = await auth(c).double;
		return [typeof double, await double(4)];
	},
	"entrypoint/no such property": (c) => auth(c).nothing,
	"entrypoint/default's method": (c) => c.env.SELF.triple(14),
	"entrypoint/default's method with a struct": (c) => c.env.SELF.greeted({ name: "Ada" }),
	"entrypoint/default's missing method": (c) => c.env.SELF.quadruple(14),
	"entrypoint/default's handlers are there": async (c) => (await (await c.env.SELF.fetch("https://worker/exports%2Fanswer")).json()),
	"entrypoint/default has no method of another": (c) => c.env.SELF.double(1),
	"entrypoint/default in ctx.exports": (c) => c.ctx.exports.default.triple(5),
	"entrypoint/fetch": async (c) => [
		await fetched(auth(c), "/a/b?q=1", { headers: { "x-one": "eins" } }),
		await fetched(auth(c), "/a", { method: "POST", body: "text" }),
	],
	"entrypoint/fetch with the host of another": (c) => fetched(auth(c), "/host", { headers: { Host: "other.example" } }),
	"entrypoint/fetch with a redirect": (c) => fetched(auth(c), "/redirect"),
	"entrypoint/fetch of a large body": async (c) => total((await auth(c).fetch("https://auth/large")).body),
	"entrypoint/fetch with a large body": (c) => fetched(auth(c), "/length", { method: "POST", body: pattern(300_000) }),
	"entrypoint/fetch that fails": (c) => fetched(auth(c), "/fail"),
	"entrypoint/fetch of one without": (c) => fetched(c.env.BARE, "/"),
	"entrypoint/fetch through ctx.exports": (c) => fetched(c.ctx.exports.Auth, "/x"),
	"entrypoint/props of the binding": (c) => auth(c).props(),
	"entrypoint/props of none": async (c) => [await c.env.PLAIN.props(), await c.env.BARE.props(), await c.env.SELF.ownProps()],
	"entrypoint/props in fetch": async (c) => [(await fetched(auth(c), "/props"))[3], (await fetched(c.env.PLAIN, "/props"))[3]],
	"entrypoint/props in a function": async (c) => (await auth(c).propsLater())(),
	"entrypoint/props of the Worker": (c) => c.ctx.props,
	"entrypoint/props through ctx.exports": async (c) => [
		await c.ctx.exports.Auth.props(), await c.ctx.exports.Auth({ props: { role: "guest", at: new Date(5), raw: bytes(1), list: [1, { deep: null }] } }).props(),
		(await fetched(c.ctx.exports.Auth({ props: { in: "fetch" } }), "/props"))[3], await c.ctx.exports.default({ props: { n: 1 } }).ownProps(),
	],
	"entrypoint/ctx.exports": async (c) => [await c.ctx.exports.Auth.double(2), await c.ctx.exports.Bare.double(3), await auth(c).toBare(4)],
	"entrypoint/environment": (c) => auth(c).greeting(),
	"entrypoint/waitUntil": async (c) => [await auth(c).later(c.name), await lines(c.object(), 1)],
	"entrypoint/many at once": (c) => Promise.all(Array.from({ length: 20 }, (_, i) => auth(c).slow({ name: `n${i}`, ms: i % 4 }))),
	"entrypoint/target returned": async (c) => {
		const counter = await auth(c).counter(3);
		return [await counter.increment(1), await counter.increment(10), await attempt(() => counter.fail())];
	},
	"entrypoint/function returned": async (c) => {
		const add = await auth(c).adder(3);
		return [await add(1), await add(2)];
	},
	"entrypoint/function as an argument": (c) => auth(c).callBack((s) => `${s} back`),
	"entrypoint/target as an argument": (c) => auth(c).useCounter(new Counter(1, () => {})),
	"entrypoint/pipelined": async (c) => {
		const counter = auth(c).counter(3);
		return [await counter.increment(1), await counter.child(10).increment(1), await auth(c).adder(1)(2)];
	},
	"entrypoint/pipelined into a failure": (c) => auth(c).fail("range").method(),
	"entrypoint/stream returned": async (c) => total(await auth(c).produce(200_000)),
	"entrypoint/stream as an argument": (c) => auth(c).total(produce(200_000)),
	"entrypoint/response returned": async (c) => {
		const r = await auth(c).respond(1000);
		return [r.status, r.headers.get("x-one"), (await r.text()).length];
	},
	"entrypoint/calls itself": (c) => auth(c).chain(5),
	"entrypoint/error through another": (c) => auth(c).rejected(),
	"entrypoint/errors of an object behind it": async (c) => [await attempt(() => auth(c).failIn("behind")), c.env.OBJ.idFromName("behind").toString()],
	"entrypoint/function that fails": async (c) => attempt(await auth(c).failing()),
	"entrypoint/to an object": async (c) => [await auth(c).append(c.name), await c.object().log()],
};

export const object = {
	"entrypoint/from an object": async (self) => [await self.env.AUTH.double(4), await self.env.AUTH.props(), await attempt(() => self.env.AUTH.fail("range"))],
	"entrypoint/from an object and back": async (self) => [await self.env.AUTH.append(self.ctx.id.name), self.memory.log],
	"entrypoint/ctx.exports in an object": async (self) => [await self.ctx.exports.Auth.double(4), await self.ctx.exports.Auth({ props: { from: "object" } }).props(), await self.ctx.exports.default.triple(1)],
	"entrypoint/fetch from an object": (self) => fetched(self.env.AUTH, "/o", { headers: { "x-one": "zwei" } }),
	"entrypoint/missing method, from an object": (self) => attempt(() => self.env.AUTH.nonexistent()),
	"entrypoint/reserved name, from an object": (self) => attempt(() => self.env.AUTH.alarm()),
	"entrypoint/errors of an object behind it, from an object": async (self) => [
		await attempt(() => self.env.AUTH.failIn("behind")), self.env.OBJ.idFromName("behind").toString(), self.ctx.id.toString(),
	],
	"entrypoint/function that fails, from an object": async (self) => attempt(await self.env.AUTH.failing()),
	"entrypoint/pipelined failure, from an object": (self) => attempt(() => self.env.AUTH.fail("range").method()),
	"entrypoint/fetch that fails, from an object": (self) => attempt(() => fetched(self.env.AUTH, "/fail")),
	"entrypoint/function of an object that fails": (self) => attempt(() => self.env.AUTH.callBack(() => { throw new RangeError("of the object's function"); })),
	"entrypoint/function of an object": async (self) => self.env.AUTH.callBack(async (s) => [s, self.ctx.id.name]),
};
