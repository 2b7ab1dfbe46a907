package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"grove.place/lattice/build"
	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/workerd"
	"grove.place/lattice/workers/d1"
)

// domain is what Grove believes to be at; the benchmark's client finds it wherever it is.
const domain = "localhost:8787"

// module is a program that is measured.
type module struct {
	name    string
	dir     string // of worker.mjs and app.wasm
	classes map[string]string
	vars    map[string]string
	queues  map[string]string
}

// calls are calls of D1: those that write, those that read posts, and the other reads.
type calls struct {
	Writes  int `json:"writes"`
	Content int `json:"content"`
	Reads   int `json:"reads"`
}

// host runs a module somewhere.
type host struct {
	name   string
	client *http.Client
	sql    func(query string) ([]map[string]any, error)
	call   func(binding, name, method string, args ...any) error
	counts func() (calls, error) // since it was asked last
	close  func()
}

// dial is a client that finds every host name at one address, and follows no redirect by itself.
func dial(address string) *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
			if strings.HasSuffix(to, domain) {
				to = address
			}
			return new(net.Dialer).DialContext(ctx, network, to)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type anyObject struct{}

// onLocalHost runs a module in this process. Calls of D1 are counted by faults that take a nanosecond.
func onLocalHost(ctx context.Context, m module) (*host, error) {
	wasm, err := os.ReadFile(filepath.Join(m.dir, build.ModuleFile))
	if err != nil {
		return nil, err
	}
	h, err := local.New(ctx, local.Options{
		Module: wasm, Objects: m.classes, Databases: map[string]local.Database{"DB": {Migrations: "migrations"}}, Vars: m.vars, Queues: m.queues,
		Buckets: map[string]string{"MEDIA": "media"}, CacheDir: local.TestCacheDir(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ip := r.Header.Get("CF-Connecting-IP"); ip != "" { // where a request comes from is the host's to say
			r.RemoteAddr = net.JoinHostPort(ip, "1")
		}
		h.ServeHTTP(w, r)
	}))
	var counters []*local.Injection
	for _, text := range []string{"INSERT", "UPDATE", "DELETE", "FROM posts", ""} { // the first that matches counts
		counters = append(counters, h.Inject(local.D1Fault{SQL: text, Delay: 1}))
	}
	var before, own calls
	db := d1.Database("DB")
	total := func() calls {
		n := func(i int) int { return counters[i].Count() }
		return calls{n(0) + n(1) + n(2) - own.Writes, n(3), n(4)}
	}
	namespaces := map[string]*durables.Namespace[anyObject]{}
	for binding, class := range m.classes {
		namespaces[binding] = durables.Class[anyObject](class, nil).Namespace(binding)
	}
	return &host{
		name: "the local host", client: dial(server.Listener.Addr().String()), close: func() { server.Close(); h.Close() },
		sql: func(query string) (rows []map[string]any, err error) {
			before := total()
			err = db.Prepare(query).All(h.Context(), &rows)
			after := total()
			own.Writes += after.Writes - before.Writes
			return rows, err
		},
		call: func(binding, name, method string, args ...any) error {
			return namespaces[binding].GetByName(name).Call(h.Context(), method, nil, args...)
		},
		counts: func() (calls, error) {
			now := total()
			since := calls{now.Writes - before.Writes, now.Content - before.Content, now.Reads - before.Reads}
			before = now
			return since, nil
		},
	}, nil
}

//go:embed counted.mjs
var counter string

// onWorkerd runs a module on real workerd, behind counted.mjs.
func onWorkerd(ctx context.Context, m module) (*host, error) {
	entry := counter
	for _, class := range m.classes {
		entry += fmt.Sprintf("import { %[1]s as %[1]sOf } from \"./worker.mjs\";\nexport class %[1]s extends %[1]sOf { constructor(ctx, env) { super(ctx, counted(env)); } }\n", class)
	}
	if err := os.WriteFile(filepath.Join(m.dir, "counted.mjs"), []byte(entry), 0o600); err != nil {
		return nil, err
	}
	s, err := workerd.Start(ctx, workerd.Options{Worker: workerd.Worker{Name: m.name, Dir: m.dir, Main: "counted.mjs", Objects: m.classes, D1: []string{"DB"}, R2: []string{"MEDIA"},
		Vars: m.vars, Queues: m.queues}})
	if err != nil {
		return nil, err
	}
	w := &host{name: "workerd", client: dial(strings.TrimPrefix(s.URL, "http://")), close: func() { s.Close() }}
	ask := func(path string, body, dest any) error {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		resp, err := w.client.Post("http://"+domain+"/__bench/"+path, "application/json", bytes.NewReader(text))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = errors.New(string(answer))
		}
		if err != nil || dest == nil {
			return err
		}
		return json.Unmarshal(answer, dest)
	}
	w.sql = func(query string) (rows []map[string]any, err error) {
		return rows, ask("sql", map[string]any{"sql": query}, &rows)
	}
	w.call = func(binding, name, method string, args ...any) error {
		return ask("call", map[string]any{"binding": binding, "name": name, "method": method, "args": append([]any{}, args...)}, nil)
	}
	w.counts = func() (c calls, err error) { return c, ask("counts", nil, &c) }
	return w, w.migrate("migrations")
}

// migrate runs the statements of the migrations, one after the other.
func (h *host) migrate(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.sql"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var statement strings.Builder
		for line := range strings.Lines(string(text)) {
			code, _, _ := strings.Cut(line, "--")
			if code = strings.TrimSpace(code); code == "" {
				continue
			}
			statement.WriteString(code + "\n")
			trigger := strings.HasPrefix(statement.String(), "CREATE TRIGGER")
			if !strings.HasSuffix(code, ";") || trigger && !strings.HasSuffix(code, "END;") {
				continue
			}
			if _, err := h.sql(statement.String()); err != nil {
				return fmt.Errorf("%s: %w\n%s", file, err, &statement)
			}
			statement.Reset()
		}
	}
	return nil
}
