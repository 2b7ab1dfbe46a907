// Package grove puts Grove's objects through what goes wrong: a database that is away, slow, or does not say that it has committed; disks that fail;
// objects that are evicted, and instances that die between any two steps.
//
// The one idea: a flow is a list of steps that somebody has acknowledged, one after another, and what D1 must have in the end. The same flows go through
// every kind of trouble. Start with flow, in flows_test.go; troubles_test.go has what goes wrong, random_test.go many things at once.
package grove

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/heartwood/keyring"
)

var db = d1.Database("DB")

// world is Grove with a site, its owner and some people. Its clock moves by itself when everybody waits for it.
type world struct {
	t *testing.T
	*local.Sim
	tenant string
	owner  string
	people []string // who are not the owner
	post   string   // published by the owner
	serial int
}

func options() local.TestOptions {
	return local.TestOptions{Package: "grove.place/lattice/tests/grove/app", Options: local.Options{
		Objects: map[string]string{"SESSIONS": "SessionDO", "TENANTS": "TenantDO", "ANALYTICS": "AnalyticsDO", "FEEDS": "FeedDO", "NOTIFICATIONS": "NotificationDO", "POSTS": "PostDO"},
		Queues:  map[string]string{"FANOUT": "grove-fanout", "JOBS": "grove-jobs"},
		Consumers: map[string]local.Consumer{
			"grove-fanout": {MaxBatchSize: 5, MaxBatchTimeout: time.Second, MaxRetries: 20, DeadLetterQueue: "grove-dead"},
			"grove-jobs":   {MaxBatchSize: 1, MaxBatchTimeout: time.Second, MaxRetries: 3},
		},
		Buckets:   map[string]string{"MEDIA": "grove-media"},
		Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}},
		Vars:      map[string]string{"SESSION_KEYS": keyring.Generate("s1"), "TOKEN_KEYS": keyring.Generate("t1")},
		Logger:    slog.New(slog.DiscardHandler), // programs that are meant to fail say much
	}}
}

// open makes a world. The same seed makes the same one.
func open(t *testing.T, seed uint64) *world {
	t.Helper()
	o := options()
	o.Dir = folder(t)
	return populate(t, local.NewSim(t, o, seed))
}

// folder is a temporary one, in memory where that is possible: thousands of hosts start here, and each makes sure that its files are on the disk.
func folder(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "grove-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func populate(t *testing.T, sim *local.Sim) *world {
	w := &world{t: t, Sim: sim}
	w.tenant, w.owner = w.id(), w.user()
	w.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES (?, 'alice', ?, 'Alice', 'evergreen', 0, 0)`, w.tenant, w.owner)
	w.sql(`INSERT INTO tenant_members (tenant_id, user_id, role, created_at) VALUES (?, ?, 'owner', 0)`, w.tenant, w.owner)
	for range 4 {
		w.people = append(w.people, w.user())
	}
	w.post = w.id()
	if err := w.publish(w.post)(w.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// id returns a new id, the same in every run.
func (w *world) id() string {
	w.serial++
	return fmt.Sprintf("01900000-0000-7000-8000-%012x", w.serial)
}

func (w *world) user() string {
	id := w.id()
	w.sql(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES (?1, ?1, ?1, 'Somebody', 0, 0)`, id)
	return id
}

func (w *world) sql(query string, args ...any) {
	w.t.Helper()
	if _, err := db.Prepare(query).Bind(args...).Run(w.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// publish writes a post of the owner, as the admin API does.
func (w *world) publish(id string) step {
	return func(ctx context.Context) error {
		now := w.Clock.Now()
		_, err := db.Prepare(`INSERT OR IGNORE INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at)
			VALUES (?1, ?2, ?3, ?1, 'Post', '', '', 'published', ?4, ?4, ?4)`).Bind(id, w.tenant, w.owner, now).Run(ctx)
		return err
	}
}

// lines returns the rows of a query of one column.
func (w *world) lines(query string, args ...any) []string {
	w.t.Helper()
	var list []string
	if err := db.Prepare(query).Bind(args...).All(w.Context(), &list); err != nil {
		w.t.Fatal(err)
	}
	return list
}

// has checks what D1 has.
func (w *world) has(what string, want []string, query string, args ...any) {
	w.t.Helper()
	if got := w.lines(query, args...); strings.Join(got, "\n") != strings.Join(want, "\n") {
		w.t.Errorf("%s in D1 are\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// sound checks what must hold at the end of everything: nothing was put aside, and nothing waits.
func (w *world) sound() {
	w.t.Helper()
	w.has("dead letters", nil, `SELECT source || ' ' || kind || ' ' || payload || ' ' || error FROM dead_letters`)
	for _, class := range []string{"TenantDO", "NotificationDO", "PostDO"} {
		w.empty(class, "outbox")
	}
	for _, table := range []string{"comments_buffer", "reactions WHERE copied_seq < seq", "notices", "events"} {
		w.empty("PostDO", table)
	}
	w.empty("TenantDO", "analytics_buffer")
	w.empty("FeedDO", "notices")
	w.empty("FeedDO", "changes WHERE NOT done")
}

// empty checks that a table of every object of a class has no rows.
func (w *world) empty(class, table string) {
	w.t.Helper()
	objects, err := w.Objects(class)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range objects {
		rows, err := w.Storage(class, o.ID).Query("SELECT * FROM " + table)
		if err != nil && !strings.Contains(err.Error(), "no such table") {
			w.t.Fatal(err)
		}
		if len(rows) > 0 {
			w.t.Errorf("%s %s has %d rows left in %s: %v", class, o.Name, len(rows), table, rows[0])
		}
	}
}

const day = 24 * time.Hour
