package notification_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/outbox"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/websocket"
)

var db = d1.Database("DB")

// reader is a user who hears of others.
type reader struct {
	*testing.T
	host *local.Host
	id   string
	stub *durables.Stub[notification.Notifications]
}

func open(t *testing.T) reader {
	h := local.StartTest(t, local.TestOptions{Package: "./testdata/module", Options: local.Options{
		Objects: map[string]string{"NOTIFICATIONS": "NotificationDO"}, Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}},
	}})
	r := reader{T: t, host: h}
	r.id = r.user()
	r.stub = notification.Of(r.id)
	return r
}

// user makes a user and returns their id.
func (r reader) user() string {
	r.Helper()
	id := r.newID()
	r.sql(`INSERT INTO users (id, email, email_norm, name, created_at, updated_at) VALUES (?1, ?1, ?1, 'Somebody', 0, 0)`, id)
	return id
}

func (r reader) newID() string { return ids.New(r.host.Clock.Now()) }

func (r reader) sql(query string, args ...any) d1.Result {
	r.Helper()
	result, err := db.Prepare(query).Bind(args...).Run(r.host.Context())
	if err != nil {
		r.Fatal(err)
	}
	return result
}

func one[V any](r reader, query string, args ...any) (v V) {
	r.Helper()
	if _, err := db.Prepare(query).Bind(args...).First(r.host.Context(), &v); err != nil {
		r.Fatal(err)
	}
	return v
}

func call[P, R any](r reader, m *durables.MethodOf[notification.Notifications, P, R], p P) R {
	r.Helper()
	result, err := m.Call(r.host.Context(), r.stub, p)
	if err != nil {
		r.Fatalf("%s: %v", m.Name(), err)
	}
	return result
}

func (r reader) like(actor, post string) notification.Event {
	return notification.Event{Type: notification.Reaction, ActorID: actor, TargetType: "post", TargetID: post, Reference: "like", At: r.host.Clock.Now().UnixMilli()}
}

func (r reader) list() []notification.Notification {
	r.Helper()
	return call(r, notification.GetNotifications, notification.Query{Limit: 100}).Notifications
}

// counts checks how many are in each group, the latest first, and how many groups are unread.
func (r reader) counts(unread int64, want string) {
	r.Helper()
	var got []string
	for _, n := range r.list() {
		got = append(got, fmt.Sprint(n.ActorCount))
	}
	if text := strings.Join(got, " "); text != want {
		r.Errorf("the groups have %q actors, want %q", text, want)
	}
	if n := call(r, notification.GetUnreadCount, durables.None{}); n != unread {
		r.Errorf("%d are unread, want %d", n, unread)
	}
}

func TestEventsAreGroupedUntilTheyAreReadOrAnHourHasPassed(t *testing.T) {
	r := open(t)
	post := r.newID()
	var actors []string
	for range 5 {
		actors = append(actors, r.newID())
		call(r, notification.AddNotification, r.like(actors[len(actors)-1], post))
		r.host.Clock.Advance(time.Second)
	}
	r.counts(1, "5")
	g := r.list()[0]
	if len(g.Actors) != 3 || g.Actors[0] != actors[4] || g.Actors[2] != actors[2] || g.TargetID != post || g.LastAt-g.FirstAt != 4000 {
		t.Errorf("%+v", g)
	}
	other := r.like(actors[0], r.newID())
	call(r, notification.AddNotification, other) // another post is another group
	love := r.like(actors[0], post)
	love.Reference = "love"
	call(r, notification.AddNotification, love) // the same actor once more is not another one
	r.counts(2, "1 5")
	if _, err := r.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	if left := call(r, notification.MarkRead, notification.Selection{IDs: []string{g.ID, r.newID()}}); left != 1 {
		t.Errorf("%d are unread, want 1", left)
	}
	call(r, notification.AddNotification, r.like(r.newID(), post))
	r.counts(2, "1 1 5")
	r.host.Clock.Advance(time.Hour)
	call(r, notification.AddNotification, r.like(r.newID(), post))
	r.counts(3, "1 1 1 5")
	if left := call(r, notification.MarkRead, notification.Selection{All: true}); left != 0 {
		t.Errorf("%d are unread after all were read", left)
	}
}

func TestAnEventThatIsToldAgainChangesNothing(t *testing.T) {
	r := open(t)
	e := r.like(r.newID(), r.newID())
	call(r, notification.AddNotification, e)
	before := r.list()
	call(r, notification.MarkRead, notification.Selection{All: true})
	r.host.Clock.Advance(2 * time.Hour)
	call(r, notification.AddNotification, e)
	late := e
	late.At = r.host.Clock.Now().UnixMilli()
	call(r, notification.AddNotification, late)
	r.counts(0, "1")
	if after := r.list(); after[0].ID != before[0].ID || after[0].LastAt != before[0].LastAt {
		t.Errorf("%+v became %+v", before, after)
	}
}

func TestTakingBack(t *testing.T) {
	r := open(t)
	post, bob, carol := r.newID(), r.newID(), r.newID()
	first := r.like(bob, post)
	call(r, notification.AddNotification, first)
	call(r, notification.AddNotification, r.like(carol, post))
	r.host.Clock.Advance(time.Second)
	call(r, notification.Retract, r.like(bob, post))
	r.counts(1, "1")
	call(r, notification.AddNotification, first) // told again, late
	r.counts(1, "1")
	call(r, notification.Retract, r.like(carol, post))
	r.counts(0, "")
	r.host.Clock.Advance(time.Minute)
	if n := one[int](r, `SELECT count(*) FROM notifications WHERE user_id = ? AND retracted_at IS NOT NULL AND actor_count = 0`, r.id); n != 1 {
		t.Error("D1 does not know that the group was taken back")
	}
	// Doing it again is no news once it was read.
	call(r, notification.AddNotification, r.like(bob, post))
	r.counts(1, "1")
	call(r, notification.MarkRead, notification.Selection{All: true})
	for range 3 {
		r.host.Clock.Advance(2 * time.Hour)
		call(r, notification.Retract, r.like(bob, post))
		r.host.Clock.Advance(time.Second)
		call(r, notification.AddNotification, r.like(bob, post))
	}
	r.counts(0, "1")
	// The two may come in the wrong order.
	dave := r.like(r.newID(), post)
	r.host.Clock.Advance(time.Second)
	back := dave
	back.At = r.host.Clock.Now().UnixMilli()
	call(r, notification.Retract, back)
	call(r, notification.AddNotification, dave)
	r.counts(0, "1")
	same := r.like(r.newID(), post)
	same.Seq = 1
	call(r, notification.AddNotification, same)
	same.Seq = 2
	call(r, notification.Retract, same)
	r.counts(0, "1")
}

func TestNobodyHearsOfThemselvesOrOfThoseTheyBlock(t *testing.T) {
	r := open(t)
	post, blocked, muted, later := r.newID(), r.user(), r.user(), r.user()
	for id, kind := range map[string]string{blocked: "block", muted: "mute"} {
		r.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, ?, 0)`, r.id, id, kind)
	}
	for _, actor := range []string{r.id, blocked, muted, later} {
		call(r, notification.AddNotification, r.like(actor, post))
	}
	r.counts(1, "1")
	r.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, 'block', 0)`, r.id, later)
	call(r, notification.RefreshBlocks, durables.None{})
	r.counts(0, "")
	call(r, notification.AddNotification, r.like(r.user(), post))
	r.counts(1, "1")
	// When it cannot be known whom the user blocks nobody is told of, and the source tries again.
	r.host.Clock.Advance(10 * time.Minute)
	fault := r.host.Inject(local.D1Fault{SQL: "user_blocks"})
	if _, err := notification.AddNotification.Call(r.host.Context(), r.stub, r.like(r.user(), post)); err == nil {
		t.Error("an event was taken while the blocks could not be read")
	}
	r.counts(1, "1")
	fault.Remove()
}

func TestBadEventsAreRefused(t *testing.T) {
	r := open(t)
	good := r.like(r.newID(), r.newID())
	for _, change := range []func(*notification.Event){
		func(e *notification.Event) { e.Type = "poke" }, func(e *notification.Event) { e.TargetType = "moon" }, func(e *notification.Event) { e.ActorID = "bob" },
		func(e *notification.Event) { e.TargetID = "" }, func(e *notification.Event) { e.Reference = strings.Repeat("x", 65) },
	} {
		bad := good
		change(&bad)
		for _, m := range []*durables.MethodOf[notification.Notifications, notification.Event, durables.None]{notification.AddNotification, notification.Retract} {
			if _, err := m.Call(r.host.Context(), r.stub, bad); err == nil {
				t.Errorf("%s took %+v", m.Name(), bad)
			}
		}
	}
	if _, err := notification.GetUnreadCount.Call(r.host.Context(), notification.Class.Namespace("NOTIFICATIONS").GetByName("notifications:bob"), durables.None{}); err == nil {
		t.Error("an object has a name that is no user's")
	}
	if objects, err := local.Rows[string](r.host.Storage("NotificationDO", "notifications:"+r.id), `SELECT name FROM sqlite_master WHERE name = 'meta'`); err != nil || len(objects) != 0 {
		t.Errorf("what was refused made tables: %v %v", objects, err)
	}
}

func TestPages(t *testing.T) {
	r := open(t)
	actor := r.newID()
	for range 25 {
		call(r, notification.AddNotification, r.like(actor, r.newID()))
	}
	seen := map[string]bool{}
	q := notification.Query{Limit: 10}
	for pages := 1; ; pages++ {
		p := call(r, notification.GetNotifications, q)
		for _, n := range p.Notifications {
			seen[n.ID] = true
		}
		if p.UnreadCount != 25 {
			t.Errorf("%d are unread, want 25", p.UnreadCount)
		}
		if q.Cursor = p.NextCursor; q.Cursor == "" {
			if pages != 3 || len(seen) != 25 {
				t.Errorf("%d pages show %d groups", pages, len(seen))
			}
			break
		}
	}
	read := r.list()[0].ID
	call(r, notification.MarkRead, notification.Selection{IDs: []string{read}})
	if p := call(r, notification.GetNotifications, notification.Query{Limit: 100, UnreadOnly: true}); len(p.Notifications) != 24 || p.UnreadCount != 24 {
		t.Errorf("%d unread are listed, %d counted", len(p.Notifications), p.UnreadCount)
	}
	for _, bad := range []string{"x", "1.", "-1." + read, "1." + read + "'", "99999999999999999999." + read} {
		if p := call(r, notification.GetNotifications, notification.Query{Cursor: bad}); p.Problem != "cursor" {
			t.Errorf("cursor %q: %+v", bad, p)
		}
	}
}

func TestD1GetsACopyOfEverything(t *testing.T) {
	r := open(t)
	post := r.newID()
	call(r, notification.AddNotification, r.like(r.newID(), post))
	fault := r.host.Inject(local.D1Fault{SQL: "INSERT INTO notifications", AfterCommit: true, Times: 1})
	down := r.host.Inject(local.D1Fault{SQL: "applied_batches", After: 1, Times: 3})
	if _, err := r.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	r.host.Clock.Advance(time.Minute)
	call(r, notification.AddNotification, r.like(r.newID(), post))
	if b := call(r, notification.GetBacklog, durables.None{}); b.Rows == 0 || b.Changed == 0 {
		t.Errorf("nothing waits though D1 is down: %+v", b)
	}
	r.host.Clock.Advance(5 * time.Minute)
	fault.Remove()
	down.Remove()
	r.host.Clock.Advance(30 * time.Minute)
	if n := one[int](r, `SELECT actor_count FROM notifications WHERE user_id = ?`, r.id); n != 2 {
		t.Errorf("D1 has a group of %d, want 2", n)
	}
	if b := call(r, notification.GetBacklog, durables.None{}); b != (notification.Backlog{}) {
		t.Errorf("what waits: %+v", b)
	}
	call(r, notification.MarkRead, notification.Selection{All: true})
	r.host.Clock.Advance(time.Minute)
	if n := one[int](r, `SELECT count(*) FROM notifications WHERE user_id = ? AND read_at IS NOT NULL`, r.id); n != 1 {
		t.Error("D1 does not know what was read")
	}
}

func TestOldGroupsAndTooManyGo(t *testing.T) {
	r := open(t)
	actor := r.newID()
	first := r.like(actor, r.newID())
	call(r, notification.AddNotification, first)
	for range notification.MaxGroups {
		r.host.Clock.Advance(time.Millisecond)
		call(r, notification.AddNotification, r.like(actor, r.newID()))
	}
	if n := call(r, notification.GetUnreadCount, durables.None{}); n != notification.MaxGroups {
		t.Errorf("%d groups are kept", n)
	}
	call(r, notification.AddNotification, first)
	if n := call(r, notification.GetUnreadCount, durables.None{}); n != notification.MaxGroups {
		t.Errorf("%d groups are kept", n)
	}
	r.host.Clock.Advance(time.Hour)
	if n := one[int](r, `SELECT count(*) FROM notifications WHERE user_id = ?`, r.id); n != notification.MaxGroups {
		t.Errorf("D1 has %d", n)
	}
	if at, set, err := r.host.Storage("NotificationDO", "notifications:"+r.id).Alarm(); err != nil || !set || at.Before(r.host.Clock.Now().Add(6*24*time.Hour)) {
		t.Errorf("the object is woken at %v %v %v, though there is nothing to do", at, set, err)
	}
	r.host.Clock.Advance(notification.Keep + time.Hour)
	if n := one[int](r, `SELECT count(*) FROM notifications WHERE user_id = ?`, r.id); n != 0 {
		t.Errorf("after 90 days D1 has %d", n)
	}
	rows, err := local.Rows[int](r.host.Storage("NotificationDO", "notifications:"+r.id), `SELECT (SELECT count(*) FROM notifications) + (SELECT count(*) FROM outbox)`)
	if err != nil || rows[0] != 0 {
		t.Errorf("after 90 days %v are left, %v", rows, err)
	}
	r.host.Clock.Advance(notification.Keep)
	if at, set, err := r.host.Storage("NotificationDO", "notifications:"+r.id).Alarm(); err != nil || set {
		t.Errorf("an empty object is woken at %v, %v", at, err)
	}
}

func (r reader) dial(user, session string) (*websocket.Conn, error) {
	conn, _, err := websocket.Dial(r.host.Context(), "ws://notifications/", &websocket.DialOptions{
		Header: map[string][]string{notification.HeaderUser: {user}, notification.HeaderSession: {session}}, Fetch: r.stub.Fetch})
	return conn, err
}

func (r reader) receive(c *websocket.Conn) (m notification.LiveMessage, code int) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.host.Context(), 20*time.Second)
	defer cancel()
	got, err := c.Receive(ctx)
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return m, closed.Code
	case err != nil:
		r.Fatal(err)
	}
	if err := got.JSON(&m); err != nil {
		r.Fatal(err)
	}
	return m, 0
}

// ponged sends a ping and checks that it is answered.
func (r reader) ponged(c *websocket.Conn) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.host.Context(), 20*time.Second)
	defer cancel()
	if err := c.SendText(ctx, "ping"); err != nil {
		r.Fatal(err)
	}
	if got, err := c.Receive(ctx); err != nil || got.Text() != "pong" {
		r.Errorf("a ping was answered with %q, %v", got.Text(), err)
	}
}

func TestSocketsAreToldTheUnreadCount(t *testing.T) {
	r := open(t)
	for user, session := range map[string]string{r.newID(): "s1", r.id: "", "": "s1"} {
		if _, err := r.dial(user, session); err == nil {
			t.Errorf("user %q with session %q got a socket", user, session)
		}
	}
	post := r.newID()
	e := r.like(r.newID(), post)
	call(r, notification.AddNotification, e)
	one, err := r.dial(r.id, "s1")
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.dial(r.id, "s2")
	if err != nil {
		t.Fatal(err)
	}
	expect := func(kind string, unread int64, sockets ...*websocket.Conn) {
		t.Helper()
		for _, c := range sockets {
			if m, code := r.receive(c); m != (notification.LiveMessage{Type: kind, Unread: unread}) {
				t.Errorf("%+v (closed %d), want %s %d", m, code, kind, unread)
			}
		}
	}
	expect("hello", 1, one, two)
	if _, err := r.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	call(r, notification.AddNotification, r.like(r.newID(), r.newID()))
	expect("unread", 2, one, two)
	call(r, notification.Retract, e)
	expect("unread", 1, one, two)
	call(r, notification.MarkRead, notification.Selection{All: true})
	expect("unread", 0, one, two)
	if _, err := r.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	r.ponged(one)
	if woken, err := r.host.Evict("NotificationDO", "notifications:"+r.id); err != nil || woken {
		t.Errorf("a ping has woken the object: %v, %v", woken, err)
	}
	if n := call(r, notification.CloseSession, "s1"); n != 1 {
		t.Errorf("%d sockets were closed, want 1", n)
	}
	if _, code := r.receive(one); code != notification.CloseRevoked {
		t.Errorf("the socket was closed with %d, want 4401", code)
	}
	call(r, notification.AddNotification, r.like(r.newID(), r.newID()))
	expect("unread", 1, two)
	call(r, notification.Destroy, durables.None{})
	if _, code := r.receive(two); code != notification.CloseGone {
		t.Errorf("the socket was closed with %d, want 4403", code)
	}
}

func TestAUserIsExportedAndErased(t *testing.T) {
	r := open(t)
	bob, carol, post := r.newID(), r.newID(), r.newID()
	for _, actor := range []string{bob, carol} {
		call(r, notification.AddNotification, r.like(actor, post))
	}
	r.host.Clock.Advance(time.Minute)
	if x := call(r, notification.ExportUser, r.id); len(x.Notifications) != 1 || len(x.Notifications[0].Actors) != 2 || x.Acts != nil {
		t.Errorf("%+v", x)
	}
	if x := call(r, notification.ExportUser, bob); len(x.Acts) != 1 || x.Notifications != nil {
		t.Errorf("%+v", x)
	}
	for range 2 {
		call(r, notification.EraseUser, bob)
	}
	r.counts(1, "1")
	r.host.Clock.Advance(time.Minute)
	if got := one[string](r, `SELECT actors FROM notifications WHERE user_id = ?`, r.id); strings.Contains(got, bob) {
		t.Error("D1 still names an erased user")
	}
	for range 2 {
		call(r, notification.EraseUser, r.id)
	}
	if n := one[int](r, `SELECT count(*) FROM notifications`); n != 0 || len(r.list()) != 0 {
		t.Error("something is left of an erased user")
	}
}

func TestTwoUsersShareNothing(t *testing.T) {
	r := open(t)
	other := r
	other.id = r.user()
	other.stub = notification.Of(other.id)
	call(r, notification.AddNotification, r.like(other.id, r.newID()))
	id := r.list()[0].ID
	call(other, notification.MarkRead, notification.Selection{IDs: []string{id}})
	call(other, notification.EraseUser, r.id)
	other.counts(0, "")
	r.counts(1, "1")
}

func TestWhatD1RefusedOrLostIsSentAgain(t *testing.T) {
	r := open(t)
	r.sql(`CREATE TRIGGER rule BEFORE INSERT ON notifications BEGIN SELECT RAISE(ABORT, 'against the rule'); END`)
	call(r, notification.AddNotification, r.like(r.newID(), r.newID()))
	r.host.Clock.Advance(time.Hour)
	letter := one[outbox.Letter](r, `SELECT seq, kind, payload FROM dead_letters WHERE source = ?`, "NotificationDO notifications:"+r.id)
	r.sql(`DROP TRIGGER rule`)
	has := func(what string, want int) {
		t.Helper()
		r.host.Clock.Advance(time.Minute)
		if n := one[int](r, `SELECT count(*) FROM notifications WHERE user_id = ? AND actor_count = 1`, r.id); n != want {
			t.Errorf("%s: D1 has %d groups, want %d", what, n, want)
		}
	}
	has("refused", 0)
	for range 2 {
		call(r, notification.RetryLetter, letter)
		has("sent again", 1)
	}
	// D1 was restored to an earlier time: the object has the events, and writes all of it anew.
	call(r, notification.AddNotification, r.like(r.newID(), r.newID()))
	has("another", 2)
	r.sql(`DELETE FROM notifications`)
	has("lost", 0)
	call(r, notification.Rebuild, durables.None{})
	has("rebuilt", 2)
	r.counts(2, "1 1")
}
