package deploy_test

import (
	"slices"
	"strings"
	"testing"

	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/tests/cloudflareapi"
)

// drafts are bindings that name nothing, or what may not be there.
const drafts = head + `
[[kv_namespaces]]
binding = "MY_CACHE"
[[d1_databases]]
binding = "DB"
database_name = "shop"
[[d1_databases]]
binding = "LOGS"
[[r2_buckets]]
binding = "FILES"
[[r2_buckets]]
binding = "NAMED"
bucket_name = "absent-files"
[[queues.producers]]
binding = "JOBS"
[[queues.producers]]
binding = "MAIL"
queue = "mail"
[[queues.consumers]]
queue = "mail"
`

// live are the bindings of the newest version of the Worker, as "name type resource".
func live(b *bench) (list []string) {
	w := b.api.Worker("app")
	bindings, _ := w.Versions[len(w.Versions)-1].Metadata["bindings"].([]any)
	for _, v := range bindings {
		m := v.(map[string]any)
		text := m["name"].(string) + " " + m["type"].(string)
		for _, key := range []string{"bucket_name", "queue_name"} {
			if s, ok := m[key].(string); ok {
				text += " " + s
			}
		}
		list = append(list, text)
	}
	return list
}

func created(b *bench) (list []string) {
	for _, r := range b.api.Requests() {
		if r.Method == "POST" && !strings.Contains(r.Path, "/workers/") && !strings.HasSuffix(r.Path, "/consumers") {
			list = append(list, strings.TrimPrefix(r.Path, "/accounts/"+cloudflareapi.AccountID)+" "+string(r.Body))
		}
	}
	return list
}

func TestWhatBindingsNeedIsMadeAndKept(t *testing.T) {
	b := newBench(t)
	b.api.AddDatabase("shop", "11111111-1111-1111-1111-111111111111")
	b.mustDeploy(drafts)
	want := []string{`/storage/kv/namespaces {"title":"app-my-cache"}`, `/queues {"queue_name":"app-jobs"}`, `/queues {"queue_name":"mail"}`,
		`/r2/buckets {"name":"absent-files"}`, `/d1/database {"name":"app-logs"}`}
	got := created(b)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("created\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, text := range []string{"created   KV namespace app-my-cache for MY_CACHE", "created   queue mail for MAIL", "found     R2 bucket app-files for FILES", "[[kv_namespaces]]\n          binding = \"MY_CACHE\"\n          id = \"0"} {
		if !strings.Contains(b.log.String(), text) {
			t.Errorf("it does not say %q:\n%s", text, &b.log)
		}
	}
	b.api.Forget()
	b.mustDeploy(drafts)
	if got := created(b); len(got) > 0 {
		t.Errorf("the second deployment creates %v", got)
	}
	if got, want := live(b), []string{"MY_CACHE inherit", "JOBS inherit", "MAIL inherit", "FILES inherit", "NAMED r2_bucket absent-files", "DB inherit", "LOGS inherit"}; !slices.Equal(got, want) {
		t.Errorf("the second version has %v, want %v", got, want)
	}
	// Another name in the file is another database.
	b.mustDeploy(strings.Replace(drafts, `"shop"`, `"market"`, 1))
	if got := created(b); !slices.Equal(got, []string{`/d1/database {"name":"market"}`}) || !slices.Contains(live(b), "DB d1") {
		t.Errorf("created %v, live %v", got, live(b))
	}
}

func TestADeploymentThatFailsNamesWhatItCreated(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "POST", Path: "/accounts/*/r2/buckets", Times: 1, Status: 403, Code: 10042, Message: "Please enable R2 through the Cloudflare Dashboard."})
	_, err := b.deploy(t.Context(), drafts, deploy.Options{})
	says(t, err, "create the R2 bucket absent-files: Please enable R2 through the Cloudflare Dashboard (code 10042, HTTP 403)", "The Worker was not changed", "The KV namespace app-my-cache was created",
		"The D1 database shop was created", "the next deployment finds it by its name")
	if b.api.Worker("app") != nil {
		t.Error("there is a Worker")
	}
	b.api.Forget()
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Times: 1, Status: 400, Code: 10027, Message: "Your Worker exceeded the size limit of 3 MiB."})
	_, err = b.deploy(t.Context(), drafts, deploy.Options{})
	says(t, err, "size limit", "There is still no Worker app", "The R2 bucket absent-files was created", "The queue mail was created")
	if got := created(b); len(got) != 3 { // what was made before is found
		t.Errorf("created %v", got)
	}
	b.api.Forget()
	b.mustDeploy(drafts)
	if got := created(b); len(got) > 0 || !strings.Contains(b.log.String(), "found     KV namespace app-my-cache for MY_CACHE") {
		t.Errorf("created %v, said\n%s", got, &b.log)
	}
}

func TestATokenThatMayNotLookLeavesBindingsAsTheyAre(t *testing.T) {
	b := newBench(t)
	text := head + "[[kv_namespaces]]\nbinding = \"KV\"\n"
	b.mustDeploy(text)
	b.api.Fail(cloudflareapi.Fault{Path: "/accounts/*/workers/scripts/app/settings", Status: 403, Code: 10000, Message: "Authentication error"})
	b.api.Fail(cloudflareapi.Fault{Path: "/accounts/*/storage/kv/namespaces", Status: 403, Code: 10000, Message: "Authentication error"})
	b.mustDeploy(text)
	if got := live(b); !slices.Equal(got, []string{"KV inherit"}) || !strings.Contains(b.log.String(), "warning: whether there is a KV namespace app-kv for KV is not known") {
		t.Errorf("live %v, said\n%s", got, &b.log)
	}
}

func TestStrictDeploymentsOverwriteNothing(t *testing.T) {
	b := newBench(t)
	b.mustDeploy(head)
	b.api.AddSecrets("app", "KEY")
	_, err := b.deploy(t.Context(), head+"[vars]\nKEY = \"plain\"\n", deploy.Options{Strict: true})
	says(t, err, "the secret KEY of app is replaced by the plain_text", "That is a conflict, with --strict", "Nothing was changed")
	if w := b.api.Worker("app"); len(w.Versions) != 1 {
		t.Errorf("%d versions", len(w.Versions))
	}
}
