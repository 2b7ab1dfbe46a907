// The oracle: every conformance case in plain JavaScript. A case is a name in one of the tables: `worker` cases run in the
// Worker, `object` cases in an object of their own, `http` cases answer the request themselves.
import { DurableObject } from "cloudflare:workers";
import { attempt, show, sleep } from "./show.mjs";
import * as http from "./http.mjs";
import * as rpc from "./rpc.mjs";
import * as rpcValues from "./rpc_values.mjs";
import * as rpcStubs from "./rpc_stubs.mjs";
import * as rpcLost from "./rpc_lost.mjs";
import * as rpcStreams from "./rpc_streams.mjs";
import * as storage from "./storage.mjs";
import * as sql from "./sql.mjs";
import * as lifecycle from "./lifecycle.mjs";
import * as bindings from "./bindings.mjs";
import * as unbound from "./unbound.mjs";
import * as d1 from "./d1.mjs";
import * as r2 from "./r2.mjs";
import * as stores from "./stores.mjs";
import * as queues from "./queues.mjs";
import * as kv from "./kv.mjs";
import * as cache from "./cache.mjs";
import * as limits from "./limits.mjs";
import * as tcp from "./tcp.mjs";
import * as outbound from "./outbound.mjs";
import * as sockets from "./sockets.mjs";
import * as bookmark from "./bookmark.mjs";
import * as storageRules from "./storage_rules.mjs";
import * as sqlSurface from "./sql_surface.mjs";
import * as upstream from "./upstream.mjs";
import * as namespaces from "./namespaces.mjs";
import * as facets from "./facets.mjs";
import * as life from "./life.mjs";
import * as entrypoints from "./entrypoints.mjs";
export { Cell } from "./facets.mjs";
export { Chat, Mute } from "./sockets.mjs";
export { Auth, Bare } from "./entrypoints.mjs";

const modules = [
	http, rpc, rpcValues, rpcStubs, rpcLost, rpcStreams, storage, sql, lifecycle, bindings,
	unbound,
	d1, r2, stores, queues, kv, cache, limits, tcp, outbound,
	bookmark, storageRules, sqlSurface,
	upstream,
	namespaces, facets, life, entrypoints,
	sockets,
];
const merge = (table) => Object.assign({}, ...modules.map((m) => m[table] ?? {}));
const workerCases = merge("worker"), objectCases = merge("object"), httpCases = merge("http");

/** The class of nearly every case. */
export class Obj extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		this.born = Math.random();
		this.memory = {};
	}
	async run({ name, arg }) {
		return show(await objectCases[name](this, arg));
	}
	async fetch(request) {
		return http.object(this, request);
	}
	async alarm(info) {
		return lifecycle.alarm(this, info);
	}
	echo(v) { return v; }
	none() {}
	double(n) { return n * 2; }
	greet(p) { return { text: `${p.greeting ?? "Hello"}, ${p.name}!`, length: p.name.length, tags: p.tags ?? [] }; }
	optional(p) { return p === undefined ? "nothing" : `got ${p.name}`; }
	fail(kind) { return rpc.fail(kind); }
	big(n) { return new Uint8Array(n); }
	async slow(p) {
		(this.memory.log ??= []).push(`start ${p.name}`);
		await sleep(p.ms);
		this.memory.log.push(`end ${p.name}`);
		return this.memory.log;
	}
	append(s) { return (this.memory.log ??= []).push(s); }
	log() { return this.memory.log ?? []; }
	ping(p) { return rpc.ping(this, p); }
}

for (const [name, value] of Object.entries({ ...rpcValues.methods, ...rpcStubs.methods, ...rpcLost.methods, ...rpcStreams.methods })) {
	Object.defineProperty(Obj.prototype, name, { value });
}

/** A second class, for calls between objects and for ids of another namespace. No alarm, no fetch. */
export class Other extends DurableObject {
	async run({ name, arg }) {
		return show(await objectCases[name](this, arg));
	}
	ping(p) { return rpc.ping(this, p); }
}

/** Its constructor fails as often as stored in the object named "plan". */
export class Fragile extends DurableObject {
	constructor(ctx, env) {
		super(ctx, env);
		ctx.blockConcurrencyWhile(() => lifecycle.construct(ctx, env));
	}
	hello() { return "constructed"; }
}

export default class extends entrypoints.Default {
	async fetch(request) {
		const { env, ctx } = this;
		const url = new URL(request.url);
		const name = decodeURIComponent(url.pathname.slice(1));
		const c = { env, ctx, request, url, name, object: (suffix = "") => env.OBJ.getByName(name + suffix) };
		if (name === "") return Response.json([...Object.keys(httpCases), ...Object.keys(workerCases), ...Object.keys(objectCases)]);
		if (name.startsWith("socket")) return sockets.serve(c);
		if (name in httpCases) return httpCases[name](c);
		if (name in objectCases) return Response.json(await attempt(() => c.object().run({ name })));
		if (name in workerCases) return Response.json(await attempt(() => workerCases[name](c)));
		return new Response(`no case ${name}`, { status: 404 });
	}
	queue(batch) { return stores.queue(batch, this.env); }
	async scheduled(event) {
		if (!event.cron.includes("*")) return lifecycle.scheduled(event, this.env, this.ctx);
		await this.env.OBJ.getByName("scheduled").run({ name: "scheduled/record", arg: { cron: event.cron, time: event.scheduledTime } });
		if (event.cron === "0 0 * * 1") throw new Error("scheduled failure");
	}
}
