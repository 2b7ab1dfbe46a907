package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"grove.place/lattice/internal/bindings"
	"grove.place/lattice/internal/inspector"
	"grove.place/lattice/internal/wrangler"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/kv"
	"grove.place/lattice/workers/queues"
	"grove.place/lattice/workers/r2"
)

// session is what lattice dev has on the storage folder of the project here: a host, and an inspector with its control file. A host that is closed is one that does not
// start any more.
func session(t *testing.T) (host *local.Host, closed *atomic.Bool) {
	t.Helper()
	cfg, err := wrangler.Load("wrangler.toml", "")
	if err != nil {
		t.Fatal(err)
	}
	o, err := bindings.Options(cfg, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Dir = filepath.Join(".lattice", "state")
	closed = &atomic.Bool{}
	if host, err = local.OpenStores(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	page, err := inspector.New(inspector.Options{
		Record: inspector.NewRecord(), Clock: local.NewAdjustableClock(), Log: slog.New(slog.DiscardHandler), URL: "http://localhost/",
		Workers: func() []inspector.Worker {
			return []inspector.Worker{
				{Name: "down", Enter: func(context.Context) (*local.Host, func(), error) { return nil, nil, fmt.Errorf("it does not compile") }},
				{Name: "w", Enter: func(ctx context.Context) (*local.Host, func(), error) {
					if closed.Load() {
						<-ctx.Done() // it is being built
						return nil, nil, ctx.Err()
					}
					return host, func() {}, nil
				}},
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	remove, err := page.WriteControl(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- page.Serve(ctx) }()
	t.Cleanup(func() {
		remove()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	return host, closed
}

// storeCommands are commands whose output does not depend on whether lattice dev runs.
var storeCommands = [][]string{
	{"kv", "key", "put", "a", "value", "--binding", "KEYS", "--metadata", `{"n":1}`},
	{"kv", "key", "put", "b/c", "--path", "in.txt", "--namespace-id", "0123"},
	{"kv", "key", "get", "b/c", "--binding", "KEYS"},
	{"kv", "key", "put", "long", "--path", "long.bin", "--namespace-id", "other"},
	{"kv", "key", "get", "long", "--namespace-id", "other"},
	{"kv", "key", "list", "--binding", "KEYS"},
	{"kv", "key", "list", "--namespace-id", "other"},
	{"kv", "key", "delete", "a", "--binding", "KEYS"},
	{"kv", "key", "get", "a", "--binding", "KEYS"},
	{"kv", "key", "put", "a", "v", "--binding", "KEYS", "--ttl", "5"},
	{"d1", "migrations", "list", "shop"},
	{"d1", "migrations", "apply", "DB", "--local"},
	{"d1", "migrations", "apply", "shop"},
	{"d1", "execute", "shop", "--command", "INSERT INTO users (name, raw) VALUES ('ann', x'0aff'), ('bob', NULL); SELECT * FROM users"},
	{"d1", "execute", "shop", "--command", "SELECT * FROM users", "--json"},
	{"d1", "execute", "shop", "--command", "INSERT INTO users (name) VALUES ('lost'); SELECT * FROM absent"},
	{"d1", "execute", "shop", "--file", "seed.sql"},
	{"d1", "export", "shop", "--output", "-"},
	{"r2", "object", "put", "files/a/b.txt", "--file", "in.txt", "--content-type", "text/plain"},
	{"r2", "object", "put", "FILES/long", "--file", "long.bin"},
	{"r2", "object", "get", "FILES/a/b.txt", "--pipe"},
	{"r2", "object", "get", "files/long", "--pipe"},
	{"r2", "object", "list", "files"},
	{"r2", "object", "delete", "files/a/b.txt"},
	{"r2", "object", "get", "files/a/b.txt", "--pipe"},
	{"queues", "list", "--local"},
	{"queues", "list", "--local", "--json"},
}

// varying is what is another in each run.
var varying = regexp.MustCompile(`"(uploaded|duration)": [^,\n]*|'20\d\d-\d\d-\d\d \d\d:\d\d:\d\d'`)

func TestStoreCommandsAnswerTheSameWhileTheServerRuns(t *testing.T) {
	outputs := map[bool][]string{}
	for _, runs := range []bool{false, true} {
		storesProject(t)
		config, err := os.ReadFile("wrangler.toml")
		if err != nil {
			t.Fatal(err)
		}
		write(t, "wrangler.toml", string(config)+`[[queues.producers]]
binding = "JOBS"
queue = "jobs"
[[queues.consumers]]
queue = "mails"
dead_letter_queue = "dead"
`)
		write(t, "in.txt", "from a file")
		write(t, "seed.sql", "CREATE INDEX by_name ON users (name);\nINSERT INTO users (name) VALUES ('carl');\n")
		write(t, "long.bin", strings.Repeat("0123456789abcdef", 1<<16))
		if runs {
			session(t)
		}
		if err := os.Mkdir("migrations", 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, "migrations/0001_users.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, raw BLOB);\n")
		write(t, "migrations/0002_more.sql", "ALTER TABLE users ADD COLUMN score REAL;\n")
		for _, command := range storeCommands {
			code, out := lattice(t, command...)
			outputs[runs] = append(outputs[runs], fmt.Sprintf("%d %s", code, varying.ReplaceAllString(out, `"$1": …`)))
		}
	}
	for n, command := range storeCommands {
		if alone, through := outputs[false][n], outputs[true][n]; alone != through {
			t.Errorf("lattice %q: alone\n%.300s\nthrough the server\n%.300s", command, alone, through)
		}
	}
	if out := outputs[true][11]; !strings.Contains(out, "│ 0002_more.sql  │") || !strings.Contains(out, "applied 0001_users.sql\napplied 0002_more.sql\n") {
		t.Error(out)
	}
}

func TestStoreCommandsSeeWhatTheRunningServerHas(t *testing.T) {
	_, ok, fails := storesProject(t)
	config, err := os.ReadFile("wrangler.toml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "wrangler.toml", string(config)+"[[queues.producers]]\nbinding = \"JOBS\"\nqueue = \"jobs\"\n")
	host, _ := session(t)
	ctx := host.Context()
	if err := kv.Namespace("KEYS").Put(ctx, "from the Worker", "1", nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := queues.Producer("JOBS").Send(ctx, "work"); err != nil {
			t.Fatal(err)
		}
	}
	if out := ok("kv", "key", "get", "from the Worker", "--binding", "KEYS") + ok("queues", "list", "--local"); out != "1jobs  3 messages  bindings: JOBS  not consumed here\n" {
		t.Error(out)
	}
	ok("kv", "key", "put", "from the command", "2", "--binding", "KEYS")
	var text string
	if found, err := kv.Namespace("KEYS").Get(ctx, "from the command", &text, nil); err != nil || !found || text != "2" {
		t.Errorf("%v %q %v", found, text, err)
	}
	content := bytes.Repeat([]byte("x"), 5<<20)
	if err := os.WriteFile("long", content, 0o644); err != nil {
		t.Fatal(err)
	}
	ok("r2", "object", "put", "files/long", "--file", "long")
	o, err := r2.Bucket("FILES").Get(ctx, "long", nil)
	if err != nil || o == nil {
		t.Fatal(o, err)
	}
	if got, err := io.ReadAll(o.Body); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes are stored: %v", len(got), err)
	}
	ok("r2", "object", "get", "files/long", "--file", "back")
	if got, err := os.ReadFile("back"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back: %v", len(got), err)
	}
	if err := os.Mkdir("migrations", 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, "migrations/1_good.sql", "CREATE TABLE good (a);\n")
	write(t, "migrations/2_bad.sql", "CREATE TABL bad (a);\n")
	if code, out := lattice(t, "d1", "migrations", "apply", "shop"); code == exitOK || !strings.Contains(out, "applied 1_good.sql\n") || !strings.Contains(out, "2_bad.sql") || !strings.Contains(out, "syntax error") {
		t.Errorf("%d %s", code, out)
	}
	fails(`no such table: absent`, "d1", "execute", "shop", "--command", "SELECT * FROM absent")
	remote := strings.Replace(string(config), "id = \"0123\"\n", "id = \"0123\"\nremote = true\n", 1)
	write(t, "wrangler.toml", remote)
	if out := ok("kv", "key", "get", "from the command", "--binding", "KEYS"); !strings.HasPrefix(out, "KEYS has remote = true, so that lattice dev works on the account's: this is what is stored here") {
		t.Error(out)
	}
	if out := ok("kv", "key", "get", "from the command", "--binding", "KEYS", "--local"); out != "2" {
		t.Error(out)
	}
}

func TestStoreCommandsOpenTheFolderOfAServerWithoutAWorker(t *testing.T) {
	_, ok, fails := storesProject(t)
	host, closed := session(t)
	closed.Store(true)
	defer func(build, idle time.Duration) { buildPatience, idlePatience = build, idle }(buildPatience, idlePatience)
	buildPatience, idlePatience = 20*time.Millisecond, 20*time.Millisecond
	fails("in use by another local host", "kv", "key", "get", "a", "--binding", "KEYS") // three times it is waited for
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	ok("kv", "key", "put", "a", "1", "--binding", "KEYS")
	if out := ok("kv", "key", "get", "a", "--binding", "KEYS") + ok("queues", "list", "--local"); out != "1" {
		t.Error(out)
	}
}

func TestTheControlFileOfAServerThatWasKilledIsPassedOver(t *testing.T) {
	dir, ok, fails := storesProject(t)
	state := filepath.Join(dir, ".lattice", "state")
	ok("kv", "key", "put", "a", "1", "--binding", "KEYS")
	for _, text := range []string{`{"url": "http://127.0.0.1:1/", "token": "of one that was killed"}`, `{`, ``} {
		write(t, filepath.Join(state, inspector.ControlFile), text)
		if out := ok("kv", "key", "get", "a", "--binding", "KEYS") + ok("d1", "execute", "shop", "--command", "SELECT 1 AS one") + ok("queues", "list", "--local"); !strings.HasPrefix(out, "11 command executed") {
			t.Error(out)
		}
	}
	h, err := local.OpenStores(t.Context(), local.Options{Dir: state}) // as lattice dev --no-inspector has it
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	fails("it was started with --no-inspector", "kv", "key", "get", "a", "--binding", "KEYS")
}
