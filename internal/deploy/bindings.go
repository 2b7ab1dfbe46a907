package deploy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kind is a table of bindings in the configuration, and what becomes of it in the metadata.
type kind struct {
	path   string // of the table, or of the list of them
	typ    string // in the metadata
	name   string // the key with the binding's name; "" is "binding"
	needs  string // a key without which there is nothing to bind
	fields string // of the metadata, as "theirs" or "theirs:ours"
}

// kinds are all that wrangler deploys, in the order of its documentation.
var kinds = []kind{
	{path: "kv_namespaces", typ: "kv_namespace", needs: "id", fields: "namespace_id:id"},
	{path: "durable_objects.bindings", typ: "durable_object_namespace", name: "name", fields: "class_name script_name environment"},
	{path: "queues.producers", typ: "queue", needs: "queue", fields: "queue_name:queue delivery_delay"},
	{path: "r2_buckets", typ: "r2_bucket", needs: "bucket_name", fields: "bucket_name jurisdiction"},
	{path: "d1_databases", typ: "d1", needs: "database_id", fields: "id:database_id internalEnv:database_internal_env"},
	{path: "services", typ: "service", fields: "service environment entrypoint props cross_account_grant"},
	{path: "analytics_engine_datasets", typ: "analytics_engine", fields: "dataset"},
	{path: "ratelimits", typ: "ratelimit", name: "name", fields: "namespace_id simple"},
	{path: "version_metadata", typ: "version_metadata"},
	{path: "assets", typ: "assets"},
	{path: "ai", typ: "ai", fields: "staging"},
	{path: "browser", typ: "browser"},
	{path: "images", typ: "images"},
	{path: "stream", typ: "stream"},
	{path: "media", typ: "media"},
	{path: "analytics", typ: "analytics"},
	{path: "vectorize", typ: "vectorize", fields: "index_name"},
	{path: "hyperdrive", typ: "hyperdrive", needs: "id", fields: "id"},
	{path: "mtls_certificates", typ: "mtls_certificate", fields: "certificate_id"},
	{path: "send_email", typ: "send_email", name: "name", fields: "destination_address allowed_destination_addresses allowed_sender_addresses"},
	{path: "secrets_store_secrets", typ: "secrets_store_secret", fields: "store_id secret_name"},
	{path: "dispatch_namespaces", typ: "dispatch_namespace", needs: "namespace", fields: "namespace"},
	{path: "workflows", typ: "workflow", needs: "script_name", fields: "workflow_name:name class_name script_name"},
	{path: "pipelines", typ: "pipelines", fields: "stream pipeline"},
	{path: "vpc_services", typ: "vpc_service", fields: "service_id"},
	{path: "vpc_networks", typ: "vpc_network", fields: "tunnel_id network_id"},
	{path: "worker_loaders", typ: "worker_loader"},
	{path: "ai_search", typ: "ai_search", fields: "instance_name"},
	{path: "ai_search_namespaces", typ: "ai_search_namespace", needs: "namespace", fields: "namespace"},
	{path: "agent_memory", typ: "agent_memory", needs: "namespace", fields: "namespace"},
	{path: "artifacts", typ: "artifacts", fields: "namespace"},
	{path: "flagship", typ: "flagship", needs: "app_id", fields: "app_id"},
	{path: "k2", typ: "k2", fields: "stream"},
	{path: "unsafe_hello_world", typ: "unsafe_hello_world", fields: "enable_timer"},
}

// binding is one as the metadata has it.
type binding map[string]any

func (b binding) String() string {
	text := fmt.Sprintf("%-24v %v", b["name"], b["type"])
	for _, key := range slices.Sorted(maps.Keys(b)) {
		// The values of variables may be long or not everybody's business.
		if key != "name" && key != "type" && key != "text" && key != "json" && key != "props" {
			text += fmt.Sprintf(" %s=%v", key, b[key])
		}
	}
	return text
}

// collect makes the bindings of the configuration and of the command line.
func (p *Plan) collect(errs *[]error) (list []binding) {
	for _, name := range slices.Sorted(maps.Keys(p.Config.Vars)) {
		if p.overrides(name) {
			continue
		}
		if v := p.Config.Setting("vars").(map[string]any)[name]; p.Config.Vars[name].JSON == "" {
			list = append(list, binding{"name": name, "type": "plain_text", "text": p.Config.Vars[name].Text})
		} else {
			list = append(list, binding{"name": name, "type": "json", "json": v})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Vars)) {
		if _, secret := p.Secrets[name]; !secret {
			list = append(list, binding{"name": name, "type": "plain_text", "text": p.Vars[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Secrets)) {
		list = append(list, binding{"name": name, "type": "secret_text", "text": p.Secrets[name]})
	}
	for _, k := range kinds {
		for i, table := range tables(p.Config.Setting(k.path)) {
			b, err := k.binding(table, p.NoProvision)
			if err != nil {
				*errs = append(*errs, p.at(fmt.Sprintf("%s[%d]", k.path, i), "%v", err))
			} else if b != nil && !p.overrides(fmt.Sprint(b["name"])) {
				if d, is := p.draftOf(k, k.path, table, b, len(list)); is {
					p.drafts = append(p.drafts, d)
					if b[stores[k.typ].id] == nil {
						b = binding{"name": b["name"], "type": "inherit"}
					}
				}
				list = append(list, b)
			}
		}
	}
	for _, table := range tables(p.Config.Setting("unsafe.bindings")) {
		list = append(list, maps.Clone(binding(table)))
	}
	for _, name := range p.Config.Secrets {
		if !slices.ContainsFunc(list, func(b binding) bool { return b["name"] == name }) {
			list = append(list, binding{"name": name, "type": "inherit"})
		}
	}
	return list
}

// overrides reports whether the command line binds a name.
func (p *Plan) overrides(name string) bool {
	_, isVar := p.Vars[name]
	_, isSecret := p.Secrets[name]
	return isVar || isSecret
}

// tables are the elements of a list, or the one table.
func tables(v any) (list []map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		return []map[string]any{v}
	case []any:
		for _, e := range v {
			if table, ok := e.(map[string]any); ok {
				list = append(list, table)
			}
		}
	}
	return list
}

// whatItLacks says how to come by the resource of a binding that names none.
var whatItLacks = map[string]string{
	"kv_namespace": "make one with `lattice kv namespace create NAME`, or on the dashboard, and write its id",
	"d1":           "make one with `lattice d1 create NAME`, or on the dashboard, and write its database_id",
	"r2_bucket":    "make one with `lattice r2 bucket create NAME`, or on the dashboard, and write its bucket_name",
	"queue":        "make one with `lattice queues create NAME`, or on the dashboard, and write its name as queue",
	"workflow":     "lattice deploy binds Workflows of other Workers only; use `wrangler deploy`",
}

// binding makes one of its table. What names no resource is an error when none shall be made.
func (k kind) binding(table map[string]any, named bool) (binding, error) {
	key := k.name
	if key == "" {
		key = "binding"
	}
	name, _ := table[key].(string)
	if name == "" {
		return nil, nil // assets without a binding
	}
	if _, provisioned := stores[k.typ]; k.needs != "" && empty(table[k.needs]) && (named || !provisioned) {
		what := whatItLacks[k.typ]
		if what == "" {
			what = "write it"
		}
		return nil, fmt.Errorf("%s has no %s: %s", name, k.needs, what)
	}
	b := binding{"name": name, "type": k.typ}
	for field := range strings.FieldsSeq(k.fields) {
		theirs, ours, renamed := strings.Cut(field, ":")
		if !renamed {
			ours = theirs
		}
		if v := table[ours]; v != nil && v != "" {
			b[theirs] = v
		}
	}
	if out, ok := table["outbound"].(map[string]any); ok && k.typ == "dispatch_namespace" {
		b["outbound"] = outbound(out)
	}
	return b, nil
}

// outbound is the Worker that a dispatched one's requests go through.
func outbound(table map[string]any) map[string]any {
	worker := map[string]any{"service": table["service"]}
	if e := table["environment"]; e != nil {
		worker["environment"] = e
	}
	out := map[string]any{"worker": worker}
	if list, ok := table["parameters"].([]any); ok {
		params := []any{}
		for _, name := range list {
			params = append(params, map[string]any{"name": name})
		}
		out["params"] = params
	}
	return out
}
