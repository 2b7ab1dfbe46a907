package notification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
)

// An object that has stored nothing takes in what D1 has of it, when it is used first: it may have lost its storage, and its user has not lost their notifications. D1's copy is less than
// the object had: of a group the latest actors (copiedActors), and not which of their reactions or comments it was.

// unnamed is the reference of a restored event: the copy does not say it.
const unnamed = "*"

// hasAny reports whether there is anything of the user's, here or in the copy, which is taken in then.
func (n *Notifications) hasAny(ctx context.Context) (bool, error) {
	there, err := n.object.Exists(ctx)
	if err != nil || there {
		return there, err
	}
	groups, err := n.copied(ctx)
	if err != nil || len(groups) == 0 {
		return false, err
	}
	return true, n.restore(ctx, groups)
}

// shows is hasAny for those who only look: when the copy cannot be read, they see nothing of it, and the next one looks again.
func (n *Notifications) shows(ctx context.Context) (bool, error) {
	any, err := n.hasAny(ctx)
	if errors.Is(err, errCopy) {
		n.object.Log(ctx, slog.LevelWarn, "copy not read", "error", err)
		return false, nil
	}
	return any, err
}

var errCopy = errors.New("notification: the copy cannot be read")

// prepare makes the tables exist, for something that is to be stored. It fails when it cannot be known what else belongs there: whoever asks tries again.
func (n *Notifications) prepare(ctx context.Context) error {
	there, err := n.object.Exists(ctx)
	if err != nil {
		return err
	}
	if there {
		return n.object.Prepare(ctx)
	}
	groups, err := n.copied(ctx)
	if err != nil {
		return err
	}
	return n.restore(ctx, groups)
}

// copiedRow is a group as D1 has it.
type copiedRow struct {
	groupRow
	Actors string `json:"actors"` // JSON, the latest first
}

// copied is the copy in D1. It is asked for once by an instance that it has nothing for.
func (n *Notifications) copied(ctx context.Context) (groups []copiedRow, err error) {
	if n.noCopy {
		return nil, nil
	}
	err = db.Prepare(`SELECT id, type, group_key, target_type, target_id, first_at, last_at, actor_count, read_at, actors FROM notifications WHERE user_id = ? AND last_at > ?
		ORDER BY last_at DESC, id DESC LIMIT ?`).Bind(n.userID, time.Now().Add(-Keep), MaxGroups).All(ctx, &groups)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCopy, err)
	}
	n.noCopy = len(groups) == 0
	return groups, nil
}

// restore makes the tables, with those groups, unless another call was faster.
func (n *Notifications) restore(ctx context.Context, groups []copiedRow) error {
	there, err := n.object.Exists(ctx)
	if err != nil {
		return err
	}
	if err := n.object.Prepare(ctx); err != nil || there || len(groups) == 0 {
		return err
	}
	err = n.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		for _, g := range groups {
			if err := n.restoreGroup(ctx, g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	n.object.Log(ctx, slog.LevelWarn, "groups taken in from the copy", "groups", len(groups))
	return n.changed(ctx, time.Now())
}

func (n *Notifications) restoreGroup(ctx context.Context, g copiedRow) error {
	var actors []string
	if err := json.Unmarshal([]byte(g.Actors), &actors); err != nil {
		return fmt.Errorf("notification: actors in D1: %w", err)
	}
	for i, actor := range actors {
		e := Event{Type: g.Type, ActorID: actor, TargetType: g.TargetType, TargetID: g.TargetID, Reference: unnamed}
		// The order is that of the copy. An actor of two groups of one key is in the latest.
		if err := n.object.Exec(ctx, `INSERT OR IGNORE INTO events (id, group_id, actor_id, present, at, seq) VALUES (?, ?, ?, 1, ?, ?)`, e.id(), g.ID, actor, g.LastAt, -i); err != nil {
			return err
		}
	}
	return n.object.Exec(ctx, `INSERT INTO notifications (id, type, group_key, target_type, target_id, first_at, last_at, actor_count, read_at, copied_revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
		g.ID, g.Type, g.GroupKey, g.TargetType, g.TargetID, g.FirstAt, g.LastAt, g.ActorCount, g.ReadAt)
}

// event returns what was said of an event last. One that was restored takes the name of the first that can be it: told no later than what was restored, or taken back.
func (n *Notifications) event(ctx context.Context, e Event, taken bool) (known, bool, error) {
	const query = `SELECT group_id, present, at, seq FROM events WHERE id = ?`
	k, found, err := durables.First[known](ctx, n.object.SQL(), query, e.id())
	if err != nil || found {
		return k, found, err
	}
	restored := e
	restored.Reference = unnamed
	if err := n.object.Exec(ctx, `UPDATE events SET id = ? WHERE id = ? AND (? OR at >= ?)`, e.id(), restored.id(), taken, e.At); err != nil {
		return k, false, err
	}
	return durables.First[known](ctx, n.object.SQL(), query, e.id())
}
