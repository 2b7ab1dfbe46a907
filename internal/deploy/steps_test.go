package deploy_test

import (
	"strings"
	"testing"

	"grove.place/lattice/internal/deploy"
	"grove.place/lattice/tests/cloudflareapi"
)

// stepConfig is a Worker with something for each step of a deployment.
const stepConfig = config + `
[assets]
directory = "public"
[[kv_namespaces]]
binding = "KV"
`

// Whatever step fails for good, the error says what was attempted, what is live, and what to do: for a new Worker, for one that is there, and with a connection
// that breaks as with an answer.
func TestEveryStepThatFailsSaysWhatIsLive(t *testing.T) {
	const (
		script  = "/accounts/*/workers/scripts/app"
		nothing = "Nothing was changed"
		kept    = "The Worker was not changed"
		part    = "app is deployed in part"
	)
	for _, k := range []struct {
		method, path string
		first, later string // what it says when the Worker is new, and when it is there; "" is no error
	}{
		{"GET", "/accounts/*/workers/services/app", nothing, nothing},
		{"GET", script + "/secrets", "", nothing},
		{"GET", "/accounts/*/queues", nothing, nothing},
		{"GET", script + "/deployments", "", nothing},
		{"GET", script + "/settings", "", kept},
		{"GET", "/accounts/*/storage/kv/namespaces", kept, ""},
		{"POST", "/accounts/*/storage/kv/namespaces", kept, ""},
		{"POST", script + "/assets-upload-session", kept, kept},
		{"POST", "/accounts/*/workers/assets/upload", kept, ""}, // the files are there
		{"PUT", script, "There is still no Worker app", ""},
		{"POST", script + "/versions", "", "What was live before is live: "},
		{"POST", script + "/deployments", "", "is uploaded, and not live"},
		{"PATCH", script + "/script-settings", "", ""}, // a warning
		{"GET", "/accounts/*/workers/workers/app", part, part},
		{"POST", script + "/subdomain", part, part},
		{"PUT", script + "/routes", part, part},
		{"POST", script + "/domains/changeset", part, part},
		{"PUT", script + "/domains/records", part, part},
		{"PUT", script + "/schedules", part, part},
		{"POST", "/accounts/*/queues/*/consumers", part, ""},
		{"PUT", "/accounts/*/queues/*/consumers/*", "", part},
	} {
		for _, there := range []bool{false, true} {
			for _, cut := range []bool{false, true} {
				b := newBench(t)
				b.write("public/a.txt", "a")
				want := k.first
				if there {
					want = k.later
					b.mustDeploy(stepConfig)
				}
				b.api.Fail(cloudflareapi.Fault{Method: k.method, Path: k.path, Status: 503, Cut: cut, Plain: true})
				_, err := b.deploy(t.Context(), stepConfig, deploy.Options{})
				switch {
				case want == "" && err == nil:
				case want == "" || err == nil:
					t.Errorf("%s %s (there: %v, cut: %v): %v", k.method, k.path, there, cut, err)
				case !strings.Contains(err.Error(), want), !strings.Contains(err.Error(), "https://www.cloudflarestatus.com"):
					t.Errorf("%s %s (there: %v, cut: %v): it does not say %q:\n%v", k.method, k.path, there, cut, want, err)
				}
			}
		}
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	for _, k := range []struct {
		path, message string
		status, code  int
		want          []string
	}{
		{upload, "Your Worker exceeded the size limit of 3 MiB.", 413, 10027, []string{"lattice build --sizes", "There is still no Worker app"}},
		{upload, "Cannot apply new-sqlite-class migration to class 'Counter' that is already depended on by existing Durable Objects.", 412, 10074, []string{"take it out of new_classes and new_sqlite_classes", "There is still no Worker app"}},
		{upload, "New version of script does not export class 'Old' which is depended on by existing Durable Objects.", 400, 10070, []string{"renamed_classes or deleted_classes"}},
		{upload, "not authorized", 403, 10023, []string{"give it the permission Account: Workers Scripts: Edit"}},
		{upload, "Invalid access token", 403, 9109, []string{"is not valid, or no longer"}},
		{upload + "/routes", "A route with the same pattern already exists.", 409, 10020, []string{"another Worker has that route", "app is deployed in part", "then run: lattice triggers deploy"}},
		{upload + "/subdomain", "You need a workers.dev subdomain in order to proceed.", 404, 10063, []string{"write workers_dev = false", "app is deployed in part"}},
	} {
		b := newBench(t)
		b.api.Fail(cloudflareapi.Fault{Path: k.path, Status: k.status, Code: k.code, Message: k.message})
		_, err := b.deploy(t.Context(), config, deploy.Options{})
		says(t, err, append(k.want, strings.TrimSuffix(k.message, "."))...)
		if len(b.slept) > 0 {
			t.Errorf("%s is tried again", k.message)
		}
	}
	// A zone that is not there, with a token that sets routes zone by zone.
	b := newBench(t)
	b.api.Fail(cloudflareapi.Fault{Method: "PUT", Path: upload + "/routes", Status: 403, Code: 10000, Message: "Authentication error"})
	_, err := b.deploy(t.Context(), head+"routes = [\"shop.nowhere.org/*\"]\n", deploy.Options{})
	says(t, err, "there is no zone for shop.nowhere.org in the account, or the API token may not see it: write zone_id beside the pattern", "app is deployed in part")
}
