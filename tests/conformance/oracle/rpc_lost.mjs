// Cases about what happens to what a call passes by reference when nobody gets it. A Go program has no collector to wait for in
// them: JavaScript disposes of what the SDK gives up by itself.
import { attempt, sleep } from "./show.mjs";
import { revealError } from "./rpc_values.mjs";
import { Counter, lines, noting } from "./rpc_stubs.mjs";

export const methods = {
	async lateCounter(begun) {
		await begun("begun");
		return new Counter(5, noting(this));
	},
	badResponse() { return new Response(null, { status: 999 }); },
	bundleTaken() {},
	streamNotTaken({ stream }) { stream.cancel(); },
	streamOfWrongType(stream) {
		stream.cancel();
		throw new TypeError("not a stream");
	},
};

const other = (self, name) => self.env.OBJ.getByName(`${name} 2`);

export const object = {
	"rpc disposal/of the result of a call given up": async (self) => {
		const object = other(self, "rpc disposal/of the result of a call given up");
		(await object.lateCounter(() => {}))[Symbol.dispose]();
		return lines(object, 1);
	},
	"rpc disposal/of a result that is not asked for": async (self) => {
		const object = other(self, "rpc disposal/of a result that is not asked for");
		const counter = await object.counter(1);
		(await counter.child(7))[Symbol.dispose]();
		return lines(object, 1);
	},
	"rpc disposal/of a field that is not read": async (self) => {
		const object = other(self, "rpc disposal/of a field that is not read");
		const counter = await object.counter(1);
		const description = await counter.describe();
		description[Symbol.dispose]();
		return [description.n, await lines(object, 1)];
	},
	"rpc disposal/of arguments that cannot be sent": async (self) => {
		const heard = [];
		let failed = false;
		try {
			await other(self, "rpc disposal/of arguments that cannot be sent").bundleTaken({ counter: new Counter(1, (line) => heard.push(line)), channel: Symbol() });
		} catch {
			failed = true;
		}
		for (let i = 0; heard.length === 0 && i < 200; i++) await sleep(5);
		return [failed, heard];
	},
	"rpc value/response that cannot be": (self) => other(self, "rpc value/response that cannot be").badResponse().then(() => null, revealError),
	"rpc disposal/of a stream that is not taken": async (self) => {
		const heard = [];
		await other(self, "rpc disposal/of a stream that is not taken").streamNotTaken({ stream: endless(heard) });
		return waited(heard);
	},
	"rpc disposal/of a stream that does not fit": async (self) => {
		const heard = [];
		const failed = await other(self, "rpc disposal/of a stream that does not fit").streamOfWrongType(endless(heard)).then(() => false, () => true);
		return [failed, await waited(heard)];
	},
};

/** A stream of seconds that notes its cancellation. */
const endless = (heard, chunks = 0) => new ReadableStream({
	async pull(controller) {
		await sleep(5);
		if (++chunks > 500) controller.close();
		else controller.enqueue(new Uint8Array(1000));
	},
	cancel() { heard.push("closed"); },
});

async function waited(heard) {
	for (let i = 0; heard.length === 0 && i < 200; i++) await sleep(5);
	return heard;
}

export const worker = {
	"rpc disposal/of the arguments of a call that is refused": async (c) => {
		const heard = [];
		const counter = new Counter(1, (line) => heard.push(line));
		let failed = false;
		try {
			await c.env.NONE.use(counter);
		} catch {
			failed = true;
			counter[Symbol.dispose]();
		}
		return [failed, heard];
	},
	"rpc disposal/of a stream of a call that is refused": async (c) => {
		const heard = [];
		const stream = endless(heard);
		let failed = false;
		try {
			await c.env.NONE.use(stream);
		} catch {
			failed = true;
			await stream.cancel();
		}
		return [failed, heard];
	},
	"rpc disposal/of the arguments of a call that is refused, and begun": async (c) => {
		const heard = [];
		const counter = new Counter(1, (line) => heard.push(line));
		let failed = false;
		try {
			await c.env.NONE.use(counter).then();
		} catch {
			failed = true;
			counter[Symbol.dispose]();
		}
		return [failed, heard];
	},
	"rpc service/no such method": (c) => attempt(() => c.env.SELF.nothing(1)),
	"rpc service/no such path": (c) => attempt(() => c.env.SELF.nothing.deeper(1)),
	"rpc service/no such property": (c) => attempt(() => c.env.SELF.nothing),
	"rpc service/reserved name": (c) => attempt(() => c.env.SELF.alarm()),
	"rpc service/no such method, given a target": async (c) => {
		const heard = [];
		const failed = await c.env.SELF.nothing(new Counter(1, (line) => heard.push(line))).then(() => false, () => true);
		return [failed, await waited(heard)];
	},
	"rpc promise/awaited twice": async (c) => {
		const promise = c.object().counter(1);
		const first = await promise, second = await promise;
		const sums = [first === second, await first.increment(1), await second.increment(1)];
		first[Symbol.dispose]();
		promise[Symbol.dispose]();
		return [...sums, await attempt(() => second.increment(1)), await lines(c.object(), 1)];
	},
	"rpc promise/stream awaited twice": async (c) => {
		const promise = c.object().echo(new Response("one two three").body);
		const first = await promise, second = await promise;
		return [first === second, await new Response(first).text()];
	},
};

export const http = {
	"http/status that cannot be": ({ url }) => new Response("text", { status: Number(url.searchParams.get("code")) }),
	"http/header that cannot be": () => new Response("text", { headers: { "bad header": "1" } }),
	"http/header that cannot be, streamed": () => new Response(new Response("text").body, { headers: { "bad header": "1" } }),
	"http/value of a header that cannot be": () => new Response("text", { headers: { "x-bad": "a\nb" } }),
	"http/errors of responses that cannot be": async (c) => {
		const ask = (name, query = "") => attempt(async () => (await c.env.SELF.fetch(`https://service/${encodeURIComponent(name)}${query}`)).status);
		const answers = [];
		for (const code of [100, 101, 103, 199, 600, 999]) answers.push(await ask("http/status that cannot be", `?code=${code}`));
		answers.push(await ask("http/header that cannot be"), await ask("http/header that cannot be, streamed"), await ask("http/value of a header that cannot be"));
		return Response.json(answers);
	},
};
