package post

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
)

// Export is what the post has of a user, here and in D1.
type Export struct {
	Comments  []Comment          `json:"comments,omitempty"`
	Reactions []ExportedReaction `json:"reactions,omitempty"`
}

// ExportedReaction is a reaction of the user.
type ExportedReaction struct {
	Type string `json:"type"`
	At   int64  `json:"at"` // ms
}

const maxExport = 10_000 // comments of one user on one post

// export returns everything that a user wrote and gave here, the oldest first. It stores nothing in an object that has nothing.
func (p *Post) export(ctx context.Context, userID string) (out Export, err error) {
	if !ids.Valid(userID) {
		return out, durables.TypeError("export: userId is not an id")
	}
	var inD1 []entry
	err = db.Prepare(`SELECT `+entryColumns+` AND c.author_id = ? ORDER BY c.created_at, c.id LIMIT ?`).Bind(p.postID, p.tenantID, userID, maxExport).All(ctx, &inD1)
	if err != nil {
		return out, fmt.Errorf("post: export: %w", err)
	}
	latest := map[string]entry{}
	for _, e := range inD1 {
		latest[e.ID] = e
	}
	there, err := p.object.Exists(ctx)
	if err != nil {
		return out, err
	}
	if there {
		if err := p.object.Prepare(ctx); err != nil {
			return out, err
		}
		waiting, err := durables.All[entry](ctx, p.object.SQL(), `SELECT `+bufferColumns+` WHERE c.user_id = ?`, userID)
		if err != nil {
			return out, err
		}
		for _, e := range waiting {
			if e.Seq >= latest[e.ID].Seq {
				latest[e.ID] = e
			}
		}
		if out.Reactions, err = durables.All[ExportedReaction](ctx, p.object.SQL(), `SELECT reaction_type AS type, created_at AS at FROM reactions WHERE user_id = ? AND present ORDER BY created_at, reaction_type`, userID); err != nil {
			return out, err
		}
	} else if err := db.Prepare(`SELECT type, created_at AS at FROM reactions WHERE post_id = ? AND user_id = ? AND present ORDER BY created_at, type`).
		Bind(p.postID, userID).All(ctx, &out.Reactions); err != nil {
		return out, fmt.Errorf("post: export: %w", err)
	}
	list := make([]entry, 0, len(latest))
	for _, e := range latest {
		list = append(list, e)
	}
	for _, e := range sorted(list) {
		c := e.shown(e.Name)
		c.AuthorID, c.Content = e.UserID, e.Content // their own, whether it is shown or not
		out.Comments = append(out.Comments, c)
	}
	return out, nil
}

// erase forgets a user here and in D1. Of their comments only the places stay where others answered. It may be repeated.
func (p *Post) erase(ctx context.Context, userID string) (durables.None, error) {
	none := durables.None{}
	if !ids.Valid(userID) {
		return none, durables.TypeError("erase: userId is not an id")
	}
	there, err := p.object.Exists(ctx)
	if err != nil {
		return none, err
	}
	if there {
		if err := p.object.Prepare(ctx); err != nil {
			return none, err
		}
		if err := p.sendAll(ctx); err != nil { // what is under way must not arrive after it was erased
			return none, err
		}
	}
	var written []string
	if err := db.Prepare(`SELECT id FROM comments WHERE post_id = ? AND tenant_id = ? AND author_id = ?`).Bind(p.postID, p.tenantID, userID).All(ctx, &written); err != nil {
		return none, fmt.Errorf("post: erase: %w", err)
	}
	var seq int64
	if there {
		if seq, err = p.next(ctx); err != nil {
			return none, err
		}
	}
	now := time.Now()
	_, err = db.Batch(ctx,
		db.Prepare(`UPDATE comments SET author_id = '', body = '', status = 'deleted', deleted_at = coalesce(deleted_at, ?1), seq = max(seq, ?2) WHERE post_id = ?3 AND tenant_id = ?4 AND author_id = ?5`).
			Bind(now, seq, p.postID, p.tenantID, userID),
		db.Prepare(`UPDATE comments SET moderated_by = NULL WHERE post_id = ? AND tenant_id = ? AND moderated_by = ?`).Bind(p.postID, p.tenantID, userID),
		db.Prepare(`DELETE FROM reactions WHERE post_id = ? AND user_id = ?`).Bind(p.postID, userID),
		db.Prepare(`DELETE FROM dead_letters WHERE source = ? AND instr(payload, ?) > 0`).Bind("PostDO "+p.object.Name(), userID))
	if err != nil {
		return none, fmt.Errorf("post: erase: %w", err)
	}
	if !there {
		return none, nil
	}
	return none, p.forgetUser(ctx, userID, written, seq, now)
}

// forgetUser forgets a user of whom D1 has nothing any more.
func (p *Post) forgetUser(ctx context.Context, userID string, written []string, seq int64, now time.Time) error {
	p.first = firstPage{}
	err := p.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		for _, statement := range []string{`UPDATE comments_buffer SET moderated_by = NULL WHERE moderated_by = ?`, `DELETE FROM reactions WHERE user_id = ?`, `DELETE FROM comments_buffer WHERE user_id = ?`, `DELETE FROM requests WHERE user_id = ?`,
			`DELETE FROM outbox WHERE kind = 'comment' AND batch IS NULL AND payload ->> 'user_id' = ?`, `DELETE FROM people WHERE user_id = ?`, `DELETE FROM blocked WHERE user_id = ?`, `DELETE FROM notices WHERE ? IN (user_id, actor_id)`} {
			if err := p.object.Exec(ctx, statement, userID); err != nil {
				return err
			}
		}
		if err := p.raise(ctx, markFlushed, seq); err != nil {
			return err
		}
		for _, statement := range []string{`DELETE FROM reaction_counts`,
			`INSERT INTO reaction_counts (reaction_type, count) SELECT reaction_type, count(*) FROM reactions WHERE present GROUP BY reaction_type`} {
			if err := p.object.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range written {
		p.broadcast(ctx, Message{Type: "comment_deleted", CommentID: id, Seq: seq})
	}
	var visible int64
	if _, err := db.Prepare(`SELECT count(*) FROM comments WHERE post_id = ? AND tenant_id = ? AND status = 'visible'`).Bind(p.postID, p.tenantID).First(ctx, &visible); err != nil {
		return fmt.Errorf("post: erase: %w", err)
	}
	if waiting, err := durables.One[int](ctx, p.object.SQL(), `SELECT count(*) FROM comments_buffer`); err != nil {
		return err
	} else if waiting == 0 {
		if err := p.setMark(ctx, markVisible, visible); err != nil {
			return err
		}
	}
	return p.tasks.Schedule(ctx, taskCounts, now)
}

// destroy forgets everything, for a post that is deleted: sockets are closed, and D1 gets what it has not got yet. While D1 cannot be reached it fails and
// is tried again by a task; the caller may try too.
func (p *Post) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	p.closeAll(ctx, "this post is gone")
	there, err := p.object.Exists(ctx)
	if err != nil || !there {
		return durables.None{}, err
	}
	if err := p.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	if err := p.bar(ctx); err != nil {
		return durables.None{}, err
	}
	if err := p.tasks.Schedule(ctx, taskDestroy, time.Now().Add(commentsEvery)); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, p.destroyDeleted(ctx)
}

// bar has the object take nothing more in.
func (p *Post) bar(ctx context.Context) error {
	s, _, found, err := p.stored(ctx)
	if err != nil || !found {
		return err
	}
	s.Status = "deleted"
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return p.object.Exec(ctx, `UPDATE settings SET value = ?, loaded_at = ?`, string(text), time.Now())
}

// destroyDeleted sends what waits and forgets everything.
func (p *Post) destroyDeleted(ctx context.Context) error {
	p.closeAll(ctx, "this post is gone")
	if err := p.sendAll(ctx); err != nil {
		return err
	}
	if waiting, err := p.outbox.Backlog(ctx); err != nil {
		return err
	} else if waiting.Rows > 0 {
		return fmt.Errorf("post: %d rows were added while the last were sent", waiting.Rows)
	}
	if err := p.sendEvents(ctx); err != nil { // they are only numbers: the post does not stay for them
		p.object.Log(ctx, slog.LevelWarn, "events not counted", "error", err)
	}
	p.first, p.viewers = firstPage{}, map[*durables.WebSocket]*viewer{}
	p.object.Log(ctx, slog.LevelInfo, "destroyed")
	return p.object.Forget(ctx)
}
