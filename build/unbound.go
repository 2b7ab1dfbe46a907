package build

import (
	"fmt"
	"path/filepath"
	"strings"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
)

// complete gives the configuration of a program of github.com/syumai/workers the stores that the program opens by name, when the file has none of
// that kind at all: their ids are known once they were made on Cloudflare, and locally they need none. It returns the lines to add, as warnings.
func complete(cfg *wrangler.Config, opens []compile.Open) (warnings []string) {
	had := map[string]bool{"kv": len(cfg.KV) > 0, "d1": len(cfg.Databases) > 0, "r2": len(cfg.Buckets) > 0, "queue": len(cfg.Producers) > 0, "object": len(cfg.Objects) > 0}
	seen := map[compile.Open]bool{}
	for _, o := range opens {
		if key := (compile.Open{Kind: o.Kind, Name: o.Name}); had[o.Kind] || seen[key] {
			continue
		} else {
			seen[key] = true
		}
		table, lines := "", []string{"binding = %[1]q"}
		switch o.Kind {
		case "kv":
			cfg.KV = append(cfg.KV, wrangler.KVNamespace{Binding: o.Name})
			table, lines = "kv_namespaces", append(lines, `id = "…"  # wrangler kv namespace create %[1]s`)
		case "d1":
			cfg.Databases = append(cfg.Databases, wrangler.Database{Binding: o.Name, Name: cfg.Name})
			table, lines = "d1_databases", append(lines, `database_name = %[2]q`, `database_id = "…"  # wrangler d1 create %[2]s`)
		case "r2":
			cfg.Buckets = append(cfg.Buckets, wrangler.Bucket{Binding: o.Name})
			table, lines = "r2_buckets", append(lines, `bucket_name = %[2]q  # wrangler r2 bucket create %[2]s`)
		case "queue":
			cfg.Producers = append(cfg.Producers, wrangler.Producer{Binding: o.Name, Queue: cfg.Name})
			table, lines = "queues.producers", append(lines, `queue = %[2]q  # wrangler queues create %[2]s`)
		default:
			warnings = append(warnings, fmt.Sprintf("%s opens the Durable Object binding %s, which %s does not have: add its [[durable_objects.bindings]]", o.Where, o.Name, filepath.Base(cfg.Path)))
			continue
		}
		warnings = append(warnings, fmt.Sprintf("%s opens the binding %s, which %s does not have. The local host goes on with one of its own; on Cloudflare the program would fail. Add to %s:\n\n[[%s]]\n%s\n",
			o.Where, o.Name, filepath.Base(cfg.Path), filepath.Base(cfg.Path), table, fill(strings.Join(lines, "\n"), o.Name, cfg.Name)))
	}
	return warnings
}

// fill puts the name of a binding (%[1]) and that of the Worker (%[2]) into a text that may need only one.
func fill(text, binding, worker string) string {
	return fmt.Sprintf(text+"%.0[1]s%.0[2]s", binding, worker)
}
