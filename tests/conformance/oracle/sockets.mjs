// Cases about WebSockets. Their scripts stand in ../sockets.go: a client sends commands, JSON arrays of an operation and its
// arguments, and the operation's outcome is the answer. Other text is echoed after "echo ", bytes as they are.
import { DurableObject } from "cloudflare:workers";
import { attempt, bytes, pattern, show, sleep } from "./show.mjs";

const SILENT = Symbol("no answer");

const attachments = {
	object: { user: "ada", n: 1, tags: ["a", "b"], nested: { deep: true } }, string: "ß💥", empty: "", number: 1.5, integer: 42, zero: 0, true: true, false: false, null: null,
	date: new Date(86400000), bytes: bytes(1, 2, 255), list: [1, "two", null], bigint: 12345678901234567890n, map: new Map([["k", 1]]), large: "x".repeat(16379),
	"too large": "x".repeat(16380), "far too large": "x".repeat(1_000_000), function: () => 1,
};

const label = (self, ws) => self.ctx.getTags(ws)[0] ?? "?";

/** What a client may ask of the socket that it speaks through. */
const operations = {
	tags: (self, ws) => self.ctx.getTags(ws),
	list: (self, ws, tag) => self.ctx.getWebSockets(tag).map((one) => label(self, one)),
	same: (self, ws) => self.ctx.getWebSockets().includes(ws),
	state: (self, ws) => ws.readyState,
	info: (self, ws) => [ws.url ?? "", ws.protocol ?? "", ws.extensions ?? ""],
	send: (self, ws, ...texts) => {
		for (const text of texts) ws.send(text);
		return SILENT;
	},
	tell: (self, ws, tag, text) => {
		for (const one of self.ctx.getWebSockets(tag)) one.send(text);
		return SILENT;
	},
	broadcast: (self, ws, text, tag) => {
		const open = self.ctx.getWebSockets(tag).filter((one) => one.readyState === 1);
		for (const one of open) one.send(text);
		return open.length;
	},
	close: async (self, ws, code, reason) => {
		const outcome = await attempt(() => ws.close(code ?? undefined, reason));
		self.log.push(["closed", outcome, ws.readyState]);
		return outcome === null ? SILENT : outcome.error;
	},
	"close, then send": async (self, ws) => {
		ws.close(1000, "done");
		self.log.push(await attempt(() => ws.send("too late")), await attempt(() => ws.close(1000, "again")));
		return SILENT;
	},
	mode: (self, ws, mode) => (self.mode = mode),
	attach: (self, ws, name) => {
		ws.serializeAttachment(attachments[name]);
		return ws.deserializeAttachment();
	},
	attachment: (self, ws) => ws.deserializeAttachment(),
	copies: (self, ws) => {
		const value = { list: [1] };
		ws.serializeAttachment(value);
		value.list.push(2);
		ws.deserializeAttachment().list.push(3);
		return ws.deserializeAttachment();
	},
	auto: (self, ws, request, response) => self.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(request, response)),
	"auto sizes": (self, ws, request, response) => self.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("x".repeat(request), "y".repeat(response))),
	"auto get": (self) => {
		const pair = self.ctx.getWebSocketAutoResponse();
		return pair && [pair.request, pair.response];
	},
	"auto unset": (self) => self.ctx.setWebSocketAutoResponse(),
	"auto time": (self, ws) => {
		const time = self.ctx.getWebSocketAutoResponseTimestamp(ws);
		return time && Math.abs(time.getTime() - Date.now()) < 60_000;
	},
	timeout: (self, ws, ms) => {
		self.ctx.setHibernatableWebSocketEventTimeout(ms);
		return self.ctx.getHibernatableWebSocketEventTimeout();
	},
	log: (self) => self.log,
	slow: async (self, ws, ms, text) => {
		self.log.push(`begin ${text}`);
		await sleep(ms);
		self.log.push(`end ${text}`);
		return text;
	},
	wait: async (self, ws, name) => {
		self.log.push(`begin ${name}`);
		await new Promise((resolve) => (self.waiting[name] = resolve));
		self.log.push(`end ${name}`);
		return name;
	},
	release: (self, ws, name) => {
		self.waiting[name]();
		return SILENT;
	},
	"deleteAll": (self) => self.ctx.storage.deleteAll(),
	abort: (self) => self.ctx.abort("enough"),
	born: (self) => self.born,
	"send after a write": async (self, ws) => {
		self.ctx.storage.kv.put("k", 1);
		ws.send("after the write");
		return self.ctx.storage.kv.get("k");
	},
	"send after a write that fails": (self, ws) => {
		const { sql } = self.ctx.storage;
		sql.exec("CREATE TABLE parent (id INTEGER PRIMARY KEY); CREATE TABLE child (p INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)");
		ws.send("before");
		return self.ctx.storage.sync().then(() => {
			sql.exec("INSERT INTO child VALUES (1)");
			ws.send("never");
			return SILENT;
		});
	},
	sockets: (self, ws, name) => scripts[name](self),
};

const pair = () => Object.values(new WebSocketPair());
const accepted = (tags) => async (self) => {
	const [, server] = pair();
	self.ctx.acceptWebSocket(server, tags);
	const found = self.ctx.getTags(server);
	return found;
};

/** What is done to sockets that no client has. */
const scripts = {
	"accept, then hibernate": (self) => {
		const [, server] = pair();
		server.accept();
		self.ctx.acceptWebSocket(server);
	},
	"hibernate, then accept": (self) => {
		const [, server] = pair();
		self.ctx.acceptWebSocket(server);
		server.accept();
	},
	"hibernate twice": (self) => {
		const [, server] = pair();
		self.ctx.acceptWebSocket(server);
		self.ctx.acceptWebSocket(server);
	},
	"hibernate the other end": (self) => {
		const [client, server] = pair();
		self.ctx.acceptWebSocket(server);
		self.ctx.acceptWebSocket(client);
	},
	"hibernate after the other end accepted": (self) => {
		const [client, server] = pair();
		client.accept();
		self.ctx.acceptWebSocket(server);
	},
	"accept twice": () => {
		const [, server] = pair();
		server.accept();
		server.accept();
		return server.readyState;
	},
	"send too early": () => pair()[1].send("x"),
	"close too early": () => pair()[1].close(1000),
	"tags of a socket that was not accepted": (self) => self.ctx.getTags(pair()[1]),
	"tags of an ordinary socket": (self) => {
		const [, server] = pair();
		server.accept();
		return self.ctx.getTags(server);
	},
	"automatic answers of an ordinary socket": (self) => {
		const [, server] = pair();
		server.accept();
		return self.ctx.getWebSocketAutoResponseTimestamp(server);
	},
	"tags repeated": accepted(["b", "a", "b"]),
	"no tags": accepted([]),
	"empty tag": accepted([""]),
	"ten tags": accepted([..."0123456789"]),
	"eleven tags": accepted([..."01234567890"]),
	"longest tag": accepted(["t".repeat(256)]),
	"tag too long": accepted(["t".repeat(257)]),
	"tag too long in bytes": accepted(["ß".repeat(129)]),
	"too many": async (self) => {
		// An end that is collected closes the other one: thousands of events, each of which counts what is left.
		const clients = (self.crowd = []);
		const outcome = await attempt(() => {
			while (clients.length < 40_000) {
				const [client, server] = pair();
				self.ctx.acceptWebSocket(server, ["crowd"]);
				clients.push(client);
			}
		});
		const n = clients.length;
		return [n, outcome, self.ctx.getWebSockets("crowd").length];
	},
	"attachment of a socket that was not accepted": () => {
		const [, server] = pair();
		server.serializeAttachment({ n: 1 });
		return server.deserializeAttachment();
	},
	"states of a pair": async () => {
		const [client, server] = pair();
		const states = [client.readyState, server.readyState];
		client.accept();
		server.accept();
		states.push(client.readyState, server.readyState);
		const closed = new Promise((resolve) => client.addEventListener("close", resolve));
		server.close(1000, "bye");
		states.push(server.readyState);
		await closed;
		states.push(client.readyState);
		return states;
	},
	"messages of a pair": async () => {
		const [client, server] = pair();
		client.accept();
		server.accept();
		const heard = [];
		const ended = record(client, heard);
		server.send("one");
		server.send(bytes(1, 2, 3));
		server.send("");
		server.send(bytes());
		server.close(4000, "enough");
		await ended;
		return heard;
	},
	"both ends speak": async () => {
		const [client, server] = pair();
		client.accept();
		server.accept();
		const heard = [];
		server.addEventListener("message", ({ data }) => server.send(`heard ${data}`));
		const ended = record(client, heard);
		for (let i = 0; i < 5; i++) client.send(`message ${i}`);
		while (heard.length < 5) await sleep(1);
		server.close(1000, "");
		await ended;
		return heard;
	},
	"close codes": async () => {
		const outcomes = {};
		for (const code of [999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 1016, 2999, 3000, 4999, 5000, 65536, -1]) {
			const [client, server] = pair();
			client.accept();
			server.accept();
			outcomes[code] = await attempt(() => server.close(code, "r"));
		}
		return outcomes;
	},
	"close reasons": async () => {
		const outcomes = [];
		for (const [code, reason] of [[1000, "x".repeat(123)], [1000, "x".repeat(124)], [1000, "ß".repeat(62)], [undefined, "no code"], [undefined, undefined]]) {
			const [client, server] = pair();
			client.accept();
			server.accept();
			outcomes.push(await attempt(() => server.close(code, reason)));
		}
		return outcomes;
	},
};

/** Writes down what an accepted socket receives. */
function record(ws, heard) {
	ws.binaryType = "arraybuffer";
	return new Promise((resolve) => {
		ws.addEventListener("message", ({ data }) => heard.push(show(data)));
		ws.addEventListener("close", ({ code, reason, wasClean }) => {
			heard.push(["close", code, reason, wasClean]);
			resolve();
		});
	});
}

async function handle(self, ws, data) {
	if (typeof data !== "string") return ws.send(data);
	if (!data.startsWith("[")) return ws.send(`echo ${data}`);
	const [name, ...args] = JSON.parse(data);
	if (name === "throw") throw new TypeError("thrown by the handler");
	let silent = false;
	const outcome = await attempt(async () => {
		const v = await operations[name](self, ws, ...args);
		silent = v === SILENT;
		return silent ? null : v;
	});
	if (!silent) ws.send(JSON.stringify(outcome));
}

/** What an object does when a hibernating socket is closed. */
const ends = {
	answer: (ws, code, reason) => ws.close(code === 1005 ? 1000 : code, `you said ${reason}`),
	silence: () => {},
	send: (ws) => {
		ws.send("not yet");
		ws.close(1000, "now");
	},
	"same code": async (ws, code, reason, self) => self.log.push(await attempt(() => ws.close(code, reason))),
	throw: () => {
		throw new Error("thrown at the end");
	},
};

/** Accepts without hibernation, and answers as a hibernating socket does. */
function acceptOrdinary(self, server, options) {
	server.accept(options);
	server.binaryType = "arraybuffer";
	server.addEventListener("message", ({ data }) => handle(self, server, data));
	let over = false; // only the first of these events counts: when the client then hangs up is a matter of time
	const last = (...event) => {
		if (!over) self.log.push(event);
		over = true;
	};
	// The state of a lost socket changes when this event has been handled.
	server.addEventListener("close", ({ code, reason, wasClean }) => last("close event", code, reason, wasClean, wasClean && server.readyState));
	server.addEventListener("error", (e) => last("error event", e.error.message));
}

function upgrade(self, request, url) {
	const query = url.searchParams;
	if (query.has("refuse")) return new Response("no", { status: 403 });
	const [client, server] = pair();
	if (query.has("half open")) acceptOrdinary(self, server, { allowHalfOpen: true });
	else if (query.has("ordinary")) acceptOrdinary(self, server);
	else self.ctx.acceptWebSocket(server, query.getAll("tag"));
	if (query.has("greet")) server.send("welcome");
	if (query.has("early close")) server.close(4001, "not today");
	const headers = new Headers();
	if (query.has("protocol")) headers.set("Sec-WebSocket-Protocol", query.get("protocol"));
	if (query.has("header")) headers.set("X-Header", query.get("header"));
	return new Response(null, { status: 101, webSocket: client, headers });
}

/** The class of the cases about sockets. */
export class Chat extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		this.log = [];
		this.mode = "answer";
		this.waiting = {};
		this.born = ctx.getWebSockets().length;
	}
	async fetch(request) {
		const url = new URL(request.url);
		if (request.headers.get("Upgrade") === "websocket") return upgrade(this, request, url);
		return Response.json(await attempt(async () => {
			const [name, ...args] = JSON.parse(url.searchParams.get("do"));
			const v = await operations[name](this, null, ...args);
			return v === SILENT ? null : v;
		}));
	}
	async webSocketMessage(ws, message) {
		await handle(this, ws, message);
	}
	async webSocketClose(ws, code, reason, wasClean) {
		this.log.push(["closed by the client", code, reason, wasClean, ws.readyState, label(this, ws), this.ctx.getWebSockets().length]);
		if (ws.readyState === 2) await ends[this.mode](ws, code, reason, this);
	}
	async webSocketError(ws, error) {
		this.log.push(["failed", error.message, ws.readyState, label(this, ws)]);
	}
}

/** Accepts sockets that hibernate, and has no handlers for their events. */
export class Mute extends DurableObject {
	async fetch(request) {
		if (request.headers.get("Upgrade") !== "websocket") return Response.json(this.ctx.getWebSockets().length);
		const [client, server] = pair();
		this.ctx.acceptWebSocket(server);
		server.send("welcome");
		return new Response(null, { status: 101, webSocket: client });
	}
}

/** What sockets of the Worker have logged, by case. */
const workers = {};

/** Answers any request of a case that begins with "socket". */
export function serve(c) {
	if (c.name.startsWith("socket of the Worker/")) {
		const self = (workers[c.name] ??= { log: [], mode: "answer" });
		if (c.request.headers.get("Upgrade") === "websocket") return upgrade(self, c.request, new URL(`${c.url}${c.url.search ? "&" : "?"}ordinary`));
		return Response.json(self.log);
	}
	if (c.name.startsWith("socket without handlers/")) return c.env.MUTE.getByName(c.name).fetch(c.request);
	return c.env.CHAT.getByName(c.name).fetch(c.request);
}

async function opened(response, talk) {
	const ws = response.webSocket;
	if (!ws) return [response.status, await response.text()];
	ws.accept();
	const heard = [];
	const ended = record(ws, heard);
	await talk(ws);
	await ended;
	return { status: response.status, protocol: response.headers.get("Sec-WebSocket-Protocol"), heard };
}

const upgradeHeaders = { Upgrade: "websocket" };
const ask = (c, query) => c.env.CHAT.getByName(c.name).fetch(`https://object/${query}`, { headers: upgradeHeaders });

export const worker = {
	"dial/network": async (c) => opened(await fetch(`${c.env.UPSTREAM}/socket`, { headers: { ...upgradeHeaders, "Sec-WebSocket-Protocol": "one, two" } }), (ws) => {
		ws.send("hello");
		ws.send(bytes(1, 2, 3));
		ws.send("close 4002");
	}),
	"dial/network, client closes": async (c) => opened(await fetch(`${c.env.UPSTREAM}/socket`, { headers: upgradeHeaders }), (ws) => {
		ws.send("hello");
		ws.close(4003, "enough");
	}),
	"dial/network, connection lost": async (c) => opened(await fetch(`${c.env.UPSTREAM}/socket`, { headers: upgradeHeaders }), (ws) => ws.send("hang up")),
	"dial/network, large message": async (c) => opened(await fetch(`${c.env.UPSTREAM}/socket`, { headers: upgradeHeaders }), (ws) => {
		ws.send(pattern(300_000));
		ws.send("close 1000");
	}),
	"dial/no WebSocket": async (c) => opened(await fetch(`${c.env.UPSTREAM}/hello?q=x`, { headers: upgradeHeaders })),
	"dial/object, hibernating": async (c) => opened(await ask(c, "?greet=1&tag=a"), (ws) => {
		ws.send("hello");
		ws.send('["tags"]');
		ws.send('["close",4004,"bye"]');
	}),
	"dial/object, ordinary": async (c) => opened(await ask(c, "?greet=1&ordinary=1"), (ws) => {
		ws.send("hello");
		ws.send(bytes(9));
		ws.send('["close",4005,"bye"]');
	}),
	"dial/object refuses": async (c) => opened(await ask(c, "?refuse=1")),
	"dial/object, client closes": async (c) => opened(await ask(c, "?greet=1"), (ws) => ws.close(4006, "mine")),
	"dial/two at once": (c) => Promise.all(["a", "b"].map(async (tag) => opened(await ask(c, `?tag=${tag}`), async (ws) => {
		ws.send('["tags"]');
		await sleep(5);
		ws.send('["close",1000,"bye"]');
	}))),
};
