package notification_test

import (
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/notification"
	local "grove.place/lattice/local-runtime"
)

// TestWhatAnObjectLostIsTakenInFromItsCopy: its storage is gone, and D1 has what it copied there.
func TestWhatAnObjectLostIsTakenInFromItsCopy(t *testing.T) {
	r := open(t)
	post, bob, carol, dave := r.newID(), r.user(), r.user(), r.user()
	bobs, carols := r.like(bob, post), r.like(carol, post)
	call(r, notification.AddNotification, bobs)
	r.host.Clock.Advance(time.Second)
	carols.At = r.host.Clock.Now().UnixMilli()
	call(r, notification.AddNotification, carols)
	r.host.Clock.Advance(time.Second)
	follow := notification.Event{Type: notification.Follow, ActorID: dave, TargetType: "profile", TargetID: r.id, At: r.host.Clock.Now().UnixMilli()}
	call(r, notification.AddNotification, follow)
	call(r, notification.MarkRead, notification.Selection{IDs: []string{r.list()[0].ID}})
	r.host.Clock.Advance(2 * time.Minute)
	before := r.list()
	lose := func() {
		t.Helper()
		call(r, notification.Destroy, durables.None{})
		if _, err := r.host.EvictAll(); err != nil {
			t.Fatal(err)
		}
	}
	lose()
	// While the copy cannot be read nothing is shown, and nothing may be added in place of it.
	away := r.host.Inject(local.D1Fault{SQL: "FROM notifications"})
	r.counts(0, "")
	for _, m := range []*durables.MethodOf[notification.Notifications, notification.Event, durables.None]{notification.AddNotification, notification.Retract} {
		if _, err := m.Call(r.host.Context(), r.stub, r.like(r.user(), post)); err == nil {
			t.Errorf("%s went on without the copy", m.Name())
		}
	}
	away.Remove()
	r.counts(1, "1 2")
	for i, n := range r.list() {
		if want := before[i]; n.ID != want.ID || n.Type != want.Type || n.FirstAt != want.FirstAt || n.LastAt != want.LastAt || (n.ReadAt == nil) != (want.ReadAt == nil) || n.Actors[0] != want.Actors[0] {
			t.Errorf("%+v, want %+v", n, want)
		}
	}
	// What is told again is no news, what is taken back goes, and what is new is.
	call(r, notification.AddNotification, bobs)
	call(r, notification.AddNotification, follow)
	r.counts(1, "1 2")
	call(r, notification.Retract, notification.Event{Type: bobs.Type, ActorID: bob, TargetType: "post", TargetID: post, Reference: "like", At: r.host.Clock.Now().UnixMilli()})
	r.counts(1, "1 1")
	call(r, notification.AddNotification, bobs) // too late
	r.counts(1, "1 1")
	r.host.Clock.Advance(time.Second)
	again := carols
	again.Reference, again.At = "love", r.host.Clock.Now().UnixMilli()
	call(r, notification.AddNotification, again)
	call(r, notification.AddNotification, r.like(r.user(), post))
	r.counts(1, "2 1")
	r.host.Clock.Advance(2 * time.Minute)
	if n := one[int](r, `SELECT actor_count FROM notifications WHERE user_id = ? AND type = 'reaction'`, r.id); n != 2 {
		t.Errorf("the copy has %d actors", n)
	}
	// Whoever is blocked or erased before the copy is taken in is not in what is.
	lose()
	r.sql(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) VALUES (?, ?, 'block', 0)`, r.id, carol)
	call(r, notification.RefreshBlocks, durables.None{})
	r.counts(1, "1 1")
	r.host.Clock.Advance(2 * time.Minute)
	lose()
	call(r, notification.EraseUser, dave)
	r.counts(1, "1")
	// The user is erased: nothing comes back.
	lose()
	call(r, notification.EraseUser, r.id)
	r.counts(0, "")
	if _, err := r.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	r.counts(0, "")
}
