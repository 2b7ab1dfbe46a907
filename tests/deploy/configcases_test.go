package deploy

const everything = `name = "all"
main = "src/worker.mjs"
compatibility_date = "2026-10-01"
compatibility_flags = ["nodejs_compat"]
account_id = "abc"
workers_dev = true
routes = [{ pattern = "a.example/*", zone_name = "a.example" }]
[build]
command = "make"
cwd = "sub"
[vars]
TEXT = "a"
NUMBER = 12345678901
FLOAT = 1.5
LIST = [1, "two", { x = true }]
[[durable_objects.bindings]]
name = "OBJECTS"
class_name = "Thing"
[[durable_objects.bindings]]
name = "OTHERS"
class_name = "Other"
script_name = "elsewhere"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Thing"]
[[migrations]]
tag = "v2"
renamed_classes = [{ from = "Thing", to = "Thing2" }]
deleted_classes = ["Thing2"]
[[d1_databases]]
binding = "DB"
database_name = "db"
database_id = "1"
migrations_dir = "sql"
[[kv_namespaces]]
binding = "KV"
id = "abc"
preview_id = "def"
[[r2_buckets]]
binding = "FILES"
bucket_name = "my-files"
jurisdiction = "eu"
[[queues.producers]]
binding = "QUEUE"
queue = "jobs"
[[queues.consumers]]
queue = "jobs"
max_batch_size = 5
max_retries = 0
dead_letter_queue = "dead"
retry_delay = 10
[[services]]
binding = "AUTH"
service = "auth"
entrypoint = "Admin"
[[analytics_engine_datasets]]
binding = "VISITS"
[[ratelimits]]
name = "LOGINS"
namespace_id = "1001"
simple = { limit = 10, period = 60 }
[version_metadata]
binding = "VERSION"
[assets]
directory = "public"
binding = "ASSETS"
not_found_handling = "404-page"
run_worker_first = ["/api/*"]
[triggers]
crons = ["*/5 * * * *"]
[observability]
enabled = true
[placement]
mode = "smart"
[limits]
cpu_ms = 50
`

const inheriting = `name = "app"
main = "a.mjs"
compatibility_date = "2026-10-01"
[vars]
A = "top"
B = "top"
[[kv_namespaces]]
binding = "KV"
id = "1"
[[d1_databases]]
binding = "DB"
[[queues.producers]]
binding = "QUEUE"
queue = "q"
[triggers]
crons = ["0 0 * * *"]
[assets]
directory = "public"
[env.bare]
[env.own]
name = "named"
main = "b.mjs"
compatibility_flags = ["x"]
[env.own.vars]
A = "own"
[[env.own.kv_namespaces]]
binding = "OTHER"
id = "2"
[[env.own.d1_databases]]
binding = "DB"
database_name = "own"
[[env.own.queues.producers]]
binding = "QUEUE"
queue = "own"
[env.own.triggers]
crons = []
[env.top]
keep_vars = true
nonsense = 1
vars = { A = "1", B = "2" }
kv_namespaces = [{ binding = "KV", id = "3" }]
d1_databases = [{ binding = "DB" }]
queues = { producers = [{ binding = "QUEUE", queue = "q2" }] }
`

const dotenvText = `# comment
PLAIN=a b # comment
HASH=a#b
export EXPORTED="x\ny\tz"
SINGLE='a \n "b"'
BACK=` + "`it's \"so\"`" + `
LINES="one
two"
COLON: yes
EMPTY=
nonsense
OPEN="oh
AFTER="a" b
ESCAPED="a \"b\" c"
DASH-ED.KEY=1
9=nine
TWICE=1
TWICE=2
REF=$PLAIN-${HASH}
DEFAULT=${NONE:-d}${PLAIN:+set}
LITERAL=\$PLAIN
LATER=$END
  SPACED  =  x
END=e`

const head = "name = \"app\"\ncompatibility_date = \"2026-10-01\"\n"

var configCases = []configCase{
	{name: "everything", file: "wrangler.toml", text: everything},
	{name: "JSON with comments", file: "wrangler.jsonc", text: `{
	// comment
	"$schema": "x", "name": "app", "main": "./src/../w.mjs", /* and */ "compatibility_date": "2026-10-01",
	"vars": { "URL": "https://x//y", "NULL": null, "DEEP": { "a": [1.50, null, { "b": "c" }] }, },
	"kv_namespaces": [{ "binding": "KV" },],
	"triggers": { "crons": ["* * * * *"] },
}`},
	{name: "plain JSON", file: "wrangler.json", text: `{"name": "app", "r2_buckets": [{"binding": "R2"}], "queues": {"producers": [{"binding": "Q"}]}}`},
	{name: "a byte order mark", file: "wrangler.json", text: "\ufeff{\"name\": \"app\"}"},
	{name: "exports", file: "wrangler.jsonc", text: `{"name": "app", "exports": {"A": {"type": "durable-object", "storage": "sqlite"}, "B": {"type": "durable-object", "state": "deleted"}},
	"durable_objects": {"bindings": [{"name": "AS", "class_name": "A"}]}}`},

	{name: "the top level of environments", file: "wrangler.toml", text: inheriting},
	{name: "an environment that says nothing", file: "wrangler.toml", text: inheriting, env: "bare", warn: []string{
		`19: "vars" stands at the top level, but not in env.bare`, `19: "d1_databases" stands`, `19: "kv_namespaces" stands`, `19: "queues" stands`}},
	{name: "an environment with settings of its own", file: "wrangler.toml", text: inheriting, env: "own", warn: []string{
		`24: "B" of "vars" at the top level is not in env.own`, `26: "KV" of "kv_namespaces" at the top level is not in env.own`}},
	{name: "keys of the top level in an environment", file: "wrangler.toml", text: inheriting, env: "top", warn: []string{
		`38: "env.top.keep_vars" is ignored: it counts at the top level only`, `39: unknown key "env.top.nonsense"`}},
	{name: "an environment that is not there", file: "wrangler.toml", text: inheriting, env: "other", refuse: `wrangler.toml:19: there is no [env.other]; environments here: bare, own, top`},
	{name: "an environment where there is none", file: "wrangler.toml", text: head + "[vars]\nA = \"1\"\n", env: "other", warn: []string{"there is no [env.other], and no other environment"}},
	{name: "an environment in JSON", file: "wrangler.jsonc", text: "{\"name\": \"app\",\n\"vars\": {\"A\": 1},\n\"env\": {\n\"x\": {\n\"vars\": {\"B\": 2}}}}", env: "x", warn: []string{`5: "A" of "vars" at the top level is not in env.x`}},
	{name: "an environment that JSON lacks", file: "wrangler.json", text: "{\"name\": \"app\",\n\"env\": {\"x\": {}}}", env: "y", refuse: `wrangler.json:2: there is no "env.y"; environments here: x`},
	{name: "a custom domain that is inherited", file: "wrangler.toml", text: head + "routes = [\n{ pattern = \"a.example\", custom_domain = true }]\n[env.x]\n", env: "x", warn: []string{"4: env.x inherits the custom domain a.example"}},
	{name: "migrations of an environment", file: "wrangler.toml", text: head + "[[migrations]]\ntag = \"v1\"\nnew_classes = [\"A\"]\n[[env.x.migrations]]\ntag = \"x1\"\nnew_sqlite_classes = [\"B\"]\n", env: "x"},
	{name: "an object binding that an environment lacks", file: "wrangler.toml", text: head + "[[migrations]]\ntag = \"v1\"\nnew_classes = [\"A\"]\n[[durable_objects.bindings]]\nname = \"ONE\"\nclass_name = \"A\"\n[[env.x.durable_objects.bindings]]\nname = \"TWO\"\nclass_name = \"A\"\n", env: "x",
		warn: []string{`"ONE" of "durable_objects" at the top level is not in env.x`}},

	{name: "unknown keys", file: "wrangler.toml", text: head + "compatability_date = \"x\"\n[[d1_databases]]\nbinding = \"A\"\n[[d1_databases]]\nbinding = \"DB\"\nbindng = \"x\"\n[assets]\ndirektory = \"p\"\n[triggers]\ncron = []\n",
		warn: []string{`3: unknown key "compatability_date" is ignored; did you mean "compatibility_date"?`, `8: unknown key "d1_databases[1].bindng" is ignored; did you mean "binding"?`,
			`10: unknown key "assets.direktory" is ignored; did you mean "directory"?`, `12: unknown key "triggers.cron" is ignored; did you mean "crons"?`}},
	{name: "unknown keys in JSON", file: "wrangler.json", text: "{\"name\": \"app\",\n\"kvNamespaces\": [],\n\"queues\": {\n\"producer\": []}}", warn: []string{
		`2: unknown key "kvNamespaces" is ignored; did you mean "kv_namespaces"?`, `4: unknown key "queues.producer" is ignored; did you mean "producers"?`}},
	{name: "a key after a table", file: "wrangler.toml", text: "name = \"app\"\n[build]\ncommand = \"x\"\nmain = \"a.mjs\"\n", warn: []string{`4: unknown key "build.main" is ignored: "main" belongs at the top level, in TOML above the first [table]`}},
	{name: "an object class without a migration", file: "wrangler.toml", text: head + "[[durable_objects.bindings]]\nname = \"A\"\nclass_name = \"A\"\n", warn: []string{`3: no migration creates A`}},
	{name: "a delay of deliveries", file: "wrangler.toml", text: head + "[[queues.producers]]\nbinding = \"Q\"\nqueue = \"q\"\ndelivery_delay = 3\n", warn: []string{"6: delivery_delay has no effect on Cloudflare"}},
	{name: "empty texts", file: "wrangler.toml", text: head + "route = \"\"\naccount_id = \"\"\n", warn: []string{"3: route is empty", "4: account_id is empty"}},
	{name: "what the local host lacks", file: "wrangler.toml", text: head + "[ai]\nbinding = \"AI\"\n[[vectorize]]\nbinding = \"V\"\nindex_name = \"i\"\n[[tail_consumers]]\nservice = \"tail\"\n[[kv_namespaces]]\nbinding = \"KV\"\nremote = true\n", warn: []string{
		"4: ai: the local host has no Workers AI: AI is not bound there", "6: vectorize: the local host has no Vectorize: V is not bound there", "8: tail_consumers: the local host has no tail Workers", "12: remote: KV is local here"}},

	{name: "a number for a name", file: "wrangler.toml", text: "\nname = 3\n", refuse: `wrangler.toml:2: "name" must be a string, not 3`},
	{name: "a name with capitals", file: "wrangler.toml", text: "name = \"My App\"\n", refuse: `wrangler.toml:1: name "My App"`},
	{name: "a date of TOML", file: "wrangler.toml", text: "compatibility_date = 2026-10-01\n", refuse: `wrangler.toml:1: "compatibility_date" must be a string, not the date 2026-10-01`},
	{name: "a variable that is a date", file: "wrangler.toml", text: "[vars]\nDAY = 2026-10-01\n", refuse: `wrangler.toml:2: "vars.DAY" is a TOML date`},
	{name: "no date", file: "wrangler.toml", text: "compatibility_date = \"yesterday\"\n", refuse: `compatibility_date "yesterday" is not a date`},
	{name: "long dashes", file: "wrangler.toml", text: "compatibility_date = \"2026–10–01\"\n", refuse: "has dashes where hyphens belong"},
	{name: "a day that is none", file: "wrangler.toml", text: "compatibility_date = \"2026-13-01\"\n", refuse: "is not a date"},
	{name: "flags that are no array", file: "wrangler.toml", text: "compatibility_flags = \"a\"\n", refuse: `"compatibility_flags" must be an array of strings, not "a"`},
	{name: "a table for bindings", file: "wrangler.toml", text: "[kv_namespaces]\nbinding = \"KV\"\n", refuse: `wrangler.toml:1: "kv_namespaces" must be an array of tables, [[…]], not {"binding":"KV"}`},
	{name: "an array for objects", file: "wrangler.toml", text: "[[durable_objects]]\nname = \"A\"\n", refuse: `wrangler.toml:1: "durable_objects" must be a table, not [`},
	{name: "a binding without a name", file: "wrangler.json", text: "{\n\"kv_namespaces\": [{\"binding\": \"A\"},\n{\"id\": \"x\"}]}", refuse: `wrangler.json:3: "kv_namespaces[1]" lacks binding: write "binding": "…"`},
	{name: "an object binding without a class", file: "wrangler.toml", text: "[[durable_objects.bindings]]\nname = \"A\"\n", refuse: `"durable_objects.bindings[0]" lacks class_name`},
	{name: "an environment of no script", file: "wrangler.toml", text: "[[durable_objects.bindings]]\nname = \"A\"\nclass_name = \"B\"\nenvironment = \"x\"\n", refuse: `wrangler.toml:4: durable object binding "A" has an environment, but no script_name`},
	{name: "a name bound twice", file: "wrangler.toml", text: "[vars]\nDB = \"x\"\n[[d1_databases]]\nbinding = \"DB\"\n", refuse: `wrangler.toml:4: "DB" is bound twice: in vars and in d1_databases`},
	{name: "a name bound twice in one kind", file: "wrangler.toml", text: "[[kv_namespaces]]\nbinding = \"A\"\n[[kv_namespaces]]\nbinding = \"A\"\n", refuse: `wrangler.toml:4: "A" is bound twice: in kv_namespaces and in kv_namespaces`},
	{name: "a secret and a variable", file: "wrangler.toml", text: "[vars]\nKEY = \"x\"\n[secrets]\nrequired = [\"KEY\"]\n", refuse: `"KEY" is bound twice: in vars and in secrets.required`},
	{name: "an assets binding and a variable", file: "wrangler.toml", text: "[vars]\nASSETS = \"x\"\n[assets]\nbinding = \"ASSETS\"\ndirectory = \"p\"\n", refuse: `"ASSETS" is bound twice: in vars and in assets`},
	{name: "a bucket's name", file: "wrangler.toml", text: "[[r2_buckets]]\nbinding = \"A\"\nbucket_name = \"My_Bucket\"\n", refuse: `wrangler.toml:3: bucket_name "My_Bucket"`},
	{name: "an empty id", file: "wrangler.toml", text: "[[kv_namespaces]]\nbinding = \"A\"\nid = \"\"\n", refuse: "wrangler.toml:3: id of kv_namespaces A is empty"},
	{name: "a period of a rate limiter", file: "wrangler.toml", text: "[[ratelimits]]\nname = \"A\"\nnamespace_id = \"1\"\nsimple = { limit = 1, period = 30 }\n", refuse: "a period of 10 or 60"},
	{name: "a rate limiter without a period", file: "wrangler.toml", text: "[[ratelimits]]\nname = \"A\"\nnamespace_id = \"1\"\nsimple = { limit = 1 }\n", refuse: `"ratelimits[0].simple" lacks period`},
	{name: "a limiter and a namespace of one name", file: "wrangler.toml", text: "[[ratelimits]]\nname = \"A\"\nnamespace_id = \"1\"\nsimple = { limit = 1, period = 10 }\n[[kv_namespaces]]\nbinding = \"A\"\n", refuse: `"A" is bound twice`, ours: true},
	{name: "a consumer that pulls", file: "wrangler.toml", text: "[[queues.consumers]]\nqueue = \"q\"\ntype = \"http_pull\"\n", refuse: `"queues.consumers[0].type" must be "worker", not "http_pull"`},
	{name: "a consumer without a queue", file: "wrangler.toml", text: "[[queues.consumers]]\nmax_retries = 1\n", refuse: `"queues.consumers[0]" lacks queue`},
	{name: "limits of a consumer", file: "wrangler.toml", text: "[[queues.consumers]]\nqueue = \"q\"\nmax_batch_size = 101\nmax_batch_timeout = 60\n", refuse: "wrangler.toml:3: max_batch_size of queue q is 101: Cloudflare takes 0 to 100", ours: true},
	{name: "a queue that is its own dead letter queue", file: "wrangler.toml", text: "[[queues.consumers]]\nqueue = \"q\"\ndead_letter_queue = \"q\"\n", refuse: "wrangler.toml:3: queue q cannot be its own dead letter queue", ours: true},
	{name: "a path for the name of a queue", file: "wrangler.toml", text: "[[queues.producers]]\nbinding = \"Q\"\nqueue = \"../q\"\n", refuse: `wrangler.toml:3: "../q" is not a name for a queue`, ours: true},
	{name: "a sentence for the name of a dataset", file: "wrangler.toml", text: "[[analytics_engine_datasets]]\nbinding = \"A\"\ndataset = \"a b\"\n", refuse: `wrangler.toml:3: "a b" is not a name for a dataset`, ours: true},
	{name: "a service binding without a service", file: "wrangler.toml", text: "[[services]]\nbinding = \"A\"\n", refuse: `"services[0]" lacks service`},
	{name: "a migration without a tag", file: "wrangler.toml", text: "[[migrations]]\nnew_classes = [\"A\"]\n", refuse: `"migrations[0]" lacks tag`},
	{name: "a rename that is none", file: "wrangler.toml", text: "[[migrations]]\ntag = \"v1\"\nrenamed_classes = [\"A\"]\n", refuse: `"migrations[0].renamed_classes[0]" must be a table, not "A"`},
	{name: "migrations and exports", file: "wrangler.toml", text: "[[migrations]]\ntag = \"v1\"\n[exports.A]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n", refuse: "migrations and exports both say"},
	{name: "an export without a storage", file: "wrangler.toml", text: "[exports.A]\ntype = \"durable-object\"\n", refuse: `"exports.A.storage" must be "sqlite" or "legacy-kv"`},
	{name: "a route and routes", file: "wrangler.toml", text: "route = \"a\"\nroutes = [\"b\"]\n", refuse: "wrangler.toml:1: route and routes"},
	{name: "crons that are no array", file: "wrangler.toml", text: "[triggers]\ncrons = \"* * * * *\"\n", refuse: `wrangler.toml:2: "triggers.crons" must be an array of strings`},
	{name: "a cron that is none", file: "wrangler.toml", text: "[triggers]\ncrons = [\n\"* * * * *\",\n\"often\"]\n", refuse: `wrangler.toml:4: triggers.crons: "often": a cron has five fields`, ours: true},
	{name: "html_handling", file: "wrangler.toml", text: "[assets]\ndirectory = \"p\"\nhtml_handling = \"nice\"\n", refuse: `wrangler.toml:3: "assets.html_handling" must be "auto-trailing-slash" or`},
	{name: "a port that is a text", file: "wrangler.toml", text: "[dev]\nport = \"8787\"\n", refuse: `wrangler.toml:2: "dev.port" must be a whole number, not "8787"`},
	{name: "service environments", file: "wrangler.toml", text: "legacy_env = false\n", refuse: "wrangler.toml:1: \"legacy_env\": wrangler 4 has no service environments"},
	{name: "node_compat", file: "wrangler.toml", text: "node_compat = true\n", refuse: "nodejs_compat"},
	{name: "broken TOML", file: "wrangler.toml", text: "name = \n", refuse: "wrangler.toml:1:8: not valid TOML"},
	{name: "broken JSON", file: "wrangler.json", text: "{\"name\": }", refuse: "wrangler.json:1: not valid JSON"},
	{name: "a wrong type in an environment", file: "wrangler.toml", text: head + "[env.x]\nworkers_dev = \"yes\"\n", env: "x", refuse: `wrangler.toml:4: "env.x.workers_dev" must be true or false, not "yes"`},

	{name: "JSON before TOML", files: map[string]string{"wrangler.toml": "name = \"toml\"\n", "wrangler.jsonc": `{"name": "jsonc"}`, "wrangler.json": `{"name": "json"}`}},
	{name: "comments before TOML", files: map[string]string{"wrangler.toml": "name = \"toml\"\n", "wrangler.jsonc": `{"name": "jsonc"}`}},

	{name: ".dev.vars", file: "wrangler.toml", text: head + "[vars]\nPLAIN = \"var\"\nKEPT = 3\n", files: map[string]string{".dev.vars": dotenvText, ".env": "NOT=read"}},
	{name: ".dev.vars of an environment", file: "wrangler.toml", text: head + "[env.x]\n", env: "x", files: map[string]string{".dev.vars": "A=1\nB=1", ".dev.vars.x": "A=x"}},
	{name: ".env", file: "wrangler.toml", text: head + "[vars]\nPLAIN = \"var\"\n", files: map[string]string{".env": dotenvText, ".env.local": "TWICE=3\nEND=local", ".env.x": "TWICE=x"}},
	{name: ".env of an environment", file: "wrangler.toml", text: head + "[env.x]\n", env: "x", files: map[string]string{".env": "A=1\nB=$A\nC=1", ".env.local": "A=2", ".env.x": "C=3", ".env.x.local": "D=${C}4"}},
	{name: "secrets", file: "wrangler.toml", text: head + "[vars]\nV = \"v\"\n[secrets]\nrequired = [\"KEY\", \"PATH\"]\n", files: map[string]string{".env": "KEY=1\nV=2\nOTHER=3"}},
	{name: "secrets from .dev.vars", file: "wrangler.toml", text: head + "[vars]\nV = \"v\"\n[secrets]\nrequired = [\"KEY\", \"PATH\"]\n", files: map[string]string{".dev.vars": "KEY=1\nV=2\nOTHER=3"}},
}
