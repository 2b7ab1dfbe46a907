//go:build !js

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/internal/wrangler"
	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
)

// apex is the host of Meadow, among the sites of a person's tokens.
const apex = ""

// meadow asks the apex host as one of its pages does. The answer is stored in dest unless it is nil.
func (p *person) meadow(method, path, body string, want int, dest any) {
	p.g.Helper()
	status, _, text := p.send(method, "http://"+p.g.domain+path, body, p.apexHeader())
	if status != want {
		p.g.Fatalf("%s: %s %s: %d, want %d\n%s", p.name, method, path, status, want, text)
	}
	if dest != nil {
		if err := json.Unmarshal([]byte(text), dest); err != nil {
			p.g.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

func (p *person) apexHeader() http.Header {
	p.g.Helper()
	if p.csrf[apex] == "" && p.id != "" {
		var who struct{ CSRFToken string }
		if status, _, body := p.send("GET", "http://"+p.g.domain+"/auth/session", "", nil); status != 200 || json.Unmarshal([]byte(body), &who) != nil {
			p.g.Fatalf("%s at the apex: %d\n%s", p.name, status, body)
		}
		p.csrf[apex] = who.CSRFToken
	}
	return http.Header{"Origin": {"http://" + p.g.domain}, "X-Csrf-Token": {p.csrf[apex]}}
}

// form sends a form of a page at the apex host.
func (p *person) form(path string, fields url.Values) (int, string) {
	p.g.Helper()
	header := p.apexHeader()
	fields.Set("csrf_token", header.Get("X-Csrf-Token"))
	header.Del("X-Csrf-Token")
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, answer, _ := p.send("POST", "http://"+p.g.domain+path, fields.Encode(), header)
	return status, answer.Get("Location")
}

func (p *person) page(path string, want int) string {
	p.g.Helper()
	status, _, text := p.send("GET", "http://"+p.g.domain+path, "", nil)
	if status != want {
		p.g.Fatalf("%s: %s: %d, want %d\n%s", p.name, path, status, want, text)
	}
	return text
}

type feedPage struct {
	Items []struct {
		PostID  string
		URL     string
		Preview feed.Preview
	}
	NextCursor string
	Stale      bool
}

// feed returns the titles in the person's feed, as the first page has them.
func (p *person) feed() string {
	p.g.Helper()
	var page feedPage
	p.meadow("GET", "/api/feed", "", 200, &page)
	var titles []string
	for _, item := range page.Items {
		titles = append(titles, item.Preview.Title)
	}
	return strings.Join(titles, ", ")
}

func (p *person) follow(other string) {
	p.g.Helper()
	p.meadow("PUT", "/api/following/"+other, "", 204, nil)
}

// stored are the posts that the person's FeedDO keeps, whatever it would show.
func (p *person) stored() int {
	p.g.Helper()
	rows, err := local.Rows[int](p.g.host.Storage("FeedDO", "feed:"+p.id), `SELECT count(*) FROM feed_items`)
	if err != nil {
		p.g.Fatal(err)
	}
	return rows[0]
}

// delivered lets the queue deliver what is in it now.
func (g *grove) delivered() { g.host.Clock.Advance(2 * time.Second) }

// crowd makes n users and has them follow somebody. It returns their ids, in order.
func (g *grove) crowd(n int, follows string) []string {
	g.Helper()
	const id = `printf('0192f0c4-7d1e-7000-8000-%012x', i)`
	count := `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) `
	g.sql(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) `+count+`SELECT `+id+`, `+id+`, `+id+`, 'Somebody', 0, 0 FROM n`, n)
	g.sql(`INSERT INTO follows (follower_id, followee_id, created_at) `+count+`SELECT `+id+`, ?2, 0 FROM n`, n, follows)
	list := make([]string, n)
	for i := range n {
		list[i] = fmt.Sprintf("0192f0c4-7d1e-7000-8000-%012x", i+1)
	}
	return list
}

func TestAPostReachesTheFeedsOfFollowers(t *testing.T) {
	g := open(t, "stranger")
	alice, bob, stranger := g.people["alice"], g.people["bob"], g.people["stranger"]
	bob.follow(alice.id)
	bob.follow(alice.id) // again, because the answer was lost
	expect := func(when, want string) {
		t.Helper()
		if got := bob.feed(); got != want {
			t.Errorf("%s: bob's feed shows %q, want %q", when, got, want)
		}
		if got := stranger.feed(); got != "" {
			t.Errorf("%s: the feed of somebody who follows nobody shows %q", when, got)
		}
	}
	expect("before", "")
	p := publish(g, alice, "Roses", "They are red.")
	if n := bob.stored(); n != 0 {
		t.Fatalf("the post is there before the queue has delivered it: the test does not tell")
	}
	g.delivered()
	expect("published", "Roses")
	if n := bob.stored(); n != 1 {
		t.Errorf("%d posts are kept, want 1", n)
	}
	var page feedPage
	bob.meadow("GET", "/api/feed?sort=relevance&limit=1", "", 200, &page)
	if len(page.Items) != 1 || page.Items[0].URL != "http://alice."+g.domain+"/posts/roses" || page.Items[0].Preview.SiteName != "alice's site" || page.Items[0].Preview.AuthorName != "alice" {
		t.Errorf("%+v", page)
	}
	if status, text := bob.at("alice", "GET", "/posts/roses", ""); status != 200 {
		t.Errorf("the link leads to %d\n%s", status, text)
	}
	at := "/api/admin/posts/" + p.ID
	alice.ask("alice", "PUT", at, `{"title":"Tulips","body":"x","version":2}`, 200, &p)
	g.delivered()
	if got, err := local.Rows[string](g.host.Storage("FeedDO", "feed:"+bob.id), `SELECT cached_preview FROM feed_items`); err != nil || !strings.Contains(got[0], "Tulips") {
		t.Errorf("an edit is not kept: %q %v", got, err)
	}
	expect("edited", "Tulips")
	alice.ask("alice", "POST", at+"/unpublish", `{"version":3}`, 200, &p)
	expect("unpublished, not yet delivered", "")
	alice.ask("alice", "POST", at+"/publish", `{"version":4}`, 200, &p)
	g.delivered()
	expect("published again", "Tulips")
	alice.ask("alice", "POST", at+"/unpublish", `{"version":5}`, 200, &p)
	g.delivered()
	if n := bob.stored(); n != 0 {
		t.Errorf("unpublished: %d posts are kept", n)
	}
	alice.ask("alice", "POST", at+"/publish", `{"version":6}`, 200, &p)
	g.delivered()
	alice.ask("alice", "DELETE", at, "", 204, nil)
	g.delivered()
	if n := bob.stored(); n != 0 {
		t.Errorf("deleted: %d posts are kept", n)
	}
	publish(g, alice, "Violets", "They are blue.")
	g.delivered()
	expect("another", "Violets")
	bob.meadow("DELETE", "/api/following/"+alice.id, "", 204, nil)
	expect("unfollowed", "")
	publish(g, alice, "Thorns", "x")
	g.delivered()
	if n := bob.stored(); n != 0 {
		t.Errorf("unfollowed: %d posts are kept", n)
	}
	if n := one[int](g, `SELECT count(*) FROM announcements`); n != 0 {
		t.Errorf("%d announcements are left", n)
	}
}

func TestDraftsAreNotAnnounced(t *testing.T) {
	g := open(t)
	var p madePost
	g.people["alice"].ask("alice", "POST", "/api/admin/posts", `{"title":"Secret","body":"x"}`, 201, &p)
	fault := g.host.Inject(local.D1Fault{SQL: "FROM announcements"})
	g.people["alice"].ask("alice", "PUT", "/api/admin/posts/"+p.ID, `{"title":"Still secret","body":"x","version":1}`, 200, nil)
	fault.Remove()
	if n := one[int](g, `SELECT count(*) FROM announcements`); n != 0 {
		t.Error("a draft is to be announced")
	}
}

func TestAnAnnouncementThatCannotBeSentIsSentLater(t *testing.T) {
	for name, fault := range map[string]local.D1Fault{
		"D1 fails after the change":         {SQL: "version FROM announcements"},
		"what was sent cannot be forgotten": {SQL: "DELETE FROM announcements"},
		"the answer to that is lost":        {SQL: "DELETE FROM announcements", AfterCommit: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := open(t)
			alice, bob := g.people["alice"], g.people["bob"]
			bob.follow(alice.id)
			bob.feed()
			down := g.host.Inject(fault)
			publish(g, alice, "Roses", "x") // it is published all the same
			g.delivered()
			if err := g.host.Scheduled(g.host.Context(), "* * * * *", g.host.Clock.Now()); err == nil && !fault.AfterCommit {
				t.Error("a sweep that failed says that it did not")
			}
			g.delivered()
			down.Remove()
			if err := g.host.Scheduled(g.host.Context(), "* * * * *", g.host.Clock.Now()); err != nil {
				t.Error(err)
			}
			g.delivered()
			if n := bob.stored(); n != 1 || bob.feed() != "Roses" {
				t.Errorf("%d posts are kept, %q is shown", n, bob.feed())
			}
			if n := one[int](g, `SELECT count(*) FROM announcements`); n != 0 {
				t.Errorf("%d announcements are left", n)
			}
		})
	}
}

func TestASweepSendsWhateverChangedPosts(t *testing.T) {
	g := open(t)
	alice, bob := g.people["alice"], g.people["bob"]
	bob.follow(alice.id)
	bob.feed()
	now := g.host.Clock.Now().UnixMilli()
	const many = 250 // more than one batch
	for i := range many {
		g.sql(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at) VALUES (?1, ?2, ?3, ?1, ?1, '', '', 'published', ?4, ?4, ?4)`,
			ids.New(g.host.Clock.Now()), g.tenants["alice"], alice.id, now-int64(i))
	}
	if err := g.host.Scheduled(g.host.Context(), "* * * * *", g.host.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for range 60 {
		g.delivered()
	}
	if n := bob.stored(); n != many {
		t.Errorf("%d posts are kept, want %d", n, many)
	}
	g.sql(`DELETE FROM posts`)
	if err := g.host.Scheduled(g.host.Context(), "* * * * *", g.host.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for range 60 {
		g.delivered()
	}
	if n := bob.stored(); n != 0 {
		t.Errorf("of deleted posts %d are kept", n)
	}
}

func TestTheFollowersOfAPopularAuthorFetchTheirPosts(t *testing.T) {
	g := open(t)
	alice, bob := g.people["alice"], g.people["bob"]
	g.crowd(feed.MaxPushed-1, alice.id)
	bob.follow(alice.id)
	bob.feed()
	asked := g.host.Inject(local.D1Fault{SQL: "SELECT follower_id FROM follows", Delay: time.Nanosecond})
	p := publish(g, alice, "Roses", "x")
	g.delivered()
	if n := asked.Count(); n != 0 {
		t.Errorf("the followers of a popular author were read %d times", n)
	}
	asked.Remove()
	if objects, err := g.host.Objects("FeedDO"); err != nil || len(objects) > 2 {
		t.Errorf("%d feeds, %v", len(objects), err)
	}
	g.host.Clock.Advance(30 * time.Second)
	if got := bob.feed(); got != "Roses" {
		t.Errorf("bob's feed shows %q", got)
	}
	// Taken back and shown again much later it is there again, though its date is the old one.
	alice.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/unpublish", `{"version":2}`, 200, nil)
	if got := bob.feed(); got != "" {
		t.Errorf("bob's feed shows %q", got)
	}
	g.host.Clock.Advance(5 * time.Hour)
	bob.feed()
	alice.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/publish", `{"version":3}`, 200, nil)
	g.host.Clock.Advance(30 * time.Second)
	if got := bob.feed(); got != "Roses" {
		t.Errorf("bob's feed shows %q", got)
	}
}

func TestManyFollowersAreToldInChunks(t *testing.T) {
	g := open(t)
	alice := g.people["alice"]
	const followers = 2500
	list := g.crowd(followers, alice.id)
	g.sql(`UPDATE follow_counts SET peak = 1`) // as if they were not too many
	var readers []*person
	for _, i := range []int{0, 98, 99, 100, 101, 199, 200, 1234, followers - 2, followers - 1} {
		p := &person{g: g, id: list[i]}
		if _, err := feed.GetFeed.Call(g.host.Context(), feed.Of(p.id), feed.Query{SortBy: feed.Recent}); err != nil {
			t.Fatal(err)
		}
		readers = append(readers, p)
	}
	chunks := g.host.Inject(local.D1Fault{SQL: "SELECT follower_id FROM follows", Delay: time.Nanosecond})
	publish(g, alice, "Roses", "x")
	for range 40 {
		g.delivered()
	}
	if n := chunks.Count(); n != followers/100 {
		t.Errorf("%d messages, want %d", n, followers/100)
	}
	for _, p := range readers {
		if n := p.stored(); n != 1 {
			t.Errorf("follower %s has %d posts", p.id, n)
		}
	}
}

func TestAMessageThatComesTwiceChangesNothing(t *testing.T) {
	g := open(t)
	alice, bob := g.people["alice"], g.people["bob"]
	bob.follow(alice.id)
	bob.feed()
	p := publish(g, alice, "Roses", "x")
	g.delivered()
	contents := func() string {
		rows, err := g.host.Storage("FeedDO", "feed:"+bob.id).Query(`SELECT * FROM feed_items`)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(rows)
	}
	before := contents()
	again := feed.Announcement{PostID: p.ID, TenantID: g.tenants["alice"], AuthorID: alice.id}
	for range 2 {
		if err := feed.Queue.Send(g.host.Context(), again); err != nil {
			t.Fatal(err)
		}
	}
	g.delivered()
	if after := contents(); after != before {
		t.Errorf("the feed was %s, and is %s", before, after)
	}
	// A message of before the post was taken back does not bring it back.
	alice.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/unpublish", `{"version":2}`, 200, nil)
	g.delivered()
	if err := feed.Queue.Send(g.host.Context(), again); err != nil {
		t.Fatal(err)
	}
	g.delivered()
	if n := bob.stored(); n != 0 {
		t.Errorf("%d posts are kept", n)
	}
}

func TestAFeedThatCannotBeReachedIsToldLater(t *testing.T) {
	g := open(t, "stranger")
	alice, bob, stranger := g.people["alice"], g.people["bob"], g.people["stranger"]
	for _, p := range []*person{bob, stranger} {
		p.follow(alice.id)
		p.feed()
	}
	full := g.host.Inject(local.StorageFault{Class: "FeedDO", Object: "feed:" + bob.id, On: local.OnCommit})
	publish(g, alice, "Roses", "x")
	g.delivered()
	if n := stranger.stored(); n != 1 {
		t.Errorf("another follower waits as well: %d", n)
	}
	g.host.Clock.Advance(time.Minute)
	full.Remove()
	if n := bob.stored(); n != 0 {
		t.Fatalf("%d posts are kept: the test does not tell", n)
	}
	g.host.Clock.Advance(5 * time.Minute)
	if n := bob.stored(); n != 1 {
		t.Errorf("%d posts are kept", n)
	}
	// One that stays unreachable ends among the dead letters. From there an operator sends it again.
	full = g.host.Inject(local.StorageFault{Class: "FeedDO", Object: "feed:" + bob.id, On: local.OnCommit})
	publish(g, alice, "Violets", "x")
	g.host.Clock.Advance(18 * time.Hour)
	tries := full.Count()
	g.host.Clock.Advance(4 * time.Hour)
	if n := full.Count(); n != tries || n < 25 {
		t.Errorf("after %d tries there were %d more", tries, n-tries)
	}
	full.Remove()
	if n := one[int](g, `SELECT count(*) FROM dead_letters WHERE source = 'queue:FANOUT'`); n != 1 || bob.stored() != 1 {
		t.Fatalf("%d dead letters, %d posts are kept", n, bob.stored())
	}
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, alice.id)
	alice.meadow("POST", "/api/operator/dead-letters/queue:FANOUT/1/retry", "", 204, nil)
	g.delivered()
	if n := bob.stored(); n != 2 {
		t.Errorf("%d posts are kept, want 2", n)
	}
}

func TestMessagesThatMeanNothingDoNotStopTheQueue(t *testing.T) {
	g := open(t)
	alice, bob := g.people["alice"], g.people["bob"]
	bob.follow(alice.id)
	bob.feed()
	for i, poison := range []any{"text", 7, map[string]any{"postId": "x"}, map[string]any{"postId": ids.New(time.Now()), "tenantId": "../x", "authorId": alice.id},
		feed.Announcement{PostID: ids.New(time.Now()), TenantID: g.tenants["alice"], AuthorID: alice.id, Followers: []string{"nobody"}}} {
		if err := feed.Queue.Send(g.host.Context(), poison); err != nil {
			t.Fatal(err)
		}
		if i == 1 { // in one batch with them
			publish(g, alice, "Roses", "x")
		}
	}
	g.delivered()
	if got := bob.feed(); got != "Roses" || bob.stored() != 1 {
		t.Errorf("bob's feed shows %q", got)
	}
}

func TestCursorsOfAFeed(t *testing.T) {
	g := open(t)
	alice, bob := g.people["alice"], g.people["bob"]
	bob.follow(alice.id)
	var want []string
	for i := range 7 {
		publish(g, alice, fmt.Sprintf("Post %d", i), "x")
		g.host.Clock.Advance(2 * time.Second)
		want = append([]string{fmt.Sprintf("Post %d", i)}, want...)
	}
	for _, sort := range []string{"recent", "relevance"} {
		var page feedPage
		var got []string
		bob.meadow("GET", "/api/feed?limit=2&sort="+sort, "", 200, &page)
		for n := 0; ; n++ {
			for _, item := range page.Items {
				got = append(got, item.Preview.Title)
			}
			if page.NextCursor == "" {
				break
			}
			publish(g, alice, fmt.Sprintf("New %s %d", sort, n), "x") // while bob reads
			g.delivered()
			next := "/api/feed?limit=2&sort=" + sort + "&cursor=" + url.QueryEscape(page.NextCursor)
			page = feedPage{}
			bob.meadow("GET", next, "", 200, &page)
		}
		if sort == "relevance" {
			got = slices.DeleteFunc(got, func(title string) bool { return strings.HasPrefix(title, "New recent") })
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", sort, got, want)
		}
	}
	var page feedPage
	bob.meadow("GET", "/api/feed?limit=2", "", 200, &page)
	alice.meadow("GET", "/api/feed?cursor="+url.QueryEscape(page.NextCursor), "", 400, nil) // another's
	for _, bad := range []string{"?cursor=x", "?limit=0", "?limit=51", "?limit=x", "?sort=random", "?sort=relevance&cursor=" + url.QueryEscape(page.NextCursor)} {
		bob.meadow("GET", "/api/feed"+bad, "", 400, nil)
	}
}

func TestWhatPeopleDoWithPeople(t *testing.T) {
	g := open(t)
	alice, bob := g.people["alice"], g.people["bob"]
	publish(g, alice, "Roses", "x")
	for path, want := range map[string]int{"/api/following/" + bob.id: 400, "/api/following/nobody": 404, "/api/following/" + ids.New(time.Now()): 404} {
		bob.meadow("PUT", path, "", want, nil)
	}
	bob.follow(alice.id)
	alice.follow(bob.id)
	var lists struct {
		Following, Blocks []struct{ ID, Name, Kind string }
	}
	if bob.meadow("GET", "/api/following", "", 200, &lists); len(lists.Following) != 1 || lists.Following[0].ID != alice.id || lists.Following[0].Name != "alice" {
		t.Errorf("%+v", lists)
	}
	for body, want := range map[string]int{`{"kind":"kill"}`: 400, `{}`: 400, `{"kind":"mute","x":1}`: 400, `x`: 400} {
		bob.meadow("PUT", "/api/blocks/"+alice.id, body, want, nil)
	}
	bob.meadow("PUT", "/api/blocks/"+bob.id, `{"kind":"block"}`, 400, nil)
	bob.meadow("PUT", "/api/blocks/"+ids.New(time.Now()), `{"kind":"block"}`, 404, nil)
	bob.meadow("GET", "/api/blocks/"+alice.id, "", 404, nil)
	var kind struct{ Kind string }
	bob.meadow("PUT", "/api/blocks/"+alice.id, `{"kind":"mute"}`, 204, nil)
	if bob.meadow("GET", "/api/blocks/"+alice.id, "", 200, &kind); kind.Kind != "mute" || bob.feed() != "" {
		t.Errorf("muted: %+v, feed %q", kind, bob.feed())
	}
	if bob.meadow("GET", "/api/following", "", 200, &lists); len(lists.Following) != 1 {
		t.Error("who is muted is followed no longer")
	}
	for range 2 {
		bob.meadow("PUT", "/api/blocks/"+alice.id, `{"kind":"block"}`, 204, nil)
	}
	if bob.meadow("GET", "/api/blocks", "", 200, &lists); len(lists.Blocks) != 1 || lists.Blocks[0].Kind != "block" || lists.Blocks[0].Name != "alice" {
		t.Errorf("%+v", lists)
	}
	if n := one[int](g, `SELECT count(*) FROM follows`); n != 0 {
		t.Errorf("%d follows are left between two of whom one has blocked the other", n)
	}
	alice.meadow("PUT", "/api/following/"+bob.id, "", 404, nil)
	for range 2 {
		bob.meadow("DELETE", "/api/blocks/"+alice.id, "", 204, nil)
	}
	bob.follow(alice.id)
	if got := bob.feed(); got != "Roses" {
		t.Errorf("after it was taken back: %q", got)
	}
}

func TestNotifications(t *testing.T) {
	g := open(t, "stranger")
	alice, bob, stranger := g.people["alice"], g.people["bob"], g.people["stranger"]
	p := publish(g, alice, "Roses", "x")
	socket := alice.bell()
	if got := socket(); got != `{"type":"hello","unread":0}` {
		t.Errorf("hello: %s", got)
	}
	like := func(who *person, add bool) {
		t.Helper()
		method := notification.AddNotification
		if !add {
			method = notification.Retract
		}
		g.host.Clock.Advance(time.Second)
		if _, err := method.Call(g.host.Context(), notification.Of(alice.id), notification.Event{Type: notification.Reaction, ActorID: who.id, TargetType: "post", TargetID: p.ID, Reference: "like"}); err != nil {
			t.Fatal(err)
		}
	}
	like(bob, true)
	if got := socket(); got != `{"type":"unread","unread":1}` {
		t.Errorf("after a reaction: %s", got)
	}
	like(stranger, true)
	type list struct {
		Notifications []struct {
			ID, Text, URL string
			Actors        []string
			ReadAt        *int64
		}
		UnreadCount int
		NextCursor  string
	}
	read := func(query string) (l list) {
		t.Helper()
		alice.meadow("GET", "/api/notifications"+query, "", 200, &l)
		return l
	}
	if l := read(""); len(l.Notifications) != 1 || l.UnreadCount != 1 || l.Notifications[0].Text != "stranger and bob reacted to your post “Roses”" || l.Notifications[0].URL != "http://alice."+g.domain+"/posts/roses" {
		t.Errorf("%+v", l)
	}
	like(stranger, false)
	if l := read(""); len(l.Notifications) != 1 || l.Notifications[0].Text != "bob reacted to your post “Roses”" {
		t.Errorf("one took it back: %+v", l)
	}
	bob.follow(alice.id)
	g.host.Clock.Advance(time.Second)
	if got := socket(); got != `{"type":"unread","unread":2}` {
		t.Errorf("after a follow: %s", got)
	}
	first := read("?limit=1")
	if len(first.Notifications) != 1 || first.Notifications[0].Text != "bob follows you" || first.Notifications[0].URL != "http://"+g.domain+"/people/"+bob.id || first.NextCursor == "" {
		t.Errorf("%+v", first)
	}
	if l := read("?limit=1&cursor=" + url.QueryEscape(first.NextCursor)); len(l.Notifications) != 1 || l.Notifications[0].ID == first.Notifications[0].ID || l.NextCursor != "" {
		t.Errorf("%+v", l)
	}
	var unread struct{ Unread int }
	if alice.meadow("POST", "/api/notifications/read", `{"ids":["`+first.Notifications[0].ID+`"]}`, 200, &unread); unread.Unread != 1 {
		t.Errorf("%+v", unread)
	}
	if got := socket(); got != `{"type":"unread","unread":1}` {
		t.Errorf("after one was read: %s", got)
	}
	if l := read("?unread=1"); len(l.Notifications) != 1 || l.Notifications[0].ID == first.Notifications[0].ID {
		t.Errorf("%+v", l)
	}
	like(bob, false) // the last one: nothing is left of it
	if got := socket(); got != `{"type":"unread","unread":0}` {
		t.Errorf("after it was taken back: %s", got)
	}
	if l := read(""); len(l.Notifications) != 1 {
		t.Errorf("%+v", l)
	}
	bob.meadow("DELETE", "/api/following/"+alice.id, "", 204, nil)
	g.host.Clock.Advance(time.Second)
	if l := read(""); len(l.Notifications) != 0 {
		t.Errorf("unfollowed: %+v", l)
	}
	like(stranger, true)
	socket()
	alice.meadow("PUT", "/api/blocks/"+stranger.id, `{"kind":"mute"}`, 204, nil)
	if got := socket(); got != `{"type":"unread","unread":0}` {
		t.Errorf("after the actor was muted: %s", got)
	}
	alice.meadow("POST", "/api/notifications/read", `{"ids":"all"}`, 200, nil)
	if alice.meadow("GET", "/api/notifications/unread", "", 200, &unread); unread.Unread != 0 {
		t.Errorf("%+v", unread)
	}
	for path, body := range map[string]string{"POST /api/notifications/read": `{"ids":"some"}`, "POST /api/notifications/read ": `{}`, "POST /api/notifications/read  ": `{"ids":["x"]}`, "POST /api/notifications/read   ": `{"ids":null}`,
		"GET /api/notifications?unread=2": "", "GET /api/notifications?cursor=1.x": "", "GET /api/notifications?limit=101": ""} {
		method, path, _ := strings.Cut(strings.TrimSpace(path), " ")
		alice.meadow(method, path, body, 400, nil)
	}
	alice.meadow("GET", "/api/notifications/ws", "", 426, nil)
}

func TestWhatHappensOnASiteRingsTheBell(t *testing.T) {
	g := open(t, "stranger")
	alice, bob, stranger := g.people["alice"], g.people["bob"], g.people["stranger"]
	p := publish(g, alice, "Roses", "x")
	phone, desk := alice.bell(), bob.bell()
	phone()
	desk()
	expect := func(what string, bell func() string, unread int) {
		t.Helper()
		g.host.Clock.Advance(3 * time.Second) // a post waits two, for what is taken back at once
		if got, want := bell(), fmt.Sprintf(`{"type":"unread","unread":%d}`, unread); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	said := func(who *person, want ...string) {
		t.Helper()
		var l struct{ Notifications []struct{ Text, URL string } }
		who.meadow("GET", "/api/notifications", "", 200, &l)
		var got []string
		for _, n := range l.Notifications {
			got = append(got, n.Text)
			if n.URL != "http://alice."+g.domain+"/posts/roses" {
				t.Errorf("%q leads to %q", n.Text, n.URL)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", who.name, got, want)
		}
	}
	like := "/api/posts/" + p.ID + "/reactions/like"
	bob.ask("alice", "PUT", like, "", 200, nil)
	expect("a reaction", phone, 1)
	said(alice, "bob reacted to your post “Roses”")
	bob.ask("alice", "DELETE", like, "", 200, nil)
	expect("taken back", phone, 0)
	said(alice)
	c := bob.comment("alice", p.ID, "How red?")
	expect("a comment", phone, 1)
	said(alice, "bob commented on your post “Roses”")
	g.host.Clock.Advance(time.Minute) // D1 has the comment
	stranger.ask("alice", "POST", "/api/posts/"+p.ID+"/comments", fmt.Sprintf(`{"id":%q,"content":"Very.","parentId":%q}`, ids.New(g.host.Clock.Now()), c.ID), 201, nil)
	expect("a reply", desk, 1)
	said(bob, "stranger replied to your comment on “Roses”")
	alice.ask("alice", "DELETE", "/api/admin/posts/"+p.ID, "", 204, nil)
	var l struct{ Notifications []struct{ Text, URL string } }
	if bob.meadow("GET", "/api/notifications", "", 200, &l); len(l.Notifications) != 1 || l.Notifications[0].Text != "stranger replied to your comment" || l.Notifications[0].URL != "" {
		t.Errorf("the post is gone: %+v", l)
	}
	if status, _ := bob.form("/auth/logout", url.Values{}); status != 303 {
		t.Fatalf("bob signs out: %d", status)
	}
	if got := desk(); got != "closed 4401" {
		t.Errorf("after signing out: %s", got)
	}
}

// bell opens the socket of the person's notifications and returns a function that reads the next message, or "closed 4401".
func (p *person) bell() func() string {
	p.g.Helper()
	header := p.apexHeader()
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Grove-User": ids.New(time.Now()), "Grove-Session": "else"} { // what a browser says of itself counts for nothing
		header.Set(name, value)
	}
	req, err := http.NewRequestWithContext(p.g.Context(), "GET", "http://"+p.g.domain+"/api/notifications/ws", nil)
	if err != nil {
		p.g.Fatal(err)
	}
	req.Header = header
	resp, err := p.browser.Do(req)
	if err != nil {
		p.g.Fatal(err)
	}
	p.g.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusSwitchingProtocols {
		p.g.Fatalf("the socket is answered with %d", resp.StatusCode)
	}
	return func() string {
		p.g.Helper()
		waiting := time.AfterFunc(20*time.Second, func() { resp.Body.Close() }) // of the machine's clock
		defer waiting.Stop()
		head := make([]byte, 2)
		if _, err := io.ReadFull(resp.Body, head); err != nil || head[1] > 125 {
			p.g.Fatalf("there is no message: frame % x, %v", head, err)
		}
		text := make([]byte, head[1])
		if _, err := io.ReadFull(resp.Body, text); err != nil {
			p.g.Fatal(err)
		}
		if head[0] == 0x88 {
			return fmt.Sprintf("closed %d", int(text[0])<<8|int(text[1]))
		}
		return string(text)
	}
}

func TestTheConfigurationBelongsToTheProgram(t *testing.T) {
	config, err := wrangler.Load(filepath.Join("..", "..", "wrangler.toml"), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Crons) != len(jobs) {
		t.Errorf("wrangler.toml has %d cron triggers, jobs.go %d", len(config.Crons), len(jobs))
	}
	for _, cron := range config.Crons {
		if len(jobs[cron]) == 0 {
			t.Errorf("no job belongs to the cron trigger %q", cron)
		}
	}
	for _, c := range config.Consumers {
		if consumers[c.Queue] == nil || c.DeadLetterQueue == "" && c.Queue != "grove-dead" || c.MaxRetries == nil || c.MaxBatchSize == nil {
			t.Errorf("queue %q has no consumer in jobs.go, or no dead-letter queue, retries or batch size", c.Queue)
		}
	}
}
