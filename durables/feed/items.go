package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/ids"
)

// Preview is what a feed shows of a post.
type Preview struct {
	Title      string `json:"title"`
	Excerpt    string `json:"excerpt"`
	Slug       string `json:"slug"`
	AuthorName string `json:"authorName"`
	Subdomain  string `json:"subdomain"` // of the site
	SiteName   string `json:"siteName"`
}

// Post is a published post on its way into feeds.
type Post struct {
	PostID    string  `json:"postId"`
	TenantID  string  `json:"tenantId"`
	AuthorID  string  `json:"authorId"`
	CreatedAt int64   `json:"createdAt"` // when it was published, ms
	Preview   Preview `json:"preview"`
}

// PostRow is a published post as a statement with PostColumns returns it.
type PostRow struct {
	ID          string `json:"id"`
	TenantID    string `json:"tenant_id"`
	AuthorID    string `json:"author_id"`
	PublishedAt int64  `json:"published_at"`
	Title       string `json:"title"`
	Excerpt     string `json:"excerpt"`
	Slug        string `json:"slug"`
	AuthorName  string `json:"author_name"`
	Subdomain   string `json:"subdomain"`
	SiteName    string `json:"site_name"`
}

// PostColumns are the columns of PostRow, PostTables what they come from: published posts of active authors on active sites, and no others.
const (
	PostColumns = `p.id, p.tenant_id, p.author_id, p.published_at, p.title, p.excerpt, p.slug, u.name AS author_name, t.subdomain, t.display_name AS site_name`
	PostTables  = `posts p JOIN tenants t ON t.id = p.tenant_id AND t.status = 'active' JOIN users u ON u.id = p.author_id AND u.status = 'active'`
)

// Post is the row as a feed takes it in.
func (r PostRow) Post() Post {
	return Post{r.ID, r.TenantID, r.AuthorID, r.PublishedAt, Preview{r.Title, r.Excerpt, r.Slug, r.AuthorName, r.Subdomain, r.SiteName}}
}

// Added are posts for a feed.
type Added struct {
	Posts []Post `json:"posts"`
}

// maxAdded is how many posts one call of addToFeed takes.
const maxAdded = 100

// addToFeed takes in posts of authors whom the user follows; others are left out, for they may have been unfollowed meanwhile. A feed that nobody has read
// yet takes in nothing: it is built from D1 when it is read.
func (f *Feed) addToFeed(ctx context.Context, a Added) (durables.None, error) {
	none := durables.None{}
	if len(a.Posts) > maxAdded {
		return none, durables.TypeError(fmt.Sprintf("addToFeed: %d posts: at most %d", len(a.Posts), maxAdded))
	}
	for _, p := range a.Posts {
		if !ids.Valid(p.PostID) || !ids.Valid(p.TenantID) || !ids.Valid(p.AuthorID) || p.CreatedAt <= 0 {
			return none, durables.TypeError("addToFeed: a post needs postId, tenantId, authorId and createdAt")
		}
	}
	if built, err := f.built(ctx); err != nil || !built {
		return none, err
	}
	return none, f.insert(ctx, a.Posts)
}

// insert puts posts of followed authors among the items.
func (f *Feed) insert(ctx context.Context, posts []Post) error {
	now := time.Now()
	err := f.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		for _, p := range posts {
			preview, err := json.Marshal(p.Preview)
			if err != nil {
				return err
			}
			err = f.object.Exec(ctx, `INSERT INTO feed_items (post_id, tenant_id, author_id, score, previous_score, created_at, cached_preview, added_at)
				SELECT ?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM following WHERE user_id = ?3)
				ON CONFLICT (post_id) DO UPDATE SET cached_preview = ?6, score = CASE WHEN created_at = ?5 THEN score ELSE ?4 END, created_at = ?5`,
				p.PostID, p.TenantID, p.AuthorID, Score(p.CreatedAt, 0, 0), p.CreatedAt, string(preview), now)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	n, err := durables.One[int](ctx, f.object.SQL(), `SELECT count(*) FROM (SELECT 1 FROM feed_items LIMIT ?)`, MaxItems+1)
	if err != nil || n <= MaxItems {
		return err
	}
	if n, err = durables.One[int](ctx, f.object.SQL(), `SELECT count(*) FROM feed_items`); err != nil || n > 2*MaxItems {
		return f.prune(ctx) // not even an hour's worth of more
	}
	if _, scheduled, err := f.tasks.Scheduled(ctx, taskPrune); err != nil || scheduled {
		return err
	}
	return f.tasks.Schedule(ctx, taskPrune, now.Add(pruneEvery))
}

// prune removes the oldest items of too many. What they were is then read from D1.
func (f *Feed) prune(ctx context.Context) error {
	return f.state.Storage().TransactionSync(ctx, func(ctx context.Context) error {
		newest, found, err := durables.First[int64](ctx, f.object.SQL(), `SELECT created_at FROM feed_items ORDER BY created_at DESC, post_id DESC LIMIT 1 OFFSET ?`, MaxItems)
		if err != nil || !found {
			return err
		}
		if err := f.raiseFloor(ctx, newest); err != nil {
			return err
		}
		return f.object.Exec(ctx, `DELETE FROM feed_items WHERE post_id IN (SELECT post_id FROM feed_items ORDER BY created_at DESC, post_id DESC LIMIT -1 OFFSET ?)`, MaxItems)
	})
}

// removeFromFeed takes posts out that are published no longer.
func (f *Feed) removeFromFeed(ctx context.Context, postIDs []string) (durables.None, error) {
	if len(postIDs) > maxAdded {
		return durables.None{}, durables.TypeError(fmt.Sprintf("removeFromFeed: %d posts: at most %d", len(postIDs), maxAdded))
	}
	if built, err := f.built(ctx); err != nil || !built {
		return durables.None{}, err
	}
	return durables.None{}, f.removeItems(ctx, postIDs)
}

func (f *Feed) removeItems(ctx context.Context, postIDs []string) error {
	for _, id := range postIDs {
		if err := f.object.Exec(ctx, `DELETE FROM feed_items WHERE post_id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}

// Metadata changes what is shown of a post while D1 cannot be asked. Fields that are nil stay as they are. Counters are not among them: they are
// read from D1 with the feed.
type Metadata struct {
	PostID     string  `json:"postId"`
	Title      *string `json:"title,omitempty"`
	Excerpt    *string `json:"excerpt,omitempty"`
	Slug       *string `json:"slug,omitempty"`
	AuthorName *string `json:"authorName,omitempty"`
}

func (f *Feed) updatePostMetadata(ctx context.Context, m Metadata) (durables.None, error) {
	none := durables.None{}
	if built, err := f.built(ctx); err != nil || !built {
		return none, err
	}
	text, found, err := durables.First[string](ctx, f.object.SQL(), `SELECT cached_preview FROM feed_items WHERE post_id = ?`, m.PostID)
	if err != nil || !found {
		return none, err
	}
	var p Preview
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return none, err
	}
	for to, from := range map[*string]*string{&p.Title: m.Title, &p.Excerpt: m.Excerpt, &p.Slug: m.Slug, &p.AuthorName: m.AuthorName} {
		if from != nil {
			*to = *from
		}
	}
	return none, f.keepPreview(ctx, m.PostID, p)
}

func (f *Feed) keepPreview(ctx context.Context, postID string, p Preview) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return f.object.Exec(ctx, `UPDATE feed_items SET cached_preview = ?2 WHERE post_id = ?1 AND cached_preview <> ?2`, postID, string(text))
}

const (
	// fetchEvery is how old the posts of popular authors may be in a feed.
	fetchEvery = 30 * time.Second
	// fetchBack is how far a fetch looks back beyond the one before: an author may have become popular just then.
	fetchBack = time.Hour
)

// fetchPopular takes in the new posts of authors who have too many followers to be sent to each of them.
func (f *Feed) fetchPopular(ctx context.Context) error {
	now := time.Now()
	at, err := f.mark(ctx, markFetched)
	if err != nil || f.fetching || now.Sub(time.UnixMilli(at)) < fetchEvery {
		return err
	}
	f.fetching = true
	defer func() { f.fetching = false }()
	floor, err := f.mark(ctx, markFloor)
	if err != nil {
		return err
	}
	since := time.UnixMilli(at).Add(-fetchBack).UnixMilli() // by the last change: a post that is shown again keeps its date
	var rows []PostRow
	err = db.Prepare(`SELECT `+PostColumns+` FROM follows f CROSS JOIN follow_counts c ON c.user_id = f.followee_id AND c.peak >= ? CROSS JOIN `+
		`posts p ON p.author_id = f.followee_id AND p.status = 'published' AND p.updated_at > ? AND p.published_at > ?`+
		` JOIN tenants t ON t.id = p.tenant_id AND t.status = 'active' JOIN users u ON u.id = p.author_id AND u.status = 'active'`+
		` WHERE f.follower_id = ? ORDER BY p.published_at DESC, p.id DESC LIMIT ?`).Bind(MaxPushed, since, floor, f.userID, MaxItems).All(ctx, &rows)
	if err != nil {
		return fmt.Errorf("feed: fetch posts of popular authors: %w", err)
	}
	if len(rows) == MaxItems {
		if err := f.raiseFloor(ctx, rows[len(rows)-1].PublishedAt); err != nil {
			return err
		}
	}
	if err := f.insert(ctx, posts(rows)); err != nil {
		return err
	}
	f.object.Log(ctx, slog.LevelDebug, "posts fetched", "posts", len(rows))
	return f.setMark(ctx, markFetched, now.UnixMilli())
}

func posts(rows []PostRow) []Post {
	list := make([]Post, len(rows))
	for i, r := range rows {
		list[i] = r.Post()
	}
	return list
}
