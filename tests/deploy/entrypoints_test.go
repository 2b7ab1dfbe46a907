package deploy

import (
	"os"
	"path/filepath"
	"testing"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
)

// keysConfig is a configuration for tests/session/auth with bindings to itself.
const keysConfig = `name = "auth"
main = "dist/worker.mjs"
compatibility_date = "2026-10-01"
[[services]]
binding = "KEYS"
service = "auth"
entrypoint = "Keys"
[[services]]
binding = "SELF"
service = "auth"
[[services]]
binding = "APP"
service = "app"
[[durable_objects.bindings]]
name = "VAULTS"
class_name = "Vault"
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Vault"]
`

// keysCaller is a TypeScript Worker that calls entrypoints in Go. Each line marked as an error must be one.
const keysCaller = `import type { Env } from "./dist/lattice";
import type Auth from "./dist/lattice";
import type { Keys } from "./dist/lattice";
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const signed = await env.KEYS.sign("text");
    const by: string = signed.by;
    const health: string = await env.SELF.health();
    const each: string[] = await env.KEYS.each(async (text: string) => text);
    // @ts-expect-error a number is no text
    await env.KEYS.sign(3);
    // @ts-expect-error a method of the default entrypoint
    await env.KEYS.health();
    // @ts-expect-error what another Worker has is not known here
    await env.APP.anything();
    const typed = env.APP as unknown as Fetcher<Keys>;
    await typed.refuse("why");
    const whole = env.APP as unknown as Fetcher<Auth>;
    await whole.health();
    const answer = await env.KEYS.fetch(request);
    return Response.json([by, health, each, answer.status]);
  },
} satisfies ExportedHandler<Env>;
`

func TestTypeScriptCallsEntrypointsWithTypes(t *testing.T) {
	root, tests := repository(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"wrangler.toml": keysConfig, "caller.ts": keysCaller, "tsconfig.json": `{
		"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
			"lib": ["esnext"], "types": ["@cloudflare/workers-types"]},
		"files": ["caller.ts"]}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := wrangler.Load(filepath.Join(dir, "wrangler.toml"), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = build.Build(t.Context(), build.Options{Dir: root, Package: "./tests/session/auth", Out: filepath.Join(dir, "dist"), Config: cfg, CacheDir: local.TestCacheDir(), NoSizes: true}); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(tests, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if out, err := typescript(t.Context(), tests, dir); err != nil {
		types, _ := os.ReadFile(filepath.Join(dir, "dist", build.TypesFile))
		t.Errorf("tsc: %v\n%s\n%s", err, out, types)
	}
}
