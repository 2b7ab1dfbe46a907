//go:build !js

package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/r2"
)

var media = r2.Bucket("MEDIA")

// atApex sends a request as a page of the apex host does.
func (p *person) atApex(method, path, body string) (int, http.Header, string) {
	p.g.Helper()
	address := "http://" + p.g.domain
	if p.csrf[""] == "" {
		var who struct{ CSRFToken string }
		if _, _, text := p.send("GET", address+"/auth/session", "", nil); json.Unmarshal([]byte(text), &who) == nil {
			p.csrf[""] = who.CSRFToken
		}
	}
	return p.send(method, address+path, body, http.Header{"Origin": {address}, "X-Csrf-Token": {p.csrf[""]}, "User-Agent": {"Mozilla/5.0 Firefox/130.0"}})
}

func (p *person) askApex(method, path, body string, want int, dest any) {
	p.g.Helper()
	status, _, text := p.atApex(method, path, body)
	if status != want {
		p.g.Fatalf("%s: %s %s: %d, want %d\n%s", p.name, method, path, status, want, text)
	}
	if dest != nil {
		if err := json.Unmarshal([]byte(text), dest); err != nil {
			p.g.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

// minutes lets time go by, with the cron trigger of every minute.
func (g *grove) minutes(n int) {
	g.Helper()
	for range n {
		if err := g.host.Scheduled(g.Context(), "* * * * *", g.host.Clock.Now()); err != nil {
			g.Fatal(err)
		}
		g.host.Clock.Advance(time.Minute)
	}
}

// traces are the places in which a text is stored: rows of D1 and of objects, and keys of the bucket.
func traces(g *grove, text string) (found []string) {
	g.Helper()
	holds := func(where string, values ...any) {
		for _, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if strings.Contains(fmt.Sprint(v), text) {
				found = append(found, fmt.Sprintf("%s: %.200v", where, values))
				return
			}
		}
	}
	var tables []string
	if err := db.Prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\_cf%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`).All(g.host.Context(), &tables); err != nil || len(tables) < 20 {
		g.Fatal(tables, err)
	}
	for _, table := range tables {
		_, rows, err := db.Prepare(`SELECT * FROM "` + table + `"`).Raw(g.host.Context())
		if err != nil {
			g.Fatal(err)
		}
		for _, row := range rows {
			holds("D1 "+table, row...)
		}
	}
	for _, class := range classesOf(g) {
		objects, err := g.host.Objects(class)
		if err != nil {
			g.Fatal(err)
		}
		for _, o := range objects {
			s := g.host.Storage(class, o.ID)
			tables, err := local.Rows[string](s, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf%'`)
			if err != nil {
				g.Fatal(err)
			}
			for _, table := range tables {
				rows, err := s.Query(`SELECT * FROM "` + table + `"`)
				if err != nil {
					g.Fatal(err)
				}
				for _, row := range rows {
					values := []any{}
					for _, v := range row {
						values = append(values, v)
					}
					holds(class+" "+o.Name+" "+table, values...)
				}
			}
		}
	}
	list, err := media.List(g.host.Context(), r2.ListOptions{})
	if err != nil {
		g.Fatal(err)
	}
	for _, o := range list.Objects {
		holds("R2", o.Key)
	}
	return found
}

// classesOf are the classes that the tests' host has.
func classesOf(*grove) []string {
	return []string{"SessionDO", "TenantDO", "AnalyticsDO", "PostDO", "FeedDO", "NotificationDO"}
}

func must[P, R, T any](g *grove, m *durables.MethodOf[T, P, R], stub *durables.Stub[T], p P) R {
	g.Helper()
	r, err := m.Call(g.host.Context(), stub, p)
	if err != nil {
		g.Fatal(err)
	}
	return r
}

// lives has somebody leave traces in everything that Grove stores, and others besides.
func lives(g *grove, name string) {
	g.Helper()
	p, alice, bob, ed := g.people[name], g.people["alice"], g.people["bob"], g.people["ed"]
	now := g.host.Clock.Now()
	g.sql(`INSERT INTO blocked_users (tenant_id, user_id, created_at) VALUES (?, ?, 0)`, g.tenants["bob"], p.id)
	var ofBob madePost
	bob.ask("bob", "POST", "/api/admin/posts", `{"title":"At bob's","body":"text"}`, 201, &ofBob)
	bob.ask("bob", "POST", "/api/admin/posts/"+ofBob.ID+"/publish", `{"version":1}`, 200, nil)
	must(g, post.SetReaction, post.Of(g.tenants["bob"], ofBob.ID), post.Reaction{UserID: ed.id, Type: "like", On: true}) // now the object knows who is blocked
	var made madePost
	p.ask("alice", "POST", "/api/admin/posts", `{"title":"By `+name+`","body":"words of `+name+`"}`, 201, &made)
	p.ask("alice", "POST", "/api/admin/posts/"+made.ID+"/publish", `{"version":1}`, 200, &made)
	p.ask("alice", "PUT", "/api/admin/drafts/"+ids.New(now), `{"slug":"d","content":"a draft of `+name+`","metadata":{"title":"D","tags":[]},"baseRevision":0,"deviceId":"desk"}`, 200, nil)
	p.ask("alice", "POST", "/api/admin/media?alt="+name, png, 201, nil)
	alice.ask("alice", "PUT", "/api/admin/members/"+p.id, `{"role":"author"}`, 204, nil)
	for _, other := range []*person{alice, bob} {
		must(g, feed.UpdateFollowing, feed.Of(p.id), feed.Change{UserID: other.id, Action: feed.Follow})
		must(g, feed.UpdateFollowing, feed.Of(other.id), feed.Change{UserID: p.id, Action: feed.Follow})
		must(g, feed.GetFeed, feed.Of(other.id), feed.Query{Limit: 10, SortBy: "recent"})
	}
	must(g, feed.GetFeed, feed.Of(p.id), feed.Query{Limit: 10, SortBy: "recent"})
	must(g, feed.UpdateFollowing, feed.Of(p.id), feed.Change{UserID: ed.id, Action: feed.Follow})
	must(g, feed.UpdateFollowing, feed.Of(ed.id), feed.Change{UserID: p.id, Action: feed.Follow})
	must(g, feed.UpdateFollowing, feed.Of(p.id), feed.Change{UserID: g.people["victor"].id, Action: feed.Follow}) // whom nothing else will lead to
	g.minutes(2)
	must(g, feed.UpdateFollowing, feed.Of(p.id), feed.Change{UserID: g.people["victor"].id, Action: feed.Unfollow})
	must(g, feed.UpdateFollowing, feed.Of(p.id), feed.Change{UserID: ed.id, Action: feed.Unfollow})
	must(g, feed.UpdateFollowing, feed.Of(ed.id), feed.Change{UserID: p.id, Action: feed.Unfollow})
	postID := one[string](g, `SELECT id FROM posts WHERE slug = 'of-alice'`)
	at := g.host.Clock.Now().UnixMilli()
	must(g, notification.AddNotification, notification.Of(bob.id), notification.Event{Type: notification.Follow, ActorID: p.id, TargetType: "profile", TargetID: bob.id, At: at, Seq: 1})
	must(g, notification.AddNotification, notification.Of(p.id), notification.Event{Type: notification.Follow, ActorID: bob.id, TargetType: "profile", TargetID: p.id, At: at, Seq: 1})
	about := post.Of(g.tenants["alice"], postID)
	comment := must(g, post.AddComment, about, post.NewComment{UserID: p.id, Content: "my comment"})
	must(g, post.AddComment, about, post.NewComment{UserID: ed.id, Content: "an answer", ParentID: comment.Comment.ID})
	must(g, post.AddComment, post.Of(g.tenants["alice"], made.ID), post.NewComment{UserID: ed.id, Content: "to a post of " + name})
	must(g, post.SetReaction, about, post.Reaction{UserID: p.id, Type: "like", On: true})
	must(g, post.SetReaction, about, post.Reaction{UserID: p.id, Type: "love", On: true})
	g.minutes(6)
	must(g, post.SetReaction, about, post.Reaction{UserID: p.id, Type: "love"})
	p.at("alice", "GET", "/posts/by-"+name, "")
	g.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, 'mute', 0), (?, ?, 'block', 0)`, ed.id, p.id, p.id, g.people["victor"].id)
	g.sql(`INSERT INTO dead_letters (source, seq, kind, payload, error, attempts, died_at) VALUES (?, 1, 'group', '{}', 'x', 5, 0), ('x', ?, 'x', ?, 'x', 1, 0)`,
		"NotificationDO notifications:"+p.id, at, `{"userId":"`+p.id+`"}`)
	g.sql(`INSERT INTO operator_log (id, actor_id, action, created_at) VALUES (?, ?, 'x', 0)`, ids.New(now), p.id)
	must(g, notification.RefreshBlocks, notification.Of(ed.id), durables.None{})
	p.at("bob", "GET", "/", "")
	p.askApex("POST", "/api/account/export", "", 202, nil)
	g.minutes(6) // and all of it is in D1
}

func openLives(t *testing.T) *grove {
	g := open(t, "ann", "ed", "victor")
	publish(g, g.people["alice"], "Of alice", "text")
	lives(g, "ann")
	return g
}

// rest is everything of the others that a deletion must leave alone, as text.
func rest(g *grove, tables ...string) string {
	var b strings.Builder
	for _, table := range tables {
		_, rows, err := db.Prepare(`SELECT * FROM ` + table).Raw(g.host.Context())
		if err != nil {
			g.Fatal(err)
		}
		fmt.Fprintln(&b, table, rows)
	}
	return b.String()
}

func pending(g *grove, table string) string {
	return one[string](g, `SELECT coalesce(group_concat(subject || ' ' || state || ' ' || step || ' ' || error, char(10)), '') FROM `+table+` WHERE state <> 'done'`)
}

func TestADeletedUserLeavesNoTrace(t *testing.T) {
	g := openLives(t)
	ann, nobody := g.people["ann"], g.people["nobody"]
	where := traces(g, ann.id)
	for _, place := range []string{"D1 users", "D1 posts", "D1 drafts", "D1 media", "D1 follows", "D1 former_follows", "D1 notifications", "D1 applied_batches", "D1 audit_log", "D1 dead_letters",
		"D1 export_jobs", "D1 comments", "D1 reactions", "D1 user_blocks", "D1 blocked_users", "D1 operator_log", "D1 follow_counts", "SessionDO", "TenantDO", "PostDO post:" + g.tenants["alice"], "PostDO post:" + g.tenants["bob"], "FeedDO feed:" + g.people["bob"].id,
		"NotificationDO notifications:" + g.people["bob"].id, "NotificationDO notifications:" + g.people["ed"].id, "NotificationDO notifications:" + g.people["victor"].id} {
		if !slices.ContainsFunc(where, func(s string) bool { return strings.HasPrefix(s, place) }) {
			t.Errorf("ann has left no trace in %s: the test proves nothing of it", place)
		}
	}
	others := "identities WHERE user_id <> '" + ann.id + "'"
	before := rest(g, "tenants", others)
	ann.askApex("POST", "/api/account/delete", `{"confirm":"somebody@example.test"}`, 400, nil)
	ann.askApex("POST", "/api/account/delete", `{"confirm":"ann@example.test"}`, 202, nil)
	// At once: no session is left, and no way in.
	if status, _, _ := ann.atApex("GET", "/auth/session", ""); status != 401 {
		t.Errorf("ann is still signed in: %d", status)
	}
	if status, _ := ann.at("alice", "GET", "/api/admin/posts", ""); status != 401 {
		t.Errorf("ann is still signed in at alice's: %d", status)
	}
	g.minutes(30)
	if left := pending(g, "deletion_jobs"); left != "" {
		t.Fatalf("after half an hour: %s", left)
	}
	g.host.Clock.Advance(3 * time.Hour) // what is only counted is forgotten by itself
	g.minutes(1)
	for _, trace := range traces(g, ann.id) {
		t.Error("left: ", trace)
	}
	if after := rest(g, "tenants", others); after != before {
		t.Errorf("others have changed:\n%s\nwas\n%s", after, before)
	}
	if status, text := nobody.at("alice", "GET", "/posts/by-ann", ""); status != 200 || !strings.Contains(text, "words of ann") || !strings.Contains(text, "Somebody who left") {
		t.Errorf("a post on somebody else's site: %d\n%s", status, text)
	}
	if words := one[int](g, `SELECT count(*) FROM comments WHERE instr(body, 'my comment') > 0`); words != 0 {
		t.Errorf("%d comments keep their words", words)
	}
	// The way is free for a new account.
	if n := one[int](g, `SELECT count(*) FROM identities WHERE provider_subject = 's-ann'`); n != 0 {
		t.Errorf("%d identities of ann", n)
	}
}

// crashing runs the job under way to its end, ending the host before each time that the job writes down how far it is. It returns how often.
func crashing(g *grove, table string) (crashes int) {
	g.Helper()
	for ; crashes < 60; crashes++ {
		fault := g.host.Inject(local.D1Fault{SQL: "UPDATE " + table + " SET step", After: 1, Times: 1, Delay: time.Hour})
		for range 8 {
			g.minutes(1)
			if fault.Count() > 0 || pending(g, table) == "" {
				break
			}
		}
		if pending(g, table) == "" {
			return crashes
		}
		if err := g.host.Restart(g.Context()); err != nil {
			g.Fatal(err)
		}
	}
	g.Fatalf("the job does not end: %s", pending(g, table))
	return 0
}

func TestTheDeletionOfAUserGoesOnAfterACrashAtEachStep(t *testing.T) {
	g := openLives(t)
	ann := g.people["ann"]
	g.sql(`INSERT INTO deletion_jobs (id, subject, requested_by, state, started_at) VALUES (?, ?, ?, 'running', ?)`, ids.New(g.host.Clock.Now()), operations.User(ann.id), ann.id, g.host.Clock.Now())
	if n := crashing(g, "deletion_jobs"); n < 10 {
		t.Errorf("only %d crashes: the test does not meet every step", n)
	}
	g.host.Clock.Advance(3 * time.Hour)
	g.minutes(1)
	for _, trace := range traces(g, ann.id) {
		t.Error("left: ", trace)
	}
}

func TestADeletedSiteLeavesNoTraceAndItsNameIsHeld(t *testing.T) {
	for name, crash := range map[string]bool{"in one go": false, "with a crash at each step": true} {
		t.Run(name, func(t *testing.T) { deleteSite(t, crash) })
	}
}

func deleteSite(t *testing.T, crash bool) {
	g := openLives(t)
	alice, bob, nobody := g.people["alice"], g.people["bob"], g.people["nobody"]
	site := g.tenants["alice"]
	for range 3 {
		nobody.at("alice", "GET", "/", "")
		nobody.at("bob", "GET", "/", "")
	}
	bob.ask("bob", "POST", "/api/admin/posts", `{"title":"Of bob","body":"text"}`, 201, nil)
	bob.ask("bob", "POST", "/api/admin/media", png, 201, nil)
	alice.ask("alice", "POST", "/api/admin/export", "", 202, nil)
	g.minutes(6)
	where := traces(g, site)
	for _, place := range []string{"D1 tenants", "D1 posts", "D1 drafts", "D1 media", "D1 applied_batches", "D1 audit_log", "D1 export_jobs", "D1 comments", "D1 reactions", "TenantDO", "PostDO", "AnalyticsDO", "FeedDO", "R2"} {
		if !slices.ContainsFunc(where, func(s string) bool { return strings.HasPrefix(s, place) }) {
			t.Errorf("the site has left no trace in %s: the test proves nothing of it", place)
		}
	}
	others := len(traces(g, g.tenants["bob"]))
	before := rest(g, "tenants WHERE subdomain = 'bob'", "posts WHERE tenant_id = '"+g.tenants["bob"]+"'", "media WHERE tenant_id = '"+g.tenants["bob"]+"'", "users")
	alice.ask("alice", "POST", "/api/admin/delete", `{"confirm":"alicia"}`, 400, nil)
	alice.ask("alice", "POST", "/api/admin/delete", `{"confirm":"alice"}`, 202, nil)
	for _, path := range []string{"/", "/posts/of-alice", "/api/admin/posts"} {
		if status, _ := alice.at("alice", "GET", path, ""); status != 404 {
			t.Errorf("%s of the deleted site: %d", path, status)
		}
	}
	if crash {
		if n := crashing(g, "deletion_jobs"); n < 10 {
			t.Errorf("only %d crashes: the test does not meet every step", n)
		}
	}
	g.minutes(30)
	if left := pending(g, "deletion_jobs"); left != "" {
		t.Fatalf("after half an hour: %s", left)
	}
	var held []string
	for _, trace := range traces(g, site) {
		if strings.HasPrefix(trace, "D1 subdomain_history") {
			held = append(held, trace)
			continue
		}
		t.Error("left: ", trace)
	}
	if len(held) != 1 {
		t.Errorf("the name is held %d times: %v", len(held), held)
	}
	if n := len(traces(g, g.tenants["bob"])); n < others {
		t.Errorf("of bob's site %d places are left of %d", n, others)
	}
	if after := rest(g, "tenants WHERE subdomain = 'bob'", "posts WHERE tenant_id = '"+g.tenants["bob"]+"'", "media WHERE tenant_id = '"+g.tenants["bob"]+"'", "users"); after != before {
		t.Errorf("others have changed:\n%s\nwas\n%s", after, before)
	}
	// Nobody can pose as the site: not within 90 days.
	bob.ask("bob", "PUT", "/api/admin/name", `{"subdomain":"alice"}`, 409, nil)
	g.host.Clock.Advance(91 * 24 * time.Hour)
	if r := must(g, tenant.Rename, tenant.Of(g.tenants["bob"]), "alice"); r.Problem != "" {
		t.Errorf("after the hold: %+v", r)
	}
}

func TestAFormerNameIsHeldForItsSite(t *testing.T) {
	g := open(t)
	alice, bob, nobody := g.people["alice"], g.people["bob"], g.people["nobody"]
	alice.ask("alice", "PUT", "/api/admin/name", `{"subdomain":"wonder"}`, 200, nil)
	bob.ask("bob", "PUT", "/api/admin/name", `{"subdomain":"alice"}`, 409, nil)
	if status, text := nobody.at("alice", "GET", "/", ""); status != 404 {
		t.Errorf("the former name: %d\n%s", status, text)
	}
	// Its own site may have it back, and the name that it left then is held in turn.
	if r := must(g, tenant.Rename, tenant.Of(g.tenants["alice"]), "alice"); r.Problem != "" {
		t.Errorf("back to the first name: %+v", r)
	}
	if r := must(g, tenant.Rename, tenant.Of(g.tenants["bob"]), "wonder"); r.Problem != "taken" {
		t.Errorf("bob takes the name that alice left: %+v", r)
	}
	if r := must(g, tenant.Rename, tenant.Of(g.tenants["alice"]), "third"); r.Problem != "" {
		t.Fatal(r)
	}
	g.host.Clock.Advance(91 * 24 * time.Hour)
	if r := must(g, tenant.Rename, tenant.Of(g.tenants["bob"]), "alice"); r.Problem != "" {
		t.Errorf("after the hold: %+v", r)
	}
	g.host.Clock.Advance(time.Minute)
	if status, text := nobody.at("alice", "GET", "/", ""); status != 200 || !strings.Contains(text, "bob&#39;s site") {
		t.Errorf("the name after the hold: %d\n%s", status, text)
	}
	// Who is alice has no say at the name that was hers.
	if status, _ := alice.at("alice", "GET", "/api/admin/posts", ""); status != 401 && status != 403 {
		t.Errorf("alice at her former name: %d", status)
	}
}

// unpack returns the files of a tar archive.
func unpack(t *testing.T, archive string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for r := tar.NewReader(strings.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, r); err != nil {
			t.Fatal(err)
		}
		files[h.Name] = b.String()
	}
}

func TestAnExportHasEverythingAlsoAfterACrashAtEachStep(t *testing.T) {
	g := openLives(t)
	ann, alice := g.people["ann"], g.people["alice"]
	// A draft that D1 does not have yet.
	ann.ask("alice", "PUT", "/api/admin/drafts/"+ids.New(g.host.Clock.Now()), `{"slug":"e","content":"only in the object","metadata":{"title":"E","tags":[]},"baseRevision":0,"deviceId":"desk"}`, 200, nil)
	var mine, whole operations.Job
	ann.askApex("POST", "/api/account/export", "", 202, &mine)
	alice.ask("alice", "POST", "/api/admin/export", "", 202, &whole)
	if n := crashing(g, "export_jobs"); n < 20 {
		t.Errorf("only %d crashes: the test does not meet every step", n)
	}
	ann.askApex("GET", "/api/account/export/"+mine.ID, "", 200, &mine)
	if mine.State != "done" || mine.File == "" {
		t.Fatalf("%+v", mine)
	}
	status, _, archive := ann.atApex("GET", mine.File, "")
	if status != 200 {
		t.Fatalf("%d\n%s", status, archive)
	}
	all := ""
	for name, text := range unpack(t, archive) {
		if !strings.HasPrefix(name, "data/") {
			t.Errorf("the export has %s", name)
		}
		for line := range strings.Lines(text) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %s", name, line)
			}
		}
		all += text
	}
	for _, want := range []string{"ann@example.test", "words of ann", "a draft of ann", "only in the object", "my comment", `"like"`, g.people["bob"].id, "127.0.0.1", "s-ann"} {
		if n := strings.Count(all, want); n == 0 {
			t.Errorf("the export lacks %q", want)
		}
	}
	if n := strings.Count(all, "words of ann"); n != 1 {
		t.Errorf("after the crashes a post is there %d times", n)
	}
	if strings.Contains(all, "Of alice") {
		t.Error("the export has somebody else's post")
	}
	alice.ask("alice", "GET", "/api/admin/export/"+whole.ID, "", 200, &whole)
	_, archive = alice.at("alice", "GET", whole.File, "")
	files := unpack(t, archive)
	pictures := 0
	for name, text := range files {
		if strings.HasPrefix(name, "media/") && text == png {
			pictures++
		}
	}
	if pictures != 1 {
		t.Errorf("the site's export has %d images", pictures)
	}
	// An export is for whoever asked for it, and only until it expires.
	for who, want := range map[string]int{"bob": 404, "nobody": 401, "alice": 404} {
		for _, path := range []string{"/api/account/export/" + mine.ID, "/api/account/export/" + mine.ID + "/file"} {
			if status, _, _ := g.people[who].atApex("GET", path, ""); status != want {
				t.Errorf("%s: %s: %d, want %d", who, path, status, want)
			}
		}
	}
	bob := g.people["bob"]
	bob.ask("bob", "GET", "/api/admin/export/"+whole.ID, "", 404, nil)
	bob.ask("bob", "GET", "/api/admin/export/"+whole.ID+"/file", "", 404, nil)
	g.host.Clock.Advance(8 * 24 * time.Hour)
	if err := g.host.Scheduled(t.Context(), "17 3 * * *", g.host.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	if list, err := media.List(g.host.Context(), r2.ListOptions{Prefix: "exports/"}); err != nil || len(list.Objects) > 0 {
		t.Errorf("%d files of expired exports, %v", len(list.Objects), err)
	}
	if n := one[int](g, `SELECT count(*) FROM export_jobs`); n != 0 {
		t.Errorf("%d expired exports", n)
	}
}

func TestDeletingTwiceIsDeletingOnce(t *testing.T) {
	g := open(t, "ann")
	ann := g.people["ann"]
	for range 2 {
		if err := operations.DeleteUser(g.host.Context(), ann.id); err != nil {
			t.Fatal(err)
		}
	}
	if n := one[int](g, `SELECT count(*) FROM deletion_jobs`); n != 1 {
		t.Errorf("%d jobs", n)
	}
	g.minutes(30)
	if left := traces(g, ann.id); pending(g, "deletion_jobs") != "" || len(left) > 0 {
		t.Fatalf("%s %v", pending(g, "deletion_jobs"), left)
	}
	// And once more, of somebody who is gone: there is nothing to do, and nothing comes of it.
	if err := operations.DeleteUser(g.host.Context(), ann.id); err != nil {
		t.Fatal(err)
	}
	g.minutes(30)
	if left := traces(g, ann.id); pending(g, "deletion_jobs") != "" || len(left) > 0 {
		t.Errorf("%s %v", pending(g, "deletion_jobs"), left)
	}
}

func TestAnOwnersSitesGoWithThem(t *testing.T) {
	g := openLives(t)
	alice, site := g.people["alice"], g.tenants["alice"]
	bobs := rest(g, "tenants WHERE subdomain = 'bob'", "posts WHERE tenant_id = '"+g.tenants["bob"]+"'")
	alice.askApex("POST", "/api/account/delete", `{"confirm":"alice@example.test"}`, 202, nil)
	if status, _ := g.people["nobody"].at("alice", "GET", "/", ""); status != 404 {
		t.Errorf("the site: %d", status)
	}
	g.minutes(40)
	if left := pending(g, "deletion_jobs"); left != "" {
		t.Fatalf("after forty minutes: %s", left)
	}
	g.host.Clock.Advance(3 * time.Hour)
	g.minutes(1)
	for _, trace := range append(traces(g, alice.id), traces(g, site)...) {
		if !strings.HasPrefix(trace, "D1 subdomain_history") {
			t.Error("left: ", trace)
		}
	}
	if after := rest(g, "tenants WHERE subdomain = 'bob'", "posts WHERE tenant_id = '"+g.tenants["bob"]+"'"); after != bobs {
		t.Errorf("bob's site has changed:\n%s\nwas\n%s", after, bobs)
	}
	if n := one[int](g, `SELECT count(*) FROM users WHERE id = ?`, g.people["ann"].id); n != 1 {
		t.Error("a member of the site is gone with it")
	}
}

func TestExportsAreFew(t *testing.T) {
	g := open(t, "ann")
	ann := g.people["ann"]
	var first, again operations.Job
	ann.askApex("POST", "/api/account/export", "", 202, &first)
	if ann.askApex("POST", "/api/account/export", "", 202, &again); again.ID != first.ID {
		t.Error("an export that runs was begun a second time")
	}
	for range 4 {
		g.minutes(1)
		ann.askApex("POST", "/api/account/export", "", 202, nil)
	}
	g.minutes(1)
	ann.askApex("POST", "/api/account/export", "", 429, nil)
	g.host.Clock.Advance(24 * time.Hour)
	ann.askApex("POST", "/api/account/export", "", 202, nil)
}

func TestAJobThatNobodyWorksOnIsTakenOver(t *testing.T) {
	g := open(t, "ann")
	now := g.host.Clock.Now()
	id := ids.New(now)
	g.sql(`INSERT INTO export_jobs (id, subject, requested_by, state, heartbeat_at, expires_at, created_at, lease, due_at) VALUES (?, ?, ?, 'running', ?, ?, ?, 'somebody', ?)`,
		id, operations.User(g.people["ann"].id), g.people["ann"].id, now, now.Add(time.Hour), now, now.Add(2*time.Minute))
	state := func() string { return one[string](g, `SELECT state FROM export_jobs WHERE id = ?`, id) }
	if err := operations.Queue.Send(g.host.Context(), map[string]string{"kind": operations.Export, "id": id}); err != nil {
		t.Fatal(err)
	}
	g.minutes(1)
	if state() != "running" {
		t.Fatal("the job was taken from somebody who has a lease")
	}
	g.minutes(3)
	if state() != "done" {
		t.Errorf("nobody took the job over: %s", pending(g, "export_jobs"))
	}
}

func TestOperatorsSeeAndRetryWhatFailed(t *testing.T) {
	g := open(t, "ann", "ed")
	ann, ed := g.people["ann"], g.people["ed"]
	p := publish(g, ann, "Hello", "text")
	draft := ids.New(g.host.Clock.Now())
	fault := g.host.Inject(local.D1Fault{SQL: "INSERT INTO drafts", Err: fmt.Errorf("D1_ERROR: CHECK constraint failed: poison: SQLITE_CONSTRAINT")})
	ann.ask("alice", "PUT", "/api/admin/drafts/"+draft, `{"slug":"d","content":"poison","metadata":{"title":"D","tags":[]},"baseRevision":0,"deviceId":"desk"}`, 200, nil)
	ann.ask("alice", "PUT", "/api/admin/drafts/"+ids.New(g.host.Clock.Now()), `{"slug":"e","content":"poison too","metadata":{"title":"E","tags":[]},"baseRevision":0,"deviceId":"desk"}`, 200, nil)
	name := "tenant:" + g.tenants["alice"]
	paths := []struct{ method, path, body string }{
		{"GET", "/api/operator/backlog", ""}, {"GET", "/api/operator/backlog?class=TenantDO&name=" + name, ""}, {"GET", "/api/operator/dead-letters", ""},
		{"POST", "/api/operator/dead-letters/TenantDO%20" + name + "/1/retry", ""}, {"POST", "/api/operator/rebuild", `{"class":"TenantDO","name":"` + name + `"}`}, {"GET", "/operator", ""},
		{"POST", "/operator/retry", ""}, {"POST", "/operator/rebuild", ""},
	}
	for _, r := range paths {
		for who, want := range map[string]int{"nobody": 401, "ann": 403, "alice": 403} {
			status, _, text := g.people[who].atApex(r.method, r.path, r.body)
			if who == "nobody" && (status == 403 && r.method == "POST" || status == 303 && r.path == "/operator") {
				continue
			}
			if status != want {
				t.Errorf("%s: %s %s: %d, want %d\n%s", who, r.method, r.path, status, want, text)
			}
		}
	}
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, ed.id)
	var b struct{ Backlog tenant.Backlog }
	if ed.askApex("GET", paths[1].path, "", 200, &b); b.Backlog.Drafts != 2 {
		t.Errorf("%+v", b)
	}
	g.minutes(40) // each is tried five times, less and less often
	var dead struct{ DeadLetters []operations.Letter }
	ed.askApex("GET", "/api/operator/dead-letters", "", 200, &dead)
	if len(dead.DeadLetters) != 2 || dead.DeadLetters[0].Source != "TenantDO "+name {
		t.Fatalf("%+v", dead)
	}
	var o operations.Overview
	if ed.askApex("GET", "/api/operator/backlog", "", 200, &o); o.DeadLetters != 2 {
		t.Errorf("%+v", o)
	}
	if status, _, text := ed.atApex("GET", "/operator?class=TenantDO&name="+name, ""); status != 200 || !strings.Contains(text, "poison") || !strings.Contains(text, "Dead letters: 2") || !strings.Contains(text, "&quot;drafts&quot;:0") && !strings.Contains(text, "&#34;drafts&#34;:0") {
		t.Errorf("%d\n%s", status, text)
	}
	// The cause is repaired; then they go through, also when it is asked for twice.
	fault.Remove()
	l := dead.DeadLetters[0]
	at := fmt.Sprintf("/api/operator/dead-letters/%s/%d/retry", strings.ReplaceAll(l.Source, " ", "%20"), l.Seq)
	ed.askApex("POST", at, "", 204, nil)
	ed.askApex("POST", at, "", 404, nil)
	g.host.Clock.Advance(time.Minute)
	if n := one[int](g, `SELECT count(*) FROM drafts`); n != 1 {
		t.Errorf("%d drafts in D1 after one letter was sent again", n)
	}
	if got := one[string](g, `SELECT group_concat(action) FROM operator_log WHERE actor_id = ?`, ed.id); got != "dead_letter_retried,dead_letter_retried" {
		t.Errorf("the operators' log has %q", got)
	}
	// An object that has lost everything gets back what D1 has.
	must(g, tenant.Destroy, tenant.Of(g.tenants["alice"]), durables.None{})
	ed.askApex("POST", "/api/operator/rebuild", `{"class":"TenantDO","name":"`+name+`"}`, 200, nil)
	var list struct{ Drafts []tenant.Draft }
	if ann.ask("alice", "GET", "/api/admin/drafts", "", 200, &list); len(list.Drafts) != 1 {
		t.Errorf("%+v", list)
	}
	// … and what it writes then is taken for new.
	ann.ask("alice", "PUT", "/api/admin/drafts/"+list.Drafts[0].DraftID, `{"slug":"d","content":"after the loss","metadata":{"title":"D","tags":[]},"baseRevision":1,"deviceId":"desk"}`, 200, nil)
	g.minutes(6)
	if got := one[string](g, `SELECT content FROM drafts WHERE draft_id = ?`, list.Drafts[0].DraftID); got != "after the loss" {
		t.Errorf("after the object was made anew D1 has %q", got)
	}
	// Nobody makes objects by asking for them.
	objects, _ := g.host.Objects("TenantDO")
	for _, bad := range []string{"tenant:" + ids.New(g.host.Clock.Now()), "tenant:x", "feed:" + ed.id, "", "tenant:" + p.ID} {
		if status, _, text := ed.atApex("GET", "/api/operator/backlog?class=TenantDO&name="+bad, ""); status != 404 && status != 400 {
			t.Errorf("%s: %d\n%s", bad, status, text)
		}
	}
	if after, _ := g.host.Objects("TenantDO"); len(after) != len(objects) {
		t.Errorf("%d objects, before there were %d", len(after), len(objects))
	}
}

func TestLettersOfEveryClassGoBackAndObjectsAreRebuilt(t *testing.T) {
	g := open(t, "ann", "ed")
	ann, ed := g.people["ann"], g.people["ed"]
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, ed.id)
	p := publish(g, ann, "Hello", "text")
	poison := fmt.Errorf("D1_ERROR: CHECK constraint failed: poison: SQLITE_CONSTRAINT")
	faults := []*local.Injection{g.host.Inject(local.D1Fault{SQL: "INSERT INTO comments", Err: poison}), g.host.Inject(local.D1Fault{SQL: "INSERT INTO notifications", Err: poison})}
	must(g, post.AddComment, post.Of(g.tenants["alice"], p.ID), post.NewComment{UserID: ed.id, Content: "a comment"}) // of which ann is told
	g.minutes(40)
	var dead struct{ DeadLetters []operations.Letter }
	if ed.askApex("GET", "/api/operator/dead-letters", "", 200, &dead); len(dead.DeadLetters) != 2 {
		t.Fatalf("%+v", dead)
	}
	for _, f := range faults {
		f.Remove()
	}
	for _, l := range dead.DeadLetters {
		ed.askApex("POST", fmt.Sprintf("/api/operator/dead-letters/%s/%d/retry", strings.ReplaceAll(l.Source, " ", "%20"), l.Seq), "", 204, nil)
	}
	g.minutes(2)
	for _, table := range []string{"comments", "notifications"} {
		if n := one[int](g, `SELECT count(*) FROM `+table); n != 1 {
			t.Errorf("%d rows of %s in D1", n, table)
		}
	}
	// D1 has lost what it was told, or the object: either is made anew from the other.
	g.sql(`DELETE FROM notifications`)
	for class, name := range map[string]string{"PostDO": "post:" + g.tenants["alice"] + ":" + p.ID, "FeedDO": "feed:" + ann.id, "NotificationDO": "notifications:" + ann.id} {
		ed.askApex("POST", "/api/operator/rebuild", `{"class":"`+class+`","name":"`+name+`"}`, 200, nil)
	}
	ed.askApex("POST", "/api/operator/rebuild", `{"class":"SessionDO","name":"session:`+ann.id+`"}`, 400, nil)
	ed.askApex("POST", "/api/operator/rebuild", `{"class":"PostDO","name":"post:`+p.ID+`"}`, 400, nil)
	ed.askApex("POST", "/api/operator/rebuild", `{"class":"PostDO","name":"post:`+g.tenants["bob"]+`:`+p.ID+`"}`, 404, nil)
	g.minutes(3)
	if n := one[int](g, `SELECT count(*) FROM notifications`); n != 1 {
		t.Errorf("after the object was made anew D1 has %d notifications", n)
	}
	if c := must(g, post.GetRecentComments, post.Of(g.tenants["alice"], p.ID), post.CommentQuery{Limit: 10}); len(c.Comments) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestMessagesThatAreRefusedCanBeSentAgain(t *testing.T) {
	g := open(t, "ed")
	ed := g.people["ed"]
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, ed.id)
	if err := feed.Queue.Send(g.host.Context(), map[string]string{"postId": "none"}); err != nil {
		t.Fatal(err)
	}
	g.host.Clock.Advance(20 * time.Hour) // it is tried for half a day
	var dead struct{ DeadLetters []operations.Letter }
	ed.askApex("GET", "/api/operator/dead-letters", "", 200, &dead)
	if len(dead.DeadLetters) != 1 || dead.DeadLetters[0].Source != "queue:FANOUT" || dead.DeadLetters[0].Payload != `{"postId":"none"}` {
		t.Fatalf("%+v", dead)
	}
	ed.askApex("POST", "/api/operator/dead-letters/queue:FANOUT/1/retry", "", 204, nil)
	g.host.Clock.Advance(20 * time.Hour) // it is tried for half a day
	if ed.askApex("GET", "/api/operator/dead-letters", "", 200, &dead); len(dead.DeadLetters) != 1 {
		t.Errorf("the message is not back: %+v", dead)
	}
}

func TestWhatIsOverIsTidied(t *testing.T) {
	g := open(t)
	ctx := g.host.Context()
	now := g.host.Clock.Now()
	long := now.Add(-400 * 24 * time.Hour)
	var m struct{ ID, URL string }
	g.people["alice"].ask("alice", "POST", "/api/admin/media", png, 201, &m)
	for _, key := range []string{g.tenants["alice"] + "/orphan.png", "exports/" + ids.New(now) + "/x.jsonl"} {
		if _, err := media.Put(ctx, key, strings.NewReader("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	g.sql(`INSERT INTO applied_batches (source, batch_id, applied_at) VALUES ('old', '1', ?), ('new', '1', ?)`, long, now)
	g.sql(`INSERT INTO login_flows (state_hash, provider, secrets_enc, browser_binding_hash, return_to, expires_at) VALUES ('old', '', '', '', '', ?), ('new', '', '', '', '', ?)`, long, now.Add(100*time.Hour))
	g.sql(`INSERT INTO used_handoffs (code_hash, expires_at) VALUES ('old', ?), ('new', ?)`, long, now.Add(100*time.Hour))
	g.sql(`INSERT INTO deletion_jobs (id, subject, requested_by, state, started_at, done_at) VALUES ('old', 'old', '', 'done', 0, ?), ('new', 'new', '', 'done', 0, ?)`, long, now)
	g.sql(`INSERT INTO former_follows VALUES ('old', 'x', ?), ('new', 'x', ?)`, long, now)
	g.sql(`INSERT INTO subdomain_history VALUES ('old', 'gone', 0, ?), ('new', 'gone', 0, ?)`, long, now.Add(100*time.Hour))
	g.host.Clock.Advance(25 * time.Hour)
	if err := g.host.Scheduled(t.Context(), "17 3 * * *", g.host.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{`SELECT source FROM applied_batches WHERE source IN ('old', 'new')`, `SELECT state_hash FROM login_flows WHERE state_hash IN ('old', 'new')`, `SELECT code_hash FROM used_handoffs WHERE code_hash IN ('old', 'new')`,
		`SELECT id FROM deletion_jobs`, `SELECT follower_id FROM former_follows`, `SELECT subdomain FROM subdomain_history`} {
		var left []string
		if err := db.Prepare(query).All(ctx, &left); err != nil || len(left) != 1 || left[0] != "new" {
			t.Errorf("%s: %v, %v", query, left, err)
		}
	}
	list, err := media.List(ctx, r2.ListOptions{})
	if err != nil || len(list.Objects) != 1 {
		t.Errorf("%d files are left, %v", len(list.Objects), err)
	}
	if status, _ := g.people["nobody"].at("alice", "GET", m.URL, ""); status != 200 {
		t.Errorf("an image that is in use: %d", status)
	}
}

func TestThePagesOfOnesData(t *testing.T) {
	g := open(t, "ann")
	alice := g.people["alice"]
	status, _, text := alice.atApex("GET", "/settings/data", "")
	if status != 200 || !strings.Contains(text, "alice@example.test") || !strings.Contains(text, "alice&#39;s site (alice)") {
		t.Fatalf("%d\n%s", status, text)
	}
	form := func(p *person, address, fields string) (int, string) {
		host := "http://" + g.domain
		if !strings.HasPrefix(address, "/settings") {
			host = "http://alice." + g.domain
		}
		status, _, text := p.send("POST", host+address, fields, http.Header{"Origin": {host}, "Content-Type": {"application/x-www-form-urlencoded"}})
		return status, text
	}
	token := "csrf_token=" + alice.csrf[""]
	if status, _ := form(alice, "/settings/data/export", "csrf_token=x"); status != 403 {
		t.Errorf("without the token: %d", status)
	}
	if status, text := form(alice, "/settings/data/export", token); status != 303 {
		t.Errorf("%d\n%s", status, text)
	}
	g.minutes(2)
	if _, _, text := alice.atApex("GET", "/settings/data", ""); !strings.Contains(text, "/file\">Download</a>") {
		t.Errorf("the export is not offered:\n%s", text)
	}
	if status, text := alice.at("alice", "GET", "/admin/data", ""); status != 200 || !strings.Contains(text, "Type alice to confirm") {
		t.Errorf("%d\n%s", status, text)
	}
	if status, text := form(alice, "/admin/data/delete", "confirm=alice&csrf_token="+alice.csrf["alice"]); status != 200 || !strings.Contains(text, "The site is deleted") {
		t.Errorf("%d\n%s", status, text)
	}
	if status, _ := alice.at("alice", "GET", "/", ""); status != 404 {
		t.Errorf("the site: %d", status)
	}
	if status, text := form(alice, "/settings/data/delete", "confirm=alice%40example.test&"+token); status != 200 || !strings.Contains(text, "Your account is closed") {
		t.Errorf("%d\n%s", status, text)
	}
}
