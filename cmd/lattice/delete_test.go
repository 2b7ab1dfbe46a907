package main

import (
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

func TestAWorkerIsDeletedWhenThatIsMeant(t *testing.T) {
	api := loggedOut(t)
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflareapi.Token)
	write(t, "wrangler.toml", "name = \"shop\"\n[env.staging]\n")
	api.AddWorker("shop")
	api.AddWorker("shop-staging")
	api.Use("shop", "front")
	fails := func(want string, args ...string) {
		t.Helper()
		code, out := lattice(t, append([]string{"delete"}, args...)...)
		if expect(t, out, want); code == exitOK || api.Worker("shop") == nil {
			t.Errorf("%v: it ends with %d", args, code)
		}
	}
	fails("shop is in use, and was not deleted:\n  front has a service binding to it\nTake that away first, or delete it all the same with --force", "--yes")
	fails("there is no Worker nobody in the account", "nobody", "--yes")
	fails("There is no terminal to ask on: add --yes if that is meant", "--env", "staging")
	if _, out := lattice(t, "delete", "--dry-run"); api.Worker("shop") == nil {
		t.Error("a dry run deletes")
	} else {
		expect(t, out, "Worker shop\n  used: front has a service binding to it")
	}
	if code, out := lattice(t, "delete", "--env", "staging", "-y"); code != exitOK || api.Worker("shop-staging") != nil {
		t.Errorf("%d: %s", code, out)
	}
	api.Fail(cloudflareapi.Fault{Path: "/accounts/*/workers/scripts/shop/references", Times: 1, Status: 403, Code: 10000, Message: "Authentication error"})
	fails("Cannot delete this Worker as it is still referenced by other Workers: front (code 10064, HTTP 400)", "--yes")
	if code, out := lattice(t, "delete", "shop", "--force"); code != exitOK || api.Worker("shop") != nil {
		t.Errorf("%d: %s", code, out)
	}
	sent := api.Find("DELETE", "/accounts/*/workers/services/shop")
	if last := sent[len(sent)-1]; last.Query.Get("force") != "true" {
		t.Errorf("sent %s", last)
	}
}
