package post_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/durables/post"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
)

// during runs f while a call of D1 whose statements contain a text is under way, and then lets it go on.
func (p page) during(fault local.D1Fault, begin func(ctx context.Context) error, f func()) {
	p.Helper()
	fault.Delay = 10 * time.Second
	slow := p.host.Inject(fault)
	done := make(chan error, 1)
	go func() { done <- begin(p.host.Context()) }()
	for deadline := time.Now().Add(20 * time.Second); slow.Count() == 0; {
		if time.Now().After(deadline) {
			p.Fatal("D1 was not called")
		}
		time.Sleep(time.Millisecond)
	}
	slow.Remove() // of those that come now
	f()
	p.host.Clock.Advance(10 * time.Second)
	if err := <-done; err != nil {
		p.Error(err)
	}
}

func (p page) flushes(ctx context.Context) error {
	_, err := post.Flush.Call(ctx, p.stub, durables.None{})
	return err
}

func TestWhatIsReadAroundAFlush(t *testing.T) {
	for _, late := range []bool{false, true} { // the flush waits before D1 has committed, or after
		t.Run(fmt.Sprint("committed=", late), func(t *testing.T) {
			p := open(t)
			a, b := p.say(p.ann, "a", ""), p.say(p.ann, "b", "")
			p.reads("", "b", "a")
			fault := local.D1Fault{SQL: "applied_batches"}
			if late {
				fault.AfterCommit, fault.Err = true, local.ErrD1Timeout
			}
			begin := p.flushes
			if late {
				begin = func(ctx context.Context) error { _ = p.flushes(ctx); return nil }
			}
			p.during(fault, begin, func() {
				p.reads("", "b", "a")
				p.say(p.bert, "c", "")
				call(p, post.EditComment, post.Edit{ID: a.ID, UserID: p.ann, Content: "a!"})
				call(p, post.DeleteComment, post.Removal{ID: b.ID, UserID: p.ann})
				p.reads("", "c", "a!")
			})
			p.reads("", "c", "a!")
			p.host.Clock.Advance(5 * time.Minute)
			p.reads("", "c", "a!")
			p.inD1("a! visible", " deleted", "c visible")
			if backlog := p.backlog(); backlog.Comments != 0 || backlog.Rows != 0 {
				t.Errorf("%+v waits", backlog)
			}
		})
	}
}

func TestAFlushWhileCommentsAreReadLosesNone(t *testing.T) {
	p := open(t)
	p.say(p.ann, "old", "")
	p.host.Clock.Advance(time.Minute)
	p.evict() // nothing is remembered of D1
	p.say(p.ann, "new", "")
	gone := p.say(p.ann, "gone", "")
	var got post.CommentPage
	p.during(local.D1Fault{SQL: "FROM comments c LEFT JOIN users u", SlowAnswer: true}, func(ctx context.Context) (err error) {
		got, err = post.GetRecentComments.Call(ctx, p.stub, post.CommentQuery{})
		return err
	}, func() {
		call(p, post.DeleteComment, post.Removal{ID: gone.ID, UserID: p.ann})
		if err := p.flushes(p.host.Context()); err != nil {
			t.Fatal(err)
		}
		p.say(p.ann, "newer", "")
	})
	if list := texts(got.Comments); !slices.Equal(list, []string{"newer", "new", "old"}) {
		t.Errorf("%q", list)
	}
	// What was read before the flush is not remembered after it.
	p.reads("", "newer", "new", "old")
}

func TestPagesHaveEveryCommentOnce(t *testing.T) {
	p := open(t)
	var want []string
	for i := range 30 {
		if i == 12 || i == 20 {
			p.host.Clock.Advance(time.Minute) // those are in D1
		}
		c := p.say(p.ann, fmt.Sprint(i), "")
		if i%5 == 0 {
			call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: fmt.Sprint(i, "!")})
			want = append([]string{fmt.Sprint(i, "!")}, want...)
		} else {
			want = append([]string{fmt.Sprint(i)}, want...)
		}
		p.host.Clock.Advance(4 * time.Second)
	}
	var got []string
	q := post.CommentQuery{Limit: 7}
	for pages := 1; ; pages++ {
		page := call(p, post.GetRecentComments, q)
		got = append(got, texts(page.Comments)...)
		if pages == 2 { // what comes meanwhile moves nothing
			p.say(p.bert, "meanwhile", "")
		}
		if pages == 3 {
			if err := p.flushes(p.host.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if q.Cursor = page.NextCursor; q.Cursor == "" {
			break
		}
		if pages > 10 {
			t.Fatal("pages without end")
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	for _, bad := range []string{"x", "1.", "-1." + p.ann, "1." + p.ann + "'", "99999999999999999999." + p.ann} {
		if page := call(p, post.GetRecentComments, post.CommentQuery{Cursor: bad}); page.Problem != "bad_cursor" {
			t.Errorf("cursor %q: %+v", bad, page)
		}
	}
}

func TestADatabaseThatIsAwayForTenMinutes(t *testing.T) {
	p := open(t)
	before := p.say(p.ann, "before", "")
	p.host.Clock.Advance(time.Minute)
	down := p.host.Inject(local.D1Fault{Err: errors.New("D1_ERROR: Network connection lost.")})
	for i := range 10 {
		p.say(p.ann, fmt.Sprint("minute ", i), "")
		call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: i%2 == 0})
		p.host.Clock.Advance(time.Minute)
		p.evict()
	}
	if page := call(p, post.GetRecentComments, post.CommentQuery{Limit: 100}); !page.Partial || len(page.Comments) != 10 {
		t.Errorf("%d comments are read, partial %v", len(page.Comments), page.Partial)
	}
	// A comment that only D1 has cannot be changed now, and the caller learns that.
	if _, err := post.EditComment.Call(p.host.Context(), p.stub, post.Edit{ID: before.ID, UserID: p.ann, Content: "x"}); err == nil {
		t.Error("a comment was changed that could not be read")
	}
	if b := p.backlog(); b.Comments != 10 || b.Rows == 0 || b.Oldest == 0 {
		t.Errorf("%+v waits", b)
	}
	down.Remove()
	p.host.Clock.Advance(20 * time.Minute)
	want := []string{"before visible"}
	for i := range 10 {
		want = append(want, fmt.Sprintf("minute %d visible", i))
	}
	p.inD1(want...)
	if got := one[string](p, `SELECT user_id || present FROM reactions`); got != p.bert+"0" {
		t.Errorf("D1 has the reaction %s", got)
	}
	if b := p.backlog(); b != (post.Backlog{}) {
		t.Errorf("%+v waits", b)
	}
	// An object that knows nothing yet acknowledges nothing while D1 is away.
	tenant, other := p.site("bob")
	down = p.host.Inject(local.D1Fault{})
	if _, err := post.AddComment.Call(p.host.Context(), post.Of(tenant, other), post.NewComment{UserID: p.ann, Content: "x"}); err == nil {
		t.Error("a comment was taken on a post that could not be looked up")
	}
	down.Remove()
}

func TestALostObjectIsBuiltAgainFromD1(t *testing.T) {
	p := open(t)
	c := p.say(p.ann, "kept", "")
	p.say(p.bert, "answer", c.ID)
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true})
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: true})
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: false})
	p.host.Clock.Advance(6 * time.Minute)
	seq := stored[int64](p, `SELECT value FROM marks WHERE key = 'seq'`)
	call(p, post.Destroy, durables.None{}) // the storage is gone, the post is there
	if r := call(p, post.GetReactionCounts, p.author); r.Counts["like"] != 1 {
		t.Errorf("%+v", r)
	}
	p.reads("", "answer", "kept")
	if s := stored[int64](p, `SELECT value FROM marks WHERE key = 'seq'`); s < seq {
		t.Errorf("numbers begin at %d, D1 has %d", s, seq)
	}
	// Later states win over those of the former life.
	call(p, post.EditComment, post.Edit{ID: c.ID, UserID: p.ann, Content: "changed"})
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: false})
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: true})
	p.host.Clock.Advance(6 * time.Minute)
	p.inD1("changed visible", "answer visible")
	if got := one[string](p, `SELECT group_concat(present, ' ') FROM (SELECT present FROM reactions ORDER BY user_id = ? DESC)`, p.ann); got != "0 1" {
		t.Errorf("D1 has %q", got)
	}
	if got := one[string](p, `SELECT reactions ->> 'like' || ' ' || comments FROM post_counters`); got != "1 2" {
		t.Errorf("D1 counts %q", got)
	}
	// Somebody has changed D1 by hand.
	p.sql(`UPDATE reactions SET present = 0, seq = seq + 1000 WHERE user_id = ?`, p.bert)
	p.sql(`UPDATE comments SET status = 'hidden', seq = seq + 1000 WHERE id = ?`, c.ID)
	call(p, post.Rebuild, durables.None{})
	if r := call(p, post.GetReactionCounts, p.author); r.Counts["like"] != 0 {
		t.Errorf("%+v", r)
	}
	p.reads("", "answer", "-")
}

func TestThoseWhomItConcernsHearOfItOnce(t *testing.T) {
	p := open(t)
	heard := func(user, want string) {
		t.Helper()
		page, err := notification.GetNotifications.Call(p.host.Context(), notification.Of(user), notification.Query{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, n := range page.Notifications {
			list = append(list, fmt.Sprintf("%s %d", n.Type, n.ActorCount))
		}
		slices.Sort(list)
		if got := strings.Join(list, ", "); got != want {
			t.Errorf("heard of %q, want %q", got, want)
		}
	}
	c := p.say(p.ann, "hello", "")
	answer := p.say(p.bert, "hello @Ann and @author", c.ID)
	p.say(p.author, "welcome, @bert, not @annabel", "") // nobody hears of themselves
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true})
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "bookmark", On: true})
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: true})
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: false})
	call(p, post.SetReaction, post.Reaction{UserID: p.author, Type: "like", On: true})
	lost := p.host.Inject(local.StorageFault{Class: "NotificationDO", On: local.OnConfirm, Times: 2, Err: local.ErrDiskIO}) // what it took is stored, its answer is lost
	p.host.Clock.Advance(time.Minute)
	if lost.Count() != 2 {
		t.Errorf("%d answers were lost", lost.Count())
	}
	heard(p.author, "comment 2, reaction 1")
	heard(p.ann, "reply 1")
	heard(p.bert, "mention 1")
	call(p, post.DeleteComment, post.Removal{ID: answer.ID, UserID: p.bert})
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: false})
	p.host.Clock.Advance(time.Minute)
	heard(p.author, "comment 1")
	heard(p.ann, "")
	// The site has counted what happened, each once.
	stats, err := analytics.GetStats.Call(p.host.Context(), analytics.Of(p.tenant, analytics.Day(p.host.Clock.Now().UnixMilli())), durables.None{})
	if err != nil || stats.CommentsCreated != 3 || stats.ReactionsGiven != 4 {
		t.Errorf("%+v, %v", stats, err)
	}
	if b := p.backlog(); b.Notices+b.Events != 0 {
		t.Errorf("%+v waits", b)
	}
}

func TestAUserIsExportedAndErased(t *testing.T) {
	p := open(t)
	c := p.say(p.ann, "mine", "")
	p.say(p.bert, "answer", c.ID)
	p.host.Clock.Advance(time.Minute)
	p.say(p.ann, "waiting", "")
	hidden := p.say(p.ann, "hidden", "")
	call(p, post.ModerateComment, post.Moderation{ID: hidden.ID, ModeratorID: p.author, Action: "hide"})
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true})
	x := call(p, post.ExportUser, p.ann)
	var got []string
	for _, c := range x.Comments {
		got = append(got, c.Content)
	}
	if !slices.Equal(got, []string{"mine", "waiting", "hidden"}) || len(x.Reactions) != 1 || x.Reactions[0].Type != "like" || x.Comments[2].AuthorID != p.ann {
		t.Errorf("%+v", x)
	}
	down := p.host.Inject(local.D1Fault{SQL: "UPDATE comments SET author_id = ''", AfterCommit: true, Times: 1})
	if _, err := post.EraseUser.Call(p.host.Context(), p.stub, p.ann); err == nil {
		t.Error("an answer that was lost is no error")
	}
	down.Remove()
	for range 2 {
		call(p, post.EraseUser, p.ann)
	}
	p.reads("", "answer", "-")
	p.host.Clock.Advance(10 * time.Minute)
	for _, table := range []string{"comments", "reactions", "post_counters"} {
		if n := one[int](p, `SELECT count(*) FROM `+table+` t WHERE EXISTS (SELECT 1 FROM json_each(json_array(t.`+map[string]string{"comments": "author_id", "reactions": "user_id", "post_counters": "reactions"}[table]+`)) WHERE value = ?)`, p.ann); n != 0 {
			t.Errorf("%s still have the user in %d rows", table, n)
		}
	}
	if n := one[int](p, `SELECT count(*) FROM comments WHERE body IN ('mine', 'waiting', 'hidden')`); n != 0 {
		t.Errorf("%d texts are left", n)
	}
	if got := one[string](p, `SELECT reactions ->> 'like' || ' ' || comments FROM post_counters`); got != "0 1" {
		t.Errorf("D1 counts %q", got)
	}
	dump, err := local.Rows[string](p.host.Storage("PostDO", post.Name(p.tenant, p.id)), `SELECT user_id FROM people UNION SELECT user_id FROM requests UNION SELECT user_id FROM comments_buffer UNION SELECT actor_id FROM notices UNION SELECT user_id FROM reactions`)
	if err != nil || slices.Contains(dump, p.ann) {
		t.Errorf("the object still knows the user: %v", err)
	}
	if x := call(p, post.ExportUser, p.ann); len(x.Comments)+len(x.Reactions) != 0 {
		t.Errorf("%+v", x)
	}
	// Where the object has nothing, D1 is erased all the same.
	q := p
	q.tenant, q.id = p.site("bob")
	q.stub = post.Of(q.tenant, q.id)
	p.sql(`INSERT INTO comments (id, tenant_id, post_id, author_id, body, status, seq, created_at) VALUES (?, ?, ?, ?, 'x', 'visible', 1, 0)`, ids.New(p.host.Clock.Now()), q.tenant, q.id, p.ann)
	if x := call(q, post.ExportUser, p.ann); len(x.Comments) != 1 {
		t.Errorf("%+v", x)
	}
	call(q, post.EraseUser, p.ann)
	if n := one[int](p, `SELECT count(*) FROM comments WHERE author_id = ?`, p.ann); n != 0 {
		t.Error("D1 still has the user")
	}
}

func TestADeletedPostIsForgottenAfterALastFlush(t *testing.T) {
	p := open(t)
	s := p.connect(p.ann, "s1")
	p.say(p.ann, "last", "")
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true})
	p.sql(`UPDATE posts SET status = 'deleted'`)
	down := p.host.Inject(local.D1Fault{})
	if _, err := post.Destroy.Call(p.host.Context(), p.stub, durables.None{}); err == nil {
		t.Error("destroyed with a comment that D1 does not have")
	}
	if code := s.code(); code != post.CloseGone {
		t.Errorf("closed with %d", code)
	}
	if a := call(p, post.AddComment, post.NewComment{UserID: p.ann, Content: "late"}); a.Problem != "closed" {
		t.Errorf("%+v", a)
	}
	p.host.Clock.Advance(time.Minute)
	down.Remove()
	p.host.Clock.Advance(10 * time.Minute) // a task does it when D1 is back
	p.inD1("last visible")
	if n := one[int](p, `SELECT count(*) FROM reactions WHERE present`); n != 1 {
		t.Errorf("D1 has %d reactions", n)
	}
	empty := func() {
		t.Helper()
		storage := p.host.Storage("PostDO", post.Name(p.tenant, p.id))
		if tables, err := local.Rows[string](storage, `SELECT name FROM sqlite_master`); err != nil || len(tables) != 0 {
			t.Errorf("the object keeps %v, %v", tables, err)
		}
		if at, set, err := storage.Alarm(); err != nil || set {
			t.Errorf("the object is woken at %v, %v", at, err)
		}
	}
	empty()
	call(p, post.Destroy, durables.None{})
	if a := call(p, post.AddComment, post.NewComment{UserID: p.ann, Content: "later"}); a.Problem != "closed" {
		t.Errorf("%+v", a)
	}
	empty()
}

func TestAnIdleObjectIsNotWoken(t *testing.T) {
	p := open(t)
	p.say(p.ann, "hello", "")
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true})
	p.host.Clock.Advance(48 * time.Hour)
	if at, set, err := p.host.Storage("PostDO", post.Name(p.tenant, p.id)).Alarm(); err != nil || set {
		t.Errorf("an object with nothing to do is woken at %v, %v", at, err)
	}
	if n := stored[int](p, `SELECT (SELECT count(*) FROM requests) + (SELECT count(*) FROM comments_buffer) + (SELECT count(*) FROM outbox)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestAThousandReactionsAreAFewCallsOfD1(t *testing.T) {
	p := open(t)
	call(p, post.GetReactionCounts, p.author)
	calls := p.host.Inject(local.D1Fault{SQL: "applied_batches", Delay: time.Nanosecond})
	for i := range 1000 {
		call(p, post.SetReaction, post.Reaction{UserID: ids.New(p.host.Clock.Now().Add(time.Duration(i) * time.Second)), Type: "like", On: true})
	}
	p.host.Clock.Advance(6 * time.Minute)
	if n := one[int](p, `SELECT count(*) FROM reactions`); n != 1000 {
		t.Errorf("D1 has %d", n)
	}
	if n := calls.Count(); n == 0 || n > 10 {
		t.Errorf("%d calls of D1, want at most 10", n)
	}
}

func TestACommentThatD1RefusesIsReadAndCanBeSentAgain(t *testing.T) {
	p := open(t)
	p.say(p.ann, "good", "")
	p.sql(`CREATE TRIGGER rule BEFORE INSERT ON comments WHEN new.body = 'bad' BEGIN SELECT RAISE(ABORT, 'against the rule'); END`)
	p.host.Clock.Advance(time.Second)
	p.say(p.ann, "bad", "")
	p.host.Clock.Advance(time.Hour)
	p.inD1("good visible")
	p.reads("", "bad", "good")
	letter := one[outbox.Letter](p, `SELECT seq, kind, payload FROM dead_letters WHERE source = ?`, "PostDO "+post.Name(p.tenant, p.id))
	p.sql(`DROP TRIGGER rule`)
	for range 2 {
		call(p, post.RetryLetter, letter)
		p.host.Clock.Advance(time.Minute)
	}
	p.inD1("good visible", "bad visible")
	p.reads("", "bad", "good")
	if _, err := post.RetryLetter.Call(p.host.Context(), p.stub, outbox.Letter{Seq: 1, Kind: "draft", Payload: `{}`}); err == nil {
		t.Error("a letter of another class was taken")
	}
}
