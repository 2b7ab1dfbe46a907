package wrangler

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const full = `name = "grove-lattice"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"
compatibility_flags = ["enable_request_signal"]

[build]
command = "go run ./cmd/lattice build ./workers/grove"

[vars]
GROVE_DOMAIN = "grove.place"
LIMITS = { perMinute = 30, names = ["a", "b"] }
DEBUG = true

[[durable_objects.bindings]]
name = "SESSIONS"
class_name = "SessionDO"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Session"]

[[migrations]]
tag = "v2"
renamed_classes = [{ from = "Session", to = "SessionDO" }]
new_classes = ["Old"]

[[d1_databases]]
binding = "DB"
database_name = "grove"
database_id = "1"
migrations_dir = "migrations"

[[services]]
binding = "AUTH"
service = "auth"

[[kv_namespaces]]
binding = "CACHE"
id = "x"

[triggers]
crons = ["*/5 * * * *"]

[observability]
enabled = true

[env.staging]
compatibility_date = "2026-09-01"
[env.staging.vars]
GROVE_DOMAIN = "staging.grove.place"
`

func load(t *testing.T, text, env string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wrangler.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, env)
}

func TestLoadReadsEverythingLatticeUses(t *testing.T) {
	c, err := load(t, full, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings about a good file: %v", c.Warnings)
	}
	if c.Name != "grove-lattice" || c.Main != "build/dist/worker.mjs" || c.CompatibilityDate != "2026-10-01" {
		t.Errorf("head = %q %q %q", c.Name, c.Main, c.CompatibilityDate)
	}
	wantVars := map[string]Var{
		"GROVE_DOMAIN": {Text: "grove.place"},
		"LIMITS":       {JSON: `{"names":["a","b"],"perMinute":30}`},
		"DEBUG":        {JSON: "true"},
	}
	if !reflect.DeepEqual(c.Vars, wantVars) {
		t.Errorf("vars = %v", c.Vars)
	}
	if want := []ObjectBinding{{Name: "SESSIONS", Class: "SessionDO"}}; !reflect.DeepEqual(c.Objects, want) {
		t.Errorf("objects = %v", c.Objects)
	}
	if c.Databases[0].Binding != "DB" || c.Databases[0].MigrationsDir != "migrations" {
		t.Errorf("databases = %v", c.Databases)
	}
	if c.Services[0] != (Service{Binding: "AUTH", Service: "auth"}) || c.KV[0] != (KVNamespace{Binding: "CACHE", ID: "x"}) {
		t.Errorf("services = %v, KV = %v", c.Services, c.KV)
	}
	if !reflect.DeepEqual(c.Crons, []string{"*/5 * * * *"}) {
		t.Errorf("crons = %v", c.Crons)
	}
	if got := c.LineOf("durable_objects", "SessionDO"); got != 16 {
		t.Errorf("SessionDO is said to stand on line %d", got)
	}
}

func TestMigrationsInOrderLeaveTheLiveClasses(t *testing.T) {
	c, err := load(t, full, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		class        string
		live, sqlite bool
	}{{"SessionDO", true, true}, {"Session", false, false}, {"Old", true, false}} {
		if live, sqlite := c.LiveClass(k.class); live != k.live || sqlite != k.sqlite {
			t.Errorf("%s: live %v, sqlite %v", k.class, live, sqlite)
		}
	}
	if c.NextTag() != "v3" {
		t.Errorf("next tag = %s", c.NextTag())
	}
}

func TestEnvironmentInheritsSettingsButNotBindings(t *testing.T) {
	c, err := load(t, full, "staging")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "grove-lattice-staging" || c.Main != "build/dist/worker.mjs" || c.CompatibilityDate != "2026-09-01" || len(c.Crons) != 1 {
		t.Errorf("inherited: %q %q %q %v", c.Name, c.Main, c.CompatibilityDate, c.Crons)
	}
	if c.Vars["GROVE_DOMAIN"].Text != "staging.grove.place" || len(c.Vars) != 1 || len(c.Objects) != 0 {
		t.Errorf("bindings: %v %v", c.Vars, c.Objects)
	}
	if _, err := load(t, full, "prod"); err == nil || !strings.Contains(err.Error(), "no [env.prod]; environments here: staging") {
		t.Errorf("unknown environment: %v", err)
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for _, k := range []struct{ name, text, want string }{
		{"broken syntax", "name = \"a\"\nmain = build", "wrangler.toml:2:8: not valid TOML: "},
		{"unclosed table", "name = \"a\"\n[vars\n", "wrangler.toml:2:6: not valid TOML: "},
		{"a key twice", "name = \"a\"\nname = \"b\"\n", "wrangler.toml:2:1: not valid TOML: "},
		{"a number for text", "\nname = 3\n", `wrangler.toml:2: "name" must be a string, not 3`},
		{"a bare date", "compatibility_date = 2026-10-01", `wrangler.toml:1: "compatibility_date" must be a string, not the date 2026-10-01`},
		{"a misspelt key behind an error", "[[kv_namespaces]]\nbindng = \"A\"", `wrangler.toml:2: unknown key "kv_namespaces[0].bindng" is ignored; did you mean "binding"?`},
		{"a binding without a class", "[[durable_objects.bindings]]\nname = \"S\"", `wrangler.toml:1: "durable_objects.bindings[0]" lacks class_name: write class_name = "…"`},
		{"a name bound twice", "[vars]\nDB = \"x\"\n[[d1_databases]]\nbinding = \"DB\"", `wrangler.toml:4: "DB" is bound twice: in vars and in d1_databases`},
	} {
		t.Run(k.name, func(t *testing.T) {
			_, err := load(t, k.text, "")
			if err == nil || !strings.Contains(err.Error(), k.want) {
				t.Errorf("got %v, want …%s…", err, k.want)
			}
		})
	}
}

func TestMissingFileSaysWhatToWrite(t *testing.T) {
	dir := t.TempDir()
	_, err := Load(filepath.Join(dir, "wrangler.toml"), "")
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "compatibility_date") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(dir, ""); err == nil || !strings.Contains(err.Error(), "is a folder: name the file in it") {
		t.Errorf("a directory: %v", err)
	}
}

func TestUnknownKeysAreWarnedAboutWithTheirLine(t *testing.T) {
	c, err := load(t, "name = \"a\"\ncompatability_date = \"2026-10-01\"\n\n[[d1_databases]]\nbinding = \"DB\"\nmigration_dir = \"m\"\n", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	lines := []int{}
	for _, w := range c.Warnings {
		got = append(got, w.Text)
		lines = append(lines, w.Line)
	}
	if !reflect.DeepEqual(lines, []int{2, 6}) || !strings.Contains(got[0], `"compatability_date"`) || !strings.Contains(got[1], `"d1_databases[0].migration_dir"`) {
		t.Errorf("warnings = %v on lines %v", got, lines)
	}
}

func TestConcurrencyOfConsumersIsWarnedAbout(t *testing.T) {
	c, err := load(t, "name = \"a\"\n\n[[queues.consumers]]\nqueue = \"mail\"\nmax_concurrency = 2\n", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) != 1 || c.Warnings[0].Line != 5 || !strings.Contains(c.Warnings[0].Text, "max_concurrency") {
		t.Errorf("warnings: %v", c.Warnings)
	}
}

func TestBindingsThatCount(t *testing.T) {
	c, err := load(t, `name = "a"

[[ratelimits]]
name = "LOGINS"
namespace_id = "1001"
simple = { limit = 100, period = 60 }

[[unsafe.bindings]]
name = "OLD"
type = "ratelimit"
namespace_id = 1002
simple = { limit = 5, period = 10 }

[[unsafe.bindings]]
name = "ELSE"
type = "something"

[[analytics_engine_datasets]]
binding = "VISITS"
dataset = "visits"

[version_metadata]
binding = "VERSION"
`, "")
	if err != nil || len(c.Warnings) != 1 || c.Warnings[0].Line != 14 || !strings.Contains(c.Warnings[0].Text, "ELSE of type something is not there on the local host") {
		t.Fatal(err, c.Warnings)
	}
	if len(c.RateLimits) != 2 || c.RateLimits[0].Simple.Limit != 100 || c.RateLimits[1].Name != "OLD" || c.RateLimits[1].Simple.Period != 10 {
		t.Errorf("rate limits: %+v", c.RateLimits)
	}
	if !reflect.DeepEqual(c.Datasets, []Dataset{{Binding: "VISITS", Name: "visits"}}) || c.VersionMetadata != "VERSION" {
		t.Errorf("datasets %+v, version %q", c.Datasets, c.VersionMetadata)
	}
	for text, want := range map[string]string{
		"[[ratelimits]]\nname = \"L\"": `"ratelimits[0]" lacks namespace_id: write namespace_id = "…"`,
		"[[ratelimits]]\nname = \"L\"\nnamespace_id = \"1\"\nsimple = { limit = 1, period = 30 }": "a period of 10 or 60",
		"[[kv_namespaces]]\nid = \"x\"":                                           `wrangler.toml:1: "kv_namespaces[0]" lacks binding: write binding = "…"`,
		"[[kv_namespaces]]\nbinding = \"A\"\n[version_metadata]\nbinding = \"A\"": `"A" is bound twice: in kv_namespaces and in version_metadata`,
	} {
		if _, err := load(t, text, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want …%s…", text, err, want)
		}
	}
}

const jsonText = `{
	// The Worker's name.
	"name": "from-json", /* and */ "main": "./build/worker.mjs",
	"compatibility_date": "2026-10-01",
	"vars": { "URL": "https://example.com//a", "LIMIT": 3, "LIST": [1, "two", { "x": null }], },
	"durable_objects": { "bindings": [{ "name": "C", "class_name": "Counter" }] },
	"d1_databases": [
		{ "binding": "DB", "database_name": "db", "database_id": "1" },
	],
	"odd_key": true,
	"env": { "staging": { "vars": { "URL": "staging" } } },
}`

func loadJSON(t *testing.T, text, env string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wrangler.jsonc")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, env)
}

func TestJSONIsReadAsTOMLIs(t *testing.T) {
	c, err := loadJSON(t, jsonText, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "from-json" || c.Main != "./build/worker.mjs" || c.Databases[0].Name != "db" || c.Objects[0].Class != "Counter" {
		t.Errorf("%+v", c)
	}
	want := map[string]Var{"URL": {Text: "https://example.com//a"}, "LIMIT": {JSON: "3"}, "LIST": {JSON: `[1,"two",{"x":null}]`}}
	if !reflect.DeepEqual(c.Vars, want) {
		t.Errorf("vars = %v", c.Vars)
	}
	if len(c.Warnings) != 2 || c.Warnings[0].Line != 6 || c.Warnings[1].Line != 10 || !strings.Contains(c.Warnings[1].Text, `"odd_key"`) {
		t.Errorf("warnings = %v", c.Warnings)
	}
	if c, err = loadJSON(t, jsonText, "staging"); err != nil || c.Vars["URL"].Text != "staging" {
		t.Errorf("staging: %v", err)
	}
}

func TestErrorsInJSONNameThePlace(t *testing.T) {
	for text, want := range map[string]string{
		"{\n\t\"name\": \"a\"\n\t\"main\": 1\n}":    "wrangler.jsonc:3: not valid JSON: ",
		"{\n\t\"name\": \"a\",\n\t\"main\": 1\n}":   `wrangler.jsonc:3: "main" must be a string, not 1`,
		"{\n\"name\": \"a\"":                        "wrangler.jsonc:2: not valid JSON: ",
		"[]":                                        "the settings must be an object, not array",
		"{\"durable_objects\":{\"bindings\":[{}]}}": `wrangler.jsonc:1: "durable_objects.bindings[0]" lacks name: write "name": "…"`,
	} {
		if _, err := loadJSON(t, text, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want …%s…", text, err, want)
		}
	}
}

func TestPropsOfServicesHaveNumbers(t *testing.T) {
	want := map[string]any{"level": int64(3), "rate": 0.5, "list": []any{int64(1), "a"}}
	inTOML, err := load(t, "name = \"a\"\n[[services]]\nbinding = \"S\"\nservice = \"s\"\nprops = { level = 3, rate = 0.5, list = [1, \"a\"] }\n", "")
	if err != nil || !reflect.DeepEqual(inTOML.Services[0].Props, want) {
		t.Errorf("TOML: %v, %v", inTOML, err)
	}
	inJSON, err := loadJSON(t, `{"services": [{"binding": "S", "service": "s", "props": {"level": 3, "rate": 0.5, "list": [1, "a"]}}]}`, "")
	if err != nil || !reflect.DeepEqual(inJSON.Services[0].Props, want) {
		t.Errorf("JSON: %v, %v", inJSON, err)
	}
}

func TestADateInTheFutureIsWarnedAbout(t *testing.T) {
	real := now
	defer func() { now = real }()
	now = func() time.Time { return time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC) }
	for date, want := range map[string]int{"2026-10-01": 0, "2026-10-02": 1} {
		c, err := load(t, "name = \"a\"\ncompatibility_date = \""+date+"\"\n", "")
		if err != nil || len(c.Warnings) != want || want > 0 && (c.Warnings[0].Line != 2 || !strings.Contains(c.Warnings[0].Text, "is in the future")) {
			t.Errorf("%s: %v, %v", date, c.Warnings, err)
		}
	}
}
