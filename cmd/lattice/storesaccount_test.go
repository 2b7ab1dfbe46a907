package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"grove.place/lattice/internal/cloudflare"
)

func TestKVNamespacesAndKeysOnCloudflare(t *testing.T) {
	api, ok, fails := accountProject(t)
	var made cloudflare.Namespace
	if err := json.Unmarshal([]byte(ok("kv", "namespace", "create", "my cache", "--json")), &made); err != nil || made.Title != "my cache" || made.ID == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	if out := ok("kv", "namespace", "create", "second", "--preview", "--binding", "TWO"); !strings.Contains(out, "Add to wrangler.toml:\n\n[[kv_namespaces]]\nbinding = \"TWO\"\npreview_id = \"") {
		t.Error(out)
	}
	write(t, "wrangler.toml", "name = \"w\"\n[[kv_namespaces]]\nbinding = \"KEYS\"\nid = \""+made.ID+"\"\n[[kv_namespaces]]\nbinding = \"NEW\"\n")
	ok("kv", "key", "put", "a/b?c", "value", "--binding", "KEYS", "--remote", "--ttl", "60")
	write(t, "file.bin", "\x00\xff")
	ok("kv", "key", "put", "b", "--path", "file.bin", "--namespace-id", made.ID, "--remote", "--metadata", `{"n":1}`)
	ok("kv", "key", "put", "c", "", "--binding", "KEYS", "--remote")
	if put := api.Find("PUT", "/accounts/*/storage/kv/namespaces/*/values/b"); len(put) != 1 || string(put[0].Part("value").Content) != "\x00\xff" || string(put[0].Part("metadata").Content) != `{"n":1}` {
		t.Errorf("sent %v", put)
	}
	if put := api.Requests(); put[2].Query.Get("expiration_ttl") != "60" || string(put[2].Body) != "value" {
		t.Errorf("sent %v", put[2])
	}
	if out := ok("kv", "key", "get", "a/b?c", "--binding", "KEYS", "--remote") + ok("kv", "key", "get", "b", "--binding", "KEYS", "--remote"); out != "value\x00\xff" {
		t.Errorf("%q", out)
	}
	var keys []struct {
		Name     string
		Metadata map[string]int
	}
	if err := json.Unmarshal([]byte(ok("kv", "key", "list", "--binding", "KEYS", "--remote")), &keys); err != nil || len(keys) != 3 || keys[1].Metadata["n"] != 1 {
		t.Errorf("%+v, %v", keys, err)
	}
	ok("kv", "key", "delete", "b", "--binding", "KEYS", "--remote")
	fails(`there is no key "b"`, "kv", "key", "get", "b", "--binding", "KEYS", "--remote")
	fails(`there is no key "c"`, "kv", "key", "get", "c", "--binding", "KEYS") // dev has none of it
	fails("the namespace NEW has no id: `lattice kv namespace list`", "kv", "key", "list", "--binding", "NEW", "--remote")
	fails("the namespace KEYS has no preview_id", "kv", "key", "list", "--binding", "KEYS", "--preview", "--remote")
	fails("namespace not found", "kv", "key", "list", "--namespace-id", "0404", "--remote")
	fails("namespace not found", "kv", "key", "get", "b", "--namespace-id", "0404", "--remote")

	if out := ok("kv", "namespace", "list"); !strings.Contains(out, `"title": "second_preview"`) {
		t.Error(out)
	}
	fails("Delete the KV namespace my cache ("+made.ID+") on Cloudflare, with all its keys? There is no terminal", "kv", "namespace", "delete", "--binding", "KEYS")
	ok("kv", "namespace", "delete", "second_preview", "--yes")
	ok("kv", "namespace", "delete", "--binding", "KEYS", "-y")
	fails("the account has no such KV namespace", "kv", "namespace", "delete", "my cache", "-y")
	fails("write the name of the namespace, or --binding", "kv", "namespace", "delete", "-y")
	if out := ok("kv", "namespace", "list"); out != "[]\n" {
		t.Error(out)
	}
}

func TestR2BucketsAndObjectsOnCloudflare(t *testing.T) {
	api, ok, fails := accountProject(t)
	if out := ok("r2", "bucket", "create", "pictures", "-J", "eu"); !strings.Contains(out, "[[r2_buckets]]\nbinding = \"pictures\"\nbucket_name = \"pictures\"\njurisdiction = \"eu\"\n") {
		t.Error(out)
	}
	if post := api.Find("POST", "/accounts/*/r2/buckets"); post[0].Header.Get("cf-r2-jurisdiction") != "eu" || string(post[0].Body) != `{"name":"pictures"}` {
		t.Errorf("sent %v", post)
	}
	write(t, "in.txt", "content")
	ok("r2", "object", "put", "files/a/ü b.txt", "--file", "in.txt", "--content-type", "text/plain", "--remote")
	if put := api.Find("PUT", "/accounts/*/r2/buckets/files/objects/a/ü b.txt"); len(put) != 1 || put[0].Header.Get("Content-Type") != "text/plain" || string(put[0].Body) != "content" {
		t.Errorf("sent %v", put)
	}
	if out := ok("r2", "object", "get", "FILES/a/ü b.txt", "--pipe", "--remote"); out != "content" {
		t.Error(out)
	}
	ok("r2", "object", "get", "files/a/ü b.txt", "--file", "out.txt", "--remote")
	if text, err := os.ReadFile("out.txt"); err != nil || string(text) != "content" {
		t.Errorf("%s, %v", text, err)
	}
	fails("The bucket you tried to delete is not empty (code 10008, HTTP 409)", "r2", "bucket", "delete", "files", "-y")
	ok("r2", "object", "delete", "files/a/ü b.txt", "--remote")
	fails(`there is no object "a/b.txt"`, "r2", "object", "get", "files/a/b.txt", "--pipe", "--remote")
	fails("the account has no R2 bucket absent: `lattice r2 bucket list`", "r2", "object", "get", "absent/a", "--pipe", "--remote")
	fails("the account has no R2 bucket absent", "r2", "object", "put", "absent/a", "--file", "in.txt", "--remote")
	fails("a part of dots alone", "r2", "object", "get", "files/../a", "--pipe", "--remote")
	for i := range 3 {
		ok("r2", "object", "put", fmt.Sprintf("files/l/%d", i), "--file", "in.txt", "--remote")
	}
	var list []struct{ Key, ETag string }
	if out := ok("r2", "object", "list", "FILES", "--prefix", "l/", "--remote"); json.Unmarshal([]byte(out), &list) != nil || len(list) != 3 || list[2].Key != "l/2" || list[2].ETag == "" {
		t.Error(out)
	}
	fails("the account has no R2 bucket absent", "r2", "object", "list", "absent", "--remote")
	fails("the account has no R2 bucket absent", "r2", "object", "delete", "absent/k", "--remote")

	if out := ok("r2", "bucket", "list"); !strings.HasPrefix(out, "pictures") {
		t.Error(out)
	}
	if out := ok("r2", "bucket", "info", "FILES"); !strings.Contains(out, "name     files\ncreated  2026-11-01") {
		t.Error(out)
	}
	fails("add --yes", "r2", "bucket", "delete", "pictures", "-J", "eu")
	ok("r2", "bucket", "delete", "pictures", "-J", "eu", "--yes")
	if del := api.Find("DELETE", "/accounts/*/r2/buckets/pictures"); len(del) != 1 || del[0].Header.Get("cf-r2-jurisdiction") != "eu" {
		t.Errorf("sent %v", del)
	}
	if out := ok("r2", "bucket", "list", "--json"); out != "[]\n" {
		t.Error(out)
	}
}
