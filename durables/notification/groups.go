package notification

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
)

// Types of notifications.
const (
	Reaction = "reaction"
	Comment  = "comment"
	Reply    = "reply"
	Follow   = "follow"
	Mention  = "mention"
)

var (
	types   = []string{Reaction, Comment, Reply, Follow, Mention}
	targets = []string{"post", "comment", "profile"}
)

// Event is something that somebody did. An event is told as often as its source likes: Type, ActorID, target and Reference say which it is, and of
// what is said of one the latest by At and Seq counts.
type Event struct {
	Type       string `json:"type"`
	ActorID    string `json:"actorId"`
	TargetType string `json:"targetType"` // post, comment or profile
	TargetID   string `json:"targetId"`
	// Reference tells events of one actor on one target apart: the type of a reaction, the id of a comment. It may be empty.
	Reference string `json:"reference,omitempty"`
	At        int64  `json:"at"`            // ms, by the source's clock; 0: now
	Seq       int64  `json:"seq,omitempty"` // the source's; orders events of one millisecond
}

func (e Event) check() error {
	if !slices.Contains(types, e.Type) || !slices.Contains(targets, e.TargetType) || !ids.Valid(e.ActorID) || !ids.Valid(e.TargetID) || len(e.Reference) > 64 {
		return durables.TypeError("notification: type is one of " + strings.Join(types, ", ") + "; targetType one of " + strings.Join(targets, ", ") +
			"; actorId and targetId are ids; reference has at most 64 bytes")
	}
	return nil
}

func (e Event) id() string {
	return strings.Join([]string{e.Type, e.ActorID, e.TargetType, e.TargetID, e.Reference}, " ")
}

func (e Event) groupKey() string { return e.Type + " " + e.TargetType + " " + e.TargetID }

// known is what was said of an event last.
type known struct {
	GroupID string `json:"group_id"`
	Present bool   `json:"present"`
	At      int64  `json:"at"`
	Seq     int64  `json:"seq"`
}

func (k known) newerThan(e Event) bool { return k.At > e.At || k.At == e.At && k.Seq >= e.Seq }

// addNotification tells the user of an event, unless they did it themselves or do not want to hear of who did. It fails when it cannot be known whom they
// do not want to hear of: the source tries again.
func (n *Notifications) addNotification(ctx context.Context, e Event) (durables.None, error) {
	none := durables.None{}
	now := time.Now()
	if e.At <= 0 || e.At > now.UnixMilli() {
		e.At = now.UnixMilli()
	}
	if err := e.check(); err != nil || e.ActorID == n.userID || time.UnixMilli(e.At).Before(now.Add(-Keep)) {
		return none, err
	}
	if err := n.prepare(ctx); err != nil {
		return none, err
	}
	if err := n.freshBlocks(ctx, blocksAge); err != nil {
		return none, err
	}
	blocked, _, err := durables.First[bool](ctx, n.object.SQL(), `SELECT 1 FROM blocks WHERE user_id = ?`, e.ActorID)
	if err != nil || blocked {
		return none, err
	}
	if err := n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error { return n.add(ctx, e, now) }); err != nil {
		return none, err
	}
	return none, n.changed(ctx, now)
}

func (n *Notifications) add(ctx context.Context, e Event, now time.Time) error {
	k, found, err := n.event(ctx, e, false)
	if err != nil || found && (k.Present || k.newerThan(e)) {
		return err
	}
	group := k.GroupID // what was taken back and is done again belongs where it was: it is no news
	if group == "" || !n.exists(ctx, group) {
		if group, err = n.groupFor(ctx, e, now); err != nil {
			return err
		}
	}
	err = n.object.Exec(ctx, `INSERT OR REPLACE INTO events (id, group_id, actor_id, present, at, seq) VALUES (?, ?, ?, 1, ?, ?)`, e.id(), group, e.ActorID, e.At, e.Seq)
	if err != nil {
		return err
	}
	if err := n.recount(ctx, group); err != nil {
		return err
	}
	return n.object.Exec(ctx, `UPDATE notifications SET last_at = max(last_at, ?) WHERE id = ?`, e.At, group)
}

func (n *Notifications) exists(ctx context.Context, group string) bool {
	_, found, err := durables.First[int](ctx, n.object.SQL(), `SELECT 1 FROM notifications WHERE id = ?`, group)
	return err == nil && found
}

// groupFor returns the group that takes an event in: the latest of its key, unless it was read or has been open for too long.
func (n *Notifications) groupFor(ctx context.Context, e Event, now time.Time) (string, error) {
	id, found, err := durables.First[string](ctx, n.object.SQL(), `SELECT id FROM notifications WHERE group_key = ? AND read_at IS NULL AND first_at > ? ORDER BY first_at DESC, id DESC LIMIT 1`,
		e.groupKey(), now.Add(-GroupFor))
	if err != nil || found {
		return id, err
	}
	id = ids.New(now)
	err = n.object.Exec(ctx, `INSERT INTO notifications (id, type, group_key, target_type, target_id, first_at, last_at, actor_count) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		id, e.Type, e.groupKey(), e.TargetType, e.TargetID, e.At, e.At)
	return id, err
}

// recount counts who is in a group.
func (n *Notifications) recount(ctx context.Context, group string) error {
	return n.object.Exec(ctx, `UPDATE notifications SET revision = revision + 1,
		actor_count = (SELECT count(DISTINCT actor_id) FROM events WHERE group_id = ?1 AND present) WHERE id = ?1`, group)
}

// retract takes an event back. What was never told is remembered as taken back, so that the telling of it may come later.
func (n *Notifications) retract(ctx context.Context, e Event) (durables.None, error) {
	none := durables.None{}
	now := time.Now()
	if e.At <= 0 || e.At > now.UnixMilli() {
		e.At = now.UnixMilli()
	}
	if err := e.check(); err != nil || e.ActorID == n.userID {
		return none, err
	}
	if err := n.prepare(ctx); err != nil {
		return none, err
	}
	err := n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		k, found, err := n.event(ctx, e, true)
		// Of a telling and a taking back at the same moment the latter counts.
		if err != nil || found && (k.At > e.At || k.At == e.At && k.Seq > e.Seq) {
			return err
		}
		if err := n.object.Exec(ctx, `INSERT OR REPLACE INTO events (id, group_id, actor_id, present, at, seq) VALUES (?, ?, ?, 0, ?, ?)`,
			e.id(), k.GroupID, e.ActorID, e.At, e.Seq); err != nil || !k.Present {
			return err
		}
		return n.recount(ctx, k.GroupID)
	})
	if err != nil {
		return none, err
	}
	return none, n.changed(ctx, now)
}

// changed follows every change of the groups: sockets are told, D1 gets a copy, and what is too much or too old goes.
func (n *Notifications) changed(ctx context.Context, now time.Time) error {
	surplus, err := durables.One[int](ctx, n.object.SQL(), `SELECT max(0, count(*) - ?) FROM notifications`, MaxGroups)
	if err != nil {
		return err
	}
	if surplus > 0 {
		if err := n.remove(ctx, `SELECT id FROM notifications ORDER BY last_at, id LIMIT ?`, surplus); err != nil {
			return err
		}
	}
	if err := n.scheduleCopy(ctx, now); err != nil {
		return err
	}
	if _, scheduled, err := n.tasks.Scheduled(ctx, taskPrune); err != nil {
		return err
	} else if !scheduled {
		if err := n.schedulePrune(ctx, now); err != nil {
			return err
		}
	}
	return n.tellSockets(ctx)
}

// keepMarks is how long an event is remembered that is in no group, so that it is not told again when its source repeats itself.
const keepMarks = 7 * 24 * time.Hour

// schedulePrune wakes the object when the oldest thing in it is too old, and not before.
func (n *Notifications) schedulePrune(ctx context.Context, now time.Time) error {
	due, err := durables.One[*int64](ctx, n.object.SQL(), `SELECT min(due) FROM (SELECT min(last_at) + ? AS due FROM notifications
		UNION ALL SELECT min(at) + ? FROM events WHERE group_id NOT IN (SELECT id FROM notifications))`, Keep.Milliseconds(), keepMarks.Milliseconds())
	if err != nil || due == nil {
		return err
	}
	at := time.UnixMilli(*due + 1)
	if earliest := now.Add(time.Hour); at.Before(earliest) {
		at = earliest
	}
	return n.tasks.Schedule(ctx, taskPrune, at)
}

// prune removes what is too old.
func (n *Notifications) prune(ctx context.Context) error {
	if err := n.object.Prepare(ctx); err != nil {
		return err
	}
	now := time.Now()
	if err := n.remove(ctx, `SELECT id FROM notifications WHERE last_at < ?`, now.Add(-Keep)); err != nil {
		return err
	}
	if err := n.object.Exec(ctx, `DELETE FROM events WHERE at < ? AND group_id NOT IN (SELECT id FROM notifications)`, now.Add(-keepMarks)); err != nil {
		return err
	}
	if err := n.scheduleCopy(ctx, now); err != nil {
		return err
	}
	if err := n.schedulePrune(ctx, now); err != nil {
		return err
	}
	return n.tellSockets(ctx)
}

// remove removes the groups that a query selects, here and in D1. Their events stay for a while, marked as taken in, so that none is told again.
func (n *Notifications) remove(ctx context.Context, query string, args ...any) error {
	return n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		list, err := durables.All[string](ctx, n.object.SQL(), query, args...)
		if err != nil {
			return err
		}
		for _, id := range list {
			if err := n.object.Exec(ctx, `DELETE FROM notifications WHERE id = ?`, id); err != nil {
				return err
			}
			if _, err := n.outbox.Add(ctx, kindGroup, id); err != nil {
				return err
			}
		}
		if len(list) > 0 {
			n.object.Log(ctx, slog.LevelInfo, "groups removed", "groups", len(list))
		}
		return nil
	})
}

// blocksAge is how old the copy of the blocks may be when somebody is told of.
const blocksAge = 5 * time.Minute

// freshBlocks reads whom the user blocks or mutes, unless that was done a short while ago. Who is new among them disappears from the groups.
func (n *Notifications) freshBlocks(ctx context.Context, age time.Duration) error {
	now := time.Now()
	if !n.blocksAt.IsZero() && now.Sub(n.blocksAt) < age {
		return nil
	}
	var list []string
	if err := db.Prepare(`SELECT blocked_id FROM user_blocks WHERE user_id = ?`).Bind(n.userID).All(ctx, &list); err != nil {
		return fmt.Errorf("notification: read the blocks: %w", err)
	}
	err := n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := n.object.Exec(ctx, `DELETE FROM blocks`); err != nil {
			return err
		}
		for _, id := range list {
			if err := n.object.Exec(ctx, `INSERT OR IGNORE INTO blocks (user_id) VALUES (?)`, id); err != nil {
				return err
			}
		}
		return n.dropActors(ctx, `SELECT user_id FROM blocks`)
	})
	if err == nil {
		n.blocksAt = now
	}
	return err
}

// dropActors takes what some users did out of the groups. query selects them.
func (n *Notifications) dropActors(ctx context.Context, query string, args ...any) error {
	groups, err := durables.All[string](ctx, n.object.SQL(), `SELECT DISTINCT group_id FROM events WHERE present AND actor_id IN (`+query+`)`, args...)
	if err != nil {
		return err
	}
	if err := n.object.Exec(ctx, `UPDATE events SET present = 0 WHERE present AND actor_id IN (`+query+`)`, args...); err != nil {
		return err
	}
	for _, group := range groups {
		if err := n.recount(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// refreshBlocks is called when the user has blocked or muted somebody, or no longer does.
func (n *Notifications) refreshBlocks(ctx context.Context, _ durables.None) (durables.None, error) {
	none := durables.None{}
	if there, err := n.hasAny(ctx); err != nil || !there {
		return none, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return none, err
	}
	if err := n.freshBlocks(ctx, 0); err != nil {
		return none, err
	}
	return none, n.changed(ctx, time.Now())
}
