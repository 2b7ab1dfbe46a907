package main

import (
	"os"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

// What a deployment made has no id in the file, and commands find it by the binding all the same.
func TestCommandsFindWhatADeploymentMade(t *testing.T) {
	api := loggedOut(t)
	t.Setenv("CLOUDFLARE_API_TOKEN", cloudflareapi.Token)
	write(t, "wrangler.toml", `name = "app"
main = "index.js"
compatibility_date = "2026-10-01"
[[kv_namespaces]]
binding = "CACHE"
[[d1_databases]]
binding = "DB"
[[r2_buckets]]
binding = "FILES"
`)
	write(t, "index.js", "export default {}")
	if err := os.Mkdir("migrations", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, "migrations/0001_a.sql", "CREATE TABLE a (x);")
	run := func(want string, args ...string) {
		t.Helper()
		code, out := lattice(t, args...)
		if expect(t, out, want); code != exitOK {
			t.Errorf("%v ends with %d:\n%s", args, code, out)
		}
	}
	if _, out := lattice(t, "kv", "key", "put", "a", "b", "--binding", "CACHE", "--remote"); api.Worker("app") == nil {
		expect(t, out, "the namespace CACHE has no id")
	}
	run("it has no tables yet: lattice d1 migrations apply DB --remote", "deploy")
	run("applied 0001_a.sql", "d1", "migrations", "apply", "DB", "--remote")
	run("", "kv", "key", "put", "a", "b", "--binding", "CACHE", "--remote")
	if len(api.Find("PUT", "/accounts/*/storage/kv/namespaces/*/values/a")) != 1 {
		t.Error("no key is put")
	}
	run("", "r2", "object", "put", "FILES/index.js", "--file", "index.js", "--remote")
	if len(api.Find("PUT", "/accounts/*/r2/buckets/app-files/objects/index.js")) != 1 {
		t.Error("no object is put")
	}
}
