package build

import (
	"fmt"
	"path/filepath"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
)

// complete gives the configuration of a program of github.com/syumai/workers the stores that the program opens by name, when the file has none of
// that kind at all: their ids are known once they were made on Cloudflare, and locally they need none. It returns the lines to add, as warnings.
func complete(cfg *wrangler.Config, opens []compile.Open) (warnings []string) {
	had := map[string]bool{"kv": len(cfg.KV) > 0, "d1": len(cfg.Databases) > 0, "r2": len(cfg.Buckets) > 0, "queue": len(cfg.Producers) > 0, "object": len(cfg.Objects) > 0}
	seen := map[string]bool{}
	file := filepath.Base(cfg.Path)
	for _, o := range opens {
		key := o.Kind + " " + o.Name
		if had[o.Kind] || seen[key] {
			continue
		}
		seen[key] = true
		lines := bind(cfg, o)
		if o.Kind == "object" {
			warnings = append(warnings, fmt.Sprintf("%s opens the Durable Object binding %s, which %s does not have: add it, with its class\n\n%s\n", o.Where, o.Name, file, lines))
			continue
		}
		warnings = append(warnings, fmt.Sprintf("%s opens the binding %s, which %s does not have. The local host goes on with one of its own; on Cloudflare the program would fail. Add to %s:\n\n%s\n",
			o.Where, o.Name, file, file, lines))
	}
	return warnings
}

// bind adds a binding to the configuration, and returns it as the file would have it.
func bind(cfg *wrangler.Config, o compile.Open) (lines string) {
	switch o.Kind {
	case "kv":
		cfg.KV = append(cfg.KV, wrangler.KVNamespace{Binding: o.Name})
	case "d1":
		cfg.Databases = append(cfg.Databases, wrangler.Database{Binding: o.Name, Name: cfg.Name})
	case "r2":
		cfg.Buckets = append(cfg.Buckets, wrangler.Bucket{Binding: o.Name})
	case "queue":
		cfg.Producers = append(cfg.Producers, wrangler.Producer{Binding: o.Name, Queue: cfg.Name})
	default:
		return cfg.Add("durable_objects.bindings", true, "name", o.Name, "class_name", "its class")
	}
	return binding(cfg, o)
}
