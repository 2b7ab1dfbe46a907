package notification

import (
	"context"
	"encoding/json"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// kindGroup is a row of the outbox: D1 gets the group of that id as it is when the row is sent, or loses it when it is gone here.
const kindGroup = "group"

// scheduleCopy has the groups that have changed copied soon. An object in which nothing has changed is not woken.
func (n *Notifications) scheduleCopy(ctx context.Context, now time.Time) error {
	waits, err := durables.One[bool](ctx, n.object.SQL(), `SELECT EXISTS (SELECT 1 FROM notifications WHERE copied_revision < revision) OR EXISTS (SELECT 1 FROM outbox)`)
	if err != nil || !waits {
		return err
	}
	if _, scheduled, err := n.tasks.Scheduled(ctx, taskCopy); err != nil || scheduled {
		return err
	}
	return n.tasks.Schedule(ctx, taskCopy, now.Add(copyEvery))
}

// copyGroups copies groups that have changed to D1.
func (n *Notifications) copyGroups(ctx context.Context) error {
	if err := n.object.Prepare(ctx); err != nil {
		return err
	}
	for {
		type changed struct {
			ID       string `json:"id"`
			Revision int64  `json:"revision"`
		}
		list, err := durables.All[changed](ctx, n.object.SQL(), `SELECT id, revision FROM notifications WHERE copied_revision < revision LIMIT 50`)
		if err != nil {
			return err
		}
		err = n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
			for _, g := range list {
				if _, err := n.outbox.Add(ctx, kindGroup, g.ID); err != nil {
					return err
				}
				if err := n.object.Exec(ctx, `UPDATE notifications SET copied_revision = ? WHERE id = ?`, g.Revision, g.ID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := n.outbox.Flush(ctx); err != nil || len(list) == 0 {
			return err
		}
	}
}

func (n *Notifications) applyGroup(ctx context.Context, row outbox.Row) ([]d1.Stmt, error) {
	var id string
	if err := row.Decode(&id); err != nil {
		return nil, err
	}
	g, found, err := durables.First[groupRow](ctx, n.object.SQL(), `SELECT `+groupColumns+` FROM notifications WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return []d1.Stmt{db.Prepare(`DELETE FROM notifications WHERE user_id = ? AND id = ?`).Bind(n.userID, id)}, nil
	}
	actors, err := n.actors(ctx, id, copiedActors)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(actors)
	if err != nil {
		return nil, err
	}
	var retracted any
	if g.ActorCount == 0 {
		retracted = time.Now()
	}
	return []d1.Stmt{db.Prepare(`INSERT INTO notifications (user_id, id, type, group_key, target_type, target_id, actors, actor_count, first_at, last_at, read_at, retracted_at, seq)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (user_id, id) DO UPDATE SET actors = ?7, actor_count = ?8, last_at = ?10,
		read_at = ?11, retracted_at = ?12, seq = ?13 WHERE seq < ?13`).
		Bind(n.userID, g.ID, g.Type, g.GroupKey, g.TargetType, g.TargetID, string(list), g.ActorCount, g.FirstAt, g.LastAt, g.ReadAt, retracted, row.Seq)}, nil
}

// Export is what the object holds about a user.
type Export struct {
	Notifications []Notification `json:"notifications,omitempty"` // the object's own user's
	Acts          []Act          `json:"acts,omitempty"`          // what another user did
}

// Act is something that another user did, as this object holds it.
type Act struct {
	Event string `json:"event"`
	At    int64  `json:"at"` // ms
}

// export returns everything about a user: their notifications where they are the object's own, what they did where they are another's actor.
func (n *Notifications) export(ctx context.Context, userID string) (out Export, err error) {
	if there, err := n.hasAny(ctx); err != nil || !there {
		return out, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return out, err
	}
	if userID != n.userID {
		out.Acts, err = durables.All[Act](ctx, n.object.SQL(), `SELECT id AS event, at FROM events WHERE actor_id = ? ORDER BY at, id`, userID)
		return out, err
	}
	rows, err := durables.All[groupRow](ctx, n.object.SQL(), `SELECT `+groupColumns+` FROM notifications ORDER BY last_at DESC, id DESC`)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		actors, err := n.actors(ctx, r.ID, int(r.ActorCount))
		if err != nil {
			return out, err
		}
		out.Notifications = append(out.Notifications, Notification{r.ID, r.Type, r.TargetType, r.TargetID, actors, r.ActorCount, r.FirstAt, r.LastAt, r.ReadAt})
	}
	return out, nil
}

// erase forgets a user: everything where they are the object's own, what they did where they are another's actor. It may be repeated.
func (n *Notifications) erase(ctx context.Context, userID string) (durables.None, error) {
	none := durables.None{}
	if !ids.Valid(userID) {
		return none, durables.TypeError("erase: userId is not an id")
	}
	if there, err := n.hasAny(ctx); err != nil || !there {
		return none, err
	}
	if userID == n.userID {
		if _, err := db.Prepare(`DELETE FROM notifications WHERE user_id = ?`).Bind(n.userID).Run(ctx); err != nil {
			return none, err
		}
		return n.destroy(ctx, none)
	}
	if err := n.object.Prepare(ctx); err != nil {
		return none, err
	}
	err := n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		if err := n.dropActors(ctx, `SELECT ?`, userID); err != nil {
			return err
		}
		if err := n.object.Exec(ctx, `DELETE FROM events WHERE actor_id = ?`, userID); err != nil {
			return err
		}
		return n.object.Exec(ctx, `DELETE FROM blocks WHERE user_id = ?`, userID)
	})
	if err != nil {
		return none, err
	}
	return none, n.changed(ctx, time.Now())
}

// destroy forgets everything, for a user who is gone. Sockets are closed.
func (n *Notifications) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	n.closeAll(ctx)
	n.blocksAt, n.shown, n.noCopy = time.Time{}, -1, true
	return durables.None{}, n.object.Forget(ctx)
}

// retryLetter sends a row again that D1 had refused.
func (n *Notifications) retryLetter(ctx context.Context, l outbox.Letter) (durables.None, error) {
	none := durables.None{}
	if err := n.object.Prepare(ctx); err != nil {
		return none, err
	}
	if err := n.outbox.Requeue(ctx, l); err != nil {
		return none, err
	}
	return none, n.tasks.Schedule(ctx, taskCopy, time.Now())
}

// rebuild makes the copy in D1 anew: the object has the events, D1 only what they add up to. It is for an object that was restored to an earlier
// time; one that lost everything takes the copy in.
func (n *Notifications) rebuild(ctx context.Context, _ durables.None) (durables.None, error) {
	none := durables.None{}
	if there, err := n.hasAny(ctx); err != nil || !there {
		return none, err
	}
	if err := n.object.Prepare(ctx); err != nil {
		return none, err
	}
	n.blocksAt = time.Time{}
	if err := n.outbox.Restart(ctx); err != nil {
		return none, err
	}
	if err := n.object.Exec(ctx, `UPDATE notifications SET revision = revision + 1`); err != nil {
		return none, err
	}
	return none, n.scheduleCopy(ctx, time.Now())
}
