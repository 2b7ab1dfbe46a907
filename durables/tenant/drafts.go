package tenant

import (
	"context"
	"encoding/json"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/outbox"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
)

// Draft is a text that somebody is working on. Revision counts its saves; who saves says on which one they built.
type Draft struct {
	DraftID  string        `json:"draftId"`
	PostID   string        `json:"postId,omitempty"` // of the post that it will change; "" for a new one
	Slug     string        `json:"slug"`
	Content  string        `json:"content"`
	Metadata DraftMetadata `json:"metadata"`
	Revision int64         `json:"revision"`
	DeviceID string        `json:"deviceId"`
	AuthorID string        `json:"authorId"`
	SavedAt  int64         `json:"lastSaved"` // ms, by the object's clock
}

// DraftMetadata is what a post has besides its text.
type DraftMetadata struct {
	Title string   `json:"title"`
	Tags  []string `json:"tags"`
}

// DraftSave is a draft to keep. BaseRevision is the revision that it was made from, 0 for a new draft.
type DraftSave struct {
	DraftID      string        `json:"draftId"`
	PostID       string        `json:"postId,omitempty"`
	Slug         string        `json:"slug"`
	Content      string        `json:"content"`
	Metadata     DraftMetadata `json:"metadata"`
	BaseRevision int64         `json:"baseRevision"`
	DeviceID     string        `json:"deviceId"`
	AuthorID     string        `json:"authorId"`
}

// DraftSaved is the outcome. Conflict: the draft was saved elsewhere meanwhile, Current is that one and nothing was changed. Problem: it cannot be kept.
type DraftSaved struct {
	Conflict bool   `json:"conflict,omitempty"`
	Deleted  bool   `json:"deleted,omitempty"` // it was published or deleted meanwhile
	Problem  string `json:"problem,omitempty"` // "quota" or "too_large"
	Current  *Draft `json:"current,omitempty"`
}

type draftRow struct {
	Draft
	PostID   *string `json:"post_id"`
	Metadata string  `json:"metadata"`
	Deleted  *int64  `json:"deleted_at"`
}

const draftColumns = `draft_id AS draftId, post_id, slug, content, metadata, revision, device_id AS deviceId, author_id AS authorId, saved_at AS lastSaved, deleted_at`

func (r draftRow) draft() (*Draft, error) {
	d := r.Draft
	if r.PostID != nil {
		d.PostID = *r.PostID
	}
	return &d, json.Unmarshal([]byte(r.Metadata), &d.Metadata)
}

func (t *Tenant) draft(ctx context.Context, id string) (*draftRow, error) {
	r, found, err := durables.First[draftRow](ctx, t.object.SQL(), `SELECT `+draftColumns+` FROM drafts WHERE draft_id = ?`, id)
	if err != nil || !found {
		return nil, err
	}
	return &r, nil
}

// saveDraft keeps a draft if nobody has saved it since the revision that it was made from.
func (t *Tenant) saveDraft(ctx context.Context, s DraftSave) (DraftSaved, error) {
	if !ids.Valid(s.DraftID) || !ids.Valid(s.AuthorID) || s.PostID != "" && !ids.Valid(s.PostID) || len(s.DeviceID) > 100 || len(s.Slug) > 100 {
		return DraftSaved{}, durables.TypeError("saveDraft: draftId, authorId and postId are ids, deviceId and slug have at most 100 bytes")
	}
	c, err := t.current(ctx)
	if err != nil {
		return DraftSaved{}, err
	}
	metadata, err := json.Marshal(s.Metadata)
	if err != nil {
		return DraftSaved{}, err
	}
	if len(s.Content)+len(metadata) > c.Limits.DraftBytes {
		return DraftSaved{Problem: "too_large"}, nil
	}
	before, err := t.draft(ctx, s.DraftID)
	if err != nil {
		return DraftSaved{}, err
	}
	switch {
	case before == nil && s.BaseRevision != 0, before != nil && before.Deleted != nil:
		return DraftSaved{Conflict: true, Deleted: true}, nil
	case before != nil && before.Revision != s.BaseRevision:
		current, err := before.draft()
		if err == nil && current.Content == s.Content && before.Metadata == string(metadata) && current.Slug == s.Slug {
			return DraftSaved{Current: current}, nil // the same save again, whose answer was lost
		}
		return DraftSaved{Conflict: true, Current: current}, err
	case before == nil:
		n, err := durables.One[int](ctx, t.object.SQL(), `SELECT count(*) FROM drafts WHERE deleted_at IS NULL`)
		if err != nil {
			return DraftSaved{}, err
		}
		if n >= c.Limits.Drafts {
			return DraftSaved{Problem: "quota"}, nil
		}
	}
	now := time.Now()
	var post any
	if s.PostID != "" {
		post = s.PostID
	}
	err = t.object.Exec(ctx, `INSERT INTO drafts (draft_id, post_id, slug, content, metadata, revision, device_id, author_id, saved_at) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)
		ON CONFLICT (draft_id) DO UPDATE SET post_id = ?2, slug = ?3, content = ?4, metadata = ?5, revision = revision + 1, device_id = ?6, author_id = ?7, saved_at = ?8`,
		s.DraftID, post, s.Slug, s.Content, string(metadata), s.DeviceID, s.AuthorID, now)
	if err != nil {
		return DraftSaved{}, err
	}
	after, err := t.draft(ctx, s.DraftID)
	if err != nil {
		return DraftSaved{}, err
	}
	current, err := after.draft()
	if err != nil {
		return DraftSaved{}, err
	}
	return DraftSaved{Current: current}, t.tasks.Schedule(ctx, taskCopy, now.Add(copyEvery))
}

func (t *Tenant) getDraft(ctx context.Context, id string) (*Draft, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return nil, err
	}
	r, err := t.draft(ctx, id)
	if err != nil || r == nil || r.Deleted != nil {
		return nil, err
	}
	return r.draft()
}

// listDrafts returns the drafts, the last saved first, without their texts.
func (t *Tenant) listDrafts(ctx context.Context, _ durables.None) ([]Draft, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return nil, err
	}
	list := []Draft{}
	for r, err := range durables.Query[draftRow](ctx, t.object.SQL(), `SELECT `+draftColumns+` FROM drafts WHERE deleted_at IS NULL ORDER BY saved_at DESC, draft_id`) {
		if err != nil {
			return nil, err
		}
		d, err := r.draft()
		if err != nil {
			return nil, err
		}
		d.Content = ""
		list = append(list, *d)
	}
	return list, nil
}

// deleteDraft leaves a mark in the draft's place, so that another device which still has it does not bring it back.
func (t *Tenant) deleteDraft(ctx context.Context, id string) (bool, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return false, err
	}
	now := time.Now()
	gone, err := durables.All[string](ctx, t.object.SQL(), `UPDATE drafts SET content = '', metadata = '{}', revision = revision + 1, deleted_at = ?, saved_at = ?
		WHERE draft_id = ? AND deleted_at IS NULL RETURNING draft_id`, now, now, id)
	if err != nil || len(gone) == 0 {
		return false, err
	}
	return true, t.tasks.Schedule(ctx, taskCopy, now.Add(copyEvery))
}

// keepMarks is how long the mark of a deleted draft stays.
const keepMarks = 30 * 24 * time.Hour

// copyDrafts copies drafts that have changed to D1.
func (t *Tenant) copyDrafts(ctx context.Context) error {
	for {
		type changed struct {
			ID       string `json:"draft_id"`
			Revision int64  `json:"revision"`
		}
		list, err := durables.All[changed](ctx, t.object.SQL(), `SELECT draft_id, revision FROM drafts WHERE copied_revision < revision ORDER BY saved_at LIMIT 20`)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			break
		}
		for _, d := range list {
			err := t.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
				if _, err := t.outbox.Add(ctx, "draft", d.ID); err != nil {
					return err
				}
				return t.object.Exec(ctx, `UPDATE drafts SET copied_revision = ? WHERE draft_id = ?`, d.Revision, d.ID)
			})
			if err != nil {
				return err
			}
		}
		if err := t.outbox.Flush(ctx); err != nil {
			return err
		}
	}
	if err := t.object.Exec(ctx, `DELETE FROM drafts WHERE deleted_at < ?`, time.Now().Add(-keepMarks)); err != nil {
		return err
	}
	return t.outbox.Flush(ctx)
}

// applyDraft copies a draft as it is when it is sent: the latest revision is the one that counts.
func (t *Tenant) applyDraft(ctx context.Context, row outbox.Row) ([]d1.Stmt, error) {
	var id string
	if err := row.Decode(&id); err != nil {
		return nil, err
	}
	r, err := t.draft(ctx, id)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, nil
	}
	var post any
	if r.PostID != nil {
		post = *r.PostID
	}
	var deleted any
	if r.Deleted != nil {
		deleted = *r.Deleted
	}
	return []d1.Stmt{db.Prepare(`INSERT INTO drafts (tenant_id, draft_id, post_id, slug, content, metadata, revision, device_id, author_id, saved_at, deleted_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (tenant_id, draft_id) DO UPDATE SET post_id = ?3, slug = ?4, content = ?5, metadata = ?6,
		revision = ?7, device_id = ?8, author_id = ?9, saved_at = ?10, deleted_at = ?11 WHERE revision < ?7`).
		Bind(t.id, r.DraftID, post, r.Slug, r.Content, r.Metadata, r.Revision, r.DeviceID, r.AuthorID, r.SavedAt, deleted)}, nil
}
