package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/tests/cloudflareapi"
)

const (
	upload   = "/accounts/*/workers/scripts/app"
	versions = "/accounts/*/workers/scripts/app/versions"
)

func TestRateLimitsAreWaitedForAsLongAsTheySay(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Times: 2, Status: 429, Code: 10429, Message: "slow down", RetryAfter: "7"})
	b.mustDeploy(config)
	if !slices.Equal(b.slept, []time.Duration{7 * time.Second, 7 * time.Second}) || !strings.Contains(b.log.String(), "Cloudflare asks to go slower (429); trying again in 7s (2 of 5)") {
		t.Errorf("slept %v, said\n%s", b.slept, &b.log)
	}
}

func TestErrorsOfTheServerAreTriedAgainEachTimeLater(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Times: 2, Status: 502, Plain: true})
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Times: 2, Cut: true})
	b.mustDeploy(config)
	if len(b.slept) != 4 || !slices.IsSorted(b.slept) || b.slept[0] < time.Second || b.slept[3] < 8*time.Second {
		t.Errorf("slept %v", b.slept)
	}
}

func TestAnUploadThatNeverSucceedsLeavesWhatWasLive(t *testing.T) {
	b := newBench(t)
	first := b.mustDeploy(config)
	b.api.Fail(cloudflareapi.Fault{Method: "POST", Path: versions, Status: 500, Code: 10013, Message: "An unknown error has occurred."})
	_, err := b.deploy(t.Context(), config, deploy.Options{})
	says(t, err, "upload a version of the Worker app: An unknown error has occurred (code 10013, HTTP 500), 5 times", "cloudflarestatus.com", "What was live before is live: "+first.Version+"@100%")
	if f := (*deploy.Failure)(nil); errors.As(err, &f) {
		t.Error("it counts as deployed in part")
	}
}

func TestALongWaitIsNotWaitedFor(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Path: "/accounts/*/workers/services/app", Status: 429, RetryAfter: "600"})
	_, err := b.deploy(t.Context(), config, deploy.Options{})
	says(t, err, "it asks to wait for 10m0s: try again then", "Nothing was changed")
	if len(b.slept) > 0 {
		t.Errorf("slept %v", b.slept)
	}
}

// The API applies migrations, and the answer is lost: the same migrations must not be sent again, nor the deployment given up.
func TestALostAnswerDoesNotApplyMigrationsTwice(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Times: 1, Cut: true, After: true})
	result := b.mustDeploy(config)
	puts := b.api.Find("PUT", upload)
	if len(puts) != 3 || puts[1].Status != 412 || puts[2].JSON().(map[string]any)["migrations"] != nil {
		t.Errorf("uploads: %v", puts)
	}
	w := b.api.Worker("app")
	if !slices.Equal(w.Classes, []string{"Counter"}) || w.Deployments[len(w.Deployments)-1].Versions[0].Version != result.Version {
		t.Errorf("the Worker: %+v", w)
	}
}

func TestSomebodyElsesMigrationsAreNotGuessedAt(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Status: 412, Code: 10079, Message: "Migration tag precondition failed."})
	_, err := b.deploy(t.Context(), config, deploy.Options{})
	says(t, err, "Migration tag precondition failed", "Somebody else has changed the Durable Object classes meanwhile", "There is still no Worker app")
}

func TestATriggerThatFailsDoesNotHideWhatIsLive(t *testing.T) {
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: "/accounts/*/workers/scripts/app/schedules", Status: 400, Code: 10100, Message: "invalid cron string"})
	_, err := b.deploy(t.Context(), config, deploy.Options{})
	w := b.api.Worker("app")
	says(t, err, "app is deployed in part", "done:   version "+w.Versions[0].ID+" is live", "done:   routes set", "done:   the consumer of jobs set",
		"failed: cron triggers: set the cron triggers: invalid cron string (code 10100, HTTP 400)", "then run: lattice triggers deploy")
	if f := (*deploy.Failure)(nil); !errors.As(err, &f) || len(f.Failed) != 1 {
		t.Errorf("the error is %T", err)
	}
	if len(b.api.Consumers("jobs")) != 1 {
		t.Error("the triggers after the one that failed are not set")
	}
	b.api.Forget()
	plan, err := b.plan(config, deploy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.Triggers(t.Context(), b.client(cloudflareapi.Token), &b.log); err != nil {
		t.Fatal(err)
	}
	if w := b.api.Worker("app"); !slices.Equal(w.Schedules, []string{"0 * * * *"}) {
		t.Errorf("schedules afterwards: %v", w.Schedules)
	}
}

func TestAVersionThatIsNotReleasedIsNamed(t *testing.T) {
	b := newBench(t)
	first := b.mustDeploy(config)
	b.api.Fail(cloudflareapi.Fault{Method: "POST", Path: "/accounts/*/workers/scripts/app/deployments", Status: 403, Code: 10000, Message: "Authentication error"})
	_, err := b.deploy(t.Context(), config, deploy.Options{})
	id := b.api.Worker("app").Versions[1].ID
	says(t, err, "version "+id+" is uploaded, and not live", "live is what was before: "+first.Version+"@100%", "Account: Workers Scripts: Edit", "lattice versions deploy "+id+"@100")
}

func TestWhatTheTokenMayNotDoIsNamed(t *testing.T) {
	for _, k := range []struct{ path, want string }{
		{"/accounts/*/workers/services/app", "Account: Workers Scripts: Read"},
		{"/accounts/*/queues", "Account: Queues: Read"},
	} {
		b := newBench(t)
		b.api.Fail(cloudflareapi.Fault{Path: k.path, Status: 403, Code: 10000, Message: "Authentication error"})
		_, err := b.deploy(t.Context(), config, deploy.Options{})
		says(t, err, "the API token may not do this, or not in this account: give it the permission "+k.want, "Nothing was changed")
	}
}

func TestABadTokenIsNamedAndNotShown(t *testing.T) {
	b := newBench(t)
	plan, err := b.plan(config, deploy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const bad = "wrong-token_abcdefghijklmnopqrstuvwxyz01"
	_, err = plan.Run(t.Context(), b.client(bad), &b.log)
	says(t, err, "the API token is not valid, or no longer", "CLOUDFLARE_API_TOKEN", "Nothing was changed")
	for r := range slices.Values(b.api.Requests()) {
		if r.Method != "GET" {
			t.Errorf("%s was sent", r)
		}
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v %s", err, err, err, &b.log), bad) {
		t.Errorf("the token is shown: %v", err)
	}
}

func TestTheAccountIsTheOnlyOneOrNamed(t *testing.T) {
	b := newBench(t)
	client, err := cloudflare.New(cloudflare.Options{BaseURL: b.api.URL, Token: cloudflareapi.Token})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := client.Choose(t.Context(), ""); err != nil || id != cloudflareapi.AccountID {
		t.Errorf("of one account: %s, %v", id, err)
	}
	b.api.SetAccounts(cloudflareapi.Account{ID: "aaaa", Name: "Mine"}, cloudflareapi.Account{ID: "bbbb", Name: "Theirs"})
	client, _ = cloudflare.New(cloudflare.Options{BaseURL: b.api.URL, Token: cloudflareapi.Token})
	_, err = client.Choose(t.Context(), "")
	says(t, err, "several accounts", "account_id", "CLOUDFLARE_ACCOUNT_ID", "aaaa  Mine", "bbbb  Theirs")
	if id, err := client.Choose(t.Context(), "bbbb"); err != nil || id != "bbbb" {
		t.Errorf("the configured account: %s, %v", id, err)
	}
	b.api.SetAccounts()
	client, _ = cloudflare.New(cloudflare.Options{BaseURL: b.api.URL, Token: cloudflareapi.Token})
	_, err = client.Choose(t.Context(), "")
	says(t, err, "sees no account")
}

func TestWhatTheAPIRefusesIsShown(t *testing.T) {
	b := newBench(t)
	_, err := b.deploy(t.Context(), head+"[durable_objects]\nbindings = [{ name = \"A\", class_name = \"Missing\" }]\n", deploy.Options{})
	says(t, err, "Cannot create binding for class 'Missing'", "code 10061, HTTP 400", "There is still no Worker app")
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload, Status: 400, Code: 10021, Message: "Uncaught Error: no such module"})
	_, err = b.deploy(t.Context(), config, deploy.Options{})
	says(t, err, "Uncaught Error: no such module (code 10021, HTTP 400)")
	if len(b.slept) > 0 {
		t.Errorf("a refusal is tried again: %v", b.slept)
	}
}

func TestMissingQueuesAndSecretsAreFoundBeforeTheUpload(t *testing.T) {
	b := newBench(t)
	_, err := b.deploy(t.Context(), head+"[[queues.consumers]]\nqueue = \"nowhere\"\n", deploy.Options{})
	says(t, err, "there is no queue nowhere in the account: make it with `lattice queues create nowhere`", "Nothing was changed")
	_, err = b.deploy(t.Context(), head+"[[queues.producers]]\nbinding = \"Q\"\nqueue = \"nowhere\"\n", deploy.Options{NoProvision: true})
	says(t, err, "there is no queue nowhere in the account: make it with `lattice queues create nowhere`", "Nothing was changed")
	secrets := head + "[secrets]\nrequired = [\"KEY\"]\n"
	_, err = b.deploy(t.Context(), secrets, deploy.Options{})
	says(t, err, "needs the secrets KEY, and app does not exist yet: set them with lattice secret put NAME, or deploy with --secrets-file FILE")
	other := newBench(t)
	if _, err := other.deploy(t.Context(), secrets, deploy.Options{Secrets: map[string]string{"KEY": "a value"}}); err != nil {
		t.Error(err)
	}
	if plan, err := other.plan(secrets, deploy.Options{Secrets: map[string]string{"KEY": "a value"}}); err != nil || strings.Contains(fmt.Sprint(plan.Metadata()), "a value") {
		t.Errorf("a dry run shows a secret, %v", err)
	}
	b.mustDeploy(head)
	_, err = b.deploy(t.Context(), secrets, deploy.Options{})
	says(t, err, "needs the secret KEY, which is not set: lattice secret put KEY")
	b.api.AddSecrets("app", "KEY", "OTHER")
	b.mustDeploy(secrets)
	if w := b.api.Worker("app"); !slices.Equal(w.Secrets, []string{"KEY", "OTHER"}) {
		t.Errorf("secrets: %v", w.Secrets)
	}
	b.mustDeploy(head + "[vars]\nOTHER = \"plain\"\n")
	if !strings.Contains(b.log.String(), "warning: the secret OTHER of app is replaced by the plain_text of that name") {
		t.Errorf("no warning:\n%s", &b.log)
	}
}

func TestAnUploadOfFilesGoesOnWhereItStopped(t *testing.T) {
	b := newBench(t)
	for i := range 7 {
		b.write(fmt.Sprintf("public/%d.txt", i), fmt.Sprint("file ", i))
	}
	text := head + "[assets]\ndirectory = \"public\"\n"
	b.api.Fail(cloudflareapi.Fault{Path: "/accounts/*/workers/assets/upload", Skip: 1, Status: 400, Message: "no"})
	_, err := b.deploy(t.Context(), text, deploy.Options{})
	says(t, err, "after 3 of 7 files: upload static files", "The Worker was not changed; files that were sent need not be sent again")
	if b.api.Worker("app") != nil {
		t.Error("there is a Worker without its files")
	}
	b.api.Forget()
	b.mustDeploy(text)
	if n := len(b.api.Assets()); n != 7 || len(b.api.Find("POST", "/accounts/*/workers/assets/upload")) != 2 {
		t.Errorf("%d files after %v", n, b.api.Requests())
	}
}

func TestCustomDomainsAreNotTakenAway(t *testing.T) {
	b := newBench(t)
	b.api.TakeDomain("app.example.com")
	_, err := b.deploy(t.Context(), config, deploy.Options{})
	says(t, err, "something has these custom domains already: app.example.com (a DNS record)", "--take-domains")
	if w := b.api.Worker("app"); len(w.Domains) > 0 {
		t.Errorf("domains: %v", w.Domains)
	}
	if _, err := b.deploy(t.Context(), config, deploy.Options{TakeDomains: true}); err != nil {
		t.Fatal(err)
	}
	if w := b.api.Worker("app"); !slices.Equal(w.Domains, []string{"app.example.com"}) {
		t.Errorf("domains: %v", w.Domains)
	}
}

func TestATokenOfSomeZonesSetsTheirRoutes(t *testing.T) {
	b := newBench(t)
	b.mustDeploy(strings.Replace(config, "example.com/api/*", "example.com/old/*", 1))
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: "/accounts/*/workers/scripts/app/routes", Status: 403, Code: 10000, Message: "Authentication error"})
	b.mustDeploy(config)
	if w := b.api.Worker("app"); !slices.Equal(w.Routes, []string{"example.com/old/*", "example.com/api/*"}) || !strings.Contains(b.log.String(), "these routes of the Worker stay, which the configuration does not have: example.com/old/*") {
		t.Errorf("routes %v, said\n%s", w.Routes, &b.log)
	}
}

func TestAnInterruptionEndsAWait(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.stop = cancel
	b.api.Fail(cloudflareapi.Fault{Path: "/accounts/*/workers/services/app", Status: 503})
	_, err := b.deploy(ctx, config, deploy.Options{})
	if !errors.Is(err, context.Canceled) || len(b.slept) != 1 {
		t.Errorf("%v after %v", err, b.slept)
	}
}

func TestAVersionIsUploadedWithoutBecomingLive(t *testing.T) {
	b := newBench(t)
	upload := func(text string) (*deploy.Result, error) {
		plan, err := b.plan(text, deploy.Options{Message: "try", Tag: "v9"})
		if err != nil {
			t.Fatal(err)
		}
		return plan.Upload(t.Context(), b.client(cloudflareapi.Token), &b.log)
	}
	_, err := upload(config)
	says(t, err, "there is no Worker app yet", "lattice deploy")
	b.mustDeploy(config)
	result, err := upload(config)
	w := b.api.Worker("app")
	if err != nil || len(w.Versions) != 2 || len(w.Deployments) != 1 || w.Versions[1].ID != result.Version {
		t.Errorf("%+v, %v: %+v", result, err, w)
	}
	_, err = upload(config + "[[migrations]]\ntag = \"v2\"\nnew_sqlite_classes = [\"B\"]\n")
	says(t, err, `the migrations of Durable Object classes after "v1" are not applied yet`, "what was live is live")
}
