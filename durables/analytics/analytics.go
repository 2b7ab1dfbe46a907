// Package analytics is AnalyticsDO, the object that counts the visits of one site on one day, UTC. It is named
// "analytics:{tenantId}:{yyyy-mm-dd}".
//
// The one idea: a visitor is a keyed hash under a key that only this object has and that it destroys with the day, so that nobody can find
// out later who somebody was. When the day is over the counts go to D1 as absolute values, which can be written any number of times, and the object
// forgets everything. Start with RecordEvents; counting is in count.go, unique visitors in visitors.go, the end of the day in finalize.go.
package analytics

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/schema"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Class is AnalyticsDO.
var Class = durables.Class("AnalyticsDO", New)

// The methods of AnalyticsDO, with the names of the design document.
var (
	RecordEvents = durables.Method(Class, "recordEvents", (*Analytics).recordEvents)
	GetStats     = durables.Method(Class, "getStats", (*Analytics).getStats)
	Finalize     = durables.Method(Class, "finalize", (*Analytics).finalize)
	Destroy      = durables.Method(Class, "destroy", (*Analytics).destroy)
)

// Kinds of events.
const (
	PageView      = "page_view"
	PostCreated   = "post_created"
	CommentAdded  = "comment_created"
	ReactionGiven = "reaction_given"
)

// Event is something that happened on a site.
type Event struct {
	Type      string `json:"type"`
	Path      string `json:"path,omitempty"`
	Timestamp int64  `json:"timestamp"` // milliseconds
	// Visitor tells visitors apart: the network of the address and the browser. It is "" for those who asked not to be counted.
	Visitor string `json:"visitor,omitempty"`
}

// Batch is events that were recorded together. A batch that comes again, because its answer was lost, is counted once.
type Batch struct {
	Source string  `json:"source"` // who recorded them
	ID     string  `json:"id"`
	Events []Event `json:"events"`
}

// Recorded is the answer to a batch.
type Recorded struct {
	Accepted int  `json:"accepted"`
	Closed   bool `json:"closed,omitempty"` // the day is over and has been written: nothing was counted
}

const (
	dayFormat = "2006-01-02"
	// Grace is how long after midnight events of a day are still counted.
	Grace = 2 * time.Hour
	// maxBatch is how many events a batch may have.
	maxBatch = 1000
)

var (
	namespace = Class.Namespace("ANALYTICS")
	db        = d1.Database("DB")
)

// Day returns the UTC day of a time in milliseconds, as object names have it.
func Day(ms int64) string { return time.UnixMilli(ms).UTC().Format(dayFormat) }

// Of returns the stub of a tenant's day.
func Of(tenantID, day string) *durables.Stub[Analytics] {
	return namespace.GetByName("analytics:" + tenantID + ":" + day)
}

// Analytics is the object.
type Analytics struct {
	state  *durables.State
	object *schema.Object
	tasks  *durables.Tasks
	tenant string
	day    time.Time // its midnight
}

var tables = schema.Tables{
	Class: "AnalyticsDO", ValidName: validName, Names: "analytics:{tenantId}:{yyyy-mm-dd}",
	Migrations: []string{`
		CREATE TABLE hourly_stats (
			hour INTEGER PRIMARY KEY,
			page_views INTEGER NOT NULL DEFAULT 0,
			posts_created INTEGER NOT NULL DEFAULT 0,
			comments_created INTEGER NOT NULL DEFAULT 0,
			reactions_given INTEGER NOT NULL DEFAULT 0
		);
		CREATE TABLE page_stats (path TEXT PRIMARY KEY, views INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
		CREATE TABLE visitor_hashes (scope TEXT NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (scope, hash)) WITHOUT ROWID;
		CREATE TABLE visitor_sketches (scope TEXT PRIMARY KEY, registers BLOB NOT NULL) WITHOUT ROWID;
		CREATE TABLE visitor_counts (scope TEXT PRIMARY KEY, visitors INTEGER NOT NULL) WITHOUT ROWID;
		CREATE TABLE batches (source TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
		CREATE TABLE secret (only INTEGER PRIMARY KEY CHECK (only = 1), key BLOB NOT NULL);`},
}

func parseName(name string) (tenant string, day time.Time, ok bool) {
	rest, ok := strings.CutPrefix(name, "analytics:")
	tenant, text, cut := strings.Cut(rest, ":")
	day, err := time.Parse(dayFormat, text)
	return tenant, day, ok && cut && err == nil && ids.Valid(tenant)
}

func validName(name string) bool {
	_, _, ok := parseName(name)
	return ok
}

// New constructs the object.
func New(ctx context.Context, state *durables.State) (*Analytics, error) {
	object, err := schema.Open(ctx, state, tables)
	if err != nil {
		return nil, err
	}
	a := &Analytics{state: state, object: object, tasks: durables.NewTasks(state.Storage())}
	a.tenant, a.day, _ = parseName(object.Name())
	a.tasks.Handle("finalize", func(ctx context.Context, _ durables.TaskInfo) error {
		_, err := a.finalize(ctx, durables.None{})
		return err
	})
	return a, nil
}

// Alarm runs the end of the day.
func (a *Analytics) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return a.tasks.Alarm(ctx, info)
}

// closesAt is when the day is written and forgotten.
func (a *Analytics) closesAt() time.Time { return a.day.Add(24*time.Hour + Grace) }

func (a *Analytics) recordEvents(ctx context.Context, b Batch) (Recorded, error) {
	switch {
	case b.Source == "" || b.ID == "" || len(b.Source) > 200 || len(b.ID) > 200:
		return Recorded{}, durables.TypeError("recordEvents: a batch needs source and id, of at most 200 bytes each")
	case len(b.Events) > maxBatch:
		return Recorded{}, durables.TypeError(fmt.Sprintf("recordEvents: %d events: a batch has at most %d", len(b.Events), maxBatch))
	case !time.Now().Before(a.closesAt()):
		a.object.Log(ctx, slog.LevelWarn, "events came after the day was closed", "events", len(b.Events))
		return Recorded{Closed: true}, nil
	}
	if err := a.object.Prepare(ctx); err != nil {
		return Recorded{}, err
	}
	key, err := a.key(ctx)
	if err != nil {
		return Recorded{}, err
	}
	err = a.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		fresh, err := durables.All[int](ctx, a.object.SQL(), `INSERT OR IGNORE INTO batches (source, id) VALUES (?, ?) RETURNING 1`, b.Source, b.ID)
		if err != nil || len(fresh) == 0 {
			return err
		}
		return a.count(ctx, key, b.Events)
	})
	if err != nil {
		return Recorded{}, err
	}
	return Recorded{Accepted: len(b.Events)}, a.tasks.Schedule(ctx, "finalize", a.closesAt())
}
