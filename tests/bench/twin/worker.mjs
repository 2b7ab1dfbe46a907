// The JavaScript twin of app: the same routes, the same work, written as a JavaScript author would.
import { DurableObject } from "cloudflare:workers";

export class Bench extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		ctx.storage.sql.exec(`
			CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, at INTEGER, text TEXT);
			CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, title TEXT, score REAL);
			INSERT OR IGNORE INTO posts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
				SELECT i, 'the title of post number ' || i, i * 1.5 FROM n`);
	}
	ping() { return "pong"; }
	insert(text) {
		return Object.values(this.ctx.storage.sql
			.exec("INSERT INTO log (at, text) VALUES (?, ?) RETURNING 1", 1700000000000, text).one())[0];
	}
	hundred() {
		let sum = 0;
		for (const row of this.ctx.storage.sql.exec("SELECT id, title, score FROM posts LIMIT 100")) sum += row.score;
		return sum;
	}
	echo(post) {
		post.id++;
		return post;
	}
}

export class Room extends DurableObject {
	visit() { return 1; }
	async alarms(n) {
		const { promise, resolve } = Promise.withResolvers();
		this.left = n;
		this.rung = resolve;
		await this.ctx.storage.setAlarm(Date.now());
		await promise;
		return n;
	}
	async alarm() {
		if (--this.left > 0) return this.ctx.storage.setAlarm(Date.now());
		this.rung();
	}
	async hold(millis) {
		await scheduler.wait(millis);
		return "held";
	}
	async fetch() {
		const { 0: client, 1: server } = new WebSocketPair();
		this.ctx.acceptWebSocket(server);
		return new Response(null, { status: 101, webSocket: client });
	}
	webSocketMessage(ws, message) {
		if (message.startsWith("echo")) return ws.send(message);
		for (const socket of this.ctx.getWebSockets()) socket.send(message);
	}
	webSocketClose(ws, code, reason) {
		ws.close(code === 1005 ? 1000 : code, reason);
	}
}

const post = {
	id: 41, title: "On the growing of groves", body: Array.from({ length: 700 }, (_, i) => String.fromCharCode(97 + i % 26)).join(""),
	tags: ["trees", "patience", "soil"], draft: false, score: 4.75, checksum: new Uint8Array(32),
	meta: { lang: "en", author: "autumn", licence: "CC BY 4.0" },
};

const routes = {
	ping: (object) => object.ping(),
	insert: (object) => object.insert("a line of the log"),
	select: (object) => object.hundred(),
	async echo(object) {
		const got = await object.echo(post);
		if (got.body.length !== post.body.length) throw new Error("the post came back changed");
		return got.id;
	},
};

const value = "0123456789abcdef".repeat(64);

const storeRoutes = {
	async "d1/setup"({ DB }) {
		await DB.batch([
			DB.prepare("CREATE TABLE IF NOT EXISTS log (id INTEGER PRIMARY KEY, at INTEGER, text TEXT)"),
			DB.prepare("CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY, title TEXT, score REAL)"),
			DB.prepare(`INSERT OR IGNORE INTO posts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
				SELECT i, 'the title of post number ' || i, i * 1.5 FROM n`),
		]);
		return "ready";
	},
	"d1/point": ({ DB }) => DB.prepare("SELECT title FROM posts WHERE id = ?").bind(41).first("title"),
	async "d1/batch"({ DB }) {
		const insert = DB.prepare("INSERT INTO log (at, text) VALUES (?, ?)");
		const batch = Array.from({ length: 100 }, (_, i) => insert.bind(1700000000000 + i, "a line of the log"));
		return (await DB.batch(batch)).length;
	},
	async "kv/put"({ VALUES }, key) {
		await VALUES.put(key, value);
		return "stored";
	},
	"kv/get": ({ VALUES }, key) => VALUES.get(key),
};

/** Streams an object to R2, or from there. */
async function r2({ FILES }, key, request) {
	if (request.method === "PUT") return new Response((await FILES.put(key, request.body)).size);
	return new Response((await FILES.get(key)).body);
}

const roomRoutes = {
	visit: (room) => room.visit(),
	alarms: (room) => room.alarms(20),
	hold: (room, millis) => room.hold(Number(millis)),
};

export default {
	async fetch(request, env) {
		const [, route, object, argument] = new URL(request.url).pathname.split("/");
		if (route === "hello") return new Response("Hello!");
		if (route === "r2") return r2(env, object, request);
		const store = storeRoutes[`${route}/${object}`];
		if (store) return new Response(await store(env, argument));
		if (route === "socket") return env.ROOMS.getByName(object).fetch(request);
		if (Object.hasOwn(roomRoutes, route)) return Response.json(await roomRoutes[route](env.ROOMS.getByName(object), argument));
		if (!Object.hasOwn(routes, route)) return new Response("not found", { status: 404 });
		return Response.json(await routes[route](env.BENCH.getByName(object)));
	},
};
