package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"grove.place/lattice/durables"
)

// Orders of a feed.
const (
	Recent    = "recent"    // the latest first
	Relevance = "relevance" // by Score
)

// Query asks for a page of the feed.
type Query struct {
	Cursor string `json:"cursor,omitempty"` // "": the first page
	Limit  int    `json:"limit"`            // 1 to MaxPage; 0 is 20
	SortBy string `json:"sortBy"`           // Recent or Relevance
}

// MaxPage is how many items a page has at most.
const MaxPage = 50

// Item is a post in a feed.
type Item struct {
	Post
	// Reactions are counts by type; null where the site hides them, or when they are not known now.
	Reactions *map[string]int64 `json:"reactions"`
	// Comments is null when it is not known now.
	Comments *int64 `json:"comments"`
}

// Page is a page of a feed. Without NextCursor it is the last one. It may have fewer items than were asked for, even none.
type Page struct {
	Items      []Item `json:"items"`
	NextCursor string `json:"nextCursor,omitempty"`
	// Stale: D1 could not be asked, so what is shown is as it was.
	Stale bool `json:"stale,omitempty"`
	// Problem is "cursor" when the cursor was not made for this feed and order.
	Problem string `json:"problem,omitempty"`
}

// candidate is an item that may be shown.
type candidate struct {
	PostID    string  `json:"post_id"`
	TenantID  string  `json:"tenant_id"`
	AuthorID  string  `json:"author_id"`
	CreatedAt int64   `json:"created_at"`
	Score     float64 `json:"score"`
	Preview   string  `json:"cached_preview"`
	Hidden    bool    `json:"hidden"`
}

// maxRounds is how often a page looks for more items in place of those that cannot be shown.
const maxRounds = 5

func (f *Feed) getFeed(ctx context.Context, q Query) (page Page, err error) {
	page.Items = []Item{}
	if q.SortBy != Recent && q.SortBy != Relevance {
		return page, durables.TypeError("getFeed: sortBy is recent or relevance")
	}
	if q.Limit == 0 {
		q.Limit = 20
	}
	q.Limit = min(max(q.Limit, 1), MaxPage)
	c := cursor{Sort: q.SortBy, Score: 1e300, CreatedAt: forever}
	if q.Cursor != "" {
		if c, err = f.open(ctx, q.Cursor, q.SortBy); errors.Is(err, errCursor) {
			page.Problem = "cursor"
			return page, nil
		} else if err != nil {
			return page, err
		}
	}
	built, err := f.built(ctx)
	if err != nil {
		return page, err
	}
	if !built {
		if _, err := f.rebuildFeed(ctx, durables.None{}); err != nil {
			return page, err
		}
	}
	if q.Cursor == "" {
		if err := f.refresh(ctx, q.SortBy); err != nil {
			f.object.Log(ctx, slog.LevelWarn, "feed not refreshed", "error", err)
			page.Stale = true
		}
		c.AsOf = time.Now().UnixMilli()
		if c.Floor, err = f.mark(ctx, markFloor); err != nil {
			return page, err
		}
	}
	more := true
	for round := 0; more && round < maxRounds && len(page.Items) < q.Limit; round++ {
		if more, err = f.fill(ctx, &page, &c, q.Limit-len(page.Items)); err != nil {
			return page, err
		}
	}
	if more {
		page.NextCursor, err = f.sign(ctx, c)
	}
	return page, err
}

// refresh brings in what is fetched when a feed is read.
func (f *Feed) refresh(ctx context.Context, sort string) error {
	if err := f.fetchPopular(ctx); err != nil || sort == Recent {
		return err
	}
	return f.computeScores(ctx)
}

// fill adds up to n items to the page, moves the cursor after the last that it looked at, and reports whether there may be more.
func (f *Feed) fill(ctx context.Context, page *Page, c *cursor, n int) (more bool, err error) {
	rows, floor, err := f.candidates(ctx, c, n+1)
	if err != nil {
		return false, err
	}
	more = len(rows) > n
	rows = rows[:min(n, len(rows))]
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		c.Score, c.CreatedAt, c.ID = last.Score, last.CreatedAt, last.PostID
		if err := f.show(ctx, page, rows); err != nil {
			return false, err
		}
	}
	if more || c.Below || floor == 0 {
		return more, nil
	}
	c.Below = true
	if c.Sort == Relevance || c.CreatedAt > floor {
		c.CreatedAt, c.ID = floor+1, ""
	}
	return true, nil
}

// candidates are the next rows after the cursor: kept here, or below the floor in D1.
func (f *Feed) candidates(ctx context.Context, c *cursor, n int) (rows []candidate, floor int64, err error) {
	const columns = `post_id, tenant_id, author_id, created_at, cached_preview, hidden`
	switch {
	case c.Below:
		var list []PostRow
		if err := db.Prepare(olderPosts).Bind(f.userID, c.CreatedAt, c.ID, n).All(ctx, &list); err != nil {
			return nil, 0, fmt.Errorf("feed: read older posts: %w", err)
		}
		for _, r := range list {
			rows = append(rows, candidate{PostID: r.ID, TenantID: r.TenantID, AuthorID: r.AuthorID, CreatedAt: r.PublishedAt})
		}
		return rows, 0, nil
	case c.Sort == Recent:
		// Pages go on from the floor as it is now: D1 has in the same order what was pruned meanwhile.
		if floor, err = f.mark(ctx, markFloor); err != nil {
			return nil, 0, err
		}
		rows, err = durables.All[candidate](ctx, f.object.SQL(), `SELECT `+columns+`, score FROM feed_items WHERE created_at > ? AND (created_at, post_id) < (?, ?)
			ORDER BY created_at DESC, post_id DESC LIMIT ?`, floor, c.CreatedAt, c.ID, n)
		return rows, floor, err
	default:
		score := `score`
		if scored, err := f.mark(ctx, markScored); err != nil {
			return nil, 0, err
		} else if c.AsOf < scored {
			score = `previous_score`
		}
		rows, err = durables.All[candidate](ctx, f.object.SQL(), `SELECT `+columns+`, `+score+` AS score FROM feed_items WHERE created_at > ? AND added_at <= ?
			AND (`+score+`, created_at, post_id) < (?, ?, ?) ORDER BY `+score+` DESC, created_at DESC, post_id DESC LIMIT ?`, c.Floor, c.AsOf, c.Score, c.CreatedAt, c.ID, n)
		return rows, c.Floor, err
	}
}

// confirmed is what D1 says of an item just now.
type confirmed struct {
	PostRow
	Reactions string `json:"reactions"` // JSON; "" where the site hides them
	Comments  int64  `json:"comments"`
	Blocked   bool   `json:"blocked"`
}

// show adds those rows to the page that D1 confirms, with their counters. While D1 cannot be asked the page is as it was last known.
func (f *Feed) show(ctx context.Context, page *Page, rows []candidate) error {
	truth, err := f.confirm(ctx, rows)
	if err != nil {
		f.object.Log(ctx, slog.LevelWarn, "items not confirmed", "error", err)
		page.Stale = true
	}
	var gone []string
	for _, r := range rows {
		now, there := truth[r.PostID]
		switch {
		case page.Stale && truth == nil:
			item := Item{Post: Post{PostID: r.PostID, TenantID: r.TenantID, AuthorID: r.AuthorID, CreatedAt: r.CreatedAt}}
			if r.Hidden || json.Unmarshal([]byte(r.Preview), &item.Preview) != nil {
				continue
			}
			page.Items = append(page.Items, item)
		case !there:
			gone = append(gone, r.PostID)
		default:
			if err := f.keepTruth(ctx, r, now); err != nil {
				return err
			}
			if now.Blocked {
				continue
			}
			item := Item{Post: now.Post(), Comments: &now.Comments}
			item.CreatedAt = r.CreatedAt
			if reactions, _ := (counters{Reactions: now.Reactions}).reactions(); reactions != nil {
				item.Reactions = &reactions
			}
			page.Items = append(page.Items, item)
		}
	}
	return f.removeItems(ctx, gone)
}

func (f *Feed) keepTruth(ctx context.Context, r candidate, now confirmed) error {
	if r.Hidden != now.Blocked {
		if err := f.object.Exec(ctx, `UPDATE feed_items SET hidden = ? WHERE post_id = ?`, now.Blocked, r.PostID); err != nil {
			return err
		}
	}
	return f.keepPreview(ctx, r.PostID, now.Post().Preview)
}

func (f *Feed) confirm(ctx context.Context, rows []candidate) (map[string]confirmed, error) {
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = r.PostID
	}
	text, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	var found []confirmed
	err = db.Prepare(`SELECT `+PostColumns+`, coalesce(c.comments, 0) AS comments,
		CASE WHEN s.counts_visible = 'everyone' OR p.author_id = ?2 THEN coalesce(c.reactions, '{}') ELSE '' END AS reactions,
		EXISTS (SELECT 1 FROM user_blocks b WHERE b.user_id = ?2 AND b.blocked_id = p.author_id OR b.user_id = p.author_id AND b.blocked_id = ?2 AND b.kind = 'block') AS blocked
		FROM json_each(?1) j CROSS JOIN `+PostTables+` LEFT JOIN post_counters c ON c.post_id = p.id LEFT JOIN comment_settings s ON s.tenant_id = p.tenant_id
		WHERE p.id = j.value AND p.status = 'published'`).Bind(string(text), f.userID).All(ctx, &found)
	if err != nil {
		return nil, fmt.Errorf("feed: confirm: %w", err)
	}
	truth := make(map[string]confirmed, len(found))
	for _, c := range found {
		truth[c.ID] = c
	}
	return truth, nil
}
