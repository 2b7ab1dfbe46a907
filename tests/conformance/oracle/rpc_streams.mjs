// Cases about streams, requests, responses and headers as values of RPC.
import { pattern, sleep } from "./show.mjs";
import { reveal, revealError } from "./rpc_values.mjs";

const encoder = new TextEncoder();
const large = 5 << 20;

/** A stream of n bytes in chunks; it fails after failAt of them. */
export function produce(n, failAt = Infinity) {
	let sent = 0;
	return new ReadableStream({
		type: "bytes",
		pull(controller) {
			if (sent >= failAt) return controller.error(new RangeError(`failed after ${failAt}`));
			if (sent >= n) return controller.close();
			const size = Math.min(n - sent, 40_000, failAt - sent);
			controller.enqueue(chunk(sent, size));
			sent += size;
		},
	});
}

const chunk = (from, size) => Uint8Array.from({ length: size }, (_, i) => (from + i) * 7 & 255);

/** What a stream had, to its end or its failure. */
export async function total(stream) {
	let length = 0, sum = 7;
	try {
		for await (const part of stream) {
			length += part.length;
			for (const x of part) sum = (sum * 31 + x) >>> 0;
		}
	} catch (e) {
		return { failed: revealError(e) };
	}
	return { length, sum };
}

/** A stream that notes what was written to it. */
function collector(note) {
	let length = 0;
	return new WritableStream({
		write(part) { length += part.byteLength; },
		close() { note(`closed after ${length}`); },
		abort(e) { note(`aborted: ${e instanceof Error ? e.message : e}`); },
	});
}

async function fill(to, n) {
	const writer = to.getWriter();
	for (let sent = 0; sent < n; sent += 40_000) await writer.write(chunk(sent, Math.min(n - sent, 40_000)));
	await writer.close();
}

const noting = (self) => (line) => (self.memory.log ??= []).push(line);

async function describeRequest(r) {
	return { method: r.method, url: r.url, header: r.headers.get("x-one"), body: await r.text() };
}

async function describeResponse(r) {
	const text = await r.text();
	return { status: r.status, header: r.headers.get("x-one"), length: text.length, start: text.slice(0, 20) };
}

export const methods = {
	total,
	totalOf({ stream, name }) { return total(stream).then((t) => ({ name, ...t })); },
	produce({ n, failAt }) { return produce(n, failAt); },
	produceTwo(n) { return { first: produce(n), second: produce(2 * n), name: "two" }; },
	async readSome(stream) {
		const reader = stream.getReader();
		const { value } = await reader.read();
		await reader.cancel(new Error("enough"));
		return value.length > 0;
	},
	ignore() { return "ignored"; },
	async fill({ to, n }) { await fill(to, n); },
	async fillAndAbort(to) {
		const writer = to.getWriter();
		await writer.write(encoder.encode("abc"));
		await writer.abort(new RangeError("changed my mind"));
	},
	collect() { return collector(noting(this)); },
	describeRequest,
	describeResponse,
	makeRequest(body) { return new Request("https://example.com/made?q=1", { method: body ? "PUT" : "GET", body: body || undefined, headers: { "x-one": "made" } }); },
	respond({ status, n }) { return new Response(n > 0 ? "r".repeat(n) : null, { status, headers: { "x-one": "eins" } }); },
	streamed(n) { return new Response(produce(n), { headers: { "x-one": "streamed" } }); },
	addHeader(headers) {
		headers.append("x-added", "yes");
		return headers;
	},
};

const piped = (n) => produce(n);
const waitFor = async (heard) => {
	for (let i = 0; heard.length === 0 && i < 400; i++) await sleep(5);
	return heard;
};
async function lines(stub, n) {
	for (let log; ; await sleep(5)) if ((log = await stub.log()).length >= n) return log;
}

export const worker = {
	"rpc stream/argument": (c) => c.object().total(piped(1000)),
	"rpc stream/argument, empty": (c) => c.object().total(piped(0)),
	"rpc stream/argument, 5 MB": (c) => c.object().total(piped(large)),
	"rpc stream/argument in a field": (c) => c.object().totalOf({ name: "field", stream: piped(1000) }),
	"rpc stream/argument, cancelled early": (c) => c.object().readSome(piped(large)),
	"rpc stream/argument, not read": (c) => c.object().ignore(piped(1000)),
	"rpc stream/result": async (c) => total(await c.object().produce({ n: 1000 })),
	"rpc stream/result, 5 MB": async (c) => total(await c.object().produce({ n: large })),
	"rpc stream/result, empty": async (c) => total(await c.object().produce({ n: 0 })),
	"rpc stream/result, cancelled early": async (c) => {
		const reader = (await c.object().produce({ n: large })).getReader();
		const { value } = await reader.read();
		await reader.cancel();
		return [value.length > 0, await c.object().double(2)];
	},
	"rpc stream/two results": async (c) => {
		const { first, second, name } = await c.object().produceTwo(100_000);
		return [name, ...await Promise.all([total(first), total(second)])];
	},
	"rpc stream/of one object read by another": async (c) => c.object(" 2").total(await c.object().produce({ n: 200_000 })),
	"rpc stream/writable argument": async (c) => {
		const heard = [];
		await c.object().fill({ to: collector((line) => heard.push(line)), n: 1000 });
		return waitFor(heard);
	},
	"rpc stream/writable argument, 5 MB": async (c) => {
		const heard = [];
		await c.object().fill({ to: collector((line) => heard.push(line)), n: large });
		return waitFor(heard);
	},
	"rpc stream/writable result": async (c) => {
		await fill(await c.object().collect(), 1000);
		return lines(c.object(), 1);
	},
	"rpc stream/writable result, 5 MB": async (c) => {
		await fill(await c.object().collect(), large);
		return lines(c.object(), 1);
	},
	"rpc stream/writable between objects": async (c) => {
		await c.object(" 2").fill({ to: await c.object().collect(), n: 100_000 });
		return lines(c.object(), 1);
	},

	"rpc http/request": (c) => c.object().describeRequest(new Request("https://example.com/a?b=c", { headers: { "x-one": "1" } })),
	"rpc http/request with a body": (c) => c.object().describeRequest(new Request("https://example.com/", { method: "POST", body: "the body", headers: { "x-one": "2" } })),
	"rpc http/request with a large body": async (c) => {
		const d = await c.object().describeRequest(new Request("https://example.com/", { method: "POST", body: "x".repeat(200_000) }));
		return { ...d, body: d.body.length };
	},
	"rpc http/request result": async (c) => describeRequest(await c.object().makeRequest("")),
	"rpc http/request result with a body": async (c) => describeRequest(await c.object().makeRequest("from the object")),
	"rpc http/response": async (c) => describeResponse(await c.object().respond({ status: 201, n: 12 })),
	"rpc http/response with a large body": async (c) => describeResponse(await c.object().respond({ status: 200, n: 300_000 })),
	"rpc http/response without a body": async (c) => describeResponse(await c.object().respond({ status: 204, n: 0 })),
	"rpc http/response of status 404": async (c) => describeResponse(await c.object().respond({ status: 404, n: 3 })),
	"rpc http/response that streams": async (c) => {
		const r = await c.object().streamed(100_000);
		return [r.headers.get("x-one"), await total(r.body)];
	},
	"rpc http/response argument": (c) => c.object().describeResponse(new Response("as an argument", { status: 418, headers: { "x-one": "3" } })),
	"rpc http/response of one object read by another": async (c) => c.object(" 2").describeResponse(await c.object().respond({ status: 200, n: 100_000 })),
	"rpc http/headers": async (c) => reveal(await c.object().addHeader(new Headers({ "x-one": "1", "x-two": "2" }))),
};

export const object = {
	"rpc stream/inside an object": async (self) => {
		const other = self.env.OBJ.getByName("rpc stream/inside an object 2");
		return [await other.total(piped(70_000)), await total(await other.produce({ n: 70_000 }))];
	},
	"rpc http/inside an object": async (self) => {
		const other = self.env.OBJ.getByName("rpc http/inside an object 2");
		return [await describeResponse(await other.respond({ status: 200, n: 5 })), await describeRequest(await other.makeRequest("body"))];
	},
};

export const failing = {
	"rpc stream/argument that fails": (c) => c.object().total(produce(100_000, 50_000)),
	"rpc stream/result that fails": async (c) => total(await c.object().produce({ n: 100_000, failAt: 50_000 })),
	"rpc stream/writable argument, aborted": async (c) => {
		const heard = [];
		await c.object().fillAndAbort(collector((line) => heard.push(line)));
		return waitFor(heard);
	},
	"rpc stream/writable result, aborted": async (c) => {
		const writer = (await c.object().collect()).getWriter();
		await writer.write(pattern(10));
		await writer.abort(new RangeError("no more"));
		return lines(c.object(), 1);
	},
	"rpc stream/writable argument that fails": async (c) => {
		const to = new WritableStream({ write() { throw new RangeError("full"); } });
		try {
			await c.object().fill({ to, n: 1_000_000 });
			return "written";
		} catch (e) {
			return revealError(e);
		}
	},
};
Object.assign(worker, failing);
