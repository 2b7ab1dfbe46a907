package build

import (
	"path/filepath"
	"strings"
	"testing"
)

// exporting is sessionManifest of a program that reaches the class without a binding.
func exporting(exports, facets bool) *Manifest {
	m := sessionManifest()
	m.Classes[0].Exports, m.Classes[0].Facets = exports, facets
	return m
}

func TestCheckOfClassesWithoutBindings(t *testing.T) {
	const head = "name = \"app\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n"
	const migration = "[[migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"SessionDO\"]\n"
	for _, k := range []struct {
		name, text string
		manifest   *Manifest
		want       string // what the error says; empty: it fits
	}{
		{"in ctx.exports, with its migration", head + migration, exporting(true, false), ""},
		{"in ctx.exports, without a migration", head, exporting(true, false), "no migration creates SessionDO"},
		{"a facet needs nothing", head, exporting(false, true), ""},
		{"a facet may have a migration", head + migration, exporting(false, true), ""},
		{"a facet that is reached through ctx.exports as well", head, exporting(true, true), "no migration creates SessionDO"},
		{"neither", head + migration, exporting(false, false), "class SessionDO has no binding"},
		{"ctx.exports switched off", head + "compatibility_flags = [\"disable_ctx_exports\"]\n" + migration, exporting(true, false), `"disable_ctx_exports"`},
		{"ctx.exports switched off and not used", strings.Replace(good, "\n[[durable", "compatibility_flags = [\"disable_ctx_exports\"]\n\n[[durable", 1), sessionManifest(), ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := config(t, k.text)
			_, err := check(cfg, k.manifest, filepath.Join(cfg.Dir(), "build", "dist"))
			switch {
			case k.want == "" && err != nil:
				t.Errorf("it fits, but: %v", err)
			case k.want != "" && (err == nil || !strings.Contains(err.Error(), k.want)):
				t.Errorf("got %v, want %s", err, k.want)
			}
		})
	}
}

func TestBundleMarksRetryableMethods(t *testing.T) {
	m := sessionManifest()
	m.Classes[0].Methods[1].Retryable = true
	js, err := bundle(m)
	if err != nil {
		t.Fatal(err)
	}
	if text := string(js); !strings.Contains(text, `retryable(SessionDO.prototype["list-all"]);`) {
		t.Error("worker.mjs does not mark list-all")
	}
	if js, _ = bundle(sessionManifest()); strings.Contains(string(js), "cloudflare:durable-objects") {
		t.Error("a program without retryable methods imports a module that older runtimes do not have")
	}
}
