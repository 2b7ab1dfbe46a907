package host

import (
	"fmt"
	"maps"
	"slices"

	"grove.place/lattice/internal/abi"
)

// environment is the result of ENV, sorted by name.
func environment(cfg Config, version string) abi.Object {
	entries := map[string]abi.Object{}
	for name, v := range cfg.Vars {
		kind := "text"
		if v.JSON {
			kind = "json"
		}
		entries[name] = abi.Object{{Name: "kind", Value: kind}, {Name: "value", Value: v.Value}}
	}
	for name, kind := range cfg.Others {
		entries[name] = abi.Object{{Name: "kind", Value: kind}}
	}
	for name, class := range cfg.Objects {
		entries[name] = abi.Object{{Name: "kind", Value: "namespace"}, {Name: "class", Value: class}}
	}
	for name := range cfg.Databases {
		entries[name] = abi.Object{{Name: "kind", Value: "d1"}}
	}
	for name := range cfg.Queues {
		entries[name] = abi.Object{{Name: "kind", Value: "queue"}}
	}
	for name := range cfg.Buckets {
		entries[name] = abi.Object{{Name: "kind", Value: "r2"}}
	}
	for name := range cfg.RateLimits {
		entries[name] = abi.Object{{Name: "kind", Value: "ratelimit"}}
	}
	for name := range cfg.Analytics {
		entries[name] = abi.Object{{Name: "kind", Value: "analytics"}}
	}
	if cfg.Version != "" {
		entries[cfg.Version] = abi.Object{{Name: "kind", Value: "json"}, {Name: "value", Value: version}}
	}
	for name := range cfg.KV {
		entries[name] = abi.Object{{Name: "kind", Value: "kv"}}
	}
	if cfg.Assets != nil && cfg.Assets.Binding != "" {
		entries[cfg.Assets.Binding] = abi.Object{{Name: "kind", Value: "fetcher"}}
	}
	for name := range cfg.Services {
		entries[name] = abi.Object{{Name: "kind", Value: "fetcher"}}
	}
	env := abi.Object{}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		env = append(env, abi.Field{Name: name, Value: entries[name]})
	}
	return env
}

// newVersion is the metadata of the version that runs: each start of a host is one, as in wrangler dev.
func (h *Host) newVersion() string {
	if h.cfg.Version == "" {
		return ""
	}
	id := h.randomHex(16)
	return fmt.Sprintf(`{"id":"%s-%s-4%s-a%s-%s","tag":"","timestamp":%q}`, id[:8], id[8:12], id[13:16], id[17:20], id[20:], h.cfg.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
}
