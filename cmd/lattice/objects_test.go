package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"grove.place/lattice/internal/inspector"
)

func TestObjectsThroughTheServerAndWithoutIt(t *testing.T) {
	long(t)
	dir := readmeProject(t)
	config, err := os.ReadFile(filepath.Join(dir, "wrangler.toml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "wrangler.toml"), string(config)+"[[kv_namespaces]]\nbinding = \"KEYS\"\nid = \"0123\"\n[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"shop\"\ndatabase_id = \"x\"\n")
	out, url, stop := dev(t, dir)
	t.Chdir(dir)
	ok := func(args ...string) string {
		t.Helper()
		code, out := lattice(t, append([]string{"objects"}, args...)...)
		if code != exitOK {
			t.Fatalf("lattice objects %q: exit code %d: %s", args, code, out)
		}
		return out
	}
	fails := func(code int, want string, args ...string) {
		t.Helper()
		if got, out := lattice(t, append([]string{"objects"}, args...)...); got != code || !strings.Contains(out, want) {
			t.Errorf("lattice objects %q: exit code %d, %s; want %d, %q", args, got, out, code, want)
		}
	}
	for range 3 {
		get(t, url+"/home")
	}
	get(t, url+"/news")
	match, _ := out.await(t, 0, `inspector on (http://localhost:\d+/)\n`)
	page, err := http.Get(match[1])
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(page.Body)
	page.Body.Close()
	if page.StatusCode != http.StatusOK || !strings.Contains(string(text), "GET /news") || !strings.Contains(string(text), "Counter home") {
		t.Errorf("the page: %s %s", page.Status, text)
	}
	control := filepath.Join(dir, ".lattice", "state", inspector.ControlFile)
	if info, err := os.Stat(control); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the control file: %v, %v", info, err)
	}

	if list := ok("list"); !strings.Contains(list, "home") || !strings.Contains(list, "news") || !strings.Contains(list, "in memory") {
		t.Error(list)
	}
	fails(exitFailure, "no Durable Object class", "list", "Nothing")
	fails(exitFailure, "there is no object", "inspect", "Counter", "nobody")
	if code, text := lattice(t, "kv", "key", "put", "color", "green", "--binding", "KEYS"); code != exitOK {
		t.Errorf("a store command while the server runs: %s", text)
	}
	look := func() { // while the server runs, and after
		t.Helper()
		if code, text := lattice(t, "kv", "key", "get", "color", "--binding", "KEYS"); code != exitOK || text != "green" {
			t.Errorf("%d %s", code, text)
		}
		if code, text := lattice(t, "d1", "execute", "shop", "--command", "SELECT 1 AS one"); code != exitOK || !strings.Contains(text, "│ one │") {
			t.Errorf("%d %s", code, text)
		}
		if object := ok("inspect", "Counter", "home"); !strings.Contains(object, "hits") || !strings.Contains(object, `"home"`) && !strings.Contains(object, "name    home") {
			t.Error(object)
		}
		var result struct{ Rows [][]any }
		if text := ok("sql", "Counter", "home", "SELECT count(*) FROM hits", "--json"); json.Unmarshal([]byte(text), &result) != nil || len(result.Rows) != 1 || result.Rows[0][0] != 3.0 {
			t.Error(text)
		}
		fails(exitFailure, "add --write to run it", "sql", "Counter", "home", "DELETE FROM hits WHERE n > 100")
		fails(exitFailure, "no such table: absent", "sql", "Counter", "home", "SELECT * FROM absent")
		fails(exitFailure, "write a statement", "sql", "Counter", "home", " ")
		fails(exitUsage, "write it as lattice objects sql CLASS OBJECT STATEMENT", "sql", "Counter")
	}
	look()
	ok("sql", "Counter", "home", "INSERT INTO hits VALUES (10)", "--write")
	if got := get(t, url+"/home"); got != "200 visits: 14" {
		t.Errorf("after an insert: %s", got)
	}
	ok("sql", "Counter", "home", "DELETE FROM hits WHERE rowid > 3", "--write")
	fails(exitFailure, "the object has no alarm\n", "run-alarm", "Counter", "home")
	fails(exitFailure, `"done": false`, "run-alarm", "Counter", "home", "--json")
	for _, args := range [][]string{
		{"sql", "Counter", "nobody", "SELECT 1"}, {"sql", "Counter", "nobody", "CREATE TABLE t (a)", "--write"}, {"run-alarm", "Counter", "nobody"}, {"evict", "Counter", "nobody"}, {"delete", "Counter", "nobody", "--yes"},
	} {
		fails(exitFailure, `there is no object "nobody" of the class Counter`, args...)
	}
	fails(exitFailure, `no Worker "other" here: there are `, "list", "--worker", "other")
	if text := ok("evict", "Counter", "home") + ok("evict", "Counter", "home", "--json"); !regexp.MustCompile(`^evicted: .*\n\{\s*"done": false\s*\}\n$`).MatchString(text) {
		t.Error(text)
	}
	fails(exitFailure, `would delete Counter "news" with 1 table`, "delete", "Counter", "news")
	if text := ok("delete", "Counter", "news", "--yes"); text != "deleted\n" {
		t.Error(text)
	}
	if got := get(t, url+"/news"); got != "200 visits: 1" {
		t.Errorf("what was deleted begins anew: %s", got)
	}

	stop()
	if _, err := os.Stat(control); !os.IsNotExist(err) {
		t.Errorf("the control file is still there: %v", err)
	}
	write(t, control, `{"url": "http://127.0.0.1:1/", "token": "of one that was killed"}`)
	look()
	fails(exitFailure, "start it first", "evict", "Counter", "home")
	if text := ok("delete", "Counter", "news", "--yes") + ok("list", "Counter", "--json"); !strings.HasPrefix(text, "deleted\n") || strings.Contains(text, "news") || !strings.Contains(text, `"name": "home"`) {
		t.Error(text)
	}
	if list := ok("list"); !strings.Contains(list, "home") {
		t.Error(list)
	}
	fails(exitFailure, `there is no Durable Object class "Nope"`, "list", "Nope")
	fails(exitUsage, `there is no command "unknown"`, "unknown")
}

func TestTheInspectorSaysThatItIsOnThisMachineOnly(t *testing.T) {
	i, err := inspector.New(inspector.Options{Record: inspector.NewRecord()})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"0.0.0.0": true, "192.168.1.5": true, "127.0.0.1": false, "localhost": false, "::1": false} {
		if got := strings.Contains((&inspection{i}).describe(host), "on this machine only"); got != want {
			t.Errorf("--host %s: said %v", host, got)
		}
	}
}
