package deploy

import (
	"maps"
	"slices"

	"grove.place/lattice/internal/wrangler"
)

// metadata is the part of the upload that says what the modules are.
func (p *Plan) metadata(migrations map[string]any, jwt string) map[string]any {
	if p.main == "" {
		return p.filesAlone(jwt)
	}
	list := p.bindings
	if list == nil {
		list = []binding{}
	}
	m := map[string]any{
		"main_module": p.main, "bindings": list, "compatibility_date": p.Config.CompatibilityDate,
		"compatibility_flags": append([]string{}, p.Config.CompatibilityFlags...),
		"keep_bindings":       p.keep(),
	}
	put := func(name string, v any) {
		if v != nil {
			m[name] = v
		}
	}
	if migrations != nil {
		m["migrations"] = migrations
	}
	if exports, _ := p.Config.Setting("exports").(map[string]any); len(exports) > 0 {
		m["exports"] = exports
	}
	for _, name := range []string{"logpush", "tail_consumers", "streaming_tail_consumers", "limits", "observability"} {
		put(name, p.Config.Setting(name))
	}
	put("cache_options", p.Config.Setting("cache"))
	put("placement", p.placement())
	if p.Message != "" || p.Tag != "" {
		m["annotations"] = p.annotations()
	}
	if p.assets != nil {
		m["assets"] = map[string]any{"jwt": jwt, "config": p.assets.config}
	}
	if extra, _ := p.Config.Setting("unsafe.metadata").(map[string]any); extra != nil {
		maps.Copy(m, extra)
	}
	return m
}

// filesAlone is the metadata of a Worker without a program.
func (p *Plan) filesAlone(jwt string) map[string]any {
	m := map[string]any{
		"assets": map[string]any{"jwt": jwt, "config": p.assets.config}, "compatibility_date": p.Config.CompatibilityDate, "compatibility_flags": append([]string{}, p.Config.CompatibilityFlags...),
	}
	if p.Message != "" || p.Tag != "" {
		m["annotations"] = p.annotations()
	}
	return m
}

func (p *Plan) keep() []string {
	var kinds []string
	if p.keepsVars() {
		kinds = append(kinds, "plain_text", "json")
	}
	return append(kinds, "secret_text", "secret_key") // secrets are set by themselves, and never taken away
}

func (p *Plan) keepsVars() bool { return p.KeepVars || p.Config.Setting("keep_vars") == true }

func (p *Plan) annotations() map[string]any {
	notes := map[string]any{}
	if p.Message != "" {
		notes["workers/message"] = p.Message
	}
	if p.Tag != "" {
		notes["workers/tag"] = p.Tag
	}
	if p.Alias != "" {
		notes["workers/alias"] = p.Alias
	}
	return notes
}

// placement says where the Worker runs: smart, or where something is. https://developers.cloudflare.com/workers/configuration/placement/
func (p *Plan) placement() any {
	table, _ := p.Config.Setting("placement").(map[string]any)
	if hint := table["hint"]; hint != nil && hint != "" {
		return map[string]any{"mode": "smart", "hint": hint}
	}
	switch table["mode"] {
	case "off":
		return nil
	case "smart":
		return map[string]any{"mode": "smart"}
	}
	for _, key := range []string{"region", "host", "hostname"} {
		if v := table[key]; v != nil && v != "" {
			return map[string]any{"mode": "targeted", key: v}
		}
	}
	return nil
}

// Strategy says when objects that run take up a new version: durable_objects.code_update_strategy, or by wrangler's default when they are idle, and after
// five minutes in any case.
func Strategy(cfg *wrangler.Config) any {
	if extra, _ := cfg.Setting("unsafe.metadata").(map[string]any); extra["code_update_strategy"] != nil {
		return extra["code_update_strategy"]
	}
	table, _ := cfg.Setting("durable_objects.code_update_strategy").(map[string]any)
	if table["mode"] == "immediate" {
		return map[string]any{"mode": "immediate"}
	}
	var delay any = 300 // seconds
	if table["max_delay"] != nil {
		delay = table["max_delay"]
	}
	return map[string]any{"mode": "deferred", "max_delay": delay}
}

// declares reports whether the object classes stand in exports, and not in migrations.
func (p *Plan) declares() bool {
	for _, e := range p.Config.Exports {
		if e.Type == "durable-object" {
			return true
		}
	}
	return false
}

// migrations are the steps from the tag that the server has to the last one, or nil. A tag that the file does not know, because steps were taken away
// from it, gets all of them.
func (p *Plan) migrations(tag string) map[string]any {
	list := tables(p.Config.Setting("migrations"))
	if len(list) == 0 || p.declares() {
		return nil
	}
	at := slices.IndexFunc(list, func(m map[string]any) bool { return m["tag"] == tag })
	if tag != "" && at == len(list)-1 {
		return nil
	}
	steps := []any{}
	for _, m := range list[at+1:] {
		step := maps.Clone(m)
		delete(step, "tag")
		steps = append(steps, step)
	}
	out := map[string]any{"new_tag": list[len(list)-1]["tag"], "steps": steps}
	if tag != "" {
		out["old_tag"] = tag
	}
	return out
}

// tags are those of the Worker, with the ones that group the environments of a program on the dashboard.
func (p *Plan) tags(now []string) []string {
	const service, environment = "cf:service=", "cf:environment="
	next := slices.DeleteFunc(slices.Clone(now), func(t string) bool { return hasPrefix(t, service) || hasPrefix(t, environment) })
	if len(p.Config.Environments) == 0 || p.Config.TopName == "" {
		return next
	}
	next = append(next, service+p.Config.TopName)
	if p.Environment != "" {
		next = append(next, environment+p.Environment)
	}
	return next
}

func hasPrefix(s, prefix string) bool { return len(s) >= len(prefix) && s[:len(prefix)] == prefix }
