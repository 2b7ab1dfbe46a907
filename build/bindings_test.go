package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/compile"
	"grove.place/lattice/internal/wrangler"
)

func TestBindingsThatTheSourceOpensAreAskedFor(t *testing.T) {
	for _, k := range []struct{ kind, name, toml, json string }{
		{"kv", "NOTES", "[[kv_namespaces]]\nbinding = \"NOTES\"\nid = ", `"kv_namespaces": [{ "binding": "NOTES", "id": `},
		{"d1", "DB", "[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"app\"\n", `"d1_databases": [{ "binding": "DB", "database_name": "app", `},
		{"r2", "FILES", "[[r2_buckets]]\nbinding = \"FILES\"\nbucket_name = \"app\"", `"r2_buckets": [{ "binding": "FILES", "bucket_name": "app" }]`},
		{"queue", "JOBS", "[[queues.producers]]\nbinding = \"JOBS\"\nqueue = \"app\"", `"queues": { "producers": [{ "binding": "JOBS", "queue": "app" }] }`},
		{"ratelimit", "LOGINS", "[[ratelimits]]\nname = \"LOGINS\"\nnamespace_id = \"1001\"\nsimple = { limit = 100, period = 60 }",
			`"ratelimits": [{ "name": "LOGINS", "namespace_id": "1001", "simple": { "limit": 100, "period": 60 } }]`},
		{"analytics", "VISITS", "[[analytics_engine_datasets]]\nbinding = \"VISITS\"\ndataset = \"app\"", `"analytics_engine_datasets": [{ "binding": "VISITS", "dataset": "app" }]`},
		{"version", "VERSION", "[version_metadata]\nbinding = \"VERSION\"", `"version_metadata": { "binding": "VERSION" }`},
		{"service", "AUTH", "[[services]]\nbinding = \"AUTH\"\nservice = \"its-worker\"", `"services": [{ "binding": "AUTH", "service": "its-worker" }]`},
		{"service", "ASSETS", "[assets]\ndirectory = \"public\"\nbinding = \"ASSETS\"", `"assets": { "directory": "public", "binding": "ASSETS" }`},
	} {
		t.Run(k.name, func(t *testing.T) {
			opens := []compile.Open{{Kind: k.kind, Name: k.name, Where: "main.go:7"}, {Kind: k.kind, Name: k.name, Where: "other.go:8"}}
			read := func(file, text string) *wrangler.Config {
				path := filepath.Join(t.TempDir(), file)
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				cfg, err := wrangler.Load(path, "")
				if err != nil {
					t.Fatal(err)
				}
				return cfg
			}
			for file, want := range map[string]string{"wrangler.toml": k.toml, "wrangler.jsonc": k.json} {
				text := "name = \"app\"\n"
				if file == "wrangler.jsonc" {
					text = `{"name": "app"}`
				}
				cfg := read(file, text)
				got := unbound(cfg, opens)
				if len(got) != 1 || !strings.Contains(got[0], "main.go:7 opens the binding "+k.name+", which is not there. Add:\n"+want) {
					t.Errorf("%s: %q", file, got)
				}
				added := "name = \"app\"\n" + binding(cfg, opens[0])
				if file == "wrangler.jsonc" {
					added = `{"name": "app", ` + binding(cfg, opens[0]) + "}"
				}
				if got := unbound(read(file, added), opens); len(got) > 0 {
					t.Errorf("%s with the lines added: %q", file, got)
				}
			}
		})
	}
}
