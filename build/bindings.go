package build

import (
	"fmt"
	"slices"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
)

// unbound warns about bindings that the source of a program opens and the configuration does not have. It is no error: a program may do without one.
func unbound(cfg *wrangler.Config, opens []compile.Open) (warnings []string) {
	var told []string
	for _, o := range opens {
		key := o.Kind + " " + o.Name
		if slices.Contains(boundAs(cfg, o.Kind), o.Name) || slices.Contains(told, key) {
			continue
		}
		told = append(told, key)
		warnings = append(warnings, fmt.Sprintf("%s: %s opens the binding %s, which is not there. Add:\n%s", cfg.Path, o.Where, o.Name, binding(cfg, o)))
	}
	return warnings
}

// boundAs are the names of the bindings of a kind.
func boundAs(cfg *wrangler.Config, kind string) (names []string) {
	switch kind {
	case "kv":
		for _, b := range cfg.KV {
			names = append(names, b.Binding)
		}
	case "d1":
		for _, b := range cfg.Databases {
			names = append(names, b.Binding)
		}
	case "r2":
		for _, b := range cfg.Buckets {
			names = append(names, b.Binding)
		}
	case "queue":
		for _, b := range cfg.Producers {
			names = append(names, b.Binding)
		}
	case "ratelimit":
		for _, b := range cfg.RateLimits {
			names = append(names, b.Name)
		}
	case "analytics":
		for _, b := range cfg.Datasets {
			names = append(names, b.Binding)
		}
	case "version":
		names = append(names, cfg.VersionMetadata)
	case "service":
		for _, b := range cfg.Services {
			names = append(names, b.Binding)
		}
		if cfg.Assets != nil {
			names = append(names, cfg.Assets.Binding)
		}
	}
	return names
}

// binding writes what to add for one.
func binding(cfg *wrangler.Config, o compile.Open) string {
	switch o.Kind {
	case "kv":
		return cfg.Add("kv_namespaces", true, "binding", o.Name, "id", "what `lattice kv namespace create "+o.Name+"` prints")
	case "d1":
		return cfg.Add("d1_databases", true, "binding", o.Name, "database_name", cfg.Name, "database_id", "what `lattice d1 create "+cfg.Name+"` prints")
	case "r2":
		return cfg.Add("r2_buckets", true, "binding", o.Name, "bucket_name", cfg.Name)
	case "queue":
		return cfg.Add("queues.producers", true, "binding", o.Name, "queue", cfg.Name)
	case "ratelimit":
		return cfg.Add("ratelimits", true, "name", o.Name, "namespace_id", "1001", "simple", wrangler.Inline{"limit", 100, "period", 60})
	case "analytics":
		return cfg.Add("analytics_engine_datasets", true, "binding", o.Name, "dataset", cfg.Name)
	case "version":
		return cfg.Add("version_metadata", false, "binding", o.Name)
	}
	if o.Name == "ASSETS" {
		return cfg.Add("assets", false, "directory", "public", "binding", o.Name)
	}
	return cfg.Add("services", true, "binding", o.Name, "service", "its-worker")
}
