// Cases about the Cache API.
import { attempt, pattern, sleep } from "./show.mjs";

const url = (c, rest = "") => `https://cache.example/${encodeURIComponent(c.name)}${rest}`;
const shown = async (r) => r && { status: r.status, headers: Object.fromEntries([...r.headers].filter(([name]) => name !== "date")), text: await r.text() };
const fresh = { "Cache-Control": "max-age=60" };
/** Text would bring a Content-Type along. */
const encoded = (body) => (typeof body === "string" ? new TextEncoder().encode(body) : body);
const put = (c, headers = fresh, { body = "kept", status = 200, rest = "", request = {} } = {}) =>
	caches.default.put(new Request(url(c, rest), { headers: request }), new Response(encoded(body), { status, headers }));
const match = (c, headers = {}, rest = "") => caches.default.match(new Request(url(c, rest), { headers }));
const kept = async (c, headers, options) => { await put(c, headers, options); return (await match(c, {}, options?.rest)) !== undefined; };
const each = async (c, ...all) => { const out = []; for (const [i, [headers, options]] of all.entries()) out.push(await kept(c, headers, { ...options, rest: `?${i}` })); return out; };
const http = (ms) => new Date(Date.now() + ms).toUTCString();

export const worker = {
	"cache/put and match": async (c) => { await put(c, { ...fresh, "Content-Type": "text/plain", "X-One": "eins" }); return shown(await match(c)); },
	"cache/nothing": async (c) => shown(await match(c)),
	"cache/replace": async (c) => { await put(c); await put(c, fresh, { body: "other" }); return shown(await match(c)); },
	"cache/delete": async (c) => { await put(c); return [await caches.default.delete(url(c)), await shown(await match(c)), await caches.default.delete(url(c))]; },
	"cache/delete what has expired": async (c) => { await put(c, { "Cache-Control": "max-age=1" }); await sleep(1300); return caches.default.delete(url(c)); },
	"cache/names": async (c) => {
		const one = await caches.open("one"), two = await caches.open("two");
		await one.put(url(c), new Response(encoded("1"), { headers: fresh }));
		await two.put(url(c), new Response(encoded("2"), { headers: fresh }));
		return [await shown(await match(c)), await shown(await (await caches.open("one")).match(url(c))), await shown(await two.match(url(c)))];
	},
	"cache/long name": (c) => attempt(async () => { await (await caches.open("n".repeat(1024))).match(url(c)); }),
	"cache/methods": async (c) => {
		await put(c);
		const asked = (method, options) => caches.default.match(new Request(url(c), { method }), options);
		return [(await asked("HEAD")) ?? null, (await asked("POST")) ?? null, (await asked("POST", { ignoreMethod: true })).status, await caches.default.delete(new Request(url(c), { method: "PUT" })),
			await caches.default.delete(new Request(url(c), { method: "PUT" }), { ignoreMethod: true }), (await match(c)) ?? null];
	},
	"cache/put for another method": (c) => attempt(() => caches.default.put(new Request(url(c), { method: "POST" }), new Response("x", { headers: fresh }))),
	"cache/partial response": (c) => attempt(() => put(c, fresh, { status: 206 })),
	"cache/vary of everything": (c) => attempt(() => put(c, { ...fresh, Vary: "Accept, *" })),
	"cache/vary plays no part": async (c) => { await put(c, { ...fresh, Vary: "Accept-Language" }, { request: { "Accept-Language": "de" } }); return shown(await match(c, { "Accept-Language": "en" })); },
	"cache/not modified": (c) => kept(c, fresh, { status: 304, body: null }),
	"cache/cookies": async (c) => { await put(c, { "Cache-Control": "max-age=60", "Set-Cookie": "a=1" }); return (await match(c)) ?? null; },
	"cache/private cookies": async (c) => { await put(c, { "Cache-Control": "private=set-cookie, max-age=60", "Set-Cookie": "a=1" }); const r = await match(c); return [r.status, r.headers.get("Set-Cookie")]; },
	"cache/not to be stored": (c) => each(c, ...["no-store, max-age=60", "private, max-age=60", "no-cache, max-age=60", "max-age=0", "max-age=-5", "max-age=x", "s-maxage=0, max-age=60", "proxy-revalidate, max-age=60"].map((v) => [{ "Cache-Control": v }])),
	"cache/to be stored": (c) => each(c, ...["s-maxage=60", "s-maxage=60, max-age=0", "public, max-age=60", "max-age=60, must-revalidate", 'max-age="60"', "immutable", "max-age=0, stale-while-revalidate=60", "max-age=0, stale-if-error=60"].map((v) => [{ "Cache-Control": v }])),
	"cache/nothing said": (c) => each(c, [{}], [{ "Cache-Control": "public" }], [{ "Last-Modified": http(-3600_000) }], [{ Pragma: "no-cache", Expires: http(3600_000) }]),
	"cache/expires": (c) => each(c, [{ Expires: http(60_000) }], [{ Expires: http(-60_000) }], [{ Expires: "0" }], [{ Expires: http(-60_000), "Cache-Control": "max-age=60" }]),
	"cache/age": (c) => each(c, [{ ...fresh, Age: "59" }], [{ ...fresh, Age: "60" }]),
	"cache/age is shown": async (c) => { await put(c, { ...fresh, Age: "7" }); return shown(await match(c)); },
	"cache/authorization": (c) => each(c, [fresh, { request: { Authorization: "x" } }], [{ "Cache-Control": "public, max-age=60" }, { request: { Authorization: "x" } }], [{ "Cache-Control": "s-maxage=60" }, { request: { Authorization: "x" } }]),
	"cache/statuses": (c) => each(c, ...[200, 201, 203, 301, 302, 307, 308, 400, 404, 410, 451, 500, 501, 503].map((status) => [fresh, { status }])),
	"cache/statuses with nothing said": (c) => each(c, ...[200, 302, 404].map((status) => [{ Expires: "" }, { status }])),
	"cache/of another status": async (c) => { await put(c, { ...fresh, Location: "/there" }, { status: 302, body: "go" }); return shown(await match(c)); },
	"cache/expired": async (c) => { await put(c, { "Cache-Control": "max-age=1" }); const before = (await match(c)) !== undefined; await sleep(1300); return [before, (await match(c)) !== undefined]; },
	"cache/range": async (c) => {
		await put(c, { ...fresh, "Content-Type": "text/plain" }, { body: "0123456789" });
		const out = [];
		for (const range of ["bytes=2-4", "bytes=-3", "bytes=5-", "bytes=0-0", "bytes=8-99", "bytes=-99", "bytes=99-", "bytes=4-2", "bytes=x", "lines=1-2"]) out.push(await shown(await match(c, { Range: range })));
		return out;
	},
	"cache/conditions": async (c) => {
		await put(c, { ...fresh, ETag: '"tag"', "Last-Modified": "Tue, 01 Sep 2026 10:00:00 GMT" });
		const asked = async (headers) => (await match(c, headers)).status;
		return [await asked({ "If-None-Match": '"tag"' }), await asked({ "If-None-Match": '"other", W/"tag"' }), await asked({ "If-None-Match": '"other"' }), await asked({ "If-None-Match": "*" }),
			await asked({ "If-Modified-Since": "Tue, 01 Sep 2026 10:00:00 GMT" }), await asked({ "If-Modified-Since": "Tue, 01 Sep 2026 09:59:59 GMT" }), await asked({ "If-Modified-Since": "nonsense" })];
	},
	"cache/weak tag": async (c) => { await put(c, { ...fresh, ETag: 'W/"tag"' }); return (await match(c, { "If-None-Match": '"tag"' })).status; },
	"cache/query": async (c) => { await put(c, fresh, { rest: "?a=1&b=2" }); return [(await match(c, {}, "?a=1&b=2")) !== undefined, (await match(c, {}, "?b=2&a=1")) !== undefined, (await match(c, {}, "")) !== undefined]; },
	"cache/scheme and host": async (c) => { await put(c); return [(await caches.default.match(url(c).replace("https", "http"))) !== undefined, (await caches.default.match(url(c).replace("cache.example", "CACHE.example"))) !== undefined]; },
	"cache/path of nothing": async () => { await caches.default.put("https://root-of.cache.example", new Response("x", { headers: fresh })); return (await caches.default.match("https://root-of.cache.example/")) !== undefined; },
	"cache/relative URL": () => attempt(async () => { await caches.default.match("/relative"); }),
	"cache/other scheme": () => attempt(async () => { await caches.default.match("ftp://x.example/"); }),
	"cache/large": async (c) => { const b = pattern(3_000_000); await put(c, fresh, { body: b }); const back = new Uint8Array(await (await match(c)).arrayBuffer()); return [back.length, back.every((v, i) => v === b[i])]; },
	"cache/stream of unknown length": async (c) => { const b = pattern(200_000); await put(c, fresh, { body: new Response(b).body.pipeThrough(new TransformStream()) }); const back = new Uint8Array(await (await match(c)).arrayBuffer()); return [back.length, back.every((v, i) => v === b[i])]; },
	"cache/no content": (c) => kept(c, fresh, { body: null, status: 204 }),
	"cache/empty": async (c) => { await put(c, fresh, { body: "" }); const r = await match(c); return [r.status, await r.text()]; },
	"cache/large and refused": async (c) => [await attempt(() => put(c, fresh, { body: pattern(300_000), status: 206 })), await kept(c, { "Cache-Control": "no-store" }, { body: pattern(300_000) })],
	"cache/headers of the connection": async (c) => { await put(c, { ...fresh, "Keep-Alive": "timeout=5", Upgrade: "h2c", TE: "trailers", "Proxy-Authenticate": "Basic" }); return Object.keys((await shown(await match(c))).headers).sort(); },
	"cache/at the same time": async (c) => {
		await Promise.all(Array.from({ length: 10 }, (_, i) => put(c, fresh, { body: String(i), rest: `?${i}` })));
		return Promise.all(Array.from({ length: 10 }, async (_, i) => (await match(c, {}, `?${i}`)).text()));
	},
	"cache/in an object": (c) => c.object().run({ name: "cache/inside" }),
};

export const object = {
	"cache/inside": async () => {
		await caches.default.put("https://cache.example/inside", new Response("from inside", { headers: fresh }));
		return (await caches.default.match("https://cache.example/inside")).text();
	},
};
