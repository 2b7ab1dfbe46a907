package posts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/ids"
)

// What can be wrong with a change.
var (
	ErrMissing   = errors.New("posts: there is no such post")
	ErrConflict  = errors.New("posts: the post has changed since that version")
	ErrSlugTaken = errors.New("posts: another post has that address")
	ErrIDTaken   = errors.New("posts: another post has that id")
)

// InputError says what a writer has to change.
type InputError struct{ Message string }

// Error implements error.
func (e *InputError) Error() string { return e.Message }

// Text is what a writer says of a post. An empty Slug is made from the title, or stays.
type Text struct {
	Title string   `json:"title"`
	Slug  string   `json:"slug"`
	Body  string   `json:"body"` // Markdown
	Tags  []string `json:"tags"`
}

type rendered struct {
	Text
	html content.HTML
	tags string
	content.Summary
}

func (t Text) render() (r rendered, err error) {
	fail := func(err error) (rendered, error) { return r, &InputError{err.Error()} }
	if t.Title, err = content.Plain("title", t.Title, content.MaxTitle); err != nil {
		return fail(err)
	}
	if t.Slug != "" && !content.ValidSlug(t.Slug) {
		return fail(errors.New("slug: use lower-case letters, digits and single hyphens, not new or drafts"))
	}
	if t.Tags, err = content.Tags(t.Tags); err != nil {
		return fail(err)
	}
	if r.html, err = content.Render(t.Body); err != nil {
		return fail(err)
	}
	tags, err := json.Marshal(t.Tags)
	if err != nil {
		return r, err
	}
	r.Text, r.tags, r.Summary = t, string(tags), content.Summarize(r.html)
	return r, nil
}

// Create makes a draft, and reports whether it did: id is one that the writer's program has chosen, so that the same request twice makes one post. The second time it
// is returned as it is by then. With "" each call makes a post.
func Create(ctx context.Context, tenantID, authorID, id string, t Text) (*Post, bool, error) {
	r, err := t.render()
	if err != nil {
		return nil, false, err
	}
	now := time.Now()
	if id == "" {
		id = ids.New(now)
	} else if p, err := made(ctx, tenantID, authorID, id); p != nil || err != nil {
		return p, false, err
	}
	if r.Slug == "" {
		if r.Slug, err = freeSlug(ctx, tenantID, r.Title); err != nil {
			return nil, false, err
		}
	}
	_, err = db.Batch(ctx,
		db.Prepare(`INSERT INTO posts (id, tenant_id, author_id, slug, title, excerpt, body_md, body_html, tags, word_count, reading_minutes, created_at, updated_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).
			Bind(id, tenantID, authorID, r.Slug, r.Title, r.Excerpt, r.Body, string(r.html), r.tags, r.Words, r.ReadingMinutes, now, now),
		Audit(tenantID, authorID, "post_created", map[string]string{"postId": id}, now))
	if err = writeError("create", err); errors.Is(err, ErrSlugTaken) { // or the same request was faster
		if p, lookErr := made(ctx, tenantID, authorID, id); p != nil || lookErr != nil {
			return p, false, lookErr
		}
	}
	if err != nil {
		return nil, false, err
	}
	p, err := Get(ctx, tenantID, id)
	return p, true, err
}

// made returns the post that an earlier request of the same author made under an id, nil if there is none. It is ErrIDTaken for any other post, of whichever site,
// and for one that was deleted since.
func made(ctx context.Context, tenantID, authorID, id string) (*Post, error) {
	var mine bool
	found, err := db.Prepare(`SELECT tenant_id = ? AND author_id = ? AND status <> 'deleted' FROM posts WHERE id = ?`).Bind(tenantID, authorID, id).First(ctx, &mine)
	switch {
	case err != nil:
		return nil, fmt.Errorf("posts: look for an earlier request: %w", err)
	case !found:
		return nil, nil
	case !mine:
		return nil, ErrIDTaken
	}
	return Get(ctx, tenantID, id)
}

// freeSlug makes a slug of a title that no post of the site has.
func freeSlug(ctx context.Context, tenantID, title string) (string, error) {
	base := content.Slug(title)
	if base = strings.Trim(base[:min(len(base), content.MaxSlug-10)], "-"); !content.ValidSlug(base) {
		base = strings.Trim(base+"-post", "-")
	}
	var taken []string
	err := db.Prepare(`SELECT slug FROM posts WHERE tenant_id = ?1 AND (slug = ?2 OR slug >= ?2 || '-' AND slug < ?2 || '.')`).Bind(tenantID, base).All(ctx, &taken)
	if err != nil {
		return "", fmt.Errorf("posts: look for an address: %w", err)
	}
	used := map[string]bool{}
	for _, slug := range taken {
		used[slug] = true
	}
	slug := base
	for n := 2; used[slug]; n++ {
		slug = fmt.Sprintf("%s-%d", base, n)
	}
	return slug, nil
}

func writeError(what string, err error) error {
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "UNIQUE") {
		return ErrSlugTaken
	}
	return fmt.Errorf("posts: %s: %w", what, err)
}

// Update changes the text of a post. A published post stays so; readers of its former address are sent to the new one.
func Update(ctx context.Context, tenantID, actorID, id string, version int64, t Text) (*Post, error) {
	defer refs.Drop(tenantID + id)
	r, err := t.render()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	results, err := db.Batch(ctx,
		db.Prepare(`INSERT OR REPLACE INTO post_slugs (tenant_id, slug, post_id) SELECT tenant_id, slug, id FROM posts
			WHERE tenant_id = ?1 AND id = ?2 AND version = ?3 AND ?4 <> '' AND slug <> ?4 AND published_at IS NOT NULL AND status <> 'deleted'`).
			Bind(tenantID, id, version, r.Slug),
		db.Prepare(`UPDATE posts SET slug = CASE ?4 WHEN '' THEN slug ELSE ?4 END, title = ?5, excerpt = ?6, body_md = ?7, body_html = ?8, tags = ?9, word_count = ?10,
			reading_minutes = ?11, version = version + 1, updated_at = ?12 WHERE tenant_id = ?1 AND id = ?2 AND version = ?3 AND status <> 'deleted'`).
			Bind(tenantID, id, version, r.Slug, r.Title, r.Excerpt, r.Body, string(r.html), r.tags, r.Words, r.ReadingMinutes, now),
		auditChange(tenantID, actorID, "post_updated", id, now))
	if err != nil {
		return nil, writeError("update", err)
	}
	announce(ctx, id)
	return changed(ctx, tenantID, id, results[1])
}

// Publish shows a post to everybody, Unpublish hides it again. Its date is that of the first time.
func Publish(ctx context.Context, tenantID, actorID, id string, version int64) (*Post, error) {
	return setStatus(ctx, tenantID, actorID, id, version, "published", "post_published")
}

// Unpublish makes a draft of a post.
func Unpublish(ctx context.Context, tenantID, actorID, id string, version int64) (*Post, error) {
	return setStatus(ctx, tenantID, actorID, id, version, "draft", "post_unpublished")
}

func setStatus(ctx context.Context, tenantID, actorID, id string, version int64, status, action string) (*Post, error) {
	defer refs.Drop(tenantID + id)
	now := time.Now()
	results, err := db.Batch(ctx,
		db.Prepare(`UPDATE posts SET status = ?4, published_at = CASE ?4 WHEN 'published' THEN coalesce(published_at, ?5) ELSE published_at END, version = version + 1,
			updated_at = ?5 WHERE tenant_id = ?1 AND id = ?2 AND version = ?3 AND status NOT IN ('deleted', ?4)`).Bind(tenantID, id, version, status, now),
		auditChange(tenantID, actorID, action, id, now))
	if err != nil {
		return nil, writeError("set the status", err)
	}
	announce(ctx, id)
	p, err := changed(ctx, tenantID, id, results[0])
	if errors.Is(err, ErrConflict) && p.Status == status {
		return p, nil // done already, such as by the same request whose answer was lost
	}
	return p, err
}

// Delete forgets the text of a post and frees its address. What refers to the post still finds that it is deleted.
func Delete(ctx context.Context, tenantID, actorID, id string) error {
	defer refs.Drop(tenantID + id)
	now := time.Now()
	results, err := db.Batch(ctx,
		db.Prepare(`UPDATE posts SET status = 'deleted', slug = id, title = '', excerpt = '', body_md = '', body_html = '', tags = '[]', word_count = 0, reading_minutes = 0,
			version = version + 1, updated_at = ?3 WHERE tenant_id = ?1 AND id = ?2 AND status <> 'deleted'`).Bind(tenantID, id, now),
		auditChange(tenantID, actorID, "post_deleted", id, now),
		db.Prepare(`DELETE FROM post_slugs WHERE tenant_id = ? AND post_id = ?`).Bind(tenantID, id))
	if err != nil {
		return writeError("delete", err)
	}
	if results[0].Meta.Changes == 0 {
		return ErrMissing
	}
	announce(ctx, id)
	return nil
}

// announce has the followers' feeds follow a change at once. D1 has noted with the change that they must, so that one which is not announced now, such as while the
// queue is down, is announced by the next run of feed.Sweep; the change itself is done either way.
func announce(ctx context.Context, id string) {
	if err := feed.Announce(ctx, id); err != nil {
		slog.WarnContext(ctx, "post to be announced later", "post", id, "error", err)
	}
}

// changed returns the post after a statement that was to change it: with ErrConflict when it did not.
func changed(ctx context.Context, tenantID, id string, r d1.Result) (*Post, error) {
	p, err := Get(ctx, tenantID, id)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return nil, ErrMissing
	case r.Meta.Changes == 0:
		return p, ErrConflict
	}
	return p, nil
}

// Audit is the statement that records for a site's owner who did what.
func Audit(tenantID, actorID, action string, detail map[string]string, now time.Time) d1.Stmt {
	text, _ := json.Marshal(detail)
	return db.Prepare(`INSERT INTO audit_log (id, tenant_id, actor_id, action, detail, created_at) VALUES (?, ?, ?, ?, ?, ?)`).
		Bind(ids.New(now), tenantID, actorID, action, string(text), now)
}

// AuditChange is Audit if the statement before it in the batch changed a row.
func AuditChange(tenantID, actorID, action string, detail map[string]string, now time.Time) d1.Stmt {
	text, _ := json.Marshal(detail)
	return db.Prepare(`INSERT INTO audit_log (id, tenant_id, actor_id, action, detail, created_at) SELECT ?, ?, ?, ?, ?, ? WHERE changes() = 1`).
		Bind(ids.New(now), tenantID, actorID, action, string(text), now)
}

func auditChange(tenantID, actorID, action, id string, now time.Time) d1.Stmt {
	return AuditChange(tenantID, actorID, action, map[string]string{"postId": id}, now)
}
