package main

import (
	"os"
	"strings"
	"testing"

	"grove.place/lattice/tests/cloudflareapi"
)

// accountProject is storesProject with an account behind it.
func accountProject(t *testing.T) (api *cloudflareapi.Server, ok func(args ...string) string, fails func(want string, args ...string)) {
	t.Helper()
	_, plain, fail := storesProject(t)
	api = cloudflareapi.Start(t)
	for _, v := range api.Environ() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	quiet := func(out string) {
		t.Helper()
		if strings.Contains(out, cloudflareapi.Token) {
			t.Errorf("the token is printed: %s", out)
		}
	}
	ok = func(args ...string) string {
		t.Helper()
		out := plain(args...)
		quiet(out)
		return out
	}
	fails = func(want string, args ...string) {
		t.Helper()
		_, out := lattice(t, args...)
		quiet(out)
		fail(want, args...)
	}
	return api, ok, fails
}

func TestD1DatabasesAreCreatedListedAndDeleted(t *testing.T) {
	api, ok, fails := accountProject(t)
	out := ok("d1", "create", "my-shop")
	if !strings.Contains(out, "Created the D1 database my-shop\nAdd to wrangler.toml:\n\n[[d1_databases]]\nbinding = \"my_shop\"\ndatabase_name = \"my-shop\"\ndatabase_id = \"00000001-") {
		t.Error(out)
	}
	fails("A database with that name already exists (code 7502, HTTP 400)", "d1", "create", "my-shop")
	write(t, "other.jsonc", `{"name": "w"}`)
	if out := ok("d1", "create", "second", "--binding", "DB2", "--location", "weur", "-c", "other.jsonc"); !strings.Contains(out, `"d1_databases": [{ "binding": "DB2", "database_name": "second", "database_id": "`) {
		t.Error(out)
	}
	write(t, "bound.toml", "name = \"w\"\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"notes\"\n[[kv_namespaces]]\nbinding = \"LINKS\"\n")
	if out := ok("d1", "create", "notes", "-c", "bound.toml"); !strings.Contains(out, "In bound.toml complete:\n\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"notes\"\n") {
		t.Error(out)
	}
	if out := ok("kv", "namespace", "create", "LINKS", "-c", "bound.toml"); !strings.Contains(out, "In bound.toml complete:\n\n[[kv_namespaces]]\nbinding = \"LINKS\"\n") {
		t.Error(out)
	}
	posts := api.Find("POST", "/accounts/*/d1/database")
	if sent := string(posts[len(posts)-2].Body); sent != `{"name":"second","primary_location_hint":"weur"}` {
		t.Errorf("sent %s", sent)
	}
	if out := ok("d1", "list"); strings.Count(out, "\n") != 3 || !strings.Contains(out, "  my-shop") {
		t.Error(out)
	}
	if out := ok("d1", "info", "my-shop", "--json"); !strings.Contains(out, `"name": "my-shop"`) {
		t.Error(out)
	}
	fails("add --yes if that is meant", "d1", "delete", "my-shop")
	if out := ok("d1", "delete", "my-shop", "-y"); out != "Deleted the D1 database my-shop\n" {
		t.Error(out)
	}
	fails("the account has no D1 database my-shop: `lattice d1 list` shows", "d1", "info", "my-shop")
	t.Setenv("CLOUDFLARE_API_TOKEN", "")
	fails("set CLOUDFLARE_API_TOKEN", "d1", "list")
}

func TestD1CommandsReachCloudflareWithRemoteAlone(t *testing.T) {
	api, ok, fails := accountProject(t)
	api.AddDatabase("shop", "x") // as the configuration has it
	fails("write --command", "d1", "execute", "shop", "--remote")
	ok("d1", "execute", "DB", "--remote", "--command", "CREATE TABLE a (x, big, raw)")
	ok("d1", "execute", "shop", "--remote", "--command", "INSERT INTO a VALUES ('ä', 9007199254740993, NULL)")
	if out := ok("d1", "execute", "shop", "--remote", "--command", "SELECT big, x FROM a"); !strings.Contains(out, "│ 9007199254740993 │ ä │") {
		t.Error(out)
	}
	if out := ok("d1", "execute", "shop", "--remote", "--json", "--command", "SELECT x, big FROM a"); !strings.Contains(strings.Join(strings.Fields(out), ""), `[{"results":[{"x":"ä","big":9007199254740993}],"success":true,"meta":{"changes":0,"duration":0.1}}]`) {
		t.Error(out)
	}
	fails("no such table: absent", "d1", "execute", "shop", "--remote", "--command", "SELECT * FROM absent")
	fails("no such table: a", "d1", "execute", "shop", "--command", "SELECT * FROM a") // dev has none of it
	fails("takes --local or --remote", "d1", "execute", "shop", "--local", "--remote", "--command", "SELECT 1")

	write(t, "seed.sql", "INSERT INTO a (x) VALUES ('one');\nINSERT INTO a (x) VALUES ('two');\n")
	if out := ok("d1", "execute", "shop", "--remote", "--file", "seed.sql", "--yes"); !strings.Contains(out, "2 commands executed in shop on Cloudflare") {
		t.Error(out)
	}
	if rows, err := api.Query("shop", "SELECT x FROM a ORDER BY x"); err != nil || strings.Join(rows, " ") != "one two ä" {
		t.Errorf("%v, %v", rows, err)
	}
	write(t, "wrong.sql", "INSERT INTO a (x) VALUES ('three'); INSERT INTO absent VALUES (1);")
	fails("run the file in the D1 database: D1 answered an error", "d1", "execute", "shop", "--remote", "--file", "wrong.sql")
	if rows, err := api.Query("shop", "SELECT count(*) FROM a"); err != nil || rows[0] != "3" {
		t.Errorf("%v, %v", rows, err)
	}
	if out := ok("d1", "export", "shop", "--remote", "--output", "-"); out != cloudflareapi.Exported {
		t.Error(out)
	}
	// What may have been carried out is not sent again.
	api.Forget()
	api.Fail(cloudflareapi.Fault{Method: "POST", Status: 502, After: true})
	fails("Cloudflare answered 502", "d1", "execute", "shop", "--remote", "--command", "INSERT INTO a (x) VALUES ('four')")
	if sent := api.Find("POST", "/accounts/*/d1/database/x/raw"); len(sent) != 2 { // fails runs the command twice
		t.Errorf("sent %d times", len(sent))
	}
}

func TestD1MigrationsAreNumberedAndAppliedRemotely(t *testing.T) {
	api, ok, fails := accountProject(t)
	api.AddDatabase("shop", "x")
	fails("there is no folder of migrations", "d1", "migrations", "list", "shop", "--remote")
	if out := ok("d1", "migrations", "create", "shop", "create users"); out != "Created migrations/0001_create_users.sql\n" {
		t.Error(out)
	}
	write(t, "migrations/9_nine.sql", "BEGIN TRANSACTION;\nCREATE TABLE nine (a); -- the end\nCOMMIT;")
	write(t, "migrations/0001_create_users.sql", "CREATE TABLE users (name);\nCREATE TRIGGER t AFTER INSERT ON users BEGIN DELETE FROM users WHERE name = ';'; END;\n-- the end")
	ok("d1", "migrations", "create", "DB", "o'hara")
	if _, err := os.Stat("migrations/0010_o'hara.sql"); err != nil {
		t.Error(err)
	}
	fails("is no name of a migration", "d1", "migrations", "create", "shop", "../up")
	if out := ok("d1", "migrations", "list", "shop", "--remote"); !strings.Contains(out, "0001_create_users.sql") || !strings.Contains(out, "9_nine.sql") {
		t.Error(out)
	}
	write(t, "migrations/0011_wrong.sql", "CREATE TABLE eleven (a); SELECT * FROM absent;")
	fails("migration migrations/0011_wrong.sql: run SQL in the D1 database: ", "d1", "migrations", "apply", "shop", "--remote")
	if rows, err := api.Query("shop", "SELECT name FROM d1_migrations ORDER BY id"); err != nil || strings.Join(rows, " ") != "0001_create_users.sql 9_nine.sql 0010_o'hara.sql" {
		t.Errorf("%v, %v", rows, err)
	}
	if rows, err := api.Query("shop", "SELECT name FROM sqlite_schema WHERE name IN ('users', 't', 'nine', 'eleven') ORDER BY name"); err != nil || strings.Join(rows, " ") != "nine t users" {
		t.Errorf("%v, %v", rows, err)
	}
	if err := os.Remove("migrations/0011_wrong.sql"); err != nil {
		t.Fatal(err)
	}
	if out := ok("d1", "migrations", "apply", "shop", "--remote"); out != "no migrations to apply\n" {
		t.Error(out)
	}
}
