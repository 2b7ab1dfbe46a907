// Package tenant is TenantDO, the object that coordinates one site: who may do what, how it is set up, how often its visitors may come, what
// its writers are working on. It is named "tenant:{tenantId}".
//
// The one idea: D1 has the truth and the object a copy with a version. What changes the truth goes to D1 first, with the version that it was based on;
// what only observes it (visits, drafts) is a row here before it is acknowledged and is copied later. A page view costs one call: Admit. Start there, in
// admit.go.
package tenant

import (
	"context"
	"strings"
	"sync"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/durables/schema"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Class is TenantDO.
var Class = durables.Class("TenantDO", New)

// The methods of TenantDO, with the names of the design document where it has them.
var (
	Admit          = durables.Method(Class, "admit", (*Tenant).admit)
	GetConfig      = durables.Method(Class, "getConfig", (*Tenant).getConfig)
	UpdateConfig   = durables.Method(Class, "updateConfig", (*Tenant).updateConfig)
	Invalidate     = durables.Method(Class, "invalidate", (*Tenant).invalidate)
	Rename         = durables.Method(Class, "rename", (*Tenant).rename)
	CheckRateLimit = durables.Method(Class, "checkRateLimit", (*Tenant).checkRateLimit)
	RecordEvent    = durables.Method(Class, "recordEvent", (*Tenant).recordEvent)
	RecordEvents   = durables.Method(Class, "recordEvents", (*Tenant).recordEvents)
	FlushAnalytics = durables.Method(Class, "flushAnalytics", (*Tenant).flushAnalytics)
	GetRole        = durables.Method(Class, "getRole", (*Tenant).getRole)
	ListMembers    = durables.Method(Class, "listMembers", (*Tenant).listMembers)
	SetMember      = durables.Method(Class, "setMember", (*Tenant).setMember)

	SaveDraft   = durables.Method(Class, "saveDraft", (*Tenant).saveDraft)
	GetDraft    = durables.Method(Class, "getDraft", (*Tenant).getDraft)
	ListDrafts  = durables.Method(Class, "listDrafts", (*Tenant).listDrafts)
	DeleteDraft = durables.Method(Class, "deleteDraft", (*Tenant).deleteDraft)

	GetAdminConfig    = durables.Method(Class, "getAdminConfig", (*Tenant).getAdminConfig)
	UpdateAdminConfig = durables.Method(Class, "updateAdminConfig", (*Tenant).updateAdminConfig)
	GetCustomSections = durables.Method(Class, "getCustomSections", (*Tenant).getCustomSections)
	AddSection        = durables.Method(Class, "addSection", (*Tenant).addSection)
	UpdateSection     = durables.Method(Class, "updateSection", (*Tenant).updateSection)
	RemoveSection     = durables.Method(Class, "removeSection", (*Tenant).removeSection)
	ReorderSections   = durables.Method(Class, "reorderSections", (*Tenant).reorderSections)

	GetDashboardStats     = durables.Method(Class, "getDashboardStats", (*Tenant).getDashboardStats)
	RefreshDashboardStats = durables.Method(Class, "refreshDashboardStats", (*Tenant).refreshDashboardStats)

	GetTrail             = durables.Method(Class, "getTrail", (*Tenant).getTrail)
	SetTrail             = durables.Method(Class, "setTrail", (*Tenant).setTrail)
	InvalidateTrail      = durables.Method(Class, "invalidateTrail", (*Tenant).invalidateTrail)
	QueueWaypointUpdate  = durables.Method(Class, "queueWaypointUpdate", (*Tenant).queueWaypointUpdate)
	FlushWaypointUpdates = durables.Method(Class, "flushWaypointUpdates", (*Tenant).flushWaypointUpdates)

	CloseSession = durables.Method(Class, "closeSession", (*Tenant).closeSession)
	GetBacklog   = durables.Method(Class, "getBacklog", (*Tenant).getBacklog)
	RetryLetter  = durables.Method(Class, "retryLetter", (*Tenant).retryLetter)
	Rebuild      = durables.Method(Class, "rebuild", (*Tenant).rebuild)
	ExportSite   = durables.Method(Class, "export", (*Tenant).export)
	EraseUser    = durables.Method(Class, "erase", (*Tenant).erase)
	Destroy      = durables.Method(Class, "destroy", (*Tenant).destroy)
)

var (
	namespace = Class.Namespace("TENANTS")
	db        = d1.Database("DB")
)

const prefix = "tenant:"

// Of returns the stub of a tenant. Only ids of tenants that exist may be asked for: a call makes the object.
func Of(tenantID string) *durables.Stub[Tenant] { return namespace.GetByName(prefix + tenantID) }

// Tenant is the object.
type Tenant struct {
	state  *durables.State
	object *schema.Object
	tasks  *durables.Tasks
	outbox *outbox.Outbox
	id     string

	config   *Config    // a copy of the row; nil: not read yet
	roles    int        // changes of roles
	loading  bool       // a refresh from D1 is under way
	flushing sync.Mutex // held while visits are flushed
	trails   sync.Mutex // held while a trail is written

	keys   tally // of rate_limits
	visits tally // of analytics_buffer
}

const (
	flushEvery  = time.Minute     // visits to AnalyticsDO
	copyEvery   = 5 * time.Minute // drafts and waypoints to D1
	configAge   = 5 * time.Minute // how old the copy of the configuration may be
	tidyEvery   = time.Hour       // rate limits that are over
	taskFlush   = "flush visits"
	taskCopy    = "copy drafts"
	taskTrails  = "flush waypoints"
	taskTidy    = "tidy rate limits"
	sourceLabel = "TenantDO "
)

var tables = schema.Tables{
	Class: "TenantDO", ValidName: func(name string) bool { _, ok := parseName(name); return ok }, Names: "tenant:{tenantId}",
	Migrations: []string{outbox.Table + `
		CREATE TABLE config (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE members (user_id TEXT PRIMARY KEY, role TEXT NOT NULL, loaded_at INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE analytics_buffer (id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT NOT NULL, batch INTEGER, event_type TEXT NOT NULL, event_data TEXT NOT NULL, timestamp INTEGER NOT NULL);
		CREATE INDEX analytics_buffer_batch ON analytics_buffer (batch);
		CREATE TABLE rate_limits (key TEXT PRIMARY KEY, arrival REAL NOT NULL) WITHOUT ROWID; -- GCRA: the theoretical arrival time, ms
		CREATE INDEX rate_limits_arrival ON rate_limits (arrival);
		CREATE TABLE drafts (draft_id TEXT PRIMARY KEY, post_id TEXT, slug TEXT NOT NULL, content TEXT NOT NULL, metadata TEXT NOT NULL, revision INTEGER NOT NULL,
			device_id TEXT NOT NULL, author_id TEXT NOT NULL, saved_at INTEGER NOT NULL, deleted_at INTEGER, copied_revision INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
		CREATE TABLE trails (slug TEXT PRIMARY KEY, body TEXT NOT NULL, loaded_at INTEGER NOT NULL) WITHOUT ROWID;`, `
		CREATE TABLE received (source TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID; -- batches of recordEvents
		CREATE INDEX received_at ON received (at);`},
}

func parseName(name string) (id string, ok bool) {
	id, ok = strings.CutPrefix(name, prefix)
	return id, ok && ids.Valid(id)
}

// New constructs the object.
func New(ctx context.Context, state *durables.State) (*Tenant, error) {
	object, err := schema.Open(ctx, state, tables)
	if err != nil {
		return nil, err
	}
	t := &Tenant{state: state, object: object, tasks: durables.NewTasks(state.Storage()), outbox: outbox.New(state.Storage(), db, sourceLabel+object.Name())}
	t.id, _ = parseName(object.Name())
	t.outbox.Handle("draft", t.applyDraft)
	t.outbox.Handle("waypoint", t.applyWaypoint)
	for name, run := range map[string]func(context.Context) error{taskFlush: t.flushVisits, taskCopy: t.copyDrafts, taskTrails: t.outbox.Flush, taskTidy: t.tidy} {
		t.tasks.Handle(name, func(ctx context.Context, _ durables.TaskInfo) error { return run(ctx) })
	}
	return t, nil
}

// Alarm runs what is due.
func (t *Tenant) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return t.tasks.Alarm(ctx, info)
}

// Backlog is what has not reached D1 and AnalyticsDO.
type Backlog struct {
	Rows   int64 `json:"rows"`
	Oldest int64 `json:"oldest"` // ms; 0 without rows
	Visits int64 `json:"visits"`
	Drafts int64 `json:"drafts"`
}

func (t *Tenant) getBacklog(ctx context.Context, _ durables.None) (b Backlog, err error) {
	if err := t.object.Prepare(ctx); err != nil {
		return b, err
	}
	rows, err := t.outbox.Backlog(ctx)
	if err != nil {
		return b, err
	}
	b.Rows, b.Oldest = rows.Rows, rows.Oldest
	if b.Visits, err = durables.One[int64](ctx, t.object.SQL(), `SELECT count(*) FROM analytics_buffer`); err != nil {
		return b, err
	}
	b.Drafts, err = durables.One[int64](ctx, t.object.SQL(), `SELECT count(*) FROM drafts WHERE copied_revision < revision`)
	return b, err
}

// destroy forgets everything, for a tenant that is deleted. Sockets are closed.
func (t *Tenant) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	t.closeAll(ctx)
	t.config, t.keys, t.visits = nil, tally{}, tally{}
	return durables.None{}, t.object.Forget(ctx)
}
