package deploy_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/internal/wrangler"
	"grove.place/lattice/tests/cloudflareapi"
)

const head = "name = \"app\"\nmain = \"build/dist/worker.mjs\"\ncompatibility_date = \"2026-10-01\"\n"

// config is a Worker with something of everything that can fail.
const config = head + `
routes = [{ pattern = "example.com/api/*", zone_name = "example.com" }, { pattern = "app.example.com", custom_domain = true }]
[triggers]
crons = ["0 * * * *"]
[[queues.consumers]]
queue = "jobs"
[durable_objects]
bindings = [{ name = "COUNTERS", class_name = "Counter" }]
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Counter"]
`

// bench is a project, a stand-in and a clock that takes no time.
type bench struct {
	t     *testing.T
	dir   string
	api   *cloudflareapi.Server
	slept []time.Duration
	log   strings.Builder
	stop  func() // when not nil, what a wait does
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, dir: t.TempDir(), api: cloudflareapi.Start(t)}
	b.api.AddQueues("jobs")
	b.write("build/dist/worker.mjs", `import wasm from "./app.wasm";`)
	return b
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// plan checks a configuration without a build.
func (b *bench) plan(text string, o deploy.Options) (*deploy.Plan, error) {
	b.t.Helper()
	b.write("wrangler.toml", text)
	cfg, err := wrangler.Load(filepath.Join(b.dir, "wrangler.toml"), o.Environment)
	if err != nil {
		b.t.Fatal(err)
	}
	code, err := deploy.Built(&build.Result{Out: filepath.Join(b.dir, "build/dist"), Module: []byte("\x00asm\x01\x00\x00\x00")})
	if err != nil {
		b.t.Fatal(err)
	}
	return deploy.New(cfg, code, o)
}

func (b *bench) client(token string) *cloudflare.Client {
	b.t.Helper()
	c, err := cloudflare.New(cloudflare.Options{
		BaseURL: b.api.URL, Token: token, Account: cloudflareapi.AccountID, Notice: func(text string) { b.log.WriteString(text + "\n") },
		Sleep: func(ctx context.Context, d time.Duration) error {
			b.slept = append(b.slept, d)
			if b.stop != nil {
				b.stop()
			}
			return ctx.Err()
		},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// deploy runs a deployment of a configuration, and watches for the token in what it says.
func (b *bench) deploy(ctx context.Context, text string, o deploy.Options) (*deploy.Result, error) {
	b.t.Helper()
	plan, err := b.plan(text, o)
	if err != nil {
		b.t.Fatal(err)
	}
	result, err := plan.Run(ctx, b.client(cloudflareapi.Token), &b.log)
	said := b.log.String()
	if err != nil {
		said += err.Error()
	}
	if strings.Contains(said, cloudflareapi.Token) {
		b.t.Errorf("the token is printed:\n%s", said)
	}
	return result, err
}

// mustDeploy is a deployment that succeeds.
func (b *bench) mustDeploy(text string) *deploy.Result {
	b.t.Helper()
	result, err := b.deploy(b.t.Context(), text, deploy.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// says fails the test when an error lacks a part.
func says(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("it succeeded")
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("the error lacks %q:\n%v", p, err)
		}
	}
}

func TestADeploymentSetsEverything(t *testing.T) {
	b := newBench(t)
	first := b.mustDeploy(config)
	if !first.New || len(first.Targets) != 4 {
		t.Errorf("the first deployment: %+v", first)
	}
	second := b.mustDeploy(config)
	w := b.api.Worker("app")
	if second.New || second.Version == first.Version || len(w.Versions) != 2 || len(w.Deployments) != 2 || w.Deployments[1].Versions[0].Version != second.Version {
		t.Errorf("the second deployment: %+v of %+v", second, w)
	}
	if w.MigrationTag != "v1" || !slices.Equal(w.Classes, []string{"Counter"}) || !slices.Equal(w.Schedules, []string{"0 * * * *"}) || !slices.Equal(w.Routes, []string{"example.com/api/*"}) || !slices.Equal(w.Domains, []string{"app.example.com"}) || w.WorkersDev {
		t.Errorf("the Worker: %+v", w)
	}
	if c := b.api.Consumers("jobs"); len(c) != 1 || c[0]["script_name"] != "app" {
		t.Errorf("the consumers: %v", c)
	}
}

func TestMigrationsGoOnFromTheTagOfTheServer(t *testing.T) {
	more := config + "[[migrations]]\ntag = \"v2\"\nnew_sqlite_classes = [\"Second\"]\n[[migrations]]\ntag = \"v3\"\nrenamed_classes = [{ from = \"Second\", to = \"Third\" }]\n"
	b := newBench(t)
	b.mustDeploy(config)
	b.api.Forget()
	b.mustDeploy(more)
	puts := b.api.Find("PUT", "/accounts/*/workers/scripts/app")
	if len(puts) != 1 {
		t.Fatalf("%d uploads with migrations", len(puts))
	}
	m := puts[0].JSON().(map[string]any)["migrations"].(map[string]any)
	if m["old_tag"] != "v1" || m["new_tag"] != "v3" || len(m["steps"].([]any)) != 2 {
		t.Errorf("migrations: %v", m)
	}
	if w := b.api.Worker("app"); !slices.Equal(w.Classes, []string{"Counter", "Third"}) {
		t.Errorf("classes: %v", w.Classes)
	}
	b.api.Forget()
	b.mustDeploy(more)
	if again := b.api.Find("PUT", "/accounts/*/workers/scripts/app"); len(again) != 0 {
		t.Errorf("migrations are sent again: %v", again[0].JSON())
	}
}

func TestTagsGroupEnvironments(t *testing.T) {
	b := newBench(t)
	if _, err := b.deploy(t.Context(), head+"[env.staging]\n", deploy.Options{Environment: "staging"}); err != nil {
		t.Fatal(err)
	}
	if w := b.api.Worker("app-staging"); w == nil || !slices.Equal(w.Tags, []string{"cf:service=app", "cf:environment=staging"}) {
		t.Errorf("the Worker of the environment: %+v", w)
	}
}

func TestWhatCannotBeDeployedIsRefusedBeforeAnythingIsSent(t *testing.T) {
	for _, k := range []struct{ name, text, want string }{
		{"no name", "compatibility_date = \"2026-10-01\"\n", "the Worker has no name"},
		{"no date", "name = \"app\"\n", "compatibility_date is missing"},
		{"a namespace without an id", head + "[[kv_namespaces]]\nbinding = \"KV\"\n", "wrangler.toml:4: KV has no id: make one with `lattice kv namespace create NAME`"},
		{"a database without an id", head + "[[d1_databases]]\nbinding = \"DB\"\n", "DB has no database_id"},
		{"a bucket without a name", head + "[[r2_buckets]]\nbinding = \"B\"\n", "B has no bucket_name"},
		{"a queue without a name", head + "[[queues.producers]]\nbinding = \"Q\"\n", "Q has no queue"},
		{"a Workflow", head + "[[workflows]]\nbinding = \"W\"\nname = \"w\"\nclass_name = \"W\"\n", "W has no script_name: lattice deploy binds Workflows of other Workers only"},
		{"containers", head + "[[containers]]\nclass_name = \"A\"\nimage = \"x\"\n", "wrangler.toml:4: lattice deploy does not deploy containers: use `wrangler deploy`"},
		{"no folder of assets", head + "[assets]\ndirectory = \"public\"\n", "wrangler.toml:5: there is no folder"},
	} {
		t.Run(k.name, func(t *testing.T) {
			_, err := newBench(t).plan(k.text, deploy.Options{NoProvision: true})
			says(t, err, k.want)
		})
	}
}
