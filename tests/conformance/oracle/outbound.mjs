// Cases about outbound requests in detail. upstream_more.go has the server.
import { attempt, pattern, sleep } from "./show.mjs";

const up = (c, path, init) => fetch(c.env.UPSTREAM + path, init);
const seen = async (c, path, init) => { const r = await up(c, path, init); return [r.status, await r.json()]; };
const failing = (c, path, init) => attempt(async () => { const r = await up(c, path, init); return [r.status, (await r.text()).length]; });
const stream = (...chunks) => new ReadableStream({ start(c) { for (const chunk of chunks) c.enqueue(new TextEncoder().encode(chunk)); c.close(); } });
const post = (extra) => ({ method: "POST", body: "the body", headers: { "X-A": "1", "Content-Type": "text/x-case", Authorization: "secret", Cookie: "a=1" }, ...extra });
const told = async (c, status, init) => { const r = await up(c, "/told?status=" + encodeURIComponent(status), init); return [r.status, r.statusText, r.headers.get("x-told"), (await r.text()).length]; };

async function left(c, stop) {
	const failed = await stop();
	return [failed, await (await up(c, "/left?name=" + encodeURIComponent(c.name))).text()];
}

export const worker = {
	...Object.fromEntries([301, 302, 303, 307, 308].map((code) => [`outbound/redirect ${code} of a POST`, (c) => seen(c, `/hop?n=1&code=${code}`, post())])),
	...Object.fromEntries([301, 303, 308].map((code) => [`outbound/redirect ${code} of a PUT`, (c) => seen(c, `/hop?n=1&code=${code}`, post({ method: "PUT" }))])),
	"outbound/redirect of a HEAD": async (c) => { const r = await up(c, "/hop?n=2&code=303", { method: "HEAD" }); return [r.status, (await r.text()).length]; },
	"outbound/redirect to another host": (c) => seen(c, "/elsewhere", { headers: { Authorization: "secret", Cookie: "a=1", "X-A": "1" } }),
	"outbound/20 redirects": (c) => seen(c, "/hop?n=20&code=302"),
	"outbound/21 redirects": (c) => failing(c, "/hop?n=21&code=302"),
	"outbound/redirect is returned": async (c) => { const r = await up(c, "/hop?n=1&code=307", post({ redirect: "manual" })); return [r.status, r.headers.get("location")]; },
	"outbound/redirect without a location": async (c) => { const r = await up(c, "/nowhere"); return r.status; },
	"outbound/redirect to nonsense": (c) => failing(c, "/badly"),
	"outbound/redirect 307 of a stream": (c) => failing(c, "/hop?n=1&code=307", { method: "POST", body: stream("a", "b") }),
	"outbound/redirect 303 of a stream": (c) => seen(c, "/hop?n=1&code=303", { method: "POST", body: stream("a", "b") }),
	"outbound/length that is known": (c) => seen(c, "/seen", { method: "POST", body: new TextEncoder().encode("12345") }),
	"outbound/length that is unknown": (c) => seen(c, "/seen", { method: "POST", body: stream("123", "45") }),
	"outbound/length that is promised": (c) => {
		const { readable, writable } = new FixedLengthStream(70_000);
		const writer = writable.getWriter();
		writer.write(pattern(70_000).fill(97)).then(() => writer.close());
		return seen(c, "/seen", { method: "POST", body: readable }).then(([s, j]) => [s, j.length, j.chunked, j.body.length]);
	},
	"outbound/empty POST": (c) => seen(c, "/seen", { method: "POST" }),
	"outbound/empty GET": (c) => seen(c, "/seen"),
	"outbound/DELETE with a body": (c) => seen(c, "/seen", { method: "DELETE", body: new TextEncoder().encode("x") }),
	"outbound/GET with a body": (c) => failing(c, "/seen", { method: "GET", body: "x" }),
	"outbound/method of its own": (c) => seen(c, "/seen", { method: "PURGE" }),
	"outbound/cf": (c) => seen(c, "/seen", { cf: { cacheEverything: true, cacheTtl: 5, cacheTtlByStatus: { "200-299": 10 }, resolveOverride: "other.example" } }),
	"outbound/fields of the response": async (c) => { const { headers } = await up(c, "/fields"); return [headers.get("x-many"), headers.getSetCookie(), headers.get("x-long").length, headers.get("x-empty")]; },
	"outbound/fields of the request": (c) => { const headers = new Headers([["X-B", "1"], ["x-b", "2"], ["X-Empty", ""], ["Accept", "text/x-case"]]); return seen(c, "/seen", { headers }); },
	"outbound/host of another": async (c) => (await (await up(c, "/host", { headers: { Host: "other.example" } })).text()) === new URL(c.env.UPSTREAM).host,
	"outbound/accept encoding": (c) => seen(c, "/seen", { headers: { "Accept-Encoding": "identity" } }),
	"outbound/compressed": async (c) => { const r = await up(c, "/gzip"); return r.text(); },
	"outbound/no body of a 204": (c) => told(c, "204 No Content"),
	"outbound/no body of a 304": (c) => told(c, "304 Not Modified"),
	"outbound/text of a status": (c) => told(c, "299 Quite Well"),
	"outbound/status that is unknown": (c) => told(c, "599 Odd"),
	"outbound/early answer": async (c) => {
		const { readable, writable } = new TransformStream();
		const writer = writable.getWriter();
		const r = await up(c, "/echo-back", { method: "POST", body: readable });
		const reader = r.body.getReader(), got = [];
		for (const text of ["one", "two"]) {
			const written = writer.write(new TextEncoder().encode(text));
			got.push(new TextDecoder().decode((await reader.read()).value));
			await written;
		}
		await writer.close();
		return [r.headers.get("x-early"), got, (await reader.read()).done];
	},
	"outbound/refused": (c) => attempt(() => fetch("http://127.0.0.1:1/")),
	"outbound/no such host": async (c) => (await attempt(() => fetch("http://no-such-host.invalid/"))).error !== undefined,
	"outbound/connection is reset": (c) => failing(c, "/reset"),
	"outbound/body is cut": (c) => failing(c, "/cut"),
	"outbound/answer is no HTTP": (c) => failing(c, "/nonsense"),
	"outbound/relative URL": (c) => attempt(() => fetch("/path")),
	"outbound/scheme that is none": (c) => attempt(() => fetch("ftp://example.com/")),
	"outbound/TLS with a bad certificate": async (c) => (await attempt(() => fetch("https://" + c.env.BAD_TLS + "/"))).error !== undefined,
	"outbound/TLS where there is none": async (c) => (await attempt(() => fetch(c.env.UPSTREAM.replace("http:", "https:") + "/hello"))).error !== undefined,
	"outbound/aborted before": async (c) => { const stop = AbortSignal.abort(); return (await attempt(() => up(c, "/hello", { signal: stop }))).error !== undefined; },
	"outbound/aborted before the response": (c) => left(c, async () => (await attempt(() => up(c, "/drip?name=" + encodeURIComponent(c.name), { signal: AbortSignal.timeout(50) }))).error !== undefined),
	"outbound/aborted in the body": (c) => left(c, async () => {
		const stop = new AbortController();
		const r = await up(c, "/drip?head&name=" + encodeURIComponent(c.name), { signal: stop.signal });
		const reader = r.body.getReader();
		await reader.read();
		stop.abort();
		return (await attempt(async () => { while (!(await reader.read()).done); })).error !== undefined;
	}),
	"outbound/body is closed": (c) => left(c, async () => {
		const r = await up(c, "/drip?head&name=" + encodeURIComponent(c.name));
		const reader = r.body.getReader();
		await reader.read();
		await reader.cancel();
		return true;
	}),
	"outbound/100 in a row": async (c) => { let n = 0; for (let i = 0; i < 100; i++) n += (await (await up(c, "/hello?q=" + i)).text()).length; return n; },
	"outbound/in an object, aborted": (c) => c.object().run({ name: "outbound/inside", arg: { name: c.name } }),
};

export const object = {
	"outbound/inside": async (self, { name }) => left({ env: self.env, name }, async () => {
		const failed = (await attempt(() => fetch(self.env.UPSTREAM + "/drip?name=" + encodeURIComponent(name), { signal: AbortSignal.timeout(50) }))).error !== undefined;
		await sleep(1);
		return failed;
	}),
};
