// Cases about R2: keys, conditions, ranges, checksums, metadata, lists, uploads. app/r2_*.go are the twins.
import { attempt, pattern } from "./show.mjs";

const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const digits = async (c, key = c.name) => c.env.BUCKET.put(key, "0123456789");
const content = async (o) => (o === null ? "none" : o.body === undefined ? "no body" : o.text());
const failed = (f) => attempt(async () => { await f(); });
const each = async (list, f) => { const out = []; for (const x of list) out.push(await f(x)); return out; };
const sums = (o) => Object.fromEntries(Object.entries(o.checksums.toJSON()));
const digest = async (name, text) => new Uint8Array(await crypto.subtle.digest(name, new TextEncoder().encode(text)));
const MB = 1024 * 1024;

/** Gets with each of the options: the text, and which part it is. */
const gets = (list) => async (c) => {
	await digits(c);
	return each(list, (options) => attempt(async () => { const o = await c.env.BUCKET.get(c.name, options); return [await content(o), o.size, o.range?.offset, o.range?.length]; }));
};
const ranges = (...list) => gets(list.map((range) => ({ range })));
const byHeader = (...list) => gets(list.map((range) => ({ range: new Headers({ range }) })));

/** Gets with conditions, in which ETAG stands for the object's. */
const conditions = (...list) => async (c) => {
	const { etag } = await digits(c);
	return each(list, (onlyIf) => attempt(async () => {
		const filled = Object.fromEntries(Object.entries(onlyIf).map(([k, v]) => [k, typeof v === "string" ? v.replaceAll("ETAG", etag) : v]));
		return content(await c.env.BUCKET.get(c.name, { onlyIf: onlyIf.headers ? new Headers(onlyIf.headers.map(([k, v]) => [k, v.replaceAll("ETAG", etag)])) : filled }));
	}));
};
const headers = (...list) => conditions(...list.map((pairs) => ({ headers: pairs })));

/** Puts with conditions: whether it was stored. */
const puts = (...list) => async (c) => {
	const { etag } = await digits(c);
	return each(list, ([key, onlyIf]) => attempt(async () => {
		const filled = Object.fromEntries(Object.entries(onlyIf).map(([k, v]) => [k, typeof v === "string" ? v.replaceAll("ETAG", etag) : v]));
		return (await c.env.BUCKET.put(key === "" ? c.name : `${c.name} ${key}`, "0123456789", { onlyIf: filled })) !== null;
	}));
};

const long = "k".repeat(1025);
const future = new Date(Date.UTC(2100, 0, 1)), past = new Date(Date.UTC(2000, 0, 1));

const errors = {
	"long keys": (c) => each([(b) => b.head(long), (b) => b.get(long), (b) => b.put(long, "x"), (b) => b.delete(long), (b) => b.delete(["short", long]), (b) => b.createMultipartUpload(long)], (f) => failed(() => f(c.env.BUCKET))),
	"key of 1,024 bytes": async (c) => { const key = c.name + "ä".repeat((1024 - c.name.length) / 2 | 0); await c.env.BUCKET.put(key, "x"); const over = await failed(() => c.env.BUCKET.put(key + "ä", "x")); return [await content(await c.env.BUCKET.get(key)), over]; },
	"ranges": ranges({ offset: -1 }, { length: -1 }, { suffix: -1 }, { offset: 1, suffix: 2 }, { length: 1, suffix: 2 }, { offset: 10 }, { offset: 11 }, { offset: 9, length: 1 }),
	"range from the end on": ranges({ offset: 10, length: 1 }),
	"etags in quotes": async (c) => { const { httpEtag } = await digits(c); return each([(o) => c.env.BUCKET.get(c.name, o), (o) => c.env.BUCKET.put(c.name, "x", o)], (f) => each([{ etagMatches: httpEtag }, { etagDoesNotMatch: httpEtag }], (onlyIf) => failed(() => f({ onlyIf })).then((e) => JSON.parse(JSON.stringify(e).replaceAll(httpEtag.slice(1, -1), "ETAG"))))); },
	"checksums that do not match": (c) => each(["md5", "sha1", "sha256", "sha384", "sha512"], (name) => failed(() => c.env.BUCKET.put(c.name, "hello", { [name]: new Uint8Array({ md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 }[name]) }))),
	"checksums of another length": (c) => each(["md5", "sha1", "sha256", "sha384", "sha512"], (name) => failed(() => c.env.BUCKET.put(c.name, "hello", { [name]: new Uint8Array(3) }))),
	"two checksums": async (c) => failed(async () => c.env.BUCKET.put(c.name, "hello", { sha1: await digest("SHA-1", "hello"), sha256: await digest("SHA-256", "hello") })),
	"metadata": (c) => each([{ k: "v".repeat(8191) }, { k: "v".repeat(8192) }, { k: "ä".repeat(8191) }, { k: "€".repeat(4095) }, { k: "€".repeat(4096) }, Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, "v".repeat(80)]))], (customMetadata) => failed(() => c.env.BUCKET.put(c.name, "x", { customMetadata }))),
	"metadata of an upload": (c) => failed(() => c.env.BUCKET.createMultipartUpload(c.name, { customMetadata: { k: "v".repeat(9000) } })),
	"list limits": (c) => each([1001, 1000], (limit) => failed(() => c.env.BUCKET.list({ limit, prefix: "nothing here" }))),
	"list limit below zero": (c) => failed(() => c.env.BUCKET.list({ limit: -1, prefix: "nothing here" })),
	"list includes": (c) => failed(() => c.env.BUCKET.list({ include: ["httpMetadata", "nonsense"] })),
	"part numbers": async (c) => { const u = await c.env.BUCKET.createMultipartUpload(c.name); return each([() => u.uploadPart(0, "x"), () => u.uploadPart(-1, "x"), () => u.uploadPart(10_001, "x"), () => u.complete([{ partNumber: 0, etag: "x" }]), () => u.uploadPart(10_000, "x")], failed); },
	"uploads that there are not": async (c) => {
		const b = c.env.BUCKET, u = await b.createMultipartUpload(c.name), none = b.resumeMultipartUpload(c.name, "nonsense"), other = b.resumeMultipartUpload(c.name + " other", u.uploadId);
		return each([() => none.uploadPart(1, "x"), () => none.complete([{ partNumber: 1, etag: "x" }]), () => none.abort(), () => other.uploadPart(1, "x"), () => other.complete([]), () => other.abort()], failed);
	},
	"customer's keys": (c) => each([(ssecKey) => c.env.BUCKET.put(c.name, "x", { ssecKey }), (ssecKey) => c.env.BUCKET.get(c.name, { ssecKey }), (ssecKey) => c.env.BUCKET.createMultipartUpload(c.name, { ssecKey })], (f) => failed(() => f(new Uint8Array(31)))),
	"deletes": async (c) => { await digits(c); return each([[], ["nothing"], ["nothing", c.name], c.name, c.name], (keys) => failed(() => c.env.BUCKET.delete(keys))); },
};

const reads = {
	"ranges": ranges({ offset: 0 }, { offset: 9 }, { length: 1 }, { offset: 3, length: 100 }, { suffix: 1 }, { suffix: 10 }, { suffix: 11 }, undefined),
	"Range header": byHeader("bytes=0-3", "bytes=-2", "bytes=7-", "bytes=5-99", "bytes=3-3"),
	"Range header that cannot be": byHeader("bytes=10-", "bytes=5-3", "bytes=-0", "bytes=-99", "bytes=0-1,3-4", "items=0-1", "nonsense", "bytes=", "bytes=a-b"),
	"whole and its parts": async (c) => { await digits(c); const o = await c.env.BUCKET.get(c.name), h = await c.env.BUCKET.head(c.name), no = await c.env.BUCKET.get(c.name, { onlyIf: { etagMatches: "x" } }); return [o.range, h.range, no.range]; },
	"range of an empty object": async (c) => { await c.env.BUCKET.put(c.name, ""); const o = await c.env.BUCKET.get(c.name); return [o.size, await o.text(), await attempt(async () => content(await c.env.BUCKET.get(c.name, { range: { offset: 0 } }))), await attempt(async () => content(await c.env.BUCKET.get(c.name, { range: { suffix: 5 } })))]; },
	"conditions": conditions({ etagMatches: "ETAG" }, { etagMatches: "*" }, { etagMatches: "x" }, { etagDoesNotMatch: "ETAG" }, { etagDoesNotMatch: "*" }, { etagDoesNotMatch: "x" }, { etagMatches: "ETAG", etagDoesNotMatch: "ETAG" }, { etagMatches: "ETAG", etagDoesNotMatch: "x" }),
	"conditions on time": conditions({ uploadedAfter: past }, { uploadedAfter: future }, { uploadedBefore: past }, { uploadedBefore: future }, { uploadedAfter: past, uploadedBefore: future }, { uploadedAfter: future, etagDoesNotMatch: "x" }, { uploadedBefore: past, etagMatches: "ETAG" }, { uploadedAfter: future, etagMatches: "ETAG" }, { uploadedBefore: past, etagDoesNotMatch: "x" }),
	"conditions in whole seconds": async (c) => {
		const { uploaded } = await digits(c);
		const second = new Date(Math.floor(uploaded.getTime() / 1000) * 1000), next = new Date(second.getTime() + 1000);
		return each([{ uploadedAfter: second, secondsGranularity: true }, { uploadedBefore: next, secondsGranularity: true }, { uploadedBefore: new Date(second.getTime() + 999), secondsGranularity: true }, { uploadedAfter: new Date(second.getTime() - 1), secondsGranularity: true }, { uploadedAfter: uploaded }, { uploadedBefore: uploaded }],
			async (onlyIf) => content(await c.env.BUCKET.get(c.name, { onlyIf })));
	},
	"If-Match": headers([["If-Match", '"ETAG"']], [["If-Match", '"x", "ETAG"']], [["If-Match", "*"]], [["If-Match", '"x"']], [["If-Match", 'W/"ETAG"']], [["If-Match", "ETAG"]]),
	"If-None-Match": headers([["If-None-Match", '"ETAG"']], [["If-None-Match", 'W/"ETAG"']], [["If-None-Match", '"a", "b"']], [["If-None-Match", "*"]], [["If-None-Match", '"a", W/"ETAG"']]),
	"If-Modified-Since": headers([["If-Modified-Since", past.toUTCString()]], [["If-Modified-Since", future.toUTCString()]], [["If-Unmodified-Since", past.toUTCString()]], [["If-Unmodified-Since", future.toUTCString()]], [["If-Modified-Since", future.toUTCString()], ["If-None-Match", '"x"']], [], [["If-Modified-Since", "nonsense"]], [["If-Unmodified-Since", "nonsense"]]),
	"headers that are not lists of etags": headers([["If-Match", '"a" "b"']], [["If-Match", '"open']], [["If-None-Match", 'W"a"']], [["If-None-Match", '"a" *']], [["If-Match", ""]], [["If-Match", ","]], [["If-None-Match", "abc"]], [["If-None-Match", '"a", b']], [["If-Match", 'b, "ETAG"']], [["If-Match", 'W/"a"x, "ETAG"']], [["If-Match", '"ETAG" x']], [["If-Match", 'W, "ETAG"']], [["If-Match", '""']]),
	"condition that does not hold": async (c) => { await c.env.BUCKET.put(c.name, "0123456789", { httpMetadata: { contentType: "text/x" }, customMetadata: { a: "b" } }); const o = await c.env.BUCKET.get(c.name, { onlyIf: { etagMatches: "x" } }); return [o.body === undefined, o.key, o.size, o.httpMetadata, o.customMetadata, o.httpEtag === `"${o.etag}"`]; },
	"condition and range": async (c) => { const { etag } = await digits(c); return each([etag, "x"], async (etagMatches) => content(await c.env.BUCKET.get(c.name, { onlyIf: { etagMatches }, range: { offset: 8 } }))); },
	"condition on nothing": async (c) => [await c.env.BUCKET.get(c.name, { onlyIf: { etagMatches: "x" } }), await c.env.BUCKET.get(c.name, { range: { offset: 99 } })],
	"forms": async (c) => { const put = await digits(c), o = await c.env.BUCKET.get(c.name); return [/^[0-9a-f]{32}$/.test(o.version), o.version === put.version, o.etag, o.httpEtag, o.uploaded.getTime() === put.uploaded.getTime(), sums(o), sums(put)]; },
};

const writes = {
	"conditions": puts(["", { etagMatches: "x" }], ["", { etagMatches: "ETAG" }], ["", { etagDoesNotMatch: "ETAG" }], ["", { etagDoesNotMatch: "*" }], ["", { etagMatches: "*" }], ["new", { etagMatches: "*" }], ["new", { uploadedAfter: past }], ["new", { uploadedBefore: past }], ["new", { etagDoesNotMatch: "*" }], ["new", { etagDoesNotMatch: "*" }]),
	"conditions on time": puts(["", { uploadedBefore: past }], ["", { uploadedBefore: future }], ["", { uploadedAfter: future }], ["", { uploadedAfter: past }]),
	"conditions of a header": async (c) => { const { httpEtag } = await digits(c); return each([["If-Match", '"x"'], ["If-Match", httpEtag], ["If-None-Match", "*"], ["If-None-Match", '"x"']], async (h) => (await c.env.BUCKET.put(c.name, "0123456789", { onlyIf: new Headers([h]) })) !== null); },
	"each checksum": (c) => each([["md5", ""], ["sha1", "SHA-1"], ["sha256", "SHA-256"], ["sha384", "SHA-384"], ["sha512", "SHA-512"]], async ([name, algorithm]) => {
		const sum = name === "md5" ? new Uint8Array([0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92]) : await digest(algorithm, "hello");
		return [sums(await c.env.BUCKET.put(c.name, "hello", { [name]: sum })), sums(await c.env.BUCKET.head(c.name))];
	}),
	"HTTP metadata": async (c) => { const httpMetadata = { contentType: "text/x", contentLanguage: "de", contentDisposition: 'attachment; filename="ä"', contentEncoding: "gzip", cacheControl: "no-store", cacheExpiry: new Date(1_800_000_000_000) }; const put = await c.env.BUCKET.put(c.name, "x", { httpMetadata }); const h = new Headers(); (await c.env.BUCKET.head(c.name)).writeHttpMetadata(h); return [put.httpMetadata, (await c.env.BUCKET.head(c.name)).httpMetadata, h.get("content-type"), h.get("content-language"), h.get("content-encoding"), h.get("cache-control"), h.get("expires")]; },
	"HTTP metadata of headers": async (c) => { await c.env.BUCKET.put(c.name, "x", { httpMetadata: new Headers({ "content-type": "text/y", "cache-control": "max-age=3", "content-language": "fr", "content-encoding": "br", "content-disposition": "inline", expires: "Thu, 01 Jan 2026 00:00:00 GMT", "x-other": "no" }) }); return (await c.env.BUCKET.head(c.name)).httpMetadata; },
	"metadata that is replaced": async (c) => { await c.env.BUCKET.put(c.name, "x", { httpMetadata: { contentType: "text/x" }, customMetadata: { a: "1" } }); await c.env.BUCKET.put(c.name, "y"); const o = await c.env.BUCKET.head(c.name); return [o.httpMetadata, o.customMetadata]; },
	"custom metadata": async (c) => { const customMetadata = { "ü": "ß💥", empty: "", "A": "upper", "a": "lower" }; await c.env.BUCKET.put(c.name, "x", { customMetadata }); return (await c.env.BUCKET.head(c.name)).customMetadata; },
	"names": (c) => each(["a b", "ü💥", "a/../b", "?q=1#x", "%2F", "/slash", "trailing/", "\u0001", "'\"`"], async (name) => { const key = `${c.name}/${name}`; const o = await c.env.BUCKET.put(key, name); return [o.key.slice(c.name.length + 1), await content(await c.env.BUCKET.get(key))]; }),
	"storage class": async (c) => [(await c.env.BUCKET.put(c.name, "x")).storageClass, (await c.env.BUCKET.head(c.name)).storageClass],
	"stream of known length": async (c) => {
		const { readable, writable } = new FixedLengthStream(300_000);
		const stored = c.env.BUCKET.put(c.name, readable);
		const w = writable.getWriter();
		for (let i = 0; i < 3; i++) await w.write(pattern(100_000));
		await w.close();
		return [(await stored).size, new Uint8Array(await (await c.env.BUCKET.get(c.name)).arrayBuffer())];
	},
	"stream of another length": async (c) => each([[10, 9], [10, 11], [100_000, 99_999], [100_000, 100_001]], async ([n, says]) => {
		const { readable, writable } = new FixedLengthStream(says);
		const refused = c.env.BUCKET.put(c.name, readable).then(() => false, () => true);
		const w = writable.getWriter();
		await w.write(pattern(n)).then(() => w.close()).catch(() => {});
		return [await refused, await c.env.BUCKET.head(c.name)];
	}),
	"copy": async (c) => { await c.env.BUCKET.put(c.name, pattern(200_000)); const { body } = await c.env.BUCKET.get(c.name); const copy = await c.env.BUCKET.put(c.name + " copy", body); return [copy.size, new Uint8Array(await (await c.env.BUCKET.get(c.name + " copy")).arrayBuffer())]; },
	"body of a request": async (c) => { if (c.request.body === null) return "no body"; const o = await c.env.BUCKET.put(c.name, c.request.body); return [o.size, new Uint8Array(await (await c.env.BUCKET.get(c.name)).arrayBuffer())]; },
	"many megabytes": async (c) => {
		const { readable, writable } = new FixedLengthStream(16 * MB);
		const stored = c.env.BUCKET.put(c.name, readable);
		const w = writable.getWriter(), mb = pattern(MB);
		for (let i = 0; i < 16; i++) await w.write(mb);
		await w.close();
		let n = 0;
		const { size } = await stored;
		for await (const chunk of (await c.env.BUCKET.get(c.name)).body) n += chunk.length;
		await c.env.BUCKET.delete(c.name);
		return [size, n];
	},
	"read while it is replaced": async (c) => { await c.env.BUCKET.put(c.name, pattern(400_000)); const o = await c.env.BUCKET.get(c.name); await c.env.BUCKET.put(c.name, "short"); return new Uint8Array(await o.arrayBuffer()); },
	"at once": async (c) => { await Promise.all(Array.from({ length: 20 }, (_, i) => c.env.BUCKET.put(`${c.name}/${i}`, String(i)))); return each(Array.from({ length: 20 }, (_, i) => i), async (i) => content(await c.env.BUCKET.get(`${c.name}/${i}`))); },
};

const fill = async (c, ...keys) => { for (const key of keys) await c.env.BUCKET.put(`${c.name}/${key}`, key, { httpMetadata: { contentType: "text/x" }, customMetadata: { key } }); };
const list = async (c, options) => {
	const cut = (k) => k.slice(c.name.length + 1);
	const l = await c.env.BUCKET.list({ ...options, prefix: `${c.name}/${options.prefix ?? ""}`, ...(options.startAfter === undefined ? {} : { startAfter: `${c.name}/${options.startAfter}` }) });
	return { keys: l.objects.map((o) => cut(o.key)), prefixes: l.delimitedPrefixes.map(cut), truncated: l.truncated, cursor: l.cursor };
};
const page = async (c, options) => { const { cursor, ...rest } = await list(c, options); return { ...rest, more: cursor !== undefined }; };
const pages = async (c, options) => { const out = []; for (let cursor; ;) { const l = await list(c, { ...options, cursor }); out.push([l.keys, l.prefixes]); if (!l.truncated) return out; cursor = l.cursor; } };

const lists = {
	"metadata": async (c) => { await fill(c, "a"); return each([undefined, [], ["httpMetadata"], ["customMetadata"], ["httpMetadata", "customMetadata"]], async (include) => { const [o] = (await c.env.BUCKET.list({ prefix: c.name, include })).objects; return [o.httpMetadata?.contentType ?? "", o.customMetadata?.key ?? "", o.size, o.etag.length]; }); },
	"pages with a delimiter": async (c) => { await fill(c, "a", "d/1", "d/2", "d/3", "e/1", "f", "g/1", "g/2"); return [await pages(c, { delimiter: "/", limit: 1 }), await pages(c, { delimiter: "/", limit: 2 }), await pages(c, { delimiter: "/", limit: 3 })]; },
	"start after": async (c) => { await fill(c, "a", "b", "d/1", "d/2", "e"); return each([{ startAfter: "a" }, { startAfter: "aa" }, { startAfter: "d/1" }, { startAfter: "d/1", delimiter: "/" }, { startAfter: "d/2", delimiter: "/" }, { startAfter: "d/", delimiter: "/" }, { startAfter: "z" }, { startAfter: "a", prefix: "d" }], (o) => page(c, o)); },
	"start after and a cursor": async (c) => { await fill(c, "1", "2", "3", "4", "5"); const first = await list(c, { limit: 2 }); return [await page(c, { cursor: first.cursor, startAfter: "1" }), await page(c, { cursor: first.cursor, startAfter: "4" })]; },
	"delimiters": async (c) => { await fill(c, "a--b", "a--c", "a-b", "x", "--"); return each([{ delimiter: "--" }, { delimiter: "-" }, { delimiter: "none" }, { delimiter: "-", prefix: "a" }, { delimiter: "-", prefix: "a-" }, { delimiter: "x" }], (o) => page(c, o)); },
	"with metadata, shorter": async (c) => { await Promise.all(Array.from({ length: 101 }, (_, i) => c.env.BUCKET.put(`${c.name}/${i}`, "x"))); return each([undefined, ["httpMetadata"]], async (include) => { const l = await c.env.BUCKET.list({ prefix: c.name, include }); return [l.objects.length, l.truncated]; }); },
	"exact limits": async (c) => { await fill(c, "1", "2", "3"); return each([1, 2, 3, 4], (limit) => page(c, { limit })); },
	"order": async (c) => { await fill(c, "b", "B", "ä", "a", "Z", "💥", "\uffee", "1", "10", "2", "a/"); return (await page(c, {})).keys; },
	"prefixes": async (c) => { await fill(c, "ab", "abc", "b", "a%", "a_", "A"); return each(["a", "ab", "abcd", "a%", "a_", "A", ""], async (prefix) => (await page(c, { prefix })).keys); },
	"nothing": (c) => page(c, {}),
};

const part = (n) => new Uint8Array(n);
const uploads = {
	"order of the parts": async (c) => {
		const u = await c.env.BUCKET.createMultipartUpload(c.name), b = pattern(5 * MB);
		const one = await u.uploadPart(1, b), three = await u.uploadPart(3, "end");
		const turned = await failed(() => u.complete([three, one]));
		const o = await u.complete([one, three]);
		return [turned, o.size, o.etag.length, o.etag.slice(-2), o.httpEtag === `"${o.etag}"`, sums(o), await content(await c.env.BUCKET.get(c.name, { range: { suffix: 3 } })), new Uint8Array(await (await c.env.BUCKET.get(c.name, { range: { offset: 5 * MB - 2, length: 4 } })).arrayBuffer())];
	},
	"sizes of the parts": async (c) => {
		const complete = async (...sizes) => failed(async () => {
			const u = await c.env.BUCKET.createMultipartUpload(c.name), parts = [];
			for (const [i, n] of sizes.entries()) parts.push(await u.uploadPart(i + 1, part(n)));
			await u.complete(parts);
		});
		return [await complete(1), await complete(5 * MB, 1), await complete(5 * MB - 1, 1), await complete(5 * MB, 5 * MB + 1), await complete(5 * MB, 5 * MB + 1, 1), await complete(0), await complete()];
	},
	"parts that are wrong": async (c) => {
		const u = await c.env.BUCKET.createMultipartUpload(c.name), one = await u.uploadPart(1, "x");
		return each([[{ partNumber: 1, etag: "x" }], [{ partNumber: 2, etag: one.etag }], [one, one], [one, { partNumber: 2, etag: "x" }]], (parts) => failed(() => u.complete(parts)));
	},
	"part that is replaced": async (c) => { const u = await c.env.BUCKET.createMultipartUpload(c.name); const old = await u.uploadPart(1, "old"); const one = await u.uploadPart(1, "new"); return [old.etag === one.etag, await failed(() => u.complete([old])), (await u.complete([one])).size, await content(await c.env.BUCKET.get(c.name))]; },
	"over": async (c) => {
		const b = c.env.BUCKET, done = await b.createMultipartUpload(c.name), one = await done.uploadPart(1, "x");
		await done.complete([one]);
		const gone = await b.createMultipartUpload(c.name);
		await gone.uploadPart(1, "y");
		await gone.abort();
		return [...await each([() => done.uploadPart(2, "x"), () => done.complete([one]), () => done.abort(), () => gone.uploadPart(2, "x"), () => gone.complete([one]), () => gone.abort()], failed), await content(await b.get(c.name))];
	},
	"not seen before it is complete": async (c) => { await c.env.BUCKET.put(c.name, "before"); const u = await c.env.BUCKET.createMultipartUpload(c.name); const one = await u.uploadPart(1, "after"); const before = await content(await c.env.BUCKET.get(c.name)); await u.complete([one]); return [before, await content(await c.env.BUCKET.get(c.name))]; },
	"metadata": async (c) => { const u = await c.env.BUCKET.createMultipartUpload(c.name, { httpMetadata: { contentType: "text/x" }, customMetadata: { a: "b" } }); const o = await u.complete([await u.uploadPart(1, "x")]); return [o.httpMetadata, o.customMetadata, u.key === c.name, u.uploadId.length > 8]; },
	"two at once": async (c) => { const [a, b] = await Promise.all([c.env.BUCKET.createMultipartUpload(c.name), c.env.BUCKET.createMultipartUpload(c.name)]); const one = await a.uploadPart(1, "a"), two = await b.uploadPart(1, "b"); await b.complete([two]); await a.complete([one]); return [a.uploadId === b.uploadId, await content(await c.env.BUCKET.get(c.name))]; },
	"replaced by an object": async (c) => { const u = await c.env.BUCKET.createMultipartUpload(c.name); await u.complete([await u.uploadPart(1, part(5 * MB)), await u.uploadPart(2, "x")]); await c.env.BUCKET.put(c.name, "small"); const o = await c.env.BUCKET.get(c.name); return [o.size, o.etag.length, await o.text()]; },
};

const named = (group, cases) => Object.fromEntries(Object.entries(cases).map(([name, f]) => [`${group}/${name}`, f]));

export const worker = { ...named("r2 error", errors), ...named("r2 get", reads), ...named("r2 put", writes), ...named("r2 list", lists), ...named("r2 upload", uploads) };
