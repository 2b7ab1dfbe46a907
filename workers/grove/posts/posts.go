// Package posts keeps the posts of sites in D1: what writers change and what readers see. Every statement names the tenant, so that an id of another site's
// post finds nothing.
//
// The one idea: a post has a version, and whoever changes it says on which version the change is based. Texts are rendered and sanitised when they are
// written, by package content, and shown as they are. Reading is in this file, writing in write.go.
package posts

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/cache"
	"grove.place/lattice/workers/grove/ids"
)

var db = d1.Database("DB")

// Post is a post as its writers see it.
type Post struct {
	ID             string   `json:"id"`
	AuthorID       string   `json:"authorId"`
	AuthorName     string   `json:"authorName"`
	Slug           string   `json:"slug"`
	Title          string   `json:"title"`
	Excerpt        string   `json:"excerpt"`
	Body           string   `json:"body,omitempty"` // Markdown; lists leave it out
	HTML           string   `json:"-"`              // sanitised
	Tags           []string `json:"tags"`
	Status         string   `json:"status"` // "draft" or "published"
	WordCount      int      `json:"wordCount"`
	ReadingMinutes int      `json:"readingMinutes"`
	Version        int64    `json:"version"`
	PublishedAt    int64    `json:"publishedAt,omitempty"` // ms, of the first time
	CreatedAt      int64    `json:"createdAt"`
	UpdatedAt      int64    `json:"updatedAt"`
}

type row struct {
	Post
	BodyHTML string `json:"body_html"`
	TagList  string `json:"tag_list"`
}

func (r row) post() (Post, error) {
	p := r.Post
	p.HTML, p.Tags = r.BodyHTML, []string{}
	return p, json.Unmarshal([]byte(r.TagList), &p.Tags)
}

const (
	summaryColumns = `p.id, p.author_id AS authorId, u.name AS authorName, p.slug, p.title, p.excerpt, p.tags AS tag_list, p.status, p.word_count AS wordCount,
		p.reading_minutes AS readingMinutes, p.version, coalesce(p.published_at, 0) AS publishedAt, p.created_at AS createdAt, p.updated_at AS updatedAt`
	allColumns = summaryColumns + `, p.body_md AS body, p.body_html`
	from       = ` FROM posts p JOIN users u ON u.id = p.author_id WHERE p.tenant_id = ? `
)

// Get returns a post of a site, nil if there is none.
func Get(ctx context.Context, tenantID, id string) (*Post, error) {
	return one(ctx, `AND p.id = ? AND p.status <> 'deleted'`, tenantID, id)
}

// Published returns the post that readers find under a slug, nil if there is none.
func Published(ctx context.Context, tenantID, slug string) (*Post, error) {
	return one(ctx, `AND p.slug = ? AND p.status = 'published'`, tenantID, slug)
}

// Moved returns where the published post is now that once had a slug, "" if there is none.
func Moved(ctx context.Context, tenantID, slug string) (string, error) {
	var to string
	_, err := db.Prepare(`SELECT p.slug FROM post_slugs s JOIN posts p ON p.id = s.post_id AND p.tenant_id = s.tenant_id
		WHERE s.tenant_id = ? AND s.slug = ? AND p.status = 'published'`).Bind(tenantID, slug).First(ctx, &to)
	if err != nil {
		return "", fmt.Errorf("posts: look for a former address: %w", err)
	}
	return to, nil
}

// Ref is a post that readers see.
type Ref struct {
	AuthorID string
	Slug     string
}

const (
	readableFor   = 30 * time.Second // how long an isolate remembers that readers see a post
	unreadableFor = 5 * time.Second  // … or do not
)

var refs = cache.New[*Ref](10_000)

// Readable returns a published post of a site, nil if there is none. What this isolate did to the post counts at once, what others did within half a minute.
func Readable(ctx context.Context, tenantID, id string) (*Ref, error) {
	if !ids.Valid(id) {
		return nil, nil
	}
	if ref, ok := refs.Get(tenantID + id); ok {
		return ref, nil
	}
	var r struct {
		AuthorID string `json:"author_id"`
		Slug     string `json:"slug"`
	}
	found, err := db.Prepare(`SELECT author_id, slug FROM posts WHERE tenant_id = ? AND id = ? AND status = 'published'`).Bind(tenantID, id).First(ctx, &r)
	if err != nil {
		return nil, fmt.Errorf("posts: look for a post: %w", err)
	}
	if !found {
		refs.Put(tenantID+id, nil, unreadableFor)
		return nil, nil
	}
	ref := &Ref{r.AuthorID, r.Slug}
	refs.Put(tenantID+id, ref, readableFor)
	return ref, nil
}

func one(ctx context.Context, where string, args ...any) (*Post, error) {
	var r row
	found, err := db.Prepare(`SELECT `+allColumns+from+where).Bind(args...).First(ctx, &r)
	if err != nil {
		return nil, fmt.Errorf("posts: read: %w", err)
	}
	if !found {
		return nil, nil
	}
	p, err := r.post()
	return &p, err
}

// Page is a part of a list. Next is the cursor of the following part, "" at the end.
type Page struct {
	Posts []Post `json:"posts"`
	Next  string `json:"nextCursor,omitempty"`
}

// Filter selects the posts of a list for writers. Empty fields do not restrict.
type Filter struct {
	Status string
	// Author leaves out the drafts of everybody else.
	Author string
}

// List returns posts for writers, the latest made first.
func List(ctx context.Context, tenantID string, f Filter, cursor string, limit int) (Page, error) {
	if cursor == "" {
		cursor = "~" // after every id
	}
	return page(ctx, limit, func(p Post) string { return p.ID },
		`AND p.status <> 'deleted' AND p.id < ? AND (?3 = '' OR p.status = ?3) AND (?4 = '' OR p.author_id = ?4 OR p.status = 'published') ORDER BY p.id DESC LIMIT ?5`,
		tenantID, cursor, f.Status, f.Author, limit+1)
}

// Recent returns published posts, the latest first.
func Recent(ctx context.Context, tenantID, cursor string, limit int) (Page, error) {
	before, id := int64(1)<<52, "~"
	if at, rest, ok := strings.Cut(cursor, "_"); ok {
		if n, err := strconv.ParseInt(at, 10, 64); err == nil && ids.Valid(rest) {
			before, id = n, rest
		}
	}
	return page(ctx, limit, func(p Post) string { return strconv.FormatInt(p.PublishedAt, 10) + "_" + p.ID },
		`AND p.status = 'published' AND (p.published_at, p.id) < (?, ?) ORDER BY p.published_at DESC, p.id DESC LIMIT ?`, tenantID, before, id, limit+1)
}

// page runs a query for one row more than the page has.
func page(ctx context.Context, limit int, key func(Post) string, rest string, args ...any) (Page, error) {
	var rows []row
	if err := db.Prepare(`SELECT `+summaryColumns+from+rest).Bind(args...).All(ctx, &rows); err != nil {
		return Page{}, fmt.Errorf("posts: list: %w", err)
	}
	list := Page{Posts: []Post{}}
	for i, r := range rows {
		if i == limit {
			list.Next = key(list.Posts[limit-1])
			break
		}
		p, err := r.post()
		if err != nil {
			return Page{}, err
		}
		list.Posts = append(list.Posts, p)
	}
	return list, nil
}
