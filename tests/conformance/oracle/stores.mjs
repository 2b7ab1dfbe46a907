// Cases about R2 buckets and queues.
import * as queues from "./queues.mjs";
import { attempt, bytes, pattern, sleep } from "./show.mjs";

const hex = (buffer) => buffer && [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const described = (o) => o && ({
	key: o.key, size: o.size, etag: o.etag, quoted: o.httpEtag, type: o.httpMetadata?.contentType ?? null, custom: o.customMetadata,
	md5: hex(o.checksums.md5) ?? null, sha256: hex(o.checksums.sha256) ?? null, recent: Math.abs(Date.now() - o.uploaded) < 60_000, version: o.version.length > 8,
});
const fill = async (c, ...keys) => { for (const key of keys) await c.env.BUCKET.put(`${c.name}/${key}`, key); };
const short = (c, list) => list.map((k) => k.slice(c.name.length + 1));
const listed = async (c, options) => {
	const l = await c.env.BUCKET.list({ ...options, prefix: `${c.name}/${options?.prefix ?? ""}` });
	return { keys: short(c, l.objects.map((o) => o.key)), prefixes: short(c, l.delimitedPrefixes), truncated: l.truncated, more: l.cursor !== undefined };
};
const text = async (object) => (object?.body === undefined ? "no body" : object.text());

export const worker = {
	"r2/put": async (c) => described(await c.env.BUCKET.put("r2/put", "hello", { httpMetadata: { contentType: "text/plain" }, customMetadata: { one: "1", two: "zwei" } })),
	"r2/get": async (c) => { await c.env.BUCKET.put("r2/get", "hello ß", { httpMetadata: { contentType: "text/plain", cacheControl: "no-store" } }); const o = await c.env.BUCKET.get("r2/get"); return [described(o), await o.text(), o.httpMetadata.cacheControl]; },
	"r2/get of nothing": async (c) => [await c.env.BUCKET.get("r2/nothing"), await c.env.BUCKET.head("r2/nothing")],
	"r2/head": async (c) => { await c.env.BUCKET.put("r2/head", "12345"); const o = await c.env.BUCKET.head("r2/head"); return [described(o), o.body === undefined]; },
	"r2/replace": async (c) => { const a = await c.env.BUCKET.put("r2/replace", "a"); const b = await c.env.BUCKET.put("r2/replace", "bb"); return [a.version === b.version, await text(await c.env.BUCKET.get("r2/replace"))]; },
	"r2/empty": async (c) => { await c.env.BUCKET.put("r2/empty", ""); const o = await c.env.BUCKET.get("r2/empty"); return [o.size, await o.text()]; },
	"r2/binary": async (c) => { await c.env.BUCKET.put("r2/binary", bytes(0, 255, 128)); return new Uint8Array(await (await c.env.BUCKET.get("r2/binary")).arrayBuffer()); },
	"r2/large": async (c) => { const b = pattern(3_000_000); const o = await c.env.BUCKET.put("r2/large", b); const back = new Uint8Array(await (await c.env.BUCKET.get("r2/large")).arrayBuffer()); return [o.size, back.length, back.every((v, i) => v === b[i])]; },
	"r2/range": async (c) => {
		await c.env.BUCKET.put("r2/range", "0123456789");
		const all = [];
		for (const range of [{ offset: 2 }, { offset: 2, length: 3 }, { length: 4 }, { suffix: 3 }, { suffix: 99 }, { offset: 8, length: 99 }]) {
			const o = await c.env.BUCKET.get("r2/range", { range });
			all.push([await o.text(), o.size, o.range.offset, o.range.length]);
		}
		return all;
	},
	"r2/range beyond the end": async (c) => { await c.env.BUCKET.put("r2/range2", "0123"); return attempt(async () => described(await c.env.BUCKET.get("r2/range2", { range: { offset: 9 } }))); },
	"r2/conditional get": async (c) => {
		const { etag } = await c.env.BUCKET.put("r2/condget", "x");
		const get = async (onlyIf) => text(await c.env.BUCKET.get("r2/condget", { onlyIf }));
		return [await get({ etagMatches: etag }), await get({ etagMatches: "other" }), await get({ etagDoesNotMatch: etag }), await get({ etagDoesNotMatch: "other" }),
			await get({ uploadedAfter: new Date(0) }), await get({ uploadedBefore: new Date(0) })];
	},
	"r2/conditional put": async (c) => {
		const { etag } = await c.env.BUCKET.put("r2/condput", "first");
		const put = async (key, onlyIf) => (await c.env.BUCKET.put(key, "second", { onlyIf })) !== null;
		return [await put("r2/condput", { etagMatches: "other" }), await text(await c.env.BUCKET.get("r2/condput")), await put("r2/condput", { etagMatches: etag }),
			await put("r2/condput new", { etagMatches: "x" }), await put("r2/condput new", { etagDoesNotMatch: "*" })];
	},
	"r2/checksum": async (c) => described(await c.env.BUCKET.put("r2/checksum", "hello", { sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" })),
	"r2/wrong checksum": async (c) => [await attempt(() => c.env.BUCKET.put("r2/wrong", "hello", { md5: "00000000000000000000000000000000" })), await c.env.BUCKET.head("r2/wrong")],
	"r2/long key": (c) => attempt(() => c.env.BUCKET.put("k".repeat(1025), "x")),
	"r2/much metadata": (c) => attempt(() => c.env.BUCKET.put("r2/meta", "x", { customMetadata: { k: "v".repeat(9000) } })),
	"r2/delete": async (c) => { await fill(c, "a", "b", "c"); await c.env.BUCKET.delete(`${c.name}/a`); await c.env.BUCKET.delete([`${c.name}/b`, `${c.name}/none`]); return listed(c); },
	"r2/list": async (c) => { await fill(c, "b", "a", "ä", "c/1", "c/2"); return [await listed(c), await listed(c, { limit: 2 }), await listed(c, { prefix: "c/" }), await listed(c, { startAfter: `${c.name}/b` })]; },
	"r2/list with a delimiter": async (c) => { await fill(c, "a", "d/1", "d/2", "e/1", "f"); return [await listed(c, { delimiter: "/" }), await listed(c, { delimiter: "/", limit: 2 }), await listed(c, { delimiter: "/", prefix: "d/" })]; },
	"r2/list by pages": async (c) => {
		await fill(c, "1", "2", "3", "4", "5");
		const pages = [];
		for (let cursor; ;) {
			const l = await c.env.BUCKET.list({ prefix: `${c.name}/`, limit: 2, cursor });
			pages.push(short(c, l.objects.map((o) => o.key)));
			if (!l.truncated) return pages;
			cursor = l.cursor;
		}
	},
	"r2/multipart": async (c) => {
		const u = await c.env.BUCKET.createMultipartUpload("r2/multi", { customMetadata: { by: "parts" } });
		const size = 5 * 1024 * 1024;
		const two = await c.env.BUCKET.resumeMultipartUpload("r2/multi", u.uploadId).uploadPart(2, "the end");
		const one = await u.uploadPart(1, new Uint8Array(size));
		const o = await u.complete([one, two]);
		const back = await (await c.env.BUCKET.get("r2/multi", { range: { offset: size - 2 } })).text();
		return [o.size, o.etag, o.customMetadata, [...back].map((ch) => ch.charCodeAt(0))];
	},
	"r2/multipart errors": async (c) => {
		const u = await c.env.BUCKET.createMultipartUpload("r2/multierr");
		const part = await u.uploadPart(1, "small");
		const last = await u.uploadPart(2, "x");
		const small = await attempt(async () => { await u.complete([part, last]); });
		const unknown = await attempt(async () => { await u.complete([{ partNumber: 1, etag: "none" }]); });
		await u.abort();
		return [small, unknown, await attempt(async () => { await u.uploadPart(3, "x"); })];
	},

	"queue/json": (c) => consumed(c, (q) => q.send(mark(c, { text: "ß", n: 1.5, list: [1, null], nested: { ok: true } }))),
	"queue/text": (c) => consumed(c, (q) => q.send(c.name + "|plain", { contentType: "text" })),
	"queue/bytes": (c) => consumed(c, (q) => q.send(new TextEncoder().encode(c.name + "|bytes"), { contentType: "bytes" })),
	"queue/v8": (c) => consumed(c, (q) => q.send(mark(c, { at: new Date(5000), big: 12345678901234567890n }), { contentType: "v8" })),
	"queue/batch": (c) => consumed(c, (q) => q.sendBatch([1, 2, 3].map((n) => ({ body: mark(c, { n }) }))), 3),
	"queue/mixed batch": (c) => consumed(c, (q) => q.sendBatch([
		{ body: mark(c, { n: 1 }) }, { body: mark(c, { n: 2, at: new Date(5000) }), contentType: "v8" }, { body: c.name + "|text", contentType: "text" },
	]), 3),
	"queue/delayed": (c) => consumed(c, (q) => q.send(mark(c, { n: 1 }), { delaySeconds: 1 })),
	"queue/delayed in a batch": (c) => consumed(c, (q) => q.sendBatch([{ body: mark(c, { n: 1 }) }, { body: mark(c, { n: 2 }), delaySeconds: 1 }]), 2),
	"queue/retried": (c) => consumed(c, (q) => q.send(mark(c, { do: "retry once" })), 2),
	"queue/handler throws": (c) => consumed(c, (q) => q.send(mark(c, { do: "throw once" })), 2),
	"queue/dead letter": (c) => consumed(c, (q) => q.send(mark(c, { do: "retry always" })), 4),
	"queue/too large": (c) => attempt(async () => { await c.env.QUEUE.send("x".repeat(130_000)); }),
	"queue/too many": (c) => attempt(async () => { await c.env.QUEUE.sendBatch(Array.from({ length: 101 }, () => ({ body: 1 }))); }),
};

const mark = (c, fields) => ({ case: c.name, ...fields });

/** Sends, and waits until the consumer has noted that many deliveries of the case. */
async function consumed(c, send, count = 1) {
	await send(c.env.QUEUE);
	for (let i = 0; i < 200; i++) {
		const notes = await c.env.OBJ.getByName("queue " + c.name).run({ name: "queue/notes" });
		if (notes.length >= count) return notes.sort((a, b) => (order(a) < order(b) ? -1 : 1));
		await sleep(50);
	}
	return "never";
}

const order = (note) => `${note.queue} ${note.attempts} ${note.body?.n}`;

export const object = {
	"queue/note": (o, note) => { (o.memory.notes ??= []).push(note); },
	"queue/notes": (o) => o.memory.notes ?? [],
};

/** The consumer notes every delivery in an object of the case, and does what the message says. */
export async function queue(batch, env) {
	for (const m of await queues.deliver(batch, env)) {
		const binary = m.body instanceof ArrayBuffer || ArrayBuffer.isView(m.body);
		const plain = binary ? new TextDecoder().decode(m.body) : m.body;
		const name = typeof plain === "string" ? plain.split("|")[0] : plain.case;
		const body = typeof plain === "string" ? plain : Object.fromEntries(Object.entries(plain).map(([k, v]) => [k, typeof v === "bigint" ? String(v) : v instanceof Date ? v.getTime() : v]));
		await env.OBJ.getByName("queue " + name).run({ name: "queue/note", arg: { queue: batch.queue, attempts: m.attempts, body, binary, id: m.id.length > 8 } });
		const what = plain.do;
		if (batch.queue === "dead") m.ack();
		else if (what === "retry always" || (what === "retry once" && m.attempts === 1)) m.retry();
		else if (what === "throw once" && m.attempts === 1) throw new Error("the consumer failed");
		else m.ack();
	}
}
