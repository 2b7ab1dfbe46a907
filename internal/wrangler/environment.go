package wrangler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// keys checks the settings of the top level, or with a prefix those of an environment.
func (d *diagnosis) keys(prefix string, table map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		path := prefix + name
		k := keyNamed(name)
		switch {
		case removed[name] != "" && (prefix == "" || name == "node_compat"):
			d.fail(path, "%s: %s", quote(path), removed[name])
		case k == nil:
			d.unknown(path, name, keyNames(prefix != ""))
		case k.scope == top && prefix != "":
			d.warn(path, "%s is ignored: it counts at the top level only", quote(path))
		default:
			d.check(k.parsed, path, table[name])
		}
	}
}

// environment returns the settings in effect: those of the top level, or of an environment with what it inherits.
func (d *diagnosis) environment(raw, environments map[string]any, env string) map[string]any {
	if env == "" {
		return maps.Clone(raw)
	}
	prefix := "env." + env + "."
	table, ok := environments[env].(map[string]any)
	if !ok {
		return d.noEnvironment(raw, env)
	}
	d.keys(prefix, table)
	settings := map[string]any{}
	for _, k := range keys {
		above, here := raw[k.name], table[k.name]
		switch {
		case k.scope != top && here != nil:
			settings[k.name], d.origin[k.name] = here, prefix
			if k.scope == own && above != nil {
				d.lost(k.name, env, above, here)
			}
		case k.scope != own && above != nil:
			settings[k.name] = above
		case k.scope == own && above != nil:
			d.warn(strings.TrimSuffix(prefix, "."), "%q stands at the top level, but not in env.%s, which does not inherit it: the Worker has none there. Add %s to env.%s", k.name, env, d.under(k.name, env), env)
		}
	}
	if name, ok := raw["name"].(string); ok && name != "" && table["name"] == nil {
		settings["name"] = name + "-" + env
	}
	d.customDomains(raw, table, env)
	return settings
}

// under is how a key of an environment is written.
func (d *diagnosis) under(name, env string) string {
	k := keyNamed(name)
	switch {
	case d.json:
		return quote(name)
	case k.parsed.each != nil && k.parsed.each.fields != nil:
		return fmt.Sprintf("[[env.%s.%s]]", env, name)
	case name == "durable_objects":
		return fmt.Sprintf("[[env.%s.durable_objects.bindings]]", env)
	}
	return fmt.Sprintf("[env.%s.%s]", env, name)
}

// noEnvironment is what wrangler makes of an environment that the file does not have: an error; but where there is none at all, the top level under another
// name, with a warning.
func (d *diagnosis) noEnvironment(raw map[string]any, env string) map[string]any {
	missing := "[env." + env + "]"
	if d.json {
		missing = quote("env." + env)
	}
	if len(d.Environments) > 0 {
		d.fail("env", "there is no %s; environments here: %s", missing, strings.Join(d.Environments, ", "))
		return nil
	}
	d.warn("", "there is no %s, and no other environment: the settings of the top level are used", missing)
	settings := maps.Clone(raw)
	if name, ok := raw["name"].(string); ok && name != "" {
		settings["name"] = name + "-" + env
	}
	return settings
}

// lost warns about variables and bindings of the top level that an environment, which has others, lacks.
func (d *diagnosis) lost(key, env string, above, here any) {
	in := map[string]bool{}
	for _, b := range bindings(key, here) {
		in[b.name] = true
	}
	for _, b := range bindings(key, above) {
		if !in[b.name] {
			d.warn("env."+env+"."+key, "%q of %q at the top level is not in env.%s, which does not inherit it: add it to %s", b.name, key, env, d.under(key, env))
		}
	}
}

// customDomains warns about an environment that would take the domains of the top level away.
func (d *diagnosis) customDomains(raw, table map[string]any, env string) {
	if table["routes"] != nil {
		return
	}
	routes, _ := raw["routes"].([]any)
	for i, r := range routes {
		if r, _ := r.(map[string]any); r["custom_domain"] == true {
			d.warn(element("routes", i), "env.%s inherits the custom domain %v, and would take it away from the Worker of the top level: give env.%s routes of its own, or none: routes = []", env, r["pattern"], env)
		}
	}
}

const unknownKey = "unknown key "

// unknown warns about a key that wrangler does not know, and guesses what was meant.
func (d *diagnosis) unknown(path, name string, known []string) {
	text := fmt.Sprintf(unknownKey+"%q is ignored", path)
	if near := nearest(name, known); near != "" {
		text += fmt.Sprintf("; did you mean %q?", near)
	} else if slices.Contains(keyNames(false), name) && strings.Contains(path, ".") {
		text += fmt.Sprintf(": %q belongs at the top level, in TOML above the first [table]", name)
	} else {
		text += "; is it misspelt or in the wrong table?"
	}
	d.warn(path, "%s", text)
}

// nearest returns the name that is a letter or two away, if there is one.
func nearest(name string, known []string) (best string) {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(s))
	}
	least := min(2, len(name)/3) + 1
	for _, k := range known {
		if n := distance(plain(name), plain(k)); n < least {
			best, least = k, n
		}
	}
	return best
}

// distance counts the letters to add, take away or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
