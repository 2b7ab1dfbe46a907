// Cases about TCP connections. tcp.go has the server: the first line says what it does.
import { connect } from "cloudflare:sockets";
import { attempt, pattern } from "./show.mjs";

const encode = (s) => new TextEncoder().encode(s);
const decode = (b) => new TextDecoder().decode(b);

/** Opens a connection, and sends the first line. */
async function opened(c, line, options, server = "TCP") {
	const socket = connect(c.env[server], options);
	await socket.opened;
	const writer = socket.writable.getWriter();
	if (line) await writer.write(encode(line + "\n"));
	return { socket, writer, reader: socket.readable.getReader() };
}

/** Reads to the end, or until so many bytes have come. */
async function read(reader, enough = Infinity) {
	const parts = [];
	let n = 0;
	while (n < enough) {
		const { done, value } = await reader.read();
		if (done) break;
		parts.push(value);
		n += value.length;
	}
	const all = new Uint8Array(n);
	let at = 0;
	for (const part of parts) { all.set(part, at); at += part.length; }
	return all;
}

const echo = async (c, options, server) => {
	const { socket, writer, reader } = await opened(c, "echo", options, server);
	await writer.write(encode("hello ß"));
	const text = decode(await read(reader, 8));
	await writer.close();
	const rest = await read(reader);
	await socket.closed;
	return [text, rest.length];
};

const failing = (c, address, options) => attempt(async () => { await connect(address, options).opened; });

async function secured(c, options) {
	const socket = connect(c.env.TCP, { secureTransport: "starttls" });
	const writer = socket.writable.getWriter(), reader = socket.readable.getReader();
	await writer.write(encode("starttls\n"));
	const clear = decode(await read(reader, 3));
	writer.releaseLock();
	reader.releaseLock();
	const secure = socket.startTls(options);
	await secure.opened;
	const w = secure.writable.getWriter(), r = secure.readable.getReader();
	await w.write(encode("secret"));
	const text = decode(await read(r, 6));
	await secure.close();
	return [clear, text];
}

export const worker = {
	"tcp/echo": (c) => echo(c),
	"tcp/binary": async (c) => { const { writer, reader, socket } = await opened(c, "echo"); await writer.write(new Uint8Array([0, 255, 10, 128])); const b = await read(reader, 4); await socket.close(); return b; },
	"tcp/server ends": async (c) => { const { reader } = await opened(c, "greet you"); return decode(await read(reader)); },
	"tcp/this half is closed": async (c) => { const { writer, reader } = await opened(c, "count"); await writer.write(pattern(100_000)); await writer.close(); return decode(await read(reader)); },
	"tcp/large": async (c) => {
		const { writer, reader, socket } = await opened(c, "echo");
		const size = 1_000_000;
		const [back] = await Promise.all([read(reader, size), (async () => { for (let i = 0; i < size; i += 50_000) await writer.write(pattern(50_000)); })()]);
		await socket.close();
		return back;
	},
	"tcp/several at once": async (c) => (await Promise.all([1, 2, 3, 4, 5].map(async (n) => { const { reader } = await opened(c, `greet ${n}`); return decode(await read(reader)); }))).sort(),
	"tcp/write when the server has closed its half": async (c) => {
		const { writer, reader } = await opened(c, "half");
		const got = (await read(reader)).length;
		const failed = await attempt(async () => { for (let i = 0; i < 5; i++) { await writer.write(encode("x")); await scheduler.wait(20); } });
		return [got, failed.error !== undefined];
	},
	"tcp/half open": async (c) => {
		const { socket, writer, reader } = await opened(c, "half", { allowHalfOpen: true });
		const got = (await read(reader)).length;
		const failed = await attempt(async () => { for (let i = 0; i < 5; i++) { await writer.write(encode("x")); await scheduler.wait(5); } });
		await socket.close();
		return [got, failed];
	},
	"tcp/connection is dropped": async (c) => { const { reader } = await opened(c, "drop"); return attempt(async () => (await read(reader)).length); },
	"tcp/refused": (c) => failing(c, "localhost:1"),
	"tcp/refused with TLS": (c) => failing(c, "localhost:1", { secureTransport: "on" }),
	"tcp/no such host": (c) => failing(c, "no-such-host.invalid:80"),
	"tcp/refused on a port of HTTP": (c) => failing(c, "127.255.255.254:443"),
	"tcp/address of numbers": (c) => failing(c, "[::1]:1"),
	"tcp/address with a scheme": (c) => failing(c, "http://localhost:80"),
	"tcp/address with a path": (c) => failing(c, "localhost:80/x"),
	"tcp/address without a port": (c) => failing(c, "localhost"),
	"tcp/address without a host": (c) => failing(c, ":80"),
	"tcp/port that is none": (c) => failing(c, "localhost:99999"),
	"tcp/port that is a word": (c) => failing(c, "localhost:http"),
	"tcp/empty address": (c) => failing(c, ""),
	"tcp/unknown transport": (c) => failing(c, c.env.TCP, { secureTransport: "maybe" }),
	"tcp/written after close": async (c) => { const { socket, writer } = await opened(c, "echo"); await socket.close(); return (await attempt(() => writer.write(encode("x")))).error !== undefined; },
	"tcp/closed twice": async (c) => { const { socket } = await opened(c, "echo"); await socket.close(); return !(await attempt(() => socket.close()))?.error; },
	"tcp/read by a deadline": async (c) => {
		const { socket, reader } = await opened(c, "late");
		const pending = reader.read();
		const first = await Promise.race([pending.then(() => "came"), scheduler.wait(50).then(() => "late")]);
		const text = decode((await pending).value);
		await socket.close();
		return [first, text];
	},
	"tcp/closed is told": async (c) => { const { socket, reader } = await opened(c, "greet you"); await read(reader); return attempt(async () => { await socket.closed; }); },
	"tcp/addresses": async (c) => { const socket = connect(c.env.TCP); const { remoteAddress, localAddress } = await socket.opened; await socket.close(); return [remoteAddress?.endsWith(":" + c.env.TCP.split(":")[1]) ?? false, localAddress ?? ""]; },
	"tcp/TLS": (c) => echo(c, { secureTransport: "on" }, "TLS"),
	"tcp/TLS with a bad certificate": (c) => failing(c, c.env.BAD_TLS, { secureTransport: "on" }),
	"tcp/TLS where there is none": async (c) => (await failing(c, c.env.TCP, { secureTransport: "on" })).error !== undefined,
	"tcp/start TLS": (c) => secured(c),
	"tcp/start TLS with a name": (c) => secured(c, { expectedServerHostname: "localhost" }),
	"tcp/start TLS with another name": async (c) => (await attempt(() => secured(c, { expectedServerHostname: "other.example" }))).error !== undefined,
	"tcp/start TLS without asking": async (c) => { const { socket, reader, writer } = await opened(c, "echo"); reader.releaseLock(); writer.releaseLock(); return attempt(() => { socket.startTls(); }); },
	"tcp/start TLS twice": async (c) => { const { socket, reader, writer } = await opened(c, "echo", { secureTransport: "on" }, "TLS"); reader.releaseLock(); writer.releaseLock(); return attempt(() => { socket.startTls(); }); },
	"tcp/from an object": (c) => c.object().run({ name: "tcp/inside" }),
};

export const object = {
	"tcp/inside": (self) => echo({ env: self.env }),
};
