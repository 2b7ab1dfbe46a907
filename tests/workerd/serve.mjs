// Starts Workers on workerd through Miniflare, of which the first has the address. The first line of standard input is the configuration; one line on
// standard output says where it listens; the end of standard input stops it.
import { createRequire } from "node:module";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin });
const config = JSON.parse(await new Promise((resolve) => lines.once("line", resolve)));
const { Miniflare, Log, LogLevel, convertV4MiniflareOptions } = createRequire(config.packages)("miniflare");

const types = { mjs: "ESModule", js: "ESModule", wasm: "CompiledWasm" };
const alone = config.workers.length === 1;

/** What Miniflare runs for a Worker. */
function options(worker) {
	const others = readdirSync(worker.dir).filter((f) => f !== worker.main && f.split(".").pop() in types);
	const consumes = worker.consumes ?? (alone ? Object.values(worker.queues ?? {}) : []);
	return {
		name: worker.name,
		modulesRoot: worker.dir,
		modules: [worker.main, ...others].map((f) => ({ type: types[f.split(".").pop()], path: join(worker.dir, f) })),
		compatibilityDate: worker.date,
		compatibilityFlags: worker.flags ?? [],
		bindings: { ...worker.vars, ...worker.jsonVars },
		serviceBindings: Object.fromEntries(Object.entries(worker.services ?? {}).map(([binding, name]) => [binding, { name, ...worker.entrypoints?.[binding] }])),
		d1Databases: Object.fromEntries((worker.d1 ?? []).map((b) => [b, b.toLowerCase()])),
		queueProducers: worker.queues ?? {},
		queueConsumers: Object.fromEntries(consumes
			.map((queue) => [queue, { maxBatchSize: 10, maxBatchTimeout: 1, maxRetries: 2, deadLetterQueue: queue === worker.queues?.DEAD ? undefined : worker.queues?.DEAD }])),
		r2Buckets: Object.fromEntries((worker.r2 ?? []).map((b) => [b, b.toLowerCase()])),
		kvNamespaces: Object.fromEntries((worker.kv ?? []).map((b) => [b, b.toLowerCase()])),
		ratelimits: Object.fromEntries(Object.entries(worker.limits ?? {}).map(([b, limit]) => [b, { namespace_id: b, simple: { limit, period: 60 } }])),
		analyticsEngineDatasets: Object.fromEntries((worker.points ?? []).map((b) => [b, { dataset: b.toLowerCase() }])),
		...(worker.version ? { versionMetadata: worker.version } : {}),
		durableObjects: Object.fromEntries(Object.entries(worker.objects ?? {})
			.map(([binding, className]) => [binding, { className, useSQLite: true, ...(worker.scripts?.[binding] ? { scriptName: worker.scripts[binding] } : {}) }])),
		additionalUnboundDurableObjects: (worker.unbound ?? []).map((className) => ({ className, useSQLite: true })),
	};
}

const workers = config.workers.map(options);
workers[0].unsafeDirectSockets = [{ host: "127.0.0.1", port: 0 }];
const miniflare = new Miniflare(convertV4MiniflareOptions({
	host: "127.0.0.1",
	port: 0,
	log: new Log(LogLevel.WARN),
	resourcePersistencePath: config.state,
	unsafeTriggerHandlers: true,
	workers,
}));

lines.once("close", async () => {
	await miniflare.dispose();
	process.exit(0);
});
const entry = await miniflare.ready;
const url = await miniflare.unsafeGetDirectURL(workers[0].name);
console.log(JSON.stringify({ url: String(url), entry: String(entry) }));
