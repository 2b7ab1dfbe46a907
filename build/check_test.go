package build

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"grove.place/lattice/internal/wrangler"
)

const good = `name = "app"
main = "build/dist/worker.mjs"
compatibility_date = "2026-10-01"

[[durable_objects.bindings]]
name = "SESSIONS"
class_name = "SessionDO"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["SessionDO"]
`

func sessionManifest() *Manifest {
	return &Manifest{ABI: 1, Fetch: true, Classes: []Class{{
		Name: "SessionDO", Fetch: true, Alarm: true, WebSocketMessage: true, WebSocketClose: true,
		Methods: []Method{{Name: "createSession", Signature: "(params: CreateParams): Promise<Created>"}, {Name: "list-all", Signature: "(): Promise<string[]>"}},
	}}, Types: "export interface CreateParams { userId: string }\nexport interface Created { id: string }"}
}

// looking is sessionManifest of a program that uses a binding.
func looking(binding string) *Manifest {
	m := sessionManifest()
	m.Classes[0].Bindings = []string{binding}
	return m
}

func config(t *testing.T, text string) *wrangler.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wrangler.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := wrangler.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCheckNamesTheLinesToAdd(t *testing.T) {
	session := sessionManifest()
	for _, k := range []struct {
		name, old, new string
		manifest       *Manifest
		want           []string // parts of the error; none: it fits
	}{
		{"a file that fits", "", "", session, nil},
		{"a class without a binding", "[[durable_objects.bindings]]\nname = \"SESSIONS\"\nclass_name = \"SessionDO\"\n", "", session,
			[]string{"class SessionDO has no binding. Add:", "    [[durable_objects.bindings]]\n    name = \"SESSION\"\n    class_name = \"SessionDO\""}},
		{"a class without the binding that the program looks for", "[[durable_objects.bindings]]\nname = \"SESSIONS\"\nclass_name = \"SessionDO\"\n", "", looking("LOGINS"),
			[]string{"class SessionDO has no binding. Add:", "    name = \"LOGINS\"\n    class_name = \"SessionDO\""}},
		{"the binding that the program looks for", "", "", looking("SESSIONS"), nil},
		{"the name bound to another class of the program", "", "", &Manifest{Classes: []Class{{Name: "SessionDO"}, {Name: "Other", Bindings: []string{"SESSIONS"}}}},
			[]string{"line 6: binding SESSIONS names class SessionDO, but the program looks for class Other under that name", `class_name = "Other"`}},
		{"a class without a migration", "new_sqlite_classes = [\"SessionDO\"]", "", session,
			[]string{"no migration creates SessionDO. Add:", "    [[migrations]]\n    tag = \"v2\"\n    new_sqlite_classes = [\"SessionDO\"]"}},
		{"a class without SQLite", "new_sqlite_classes", "new_classes", session,
			[]string{"line 11: class SessionDO is created by new_classes", `new_sqlite_classes = ["SessionDO"]`}},
		{"a binding without a class", "", "", &Manifest{},
			[]string{`line 7: binding SESSIONS names class "SessionDO", which the program does not have (it has none)`, `deleted_classes = ["SessionDO"]`}},
		{"a class under a new name", "", "", &Manifest{Classes: []Class{{Name: "LoginDO"}}},
			[]string{"line 11: the migrations create class SessionDO, which the program does not have, and not class LoginDO", "    renamed_classes = [{ from = \"SessionDO\", to = \"LoginDO\" }]"}},
		{"a class that was renamed", "new_sqlite_classes = [\"SessionDO\"]", "new_sqlite_classes = [\"LoginDO\"]\n[[migrations]]\ntag = \"v2\"\nrenamed_classes = [{ from = \"LoginDO\", to = \"SessionDO\" }]", session, nil},
		{"a class that comes of another Worker", "new_sqlite_classes = [\"SessionDO\"]", "transferred_classes = [{ from = \"Login\", from_script = \"old\", to = \"SessionDO\" }]", session, nil},
		{"a binding to another Worker's class", "class_name = \"SessionDO\"\n\n[[migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"SessionDO\"]",
			"class_name = \"Elsewhere\"\nscript_name = \"other\"", &Manifest{}, nil},
		{"a class that another Worker has, and the program too", "class_name = \"SessionDO\"\n\n[[migrations]]\ntag = \"v1\"\nnew_sqlite_classes = [\"SessionDO\"]",
			"class_name = \"SessionDO\"\nscript_name = \"other\"", session, nil},
		{"the Worker's own name as script_name", "class_name = \"SessionDO\"\n", "class_name = \"SessionDO\"\nscript_name = \"app\"\n", session, nil},
		{"another main", "build/dist/worker.mjs", "src/index.js", session,
			[]string{`line 2: main is "src/index.js"`, `main = "build/dist/worker.mjs"`}},
		{"no main", "main = \"build/dist/worker.mjs\"\n", "", session, []string{"main is missing", `main = "build/dist/worker.mjs"`}},
		{"no name", "name = \"app\"\n", "", session, []string{`name = "my-worker"`}},
		{"no date", "compatibility_date = \"2026-10-01\"\n", "", session, []string{"compatibility_date is missing", `compatibility_date = "2026-10-01"`}},
		{"an old date", "2026-10-01", "2026-04-20", session, []string{"line 3: compatibility_date 2026-04-20 is too old", OldestDate}},
		{"the oldest date", "2026-10-01", OldestDate, session, nil},
		{"weak references switched off", "\n[[durable", "compatibility_flags = [\"disable_weak_ref\"]\n\n[[durable", session, []string{`"disable_weak_ref"`}},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := config(t, strings.Replace(good, k.old, k.new, 1))
			_, err := check(cfg, k.manifest, filepath.Join(cfg.Dir(), "build", "dist"))
			if len(k.want) == 0 {
				if err != nil {
					t.Fatalf("it fits, but: %v", err)
				}
				return
			}
			if _, ok := errors.AsType[*CheckError](err); !ok {
				t.Fatalf("got %v, want a CheckError", err)
			}
			for _, want := range k.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

// A file in JSON gets its lines in JSON, and one that declares its classes under exports gets no migrations.
func TestCheckSpeaksTheLanguageOfTheFile(t *testing.T) {
	for _, k := range []struct {
		name, file, text string
		want             []string
	}{
		{"JSON", "wrangler.jsonc", "{\n  \"name\": \"app\",\n  \"main\": \"src/a.js\", \"compatibility_date\": \"2026-01-01\"\n}", []string{
			`line 3: main is "src/a.js"`, `    "main": "build/dist/worker.mjs"`, `line 3: compatibility_date 2026-01-01 is too old`, `    "compatibility_date": "2026-10-01"`,
			`    "durable_objects": { "bindings": [{ "name": "SESSION", "class_name": "SessionDO" }] }`, `    "migrations": [{ "tag": "v1", "new_sqlite_classes": ["SessionDO"] }]`}},
		{"exports without the class", "wrangler.toml", "name = \"app\"\n[exports.Other]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n", []string{
			"exports lacks class SessionDO. Add:", "    [exports.SessionDO]\n    type = \"durable-object\"\n    storage = \"sqlite\"",
			"line 2: exports has class Other, which the program does not have", `    state = "renamed"`, `    renamed_to = "SessionDO"`}},
		{"exports with two classes more", "wrangler.toml", "name = \"app\"\n[exports.Other]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n[exports.Third]\ntype = \"durable-object\"\nstorage = \"sqlite\"\n", []string{
			"line 2: exports has class Other, which the program does not have", "line 5: exports has class Third", `    state = "deleted"`}},
		{"exports with another storage", "wrangler.toml", "name = \"app\"\n[exports.SessionDO]\ntype = \"durable-object\"\nstorage = \"legacy-kv\"\n", []string{
			"line 2: class SessionDO has another storage than SQLite", `    storage = "sqlite"`}},
	} {
		t.Run(k.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), k.file)
			if err := os.WriteFile(path, []byte(k.text), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, err := wrangler.Load(path, "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = check(cfg, sessionManifest(), filepath.Join(cfg.Dir(), "build", "dist"))
			for _, want := range k.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func TestCheckReportsEverythingAtOnce(t *testing.T) {
	cfg := config(t, "")
	_, err := check(cfg, sessionManifest(), filepath.Join(cfg.Dir(), "build", "dist"))
	ce, ok := errors.AsType[*CheckError](err)
	if !ok || len(ce.Problems) != 5 {
		t.Errorf("want name, main, date, binding and migration, got %v", err)
	}
}

func TestCheckWarns(t *testing.T) {
	cfg := config(t, good+"\n[triggers]\ncrons = [\"* * * * *\"]\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"app\"\nmigration = \"x\"\n")
	warnings, err := check(cfg, sessionManifest(), filepath.Join(cfg.Dir(), "build", "dist"))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(warnings, "\n")
	for _, want := range []string{"no Scheduled handler", `wrangler.toml:18: unknown key "d1_databases[0].migration"`} {
		if !strings.Contains(all, want) {
			t.Errorf("warnings lack %q:\n%s", want, all)
		}
	}
}

func TestBindingNames(t *testing.T) {
	for class, want := range map[string]string{"SessionDO": "SESSION", "TenantStoreDO": "TENANT_STORE", "Counter": "COUNTER", "DO": "OBJECTS", "HTTPCache": "HTTPCACHE"} {
		if got := bindingName(class); got != want {
			t.Errorf("%s: %s, want %s", class, got, want)
		}
	}
}

func TestANameThatTheProgramLooksForInVainIsAWarning(t *testing.T) {
	cfg := config(t, good)
	warnings, err := check(cfg, looking("LOGINS"), filepath.Join(cfg.Dir(), "build", "dist"))
	if text := strings.Join(warnings, "\n"); err != nil || !strings.Contains(text, "under the name LOGINS") || !strings.Contains(text, "name = \"LOGINS\"") {
		t.Errorf("%v %v", warnings, err)
	}
}

func TestOtherEnvironmentsAreCheckedToo(t *testing.T) {
	const staging = "\n[env.staging]\n\n[[env.staging.durable_objects.bindings]]\nname = \"SESSIONS\"\nclass_name = \"SessionDO\"\n"
	for name, k := range map[string]struct {
		text string
		want []string // parts of the warnings, which are as many
	}{
		"no environment":               {good, nil},
		"one that fits":                {good + staging, nil},
		"one that binds nothing":       {good + "\n[env.staging]\n", []string{"[env.staging]: ", "class SessionDO has no binding"}},
		"two that bind nothing":        {good + "\n[env.a]\n[env.b]\n", []string{"[env.a, env.b]: ", "class SessionDO has no binding"}},
		"one that is mistaken":         {good + staging + "\n[env.prod]\nmain = 3\n", []string{"[env.prod]: ", "main"}},
		"one that binds a class wrong": {good + strings.Replace(staging, `"SessionDO"`, `"Session"`, 1), []string{"[env.staging]: ", `names class "Session"`}},
	} {
		cfg := config(t, k.text)
		out := filepath.Join(cfg.Dir(), "build", "dist")
		known, err := check(cfg, sessionManifest(), out)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := strings.Join(checkEnvironments(cfg, sessionManifest(), out, known), "\n")
		if (text == "") != (len(k.want) == 0) {
			t.Errorf("%s: %q", name, text)
		}
		for _, want := range k.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in %q", name, want, text)
			}
		}
	}
}

func TestAMissingFolderOfAssetsIsAWarningWithItsLine(t *testing.T) {
	cfg := config(t, good+"\n[assets]\ndirectory = \"public\"\n")
	got := missingAssets(cfg)
	want := fmt.Sprintf("%s:%d: assets.directory: there is no folder %s", cfg.Path, strings.Count(good, "\n")+3, cfg.Abs("public"))
	if len(got) != 1 || !strings.HasPrefix(got[0], want) {
		t.Errorf("%q, want %q", got, want)
	}
	if err := os.Mkdir(cfg.Abs("public"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := missingAssets(cfg); len(got) > 0 {
		t.Errorf("with the folder: %q", got)
	}
}
