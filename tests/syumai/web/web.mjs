// The Worker's main: each path but / answers with what one use of a Web class comes to.
import worker from "./build/worker.mjs";

const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, "0")).join("");
const bytes = (h) => new Uint8Array((h.match(/../g) ?? []).map((x) => parseInt(x, 16)));
const text = (s) => new TextEncoder().encode(s);
const { subtle } = crypto;
const failure = async (f) => {
	try {
		return await f();
	} catch (e) {
		return e.name;
	}
};
const roundTrip = async (algorithm, usages, sign) => {
	const { privateKey, publicKey } = await subtle.generateKey(algorithm, true, usages);
	const data = text("data");
	const signature = await subtle.sign(sign, privateKey, data);
	const again = await subtle.importKey("pkcs8", await subtle.exportKey("pkcs8", privateKey), algorithm, true, ["sign"]);
	const check = await subtle.importKey("spki", await subtle.exportKey("spki", publicKey), algorithm, true, ["verify"]);
	const jwk = await subtle.exportKey("jwk", again);
	const third = await subtle.importKey("jwk", { ...jwk, key_ops: undefined }, algorithm, false, ["sign"]);
	const signed = await subtle.sign(sign, third, data);
	return [
		await subtle.verify(sign, check, signature, data), await subtle.verify(sign, check, signed, data), await subtle.verify(sign, check, signed, text("other")),
		privateKey.type, privateKey.usages.join(), publicKey.usages.join(), Object.keys(jwk).filter((k) => jwk[k] !== undefined).sort().join(), signature.byteLength,
	].join(" ");
};

const checks = {
	async hmac() {
		const key = await subtle.importKey("raw", text("Jefe"), { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
		const mac = await subtle.sign("HMAC", key, text("what do ya want for nothing?"));
		const bad = await subtle.verify("HMAC", key, mac, text("something else"));
		return [hex(mac), await subtle.verify("HMAC", key, mac, text("what do ya want for nothing?")), bad, JSON.stringify(key.algorithm), JSON.stringify(await subtle.exportKey("jwk", key))].join(" ");
	},
	async gcm() {
		const key = await subtle.importKey("raw", bytes("feffe9928665731c6d6a8f9467308308"), "AES-GCM", false, ["encrypt", "decrypt"]);
		const iv = bytes("cafebabefacedbaddecaf888");
		const plain = bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
		const additionalData = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
		const sealed = await subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, plain);
		const opened = await subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, sealed);
		const broken = await failure(() => subtle.decrypt({ name: "AES-GCM", iv }, key, sealed));
		return [hex(sealed), hex(opened) === hex(plain), broken, await failure(() => subtle.exportKey("raw", key))].join(" ");
	},
	async cbc() {
		const key = await subtle.generateKey({ name: "AES-CBC", length: 256 }, true, ["encrypt", "decrypt"]);
		const iv = new Uint8Array(16);
		const sealed = await subtle.encrypt({ name: "AES-CBC", iv }, key, text("sixteen bytes..."));
		return [sealed.byteLength, new TextDecoder().decode(await subtle.decrypt({ name: "AES-CBC", iv }, key, sealed)), (await subtle.exportKey("raw", key)).byteLength].join(" ");
	},
	async ctr() {
		const key = await subtle.importKey("raw", bytes("2b7e151628aed2a6abf7158809cf4f3c"), "AES-CTR", false, ["encrypt"]);
		return hex(await subtle.encrypt({ name: "AES-CTR", counter: bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), length: 64 }, key, bytes("6bc1bee22e409f96e93d7e117393172a")));
	},
	async hkdf() {
		const key = await subtle.importKey("raw", bytes("0b".repeat(22)), "HKDF", false, ["deriveBits", "deriveKey"]);
		const algorithm = { name: "HKDF", hash: "SHA-256", salt: bytes("000102030405060708090a0b0c"), info: bytes("f0f1f2f3f4f5f6f7f8f9") };
		const aes = await subtle.deriveKey(algorithm, key, { name: "AES-GCM", length: 128 }, true, ["encrypt"]);
		return [hex(await subtle.deriveBits(algorithm, key, 336)), hex(await subtle.exportKey("raw", aes))].join(" ");
	},
	async pbkdf2() {
		const key = await subtle.importKey("raw", text("password"), "PBKDF2", false, ["deriveBits"]);
		return hex(await subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: text("salt"), iterations: 4096 }, key, 160));
	},
	async ed25519() {
		const jwk = { kty: "OKP", crv: "Ed25519", d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
		const key = await subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
		const check = await subtle.importKey("raw", bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), "Ed25519", true, ["verify"]);
		const signature = await subtle.sign("Ed25519", key, new Uint8Array(0));
		return [hex(signature), await subtle.verify("Ed25519", check, signature, new Uint8Array(0))].join(" ");
	},
	ecdsa: () => roundTrip({ name: "ECDSA", namedCurve: "P-256" }, ["sign", "verify"], { name: "ECDSA", hash: "SHA-256" }),
	rsa: () => roundTrip({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: bytes("010001") }, ["sign", "verify"], "RSASSA-PKCS1-v1_5"),
	pss: () => roundTrip({ name: "RSA-PSS", hash: "SHA-256", modulusLength: 2048, publicExponent: bytes("010001") }, ["sign", "verify"], { name: "RSA-PSS", saltLength: 32 }),
	async oaep() {
		const { privateKey, publicKey } = await subtle.generateKey({ name: "RSA-OAEP", hash: "SHA-256", modulusLength: 2048, publicExponent: bytes("010001") }, false, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]);
		const sealed = await subtle.encrypt("RSA-OAEP", publicKey, text("secret"));
		const aes = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt"]);
		const wrapped = await subtle.wrapKey("raw", aes, publicKey, "RSA-OAEP");
		const back = await subtle.unwrapKey("raw", wrapped, privateKey, "RSA-OAEP", "AES-GCM", true, ["encrypt"]);
		return [new TextDecoder().decode(await subtle.decrypt("RSA-OAEP", privateKey, sealed)), hex(await subtle.exportKey("raw", back)) === hex(await subtle.exportKey("raw", aes))].join(" ");
	},
	async ecdh() {
		const [a, b] = [await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, false, ["deriveBits"]), await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, false, ["deriveBits"])];
		const one = await subtle.deriveBits({ name: "ECDH", public: b.publicKey }, a.privateKey, 384);
		return [hex(one) === hex(await subtle.deriveBits({ name: "ECDH", public: a.publicKey }, b.privateKey, 384)), one.byteLength].join(" ");
	},
	async refusals() {
		const key = await subtle.generateKey({ name: "HMAC", hash: "SHA-512" }, false, ["verify"]);
		return [
			await failure(() => subtle.sign("HMAC", key, text(""))), await failure(() => subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, text(""))),
			await failure(() => subtle.importKey("raw", new Uint8Array(5), "AES-GCM", false, ["encrypt"])), await failure(() => subtle.generateKey("NOPE", false, ["sign"])),
			await failure(() => subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["sign"])), await failure(() => subtle.importKey("spki", new Uint8Array(3), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"])),
			await failure(() => subtle.exportKey("raw", key)), key.algorithm.length,
		].join(" ");
	},
	equal: () => [subtle.timingSafeEqual(text("same"), text("same")), subtle.timingSafeEqual(text("same"), text("some"))].join(" "),
	async digestStream() {
		const stream = new crypto.DigestStream("SHA-256");
		await new Response("abc").body.pipeTo(stream);
		return hex(await stream.digest);
	},

	async gzip() {
		const squeezed = await new Response(new Response("again and ".repeat(1000)).body.pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
		const back = await new Response(new Response(squeezed).body.pipeThrough(new DecompressionStream("gzip"))).text();
		return [squeezed.byteLength < 200, hex(squeezed.slice(0, 3)), back.length, back.slice(0, 10)].join(" ");
	},
	async deflate() {
		const out = [];
		for (const format of ["deflate", "deflate-raw"]) {
			const squeezed = new Response("text").body.pipeThrough(new CompressionStream(format));
			out.push(await new Response(squeezed.pipeThrough(new DecompressionStream(format))).text());
		}
		out.push(await failure(() => new CompressionStream("zip")), await failure(() => new Response(new Response("none").body.pipeThrough(new DecompressionStream("gzip"))).text()));
		return out.join(" ");
	},

	async byob() {
		const stream = new ReadableStream({
			type: "bytes",
			start(c) {
				c.enqueue(text("hello"));
				c.enqueue(text(" world"));
				c.close();
			},
		});
		const reader = stream.getReader({ mode: "byob" });
		const out = [];
		for (;;) {
			const { done, value } = await reader.read(new Uint8Array(4));
			if (done) return out.join("|");
			out.push(new TextDecoder().decode(value));
		}
	},
	async byobRequest() {
		let n = 0;
		const stream = new ReadableStream({
			type: "bytes",
			pull(c) {
				const request = c.byobRequest;
				if (!request) return c.enqueue(text("?"));
				new Uint8Array(request.view.buffer, request.view.byteOffset, request.view.byteLength).fill(97 + n++);
				request.respond(2);
			},
		});
		const reader = stream.getReader({ mode: "byob" });
		const a = await reader.read(new Uint8Array(3));
		const b = await reader.read(new Uint8Array(3));
		return new TextDecoder().decode(a.value) + new TextDecoder().decode(b.value);
	},
	async atLeast() {
		const { readable, writable } = new IdentityTransformStream();
		const writer = writable.getWriter();
		writer.write(text("ab"));
		writer.write(text("cdef"));
		const { value, done } = await readable.getReader({ mode: "byob" }).readAtLeast(5, new Uint8Array(6));
		return new TextDecoder().decode(value).slice(0, 5) + done;
	},
	async from() {
		const all = [];
		for (const stream of [ReadableStream.from(["a", "b"]), ReadableStream.from(new Set([1, 2]))]) {
			const reader = stream.getReader();
			for (let r; !(r = await reader.read()).done; ) all.push(r.value);
		}
		return all.join();
	},

	pattern() {
		const p = new URLPattern({ pathname: "/posts/:year(\\d+)/:slug" });
		const found = p.exec("https://h/posts/2026/hello");
		const optional = new URLPattern({ pathname: "/a{/:b}?" });
		const whole = new URLPattern("https://*.example.com/files/*");
		return [
			found.pathname.groups.year, found.pathname.groups.slug, p.test("https://h/posts/now/hello"), optional.test("https://h/a"), optional.exec("https://h/a/c").pathname.groups.b,
			optional.test("https://h/a/c/d"), whole.test("https://x.example.com/files/a/b"), whole.test("https://example.org/files/a"), whole.exec("https://x.example.com/files/a/b").pathname.groups[0],
			new URLPattern({ pathname: "/list/:items+" }).exec("https://h/list/a/b").pathname.groups.items, new URLPattern("/x/:y", "https://h").test("https://h/x/z"), p.pathname,
		].join(" ");
	},

	navigator: () => navigator.userAgent,
	async wait() {
		const before = Date.now();
		await scheduler.wait(20);
		const stop = new AbortController();
		const stopped = failure(() => scheduler.wait(100_000, { signal: stop.signal }));
		stop.abort();
		return [Date.now() - before >= 19, await stopped].join(" ");
	},
	async limit(env) {
		const out = [];
		for (let i = 0; i < 3; i++) out.push((await env.LIMIT.limit({ key: "one" })).success);
		return out.join();
	},
	point: (env) => String(env.POINTS.writeDataPoint({ blobs: ["a"], doubles: [1.5], indexes: ["i"] })),
	version: (env) => [typeof env.VERSION.id, env.VERSION.id.length > 10, typeof env.VERSION.tag, typeof env.VERSION.timestamp].join(" "),
	async socket(env, request) {
		const socket = new WebSocket(request.headers.get("X-Socket"));
		const heard = [];
		await new Promise((done) => {
			socket.addEventListener("open", () => socket.send("from a client"));
			socket.addEventListener("message", (e) => {
				heard.push(e.data);
				if (heard.length === 2) socket.close(1000, "done");
			});
			socket.addEventListener("close", (e) => {
				heard.push(e.code);
				done();
			});
			socket.addEventListener("error", (e) => heard.push("error"));
		});
		return heard.join();
	},
	async host(env, request) {
		const origin = request.headers.get("X-Socket").replace("ws", "http");
		return (await (await fetch(origin, { headers: { Host: "other.example" } })).text()) === new URL(origin).host;
	},
	async upgrade(env, request) {
		const { webSocket, status } = await fetch(request.headers.get("X-Socket").replace("ws", "http"), { headers: { Upgrade: "websocket" } });
		webSocket.accept();
		const first = new Promise((done) => webSocket.addEventListener("message", (e) => done(e.data)));
		const heard = await first;
		webSocket.close(1000);
		return [status, heard, webSocket.readyState].join(" ");
	},
};

export default {
	async fetch(request, env, ctx) {
		const check = checks[new URL(request.url).pathname.slice(1)];
		return check ? new Response(await check(env, request)) : worker.fetch(request, env, ctx);
	},
};
