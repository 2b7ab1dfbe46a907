// The Worker's main: WebSockets and alarms it handles itself, everything else goes to the Go program.
import { DurableObject } from "cloudflare:workers";
import worker from "./build/worker.mjs";

export class Room extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		this.made = Math.random();
		ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS said (n INTEGER PRIMARY KEY, who TEXT, text TEXT, data BLOB)");
		ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
	}

	// Methods, which the Go program calls.
	born() {
		return String(this.made);
	}
	add(who, text) {
		const { n } = this.ctx.storage.sql.exec("INSERT INTO said (who, text, data) VALUES (?, ?, ?) RETURNING n", who, text, new Uint8Array([1, 2]).buffer).one();
		return { n, at: "room", list: [who, text, null] };
	}
	async said() {
		const cursor = this.ctx.storage.sql.exec("SELECT n, who, text, length(data) AS size FROM said ORDER BY n");
		const names = cursor.columnNames.join();
		const rows = [...cursor];
		const raw = [...this.ctx.storage.sql.exec("SELECT n FROM said WHERE who = ? ORDER BY n", "ann").raw()];
		return JSON.stringify([names, rows, raw]);
	}
	oops(text) {
		throw new RangeError(text);
	}
	wrong() {
		try {
			this.ctx.storage.sql.exec("SELECT n FROM said WHERE n > 0").one();
		} catch (e) {
			return e.message;
		}
	}
	syntax() {
		this.ctx.storage.sql.exec("SELEKT");
	}
	keys() {
		const { kv } = this.ctx.storage;
		kv.put("b", { deep: [1] });
		kv.put("a", 1);
		const list = [...kv.list()];
		const gone = [kv.delete("a"), kv.delete("none"), kv.get("a")];
		return JSON.stringify([list, gone, kv.get("b")]);
	}
	undo() {
		const { storage } = this.ctx;
		try {
			storage.transactionSync(() => {
				storage.kv.put("undone", 1);
				throw new Error("undo");
			});
		} catch (e) {
			return `${e.message} ${storage.kv.get("undone")} ${storage.transactionSync(() => 7)}`;
		}
	}

	// What a turn writes is there as a whole, or not at all.
	pair(value) {
		const { kv } = this.ctx.storage;
		if (value !== undefined) kv.put("one", value);
		if (value === "abort") this.ctx.abort(new Error("in the middle"));
		if (value !== undefined) kv.put("two", value);
		return `${kv.get("one")} ${kv.get("two")}`;
	}
	async later(value) {
		const { storage } = this.ctx;
		await storage.put("one", value);
		await storage.put("two", value);
		return `${await storage.get("one")} ${await storage.get("two")}`;
	}

	// Calls of a Worker in Go.
	async check(name) {
		const verified = await this.env.AUTH.verify({ name, tags: ["a", "b"], at: new Date(5), raw: new Uint8Array([1, 2]) });
		const sum = await this.env.GO.getByName("from a room").add(2);
		const failed = await this.env.AUTH.refuse("never").catch((e) => `${e}`);
		return JSON.stringify([verified, sum, failed]);
	}
	async give() {
		return this.env.AUTH.refuse(() => 1).catch((e) => e.name);
	}
	async ring(delay) {
		await this.ctx.storage.setAlarm(Date.now() + delay);
		return (await this.ctx.storage.getAlarm()) > 0;
	}
	async quiet() {
		await this.ctx.storage.deleteAlarm();
		return await this.ctx.storage.getAlarm();
	}
	async rung() {
		return (await this.ctx.storage.get("rung")) ?? "not yet";
	}
	async alarm({ retryCount, isRetry }) {
		if (!isRetry) throw new Error("once more");
		await this.ctx.storage.put("rung", `retry ${retryCount}, set ${await this.ctx.storage.getAlarm()}`);
	}

	// WebSockets.
	async fetch(request) {
		const { pathname } = new URL(request.url);
		if (pathname !== "/socket") return new Response(`${this.ctx.id.name} has ${this.ctx.getWebSockets().length}`);
		const [client, server] = Object.values(new WebSocketPair());
		const who = new URL(request.url).searchParams.get("who");
		this.ctx.acceptWebSocket(server, [who, "all"]);
		server.serializeAttachment({ who, sent: 0 });
		return new Response(null, { status: 101, webSocket: client });
	}
	webSocketMessage(socket, message) {
		const state = socket.deserializeAttachment();
		socket.serializeAttachment({ ...state, sent: state.sent + 1 });
		if (message === "tags") return socket.send(this.ctx.getTags(socket).join());
		if (typeof message === "string" && message.startsWith("keep ")) this.ctx.storage.kv.put("one", message);
		if (message === "bye") return socket.close(4000, "as you say");
		for (const other of this.ctx.getWebSockets("all")) {
			other.send(typeof message === "string" ? `${state.who} ${state.sent}: ${message}` : new Uint8Array(message.slice(0)).reverse());
		}
	}
	webSocketClose(socket, code, reason, wasClean) {
		this.ctx.storage.kv.put("closed", `${socket.deserializeAttachment().who} ${code} ${reason} ${wasClean}`);
		if (wasClean) socket.close(code, reason);
	}
	closed() {
		return this.ctx.storage.kv.get("closed") ?? "open";
	}
}

/** It does not extend DurableObject, so it has no methods. */
export class Plain {
	hello() {
		return "hello";
	}
}

export default {
	async fetch(request, env, ctx) {
		const url = new URL(request.url);
		if (url.pathname === "/echo") {
			const [client, server] = Object.values(new WebSocketPair());
			server.accept();
			server.addEventListener("message", (e) => {
				if (e.data === "close") server.close(4001, "done");
				else server.send(typeof e.data === "string" ? `echo ${e.data}` : e.data);
			});
			return new Response(null, { status: 101, webSocket: client });
		}
		if (url.pathname === "/socket" || url.pathname === "/count") return env.ROOM.getByName("lobby").fetch(request);
		const response = await worker.fetch(request, env, ctx);
		return new Response(response.body, { status: response.status, headers: { "X-From": "main" } });
	},
};
