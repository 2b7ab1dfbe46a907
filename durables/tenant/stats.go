package tenant

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"grove.place/lattice/durables"
)

// DashboardStats are numbers about a site for its writers. They are computed when somebody looks and they are older than an hour.
type DashboardStats struct {
	PostCount          int        `json:"postCount"`
	TotalWords         int        `json:"totalWords"`
	DraftCount         int        `json:"draftCount"`
	PublishedThisMonth int        `json:"publishedThisMonth"`
	TopTags            []TagCount `json:"topTags"`
	AccountAge         int        `json:"accountAge"`   // days since the site was made
	StorageUsed        int64      `json:"storageUsed"`  // bytes
	LastActivity       int64      `json:"lastActivity"` // ms
	ComputedAt         int64      `json:"computedAt"`   // ms
}

// TagCount is how many posts have a tag.
type TagCount struct {
	Tag   string `json:"tag"`
	Count int    `json:"count"`
}

const statsAge = time.Hour

func (t *Tenant) getDashboardStats(ctx context.Context, _ durables.None) (DashboardStats, error) {
	if err := t.object.Prepare(ctx); err != nil {
		return DashboardStats{}, err
	}
	text, found, err := durables.First[string](ctx, t.object.SQL(), `SELECT value FROM config WHERE key = 'stats' AND updated_at > ?`, time.Now().Add(-statsAge))
	if err != nil {
		return DashboardStats{}, err
	}
	if !found {
		return t.refreshDashboardStats(ctx, durables.None{})
	}
	var s DashboardStats
	return s, json.Unmarshal([]byte(text), &s)
}

func (t *Tenant) refreshDashboardStats(ctx context.Context, _ durables.None) (DashboardStats, error) {
	c, err := t.current(ctx)
	if err != nil {
		return DashboardStats{}, err
	}
	now := time.Now()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT count(*) AS postCount, coalesce(sum(word_count), 0) AS totalWords, coalesce(sum(published_at >= ?2), 0) AS publishedThisMonth,
			coalesce(max(updated_at), 0) AS lastActivity FROM posts WHERE tenant_id = ?1 AND status = 'published'`).Bind(t.id, month),
		db.Prepare(`SELECT value AS tag, count(*) AS count FROM posts, json_each(posts.tags) WHERE tenant_id = ? AND status = 'published' GROUP BY value ORDER BY count DESC, tag LIMIT 10`).Bind(t.id),
		db.Prepare(`SELECT storage_used FROM tenants WHERE id = ?`).Bind(t.id),
	)
	if err != nil {
		return DashboardStats{}, fmt.Errorf("tenant: compute the stats: %w", err)
	}
	var counts []DashboardStats
	s := DashboardStats{TopTags: []TagCount{}}
	if err := results[0].Scan(&counts); err != nil {
		return s, err
	}
	if len(counts) == 1 {
		s = counts[0]
		s.TopTags = []TagCount{}
	}
	if err := results[1].Scan(&s.TopTags); err != nil {
		return s, err
	}
	var storage []int64
	if err := results[2].Scan(&storage); err != nil {
		return s, err
	}
	if len(storage) == 1 {
		s.StorageUsed = storage[0]
	}
	if s.DraftCount, err = durables.One[int](ctx, t.object.SQL(), `SELECT count(*) FROM drafts WHERE deleted_at IS NULL`); err != nil {
		return s, err
	}
	s.AccountAge, s.ComputedAt = int(now.Sub(time.UnixMilli(c.CreatedAt))/(24*time.Hour)), now.UnixMilli()
	text, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	return s, t.object.Exec(ctx, `INSERT OR REPLACE INTO config (key, value, updated_at) VALUES ('stats', ?, ?)`, string(text), now)
}
