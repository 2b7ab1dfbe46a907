package wrangler

import (
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// passing are keys that wrangler knows and Lattice has no use for. They are accepted at the top level and in
// environments, with everything below them.
var passing = []string{
	"account_id", "ai", "alias", "analytics_engine_datasets", "assets", "base_dir", "browser", "cloudchamber", "compliance_region",
	"containers", "data_blobs", "define", "dependencies_instrumentation", "dev", "dispatch_namespaces", "exports",
	"find_additional_modules", "first_party_worker", "hyperdrive", "images", "jsx_factory", "jsx_fragment", "keep_names", "keep_vars", "kv_namespaces",
	"legacy_env", "limits", "logfwdr", "logpush", "media", "minify", "mtls_certificates", "no_bundle", "observability", "pages_build_output_dir",
	"pipelines", "placement", "preserve_file_names", "preview_urls", "queues", "r2_buckets", "ratelimits", "route", "routes", "rules", "secrets", "secrets_store_secrets",
	"send_email", "send_metrics", "site", "streaming_tail_consumers", "tail_consumers", "text_blobs", "tsconfig", "unsafe",
	"unsafe_hello_world", "upload_source_maps", "vars", "vectorize", "version_metadata", "vpc_services", "wasm_modules", "worker_loaders",
	"workers_dev", "workflows", "zone_id", "$schema",
}

// warn records every key that neither Lattice nor wrangler knows.
func (c *Config) warn(unknown []toml.Key) {
	for _, k := range unknown {
		rest := []string(k)
		if rest[0] == "env" {
			continue // another environment: checked when it is chosen
		}
		if slices.Contains(passing, rest[0]) {
			continue
		}
		c.Warnings = append(c.Warnings, Warning{
			Line: c.lines.ofKey(rest),
			Text: fmt.Sprintf("unknown key %q is ignored; is it misspelt or in the wrong table?", strings.Join(rest, ".")),
		})
	}
	for _, q := range c.Consumers {
		if q.MaxConcurrency != nil {
			c.Warnings = append(c.Warnings, Warning{
				Line: c.lines.ofKey([]string{"queues", "consumers", "max_concurrency"}),
				Text: "max_concurrency counts on Cloudflare only: the local host delivers one batch of a queue at a time",
			})
			break
		}
	}
}

// lineIndex finds where keys and strings stand in a TOML text. It reads line by line, which is enough for messages:
// the TOML library does not tell the positions of keys.
type lineIndex struct {
	lines []string
	keys  map[string]int
}

func newLineIndex(text string) *lineIndex {
	x := &lineIndex{lines: strings.Split(text, "\n"), keys: map[string]int{}}
	table := ""
	for i, line := range x.lines {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			head, _, _ := strings.Cut(strings.TrimLeft(line, "["), "]")
			table = normalKey(head)
			x.note(table, i+1)
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		key = normalKey(key)
		if table != "" {
			key = table + "." + key
		}
		x.note(key, i+1)
	}
	return x
}

func (x *lineIndex) note(key string, line int) {
	if _, ok := x.keys[key]; !ok {
		x.keys[key] = line
	}
}

// ofKey returns the line of a key, or of the nearest table around it, or 0.
func (x *lineIndex) ofKey(key []string) int {
	for n := len(key); n > 0; n-- {
		if line, ok := x.keys[strings.Join(key[:n], ".")]; ok {
			return line
		}
	}
	return 0
}

func (x *lineIndex) ofString(value string) int {
	for i, line := range x.lines {
		if strings.Contains(line, `"`+value+`"`) || strings.Contains(line, `'`+value+`'`) {
			return i + 1
		}
	}
	return 0
}

func normalKey(key string) string {
	parts := strings.Split(key, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return strings.Join(parts, ".")
}
