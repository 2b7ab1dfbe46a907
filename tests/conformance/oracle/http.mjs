// Cases about HTTP: what reaches a handler and what leaves it.
import { attempt, pattern, sleep } from "./show.mjs";

const text = (s, init) => new Response(s, init);
const encode = (s) => new TextEncoder().encode(s);

async function digest(b) {
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", b));
	return [...hash].map((x) => x.toString(16).padStart(2, "0")).join("");
}

function stream(write) {
	const { readable, writable } = new TransformStream();
	const writer = writable.getWriter();
	write(writer).then(() => writer.close(), (e) => writer.abort(e));
	return readable;
}

export const http = {
	"http/request": ({ request, url }) => Response.json({ method: request.method, path: url.pathname, query: url.search, host: url.host !== "" }),
	"http/path and query": ({ url }) => Response.json({ path: url.pathname, q: url.searchParams.getAll("q"), raw: url.search }),
	"http/headers": ({ request }) => Response.json({ one: request.headers.get("x-one"), multi: request.headers.get("x-multi"),
		missing: request.headers.has("x-missing"), empty: request.headers.get("x-empty"), agent: request.headers.get("user-agent") }),
	"http/many headers": ({ request }) => Response.json({ n: [...request.headers].filter(([k]) => k.startsWith("x-h-")).length, last: request.headers.get("x-h-99") }),
	"http/large header": ({ request }) => text(String(request.headers.get("x-large").length), { headers: { "x-large": "v".repeat(8000) } }),
	"http/cookies": ({ request }) => text(request.headers.get("cookie")),
	"http/response headers": () => {
		const headers = new Headers({ "X-One": "1", "Cache-Control": "no-store", "Content-Type": "text/x-case" });
		headers.append("X-Multi", "a");
		headers.append("X-Multi", "b");
		return text("ok", { headers });
	},
	"http/set-cookie": () => {
		const headers = new Headers();
		headers.append("Set-Cookie", "a=1; Path=/; HttpOnly");
		headers.append("Set-Cookie", "b=2, with comma; Secure");
		headers.append("Set-Cookie", "c=3");
		return text("cookies", { headers });
	},
	"http/status": ({ url }) => {
		const status = Number(url.searchParams.get("code"));
		return text([204, 205, 304].includes(status) ? null : `status ${status}`, { status });
	},
	"http/redirect": ({ url }) => text(null, { status: Number(url.searchParams.get("code")), headers: { Location: "/elsewhere?a=1#b" } }),
	"http/echo body": async ({ request }) => text(await request.arrayBuffer(), { headers: { "x-type": request.headers.get("content-type") ?? "none" } }),
	"http/empty body": async ({ request }) => Response.json({ length: (await request.arrayBuffer()).byteLength, length2: request.headers.get("content-length") }),
	"http/large upload": async ({ request }) => {
		const body = await request.arrayBuffer();
		return Response.json({ length: body.byteLength, digest: await digest(body) });
	},
	"http/large download": () => text(pattern(3_000_000), { headers: { "content-type": "application/octet-stream" } }),
	"http/inline limit": ({ url }) => text(pattern(Number(url.searchParams.get("n")))),
	"http/streamed response": () => text(stream(async (w) => {
		for (let i = 0; i < 5; i++) {
			await w.write(encode(`chunk ${i}\n`));
			await sleep(2);
		}
	})),
	"http/streamed echo": ({ request }) => text(request.body),
	"http/passed on": ({ request }) => text(stream(async (w) => {
		let n = 0;
		for await (const chunk of request.body) {
			n += chunk.length;
			await w.write(chunk);
		}
		await w.write(encode(`\n${n} bytes, true\n0 bytes, true`));
	})),
	"http/passed on after a start": async ({ request }) => {
		const body = new Uint8Array(await request.arrayBuffer());
		return text(`starts with ${JSON.stringify(new TextDecoder().decode(body.subarray(0, 10)))}, then\n${new TextDecoder().decode(body.subarray(10))}`);
	},
	"http/passed on in part": async ({ request }) => {
		const body = new Uint8Array(await request.arrayBuffer()).subarray(0, 100_000);
		return text(stream(async (w) => { await w.write(body); await w.write(encode("\nand no more")); }));
	},
	"http/passed on from a bucket": async ({ request, env, name }) => {
		await env.BUCKET.put(name, request.body);
		const o = await env.BUCKET.get(name);
		return text(stream(async (w) => {
			for await (const chunk of o.body) await w.write(chunk);
			await w.write(encode(`\nof ${o.size} bytes`));
		}));
	},
	"http/passed on and back": ({ request, env }) => env.SELF.fetch("https://service/http/passed%20on", { method: "POST", body: request.body, headers: { "content-type": "text/plain" } }),
	"http/streamed transform": ({ request }) => text(stream(async (w) => {
		let n = 0;
		for await (const chunk of request.body) {
			n += chunk.length;
			await w.write(chunk.map((b) => b ^ 0x20));
		}
		await w.write(encode(`\n${n} bytes`));
	})),
	"http/large stream": () => text(stream(async (w) => {
		for (let i = 0; i < 64; i++) await w.write(pattern(65_536).fill(i, 0, 16));
	})),
	"http/body not read": () => text("not read"),
	"http/early answer": ({ request, ctx }) => {
		ctx.waitUntil(request.arrayBuffer().catch(() => {}));
		return text("early");
	},
	"http/json": async ({ request }) => Response.json(await attempt(async () => (await request.json()).list.length)),
	"http/head": () => text("a body that HEAD does not carry", { headers: { "x-head": "yes" } }),
	"http/uncaught error": () => { throw new Error("uncaught in the handler"); },
	"http/uncaught panic": () => { throw new TypeError("the index is out of range"); },
	"http/stream fails": () => text(stream(async (w) => {
		await w.write(encode("the beginning"));
		await sleep(20);
		throw new Error("the stream broke");
	})),
};

/** Obj's fetch handler. */
export async function object(self, request) {
	const url = new URL(request.url);
	switch (url.pathname) {
		case "/echo":
			return text(await request.text(), { status: 201, headers: { "x-method": request.method, "x-header": request.headers.get("x-header") ?? "", "x-host": url.host, "x-host-header": request.headers.get("host") ?? "" } });
		case "/cookies": {
			const headers = new Headers();
			headers.append("Set-Cookie", "a=1");
			headers.append("Set-Cookie", "b=2");
			return text(null, { status: 204, headers });
		}
		case "/stream":
			return text(stream(async (w) => {
				for (let i = 0; i < 3; i++) await w.write(encode(`part ${i};`));
			}));
		case "/digest": {
			const body = await request.arrayBuffer();
			return Response.json({ length: body.byteLength, digest: await digest(body) });
		}
		case "/redirect":
			return text(null, { status: 302, headers: { Location: "https://object/echo" } });
		case "/hang":
			self.append("hanging");
			await sleep(5000);
			return text("too late");
		case "/throw": {
			self.ctx.storage.kv.put("before", "kept");
			throw new Error("panic: thrown in fetch");
		}
		case "/state":
			return Response.json({ before: self.ctx.storage.kv.get("before") ?? null });
	}
	return text("not found", { status: 404 });
}

export const worker = {
	"object fetch/echo": async (c) => {
		const r = await c.object().fetch("https://object/echo?x=1", { method: "PUT", body: "héllo", headers: { "x-header": "value" } });
		return { status: r.status, body: await r.text(), method: r.headers.get("x-method"), header: r.headers.get("x-header"), host: r.headers.get("x-host") };
	},
	"object fetch/host of another": async (c) => {
		const r = await c.object().fetch("https://object/echo", { headers: { Host: "other.example" } });
		return [r.headers.get("x-host"), r.headers.get("x-host-header")];
	},
	"object fetch/not found": async (c) => {
		const r = await c.object().fetch("https://object/nowhere");
		return { status: r.status, ok: r.ok, body: await r.text() };
	},
	"object fetch/set-cookie": async (c) => {
		const r = await c.object().fetch("https://object/cookies");
		return { status: r.status, cookies: r.headers.getSetCookie(), body: await r.text() };
	},
	"object fetch/streamed response": async (c) => (await c.object().fetch("https://object/stream")).text(),
	"object fetch/large body": async (c) => (await c.object().fetch("https://object/digest", { method: "POST", body: pattern(1_500_000) })).json(),
	"object fetch/redirect manual": async (c) => {
		const r = await c.object().fetch("https://object/redirect", { redirect: "manual" });
		return { status: r.status, location: r.headers.get("location") };
	},
	"object fetch/relative URL": async (c) => attempt(() => c.object().fetch("/echo")),
	"object fetch/no handler": async (c) => attempt(() => c.env.OTHER.getByName(c.name).fetch("https://object/")),
	"object fetch/error": async (c) => {
		const failed = await attempt(() => c.object().fetch("https://object/throw"));
		return { failed, after: await (await c.object().fetch("https://object/state")).json() };
	},
};
