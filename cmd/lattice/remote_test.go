package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/cloudflareapi"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/r2"
)

const remoteConfig = `name = "w"
[[kv_namespaces]]
binding = "FAR"
id = "0000000000000000000000000000000a"
remote = true
[[kv_namespaces]]
binding = "NEAR"
id = "0000000000000000000000000000000b"
[[d1_databases]]
binding = "DB"
database_name = "base"
database_id = "11111111-1111-1111-1111-111111111111"
remote = true
[[r2_buckets]]
binding = "PICTURES"
bucket_name = "pictures"
jurisdiction = "eu"
remote = true
`

// remoteHost is what lattice dev would start for remoteConfig, without the Worker.
func remoteHost(t *testing.T, f *fleet) (*local.Host, *wrangler.Config, string) {
	t.Helper()
	write(t, "wrangler.toml", remoteConfig)
	cfg, err := wrangler.Load("wrangler.toml", "")
	if err != nil {
		t.Fatal(err)
	}
	f.markRemote(cfg)
	o, err := bindings.Options(cfg, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	if err := f.connectRemote(t.Context(), cfg, &o, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	o.Dir = t.TempDir()
	h, err := local.OpenStores(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h, cfg, log.String()
}

func remoteAccount(t *testing.T) *cloudflareapi.Server {
	api := cloudAccount(t)
	api.AddNamespace("0000000000000000000000000000000a")
	api.AddDatabase("base", "11111111-1111-1111-1111-111111111111")
	api.AddBucket("pictures", "eu")
	return api
}

func TestRemoteKVIsTheAccounts(t *testing.T) {
	api := remoteAccount(t)
	f := &fleet{projects: []*project{{}}}
	h, cfg, log := remoteHost(t, f)
	f.configs = []*wrangler.Config{cfg}
	if said := f.describeRemote(); said != `REMOTE: the KV binding FAR is the namespace 0000000000000000000000000000000a of the account at Cloudflare
REMOTE: the D1 binding DB is the database base of the account at Cloudflare
REMOTE: the R2 binding PICTURES is the bucket pictures of the account at Cloudflare
        what the program writes there is written for everybody; --local keeps these bindings on this machine
` || !strings.Contains(log, "FAR, DB, PICTURES") || len(cfg.Warnings) != 0 {
		t.Errorf("it says %q, %q, %v", said, log, cfg.Warnings)
	}
	ctx, far := h.Context(), kv.Namespace("FAR")
	for _, key := range []string{"a", "b/c?", "d"} {
		if err := far.Put(ctx, key, "value of "+key, &kv.PutOptions{Metadata: map[string]int{"n": 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(api.Find("PUT", "/accounts/*/storage/kv/namespaces/0000000000000000000000000000000a/values/a")); n != 1 {
		t.Errorf("%d values were sent", n)
	}
	var text string
	var found bool
	var err error
	if found, err = far.Get(ctx, "b/c?", &text, nil); err != nil || !found || text != "value of b/c?" {
		t.Errorf("%v %q %v", found, text, err)
	}
	var metadata map[string]int
	if _, err = far.GetWithMetadata(ctx, "a", &text, &metadata, nil); err != nil || metadata["n"] != 1 {
		t.Errorf("metadata %v %v", metadata, err)
	}
	if found, err = far.Get(ctx, "none", &text, nil); err != nil || found {
		t.Errorf("a key that is not there: %v %v", found, err)
	}
	var names []string
	for cursor := ""; ; { // the stand-in's pages have two keys
		l, err := far.List(ctx, kv.ListOptions{Limit: 1, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Keys) > 1 {
			t.Errorf("a page of one has %d keys", len(l.Keys))
		}
		for _, k := range l.Keys {
			names = append(names, k.Name)
		}
		if cursor = l.Cursor; l.Complete {
			break
		}
	}
	if got := strings.Join(names, " "); got != "a b/c? d" {
		t.Errorf("keys %s", got)
	}
	if err := far.Delete(ctx, "a"); err != nil {
		t.Error(err)
	}
	if found, err = far.Get(ctx, "a", &text, nil); err != nil || found {
		t.Errorf("a deleted key: %v %v", found, err)
	}
	api.Forget()
	if err := kv.Namespace("NEAR").Put(ctx, "k", "v", nil); err != nil {
		t.Error(err)
	}
	if list := api.Requests(); len(list) != 0 {
		t.Errorf("a local binding asks %v", list)
	}
	api.Fail(cloudflareapi.Fault{Method: "GET", Status: 403, Code: 10000, Message: "Authentication error"})
	if _, err = far.Get(ctx, "d", &text, nil); err == nil || !strings.Contains(err.Error(), "KV GET failed: remote KV binding FAR (the namespace 0000000000000000000000000000000a): ") || !strings.Contains(err.Error(), "permission") || strings.Contains(err.Error(), cloudflareapi.Token) {
		t.Errorf("without the permission: %v", err)
	}
}

func TestRemoteD1IsTheAccounts(t *testing.T) {
	api := remoteAccount(t)
	h, _, _ := remoteHost(t, &fleet{projects: []*project{{}}})
	ctx, db := h.Context(), d1.Database("DB")
	if _, err := db.Exec(ctx, "CREATE TABLE t (a INTEGER, b TEXT, c REAL)"); err != nil {
		t.Fatal(err)
	}
	insert := db.Prepare("INSERT INTO t VALUES (?, ?, ?)")
	if _, err := db.Batch(ctx, insert.Bind(1, "one", 1.5), insert.Bind(2, "two", nil)); err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		A int
		B string
		C *float64
	}
	if err := db.Prepare("SELECT a, b, c FROM t WHERE a > ? ORDER BY a").Bind(0).All(ctx, &rows); err != nil || len(rows) != 2 || rows[1].A != 2 || rows[1].B != "two" || rows[0].C == nil || *rows[0].C != 1.5 || rows[1].C != nil {
		t.Errorf("%+v %v", rows, err)
	}
	if got, err := api.Query("base", "SELECT b FROM t ORDER BY a"); err != nil || strings.Join(got, " ") != "one two" {
		t.Errorf("the account has %v %v", got, err)
	}
	if err := db.Prepare("SELECT * FROM nowhere").All(ctx, &rows); err == nil || !strings.Contains(err.Error(), "D1_ERROR: ") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an error: %v", err)
	}
}

func TestRemoteBindingsStayHere(t *testing.T) {
	for name, k := range map[string]struct {
		fleet    *fleet
		token    bool
		warnings int
	}{
		"with --local":    {&fleet{projects: []*project{{}}, localOnly: true}, true, 0},
		"without a token": {&fleet{projects: []*project{{}}}, false, 3},
	} {
		t.Run(name, func(t *testing.T) {
			api := remoteAccount(t)
			if !k.token {
				t.Setenv("CLOUDFLARE_API_TOKEN", "")
				noSession(t)
			}
			h, cfg, log := remoteHost(t, k.fleet)
			k.fleet.configs = []*wrangler.Config{cfg}
			if err := kv.Namespace("FAR").Put(h.Context(), "k", "v", nil); err != nil {
				t.Error(err)
			}
			if _, err := r2.Bucket("PICTURES").Put(h.Context(), "k", strings.NewReader("v"), &r2.PutOptions{CustomMetadata: map[string]string{"a": "b"}}); err != nil {
				t.Error(err)
			}
			if _, err := d1.Database("DB").Exec(h.Context(), "CREATE TABLE t (a)"); err != nil {
				t.Error(err)
			}
			if list := api.Requests(); len(list) != 0 || len(cfg.Warnings) != k.warnings || log != "" || k.fleet.describeRemote() != "" {
				t.Errorf("%v %v %q", list, cfg.Warnings, log)
			}
		})
	}
}

// noSession is a home without a session of wrangler login, and the file that would be one.
func noSession(t *testing.T) (file string) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	return filepath.Join(dir, ".wrangler", "config", "default.toml")
}

func TestRemoteBindingsUseTheCredentialsOfDeployments(t *testing.T) {
	for name, file := range map[string]func(session string) (path, text string){
		"a token in .env": func(string) (string, string) { return ".env", "CLOUDFLARE_API_TOKEN=" + cloudflareapi.Token + "\n" },
		"a session of wrangler login, which has expired": func(session string) (string, string) {
			return session, "oauth_token = \"old\"\nexpiration_time = \"2020-01-01T00:00:00.000Z\"\nrefresh_token = \"" + cloudflareapi.Refresh + "\"\nscopes = [ \"account:read\" ]\n"
		},
	} {
		t.Run(name, func(t *testing.T) {
			api := remoteAccount(t)
			t.Setenv("CLOUDFLARE_API_TOKEN", "")
			path, text := file(noSession(t))
			t.Setenv("WRANGLER_TOKEN_URL", strings.TrimSuffix(api.URL, "/client/v4")+"/oauth2/token")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, path, text)
			h, cfg, _ := remoteHost(t, &fleet{projects: []*project{{}}})
			for n := range 2 {
				if err := kv.Namespace("FAR").Put(h.Context(), "k", "v", nil); err != nil {
					t.Errorf("%d: %v", n, err)
				}
			}
			if list := api.Find("PUT", "/accounts/*/storage/kv/namespaces/*/values/k"); len(list) != 2 || len(cfg.Warnings) != 0 {
				t.Errorf("%v %v", list, cfg.Warnings)
			}
		})
	}
	remoteAccount(t)
	t.Setenv("CLOUDFLARE_API_TOKEN", "two words")
	write(t, "wrangler.toml", remoteConfig)
	cfg, err := wrangler.Load("wrangler.toml", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := (&fleet{projects: []*project{{}}}).connectRemote(t.Context(), cfg, &local.Options{}, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "blanks or quotes") || !strings.Contains(err.Error(), "--local") {
		t.Errorf("a token that is none: %v", err)
	}
}
