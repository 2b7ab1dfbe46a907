package deploy

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"grove.place/lattice/tests/cloudflareapi"
	"grove.place/lattice/tests/workerd"
)

// What wrangler does with an account, it does with a Lattice project and its plain wrangler.toml (wrangler 4.164.0, November 2026).
func TestWranglerDeploysALatticeProject(t *testing.T) {
	const database = "11111111-1111-1111-1111-111111111111"
	p := newProject(t, plainConfig+`
[[d1_databases]]
binding = "DB"
database_name = "base"
database_id = "`+database+`"
[env.staging]
vars = { GREETING = "hello, staging" }
durable_objects = { bindings = [{ name = "COUNTERS", class_name = "Counter" }] }
`, map[string]string{
		"migrations/0001_first.sql": "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);", "migrations/0002_second.sql": "INSERT INTO a VALUES (2); -- the end",
	})
	api := cloudflareapi.Start(t)
	api.AddDatabase("base", database)
	run := func(args ...string) string { return must(t)(p.wrangler(api, "", args...)).out }

	run("deploy", "--env", "")
	w := api.Worker("plain")
	if w == nil || w.MigrationTag != "v1" || !slices.Equal(w.Classes, []string{"Counter"}) || !w.WorkersDev || len(w.Versions[0].Modules) < 2 {
		t.Fatalf("the Worker: %+v", w)
	}
	first := w.Versions[0].ID

	run("versions", "upload", "--env", "", "--tag", "v2", "--message", "the second")
	w = api.Worker("plain")
	if len(w.Versions) != 2 || len(w.Deployments) != 1 {
		t.Fatalf("after an upload: %+v", w)
	}
	second := w.Versions[1].ID
	run("versions", "deploy", "--env", "", second+"@20", first+"@80", "--yes")
	w = api.Worker("plain")
	if live := w.Deployments[1].Versions; len(live) != 2 || live[0].Percentage+live[1].Percentage != 100 {
		t.Errorf("live: %+v", live)
	}
	// Both see what the other did.
	seen := must(t)(p.lattice(api, "", "deployments", "list")).out
	if !strings.Contains(seen, second+"@20%") || !strings.Contains(seen, first+"@80%") {
		t.Errorf("lattice sees\n%s", seen)
	}

	run("deploy", "--env", "staging")
	if w := api.Worker("plain-staging"); w == nil || !slices.Equal(w.Tags, []string{"cf:service=plain", "cf:environment=staging"}) {
		t.Errorf("the Worker of the environment: %+v", w)
	}

	run("d1", "migrations", "apply", "DB", "--remote", "--env", "")
	if rows, err := api.Query("base", "SELECT x FROM a UNION ALL SELECT name FROM d1_migrations ORDER BY 1"); err != nil || !slices.Equal(rows, []string{"1", "2", "0001_first.sql", "0002_second.sql"}) {
		t.Errorf("the database has %v, %v", rows, err)
	}

	run("types", "--env", "", "--include-runtime=false", "types.d.ts")
	types, err := os.ReadFile(filepath.Join(p.dir, "types.d.ts"))
	for _, want := range []string{"COUNTERS: DurableObjectNamespace", "DB?: D1Database", "GREETING: "} {
		if err != nil || !strings.Contains(string(types), want) {
			t.Errorf("the types lack %q: %v\n%s", want, err, types)
		}
	}
}

// wrangler tail shows what a deployed Worker says, from a WebSocket that the API names, and that stays open from one event to the next.
func TestWranglerTailsALatticeProject(t *testing.T) {
	c := newCloud(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd, err := workerd.Wrangler(ctx, "tail", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Dir, cmd.Env = c.dir, environ(append(cmd.Env, c.api.Environ()...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(ctx, func() { out.Close() })
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it starts another, which must end with it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	}()
	<-c.api.Tailed()
	lines := bufio.NewScanner(out)
	for _, printed := range []string{"what Go printed", "what it printed then"} {
		c.api.Tail(`{"outcome":"ok","scriptName":"plain","exceptions":[],"logs":[{"message":["` + printed + `"],"level":"log","timestamp":1}],"eventTimestamp":1,"event":{"request":{"url":"https://plain.tests.workers.dev/","method":"GET","headers":{},"cf":{}},"response":{"status":200}}}`)
		shown := false
		for !shown && lines.Scan() {
			shown = strings.Contains(lines.Text(), printed)
		}
		if !shown {
			t.Fatalf("wrangler ended without showing %q", printed)
		}
	}
}
