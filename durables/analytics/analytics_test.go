package analytics_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

var db = d1.Database("DB")

type day struct {
	*testing.T
	host   *local.Host
	tenant string
	name   string
}

// open starts the object of the day that the host's clock shows, for a tenant that D1 knows.
func open(t *testing.T) day {
	h := local.StartTest(t, local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects: map[string]string{"ANALYTICS": "AnalyticsDO"}, Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}},
	}})
	d := day{t, h, ids.New(h.Clock.Now()), analytics.Day(h.Clock.Now().UnixMilli())}
	user := ids.New(h.Clock.Now())
	_, err := db.Batch(h.Context(),
		db.Prepare(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES (?, 'a', 'a', 'A', 0, 0)`).Bind(user),
		db.Prepare(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, created_at, updated_at) VALUES (?, 'a', ?, 'A', 0, 0)`).Bind(d.tenant, user))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d day) context() context.Context { return d.host.Context() }

func (d day) record(id string, events ...analytics.Event) analytics.Recorded {
	d.Helper()
	for i := range events {
		if events[i].Timestamp == 0 {
			events[i].Timestamp = d.host.Clock.Now().UnixMilli()
		}
	}
	r, err := analytics.RecordEvents.Call(d.context(), analytics.Of(d.tenant, d.name), analytics.Batch{Source: "test", ID: id, Events: events})
	if err != nil {
		d.Fatal(err)
	}
	return r
}

func (d day) stats() analytics.DailyStats {
	d.Helper()
	s, err := analytics.GetStats.Call(d.context(), analytics.Of(d.tenant, d.name), durables.None{})
	if err != nil {
		d.Fatal(err)
	}
	return s
}

func view(path, visitor string) analytics.Event {
	return analytics.Event{Type: analytics.PageView, Path: path, Visitor: visitor}
}

func TestADayIsCounted(t *testing.T) {
	d := open(t)
	d.record("1", view("/a?x=1", "ann"), view("/a/", "bob"), view("/%62", "ann"), view("/a", ""), analytics.Event{Type: "unknown"},
		analytics.Event{Type: analytics.CommentAdded}, analytics.Event{Type: analytics.ReactionGiven}, analytics.Event{Type: analytics.PostCreated})
	d.record("1", view("/a", "eve")) // the same batch again
	got := d.stats()
	want := analytics.DailyStats{Day: d.name, PageViews: 4, UniqueVisitors: 2, PostsCreated: 1, CommentsCreated: 1, ReactionsGiven: 1,
		Hours: []analytics.HourStats{{Hour: 3, PageViews: 4, UniqueVisitors: 2}}, Pages: []analytics.PageStats{{Path: "/a", Views: 3, UniqueViews: 2}, {Path: "/b", Views: 1, UniqueViews: 1}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	// Visitors are the same over an eviction: the key of the day is stored.
	if _, err := d.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	d.record("2", view("/a", "ann"))
	if got := d.stats(); got.UniqueVisitors != 2 || got.PageViews != 5 {
		t.Errorf("after an eviction: %+v", got)
	}
}

func TestManyVisitorsAreEstimated(t *testing.T) {
	d := open(t)
	const many = 4000
	for batch := range many / 500 {
		var events []analytics.Event
		for i := range 500 {
			events = append(events, view("/", fmt.Sprint(batch*500+i)), view("/", fmt.Sprint(i)))
		}
		d.record(fmt.Sprint(batch), events...)
	}
	got := d.stats()
	if !got.Estimated || math.Abs(float64(got.UniqueVisitors)-many) > 0.08*many {
		t.Errorf("%d visitors are counted as %d, estimated %v", many, got.UniqueVisitors, got.Estimated)
	}
}

func TestPathsBeyondTheLimitAreOthers(t *testing.T) {
	d := open(t)
	for batch := range 3 {
		var events []analytics.Event
		for i := range 500 {
			events = append(events, view(fmt.Sprintf("/%d/%d", batch, i), "x"))
		}
		d.record(fmt.Sprint(batch), events...)
	}
	if got := d.stats(); got.Pages[0] != (analytics.PageStats{Path: analytics.OtherPath, Views: 500, UniqueViews: 1}) {
		t.Errorf("the first page is %+v", got.Pages[0])
	}
	for path, want := range map[string]string{"": "/", "/a//": "/a", "/" + strings.Repeat("x", 300): "other", "/%ff": "/%ff", "/a%00": "other"} {
		if got := analytics.NormalPath(path); got != want {
			t.Errorf("%q is counted as %q, want %q", path, got, want)
		}
	}
}

func TestTheDayEndsInD1AndIsForgotten(t *testing.T) {
	d := open(t)
	d.record("1", view("/a", "ann"), view("/b", "bob"))
	if _, err := analytics.Finalize.Call(d.context(), analytics.Of(d.tenant, d.name), durables.None{}); err != nil {
		t.Fatal(err) // while the day is still going on
	}
	d.record("2", view("/a", "ann"))
	d.host.Clock.Advance(22 * time.Hour) // an hour past midnight
	if got := d.record("late", view("/a", "eve")); got.Closed {
		t.Error("the grace is over too early")
	}
	d.host.Clock.Advance(analytics.Grace)
	type row struct {
		Views    int `json:"views"`
		Visitors int `json:"visitors"`
		Pages    int `json:"pages"`
		Hours    int `json:"hours"`
	}
	var got row
	found, err := db.Prepare(`SELECT views, visitors, (SELECT sum(views) FROM analytics_pages) AS pages, (SELECT sum(views) FROM analytics_hourly) AS hours
		FROM analytics_daily WHERE tenant_id = ? AND day = ?`).Bind(d.tenant, d.name).First(d.context(), &got)
	if err != nil || !found || got != (row{4, 3, 4, 4}) {
		t.Errorf("D1 has %+v, %v, %v", got, found, err)
	}
	if tables, err := local.Rows[string](d.host.Storage("AnalyticsDO", "analytics:"+d.tenant+":"+d.name), `SELECT name FROM sqlite_master`); err != nil || len(tables) != 0 {
		t.Errorf("the object keeps %v, the key of its visitors among them: %v", tables, err)
	}
	if got := d.record("later", view("/a", "eve")); !got.Closed {
		t.Error("a closed day counts on")
	}
	if got := d.stats(); got.PageViews != 0 {
		t.Errorf("the object remembers %+v", got)
	}
}

func TestADayThatIsForgottenIsNotWritten(t *testing.T) {
	d := open(t)
	d.record("1", view("/a", "ann"))
	for range 2 {
		if _, err := analytics.Destroy.Call(d.context(), analytics.Of(d.tenant, d.name), durables.None{}); err != nil {
			t.Fatal(err)
		}
	}
	d.host.Clock.Advance(48 * time.Hour)
	var n int
	if _, err := db.Prepare(`SELECT (SELECT count(*) FROM analytics_daily) + (SELECT count(*) FROM analytics_pages)`).First(d.context(), &n); err != nil || n != 0 {
		t.Errorf("D1 has %d rows, %v", n, err)
	}
	if tables, err := local.Rows[string](d.host.Storage("AnalyticsDO", "analytics:"+d.tenant+":"+d.name), `SELECT name FROM sqlite_master`); err != nil || len(tables) != 0 {
		t.Errorf("the object keeps %v, %v", tables, err)
	}
}
