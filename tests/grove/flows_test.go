package grove

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
)

// flow is what an object acknowledges and brings to D1 later.
type flow struct {
	name  string
	begin func(w *world) run
	// sparse: there are so many operations that those which are struck are so many times further apart, unless -every=1. 0 is 1.
	sparse int
}

// run is a flow in one world: steps, each of which is repeated until it is acknowledged, and what D1 must have when all is quiet.
type run struct {
	steps []step
	quiet time.Duration // how long it may take
	check func()
}

type step func(ctx context.Context) error

var flows = []flow{{"visits", visits, 0}, {"drafts", drafts, 0}, {"waypoints", waypoints, 0}, {"notifications", notifications, 0}, {"follows", follows, 0},
	{"conversations", conversations, 5}, {"feeds", feeds, 3}, {"deletions", deletions, 5}}

// call is a step that calls a method. A stub is made for each attempt: one whose object was reset stays broken. refused says what is wrong with an answer; "" for nothing.
func call[C, P, R any](stub func() *durables.Stub[C], method *durables.MethodOf[C, P, R], p P, refused func(R) string) step {
	return func(ctx context.Context) error {
		r, err := method.Call(ctx, stub(), p)
		if err != nil || refused == nil {
			return err
		}
		if why := refused(r); why != "" {
			return errors.New(why)
		}
		return nil
	}
}

// visits are counted by TenantDO, then by AnalyticsDO, and are in D1 when the day is over.
func visits(w *world) run {
	w.admit()
	type page struct{ sent, acknowledged int }
	pages := make([]page, 6)
	r := run{quiet: 2 * day}
	for i := range pages {
		event := analytics.Event{Type: analytics.PageView, Path: fmt.Sprint("/page", i), Visitor: fmt.Sprint("visitor", i%2)}
		admit := call(w.site, tenant.Admit, tenant.Visit{Visitor: "v", Event: &event}, func(a tenant.Admission) string {
			if !a.Allowed {
				return "the visit was refused"
			}
			return ""
		})
		r.steps = append(r.steps, func(ctx context.Context) error {
			pages[i].sent++
			err := admit(ctx)
			if err == nil {
				pages[i].acknowledged++
			}
			return err
		})
	}
	r.check = func() {
		total := 0
		for i, p := range pages {
			views := w.lines(`SELECT sum(views) FROM analytics_pages WHERE tenant_id = ? AND path = ?`, w.tenant, fmt.Sprint("/page", i))
			n := 0
			fmt.Sscan(views[0], &n)
			total += n
			if n < p.acknowledged || n > p.sent { // a visit whose answer was lost may count or not
				w.t.Errorf("page %d has %d views; %d were acknowledged and %d sent", i, n, p.acknowledged, p.sent)
			}
		}
		w.has("views by hour", []string{fmt.Sprint(total)}, `SELECT sum(views) FROM analytics_hourly`)
		w.has("views by day", []string{fmt.Sprint(total)}, `SELECT sum(views) FROM analytics_daily`)
		w.has("visitors of the day", []string{"2"}, `SELECT sum(visitors) FROM analytics_daily`)
	}
	return r
}

// admit has the site's object read its configuration.
func (w *world) admit() {
	w.t.Helper()
	if a, err := tenant.Admit.Call(w.Context(), tenant.Of(w.tenant), tenant.Visit{Visitor: "v"}); err != nil || !a.Allowed {
		w.t.Fatal(a, err)
	}
}

// drafts are kept by TenantDO and copied to D1.
func drafts(w *world) run {
	w.admit()
	first, second := w.id(), w.id()
	save := func(id, content string, base int64) step {
		return call(w.site, tenant.SaveDraft, tenant.DraftSave{DraftID: id, Slug: "s", Content: content, BaseRevision: base, DeviceID: "desk", AuthorID: w.owner}, func(s tenant.DraftSaved) string {
			if s.Conflict || s.Problem != "" {
				return fmt.Sprintf("not saved: %+v", s)
			}
			return ""
		})
	}
	return run{
		steps: []step{save(first, "one", 0), save(first, "two", 1), save(second, "other", 0),
			call(w.site, tenant.DeleteDraft, second, nil), save(first, "three", 2)},
		quiet: time.Hour,
		check: func() {
			w.has("drafts", []string{first + " three 3 kept", second + "  2 deleted"},
				`SELECT draft_id || ' ' || content || ' ' || revision || ' ' || iif(deleted_at IS NULL, 'kept', 'deleted') FROM drafts WHERE tenant_id = ? ORDER BY draft_id`, w.tenant)
		},
	}
}

// waypoints get their status from TenantDO at once, and in D1 within five minutes.
func waypoints(w *world) run {
	a, b := w.id(), w.id()
	trail := tenant.Trail{Slug: "book", Name: "Book", Visibility: "public", Waypoints: []tenant.Waypoint{{ID: a, Title: "A", Status: "planned"}, {ID: b, Title: "B", Status: "planned"}}}
	if s, err := tenant.SetTrail.Call(w.Context(), tenant.Of(w.tenant), trail); err != nil || s.Conflict {
		w.t.Fatal(s, err)
	}
	set := func(id, status string) step {
		return call(w.site, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: "book", WaypointID: id, Status: status}, func(ok bool) string {
			if !ok {
				return "no such waypoint"
			}
			return ""
		})
	}
	return run{
		steps: []step{set(a, "active"), set(b, "active"), set(a, "done"), set(b, "dropped"), set(b, "active")},
		quiet: time.Hour,
		check: func() {
			w.has("waypoints", []string{"A done", "B active"}, `SELECT title || ' ' || status FROM trail_waypoints ORDER BY title`)
		},
	}
}

// notifications are grouped by NotificationDO and copied to D1.
func notifications(w *world) run {
	post := w.id()
	event := func(kind string, actor int, target, id string) notification.Event {
		return notification.Event{Type: kind, ActorID: w.people[actor], TargetType: target, TargetID: id, At: w.Clock.Now().UnixMilli()}
	}
	add := func(e notification.Event) step { return call(w.bell, notification.AddNotification, e, nil) }
	return run{
		steps: []step{
			add(event(notification.Reaction, 0, "post", post)), add(event(notification.Reaction, 1, "post", post)),
			call(w.bell, notification.Retract, event(notification.Reaction, 0, "post", post), nil),
			add(event(notification.Follow, 2, "profile", w.owner)),
			call(w.bell, notification.MarkRead, notification.Selection{All: true}, nil),
			add(event(notification.Reaction, 2, "post", post)),
		},
		quiet: time.Hour,
		check: func() {
			w.has("notifications", []string{
				fmt.Sprintf(`follow ["%s"] 1 read`, w.people[2]), fmt.Sprintf(`reaction ["%s"] 1 read`, w.people[1]), fmt.Sprintf(`reaction ["%s"] 1 unread`, w.people[2]),
			}, `SELECT type || ' ' || actors || ' ' || actor_count || iif(read_at IS NULL, ' unread', ' read') || iif(retracted_at IS NULL, '', ' taken back')
				FROM notifications WHERE user_id = ? ORDER BY type, read_at IS NULL`, w.owner)
		},
	}
}

// follows are in D1 before they are acknowledged; who is followed hears of it later.
func follows(w *world) run {
	a, b, c := w.people[0], w.people[1], w.people[2]
	if _, err := feed.GetFeed.Call(w.Context(), feed.Of(w.owner), feed.Query{SortBy: feed.Recent}); err != nil {
		w.t.Fatal(err)
	}
	change := func(user, action string) step {
		return call(w.feed, feed.UpdateFollowing, feed.Change{UserID: user, Action: action}, func(c feed.Changed) string { return c.Problem })
	}
	return run{
		steps: []step{change(a, feed.Follow), change(b, feed.Follow), change(a, feed.Unfollow), change(c, feed.Follow)},
		quiet: time.Hour,
		check: func() {
			w.has("follows", []string{b, c}, `SELECT followee_id FROM follows WHERE follower_id = ? ORDER BY followee_id`, w.owner)
			w.has("followers", []string{a + " 0", b + " 1", c + " 1"}, `SELECT user_id || ' ' || followers FROM follow_counts ORDER BY user_id`)
			w.has("told", []string{b + " 1", c + " 1"}, `SELECT user_id || ' ' || actor_count FROM notifications WHERE type = 'follow' AND retracted_at IS NULL ORDER BY user_id`)
			export, err := feed.ExportUser.Call(w.Context(), feed.Of(w.owner), w.owner)
			if err != nil || len(export.Following) != 2 {
				w.t.Errorf("FeedDO has %+v, %v", export, err)
			}
		},
	}
}

// comments are kept by PostDO and flushed every 30 seconds. Who wrote the post hears of them, and the statistics count them.
func comments(w *world) run {
	ann, bert := w.people[0], w.people[1]
	ids := map[string]string{} // what the client called a comment → its id
	add := func(name, user, text, parent string) step {
		return func(ctx context.Context) error {
			return call(w.thread, post.AddComment, post.NewComment{ID: name, UserID: user, Content: text, ParentID: ids[parent]}, func(a post.Answer) string {
				if a.Comment != nil {
					ids[name] = a.Comment.ID
				}
				return a.Problem
			})(ctx)
		}
	}
	remove := func(name, user string) step {
		return func(ctx context.Context) error {
			return call(w.thread, post.DeleteComment, post.Removal{ID: ids[name], UserID: user}, func(a post.Answer) string {
				if a.Problem == "not_found" { // it was deleted before D1 ever saw it, and the answer to that was lost
					return ""
				}
				return a.Problem
			})(ctx)
		}
	}
	edit := func(name, user, text string) step {
		return func(ctx context.Context) error {
			return call(w.thread, post.EditComment, post.Edit{ID: ids[name], UserID: user, Content: text}, func(a post.Answer) string { return a.Problem })(ctx)
		}
	}
	return run{
		steps: []step{add("a", ann, "first", ""), add("b", bert, "an answer", "a"), edit("a", ann, "first, edited"), add("c", bert, "gone soon", ""), remove("c", bert), add("d", ann, "last", "b")},
		quiet: 2 * day,
		check: func() {
			w.has("comments", []string{ann + " 0 first, edited", bert + " 1 an answer", ann + " 2 last"},
				`SELECT author_id || ' ' || depth || ' ' || body FROM comments WHERE post_id = ? AND status = 'visible' ORDER BY created_at`, w.post)
			w.has("comments that are gone", nil, `SELECT body FROM comments WHERE status <> 'visible' AND (status <> 'deleted' OR body <> '')`)
			w.has("counts", []string{"3"}, `SELECT comments FROM post_counters WHERE post_id = ?`, w.post)
			w.has("the day's comments", []string{"4"}, `SELECT sum(comments) FROM analytics_daily`)
			w.has("told", []string{"comment 2", "reply 1", "reply 1"}, `SELECT type || ' ' || sum(actor_count) FROM notifications WHERE retracted_at IS NULL GROUP BY user_id, type ORDER BY type`)
		},
	}
}

// feeds of followers follow what D1 says of a post, by the queue.
func feeds(w *world) run {
	readers := w.people[:3]
	for _, reader := range readers {
		if c, err := feed.UpdateFollowing.Call(w.Context(), feed.Of(reader), feed.Change{UserID: w.owner, Action: feed.Follow}); err != nil || c.Problem != "" {
			w.t.Fatal(c, err)
		}
		if _, err := feed.GetFeed.Call(w.Context(), feed.Of(reader), feed.Query{SortBy: feed.Recent}); err != nil {
			w.t.Fatal(err)
		}
	}
	first, second, third := w.id(), w.id(), w.id()
	w.cron(30)
	unpublish := func(ctx context.Context) error {
		_, err := db.Prepare(`UPDATE posts SET status = 'draft', version = version + 1, updated_at = ? WHERE id = ? AND status = 'published'`).Bind(w.Clock.Now(), first).Run(ctx)
		return err
	}
	return run{
		steps: []step{w.publish(first), w.publish(second), unpublish, w.publish(third)},
		quiet: time.Hour,
		check: func() {
			w.has("announcements", nil, `SELECT post_id FROM announcements`)
			for _, reader := range readers {
				export, err := feed.ExportUser.Call(w.Context(), feed.Of(reader), reader)
				if err != nil {
					w.t.Fatal(err)
				}
				slices.Sort(export.Posts) // some were published at the same moment
				if want := []string{w.post, second, third}; !slices.Equal(export.Posts, want) {
					w.t.Errorf("the feed of %s has %q, want %q", reader, export.Posts, want)
				}
			}
		},
	}
}

// cron runs the jobs of each minute, for so many minutes.
func (w *world) cron(minutes int) {
	w.Go("cron", func(ctx context.Context) error {
		for range minutes {
			w.Sleep(time.Minute)
			_ = w.Scheduled(ctx, "* * * * *", w.Clock.Now()) // a run that fails is made up for by the next one
		}
		return nil
	})
}

// deletions of a site leave nothing of it, in D1 or in objects, and take nothing from others.
func deletions(w *world) run {
	w.admit()
	other, kept := w.id(), w.id()
	w.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES (?, 'bob', ?, 'Bob', 'oak', 0, 0)`, other, w.people[0])
	w.sql(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at) VALUES (?, ?, ?, 's', 'Kept', '', '', 'published', 1, 1, 1)`, kept, other, w.owner)
	reader := w.people[1]
	for _, s := range append(drafts(w).steps[:3], comments(w).steps[:3]...) {
		if err := s(w.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	if c, err := feed.UpdateFollowing.Call(w.Context(), feed.Of(reader), feed.Change{UserID: w.owner, Action: feed.Follow}); err != nil || c.Problem != "" {
		w.t.Fatal(c, err)
	}
	if _, err := feed.GetFeed.Call(w.Context(), feed.Of(reader), feed.Query{SortBy: feed.Recent}); err != nil {
		w.t.Fatal(err)
	}
	if err := call(w.site, tenant.Admit, tenant.Visit{Visitor: "v", Event: &analytics.Event{Type: analytics.PageView, Path: "/"}}, nil)(w.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.Clock.Advance(10 * time.Minute)
	w.cron(90)
	job := w.id()
	return run{
		steps: []step{func(ctx context.Context) error {
			_, err := db.Prepare(`INSERT OR IGNORE INTO deletion_jobs (id, subject, requested_by, state, started_at, heartbeat_at) VALUES (?, 'tenant:' || ?, ?, 'running', ?4, ?4)`).
				Bind(job, w.tenant, w.owner, w.Clock.Now()).Run(ctx)
			return err
		}},
		quiet: 2 * day,
		check: func() {
			w.has("jobs", []string{"done"}, `SELECT state FROM deletion_jobs`)
			w.has("sites", []string{other}, `SELECT id FROM tenants`)
			w.has("posts", []string{kept}, `SELECT id FROM posts`)
			for _, table := range []string{"comments", "reactions", "post_counters", "drafts", "tenant_members", "analytics_daily", "analytics_pages", "analytics_hourly"} {
				w.has(table, nil, `SELECT tenant_id FROM `+table)
			}
			for class, name := range map[string]string{"TenantDO": "tenant:" + w.tenant, "PostDO": post.Name(w.tenant, w.post)} {
				if rows, err := w.Storage(class, name).Query(`SELECT name FROM sqlite_master`); err != nil || len(rows) > 0 {
					w.t.Errorf("%s has stored %v, %v", class, rows, err)
				}
			}
			export, err := feed.ExportUser.Call(w.Context(), feed.Of(reader), reader)
			if err != nil || !slices.Equal(export.Posts, []string{kept}) {
				w.t.Errorf("the reader's feed has %q, %v", export.Posts, err)
			}
		},
	}
}

func (w *world) thread() *durables.Stub[post.Post]                { return post.Of(w.tenant, w.post) }
func (w *world) site() *durables.Stub[tenant.Tenant]              { return tenant.Of(w.tenant) }
func (w *world) feed() *durables.Stub[feed.Feed]                  { return feed.Of(w.owner) }
func (w *world) bell() *durables.Stub[notification.Notifications] { return notification.Of(w.owner) }
