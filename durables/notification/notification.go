// Package notification is NotificationDO, the object that tells a user what others did: who reacted, commented, replied or followed. It is
// named "notifications:{userId}".
//
// The one idea: what is stored is events, each with the time its source gave it, so that a message which comes twice, late or after it was taken back
// changes nothing. Events that belong together are one group ("Bob and 3 others liked your post"), and a group is what a user sees, reads and counts.
// Start with AddNotification, in groups.go; reading is in read.go, sockets in live.go, the copy in D1 in copy.go and
// restore.go.
package notification

import (
	"context"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/durables/schema"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Class is NotificationDO.
var Class = durables.Class("NotificationDO", New)

// The methods of NotificationDO, with the names of the design document where it has them.
var (
	AddNotification  = durables.Method(Class, "addNotification", (*Notifications).addNotification)
	Retract          = durables.Method(Class, "retract", (*Notifications).retract)
	GetNotifications = durables.Method(Class, "getNotifications", (*Notifications).getNotifications)
	MarkRead         = durables.Method(Class, "markRead", (*Notifications).markRead)
	GetUnreadCount   = durables.Method(Class, "getUnreadCount", (*Notifications).getUnreadCount)
	RefreshBlocks    = durables.Method(Class, "refreshBlocks", (*Notifications).refreshBlocks)
	CloseSession     = durables.Method(Class, "closeSession", (*Notifications).closeSession)
	GetBacklog       = durables.Method(Class, "getBacklog", (*Notifications).getBacklog)
	RetryLetter      = durables.Method(Class, "retryLetter", (*Notifications).retryLetter)
	Rebuild          = durables.Method(Class, "rebuild", (*Notifications).rebuild)
	ExportUser       = durables.Method(Class, "export", (*Notifications).export)
	EraseUser        = durables.Method(Class, "erase", (*Notifications).erase)
	Destroy          = durables.Method(Class, "destroy", (*Notifications).destroy)
)

const (
	// Keep is how long a group is kept after the last thing that happened in it.
	Keep = 90 * 24 * time.Hour
	// MaxGroups is how many groups are kept; the oldest go.
	MaxGroups = 1000
	// GroupFor is how long a group takes in further events.
	GroupFor = time.Hour

	copyEvery = time.Minute // changed groups to D1
	taskCopy  = "copy notifications"
	taskPrune = "prune notifications"
)

var (
	namespace = Class.Namespace("NOTIFICATIONS")
	db        = d1.Database("DB")
)

const prefix = "notifications:"

// Of returns the stub of a user's notifications.
func Of(userID string) *durables.Stub[Notifications] { return namespace.GetByName(prefix + userID) }

// Notifications is the object.
type Notifications struct {
	state  *durables.State
	object *schema.Object
	tasks  *durables.Tasks
	outbox *outbox.Outbox
	userID string

	blocksAt time.Time // when the blocks were last read from D1
	shown    int64     // the unread count that sockets were told last; -1: none yet
	noCopy   bool      // D1 has no copy, or one of a user who is gone
}

var tables = schema.Tables{
	Class: "NotificationDO", ValidName: func(name string) bool { _, ok := parseName(name); return ok }, Names: "notifications:{userId}",
	Migrations: []string{outbox.Table + `
		CREATE TABLE notifications (
			id TEXT PRIMARY KEY,
			type TEXT NOT NULL,
			group_key TEXT NOT NULL,
			target_type TEXT NOT NULL,
			target_id TEXT NOT NULL,
			first_at INTEGER NOT NULL,
			last_at INTEGER NOT NULL,
			actor_count INTEGER NOT NULL,             -- 0: everything in it was taken back; it is not shown
			read_at INTEGER,
			revision INTEGER NOT NULL DEFAULT 1,
			copied_revision INTEGER NOT NULL DEFAULT 0
		) WITHOUT ROWID;
		CREATE INDEX notifications_key ON notifications (group_key, first_at);
		CREATE INDEX notifications_last ON notifications (last_at, id);
		CREATE INDEX idx_notifications_unread ON notifications (id) WHERE read_at IS NULL AND actor_count > 0;
		CREATE INDEX notifications_changed ON notifications (id) WHERE copied_revision < revision;
		CREATE TABLE events (
			id TEXT PRIMARY KEY,                      -- type, actor, target and reference: one thing that somebody did
			group_id TEXT NOT NULL,
			actor_id TEXT NOT NULL,
			present INTEGER NOT NULL,                 -- 0: taken back
			at INTEGER NOT NULL,                      -- the source's time and sequence of what was said of it last
			seq INTEGER NOT NULL
		) WITHOUT ROWID;
		CREATE INDEX events_group ON events (group_id, present, actor_id);
		CREATE INDEX events_actor ON events (actor_id);
		CREATE INDEX events_at ON events (at);
		CREATE TABLE blocks (user_id TEXT PRIMARY KEY) WITHOUT ROWID;`},
}

func parseName(name string) (userID string, ok bool) {
	userID, ok = strings.CutPrefix(name, prefix)
	return userID, ok && ids.Valid(userID)
}

// New constructs the object.
func New(ctx context.Context, state *durables.State) (*Notifications, error) {
	object, err := schema.Open(ctx, state, tables)
	if err != nil {
		return nil, err
	}
	n := &Notifications{state: state, object: object, tasks: durables.NewTasks(state.Storage()), outbox: outbox.New(state.Storage(), db, "NotificationDO "+object.Name()), shown: -1}
	n.userID, _ = parseName(object.Name())
	n.outbox.Handle(kindGroup, n.applyGroup)
	n.tasks.Handle(taskCopy, func(ctx context.Context, _ durables.TaskInfo) error { return n.copyGroups(ctx) })
	n.tasks.Handle(taskPrune, func(ctx context.Context, _ durables.TaskInfo) error { return n.prune(ctx) })
	return n, nil
}

// Alarm runs what is due.
func (n *Notifications) Alarm(ctx context.Context, info durables.AlarmInfo) error {
	return n.tasks.Alarm(ctx, info)
}

// Backlog is what has not reached D1.
type Backlog struct {
	Rows    int64 `json:"rows"`
	Oldest  int64 `json:"oldest"`  // ms; 0 without rows
	Changed int64 `json:"changed"` // groups that wait for the next copy
}

func (n *Notifications) getBacklog(ctx context.Context, _ durables.None) (b Backlog, err error) {
	if there, err := n.object.Exists(ctx); err != nil || !there {
		return b, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return b, err
	}
	rows, err := n.outbox.Backlog(ctx)
	if err != nil {
		return b, err
	}
	b.Rows, b.Oldest = rows.Rows, rows.Oldest
	b.Changed, err = durables.One[int64](ctx, n.object.SQL(), `SELECT count(*) FROM notifications WHERE copied_revision < revision`)
	return b, err
}
