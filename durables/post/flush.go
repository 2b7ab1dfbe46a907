package post

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/workers/d1"
)

// Kinds of rows of the outbox.
const (
	kindComment   = "comment"   // a state of a comment
	kindReactions = "reactions" // states of up to chunk reactions
	kindCounts    = "counts"
)

const chunk = 100

// flush sends all that waits to D1.
func (p *Post) flush(ctx context.Context, _ durables.None) (durables.None, error) {
	if there, err := p.object.Exists(ctx); err != nil || !there {
		return durables.None{}, err
	}
	if err := p.object.Prepare(ctx); err != nil {
		return durables.None{}, err
	}
	return durables.None{}, p.sendAll(ctx)
}

// sendAll puts reactions and counts that have changed into the outbox and sends it.
func (p *Post) sendAll(ctx context.Context) error {
	for {
		more := false
		err := p.state.Storage().TransactionSync(ctx, func(ctx context.Context) (err error) {
			more, err = p.packReactions(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	if err := p.state.Storage().TransactionSync(ctx, p.packCounts); err != nil {
		return err
	}
	return p.outbox.Flush(ctx)
}

// packReactions puts reactions that have changed into a row of the outbox, and reports whether there may be more.
func (p *Post) packReactions(ctx context.Context) (bool, error) {
	rows, err := durables.All[reactionRow](ctx, p.object.SQL(), `SELECT user_id, reaction_type, present, created_at, seq FROM reactions WHERE copied_seq < seq ORDER BY seq LIMIT ?`, chunk)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if _, err := p.outbox.Add(ctx, kindReactions, rows); err != nil {
		return false, err
	}
	return len(rows) == chunk, p.object.Exec(ctx, `UPDATE reactions SET copied_seq = seq WHERE copied_seq < seq AND seq <= ?`, rows[len(rows)-1].Seq)
}

// counted are the counts of the post as of a seq.
type counted struct {
	Reactions map[string]int64 `json:"reactions"`
	Comments  int64            `json:"comments"`
	Seq       int64            `json:"seq"`
	At        int64            `json:"at"` // ms
}

func (p *Post) packCounts(ctx context.Context) error {
	c := counted{At: time.Now().UnixMilli()}
	var err error
	if c.Seq, err = p.mark(ctx, markSeq); err != nil {
		return err
	}
	before, err := p.mark(ctx, markCounted)
	if err != nil || before >= c.Seq {
		return err
	}
	if c.Comments, err = p.mark(ctx, markVisible); err != nil {
		return err
	}
	if c.Reactions, err = p.counts(ctx); err != nil {
		return err
	}
	if _, err := p.outbox.Add(ctx, kindCounts, c); err != nil {
		return err
	}
	return p.setMark(ctx, markCounted, c.Seq)
}

func (p *Post) applyComment(_ context.Context, row outbox.Row) ([]d1.Stmt, error) {
	var c comment
	if err := row.Decode(&c); err != nil {
		return nil, err
	}
	return []d1.Stmt{db.Prepare(`INSERT INTO comments (id, tenant_id, post_id, author_id, parent_id, depth, body, status, seq, created_at, edited_at, deleted_at, moderated_by, moderated_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id) DO UPDATE SET body = ?7, status = ?8, seq = ?9, edited_at = ?11, deleted_at = ?12,
		moderated_by = ?13, moderated_at = ?14 WHERE seq < ?9 AND post_id = ?3`).
		Bind(c.ID, p.tenantID, p.postID, c.UserID, c.ParentID, c.Depth, c.Content, c.Status, c.Seq, c.CreatedAt, c.EditedAt, c.DeletedAt, c.ModeratedBy, c.ModeratedAt)}, nil
}

func (p *Post) applyReactions(_ context.Context, row outbox.Row) ([]d1.Stmt, error) {
	return []d1.Stmt{db.Prepare(`INSERT INTO reactions (post_id, user_id, type, tenant_id, present, seq, created_at)
		SELECT ?1, value ->> 'user_id', value ->> 'reaction_type', ?2, value ->> 'present', value ->> 'seq', value ->> 'created_at' FROM json_each(?3) WHERE true
		ON CONFLICT (post_id, user_id, type) DO UPDATE SET present = excluded.present, seq = excluded.seq, created_at = excluded.created_at WHERE seq < excluded.seq`).
		Bind(p.postID, p.tenantID, row.Payload)}, nil
}

func (p *Post) applyCounts(_ context.Context, row outbox.Row) ([]d1.Stmt, error) {
	var c counted
	if err := row.Decode(&c); err != nil {
		return nil, err
	}
	reactions, err := json.Marshal(c.Reactions)
	if err != nil {
		return nil, err
	}
	return []d1.Stmt{db.Prepare(`INSERT INTO post_counters (post_id, tenant_id, reactions, comments, as_of_seq, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
		ON CONFLICT (post_id) DO UPDATE SET reactions = ?3, comments = ?4, as_of_seq = ?5, updated_at = ?6 WHERE as_of_seq < ?5`).
		Bind(p.postID, p.tenantID, string(reactions), c.Comments, c.Seq, c.At)}, nil
}

// sent removes states of comments that D1 has, unless there are newer ones.
func (p *Post) sent(ctx context.Context, rows []outbox.Row) error {
	for _, row := range rows {
		if row.Kind != kindComment {
			continue
		}
		var c comment
		if err := row.Decode(&c); err != nil {
			return fmt.Errorf("post: %w", err)
		}
		p.first = firstPage{}
		if err := p.object.Exec(ctx, `DELETE FROM comments_buffer WHERE id = ? AND seq <= ?`, c.ID, c.Seq); err != nil {
			return err
		}
		if err := p.object.Exec(ctx, `UPDATE comments_buffer SET sent = 1 WHERE id = ?`, c.ID); err != nil {
			return err
		}
		if err := p.raise(ctx, markFlushed, c.Seq); err != nil {
			return err
		}
	}
	return nil
}

// retryLetter sends a row again that D1 had refused.
func (p *Post) retryLetter(ctx context.Context, l outbox.Letter) (durables.None, error) {
	none := durables.None{}
	if err := p.object.Prepare(ctx); err != nil {
		return none, err
	}
	if err := p.outbox.Requeue(ctx, l); err != nil {
		return none, err
	}
	return none, p.tasks.Schedule(ctx, taskComments, time.Now())
}
