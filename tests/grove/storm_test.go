package grove

import (
	"context"
	"fmt"
	"testing"
	"time"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/post"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/websocket"
)

// client runs f as a client: only those have sockets.
func (w *world) client(f func(ctx context.Context)) {
	w.t.Helper()
	w.Go("client", func(ctx context.Context) error {
		f(ctx)
		return nil
	})
	if err := w.Run(); err != nil {
		w.t.Fatal(err)
	}
}

// viewers open sockets of a post: half of them signed in, each with two tabs.
func (w *world) viewers(ctx context.Context, n int) (list []*websocket.Conn) {
	w.t.Helper()
	for i := range n {
		header := map[string][]string{}
		if i%2 == 0 {
			user := i / 4
			header = map[string][]string{post.HeaderUser: {fmt.Sprintf("01900002-0000-7000-8000-%012x", user)}, post.HeaderSession: {fmt.Sprint("session ", user)}}
		}
		conn, _, err := websocket.Dial(ctx, "ws://post/", &websocket.DialOptions{Header: header, Fetch: w.thread().Fetch})
		if err != nil {
			w.t.Fatalf("socket %d: %v", i, err)
		}
		list = append(list, conn)
	}
	return list
}

// until receives until a message of that type, and returns it with the number of viewers that the socket was told last.
func (w *world) until(ctx context.Context, c *websocket.Conn, kind string) (m post.Message, viewers int64) {
	w.t.Helper()
	for m.Type != kind {
		got, err := c.Receive(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		m = post.Message{}
		if err := got.JSON(&m); err != nil {
			w.t.Fatal(err)
		}
		if m.Count != nil && m.Type != "reaction" {
			viewers = *m.Count
		}
	}
	return m, viewers
}

// TestFiveThousandViewersOfOnePost come and go twice; the second time needs no more memory than the first.
func TestFiveThousandViewersOfOnePost(t *testing.T) {
	const sockets, people = 5000, 2500 + 1250
	w := open(t, 1)
	var memory int64
	for round := range 2 {
		var list []*websocket.Conn
		w.client(func(ctx context.Context) { list = w.viewers(ctx, sockets) })
		w.Clock.Advance(2 * time.Second)
		if p, err := post.GetPresence.Call(w.Context(), w.thread(), w.owner); err != nil || p.Count != people || len(p.Viewers) != people-2500 {
			t.Errorf("the presence is %d with %d names, %v", p.Count, len(p.Viewers), err)
		}
		w.Clock.Advance(time.Minute)
		if n, err := w.EvictAll(); err != nil { // the object hibernates
			t.Fatal(n, err)
		}
		comment := post.NewComment{UserID: w.people[0], Content: fmt.Sprint("hello, everybody, round ", round)}
		if a, err := post.AddComment.Call(w.Context(), w.thread(), comment); err != nil || a.Problem != "" {
			t.Fatal(a, err)
		}
		w.client(func(ctx context.Context) {
			for i, c := range list {
				if m, viewers := w.until(ctx, c, "comment"); m.Comment == nil || m.Comment.Content != comment.Content || viewers != people {
					t.Fatalf("socket %d got %+v, and was told of %d viewers", i, m, viewers)
				}
			}
		})
		used := w.Memory()
		if round == 0 {
			memory = used
		} else if used > memory*5/4 { // garbage is collected when it is collected
			t.Errorf("the second storm needs %d MB, the first needed %d", used>>20, memory>>20)
		}
		w.client(func(ctx context.Context) {
			for _, c := range list[:sockets/2] {
				if err := c.Close(ctx, 1000, ""); err != nil {
					t.Fatal(err)
				}
			}
		})
		if n, err := w.DropSockets("PostDO", post.Name(w.tenant, w.post)); err != nil || n < sockets/2 {
			t.Errorf("%d sockets were dropped, %v", n, err)
		}
		w.Clock.Advance(2 * time.Second)
		if p, err := post.GetPresence.Call(w.Context(), w.thread(), w.owner); err != nil || p.Count != 0 {
			t.Errorf("after they left %d are there, %v", p.Count, err)
		}
		if left, err := w.Sockets("PostDO", post.Name(w.tenant, w.post)); err != nil || len(left) > 0 {
			t.Errorf("%d sockets are left, %v", len(left), err)
		}
	}
	t.Logf("%d MB of Wasm memory", memory>>20)
}

// TestAPopularAuthorIsReadByFollowersAndNotSentToThem: what a post of somebody with 100,000 followers costs does not depend on their number.
func TestAPopularAuthorIsReadByFollowersAndNotSentToThem(t *testing.T) {
	const followers = 100_000
	w := open(t, 1)
	const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) `
	w.sql(numbers+`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) SELECT printf('01900001-0000-7000-8000-%012x', i), i, i, 'Reader', 0, 0 FROM n`, followers)
	w.sql(numbers+`INSERT INTO follows (follower_id, followee_id, created_at) SELECT printf('01900001-0000-7000-8000-%012x', i), ?, 0 FROM n`, followers, w.owner)
	w.has("followers", []string{fmt.Sprint(followers)}, `SELECT followers FROM follow_counts WHERE user_id = ?`, w.owner)
	reader := func(i int) string { return fmt.Sprintf("01900001-0000-7000-8000-%012x", i) }
	calls := w.Inject(local.D1Fault{Delay: 1}) // it harms nothing, and counts
	cost := func(most int, what string, do func()) {
		t.Helper()
		before := calls.Count()
		do()
		if n := calls.Count() - before; n > most {
			t.Errorf("%s costs %d calls of D1, at most %d are expected", what, n, most)
		}
	}
	newest := func(i int) string {
		t.Helper()
		page, err := feed.GetFeed.Call(w.Context(), feed.Of(reader(i)), feed.Query{SortBy: feed.Recent})
		if err != nil || len(page.Items) == 0 {
			t.Fatal(page, err)
		}
		return page.Items[0].PostID
	}
	if got := newest(7); got != w.post {
		t.Errorf("the newest is %s", got)
	}
	w.Clock.Advance(time.Minute)
	next := w.id()
	if err := w.publish(next)(w.Context()); err != nil {
		t.Fatal(err)
	}
	cost(6, "publishing", func() { // the announcements are read and deleted, and the followers counted
		if err := w.Scheduled(w.Context(), "* * * * *", w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(10 * time.Minute)
	})
	if objects, err := w.Objects("FeedDO"); err != nil || len(objects) != 1 {
		t.Errorf("%d feeds were made or written to, %v", len(objects), err)
	}
	for _, i := range []int{7, 99_999} { // who has a feed, and who never had one
		cost(4, "a feed", func() { // built or fetched, and confirmed
			if got := newest(i); got != next {
				t.Errorf("the newest of follower %d is %s", i, got)
			}
		})
	}
	w.sql(`UPDATE posts SET status = 'draft', version = version + 1 WHERE id = ?`, next)
	if got := newest(7); got != w.post {
		t.Errorf("after it was taken back the newest is %s", got)
	}
}
