package wrangler

import (
	"slices"
	"strings"
)

// scope says where a key may stand, and what an environment without it has.
type scope int

const (
	inherited scope = iota // at the top level and in environments, which have that of the top level when they say nothing
	own                    // at the top level and in environments, which inherit nothing
	top                    // at the top level only
)

// use says what the local host makes of a key.
type use int

const (
	used        use = iota // as Cloudflare does, or as the note says
	elsewhere              // it concerns deployments or wrangler's own bundler: read, checked and left alone
	unsupported            // a warning: the local host has no such thing
)

// key is a setting that wrangler 4 knows.
type key struct {
	name  string
	scope scope
	use   use
	shape string
	note  string // what the local host does; of unsupported keys, what a program misses there

	parsed *shape
}

const (
	named  = "[{binding! %s remote:bool}]"
	single = "{binding! remote:bool}"
	routed = "string|{pattern! zone_id zone_name custom_domain:bool enabled:bool previews_enabled:bool}"
)

// keys are all settings, in the order of docs/configuration.md. tests/deploy holds them to the schema that wrangler comes with.
var keys = []key{
	{"name", inherited, used, "string", "names the Worker; in an environment without a name of its own it is NAME-ENVIRONMENT", nil},
	{"main", inherited, used, "string", "is build/dist/worker.mjs; of a program of syumai/workers, where its object classes in JavaScript are", nil},
	{"compatibility_date", inherited, used, "string", "is checked: Lattice needs a date that is not too old", nil},
	{"compatibility_flags", inherited, used, "[string]", "are checked: some take away what Lattice stands on", nil},
	{"build", inherited, used, "{command cwd watch_dir:string|[string]}", "names the package that `lattice dev` builds when its command is a `lattice build`", nil},
	{"env", top, used, "<any>", "the environments; `--env` or CLOUDFLARE_ENV chooses one", nil},

	{"vars", own, used, "<any>", "are bound; `.dev.vars` or `.env`, and `--var`, override them", nil},
	{"secrets", own, used, "{required:[string]}", "names the secrets that .dev.vars, .env or the process's environment must set", nil},
	{"durable_objects", own, used, "{bindings:[{name! class_name! script_name environment}] code_update_strategy:{mode!:'immediate'|'deferred' max_delay:number}}", "are bound; code_update_strategy counts on Cloudflare only", nil},
	{"migrations", inherited, used, "[{tag! new_classes:[string] new_sqlite_classes:[string] renamed_classes:[{from! to!}] transferred_classes:[{from! from_script! to!}] deleted_classes:[string]}]", "are checked against the classes of the program", nil},
	{"exports", inherited, used, "<any>", "are checked as migrations are, for classes of the type durable-object", nil},
	{"d1_databases", own, used, "[{binding! database_name database_id jurisdiction preview_database_id migrations_table migrations_dir migrations_pattern database_internal_env remote:bool}]", "are SQLite files; the migrations of the folder are applied", nil},
	{"kv_namespaces", own, used, "[{binding! id preview_id remote:bool}]", "are stored on disk", nil},
	{"r2_buckets", own, used, "[{binding! bucket_name preview_bucket_name jurisdiction remote:bool local_dev:any}]", "are stored on disk", nil},
	{"queues", own, used, "{producers:[{binding! queue delivery_delay:whole remote:bool}] consumers:[{queue! type:'worker' max_batch_size:whole max_batch_timeout:whole max_retries:whole dead_letter_queue max_concurrency:whole visibility_timeout_ms:whole retry_delay:whole}]}", "are delivered, a batch of a queue at a time", nil},
	{"services", own, used, "[{binding! service! entrypoint environment props:<any> remote:bool dev:any}]", "are bound to Workers of the same session", nil},
	{"analytics_engine_datasets", own, used, "[{binding! dataset remote:bool}]", "are written to a SQLite file", nil},
	{"ratelimits", own, used, "[{name! namespace_id! simple!:{limit!:whole period!:whole}}]", "are counted in memory", nil},
	{"version_metadata", own, used, "{binding!}", "is bound; each start is a version", nil},
	{"assets", inherited, used, "{directory binding html_handling:'auto-trailing-slash'|'force-trailing-slash'|'drop-trailing-slash'|'none' not_found_handling:'single-page-application'|'404-page'|'none' base_path run_worker_first:bool|[string]}", "are served as Cloudflare serves them", nil},
	{"pages_build_output_dir", top, used, "string", "holds the static files of a Pages project whose functions are a program of syumai/workers", nil},
	{"triggers", inherited, used, "{crons:[string] events:any}", "run when they are due, in UTC", nil},
	{"unsafe", own, used, "{bindings:[any] metadata:any capnp:any}", "rate limiters among its bindings are bound, nothing else", nil},
	{"dev", top, used, "{ip port:whole inspector_port:whole inspector_ip local_protocol:'http'|'https' upstream_protocol:'http'|'https' host enable_containers:bool container_engine:any generate_types:bool}", "ip and port are where `lattice dev` listens without `--host` and `--port`", nil},

	{"$schema", top, elsewhere, "string", "for editors", nil},
	{"account_id", inherited, elsewhere, "string", "for deployments", nil},
	{"route", inherited, elsewhere, routed, "for deployments", nil},
	{"routes", inherited, elsewhere, "[" + routed + "]", "for deployments", nil},
	{"workers_dev", inherited, elsewhere, "bool", "for deployments", nil},
	{"preview_urls", inherited, elsewhere, "bool", "for deployments", nil},
	{"previews", inherited, elsewhere, "any", "for deployments", nil},
	{"placement", inherited, elsewhere, "{mode hint region host hostname}", "for deployments", nil},
	{"limits", inherited, elsewhere, "{cpu_ms:number subrequests:number}", "for deployments", nil},
	{"observability", inherited, elsewhere, "{enabled:bool head_sampling_rate:number redact_query_string:bool issues:any logs:any traces:any}", "for deployments", nil},
	{"logpush", inherited, elsewhere, "bool", "for deployments", nil},
	{"logfwdr", inherited, elsewhere, "{bindings:any}", "for deployments", nil},
	{"access", inherited, elsewhere, "any", "for deployments", nil},
	{"cache", inherited, elsewhere, "{enabled!:bool cross_version_cache:bool}", "for deployments", nil},
	{"compliance_region", inherited, elsewhere, "'public'|'fedramp_high'", "for deployments", nil},
	{"keep_vars", top, elsewhere, "bool", "for deployments", nil},
	{"addresses", top, elsewhere, "[string]", "for deployments", nil},
	{"send_metrics", top, elsewhere, "bool", "for wrangler itself", nil},
	{"dependencies_instrumentation", top, elsewhere, "{enabled:bool exclude_packages:[string]}", "for wrangler itself", nil},
	{"first_party_worker", inherited, elsewhere, "bool", "for deployments", nil},
	{"upload_source_maps", inherited, elsewhere, "bool", "for deployments", nil},
	{"tsconfig", inherited, elsewhere, "string", "for deployments of JavaScript of your own", nil},
	{"jsx_factory", inherited, elsewhere, "string", "for deployments of JavaScript of your own", nil},
	{"jsx_fragment", inherited, elsewhere, "string", "for deployments of JavaScript of your own", nil},
	{"rules", inherited, elsewhere, "[{type! globs!:[string] fallthrough:bool}]", "for deployments of JavaScript of your own", nil},
	{"define", own, elsewhere, "<string>", "for deployments of JavaScript of your own", nil},
	{"alias", top, elsewhere, "<string>", "for deployments of JavaScript of your own", nil},
	{"no_bundle", inherited, elsewhere, "bool", "for deployments of JavaScript of your own", nil},
	{"minify", inherited, elsewhere, "bool", "for deployments of JavaScript of your own", nil},
	{"keep_names", inherited, elsewhere, "bool", "for deployments of JavaScript of your own", nil},
	{"find_additional_modules", inherited, elsewhere, "bool", "for deployments of JavaScript of your own", nil},
	{"preserve_file_names", inherited, elsewhere, "bool", "for deployments of JavaScript of your own", nil},
	{"base_dir", inherited, elsewhere, "string", "for deployments of JavaScript of your own", nil},
	{"python_modules", inherited, elsewhere, "{exclude:[string]}", "for wrangler, which deploys Python", nil},

	{"ai", own, unsupported, "{binding! staging:bool remote:bool}", "Workers AI", nil},
	{"ai_search", own, unsupported, list("instance_name!"), "AI Search", nil},
	{"ai_search_namespaces", own, unsupported, list("namespace!"), "AI Search", nil},
	{"agent_memory", own, unsupported, list("namespace!"), "Agent Memory", nil},
	{"analytics", own, unsupported, single, "Analytics SQL", nil},
	{"artifacts", own, unsupported, list("namespace!"), "Artifacts", nil},
	{"browser", own, unsupported, single, "Browser Run", nil},
	{"cloudchamber", own, unsupported, "any", "containers", nil},
	{"connect", own, unsupported, "[any]", "incoming TCP and UDP connections", nil},
	{"containers", own, unsupported, "[any]", "containers", nil},
	{"dispatch_namespaces", own, unsupported, list("namespace outbound:any"), "Workers for Platforms", nil},
	{"flagship", own, unsupported, list("app_id"), "Flagship", nil},
	{"hyperdrive", own, unsupported, list("id! localConnectionString"), "Hyperdrive", nil},
	{"images", own, unsupported, single, "Images", nil},
	{"k2", own, unsupported, list("stream!"), "K2 streams", nil},
	{"media", own, unsupported, single, "Media Transformations", nil},
	{"mtls_certificates", own, unsupported, list("certificate_id!"), "mTLS certificates", nil},
	{"pipelines", own, unsupported, list("stream pipeline"), "Pipelines", nil},
	{"secrets_store_secrets", own, unsupported, "[{binding! store_id! secret_name!}]", "the Secrets Store", nil},
	{"send_email", own, unsupported, "[{name! destination_address allowed_destination_addresses:[string] allowed_sender_addresses:[string] remote:bool}]", "outgoing email", nil},
	{"site", top, unsupported, "{bucket! entry-point include:[string] exclude:[string]}", "Workers Sites (use assets)", nil},
	{"stream", own, unsupported, single, "Stream", nil},
	{"streaming_tail_consumers", own, unsupported, "[{service!}]", "tail Workers", nil},
	{"tail_consumers", own, unsupported, "[{service! environment}]", "tail Workers", nil},
	{"data_blobs", top, unsupported, "<string>", "bound files (use embed)", nil},
	{"text_blobs", top, unsupported, "<string>", "bound files (use embed)", nil},
	{"wasm_modules", top, unsupported, "<string>", "bound Wasm modules", nil},
	{"unsafe_hello_world", own, unsupported, "[{binding! enable_timer:bool}]", "the Hello World binding", nil},
	{"vectorize", own, unsupported, list("index_name!"), "Vectorize", nil},
	{"vpc_networks", own, unsupported, list("tunnel_id network_id"), "VPC networks", nil},
	{"vpc_services", own, unsupported, list("service_id!"), "VPC services", nil},
	{"worker_loaders", own, unsupported, "[{binding!}]", "Worker loaders", nil},
	{"workflows", own, unsupported, "[{binding! name! class_name! script_name limits:any concurrency:any schedules:any default_retention:any jurisdiction}]", "Workflows", nil},
}

// list is the shape of bindings with these further keys.
func list(fields string) string { return strings.Replace(named, "%s", fields, 1) }

func init() {
	for i := range keys {
		keys[i].parsed = parseShape(keys[i].shape)
	}
}

func keyNamed(name string) *key {
	if i := slices.IndexFunc(keys, func(k key) bool { return k.name == name }); i >= 0 {
		return &keys[i]
	}
	return nil
}

// keyNames are the keys that may stand at the top level, or in an environment.
func keyNames(inEnvironment bool) (names []string) {
	for _, k := range keys {
		if !inEnvironment || k.scope != top {
			names = append(names, k.name)
		}
	}
	return names
}

// removed are keys that wrangler refuses since its version 4.
var removed = map[string]string{
	"legacy_env":  "wrangler 4 has no service environments any more: take the line out; each environment is a Worker of its own, NAME-ENVIRONMENT, as with legacy_env = true",
	"node_compat": "wrangler 4 has no node_compat any more: use the compatibility flag nodejs_compat",
}

// Key is what the table of keys says about one, for documentation and tests.
type Key struct {
	Name     string
	Inherits string // "inherited", "own" or "top level only"
	Use      string // "used", "deployments" or "unsupported"
	Note     string
	Fields   []string // the paths of the keys in it; what ends in * is not looked into
}

// Keys lists all keys that wrangler knows.
func Keys() (all []Key) {
	for _, k := range keys {
		all = append(all, Key{
			Name: k.name, Note: k.note, Fields: k.parsed.paths(k.name),
			Inherits: [...]string{"inherited", "own", "top level only"}[k.scope],
			Use:      [...]string{"used", "deployments", "unsupported"}[k.use],
		})
	}
	return all
}

// paths are the keys in a shape. Arrays do not show.
func (s *shape) paths(prefix string) (all []string) {
	if s.any || s.own != nil {
		return []string{prefix + ".*"}
	}
	if s.each != nil {
		all = s.each.paths(prefix)
	}
	for name, f := range s.fields {
		all = append(all, child(prefix, name))
		all = append(all, f.shape.paths(child(prefix, name))...)
	}
	slices.Sort(all)
	return all
}
