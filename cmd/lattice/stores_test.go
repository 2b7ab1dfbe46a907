package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	local "grove.place/lattice/local-runtime"
)

// storesProject is a folder with a configuration that has stores, and lattice in it.
func storesProject(t *testing.T) (dir string, ok func(args ...string) string, fails func(want string, args ...string)) {
	t.Helper()
	dir = t.TempDir()
	t.Chdir(dir)
	write(t, "wrangler.toml", `name = "w"
[[d1_databases]]
binding = "DB"
database_name = "shop"
database_id = "x"
[[kv_namespaces]]
binding = "KEYS"
id = "0123"
[[r2_buckets]]
binding = "FILES"
bucket_name = "files"
`)
	ok = func(args ...string) string {
		t.Helper()
		code, out := lattice(t, args...)
		if code != exitOK {
			t.Fatalf("lattice %q: exit code %d: %s", args, code, out)
		}
		return out
	}
	fails = func(want string, args ...string) {
		t.Helper()
		if code, out := lattice(t, args...); code == exitOK || !strings.Contains(out, want) {
			t.Errorf("lattice %q: exit code %d, %s; want %q", args, code, out, want)
		}
	}
	return dir, ok, fails
}

func TestD1Commands(t *testing.T) {
	_, ok, fails := storesProject(t)
	if err := os.Mkdir("migrations", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, "migrations/0001_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, score REAL, raw BLOB, upper TEXT AS (upper(name)));\n")
	if out := ok("d1", "migrations", "list", "shop"); !strings.Contains(out, "│ 0001_users.sql │") {
		t.Error(out)
	}
	write(t, "migrations/10_ten.sql", "CREATE TABLE ten (a);\n")
	write(t, "migrations/9_nine.sql", "CREATE TABLE nine (a);\n")
	write(t, "migrations/.hidden.sql", "CREATE TABLE hidden (a);\n")
	if out := ok("d1", "migrations", "list", "shop"); strings.Index(out, "9_nine.sql") > strings.Index(out, "10_ten.sql") || strings.Contains(out, "hidden") {
		t.Errorf("in another order than they are applied: %s", out)
	}
	if out := ok("d1", "migrations", "apply", "DB", "--local"); !strings.Contains(out, "0001_users.sql") {
		t.Error(out)
	}
	if out := ok("d1", "migrations", "list", "shop"); out != "no migrations to apply\n" {
		t.Error(out)
	}
	write(t, "seed.sql", `-- a comment; with a semicolon
INSERT INTO users (name, score, raw) VALUES ('ann; o''hara', 2.0, x'0aff'), ('日本', NULL, NULL);
CREATE TRIGGER shout AFTER INSERT ON users BEGIN UPDATE users SET score = CASE WHEN score THEN score ELSE 0 END; DELETE FROM users WHERE name = 'x'; END;
CREATE INDEX by_name ON users (name);`)
	if out := ok("d1", "execute", "shop", "--file", "seed.sql"); out != "3 commands executed\n" {
		t.Error(out)
	}
	if out := ok("d1", "execute", "shop", "--command", "SELECT id, name, score, raw FROM users; SELECT 1 AS one"); out != `2 commands executed
┌────┬─────────────┬───────┬─────────┐
│ id │ name        │ score │ raw     │
├────┼─────────────┼───────┼─────────┤
│ 1  │ ann; o'hara │ 2     │ x'0aff' │
├────┼─────────────┼───────┼─────────┤
│ 2  │ 日本          │ null  │ null    │
└────┴─────────────┴───────┴─────────┘
┌─────┐
│ one │
├─────┤
│ 1   │
└─────┘
` {
		t.Error(out)
	}
	var results []struct {
		Results []map[string]any
		Success bool
	}
	if err := json.Unmarshal([]byte(ok("d1", "execute", "shop", "--json", "--command", "SELECT name, raw FROM users WHERE id = 1")), &results); err != nil || !results[0].Success ||
		results[0].Results[0]["name"] != "ann; o'hara" || len(results[0].Results[0]["raw"].([]any)) != 2 {
		t.Errorf("%v, %v", results, err)
	}
	if out := ok("d1", "execute", "shop", "--json", "--command", "SELECT 1 AS z, '<' AS a"); !strings.Contains(strings.Join(strings.Fields(out), ""), `{"z":1,"a":"<"}`) {
		t.Errorf("the columns are not in their order: %s", out)
	}
	fails("no such table: absent", "d1", "execute", "shop", "--command", "INSERT INTO users (name) VALUES ('lost'); SELECT * FROM absent")
	exported := ok("d1", "export", "shop", "--output", "-")
	if strings.Contains(exported, "lost") || !strings.Contains(exported, `INSERT INTO "users" ("id","name","score","raw") VALUES(1,'ann; o''hara',2,X'0aff');`) {
		t.Error(exported)
	}
	ok("d1", "export", "shop", "--output", "dump.sql")
	ok("state", "clear", "--yes")
	ok("d1", "execute", "shop", "--file", "dump.sql", "-y")
	if again := ok("d1", "export", "shop", "--output", "-"); again != exported {
		t.Errorf("after its way through the file:\n%s\nbefore:\n%s", again, exported)
	}
	fails(`no D1 database "shopp": there are shop`, "d1", "execute", "shopp", "--command", "SELECT 1")
	fails("write --command", "d1", "execute", "shop")
	fails("write it as lattice d1 execute DATABASE", "d1", "execute")
	fails(`there is no command "remove"`, "d1", "remove")
}

func TestKVCommands(t *testing.T) {
	dir, ok, fails := storesProject(t)
	ok("kv", "key", "put", "a", "value", "--binding", "KEYS", "--metadata", `{"n":1}`, "--ttl", "3600")
	write(t, "file.txt", "from a file")
	ok("kv", "key", "put", "b/c", "--path", "file.txt", "--namespace-id", "0123")
	if out := ok("kv", "key", "get", "a", "--binding=KEYS") + ok("kv", "key", "get", "--binding", "KEYS", "b/c"); out != "valuefrom a file" {
		t.Error(out)
	}
	var keys []struct {
		Name       string
		Expiration int64
		Metadata   map[string]int
	}
	if err := json.Unmarshal([]byte(ok("kv", "key", "list", "--binding", "KEYS", "--prefix", "a")), &keys); err != nil || len(keys) != 1 || keys[0].Metadata["n"] != 1 || keys[0].Expiration == 0 {
		t.Errorf("%+v, %v", keys, err)
	}
	ok("kv", "key", "delete", "a", "--binding", "KEYS")
	fails(`there is no key "a"`, "kv", "key", "get", "a", "--binding", "KEYS")
	fails("Invalid expiration_ttl of 5. Expiration TTL must be at least 60.", "kv", "key", "put", "a", "v", "--binding", "KEYS", "--ttl", "5")
	fails("which namespace? write --binding: there are KEYS", "kv", "key", "list")
	fails(`no KV namespace with the binding "KEY"`, "kv", "key", "list", "--binding", "KEY")
	fails("write the value, or --path", "kv", "key", "put", "a", "--binding", "KEYS")
	h, err := local.OpenStores(t.Context(), local.Options{Dir: filepath.Join(dir, ".lattice", "state")}) // as lattice dev has it
	if err != nil {
		t.Fatal(err)
	}
	fails("perhaps a second lattice dev", "kv", "key", "list", "--binding", "KEYS")
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func TestR2Commands(t *testing.T) {
	_, ok, fails := storesProject(t)
	write(t, "in.txt", "content")
	ok("r2", "object", "put", "files/a/b.txt", "--file", "in.txt", "--content-type", "text/plain")
	if out := ok("r2", "object", "get", "FILES/a/b.txt", "--pipe"); out != "content" {
		t.Error(out)
	}
	ok("r2", "object", "get", "files/a/b.txt")
	if text, err := os.ReadFile("b.txt"); err != nil || string(text) != "content" {
		t.Errorf("%s, %v", text, err)
	}
	if out := ok("r2", "object", "list", "files", "--prefix", "a/"); !strings.Contains(out, `"key": "a/b.txt"`) || !strings.Contains(out, `"contentType": "text/plain"`) {
		t.Error(out)
	}
	ok("r2", "object", "delete", "files/a/b.txt")
	fails(`there is no object "a/b.txt"`, "r2", "object", "get", "files/a/b.txt", "--pipe")
	fails(`no R2 bucket "other": there are files`, "r2", "object", "get", "other/a", "--pipe")
	fails("write it as lattice r2 object get BUCKET/KEY", "r2", "object", "get", "files")
	fails("write --file", "r2", "object", "put", "files/a")
}

func TestSQLIsSplitIntoStatements(t *testing.T) {
	for text, want := range map[string][]string{
		"":                         nil,
		" ; -- nothing\n ;":        nil,
		"SELECT 1":                 {"SELECT 1"},
		"SELECT 1;SELECT ';' ; ":   {"SELECT 1;", "SELECT ';' ;"},
		"SELECT ';'';', [;], `;`;": {"SELECT ';'';', [;], `;`;"},
		"/* ; */ SELECT 1; -- ;\nSELECT 2 -- end":                                                           {"/* ; */ SELECT 1;", "-- ;\nSELECT 2 -- end"},
		"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END; SELECT 3": {"CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT CASE 1 WHEN 1 THEN 2 END; END;", "SELECT 3"},
		"create temp trigger t BEGIN SELECT 1; end ; SELECT 2":                                              {"create temp trigger t BEGIN SELECT 1; end ;", "SELECT 2"},
		"SELECT 'open; SELECT 2":                 {"SELECT 'open; SELECT 2"},
		"CREATE TABLE trigger_log (n); SELECT 1": {"CREATE TABLE trigger_log (n);", "SELECT 1"},
	} {
		if got := splitSQL(text); !slices.Equal(got, want) {
			t.Errorf("%q is split into %q, want %q", text, got, want)
		}
	}
}
