package tenant

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/workers/grove/ids"
)

// ExportQuery asks for a part of what only the object holds. AuthorID restricts it to the drafts of one writer, After is the last draft of the part before.
type ExportQuery struct {
	AuthorID string `json:"authorId,omitempty"`
	After    string `json:"after,omitempty"`
	Limit    int    `json:"limit"` // 1 to 50
}

// ExportPart is a part of an export. More says that another follows.
type ExportPart struct {
	Drafts []Draft `json:"drafts"`
	More   bool    `json:"more,omitempty"`
}

// export returns drafts with their texts, as they are now: D1 has copies that may be minutes old. Everything else that the object holds is a copy of D1, or is
// counted and forgotten.
func (t *Tenant) export(ctx context.Context, q ExportQuery) (ExportPart, error) {
	part := ExportPart{Drafts: []Draft{}}
	if q.Limit < 1 || q.Limit > 50 {
		return part, durables.TypeError("export: limit is from 1 to 50")
	}
	if there, err := t.object.Exists(ctx); err != nil || !there {
		return part, err
	}
	if err := t.object.Prepare(ctx); err != nil {
		return part, err
	}
	rows, err := durables.All[draftRow](ctx, t.object.SQL(), `SELECT `+draftColumns+` FROM drafts WHERE deleted_at IS NULL AND draft_id > ?1
		AND (?2 = '' OR author_id = ?2) ORDER BY draft_id LIMIT ?3`, q.After, q.AuthorID, q.Limit+1)
	if err != nil {
		return part, err
	}
	if part.More = len(rows) > q.Limit; part.More {
		rows = rows[:q.Limit]
	}
	for _, r := range rows {
		d, err := r.draft()
		if err != nil {
			return part, err
		}
		part.Drafts = append(part.Drafts, *d)
	}
	return part, nil
}

// erase forgets a user: drafts, here and in D1, the copied membership, and what was counted under their name. Their sockets are closed. It may be repeated.
func (t *Tenant) erase(ctx context.Context, userID string) (durables.None, error) {
	none := durables.None{}
	if !ids.Valid(userID) {
		return none, durables.TypeError("erase: userId is not an id")
	}
	if there, err := t.object.Exists(ctx); err != nil || !there {
		return none, err
	}
	if err := t.object.Prepare(ctx); err != nil {
		return none, err
	}
	if err := t.closeUser(ctx, userID, "the account is gone"); err != nil {
		return none, err
	}
	// D1 first, after the rows here that could still write it: should D1 fail, this is done again.
	_, err := durables.All[string](ctx, t.object.SQL(), `DELETE FROM drafts WHERE author_id = ? RETURNING draft_id`, userID)
	if err != nil {
		return none, err
	}
	t.roles++
	if err := t.object.Exec(ctx, `DELETE FROM members WHERE user_id = ?`, userID); err != nil {
		return none, err
	}
	if err := t.object.Exec(ctx, `DELETE FROM rate_limits WHERE instr(key, ?) > 0`, userID); err != nil {
		return none, err
	}
	if _, err := db.Prepare(`DELETE FROM drafts WHERE tenant_id = ? AND author_id = ?`).Bind(t.id, userID).Run(ctx); err != nil {
		return none, fmt.Errorf("tenant: erase: %w", err)
	}
	return none, nil
}

// closeUser closes the dashboards of a user.
func (t *Tenant) closeUser(ctx context.Context, userID, reason string) error {
	sockets, err := t.state.GetWebSockets(ctx, tagLive)
	if err != nil {
		return err
	}
	for _, ws := range sockets {
		var who live
		if _, err := ws.DeserializeAttachment(ctx, &who); err == nil && who.UserID == userID {
			_ = ws.Close(ctx, CloseForbidden, reason)
		}
	}
	return nil
}

// retryLetter sends a row again that D1 had refused.
func (t *Tenant) retryLetter(ctx context.Context, l outbox.Letter) (durables.None, error) {
	none := durables.None{}
	if err := t.object.Prepare(ctx); err != nil {
		return none, err
	}
	if err := t.outbox.Requeue(ctx, l); err != nil {
		return none, err
	}
	return none, t.tasks.Schedule(ctx, taskTrails, time.Now())
}

// Rebuilt says what was read from D1.
type Rebuilt struct {
	Drafts int `json:"drafts"` // that were not here, or older
}

// rebuild makes the object's copies anew from D1: the configuration, the members and the trails at the next use, and the drafts that are not here or older here
// than in D1. What only the object holds stays.
func (t *Tenant) rebuild(ctx context.Context, _ durables.None) (out Rebuilt, err error) {
	if _, err := t.invalidate(ctx, durables.None{}); err != nil {
		return out, err
	}
	if err := t.object.Exec(ctx, `DELETE FROM trails`); err != nil { // waypoints that wait are in the outbox
		return out, err
	}
	if err := t.outbox.Restart(ctx); err != nil {
		return out, err
	}
	type copied struct {
		DraftID  string  `json:"draft_id"`
		PostID   *string `json:"post_id"`
		Slug     string  `json:"slug"`
		Content  string  `json:"content"`
		Metadata string  `json:"metadata"`
		Revision int64   `json:"revision"`
		DeviceID string  `json:"device_id"`
		AuthorID string  `json:"author_id"`
		SavedAt  int64   `json:"saved_at"`
		Deleted  *int64  `json:"deleted_at"`
	}
	for after := ""; ; {
		var list []copied
		err := db.Prepare(`SELECT draft_id, post_id, slug, content, metadata, revision, device_id, author_id, saved_at, deleted_at FROM drafts
			WHERE tenant_id = ? AND draft_id > ? ORDER BY draft_id LIMIT 20`).Bind(t.id, after).All(ctx, &list)
		if err != nil {
			return out, fmt.Errorf("tenant: rebuild: %w", err)
		}
		for _, d := range list {
			kept, err := durables.All[string](ctx, t.object.SQL(), `INSERT INTO drafts (draft_id, post_id, slug, content, metadata, revision, device_id, author_id, saved_at, deleted_at,
				copied_revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?6) ON CONFLICT (draft_id) DO UPDATE SET post_id = ?2, slug = ?3, content = ?4, metadata = ?5,
				revision = ?6, device_id = ?7, author_id = ?8, saved_at = ?9, deleted_at = ?10, copied_revision = ?6 WHERE revision < ?6 RETURNING draft_id`,
				d.DraftID, d.PostID, d.Slug, d.Content, d.Metadata, d.Revision, d.DeviceID, d.AuthorID, d.SavedAt, d.Deleted)
			if err != nil {
				return out, err
			}
			out.Drafts += len(kept)
			after = d.DraftID
		}
		if len(list) < 20 {
			return out, nil
		}
	}
}
