// Cases about bindings that are not there. JavaScript finds undefined in their place; Go has the lines to add, which this file spells out.

/** @param {string} kind @param {string} toml @param {string} json */
function missing(kind, toml, json) {
	return (c) => {
		if ("UNBOUND" in c.env || "ASSETS" in c.env) throw new Error("it is bound");
		return `${kind}: add to wrangler.toml:\n${toml}\nor to wrangler.jsonc:\n${json}`;
	};
}

export const worker = {
	"unbound/KV": missing('no kv binding "UNBOUND"', '[[kv_namespaces]]\nbinding = "UNBOUND"\nid = "…"', '"kv_namespaces": [{ "binding": "UNBOUND", "id": "…" }]'),
	"unbound/D1": missing('no d1 binding "UNBOUND"', '[[d1_databases]]\nbinding = "UNBOUND"\ndatabase_name = "my-database"\ndatabase_id = "…"',
		'"d1_databases": [{ "binding": "UNBOUND", "database_name": "my-database", "database_id": "…" }]'),
	"unbound/R2": missing('no r2 binding "UNBOUND"', '[[r2_buckets]]\nbinding = "UNBOUND"\nbucket_name = "my-bucket"', '"r2_buckets": [{ "binding": "UNBOUND", "bucket_name": "my-bucket" }]'),
	"unbound/queue": missing('no queue binding "UNBOUND"', '[[queues.producers]]\nbinding = "UNBOUND"\nqueue = "my-queue"', '"queues": { "producers": [{ "binding": "UNBOUND", "queue": "my-queue" }] }'),
	"unbound/analytics engine": missing('no analytics binding "UNBOUND"', '[[analytics_engine_datasets]]\nbinding = "UNBOUND"\ndataset = "my-dataset"', '"analytics_engine_datasets": [{ "binding": "UNBOUND", "dataset": "my-dataset" }]'),
	"unbound/rate limiter": missing('no ratelimit binding "UNBOUND"', '[[ratelimits]]\nname = "UNBOUND"\nnamespace_id = "1001"\nsimple = { limit = 100, period = 60 }',
		'"ratelimits": [{ "name": "UNBOUND", "namespace_id": "1001", "simple": { "limit": 100, "period": 60 } }]'),
	"unbound/version metadata": missing('no version metadata binding "UNBOUND"', '[version_metadata]\nbinding = "UNBOUND"', '"version_metadata": { "binding": "UNBOUND" }'),
	"unbound/objects": missing('no namespace binding "UNBOUND"', '[[durable_objects.bindings]]\nname = "UNBOUND"\nclass_name = "Obj"', '"durable_objects": { "bindings": [{ "name": "UNBOUND", "class_name": "Obj" }] }'),
	"unbound/service": missing('there is no service binding "UNBOUND"', '[[services]]\nbinding = "UNBOUND"\nservice = "its-worker"', '"services": [{ "binding": "UNBOUND", "service": "its-worker" }]'),
	"unbound/service's RPC": missing('there is no service binding "UNBOUND"', '[[services]]\nbinding = "UNBOUND"\nservice = "its-worker"', '"services": [{ "binding": "UNBOUND", "service": "its-worker" }]'),
	"unbound/assets": missing('there is no assets binding "ASSETS"', '[assets]\ndirectory = "public"\nbinding = "ASSETS"', '"assets": { "directory": "public", "binding": "ASSETS" }'),
};
