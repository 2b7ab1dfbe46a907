package post

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/durables"
)

const (
	requestsFor = 24 * time.Hour // answers to requests are kept
	namesFor    = time.Hour      // a name is taken as it was read
	tidyEvery   = time.Hour
)

const commentColumns = `id, user_id, content, parent_id, depth, status, seq, created_at, edited_at, deleted_at, moderated_by, moderated_at`

// keep writes a state of a comment down, with a number, and puts it on its way to D1. before is the status that it had, "" for a new comment. A state that no
// flush has begun to send is replaced; a deleted comment that D1 never saw and nobody answered is dropped.
func (p *Post) keep(ctx context.Context, c comment, before string) (comment, error) {
	seq, err := p.next(ctx)
	if err != nil {
		return c, err
	}
	c.Seq = seq
	visible := 0
	if before == Visible {
		visible--
	}
	if c.Status == Visible {
		visible++
	}
	if visible != 0 {
		if err := p.object.Exec(ctx, `INSERT INTO marks (key, value) VALUES (?1, max(0, ?2)) ON CONFLICT (key) DO UPDATE SET value = max(0, value + ?2)`, markVisible, visible); err != nil {
			return c, err
		}
	}
	sent, err := p.withdraw(ctx, c.ID, before != "")
	if err != nil {
		return c, err
	}
	if c.Status == Deleted && !sent {
		_, answered, err := durables.First[int](ctx, p.object.SQL(), `SELECT 1 FROM comments_buffer WHERE parent_id = ? AND status <> 'deleted'`, c.ID)
		if err != nil {
			return c, err
		}
		if !answered {
			if err := p.object.Exec(ctx, `DELETE FROM comments_buffer WHERE id = ?`, c.ID); err != nil {
				return c, err
			}
			return c, p.object.Exec(ctx, `INSERT OR REPLACE INTO dropped (id, seq, at) VALUES (?, ?, ?)`, c.ID, c.Seq, time.Now())
		}
	}
	row, err := p.outbox.Add(ctx, kindComment, c)
	if err != nil {
		return c, err
	}
	return c, p.object.Exec(ctx, `INSERT OR REPLACE INTO comments_buffer (`+commentColumns+`, outbox_seq, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.UserID, c.Content, c.ParentID, c.Depth, c.Status, c.Seq, c.CreatedAt, c.EditedAt, c.DeletedAt, c.ModeratedBy, c.ModeratedAt, row, sent)
}

// withdraw takes the state of a comment back that is on its way to D1, and reports whether D1 may know the comment: it does when it was there before and
// nothing of it waits.
func (p *Post) withdraw(ctx context.Context, id string, before bool) (bool, error) {
	type way struct {
		OutboxSeq int64 `json:"outbox_seq"`
		Sent      bool  `json:"sent"`
	}
	w, found, err := durables.First[way](ctx, p.object.SQL(), `SELECT outbox_seq, sent FROM comments_buffer WHERE id = ?`, id)
	if err != nil || !found {
		return before, err
	}
	withdrawn, err := p.outbox.Withdraw(ctx, w.OutboxSeq)
	return w.Sent || !withdrawn, err
}

// buffered returns the state of a comment that waits here.
func (p *Post) buffered(ctx context.Context, id string) (comment, bool, error) {
	return durables.First[comment](ctx, p.object.SQL(), `SELECT `+commentColumns+` FROM comments_buffer WHERE id = ?`, id)
}

const columnsInD1 = `c.id, c.author_id AS user_id, c.body AS content, c.parent_id, c.depth, c.status, c.seq, c.created_at, c.edited_at, c.deleted_at, c.moderated_by, c.moderated_at`

// find returns a comment of the post, nil when there is none, and for "". What waits here counts before what D1 has.
func (p *Post) find(ctx context.Context, id string) (*comment, error) {
	if id == "" {
		return nil, nil
	}
	if c, found, err := p.buffered(ctx, id); err != nil || found {
		return &c, err
	}
	var c comment
	found, err := db.Prepare(`SELECT `+columnsInD1+` FROM comments c WHERE c.id = ? AND c.post_id = ? AND c.tenant_id = ?`).Bind(id, p.postID, p.tenantID).First(ctx, &c)
	if err != nil {
		return nil, fmt.Errorf("post: read a comment: %w", err)
	}
	if newer, there, err := p.buffered(ctx, id); err != nil || there && newer.Seq > c.Seq {
		return &newer, err
	}
	if !found {
		return nil, nil
	}
	return &c, nil
}

// name returns what a user is called, "" when it cannot be known just now.
func (p *Post) name(ctx context.Context, userID string) (string, error) {
	now := time.Now()
	type known struct {
		Name     string    `json:"name"`
		LoadedAt time.Time `json:"loaded_at"`
	}
	k, found, err := durables.First[known](ctx, p.object.SQL(), `SELECT name, loaded_at FROM people WHERE user_id = ?`, userID)
	if err != nil || found && (now.Sub(k.LoadedAt) < namesFor || now.Before(p.retryAt)) || userID == "" {
		return k.Name, err
	}
	var name string
	if there, err := db.Prepare(`SELECT name FROM users WHERE id = ?`).Bind(userID).First(ctx, &name); err != nil || !there {
		return k.Name, nil
	}
	return name, p.object.Exec(ctx, `INSERT INTO people (user_id, name, loaded_at) VALUES (?1, ?2, ?3) ON CONFLICT (user_id) DO UPDATE SET name = ?2, loaded_at = ?3`, userID, name, now)
}

// approved reports whether a comment of the user was shown on this site before. When that cannot be known the answer is no: the comment waits.
func (p *Post) approved(ctx context.Context, userID string) (bool, error) {
	_, found, err := durables.First[int](ctx, p.object.SQL(), `SELECT 1 FROM people WHERE user_id = ?1 AND approved UNION ALL SELECT 1 FROM comments_buffer WHERE user_id = ?1 AND status = 'visible'`, userID)
	if err != nil || found {
		return found, err
	}
	var n int
	there, err := db.Prepare(`SELECT 1 FROM comments WHERE author_id = ? AND tenant_id = ? AND status = 'visible' LIMIT 1`).Bind(userID, p.tenantID).First(ctx, &n)
	if err != nil || !there {
		return false, nil
	}
	return true, p.object.Exec(ctx, `UPDATE people SET approved = 1 WHERE user_id = ?`, userID)
}

// answered returns what was answered to a request of the user before.
func (p *Post) answered(ctx context.Context, userID, requestID string) (string, bool, error) {
	if requestID == "" {
		return "", false, nil
	}
	return durables.First[string](ctx, p.object.SQL(), `SELECT result FROM requests WHERE user_id = ? AND request_id = ?`, userID, requestID)
}

func (p *Post) answer(ctx context.Context, userID, requestID string, comment int, result any, now time.Time) error {
	if requestID == "" {
		return nil
	}
	text, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return p.object.Exec(ctx, `INSERT INTO requests (user_id, request_id, comment, result, at) VALUES (?, ?, ?, ?, ?)`, userID, requestID, comment, string(text), now)
}

func (p *Post) scheduleTidy(ctx context.Context, now time.Time) error {
	if _, scheduled, err := p.tasks.Scheduled(ctx, taskTidy); err != nil || scheduled {
		return err
	}
	return p.tasks.Schedule(ctx, taskTidy, now.Add(requestsFor))
}

// tidy forgets answers to old requests and comments that D1 never saw, and comes again while there are others.
func (p *Post) tidy(ctx context.Context) error {
	before := time.Now().Add(-requestsFor)
	if err := p.object.Exec(ctx, `DELETE FROM requests WHERE at <= ?`, before); err != nil {
		return err
	}
	gone, err := durables.One[*int64](ctx, p.object.SQL(), `SELECT max(seq) FROM dropped WHERE at <= ?`, before)
	if err != nil {
		return err
	}
	if gone != nil {
		if err := p.raise(ctx, markDropped, *gone); err != nil {
			return err
		}
		if err := p.object.Exec(ctx, `DELETE FROM dropped WHERE at <= ?`, before); err != nil {
			return err
		}
	}
	left, err := durables.One[int](ctx, p.object.SQL(), `SELECT (SELECT count(*) FROM requests) + (SELECT count(*) FROM dropped)`)
	if err != nil || left == 0 {
		return err
	}
	return p.tasks.Schedule(ctx, taskTidy, time.Now().Add(tidyEvery))
}
