package wrangler

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/internal/cron"
)

// binding is a name in a Worker's environment and where it stands.
type binding struct{ name, path string }

// bindings are the names that a setting binds.
func bindings(key string, v any) (found []binding) {
	named := func(list any, path, field string) {
		entries, _ := list.([]any)
		for i, e := range entries {
			e, _ := e.(map[string]any)
			if name, ok := e[field].(string); ok {
				found = append(found, binding{name, element(path, i) + "." + field})
			}
		}
	}
	table, _ := v.(map[string]any)
	switch key {
	case "vars", "wasm_modules", "text_blobs", "data_blobs":
		for _, name := range slices.Sorted(maps.Keys(table)) {
			found = append(found, binding{name, child(key, name)})
		}
	case "secrets":
		names, _ := table["required"].([]any)
		for i, name := range names {
			if name, ok := name.(string); ok {
				found = append(found, binding{name, element("secrets.required", i)})
			}
		}
	case "durable_objects", "unsafe", "logfwdr":
		named(table["bindings"], key+".bindings", "name")
	case "queues":
		named(table["producers"], "queues.producers", "binding")
	case "ratelimits", "send_email":
		named(v, key, "name")
	default:
		if name, ok := table["binding"].(string); ok {
			found = append(found, binding{name, key + ".binding"})
		}
		named(v, key, "binding")
	}
	return found
}

// at is the path in the file of a setting in effect.
func (d *diagnosis) at(path string) string {
	key, _, _ := strings.Cut(path, ".")
	key, _, _ = strings.Cut(key, "[")
	return d.origin[key] + path
}

// validate refuses what wrangler or Cloudflare would refuse, and warns about what they would warn about and what is different here.
func (d *diagnosis) validate() {
	if !workerName.MatchString(d.Name) {
		d.fail(d.at("name"), "name %q: the name of a Worker has lower-case letters, digits, - and _, and does not begin with -", d.Name)
	}
	d.date()
	d.dates()
	d.names()
	d.objects()
	d.stores()
	d.limits()
	d.messages()
	d.crons()
	d.deployment()
	d.local()
}

func (d *diagnosis) date() {
	date := d.CompatibilityDate
	if _, set := d.settings["compatibility_date"]; !set {
		return
	}
	day, err := time.Parse(time.DateOnly, date)
	switch {
	case strings.ContainsAny(date, "–—"):
		d.fail(d.at("compatibility_date"), "compatibility_date %q has dashes where hyphens belong: write YYYY-MM-DD", date)
	case err != nil:
		d.fail(d.at("compatibility_date"), "compatibility_date %q is not a date: write YYYY-MM-DD", date)
	case day.After(now().UTC()):
		d.warn(d.at("compatibility_date"), "compatibility_date %s is in the future: Cloudflare refuses to deploy that before the day", date)
	}
}

// dates refuses variables that are dates of TOML, which JSON does not have.
func (d *diagnosis) dates() {
	vars, _ := d.settings["vars"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if _, isTime := vars[name].(time.Time); isTime {
			d.fail(d.at("vars."+name), `"vars.%s" is a TOML date, which wrangler does not take: put it into quotes`, name)
		}
	}
}

// names refuses bindings without a name or twice the same.
func (d *diagnosis) names() {
	seen := map[string]string{}
	for _, k := range keys {
		for _, b := range bindings(k.name, d.settings[k.name]) {
			table, _, _ := strings.Cut(strings.TrimSuffix(b.path, "."+b.name), "[")
			if k.name == "secrets" {
				table = "secrets.required"
			}
			if b.name == "" {
				d.fail(d.at(b.path), "an entry of %s has an empty name", table)
				continue
			}
			if other, dup := seen[b.name]; dup {
				d.fail(d.at(b.path), "%q is bound twice: in %s and in %s; each name can be bound once", b.name, other, table)
			}
			seen[b.name] = table
		}
	}
}

func (d *diagnosis) objects() {
	var uncovered []string
	live := d.liveClasses()
	for i, b := range d.Objects {
		path := d.at(element("durable_objects.bindings", i))
		if b.Class == "" {
			d.fail(path+".class_name", `durable object binding %q lacks class_name = "Class"`, b.Name)
		}
		if b.Env != "" && b.Script == "" {
			d.fail(path+".environment", "durable object binding %q has an environment, but no script_name that it is of", b.Name)
		}
		if _, ok := live[b.Class]; !ok && b.Script == "" && !slices.Contains(uncovered, b.Class) {
			uncovered = append(uncovered, b.Class)
		}
	}
	if len(uncovered) > 0 && len(d.Migrations) == 0 {
		d.warn(d.at("durable_objects"), "no migration creates %s, which Cloudflare wants before it deploys: add\n%s", strings.Join(uncovered, ", "),
			d.Add("migrations", true, "tag", d.NextTag(), "new_sqlite_classes", uncovered))
	}
	for name, e := range d.Exports {
		if e.Type == "durable-object" && len(d.Migrations) > 0 {
			d.fail(d.at("exports."+name), "migrations and exports both say which object classes there are: keep one of them")
			break
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Exports)) {
		e, path := d.Exports[name], d.at("exports."+name)
		switch {
		case !slices.Contains([]string{"durable-object", "worker", "workflow"}, e.Type):
			d.fail(path, `"exports.%s.type" must be "durable-object", "worker" or "workflow"`, name)
		case e.Type != "durable-object":
		case !slices.Contains([]string{"", "created", "deleted", "renamed", "transferred", "expecting-transfer"}, e.State):
			d.fail(path, `"exports.%s.state" must be "created", "deleted", "renamed", "transferred" or "expecting-transfer", not %q`, name, e.State)
		case (e.State == "" || e.State == "created") && e.Storage != "sqlite" && e.Storage != "legacy-kv":
			d.fail(path, `"exports.%s.storage" must be "sqlite" or "legacy-kv"`, name)
		}
	}
}

// plainName is what can name a file of the local host as well.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func (d *diagnosis) stores() {
	for i, b := range d.Buckets {
		for field, name := range map[string]string{"bucket_name": b.Name, "preview_bucket_name": b.PreviewName} {
			if name != "" && !bucketName.MatchString(name) {
				d.fail(d.at(element("r2_buckets", i)+"."+field), "%s %q: the name of a bucket has 3 to 63 lower-case letters, digits and hyphens, and no hyphen at its ends", field, name)
			}
		}
	}
	for _, key := range []string{"kv_namespaces.id", "r2_buckets.bucket_name", "analytics_engine_datasets.dataset"} {
		table, field, _ := strings.Cut(key, ".")
		entries, _ := d.settings[table].([]any)
		for i, e := range entries {
			e, _ := e.(map[string]any)
			if e[field] == "" {
				d.fail(d.at(element(table, i)+"."+field), "%s of %s %v is empty", field, table, e["binding"])
			} else if name, _ := e[field].(string); field == "dataset" && name != "" && !plainName.MatchString(name) {
				d.fail(d.at(element(table, i)+"."+field), "%q is not a name for a dataset: use letters, digits and _", name)
			}
		}
	}
	for i, s := range d.Services {
		if s.Service == "" {
			d.fail(d.at(element("services", i)), `service binding %q lacks service = "worker-name"`, s.Binding)
		}
	}
}

func (d *diagnosis) limits() {
	tables, _ := d.settings["ratelimits"].([]any)
	for i, l := range d.RateLimits {
		path := d.at("unsafe.bindings")
		if i < len(tables) {
			path = d.at(element("ratelimits", i))
		}
		if l.Namespace == nil || l.Simple.Limit < 1 || l.Simple.Period != 10 && l.Simple.Period != 60 {
			d.fail(path, `rate limiter %q needs namespace_id = "1001" and simple = { limit = 100, period = 60 }, with a limit of at least 1 and a period of 10 or 60`, l.Name)
		}
	}
	table, _ := d.settings["unsafe"].(map[string]any)
	list, _ := table["bindings"].([]any)
	for i, e := range list {
		e, _ := e.(map[string]any)
		path := d.at(element("unsafe.bindings", i))
		for _, field := range []string{"name", "type"} {
			if text, _ := e[field].(string); text == "" {
				d.fail(path, "%q lacks %s", element("unsafe.bindings", i), field)
			}
		}
		if e["type"] != "ratelimit" && e["type"] != nil {
			d.warn(path, "the unsafe binding %v of type %v is not there on the local host, which knows those of type ratelimit", e["name"], e["type"])
		}
	}
}

func (d *diagnosis) messages() {
	for i, q := range d.Producers {
		path := d.at(element("queues.producers", i))
		d.queueName(path+".queue", q.Queue)
		if q.DeliveryDelay > 0 {
			d.warn(path+".delivery_delay", "delivery_delay has no effect on Cloudflare any more, only on this machine: `wrangler queues update` sets it for the queue")
		}
	}
	for i, q := range d.Consumers {
		path := d.at(element("queues.consumers", i))
		if q.Queue == "" {
			d.fail(path, `an entry of queues.consumers lacks queue = "queue-name"`)
		}
		d.queueName(path+".queue", q.Queue)
		d.queueName(path+".dead_letter_queue", q.DeadLetterQueue)
		if q.Queue != "" && q.Queue == q.DeadLetterQueue {
			d.fail(path+".dead_letter_queue", "queue %s cannot be its own dead letter queue: name another one, which needs no consumer", q.Queue)
		}
		// https://developers.cloudflare.com/queues/platform/limits/
		for _, n := range []struct {
			key   string
			value *int
			most  int
		}{
			{"max_batch_size", q.MaxBatchSize, 100}, {"max_batch_timeout", q.MaxBatchTimeout, 60}, {"max_retries", q.MaxRetries, 100}, {"retry_delay", &q.RetryDelay, 86400},
		} {
			if n.value != nil && (*n.value < 0 || *n.value > n.most) {
				d.fail(path+"."+n.key, "%s of queue %s is %d: Cloudflare takes 0 to %d", n.key, q.Queue, *n.value, n.most)
			}
		}
		if q.MaxConcurrency != nil {
			d.warn(path+".max_concurrency", "max_concurrency counts on Cloudflare only: the local host delivers one batch of a queue at a time")
		}
	}
}

func (d *diagnosis) queueName(path, name string) {
	if name != "" && !plainName.MatchString(name) {
		d.fail(path, "%q is not a name for a queue: use letters, digits and -", name)
	}
}

func (d *diagnosis) crons() {
	for i, text := range d.Crons {
		if _, err := cron.Parse(text); err != nil {
			d.fail(d.at(element("triggers.crons", i)), "triggers.crons: %q: %v", text, err)
		}
	}
}

// deployment is what only a deployment would trip over.
func (d *diagnosis) deployment() {
	if d.settings["route"] != nil && d.settings["routes"] != nil && d.origin["route"] == d.origin["routes"] {
		d.fail(d.at("route"), "route and routes both say where the Worker answers: keep one of them")
	}
	for _, key := range []string{"route", "account_id"} {
		if d.settings[key] == "" {
			d.warn(d.at(key), "%s is empty and ignored: take the line out", key)
		}
	}
}

// local warns about what the local host does not have.
func (d *diagnosis) local() {
	for _, k := range keys {
		v := d.settings[k.name]
		if v == nil || k.use != unsupported {
			continue
		}
		bound := bindings(k.name, v)
		if len(bound) == 0 {
			if list, ok := v.([]any); !ok || len(list) > 0 {
				d.warn(d.at(k.name), "%s: the local host has no %s; it counts on Cloudflare only", k.name, k.note)
			}
		}
		for _, b := range bound {
			d.warn(d.at(b.path), "%s: the local host has no %s: %s is not bound there, and what uses it fails; it is there on Cloudflare", k.name, k.note, b.name)
		}
	}
	for _, name := range []string{"kv_namespaces", "d1_databases", "r2_buckets", "services", "queues.producers", "analytics_engine_datasets"} {
		why := "the local host talks to no account"
		if name == "kv_namespaces" || name == "d1_databases" || name == "r2_buckets" {
			why = "lattice dev alone leads it to the account, when there are credentials: CLOUDFLARE_API_TOKEN, or the session of wrangler login"
		}
		for i, e := range d.list(name) {
			if e, _ := e.(map[string]any); e["remote"] == true {
				path := element(name, i) + ".remote"
				d.warn(d.at(path), "remote: %v is local here all the same: %s", e["binding"], why)
			}
		}
	}
	if t, _ := d.settings["triggers"].(map[string]any); t["events"] != nil {
		d.warn(d.at("triggers.events"), "triggers.events: the local host delivers no events of Artifacts")
	}
	if a, _ := d.settings["assets"].(map[string]any); a["base_path"] != nil {
		d.warn(d.at("assets.base_path"), "assets.base_path: the local host serves the files from the root")
	}
	for i, e := range d.list("d1_databases") {
		if e, _ := e.(map[string]any); e["migrations_pattern"] != nil {
			d.warn(d.at(element("d1_databases", i)+".migrations_pattern"), "migrations_pattern: the local host applies the *.sql files of migrations_dir")
		}
	}
	if p := d.Dev.Port; p != nil && (*p < 0 || *p > 65535) {
		d.fail("dev.port", "dev.port %d: a port is a number from 0 to 65535", *p)
	}
	if d.Dev.Protocol == "https" {
		d.warn("dev.local_protocol", "dev.local_protocol: lattice dev speaks http; a browser takes http://localhost for secure, too")
	}
}

// list is an array in the settings.
func (d *diagnosis) list(path string) []any {
	key, below, nested := strings.Cut(path, ".")
	v := d.settings[key]
	if nested {
		table, _ := v.(map[string]any)
		v = table[below]
	}
	entries, _ := v.([]any)
	return entries
}

// Add writes a table that is to be added to the file, or an element of an array of tables, in the file's own language. Pairs are keys and values.
func (c *Config) Add(table string, array bool, pairs ...any) string {
	return snippet(c.JSON(), table, array, pairs)
}
