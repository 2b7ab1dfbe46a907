package deploy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

// wholeConfig is a configuration with every kind of binding that deployments know.
var wholeConfig = `name = "everything"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"
compatibility_flags = ["nodejs_compat"]
workers_dev = true
preview_urls = false
logpush = true
keep_vars = false
routes = [
  "example.com/api/*",
  { pattern = "shop.example.com/*", zone_name = "example.com" },
  { pattern = "app.example.com", custom_domain = true },
]

[build]
command = "lattice build --config PROJECT/wrangler.toml ./tests/hello"
cwd = "REPOSITORY"

[vars]
TEXT = "text with \"quotes\" and ünïcode"
NUMBER = 12.5
LIST = ["a", 1, true]
TABLE = { deep = { x = "y" } }

[placement]
mode = "smart"

[limits]
cpu_ms = 50

[observability]
enabled = true
head_sampling_rate = 0.5

[triggers]
crons = ["*/5 * * * *", "0 0 * * MON"]

[assets]
directory = "public"
binding = "ASSETS"
html_handling = "drop-trailing-slash"
not_found_handling = "404-page"
run_worker_first = ["/api/*", "!/api/docs/*"]

[durable_objects]
bindings = [
  { name = "COUNTERS", class_name = "Counter" },
  { name = "OTHERS", class_name = "Other", script_name = "another" },
  { name = "STAGED", class_name = "Other", script_name = "another", environment = "staging" },
]
code_update_strategy = { mode = "deferred", max_delay = 60 }

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Count", "Old"]
[[migrations]]
tag = "v2"
renamed_classes = [{ from = "Count", to = "Counter" }]
deleted_classes = ["Old"]
` + everyBinding("")

// everyBinding are the bindings that environments do not inherit.
func everyBinding(env string) string {
	prefix := ""
	if env != "" {
		prefix = "env." + env + "."
	}
	text := regexp.MustCompile(`(?m)^(\[+)`).ReplaceAllString(`
[[kv_namespaces]]
binding = "KV"
id = "00000000000000000000000000000abc"
[[r2_buckets]]
binding = "BUCKET"
bucket_name = "bucket"
[[r2_buckets]]
binding = "EU_BUCKET"
bucket_name = "eu-bucket"
jurisdiction = "eu"
[[d1_databases]]
binding = "DB"
database_name = "base"
database_id = "11111111-1111-1111-1111-111111111111"
[[queues.producers]]
binding = "JOBS"
queue = "jobs"
[[queues.producers]]
binding = "SLOW"
queue = "slow"
delivery_delay = 5
[[queues.consumers]]
queue = "jobs"
max_batch_size = 7
max_batch_timeout = 3
max_retries = 4
max_concurrency = 2
retry_delay = 9
dead_letter_queue = "dead"
[[queues.consumers]]
queue = "slow"
[[services]]
binding = "PLAIN"
service = "another"
[[services]]
binding = "ENTRY"
service = "another"
entrypoint = "Api"
environment = "production"
props = { tenant = "a", level = 3 }
[[analytics_engine_datasets]]
binding = "EVENTS"
dataset = "events"
[[analytics_engine_datasets]]
binding = "UNNAMED"
[[ratelimits]]
name = "LIMIT"
namespace_id = "1001"
simple = { limit = 100, period = 60 }
[version_metadata]
binding = "VERSION"
[ai]
binding = "AI"
[browser]
binding = "BROWSER"
[images]
binding = "IMAGES"
[stream]
binding = "STREAM"
[media]
binding = "MEDIA"
[[vectorize]]
binding = "VECTORS"
index_name = "vectors"
[[hyperdrive]]
binding = "HYPER"
id = "22222222222222222222222222222222"
[[mtls_certificates]]
binding = "CERT"
certificate_id = "33333333-3333-3333-3333-333333333333"
[[send_email]]
name = "MAIL"
[[send_email]]
name = "MAIL_TO"
destination_address = "someone@example.com"
[[send_email]]
name = "MAIL_SOME"
allowed_destination_addresses = ["a@example.com", "b@example.com"]
[[secrets_store_secrets]]
binding = "STORED"
store_id = "44444444444444444444444444444444"
secret_name = "stored"
[[dispatch_namespaces]]
binding = "DISPATCH"
namespace = "dispatched"
outbound = { service = "another", parameters = ["a", "b"] }
[[pipelines]]
binding = "PIPE"
pipeline = "pipe"
[[vpc_services]]
binding = "VPC"
service_id = "55555555-5555-5555-5555-555555555555"
[[worker_loaders]]
binding = "LOADER"
[[tail_consumers]]
service = "tailing"
[[unsafe.bindings]]
name = "ODD"
type = "ratelimit"
namespace_id = "7"
simple = { limit = 1, period = 10 }
`, "${1}"+prefix)
	if env != "" {
		text = strings.NewReplacer(`"jobs"`, `"jobs-`+env+`"`, `"slow"`, `"slow-`+env+`"`).Replace(text) // a queue has one consumer
	}
	return text
}

var public = map[string]string{
	"public/index.html": "<h1>home</h1>", "public/404.html": "no such page", "public/app.js": "console.log(1)", "public/deep/er/data.json": "{}",
	"public/copy.html": "<h1>home</h1>", "public/plain": "no ending", "public/.hidden": "hidden", "public/odd.unknownending": "?", "public/empty.txt": "",
	"public/large.bin": strings.Repeat("0123456789", 1000), "public/ünï cöde.txt": "name", "public/draft.md": "not this one", "public/secret/key.txt": "nor this",
	"public/.assetsignore": "*.md\nsecret\n", "public/_headers": "/*\n  X-All: yes\n", "public/_redirects": "/old /new 301\n",
}

// difference is a place in which the two may differ, as a pattern of "METHOD path: field", and why.
type difference struct{ place, why string }

// allowed are those for a program of the SDK.
var allowed = []difference{
	{upload + "module app.wasm (name|file)", "wrangler puts a hash before the name of the module and rewrites the import; the bytes are the same"},
	{upload + "(main_module|module main (name|content))", "wrangler bundles worker.mjs once more, into worker.js; what it imports and exports stays"},
	{upload + "module worker.js.map .*", "the source map of that second bundling; worker.mjs itself keeps its names"},
	{"(POST|PUT) /queues/ID/consumers.*: header Content-Type", "wrangler leaves the type of this JSON to fetch, which calls it text"},
	{"PUT .*/domains/records: override_existing_(origin|dns_record)", "wrangler, where nobody can be asked, takes domains from other Workers and DNS records; lattice does so with --take-domains alone"},
}

// upload begins the fields of the two kinds of uploads.
const upload = "(POST .*/versions|PUT .*/scripts/[a-z-]+): "

// sent are the fields of the requests that change something, by "METHOD path: field".
func sent(t *testing.T, api *cloudflareapi.Server) map[string]string {
	t.Helper()
	return fields(t, api.Requests())
}

func fields(t *testing.T, requests []cloudflareapi.Request) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for _, r := range requests {
		if r.Method == "GET" {
			continue
		}
		if r.Status >= 400 {
			t.Errorf("%s", r)
		}
		at := r.Method + " " + strings.TrimPrefix(r.Path, "/accounts/"+cloudflareapi.AccountID)
		at = regexp.MustCompile(`/queues/[0-9a-f]{32}`).ReplaceAllString(at, "/queues/ID")
		if strings.Contains(r.Path, "/queues/") {
			at += " of " + fmt.Sprint(r.JSON().(map[string]any)["settings"].(map[string]any)["batch_size"])
		}
		put := func(name string, v any) {
			key := at + ": " + name
			if have, twice := fields[key]; twice {
				v = have + " and " + fmt.Sprint(v)
			}
			fields[key] = fmt.Sprint(v)
		}
		for name, values := range r.Query {
			put("query "+name, values)
		}
		for _, name := range []string{"Authorization", "Content-Type", "Cloudflare-Workers-Script-Api-Date"} {
			v, _, _ := strings.Cut(r.Header.Get(name), ";")
			if v != "" {
				put("header "+name, v)
			}
		}
		if strings.HasSuffix(r.Path, "/assets/upload") {
			for _, p := range r.Parts {
				fields[at+": file "+p.Name] = p.Type + " " + p.Filename + " " + string(p.Content)
			}
			continue
		}
		flatten(r.JSON(), "", put)
		for _, p := range r.Parts {
			if p.Name == "metadata" {
				put("metadata type", p.Type+p.Filename)
				continue
			}
			plain := mainModule.ReplaceAllString(p.Name, "main")
			plain = regexp.MustCompile(`^[0-9a-f]{40}-`).ReplaceAllString(strings.TrimPrefix(plain, "./"), "")
			put("module "+plain+" name", p.Name)
			put("module "+plain+" file", p.Name == p.Filename)
			put("module "+plain+" type", p.Type)
			content := p.Content
			if p.Type == "application/source-map" {
				var table map[string]any // the order of its keys means nothing
				if err := json.Unmarshal(content, &table); err != nil {
					t.Error(err)
				}
				content, _ = json.Marshal(table)
				content = temporary.ReplaceAll(content, nil)
			}
			put("module "+plain+" content", fmt.Sprintf("%d bytes, %x", len(content), sha256.Sum256(content)))
		}
	}
	return fields
}

// temporary is the folder of wrangler's that names what is no file.
var temporary = regexp.MustCompile(`\.wrangler/tmp/(deploy|versions-upload)-\w+/`)

// mainModule are the names that the two give the bundle.
var mainModule = regexp.MustCompile(`^worker\.m?js$`)

// flatten puts the leaves of JSON by their paths. Bindings go by their names, their order means nothing.
func flatten(v any, at string, put func(string, any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			flatten(e, path.Join(at, name), put)
		}
		if len(v) == 0 && at != "" {
			put(at, "{}")
		}
	case []any:
		for i, e := range v {
			key := fmt.Sprint(i)
			if m, ok := e.(map[string]any); ok && at == "bindings" {
				key = fmt.Sprint(m["name"])
			}
			flatten(e, path.Join(at, key), put)
		}
		if len(v) == 0 {
			put(at, "[]")
		}
	default:
		if s, ok := v.(string); ok && strings.HasPrefix(s, "eyJ") {
			v = "a JWT"
		}
		text, _ := json.Marshal(v)
		put(at, string(text))
	}
}

// differ compares, and marks which of the permissions were used.
func differ(t *testing.T, allowed []difference, wrangler, lattice map[string]string, used map[int]bool) {
	t.Helper()
	all := maps.Clone(wrangler)
	maps.Copy(all, lattice)
	if len(wrangler) == 0 {
		t.Error("wrangler sent nothing")
	}
next:
	for _, key := range slices.Sorted(maps.Keys(all)) {
		w, inWrangler := wrangler[key]
		l, inLattice := lattice[key]
		if w == l && inWrangler == inLattice {
			continue
		}
		for i, a := range allowed {
			if ok, _ := regexp.MatchString("^"+a.place+"$", key); ok {
				used[i] = true
				continue next
			}
		}
		t.Errorf("%s\n  wrangler %s\n  lattice  %s", key, said(w, inWrangler), said(l, inLattice))
	}
}

func said(text string, is bool) string {
	if !is {
		return "does not send it"
	}
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return "sends " + text
}

// What `lattice deploy` sends is what `wrangler deploy` sends for the same project, field by field, but for what is listed: for a Worker that is new, for
// one that is there, and for an environment with migrations that are not applied yet (compared with wrangler 4.164.0, November 2026).
func TestLatticeSendsWhatWranglerSends(t *testing.T) {
	config := wholeConfig + `
[env.staging]
routes = []
vars = { TEXT = "staging" }
[env.staging.durable_objects]
bindings = [{ name = "COUNTERS", class_name = "Counter" }]
` + everyBinding("staging")
	p := newProject(t, config, public)
	start := func() *cloudflareapi.Server {
		api := cloudflareapi.Start(t)
		api.AddQueues("jobs", "slow", "jobs-staging", "slow-staging", "dead")
		api.AddDatabase("base", "11111111-1111-1111-1111-111111111111")
		return api
	}
	theirs, ours := start(), start()
	used := map[int]bool{}
	stdin := ""
	both := func(name string, args ...string) {
		t.Run(name, func(t *testing.T) {
			theirs.Forget()
			ours.Forget()
			must(t)(p.lattice(ours, stdin, args...))
			must(t)(p.wrangler(theirs, stdin, args...))
			differ(t, allowed, sent(t, theirs), sent(t, ours), used)
		})
	}
	p.write("secrets.env", "FIRST=one\nSECOND='two'\nBOTH=${FIRST}+$SECOND\nPAID=\\$5\n")
	both("a new Worker", "deploy", "--secrets-file", "secrets.env", "--var", "TEXT:of the command line", "--message", "the first", "--tag", "v1.0.0")
	both("a Worker that is there", "deploy", "--message", "the second", "--keep-vars")
	both("a version that is not live", "versions", "upload", "--message", "the third", "--tag", "v1.2.0")
	stdin = "of the standard input \n"
	both("a secret", "secret", "put", "THIRD")
	stdin = `{"FOURTH": "four", "THIRD": null}`
	both("many secrets", "secret", "bulk")
	stdin = ""
	both("a secret less", "secret", "delete", "FOURTH")
	both("a new Worker of an environment", "deploy", "--env", "staging")
	p.write("wrangler.toml", strings.Replace(config, "[[kv_namespaces]]", "[[migrations]]\ntag = \"v3\"\nnew_sqlite_classes = [\"Later\"]\n[[migrations]]\ntag = \"v4\"\ndeleted_classes = [\"Later\"]\n[[kv_namespaces]]", 1))
	both("a migration that is not applied yet", "deploy")
	for i, a := range allowed {
		if !used[i] {
			t.Errorf("the difference %q is allowed, and is none any more: take it off the list", a.place)
		}
	}
}
