package deploy

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

// plainConfig is a Worker with nothing but its class.
const plainConfig = `name = "plain"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"
[build]
command = "lattice build --config PROJECT/wrangler.toml ./tests/hello"
cwd = "REPOSITORY"
[vars]
GREETING = "hello"
[durable_objects]
bindings = [{ name = "COUNTERS", class_name = "Counter" }]
[[migrations]]
tag = "v1"
new_sqlite_classes = ["Counter"]
`

// cloud is a project whose Worker is deployed.
type cloud struct {
	*project
	api *cloudflareapi.Server
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{newProject(t, plainConfig, nil), cloudflareapi.Start(t)}
	must(t)(c.lattice(c.api, "", "deploy"))
	return c
}

// says runs a command that succeeds, and looks for texts in its output.
func (c *cloud) says(args []string, texts ...string) string {
	c.t.Helper()
	r := must(c.t)(c.lattice(c.api, "", args...))
	for _, text := range texts {
		if !strings.Contains(r.out, text) {
			c.t.Errorf("lattice %v does not print %q:\n%s", args, text, r.out)
		}
	}
	return r.out
}

// refuses runs a command that fails, and looks for texts in its errors.
func (c *cloud) refuses(stdin string, args []string, texts ...string) {
	c.t.Helper()
	r, err := c.lattice(c.api, stdin, args...)
	if err == nil {
		c.t.Errorf("lattice %v succeeds:\n%s", args, r.out)
	}
	for _, text := range texts {
		if !strings.Contains(r.errs, text) {
			c.t.Errorf("lattice %v does not say %q:\n%s", args, text, r.errs)
		}
	}
}

func TestVersionsAreUploadedRolledOutAndRolledBack(t *testing.T) {
	c := newCloud(t)
	first := c.api.Worker("plain").Versions[0].ID
	var uploaded struct {
		Version string `json:"version_id"`
	}
	if err := json.Unmarshal([]byte(c.says([]string{"versions", "upload", "--json", "--tag", "v2", "--message", "the second"})), &uploaded); err != nil {
		t.Fatal(err)
	}
	live := func() []cloudflareapi.Traffic {
		d := c.api.Worker("plain").Deployments
		return d[len(d)-1].Versions
	}
	if got := live(); len(got) != 1 || got[0].Version != first {
		t.Errorf("after an upload %v is live", got)
	}
	c.says([]string{"versions", "list"}, first, uploaded.Version+"  2026-11-01 12:00:00Z  someone@example.com  v2   the second")
	c.says([]string{"versions", "view", uploaded.Version[:8]}, "v2", "the second", "COUNTERS", "durable_object_namespace", "GREETING")
	c.says([]string{"versions", "deploy", uploaded.Version[:8] + "@10", first}, "10 %  "+uploaded.Version, "90 %  "+first)
	if got := live(); len(got) != 2 || got[0].Percentage != 10 || got[1].Percentage != 90 {
		t.Errorf("after a roll-out %v is live", got)
	}
	c.says([]string{"versions", "deploy", uploaded.Version, "--message", "all of it"}, "100 %  "+uploaded.Version)
	c.says([]string{"deployments", "list"}, uploaded.Version+"@100%", uploaded.Version+"@10% "+first+"@90%", "all of it")
	c.says([]string{"rollback", "--message", "a mistake"}, "100 %  "+first)
	if got := live(); len(got) != 1 || got[0].Version != first {
		t.Errorf("after the way back %v is live", got)
	}
	c.refuses("", []string{"rollback", first, "-y"}, "is live already")
	c.says([]string{"versions", "deploy", "--version-id", first[:8], "--percentage", "25", "--version-tag", "v2@75", "--dry-run"}, "25 %  "+first, "75 %  "+uploaded.Version)
	if got := live(); len(got) != 1 || got[0].Version != first {
		t.Errorf("after a dry run %v is live", got)
	}
	c.refuses("", []string{"versions", "deploy", "--version-tag", "v3"}, "no version of plain has the tag v3")
	c.refuses("", []string{"versions", "deploy"}, "name one or two versions")
	c.says([]string{"versions", "deploy", "--version-tag", "v2", "--yes"}, "100 %  "+uploaded.Version)
	c.says([]string{"deployments", "status"}, "100 %", uploaded.Version+"  v2 the second")
	c.says([]string{"versions", "deploy", first}, "100 %  "+first)
	c.says([]string{"triggers", "deploy", "--dry-run", "--route", "example.com/*"}, "example.com/*")
	if w := c.api.Worker("plain"); len(w.Routes) > 0 {
		t.Errorf("a dry run sets the routes %v", w.Routes)
	}
	c.refuses("", []string{"versions", "deploy", first + "@10", uploaded.Version + "@10"}, "20 percent of the requests together: it must be 100")
	c.refuses("", []string{"versions", "view", "../../zones"}, `"../../zones" is no id of a version`)
	c.refuses("", []string{"versions", "view", "ffffffff"}, "no version of plain begins with ffffffff")
	c.api.Fail(cloudflareapi.Fault{Method: "POST", Times: 1, Status: 400, Code: 10220, Message: "The following secrets have changed: KEY"})
	c.refuses("", []string{"rollback", uploaded.Version}, "The following secrets have changed: KEY", "--force goes back with the secrets of today")
}

func TestSecretsComeFromTheStandardInputAlone(t *testing.T) {
	const value = "the-value-of-a-secret"
	c := newCloud(t)
	r := must(t)(c.lattice(c.api, value+"\n", "secret", "put", "KEY"))
	put := c.api.Find("PUT", "/accounts/*/workers/scripts/plain/secrets")
	if len(put) != 1 || string(put[0].Body) != `{"name":"KEY","text":"`+value+`","type":"secret_text"}` {
		t.Errorf("sent %v", put)
	}
	if strings.Contains(r.out+r.errs, value) {
		t.Errorf("the value is printed:\n%s%s", r.out, r.errs)
	}
	must(t)(c.lattice(c.api, `{"A": "1", "B": "2", "KEY": null}`, "secret", "bulk"))
	c.write("more.env", "C=3\nD='4'\n")
	c.says([]string{"secret", "bulk", "more.env"}, "Set 2 secrets of plain: C, D")
	if out := c.says([]string{"secret", "list"}); out != "A\nB\nC\nD\n" {
		t.Errorf("the list is %q", out)
	}
	c.says([]string{"secret", "delete", "A"}, "Deleted the secret A of plain")
	if w := c.api.Worker("plain"); !slices.Contains(w.Secrets, "B") || slices.Contains(w.Secrets, "A") {
		t.Errorf("secrets: %v", w.Secrets)
	}
	c.refuses(value, []string{"secret", "put", "KEY", value}, "write it as lattice secret put NAME, with the value on the standard input")
	c.refuses("", []string{"secret", "put", "KEY"}, "the value of KEY is empty")
	c.refuses(value, []string{"secret", "put", "KEY=" + value}, "The value is no argument")
	c.refuses(`{"A": 1}`, []string{"secret", "bulk"}, "the secret A is no text")
	// The next deployment leaves them.
	must(t)(c.lattice(c.api, "", "deploy"))
	if w := c.api.Worker("plain"); !slices.Equal(w.Secrets, []string{"B", "C", "D"}) {
		t.Errorf("secrets after a deployment: %v", w.Secrets)
	}
	uploads := c.api.Find("POST", "/accounts/*/workers/scripts/plain/versions")
	if keep := uploads[0].JSON().(map[string]any)["keep_bindings"]; len(keep.([]any)) != 2 {
		t.Errorf("keep_bindings is %v", keep)
	}
}

func TestSecretsMayComeBeforeTheFirstDeployment(t *testing.T) {
	p := newProject(t, plainConfig, nil)
	drafts := map[string]map[string]string{}
	for name, run := range map[string]func(*cloudflareapi.Server, string, ...string) (ran, error){"wrangler": p.wrangler, "lattice": p.lattice} {
		api := cloudflareapi.Start(t)
		must(t)(run(api, "hush", "secret", "put", "KEY", "--name", "early"))
		must(t)(run(api, `{"MORE": "x"}`, "secret", "bulk", "--name", "earlier"))
		for worker, secret := range map[string]string{"early": "KEY", "earlier": "MORE"} {
			if w := api.Worker(worker); w == nil || !slices.Contains(w.Secrets, secret) {
				t.Fatalf("%s left %+v", name, w)
			}
		}
		puts := api.Find("PUT", "/accounts/*/workers/scripts/*")
		must(t)(p.lattice(api, "", "deploy", "--name", "early"))
		if w := api.Worker("early"); !slices.Equal(w.Secrets, []string{"KEY"}) || len(w.Classes) == 0 {
			t.Errorf("a deployment makes of the draft of %s %+v", name, w)
		}
		drafts[name] = fields(t, puts[:2])
	}
	query := difference{"PUT .*: query (excludeScript|bindings_inherit)", "lattice uploads a Worker in one way; a draft has nothing to inherit, and nobody reads its text"}
	differ(t, []difference{query}, drafts["wrangler"], drafts["lattice"], map[int]bool{})
}

func TestADryRunSendsNothing(t *testing.T) {
	p := newProject(t, plainConfig, nil)
	api := cloudflareapi.Start(t)
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	dry := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), path, append([]string{"deploy", "--dry-run"}, args...)...)
		cmd.Env = environ("CLOUDFLARE_API_BASE_URL=" + api.URL) // and no token
		return must(t)(p.run(cmd)).out
	}
	for _, want := range []string{"Worker plain", "app.wasm", "COUNTERS", "migration v1", "nothing was sent"} {
		if out := dry(); !strings.Contains(out, want) {
			t.Errorf("it does not print %q:\n%s", want, out)
		}
	}
	var metadata map[string]any
	if err := json.Unmarshal([]byte(dry("--json")), &metadata); err != nil || metadata["main_module"] != "worker.mjs" {
		t.Errorf("%v: %v", err, metadata)
	}
	if r := api.Requests(); len(r) > 0 {
		t.Errorf("it sent %v", r)
	}
}

func TestCredentialsAreAskedForByName(t *testing.T) {
	p := newProject(t, plainConfig, nil)
	api := cloudflareapi.Start(t)
	path, err := command()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		env  []string
		args string
		want string
	}{
		{nil, "whoami", "there is no API token: set CLOUDFLARE_API_TOKEN"},
		{[]string{"CLOUDFLARE_API_TOKEN=nonsense-token"}, "whoami", "Invalid API Token (code 1000, HTTP 401): the API token (CLOUDFLARE_API_TOKEN in the environment) is not valid, or no longer"},
		{[]string{"CLOUDFLARE_API_TOKEN=\"nonsense-token\""}, "secret list", "CLOUDFLARE_API_TOKEN has blanks or quotes in it"},
		{[]string{"CLOUDFLARE_API_TOKEN=nonsense-token", "CLOUDFLARE_API_BASE_URL=http://example.com/client/v4"}, "secret list", "is not encrypted"},
		{[]string{"CLOUDFLARE_API_TOKEN=" + cloudflareapi.Token, "CLOUDFLARE_ACCOUNT_ID=ffffffffffffffffffffffffffffffff"}, "secret list", "the API token (CLOUDFLARE_API_TOKEN in the environment) may not do this, or not in this account"},
	} {
		cmd := exec.CommandContext(t.Context(), path, strings.Fields(k.args)...)
		cmd.Env = environ(append([]string{"CLOUDFLARE_API_BASE_URL=" + api.URL}, k.env...)...)
		r, err := p.run(cmd)
		if err == nil || !strings.Contains(r.errs, k.want) || strings.Contains(r.errs, "nonsense-token") {
			t.Errorf("%v: %v, %s", k.env, err, r.errs)
		}
	}
	r := must(t)(p.lattice(api, "", "whoami"))
	if !strings.Contains(r.out, "The API token is active: CLOUDFLARE_API_TOKEN in the environment") || !strings.Contains(r.out, cloudflareapi.AccountID+"  The account of the tests  (CLOUDFLARE_ACCOUNT_ID in the environment)") {
		t.Errorf("whoami says\n%s", r.out)
	}
}

func TestADeploymentThatFailsHalfWayIsGoneOnWith(t *testing.T) {
	p := newProject(t, strings.Replace(plainConfig, "[vars]", "[triggers]\ncrons = [\"0 0 * * *\"]\n[vars]", 1), nil)
	api := cloudflareapi.Start(t)
	api.Fail(cloudflareapi.Fault{Method: "PUT", Path: "/accounts/*/workers/scripts/plain", Times: 1, Status: 429, RetryAfter: "0"})
	api.Fail(cloudflareapi.Fault{Method: "PUT", Path: "/accounts/*/workers/scripts/plain/schedules", Times: 1, Status: 400, Code: 10100, Message: "no more schedules"})
	r, err := p.lattice(api, "", "deploy")
	for _, want := range []string{"waiting   Cloudflare asks to go slower (429)", "plain is deployed in part", "failed: cron triggers", "then run: lattice triggers deploy"} {
		if err == nil || !strings.Contains(r.errs, want) {
			t.Errorf("it does not say %q: %v\n%s", want, err, r.errs)
		}
	}
	r = must(t)(p.lattice(api, "", "triggers", "deploy"))
	if !strings.Contains(r.out, "schedule: 0 0 * * *") || !slices.Equal(api.Worker("plain").Schedules, []string{"0 0 * * *"}) {
		t.Errorf("%s: %+v", r.out, api.Worker("plain"))
	}
}
