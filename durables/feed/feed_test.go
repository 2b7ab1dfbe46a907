package feed_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/heartwood/keyring"
)

var db = d1.Database("DB")

// grove is a host with one site and one reader.
type grove struct {
	*testing.T
	host   *local.Host
	tenant string
	reader string
	stub   *durables.Stub[feed.Feed]
}

func open(t *testing.T) grove {
	h := local.StartTest(t, local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects:   map[string]string{"FEEDS": "FeedDO", "NOTIFICATIONS": "NotificationDO"},
		Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}}, Vars: map[string]string{"SESSION_KEYS": keyring.Generate("k1")},
	}})
	g := grove{T: t, host: h}
	g.tenant, g.reader = g.newID(), g.user()
	g.stub = feed.Of(g.reader)
	g.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, created_at, updated_at) VALUES (?, 'alice', ?, 'Alice writes', 0, 0)`, g.tenant, g.reader)
	return g
}

func (g grove) newID() string { return ids.New(g.host.Clock.Now()) }

func (g grove) user() string {
	g.Helper()
	id := g.newID()
	g.sql(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES (?1, ?1, ?1, 'Somebody', 0, 0)`, id)
	return id
}

func (g grove) sql(query string, args ...any) {
	g.Helper()
	if _, err := db.Prepare(query).Bind(args...).Run(g.host.Context()); err != nil {
		g.Fatal(err)
	}
}

func one[V any](g grove, query string, args ...any) (v V) {
	g.Helper()
	if _, err := db.Prepare(query).Bind(args...).First(g.host.Context(), &v); err != nil {
		g.Fatal(err)
	}
	return v
}

// write publishes posts in D1, each a second after the one before, the last ago before now, and returns them, the latest first.
func (g grove) write(author string, n int, ago time.Duration) []feed.Post {
	g.Helper()
	now := g.host.Clock.Now()
	list := make([]feed.Post, n)
	for i := range n {
		at := now.Add(-ago - time.Duration(i)*time.Second).UnixMilli()
		list[i] = feed.Post{PostID: ids.New(now), TenantID: g.tenant, AuthorID: author, CreatedAt: at, Preview: feed.Preview{Title: fmt.Sprint(at), Slug: ids.New(now)}}
	}
	for batch := range slices.Chunk(list, 100) {
		var statements []d1.Stmt
		for _, p := range batch {
			statements = append(statements, db.Prepare(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at)
				VALUES (?, ?, ?, ?, ?, '', '', 'published', ?6, ?6, ?6)`).Bind(p.PostID, g.tenant, author, p.Preview.Slug, p.Preview.Title, p.CreatedAt))
		}
		if _, err := db.Batch(g.host.Context(), statements...); err != nil {
			g.Fatal(err)
		}
	}
	return list
}

func call[P, R any](g grove, m *durables.MethodOf[feed.Feed, P, R], p P) R {
	g.Helper()
	r, err := m.Call(g.host.Context(), g.stub, p)
	if err != nil {
		g.Fatalf("%s: %v", m.Name(), err)
	}
	return r
}

func (g grove) follow(users ...string) {
	g.Helper()
	for _, u := range users {
		if c := call(g, feed.UpdateFollowing, feed.Change{UserID: u, Action: feed.Follow}); c.Problem != "" {
			g.Fatalf("follow: %s", c.Problem)
		}
	}
}

func (g grove) page(q feed.Query) feed.Page { g.Helper(); return call(g, feed.GetFeed, q) }

// all reads the feed to its end and returns the ids of its posts.
func (g grove) all(sort string, limit int) (list []string) {
	g.Helper()
	q := feed.Query{SortBy: sort, Limit: limit}
	for {
		p := g.page(q)
		for _, item := range p.Items {
			list = append(list, item.PostID)
		}
		if q.Cursor = p.NextCursor; q.Cursor == "" {
			return list
		}
		if len(list) > 3000 {
			g.Fatal("the feed has no end")
		}
	}
}

func idsOf(posts ...[]feed.Post) (list []string) {
	all := slices.Concat(posts...)
	slices.SortFunc(all, func(a, b feed.Post) int {
		if a.CreatedAt != b.CreatedAt {
			return int(b.CreatedAt - a.CreatedAt)
		}
		return strings.Compare(b.PostID, a.PostID)
	})
	for _, p := range all {
		list = append(list, p.PostID)
	}
	return list
}

// shows checks the whole feed, the latest first.
func (g grove) shows(want ...string) {
	g.Helper()
	if got := g.all(feed.Recent, 7); !slices.Equal(got, want) {
		g.Errorf("the feed shows %d posts, want %d:\n%v\n%v", len(got), len(want), got, want)
	}
}

func TestAFeedShowsThosePublishedByTheFollowed(t *testing.T) {
	g := open(t)
	alice, bob, stranger := g.user(), g.user(), g.user()
	old := g.write(alice, 3, time.Hour)
	g.write(stranger, 2, time.Hour)
	g.shows()
	g.follow(alice, bob)
	g.shows(idsOf(old)...)
	// Posts are sent when they are published; twice, and from somebody who is not followed.
	fresh, foreign := g.write(bob, 2, 0), g.write(stranger, 1, 0)
	for range 2 {
		call(g, feed.AddToFeed, feed.Added{Posts: slices.Concat(fresh, foreign)})
	}
	if _, err := g.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	g.shows(idsOf(fresh, old)...)
	item := g.page(feed.Query{SortBy: feed.Recent}).Items[0]
	if item.Preview.AuthorName != "Somebody" || item.Preview.Subdomain != "alice" || item.Preview.SiteName != "Alice writes" || item.Preview.Title != fresh[0].Preview.Title {
		t.Errorf("%+v", item)
	}
	call(g, feed.RemoveFromFeed, []string{fresh[0].PostID})
	g.shows(idsOf(fresh[1:], old)...)
	// What D1 does not confirm is not shown, and not kept.
	g.sql(`UPDATE posts SET status = 'draft' WHERE id = ?`, old[0].PostID)
	g.sql(`DELETE FROM posts WHERE id = ?`, old[1].PostID)
	g.shows(idsOf(fresh[1:], old[2:])...)
	if kept, err := local.Rows[int](g.host.Storage("FeedDO", "feed:"+g.reader), `SELECT count(*) FROM feed_items`); err != nil || kept[0] != 2 {
		t.Errorf("%v are kept, %v", kept, err)
	}
	call(g, feed.UpdateFollowing, feed.Change{UserID: bob, Action: feed.Unfollow})
	call(g, feed.AddToFeed, feed.Added{Posts: fresh[1:]}) // a message that comes late
	g.shows(old[2].PostID)
	if n := one[int](g, `SELECT count(*) FROM follows`); n != 1 {
		t.Errorf("D1 has %d follows", n)
	}
}

func TestAFeedThatNobodyHasReadStoresNothing(t *testing.T) {
	g := open(t)
	alice := g.user()
	g.sql(`INSERT INTO follows (follower_id, followee_id, created_at) VALUES (?, ?, 0)`, g.reader, alice)
	p := g.write(alice, 1, 0)
	call(g, feed.AddToFeed, feed.Added{Posts: p})
	call(g, feed.RemoveFromFeed, []string{p[0].PostID})
	if rows, err := local.Rows[string](g.host.Storage("FeedDO", "feed:"+g.reader), `SELECT name FROM sqlite_master WHERE name = 'meta'`); err != nil || len(rows) != 0 {
		t.Errorf("%v %v", rows, err)
	}
	g.shows(p[0].PostID)
	if at, set, err := g.host.Storage("FeedDO", "feed:"+g.reader).Alarm(); err != nil || set {
		t.Errorf("a feed with nothing to do is woken at %v, %v", at, err)
	}
}

func TestOlderPagesComeFromD1(t *testing.T) {
	g := open(t)
	alice, bob, carol := g.user(), g.user(), g.user()
	a, b := g.write(alice, 400, time.Hour), g.write(bob, 400, 90*time.Minute)
	c := g.write(carol, 50, 2*time.Hour)
	g.follow(alice, bob)
	want := idsOf(a, b)
	if got := g.all(feed.Recent, 50); !slices.Equal(got, want) {
		t.Fatalf("%d posts are shown, want %d in order", len(got), len(want))
	}
	// A page that was begun before goes on in its place, though what is kept changes meanwhile.
	first := g.page(feed.Query{SortBy: feed.Recent, Limit: 50})
	g.follow(carol)
	fresh := g.write(bob, 30, 0)
	call(g, feed.AddToFeed, feed.Added{Posts: fresh})
	g.host.Clock.Advance(2 * time.Hour) // pruned
	if n, err := local.Rows[int](g.host.Storage("FeedDO", "feed:"+g.reader), `SELECT count(*) FROM feed_items`); err != nil || n[0] > feed.MaxItems {
		t.Errorf("%v are kept, %v", n, err)
	}
	want = idsOf(a, b, c)[50:]
	var got []string
	for q := (feed.Query{SortBy: feed.Recent, Limit: 50, Cursor: first.NextCursor}); ; {
		p := g.page(q)
		for _, item := range p.Items {
			got = append(got, item.PostID)
		}
		if q.Cursor = p.NextCursor; q.Cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("from the second page on %d posts are shown, want %d in order", len(got), len(want))
	}
	all := g.all(feed.Relevance, 50)
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != 880 || len(all) != 880 {
		t.Errorf("by relevance %d posts are shown, %d of them different; want 880", len(all), n)
	}
}

func TestRelevance(t *testing.T) {
	day := (24 * time.Hour).Milliseconds()
	if d := feed.Score(day, 0, 0) - feed.Score(0, 0, 0); math.Abs(d-1) > 1e-9 {
		t.Errorf("a day is worth %v", d)
	}
	// e-1 reactions make a weight of 2, which is a day.
	if feed.Score(0, 2, 0) <= feed.Score(day, 0, 0) || feed.Score(0, 1, 0) >= feed.Score(day, 0, 0) || feed.Score(0, 0, 1) != feed.Score(0, 2, 0) {
		t.Error("a post that is a day older needs twice the weight")
	}
	g := open(t)
	alice := g.user()
	p := g.write(alice, 20, time.Hour)
	old := g.write(alice, 1, 30*time.Hour)
	g.follow(alice)
	if _, err := g.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	g.shows(idsOf(p, old)...)
	comments := func(post string, n int) {
		g.sql(`INSERT OR REPLACE INTO post_counters (post_id, tenant_id, comments, as_of_seq, updated_at) VALUES (?, ?, ?, 1, 0)`, post, g.tenant, n)
	}
	comments(old[0].PostID, 50)
	first := g.page(feed.Query{SortBy: feed.Relevance, Limit: 5})
	if first.Items[0].PostID != old[0].PostID || first.Items[1].PostID != p[0].PostID || *first.Items[0].Comments != 50 {
		t.Errorf("%+v", first.Items)
	}
	// The scores change under a page that was begun: it keeps its order.
	g.host.Clock.Advance(11 * time.Minute)
	comments(p[19].PostID, 90)
	comments(p[0].PostID, 80)
	if top := g.page(feed.Query{SortBy: feed.Relevance, Limit: 2}); top.Items[0].PostID != p[19].PostID || top.Items[1].PostID != p[0].PostID {
		t.Errorf("%+v", top.Items)
	}
	var rest []string
	for c := first.NextCursor; c != ""; {
		next := g.page(feed.Query{SortBy: feed.Relevance, Limit: 5, Cursor: c})
		for _, item := range next.Items {
			rest = append(rest, item.PostID)
		}
		c = next.NextCursor
	}
	if want := idsOf(p)[4:]; !slices.Equal(rest, want) {
		t.Errorf("the rest shows %d posts, want %d:\n%v\n%v", len(rest), len(want), rest, want)
	}
}

func TestCountersAreShownWhereTheSiteShowsThem(t *testing.T) {
	g := open(t)
	alice := g.user()
	p := g.write(alice, 1, time.Hour)
	g.follow(alice)
	g.sql(`INSERT INTO post_counters (post_id, tenant_id, reactions, comments, as_of_seq, updated_at) VALUES (?, ?, '{"like":3}', 4, 1, 0)`, p[0].PostID, g.tenant)
	item := g.page(feed.Query{SortBy: feed.Recent}).Items[0]
	if item.Reactions != nil || item.Comments == nil || *item.Comments != 4 {
		t.Errorf("%+v", item)
	}
	g.sql(`INSERT INTO comment_settings (tenant_id, counts_visible, updated_at) VALUES (?, 'everyone', 0)`, g.tenant)
	if item = g.page(feed.Query{SortBy: feed.Recent}).Items[0]; item.Reactions == nil || (*item.Reactions)["like"] != 3 {
		t.Errorf("%+v", item)
	}
}

func TestCursorsAreSigned(t *testing.T) {
	g := open(t)
	alice := g.user()
	g.write(alice, 10, time.Hour)
	g.follow(alice)
	cursor := g.page(feed.Query{SortBy: feed.Recent, Limit: 3}).NextCursor
	if p := g.page(feed.Query{SortBy: feed.Recent, Limit: 3, Cursor: cursor}); p.Problem != "" || len(p.Items) != 3 {
		t.Fatalf("%+v", p)
	}
	parts := strings.Split(cursor, ".")
	for name, bad := range map[string]string{"empty parts": "..", "no text": "x", "another key": "k2." + parts[1] + "." + parts[2], "changed": "k1." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2],
		"cut": cursor[:len(cursor)-1], "long": strings.Repeat("x", 5000)} {
		if p := g.page(feed.Query{SortBy: feed.Recent, Cursor: bad}); p.Problem != "cursor" || len(p.Items) != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := g.page(feed.Query{SortBy: feed.Relevance, Cursor: cursor}); p.Problem != "cursor" {
		t.Errorf("a cursor of another order: %+v", p)
	}
	other := g
	other.reader = g.user()
	other.stub = feed.Of(other.reader)
	other.follow(alice)
	if p := other.page(feed.Query{SortBy: feed.Recent, Cursor: cursor}); p.Problem != "cursor" {
		t.Errorf("another user's cursor: %+v", p)
	}
	if _, err := feed.GetFeed.Call(g.host.Context(), g.stub, feed.Query{SortBy: "random"}); err == nil {
		t.Error("an unknown order was taken")
	}
	if _, err := feed.GetFeed.Call(g.host.Context(), feed.Class.Namespace("FEEDS").GetByName("feed:bob"), feed.Query{SortBy: feed.Recent}); err == nil {
		t.Error("an object has a name that is no user's")
	}
}

func TestWhoCanBeFollowed(t *testing.T) {
	g := open(t)
	gone, blocker := g.user(), g.user()
	g.sql(`UPDATE users SET status = 'deleting' WHERE id = ?`, gone)
	g.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, 'block', 0)`, blocker, g.reader)
	for user, want := range map[string]string{g.reader: "self", gone: "missing", blocker: "missing", g.newID(): "missing"} {
		if c := call(g, feed.UpdateFollowing, feed.Change{UserID: user, Action: feed.Follow}); c.Problem != want {
			t.Errorf("%q, want %q", c.Problem, want)
		}
	}
	alice := g.user()
	for range 2 {
		g.follow(alice)
	}
	told := func() int64 {
		g.host.Clock.Advance(time.Millisecond)
		n, err := notification.GetUnreadCount.Call(g.host.Context(), notification.Of(alice), durables.None{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := told(); n != 1 {
		t.Errorf("the followed has %d notifications, want 1", n)
	}
	for range 2 {
		call(g, feed.UpdateFollowing, feed.Change{UserID: alice, Action: feed.Unfollow})
	}
	if n := told(); n != 0 {
		t.Errorf("after it was taken back: %d", n)
	}
	if b := call(g, feed.GetBacklog, durables.None{}); b != (feed.Backlog{}) {
		t.Errorf("%+v", b)
	}
	if _, err := feed.UpdateFollowing.Call(g.host.Context(), g.stub, feed.Change{UserID: alice, Action: "poke"}); err == nil {
		t.Error("an unknown action was taken")
	}
}

func TestNobodyFollowsTooManyAtOnce(t *testing.T) {
	g := open(t)
	alice := g.user()
	for i := range 200 {
		if c := call(g, feed.UpdateFollowing, feed.Change{UserID: alice, Action: []string{feed.Follow, feed.Unfollow}[i%2]}); c.Problem != "" {
			t.Fatalf("after %d: %q", i, c.Problem)
		}
	}
	for action, want := range map[string]string{feed.Follow: "fast", feed.Unfollow: ""} {
		if c := call(g, feed.UpdateFollowing, feed.Change{UserID: alice, Action: action}); c.Problem != want {
			t.Errorf("%s: %q, want %q", action, c.Problem, want)
		}
	}
	g.host.Clock.Advance(11 * time.Minute)
	g.follow(alice)
}

func TestBlockedAuthorsAreHidden(t *testing.T) {
	g := open(t)
	alice, bob := g.user(), g.user()
	a, b := g.write(alice, 2, time.Hour), g.write(bob, 2, 2*time.Hour)
	g.follow(alice, bob)
	g.shows(idsOf(a, b)...)
	g.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, 'mute', 0)`, g.reader, alice)
	g.shows(idsOf(b)...)
	fault := g.host.Inject(local.D1Fault{})
	g.shows(idsOf(b)...)
	fault.Remove()
	g.sql(`DELETE FROM user_blocks`)
	g.shows(idsOf(a, b)...)
	g.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, 'block', 0)`, bob, g.reader)
	g.shows(idsOf(a)...)
}

func TestWithoutD1(t *testing.T) {
	g := open(t)
	alice, bob := g.user(), g.user()
	a, b := g.write(alice, 3, time.Hour), g.write(bob, 3, 2*time.Hour)
	fault := g.host.Inject(local.D1Fault{})
	if _, err := feed.GetFeed.Call(g.host.Context(), g.stub, feed.Query{SortBy: feed.Recent}); err == nil {
		t.Error("a feed was built of nothing")
	}
	if _, err := feed.UpdateFollowing.Call(g.host.Context(), g.stub, feed.Change{UserID: alice, Action: feed.Follow}); err == nil {
		t.Error("somebody was followed without D1")
	}
	fault.Remove()
	g.follow(alice)
	g.shows(idsOf(a)...)
	fault = g.host.Inject(local.D1Fault{})
	p := g.page(feed.Query{SortBy: feed.Relevance})
	if !p.Stale || len(p.Items) != 3 || p.Items[0].Comments != nil || p.Items[0].Preview.Title == "" {
		t.Errorf("%+v", p)
	}
	fault.Remove()
	// The answer is lost, not the change: it is looked up within a minute.
	fault = g.host.Inject(local.D1Fault{SQL: "INSERT INTO follows", AfterCommit: true, Times: 1})
	if _, err := feed.UpdateFollowing.Call(g.host.Context(), g.stub, feed.Change{UserID: bob, Action: feed.Follow}); err == nil {
		t.Error("the answer was not lost")
	}
	fault.Remove()
	if _, err := g.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	g.host.Clock.Advance(time.Minute)
	g.shows(idsOf(a, b)...)
}

func TestManyChangesAreOneRebuild(t *testing.T) {
	g := open(t)
	g.shows()
	var want [][]feed.Post
	rebuilds := g.host.Inject(local.D1Fault{SQL: "SELECT followee_id, created_at", Delay: time.Nanosecond})
	for range 15 {
		u := g.user()
		want = append(want, g.write(u, 25, time.Hour))
		g.follow(u)
	}
	g.host.Clock.Advance(time.Minute)
	g.host.Clock.Advance(10 * time.Minute)
	if n := rebuilds.Count(); n != 1 {
		t.Errorf("%d rebuilds, want 1", n)
	}
	rebuilds.Remove()
	g.shows(idsOf(want...)...)
}

func TestAUserIsExportedAndErased(t *testing.T) {
	g := open(t)
	alice, bob := g.user(), g.user()
	a := g.write(alice, 2, time.Hour)
	g.follow(alice, bob)
	g.shows(idsOf(a)...)
	if x := call(g, feed.ExportUser, g.reader); len(x.Following) != 2 || len(x.Posts) != 2 {
		t.Errorf("%+v", x)
	}
	if x := call(g, feed.ExportUser, alice); !x.Followed || len(x.Posts) != 2 || x.Following != nil {
		t.Errorf("%+v", x)
	}
	for range 2 {
		call(g, feed.EraseUser, alice)
	}
	if x := call(g, feed.ExportUser, alice); x.Followed || len(x.Posts) != 0 {
		t.Errorf("%+v", x)
	}
	for range 2 {
		call(g, feed.EraseUser, g.reader)
	}
	if n := one[int](g, `SELECT count(*) FROM follows`); n != 0 {
		t.Error("D1 still has whom an erased user followed")
	}
	if x := call(g, feed.ExportUser, g.reader); len(x.Following) != 0 {
		t.Errorf("%+v", x)
	}
}

func TestPreviewsCanBeCorrected(t *testing.T) {
	g := open(t)
	alice := g.user()
	p := g.write(alice, 1, time.Hour)
	g.follow(alice)
	g.shows(p[0].PostID)
	title := "Another title"
	call(g, feed.UpdatePostMetadata, feed.Metadata{PostID: p[0].PostID, Title: &title})
	call(g, feed.UpdatePostMetadata, feed.Metadata{PostID: g.newID(), Title: &title})
	fault := g.host.Inject(local.D1Fault{})
	if got := g.page(feed.Query{SortBy: feed.Recent}).Items[0].Preview; got.Title != title || got.SiteName != "Alice writes" {
		t.Errorf("%+v", got)
	}
	fault.Remove()
}

func TestAFeedIsReadAnewOrForgotten(t *testing.T) {
	g := open(t)
	alice, bob := g.user(), g.user()
	a, b := g.write(alice, 2, time.Hour), g.write(bob, 2, 2*time.Hour)
	g.follow(alice)
	g.shows(idsOf(a)...)
	// D1 was changed by hand: the object does not know until it is told to look.
	g.sql(`DELETE FROM follows`)
	g.sql(`INSERT INTO follows (follower_id, followee_id, created_at) VALUES (?, ?, 0)`, g.reader, bob)
	following := func(want string) {
		t.Helper()
		if x := call(g, feed.ExportUser, g.reader); strings.Join(x.Following, " ") != want {
			t.Errorf("the object follows %v, want %q", x.Following, want)
		}
	}
	following(alice)
	for range 2 {
		call(g, feed.RebuildFeed, durables.None{})
	}
	following(bob)
	g.shows(idsOf(b)...)
	call(g, feed.Destroy, durables.None{})
	if tables, err := local.Rows[string](g.host.Storage("FeedDO", "feed:"+g.reader), `SELECT name FROM sqlite_master`); err != nil || len(tables) != 0 {
		t.Errorf("%v are left, %v", tables, err)
	}
	g.shows(idsOf(b)...) // it is built from D1 again when it is read
}
