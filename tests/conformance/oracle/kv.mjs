// Cases about Workers KV.
import { attempt, bytes, pattern } from "./show.mjs";

const KV = (c) => c.env.KV;
const key = (c, k = "k") => `${c.name}/${k}`;
const fill = async (c, ...keys) => { for (const k of keys) await KV(c).put(key(c, k), k); };
const seconds = () => Math.floor(Date.now() / 1000);
const short = (c, keys) => keys.map((k) => k.name.slice(c.name.length + 1));
const listed = async (c, options) => {
	const l = await KV(c).list({ ...options, prefix: key(c, options?.prefix ?? "") });
	return { keys: short(c, l.keys), complete: l.list_complete, more: l.cursor !== undefined };
};
const refused = (c, put) => attempt(async () => { await put(); });
const stream = (text) => new Response(text).body;

export const worker = {
	"workers kv/text": async (c) => { await KV(c).put(key(c), "hello ß 💥"); return KV(c).get(key(c)); },
	"workers kv/nothing": async (c) => [await KV(c).get(key(c)), (await KV(c).getWithMetadata(key(c))).metadata],
	"workers kv/empty value": async (c) => { await KV(c).put(key(c), ""); return KV(c).get(key(c)); },
	"workers kv/json": async (c) => { await KV(c).put(key(c), JSON.stringify({ text: "<ß>", n: 1.5, list: [1, null], nested: { ok: true } })); return KV(c).get(key(c), "json"); },
	"workers kv/json as text": async (c) => { await KV(c).put(key(c), JSON.stringify({ a: "<&>" })); return KV(c).get(key(c), "text"); },
	"workers kv/bytes": async (c) => { await KV(c).put(key(c), bytes(0, 255, 128)); return new Uint8Array(await KV(c).get(key(c), "arrayBuffer")); },
	"workers kv/stream in": async (c) => { await KV(c).put(key(c), stream("of unknown length")); return KV(c).get(key(c)); },
	"workers kv/empty stream": async (c) => { await KV(c).put(key(c), stream("")); return KV(c).get(key(c)); },
	"workers kv/stream out": async (c) => { await KV(c).put(key(c), "streamed"); return new Response(await KV(c).get(key(c), "stream")).text(); },
	"workers kv/large": async (c) => {
		const b = pattern(3_000_000);
		await KV(c).put(key(c), b);
		const back = new Uint8Array(await KV(c).get(key(c), "arrayBuffer"));
		return [back.length, back.every((v, i) => v === b[i])];
	},
	"workers kv/large stream": async (c) => {
		const b = pattern(3_000_000);
		await KV(c).put(key(c), stream(b));
		const back = new Uint8Array(await new Response(await KV(c).get(key(c), "stream")).arrayBuffer());
		return [back.length, back.every((v, i) => v === b[i])];
	},
	"workers kv/replace": async (c) => { await KV(c).put(key(c), "a", { metadata: 1, expirationTtl: 600 }); await KV(c).put(key(c), "b"); const { value, metadata } = await KV(c).getWithMetadata(key(c)); return [value, metadata, (await KV(c).list({ prefix: key(c) })).keys[0].expiration === undefined]; },
	"workers kv/delete": async (c) => { await fill(c, "a"); await KV(c).delete(key(c, "a")); await KV(c).delete(key(c, "a")); return KV(c).get(key(c, "a")); },
	"workers kv/namespaces are apart": async (c) => { await KV(c).put(key(c), "one"); await c.env.KV2.put(key(c), "two"); return [await KV(c).get(key(c)), await c.env.KV2.get(key(c))]; },
	"workers kv/strange keys": async (c) => {
		const keys = ["a/b?c=d#e", "ü 💥", "%2F", " ", "a\nb", "..a", "https://x/"];
		for (const k of keys) await KV(c).put(key(c, k), k);
		const values = [];
		for (const k of keys) values.push(await KV(c).get(key(c, k)));
		return [values, (await listed(c)).keys];
	},

	"workers kv/metadata": async (c) => { await KV(c).put(key(c), "v", { metadata: { text: "ascii", n: 1.5, list: [true, null], nested: { a: 1 } } }); const { value, metadata } = await KV(c).getWithMetadata(key(c)); return [value, metadata]; },
	"workers kv/metadata beyond ASCII": async (c) => { await KV(c).put(key(c), "v", { metadata: { t: "ß💥" } }); return [(await KV(c).getWithMetadata(key(c))).metadata, (await KV(c).list({ prefix: key(c) })).keys[0].metadata]; },
	"workers kv/metadata of kinds": async (c) => {
		const all = [];
		for (const m of ["text", 7, true, [1, 2]]) { await KV(c).put(key(c), "v", { metadata: m }); all.push((await KV(c).getWithMetadata(key(c))).metadata); }
		return all;
	},
	"workers kv/metadata beside a stream": async (c) => { await KV(c).put(key(c), stream("v"), { metadata: { a: 1 } }); const { value, metadata } = await KV(c).getWithMetadata(key(c), "stream"); return [await new Response(value).text(), metadata]; },
	"workers kv/metadata too large": (c) => refused(c, () => KV(c).put(key(c), "v", { metadata: "m".repeat(1023) })),
	"workers kv/metadata of 1024 bytes": async (c) => { await KV(c).put(key(c), "v", { metadata: "m".repeat(1022) }); return (await KV(c).getWithMetadata(key(c))).metadata.length; },

	"workers kv/empty key": async (c) => [await refused(c, () => KV(c).get("")), await refused(c, () => KV(c).put("", "v")), await refused(c, () => KV(c).delete(""))],
	"workers kv/dots": async (c) => [await refused(c, () => KV(c).get(".")), await refused(c, () => KV(c).put("..", "v")), await refused(c, () => KV(c).delete("."))],
	"workers kv/long key": async (c) => {
		const long = "k".repeat(513), wide = "ß".repeat(257);
		return [await refused(c, () => KV(c).get(long)), await refused(c, () => KV(c).put(wide, "v")), await refused(c, () => KV(c).delete(long))];
	},
	"workers kv/key of 512 bytes": async (c) => { const k = "ß".repeat(256); await KV(c).put(k, "v"); const v = await KV(c).get(k); await KV(c).delete(k); return v; },
	"workers kv/value too large": (c) => refused(c, () => KV(c).put(key(c), new Uint8Array(25 * 1024 * 1024 + 1))),
	"workers kv/value of 25 MiB": async (c) => { await KV(c).put(key(c), new Uint8Array(25 * 1024 * 1024)); const b = await KV(c).get(key(c), "stream"); let n = 0; for await (const chunk of b) n += chunk.length; await KV(c).delete(key(c)); return n; },

	"workers kv/expiration": async (c) => {
		const at = seconds() + 3600;
		await KV(c).put(key(c, "at"), "v", { expiration: at });
		await KV(c).put(key(c, "ttl"), "v", { expirationTtl: 3600 });
		const { keys } = await KV(c).list({ prefix: key(c, "") });
		return [keys[0].expiration === at, Math.abs(keys[1].expiration - at) < 20, await KV(c).get(key(c, "at"))];
	},
	"workers kv/ttl too small": async (c) => [await refused(c, () => KV(c).put(key(c), "v", { expirationTtl: 59 })), await refused(c, () => KV(c).put(key(c), "v", { expirationTtl: -1 })), await KV(c).get(key(c))],
	"workers kv/expiration in the past": (c) => refused(c, () => KV(c).put(key(c), "v", { expiration: 1000 })),
	"workers kv/expiration too soon": async (c) => (await refused(c, () => KV(c).put(key(c), "v", { expiration: seconds() + 30 }))).error.message.replace(/\d{6,}/, "T"),
	"workers kv/ttl counts before expiration": async (c) => { await KV(c).put(key(c), "v", { expiration: 5, expirationTtl: 60 }); return KV(c).get(key(c)); },

	"workers kv/cache ttl": async (c) => { await fill(c, "k"); return KV(c).get(key(c), { cacheTtl: 60 }); },
	"workers kv/cache ttl of 30 seconds": async (c) => { await fill(c, "k"); return KV(c).get(key(c, "k"), { cacheTtl: 30 }); },
	"workers kv many/cache ttl too small": (c) => attempt(async () => { await KV(c).get([key(c)], { cacheTtl: 29 }); }),
	"workers kv/text that is no JSON": async (c) => { await KV(c).put(key(c), "{no"); try { return await KV(c).get(key(c), "json"); } catch { return "refused"; } },
	"workers kv/nothing in each way": async (c) => [await KV(c).get(key(c)), await KV(c).get(key(c), "json"), await KV(c).get(key(c), "arrayBuffer"), await KV(c).get(key(c), "stream")],
	"workers kv/cache ttl too small": (c) => refused(c, () => KV(c).get(key(c), { cacheTtl: 29 })),

	"workers kv list/order": async (c) => { await fill(c, "b", "a", "ä", "B", "10", "9", "💥", "￿"); return listed(c); },
	"workers kv/expiration beyond 32 bits": async (c) => [await refused(c, () => KV(c).put(key(c), "v", { expiration: 4102444800 })), await refused(c, () => KV(c).put(key(c), "v", { expirationTtl: 2 ** 31 }))],
	"workers kv list/nothing": (c) => listed(c),
	"workers kv list/prefix": async (c) => { await fill(c, "a", "a/1", "a/2", "b", "A/3", "%"); return [await listed(c, { prefix: "a/" }), await listed(c, { prefix: "%" }), await listed(c, { prefix: "none" })]; },
	"workers kv list/limit": async (c) => { await fill(c, "1", "2", "3"); return [await listed(c, { limit: 2 }), await listed(c, { limit: 3 }), await listed(c, { limit: 1000 })]; },
	"workers kv list/by pages": async (c) => {
		await fill(c, "1", "2", "3", "4", "ü");
		const pages = [];
		for (let cursor; ;) {
			const l = await KV(c).list({ prefix: key(c, ""), limit: 2, cursor });
			pages.push(short(c, l.keys));
			if (l.list_complete) return pages;
			cursor = l.cursor;
		}
	},
	"workers kv list/changes between pages": async (c) => {
		await fill(c, "1", "2", "3", "4");
		const { cursor } = await KV(c).list({ prefix: key(c, ""), limit: 2 });
		await KV(c).delete(key(c, "2"));
		await KV(c).delete(key(c, "3"));
		await fill(c, "1a", "5");
		return short(c, (await KV(c).list({ prefix: key(c, ""), cursor })).keys);
	},
	"workers kv list/metadata": async (c) => { await KV(c).put(key(c, "a"), "v", { metadata: { a: [1] } }); await KV(c).put(key(c, "b"), "v"); return (await KV(c).list({ prefix: key(c, "") })).keys.map((k) => k.metadata ?? null); },
	"workers kv list/as JSON": async (c) => {
		await KV(c).put(key(c, "a"), "v", { metadata: { a: "<" }, expiration: 2000000000 });
		await KV(c).put(key(c, "b"), "v");
		const json = async (options) => { const { cacheStatus, cursor, ...l } = await KV(c).list(options); return JSON.stringify({ ...l, cursor: cursor && "…" }); };
		return [await json({ prefix: key(c, "") }), await json({ prefix: key(c, ""), limit: 1 }), await json({ prefix: key(c, "none") })];
	},
	"workers kv list/limit too large": (c) => attempt(async () => { await KV(c).list({ limit: 1001 }); }),
	"workers kv list/negative limit": async (c) => { await fill(c, "1", "2"); return listed(c, { limit: -1 }); },
	"workers kv list/long prefix": (c) => attempt(async () => { await KV(c).list({ prefix: "p".repeat(513) }); }),
	"workers kv list/bad cursor": async (c) => { await fill(c, "1"); return attempt(async () => { await KV(c).list({ prefix: key(c, ""), cursor: "%%%" }); }); },
	"workers kv list/cursor of a key that is gone": async (c) => { await fill(c, "1", "2", "3"); const { cursor } = await KV(c).list({ prefix: key(c, ""), limit: 1 }); await KV(c).delete(key(c, "1")); return listed(c, { cursor }); },
	"workers kv list/walk over 1001 keys": async (c) => {
		for (let i = 0; i < 1001; i += 77) await Promise.all(Array.from({ length: Math.min(77, 1001 - i) }, (_, j) => KV(c).put(key(c, String(i + j)), "")));
		let n = 0, pages = 0;
		for (let cursor; ;) {
			const l = await KV(c).list({ prefix: key(c, ""), cursor });
			n += l.keys.length;
			pages++;
			if (l.list_complete) return [n, pages];
			cursor = l.cursor;
		}
	},

	"workers kv many/text": async (c) => { await fill(c, "a", "b"); const m = await KV(c).get([key(c, "a"), key(c, "none"), key(c, "b")]); return [...m].filter(([, v]) => v !== null).map(([k, v]) => [k, v]).sort(); },
	"workers kv many/metadata": async (c) => {
		await KV(c).put(key(c, "a"), "1", { metadata: { a: 1 } });
		await KV(c).put(key(c, "b"), "2");
		const m = await KV(c).getWithMetadata([key(c, "a"), key(c, "b"), key(c, "none")]);
		return [...m].filter(([, v]) => v !== null).map(([k, v]) => [k, v.value, v.metadata]).sort();
	},
	"workers kv many/json": async (c) => { await KV(c).put(key(c, "a"), '{"n":1}'); return (await KV(c).get([key(c, "a")], "json")).get(key(c, "a")); },
	"workers kv many/numbers for keys": async (c) => { await KV(c).put("12345", "v"); await KV(c).put("a12345", "w"); const m = await KV(c).get(["12345", "a12345"]); return [m.get("12345") ?? null, m.get("a12345")]; },
	"workers kv many/none": (c) => attempt(async () => { await KV(c).get([]); }),
	"workers kv many/too many": (c) => attempt(async () => { await KV(c).get(Array.from({ length: 101 }, (_, i) => `k${i}`)); }),
	"workers kv many/100 keys": async (c) => { await fill(c, "7"); return (await KV(c).get(Array.from({ length: 100 }, (_, i) => key(c, i)))).get(key(c, 7)); },
	"workers kv many/bad key": async (c) => [await attempt(async () => { await KV(c).get(["a", ""]); }), await attempt(async () => { await KV(c).get(["."]); }), await attempt(async () => { await KV(c).get(["k".repeat(513)]); })],

	"workers kv/in an object": (c) => c.object().run({ name: "workers kv/from inside" }),
	"workers kv/at the same time": async (c) => {
		await Promise.all(Array.from({ length: 20 }, (_, i) => KV(c).put(key(c, i), String(i))));
		return Promise.all(Array.from({ length: 20 }, (_, i) => KV(c).get(key(c, i))));
	},
};

export const object = {
	"workers kv/from inside": async (o) => {
		await o.env.KV.put("from inside", "v", { metadata: { by: "object" } });
		const { value, metadata } = await o.env.KV.getWithMetadata("from inside");
		return [value, metadata];
	},
};
