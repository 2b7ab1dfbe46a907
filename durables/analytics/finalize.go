package analytics

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/d1"
)

// DailyStats is the day so far. Visitors are estimates where Estimated says so.
type DailyStats struct {
	Day             string      `json:"day"`
	PageViews       int         `json:"pageViews"`
	UniqueVisitors  int         `json:"uniqueVisitors"`
	Estimated       bool        `json:"estimated"`
	PostsCreated    int         `json:"postsCreated"`
	CommentsCreated int         `json:"commentsCreated"`
	ReactionsGiven  int         `json:"reactionsGiven"`
	Hours           []HourStats `json:"hours"` // those with something in them
	Pages           []PageStats `json:"pages"` // the most viewed
}

// HourStats is one hour of a day.
type HourStats struct {
	Hour           int `json:"hour"` // 0 to 23, UTC
	PageViews      int `json:"pageViews"`
	UniqueVisitors int `json:"uniqueVisitors"`
}

// PageStats is one path of a day.
type PageStats struct {
	Path        string `json:"path"`
	Views       int    `json:"views"`
	UniqueViews int    `json:"uniqueViews"`
}

const shownPages = 50

func (a *Analytics) getStats(ctx context.Context, _ durables.None) (DailyStats, error) {
	empty := DailyStats{Day: a.day.Format(dayFormat), Hours: []HourStats{}, Pages: []PageStats{}}
	if there, err := a.object.Exists(ctx); err != nil || !there {
		return empty, err
	}
	return a.stats(ctx, shownPages)
}

func (a *Analytics) stats(ctx context.Context, pages int) (DailyStats, error) {
	sql := a.object.SQL()
	s, err := durables.One[DailyStats](ctx, sql, `SELECT coalesce(sum(page_views), 0) AS pageViews, coalesce(sum(posts_created), 0) AS postsCreated,
		coalesce(sum(comments_created), 0) AS commentsCreated, coalesce(sum(reactions_given), 0) AS reactionsGiven FROM hourly_stats`)
	if err != nil {
		return s, err
	}
	s.Day = a.day.Format(dayFormat)
	if s.UniqueVisitors, _, err = durables.First[int](ctx, sql, `SELECT visitors FROM visitor_counts WHERE scope = ?`, scopeDay); err != nil {
		return s, err
	}
	if s.Estimated, err = durables.One[bool](ctx, sql, `SELECT EXISTS (SELECT 1 FROM visitor_sketches WHERE scope = ?)`, scopeDay); err != nil {
		return s, err
	}
	s.Hours, err = durables.All[HourStats](ctx, sql, `SELECT hour, page_views AS pageViews, coalesce(visitors, 0) AS uniqueVisitors FROM hourly_stats
		LEFT JOIN visitor_counts ON scope = printf('hour:%02d', hour) WHERE page_views > 0 ORDER BY hour`)
	if err != nil {
		return s, err
	}
	s.Pages, err = durables.All[PageStats](ctx, sql, `SELECT path, views, coalesce(visitors, 0) AS uniqueViews FROM page_stats
		LEFT JOIN visitor_counts ON scope = 'path:' || path ORDER BY views DESC, path LIMIT ?`, pages)
	return s, err
}

// finalize writes the day to D1 as it is now, and when it is over forgets it, the key of its visitors included. It may be called any number of times.
func (a *Analytics) finalize(ctx context.Context, _ durables.None) (durables.None, error) {
	none := durables.None{}
	if there, err := a.object.Exists(ctx); err != nil || !there {
		return none, err
	}
	s, err := a.stats(ctx, maxPaths+1)
	if err != nil {
		return none, err
	}
	for _, part := range a.statements(s, time.Now()) {
		_, err := db.Batch(ctx, part...)
		if err != nil && strings.Contains(err.Error(), "FOREIGN KEY constraint failed") {
			a.object.Log(ctx, slog.LevelWarn, "the site is gone: its day is forgotten")
			return none, a.object.Forget(ctx)
		}
		if err != nil {
			return none, fmt.Errorf("analytics: write the day: %w", err)
		}
	}
	if time.Now().Before(a.closesAt()) {
		return none, a.tasks.Schedule(ctx, "finalize", a.closesAt())
	}
	a.object.Log(ctx, slog.LevelInfo, "day finalized", "views", s.PageViews)
	return none, a.object.Forget(ctx)
}

// statements are the absolute upserts of a day, in batches that D1 takes. The day itself comes last: once it is there, all of it is.
func (a *Analytics) statements(s DailyStats, now time.Time) (batches [][]d1.Stmt) {
	var list []d1.Stmt
	for _, h := range s.Hours {
		list = append(list, db.Prepare(`INSERT INTO analytics_hourly (tenant_id, day, hour, views, visitors) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (tenant_id, day, hour) DO UPDATE SET views = ?4, visitors = ?5`).Bind(a.tenant, s.Day, h.Hour, h.PageViews, h.UniqueVisitors))
	}
	for _, p := range s.Pages {
		list = append(list, db.Prepare(`INSERT INTO analytics_pages (tenant_id, day, path, views, visitors) VALUES (?1, ?2, ?3, ?4, ?5)
			ON CONFLICT (tenant_id, day, path) DO UPDATE SET views = ?4, visitors = ?5`).Bind(a.tenant, s.Day, p.Path, p.Views, p.UniqueViews))
	}
	list = append(list, db.Prepare(`INSERT INTO analytics_daily (tenant_id, day, views, visitors, visitors_estimated, posts_created, comments, reactions, finalized_at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (tenant_id, day) DO UPDATE SET views = ?3, visitors = ?4, visitors_estimated = ?5,
		posts_created = ?6, comments = ?7, reactions = ?8, finalized_at = ?9`).
		Bind(a.tenant, s.Day, s.PageViews, s.UniqueVisitors, s.Estimated, s.PostsCreated, s.CommentsCreated, s.ReactionsGiven, now))
	for len(list) > 0 {
		n := min(len(list), 80)
		batches, list = append(batches, list[:n]), list[n:]
	}
	return batches
}

// destroy forgets the day without writing it, for a site that is deleted: counts, visitors and their key.
func (a *Analytics) destroy(ctx context.Context, _ durables.None) (durables.None, error) {
	if there, err := a.object.Exists(ctx); err != nil || !there {
		return durables.None{}, err
	}
	return durables.None{}, a.object.Forget(ctx)
}
