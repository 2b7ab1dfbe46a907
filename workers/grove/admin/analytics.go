package admin

import (
	"context"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/sockets"
	"grove.place/lattice/workers/grove/web"
)

// getAnalytics answers with a day: ?day=yyyy-mm-dd, today without.
func getAnalytics(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	stats, err := Day(r.Context(), v.TenantID, r.URL.Query().Get("day"))
	return answer(w, stats, err)
}

// Day returns what is counted of a site on a UTC day, yyyy-mm-dd, or today for "". A day that is under way comes from its object, an older one from D1.
func Day(ctx context.Context, tenantID, text string) (analytics.DailyStats, error) {
	now := time.Now()
	if text == "" {
		text = analytics.Day(now.UnixMilli())
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.After(now) {
		return analytics.DailyStats{}, web.BadRequest("bad_day", "day is a date such as 2026-03-01, not in the future.")
	}
	stats, found, err := pastDay(ctx, tenantID, text)
	if err != nil || found || !now.Before(day.Add(48*time.Hour)) {
		return stats, err
	}
	if stats, err = analytics.GetStats.Call(ctx, analytics.Of(tenantID, text), durables.None{}); err != nil {
		return stats, web.Unavailable("The statistics", err)
	}
	return stats, nil
}

// pastDay reads a day that was written to D1 when it was over.
func pastDay(ctx context.Context, tenantID, day string) (s analytics.DailyStats, found bool, err error) {
	s = analytics.DailyStats{Day: day, Hours: []analytics.HourStats{}, Pages: []analytics.PageStats{}}
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT day, views AS pageViews, visitors AS uniqueVisitors, visitors_estimated = 1 AS estimated, posts_created AS postsCreated, comments AS commentsCreated,
			reactions AS reactionsGiven FROM analytics_daily WHERE tenant_id = ? AND day = ?`).Bind(tenantID, day),
		db.Prepare(`SELECT hour, views AS pageViews, visitors AS uniqueVisitors FROM analytics_hourly WHERE tenant_id = ? AND day = ? ORDER BY hour`).Bind(tenantID, day),
		db.Prepare(`SELECT path, views, visitors AS uniqueViews FROM analytics_pages WHERE tenant_id = ? AND day = ? ORDER BY views DESC, path LIMIT 100`).Bind(tenantID, day))
	if err != nil {
		return s, false, err
	}
	var days []analytics.DailyStats
	if err := results[0].Scan(&days); err != nil || len(days) == 0 {
		return s, false, err
	}
	days[0].Hours, days[0].Pages = s.Hours, s.Pages
	s = days[0]
	if err := results[1].Scan(&s.Hours); err != nil {
		return s, false, err
	}
	return s, true, results[2].Scan(&s.Pages)
}

// live opens the dashboard's WebSocket. Whose it is, the object learns from here and from nothing that the browser says.
func live(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	return sockets.Open(w, r, v.User, sockets.Place{Class: "TenantDO", Name: "tenant:" + v.TenantID, Fetch: v.Tenant().Fetch, What: "The live dashboard"})
}
