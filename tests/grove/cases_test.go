package grove

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	local "grove.place/lattice/local-runtime"
)

// classes are those of Grove's objects, by the names that their objects have here.
var classes = []string{"TenantDO", "PostDO", "FeedDO", "NotificationDO", "AnalyticsDO"}

// TestAlarmsThatRunAgainChangeNothing: alarms of all objects run before their time and after they were done, again and again.
func TestAlarmsThatRunAgainChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, f flow, pause time.Duration) {
		w := open(t, 1)
		r := f.begin(w)
		ran := 0
		w.Go("impatient", func(context.Context) error {
			for range 40 {
				w.Sleep(17 * time.Second)
				n, err := w.alarms()
				if err != nil {
					return err
				}
				ran += n
			}
			return nil
		})
		w.perform(r, pause)
		if ran == 0 {
			t.Error("no alarm ran")
		}
		r.check()
		if _, err := w.alarms(); err != nil {
			t.Fatal(err)
		}
		w.everyFlush()
		r.check()
		w.sound()
	})
}

// alarms runs the alarm of every object that has one.
func (w *world) alarms() (ran int, err error) {
	for _, class := range classes {
		objects, err := w.Objects(class)
		if err != nil {
			return ran, err
		}
		for _, o := range objects {
			ok, err := w.RunAlarm(class, o.ID)
			if err != nil {
				return ran, err
			}
			if ok {
				ran++
			}
		}
	}
	return ran, nil
}

// everyFlush calls the flushes that can be called, unless the site is gone.
func (w *world) everyFlush() {
	w.t.Helper()
	if len(w.lines(`SELECT id FROM tenants WHERE id = ?`, w.tenant)) == 0 {
		return
	}
	none := durables.None{}
	for _, s := range []step{call(w.site, tenant.FlushAnalytics, none, nil), call(w.site, tenant.FlushWaypointUpdates, none, nil), call(w.thread, post.Flush, none, nil)} {
		if err := s(w.Context()); err != nil {
			w.t.Error(err)
		}
	}
}

// TestARowThatD1RefusesIsPutAsideAndTheOthersArrive: D1 has a rule that an object does not know of.
func TestARowThatD1RefusesIsPutAsideAndTheOthersArrive(t *testing.T) {
	for _, c := range []struct {
		flow      flow
		rule      string
		source    string
		remaining string // a query for what arrived
		want      int
	}{
		{flow{name: "drafts", begin: drafts}, `BEFORE INSERT ON drafts WHEN new.content = 'three'`, "TenantDO", `SELECT draft_id FROM drafts`, 1},
		{flow{name: "comments", begin: comments}, `BEFORE INSERT ON comments WHEN new.body = 'last'`, "PostDO", `SELECT id FROM comments WHERE status = 'visible'`, 2},
		{flow{name: "notifications", begin: notifications}, `BEFORE INSERT ON notifications WHEN new.type = 'follow'`, "NotificationDO", `SELECT id FROM notifications`, 2},
	} {
		t.Run(c.flow.name, func(t *testing.T) {
			w := open(t, 1)
			r := c.flow.begin(w)
			if _, err := db.Exec(w.Context(), `CREATE TRIGGER rule `+c.rule+` BEGIN SELECT RAISE(ABORT, 'against the rule'); END`); err != nil {
				t.Fatal(err)
			}
			w.perform(r, 0)
			if got := w.lines(c.remaining); len(got) != c.want {
				t.Errorf("%d of the others arrived, want %d", len(got), c.want)
			}
			if got := w.lines(`SELECT substr(source, 1, ?) || ' ' || (error LIKE '%against the rule%') FROM dead_letters`, len(c.source)); !slices.Equal(got, []string{c.source + " 1"}) {
				t.Errorf("dead letters: %q", got)
			}
			w.empty(c.source, "outbox")
		})
	}
}

// TestTheSameCommentSentManyTimesIsOneComment: a client that does not get an answer sends its comment again, from two tabs at once, while instances die
// and D1 does not say what it has.
func TestTheSameCommentSentManyTimesIsOneComment(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed=", seed+1), func(t *testing.T) {
			w := open(t, seed+1)
			var answers []string
			for tab := range 3 {
				w.Go(fmt.Sprint("tab ", tab), func(context.Context) error {
					w.Sleep(time.Duration(w.Rand().IntN(3)) * time.Second)
					for range 2 { // also after the answer
						err := w.insist(call(w.thread, post.AddComment, post.NewComment{ID: "once", UserID: w.people[0], Content: "hello"}, func(a post.Answer) string {
							if a.Comment != nil {
								answers = append(answers, a.Comment.ID)
							}
							return a.Problem
						}))
						if err != nil {
							return err
						}
						w.Sleep(40 * time.Second)
					}
					return nil
				})
			}
			lost := w.Inject(local.D1Fault{After: w.Rand().IntN(6), Times: 1, AfterCommit: true})
			w.Inject(local.StorageFault{Class: "PostDO", On: local.OnConfirm, After: w.Rand().IntN(4), Times: 1, Err: local.ErrDiskIO})
			w.Go("killer", func(context.Context) error {
				for range 3 {
					w.Sleep(time.Duration(w.Rand().IntN(40)) * time.Second)
					if err := w.Crash("killed by the test"); err != nil {
						return err
					}
				}
				return nil
			})
			w.rest(2 * day)
			lost.Remove()
			slices.Sort(answers)
			if answers = slices.Compact(answers); len(answers) != 1 {
				t.Errorf("the tabs were told of the comments %q", answers)
			}
			w.has("comments", []string{w.people[0] + " hello"}, `SELECT author_id || ' ' || body FROM comments`)
			w.has("counts", []string{"1"}, `SELECT comments FROM post_counters`)
			w.has("the day's comments", []string{"1"}, `SELECT sum(comments) FROM analytics_daily`)
			w.has("told", []string{"1"}, `SELECT sum(actor_count) FROM notifications`)
			w.sound()
		})
	}
}

// tier puts the site on another tier, as billing does.
func (w *world) tier(name string) {
	w.t.Helper()
	w.sql(`UPDATE tenants SET tier = ?, config_version = config_version + 1 WHERE id = ?`, name, w.tenant)
	if _, err := tenant.Invalidate.Call(w.Context(), w.site(), durables.None{}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAfterADowngradeEverythingIsKeptAndNothingIsAdded(t *testing.T) {
	w := open(t, 1)
	ctx := w.Context()
	section := func(label string) string {
		href := "/" + label
		r, err := tenant.AddSection.Call(ctx, w.site(), tenant.SectionNew{SectionFields: tenant.SectionFields{Label: &label, Href: &href}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Problem
	}
	draft := func(id, content string, base int64) tenant.DraftSaved {
		r, err := tenant.SaveDraft.Call(ctx, w.site(), tenant.DraftSave{DraftID: id, Slug: "s", Content: content, BaseRevision: base, DeviceID: "desk", AuthorID: w.owner})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, label := range []string{"a", "b", "c"} {
		if problem := section(label); problem != "" {
			t.Fatal(problem)
		}
	}
	var ids []string
	for i := range 8 {
		ids = append(ids, w.id())
		if r := draft(ids[i], fmt.Sprint("text ", i), 0); r.Current == nil {
			t.Fatalf("%+v", r)
		}
	}
	locked := func(want ...bool) {
		t.Helper()
		list, err := tenant.GetCustomSections.Call(ctx, w.site(), durables.None{})
		var got []bool
		for _, s := range list {
			got = append(got, s.Locked)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("the sections are locked: %v, want %v, %v", got, want, err)
		}
	}
	locked(false, false, false)
	w.tier("sapling") // 2 sections, 50 drafts
	locked(false, false, true)
	w.tier("wanderer") // none, 5 drafts
	locked(true, true, true)
	if problem := section("d"); problem != "quota" {
		t.Errorf("a section more: %q", problem)
	}
	for i, id := range ids {
		if d, err := tenant.GetDraft.Call(ctx, w.site(), id); err != nil || d == nil || d.Content != fmt.Sprint("text ", i) {
			t.Errorf("draft %d: %+v, %v", i, d, err)
		}
	}
	if r := draft(w.id(), "one more", 0); r.Problem != "quota" {
		t.Errorf("a draft more: %+v", r)
	}
	if r := draft(ids[7], "goes on", 1); r.Current == nil || r.Current.Revision != 2 {
		t.Errorf("a draft that is there cannot be saved: %+v", r)
	}
	w.tier("evergreen")
	locked(false, false, false)
}

// TestANameThatWasGivenUpServesAnotherSiteLaterAndNothingMoves also loses D1's answers to the renames.
func TestANameThatWasGivenUpServesAnotherSiteLaterAndNothingMoves(t *testing.T) {
	w := open(t, 1)
	other := w.id()
	w.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES (?, 'bob', ?, 'Bob', 'oak', 0, 0)`, other, w.people[0])
	for _, id := range []string{w.tenant, other} {
		if c, err := tenant.GetConfig.Call(w.Context(), tenant.Of(id), durables.None{}); err != nil || c.State != tenant.Found {
			t.Fatal(c, err)
		}
	}
	rename := func(id, name, want string) {
		t.Helper()
		lost := w.Inject(local.D1Fault{SQL: "UPDATE tenants SET subdomain", Times: 1, AfterCommit: true})
		if r, err := tenant.Rename.Call(w.Context(), tenant.Of(id), name); err == nil {
			t.Errorf("rename to %s: %+v although D1's answer was lost", name, r)
		}
		if r, err := tenant.Rename.Call(w.Context(), tenant.Of(id), name); err != nil || r.Problem != want {
			t.Errorf("rename to %s once more: %+v, %v, want %q", name, r, err, want)
		}
		lost.Remove()
	}
	visit := func(id, path string) {
		t.Helper()
		event := analytics.Event{Type: analytics.PageView, Path: path, Visitor: "v"}
		if a, err := tenant.Admit.Call(w.Context(), tenant.Of(id), tenant.Visit{Visitor: "v", Event: &event}); err != nil || !a.Allowed {
			t.Fatal(a, err)
		}
	}
	visit(w.tenant, "/before")
	rename(w.tenant, "wonder", "")
	rename(other, "alice", "taken") // it is held for the first site
	visit(w.tenant, "/after")
	w.Clock.Advance(91 * day)
	rename(other, "alice", "")
	visit(other, "/other")
	w.Clock.Advance(2 * day)
	w.has("sites", []string{w.tenant + " wonder", other + " alice"}, `SELECT id || ' ' || subdomain FROM tenants ORDER BY id`)
	w.has("pages", []string{w.tenant + " /after 1", w.tenant + " /before 1", other + " /other 1"},
		`SELECT tenant_id || ' ' || path || ' ' || views FROM analytics_pages ORDER BY tenant_id, path`)
	w.has("posts", []string{w.tenant}, `SELECT tenant_id FROM posts`)
	for id, name := range map[string]string{w.tenant: "wonder", other: "alice"} {
		if c, err := tenant.GetConfig.Call(w.Context(), tenant.Of(id), durables.None{}); err != nil || c.Subdomain != name {
			t.Errorf("the object of %s says %+v, %v", name, c, err)
		}
	}
	w.sound()
}

// TestAProcessThatEndsBetweenAnyTwoStepsLosesNothing: after each step objects are evicted, or the process ends and another starts on the same folder.
func TestAProcessThatEndsBetweenAnyTwoStepsLosesNothing(t *testing.T) {
	for _, f := range flows {
		if f.name == "feeds" || f.name == "deletions" {
			continue // cron goes on beside their steps; TestWhatWasAcknowledgedIsInD1WhateverHappens has crashes with clients
		}
		for name, interrupt := range map[string]func(w *world) error{
			"evicted": func(w *world) error { _, err := w.EvictAll(); return err },
			"restart": func(w *world) error { return w.Restart(t.Context()) },
		} {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				w := open(t, 1)
				r := f.begin(w)
				for i, s := range r.steps {
					w.Go("somebody", func(context.Context) error { return w.insist(s) })
					w.rest(time.Duration(i) * 9 * time.Second)
					if err := interrupt(w); err != nil {
						t.Fatal(err)
					}
				}
				w.rest(r.quiet)
				r.check()
				w.sound()
			})
		}
	}
}
