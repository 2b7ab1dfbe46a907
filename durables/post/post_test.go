package post_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

var db = d1.Database("DB")

// page is a published post with its author and two readers.
type page struct {
	*testing.T
	host              *local.Host
	tenant, id        string
	author, ann, bert string
	stub              *durables.Stub[post.Post]
}

func open(t *testing.T) page {
	h := local.StartTest(t, local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects:   map[string]string{"POSTS": "PostDO", "NOTIFICATIONS": "NotificationDO", "TENANTS": "TenantDO", "ANALYTICS": "AnalyticsDO"},
		Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}}, Isolates: 1,
	}})
	p := page{T: t, host: h}
	p.author, p.ann, p.bert = p.user("Author"), p.user("Ann"), p.user("Bert")
	p.tenant, p.id = p.site("alice")
	p.stub = post.Of(p.tenant, p.id)
	return p
}

// site makes a site with a published post, and returns the ids of both.
func (p page) site(name string) (tenant, id string) {
	p.Helper()
	tenant, id = p.newID(), p.newID()
	p.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, created_at, updated_at) VALUES (?, ?, ?, 'Site', 0, 0)`, tenant, name, p.author)
	p.sql(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at) VALUES (?, ?, ?, 'post', 'Post', '', '', 'published', 0, 0, 0)`, id, tenant, p.author)
	return tenant, id
}

func (p page) newID() string { return ids.New(p.host.Clock.Now()) }

func (p page) user(name string) string {
	p.Helper()
	id := p.newID()
	p.sql(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES (?1, ?1, ?1, ?2, 0, 0)`, id, name)
	return id
}

func (p page) sql(query string, args ...any) {
	p.Helper()
	if _, err := db.Prepare(query).Bind(args...).Run(p.host.Context()); err != nil {
		p.Fatal(err)
	}
}

func one[V any](p page, query string, args ...any) (v V) {
	p.Helper()
	if _, err := db.Prepare(query).Bind(args...).First(p.host.Context(), &v); err != nil {
		p.Fatal(err)
	}
	return v
}

// call calls a method that must not fail.
func call[P, R any](p page, m *durables.MethodOf[post.Post, P, R], param P) R {
	p.Helper()
	r, err := m.Call(p.host.Context(), p.stub, param)
	if err != nil {
		p.Fatalf("%s: %v", m.Name(), err)
	}
	return r
}

func (p page) evict() {
	p.Helper()
	if _, err := p.host.EvictAll(); err != nil {
		p.Fatal(err)
	}
}

// say adds a comment that must be taken.
func (p page) say(user, text, parent string) post.Comment {
	p.Helper()
	a := call(p, post.AddComment, post.NewComment{UserID: user, Content: text, ParentID: parent})
	if a.Problem != "" {
		p.Fatalf("%q: %s", text, a.Problem)
	}
	return *a.Comment
}

// reads checks the texts that a user sees, the latest first; a deleted comment is "-", a pending one has a "?".
func (p page) reads(user string, want ...string) {
	p.Helper()
	got := texts(call(p, post.GetRecentComments, post.CommentQuery{UserID: user, Limit: 100}).Comments)
	if !slices.Equal(got, want) {
		p.Errorf("%q are read, want %q", got, want)
	}
}

func texts(list []post.Comment) []string {
	var out []string
	for _, c := range list {
		switch c.Status {
		case post.Deleted:
			out = append(out, "-")
		case post.Pending:
			out = append(out, c.Content+"?")
		default:
			out = append(out, c.Content)
		}
	}
	return out
}

// inD1 checks the texts and states that D1 has, the oldest first.
func (p page) inD1(want ...string) {
	p.Helper()
	var got []string
	if err := db.Prepare(`SELECT body || ' ' || status FROM comments WHERE post_id = ? ORDER BY created_at, id`).Bind(p.id).All(p.host.Context(), &got); err != nil {
		p.Fatal(err)
	}
	if !slices.Equal(got, want) {
		p.Errorf("D1 has %q, want %q", got, want)
	}
}

func (p page) backlog() post.Backlog { p.Helper(); return call(p, post.GetBacklog, durables.None{}) }

// stored is a value of the object's storage.
func stored[V any](p page, query string, args ...any) V {
	p.Helper()
	rows, err := local.Rows[V](p.host.Storage("PostDO", post.Name(p.tenant, p.id)), query)
	if err != nil || len(rows) != 1 {
		p.Fatalf("%s: %v, %v", query, rows, err)
	}
	return rows[0]
}

func TestAReactionIsThereOnceHoweverOftenItIsAskedFor(t *testing.T) {
	p := open(t)
	for range 2 {
		if r := call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true}); !r.Added || r.Problem != "" {
			t.Errorf("%+v", r)
		}
	}
	p.evict()
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: true})
	// A toggle flips, but the same request does so once.
	for range 3 {
		if r := call(p, post.ToggleReaction, post.Toggle{UserID: p.ann, Type: "like", RequestID: "r1"}); r.Added {
			t.Errorf("%+v", r)
		}
	}
	if r := call(p, post.ToggleReaction, post.Toggle{UserID: p.ann, Type: "love", RequestID: "r2"}); !r.Added {
		t.Errorf("%+v", r)
	}
	want := map[string]int64{"like": 1, "love": 1, "insightful": 0, "bookmark": 0}
	if r := call(p, post.GetReactionCounts, p.author); fmt.Sprint(r.Counts) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", r.Counts, want)
	}
	for _, bad := range []post.Reaction{{UserID: p.ann, Type: "hate", On: true}, {UserID: "ann", Type: "like", On: true}} {
		if _, err := post.SetReaction.Call(p.host.Context(), p.stub, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	p.host.Clock.Advance(5 * time.Minute)
	if got := one[string](p, `SELECT group_concat(type || present, ' ') FROM (SELECT type, present FROM reactions WHERE user_id = ? ORDER BY type)`, p.ann); got != "like0 love1" {
		t.Errorf("D1 has %q of Ann", got)
	}
	if got := one[string](p, `SELECT reactions FROM post_counters WHERE post_id = ?`, p.id); got != `{"bookmark":0,"insightful":0,"like":1,"love":1}` {
		t.Errorf("D1 counts %s", got)
	}
	if b := p.backlog(); b.Rows+b.Reactions+b.Notices+b.Events != 0 {
		t.Errorf("%+v waits", b)
	}
}

func TestOnlyTheAuthorSeesCountsUnlessTheSiteSaysOtherwise(t *testing.T) {
	p := open(t)
	if r := call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true}); r.NewCount != nil {
		t.Errorf("Ann is told that there are %d", *r.NewCount)
	}
	for _, reader := range []string{"", p.ann, p.bert} {
		if r := call(p, post.GetReactionCounts, reader); r.Counts != nil {
			t.Errorf("%q is told of %v", reader, r.Counts)
		}
	}
	if r := call(p, post.GetReactionCounts, p.ann); !slices.Equal(r.Mine, []string{"like"}) {
		t.Errorf("Ann's own are %v", r.Mine)
	}
	p.sql(`INSERT INTO comment_settings (tenant_id, counts_visible, updated_at) VALUES (?, 'everyone', 0)`, p.tenant)
	call(p, post.RefreshSettings, durables.None{})
	if r := call(p, post.GetReactionCounts, ""); r.Counts["like"] != 1 {
		t.Errorf("everyone is told of %v", r.Counts)
	}
}

func TestTheRulesOfComments(t *testing.T) {
	p := open(t)
	first := p.say(p.ann, " hello ", "")
	if first.Content != "hello" || first.AuthorName != "Ann" || first.Status != post.Visible || first.CreatedAt != p.host.Clock.Now().UnixMilli() {
		t.Errorf("%+v", first)
	}
	parent := first.ID
	for depth := 1; depth <= post.MaxDepth; depth++ {
		c := p.say(p.bert, "answer", parent)
		if c.Depth != depth || c.ParentID != parent {
			t.Errorf("%+v", c)
		}
		parent = c.ID
	}
	_, otherPost := p.site("bob")
	refused := func(problem string, n post.NewComment) {
		t.Helper()
		if a := call(p, post.AddComment, n); a.Problem != problem || a.Comment != nil || post.Explain(problem) == "" {
			t.Errorf("%.40q: %q, want %q", n.Content, a.Problem, problem)
		}
	}
	refused("too_deep", post.NewComment{UserID: p.ann, Content: "x", ParentID: parent})
	refused("no_such_parent", post.NewComment{UserID: p.ann, Content: "x", ParentID: p.newID()})
	for _, text := range []string{"", " \n ", strings.Repeat("x", post.MaxComment+1), "a\x00b"} {
		refused("bad_comment", post.NewComment{UserID: p.ann, Content: text})
	}
	// A comment of another post is no parent here.
	p.sql(`INSERT INTO comments (id, tenant_id, post_id, author_id, body, status, seq, created_at) VALUES (?, (SELECT tenant_id FROM posts WHERE id = ?2), ?2, ?3, 'x', 'visible', 1, 0)`, otherPost, otherPost, p.ann)
	refused("no_such_parent", post.NewComment{UserID: p.ann, Content: "x", ParentID: otherPost})
	call(p, post.DeleteComment, post.Removal{ID: first.ID, UserID: p.ann})
	refused("no_such_parent", post.NewComment{UserID: p.ann, Content: "x", ParentID: first.ID})
	for range post.MaxPerMinute - 1 {
		p.say(p.ann, "again", "")
	}
	refused("too_fast", post.NewComment{UserID: p.ann, Content: "x"})
	p.host.Clock.Advance(time.Minute)
	p.say(p.ann, "later", "")
	p.sql(`INSERT INTO blocked_users (tenant_id, user_id, created_at) VALUES (?, ?, 0)`, p.tenant, p.ann)
	p.host.Clock.Advance(time.Minute)
	refused("blocked", post.NewComment{UserID: p.ann, Content: "x"})
	if r := call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true}); r.Problem != "blocked" {
		t.Errorf("%+v", r)
	}
	p.reads(p.bert, "answer", "answer", "answer", "-") // a blocked user's are hidden, where they were answered the place stays
	p.sql(`INSERT INTO comment_settings (tenant_id, enabled, updated_at) VALUES (?, 0, 0)`, p.tenant)
	call(p, post.RefreshSettings, durables.None{})
	refused("comments_off", post.NewComment{UserID: p.bert, Content: "x"})
	p.sql(`UPDATE posts SET status = 'draft' WHERE id = ?`, p.id)
	call(p, post.RefreshSettings, durables.None{})
	refused("closed", post.NewComment{UserID: p.bert, Content: "x"})
}

func TestThePostOfAnotherSiteIsNotThere(t *testing.T) {
	p := open(t)
	other, theirs := p.site("bob")
	p.say(p.ann, "mine", "")
	for _, at := range [][2]string{{other, p.id}, {p.tenant, theirs}, {p.tenant, p.newID()}} {
		q := p
		q.stub = post.Of(at[0], at[1])
		if a := call(q, post.AddComment, post.NewComment{UserID: p.ann, Content: "x"}); a.Problem != "closed" {
			t.Errorf("%+v", a)
		}
		if got := call(q, post.GetRecentComments, post.CommentQuery{}); len(got.Comments) != 0 || got.Problem != "closed" {
			t.Errorf("%+v", got)
		}
		if tables, err := local.Rows[string](p.host.Storage("PostDO", post.Name(at[0], at[1])), `SELECT name FROM sqlite_master`); err != nil || len(tables) != 0 {
			t.Errorf("a post that is not there stores %v, %v", tables, err)
		}
	}
	q := p
	q.stub = post.Of(other, theirs)
	q.id, q.tenant = theirs, other
	c := q.say(p.ann, "theirs", "")
	for _, a := range []post.Answer{call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: "x"}), call(p, post.DeleteComment, post.Removal{ID: c.ID, UserID: p.ann}),
		call(p, post.ModerateComment, post.Moderation{ID: c.ID, ModeratorID: p.author, Action: "hide"})} {
		if a.Problem != "not_found" {
			t.Errorf("%+v", a)
		}
	}
	q.reads("", "theirs")
	p.reads("", "mine")
	if _, err := post.GetPresence.Call(p.host.Context(), post.Class.Namespace("POSTS").GetByName("post:alice:1"), ""); err == nil {
		t.Error("an object has a name that is no post's")
	}
}

func TestTheSameCommentTwiceIsOne(t *testing.T) {
	p := open(t)
	n := post.NewComment{ID: "c-1", UserID: p.ann, Content: "once"}
	first := call(p, post.AddComment, n)
	p.evict()
	if again := call(p, post.AddComment, n); again.Comment == nil || again.Comment.ID != first.Comment.ID {
		t.Errorf("%+v, want %+v", again.Comment, first.Comment)
	}
	p.host.Clock.Advance(time.Minute) // it is in D1 now
	if again := call(p, post.AddComment, n); again.Comment == nil || again.Comment.ID != first.Comment.ID {
		t.Errorf("%+v, want %+v", again.Comment, first.Comment)
	}
	call(p, post.AddComment, post.NewComment{ID: "c-1", UserID: p.bert, Content: "mine"}) // the id is the user's own
	p.reads("", "mine", "once")
	p.host.Clock.Advance(time.Minute)
	p.inD1("once visible", "mine visible")
}

func TestACommentIsChangedByItsAuthorWithinAQuarterOfAnHour(t *testing.T) {
	p := open(t)
	c := p.say(p.ann, "helo", "")
	if a := call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.bert, Content: "x"}); a.Problem != "not_yours" {
		t.Errorf("%+v", a)
	}
	if a := call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: "hello"}); a.Comment == nil || a.Comment.Content != "hello" || a.Comment.EditedAt == 0 || a.Comment.Seq <= c.Seq {
		t.Errorf("%+v", a)
	}
	p.host.Clock.Advance(post.EditFor - time.Millisecond) // it is in D1 meanwhile
	p.inD1("hello visible")
	if a := call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: "hello!"}); a.Problem != "" {
		t.Errorf("%+v", a)
	}
	p.host.Clock.Advance(time.Millisecond)
	if a := call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: "late"}); a.Problem != "too_late" {
		t.Errorf("%+v", a)
	}
	p.reads("", "hello!")
	p.host.Clock.Advance(time.Minute)
	p.inD1("hello! visible")
}

func TestDeletedComments(t *testing.T) {
	p := open(t)
	gone, kept := p.say(p.ann, "gone", ""), p.say(p.ann, "kept", "")
	p.host.Clock.Advance(time.Second)
	p.say(p.bert, "answer", kept.ID)
	if a := call(p, post.DeleteComment, post.Removal{ID: gone.ID, UserID: p.bert}); a.Problem != "not_yours" {
		t.Errorf("%+v", a)
	}
	for range 2 {
		call(p, post.DeleteComment, post.Removal{ID: gone.ID, UserID: p.ann})
		call(p, post.DeleteComment, post.Removal{ID: kept.ID, UserID: p.ann})
	}
	p.reads("", "answer", "-")
	p.host.Clock.Advance(time.Minute)
	p.inD1(" deleted", "answer visible") // what was deleted before the flush, and nobody answered, D1 never sees
	later := p.say(p.ann, "later", "")
	p.host.Clock.Advance(time.Minute)
	call(p, post.DeleteComment, post.Removal{ID: later.ID, UserID: p.ann})
	p.reads("", "answer", "-")
	p.host.Clock.Advance(5 * time.Minute)
	p.inD1(" deleted", "answer visible", " deleted")
	p.reads("", "answer", "-")
	if n := one[int](p, `SELECT comments FROM post_counters WHERE post_id = ?`, p.id); n != 1 {
		t.Errorf("D1 counts %d comments, want 1", n)
	}
}

func TestModeration(t *testing.T) {
	p := open(t)
	p.sql(`INSERT INTO comment_settings (tenant_id, moderation, updated_at) VALUES (?, 'first', 0)`, p.tenant)
	c := p.say(p.ann, "first", "")
	p.host.Clock.Advance(time.Second)
	p.say(p.author, "mine", "") // the author's are never held back
	p.reads(p.ann, "mine", "first?")
	p.reads(p.bert, "mine")
	act := func(action, problem string) {
		t.Helper()
		if a := call(p, post.ModerateComment, post.Moderation{ID: c.ID, ModeratorID: p.author, Action: action}); a.Problem != problem {
			t.Errorf("%s: %+v, want %q", action, a, problem)
		}
	}
	act("restore", "conflict")
	act("approve", "")
	act("approve", "")
	p.reads(p.bert, "mine", "first")
	p.host.Clock.Advance(time.Minute)
	p.say(p.ann, "second", "") // somebody who was approved is
	p.reads("", "second", "mine", "first")
	act("hide", "")
	p.reads(p.ann, "second", "mine")
	p.host.Clock.Advance(time.Minute)
	p.inD1("first hidden", "mine visible", "second visible")
	act("restore", "")
	p.reads("", "second", "mine", "first")
	p.sql(`UPDATE comment_settings SET moderation = 'all'`)
	call(p, post.RefreshSettings, durables.None{})
	if a := call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: "changed"}); a.Comment.Status != post.Pending {
		t.Errorf("what nobody has read is shown: %+v", a)
	}
	p.say(p.ann, "third", "")
	p.reads(p.bert, "second", "mine")
}

func TestAPostThatIsHiddenCanBeModerated(t *testing.T) {
	p := open(t)
	c := p.say(p.ann, "hm", "")
	p.sql(`UPDATE posts SET status = 'draft'`)
	call(p, post.RefreshSettings, durables.None{})
	if a := call(p, post.ModerateComment, post.Moderation{ID: c.ID, ModeratorID: p.author, Action: "hide"}); a.Problem != "" {
		t.Errorf("%+v", a)
	}
	p.host.Clock.Advance(time.Minute)
	p.inD1("hm hidden")
}
