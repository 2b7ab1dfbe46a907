package operations

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/session"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/r2"
)

// bucket holds exports under exports/{job}/, beside the images of sites, which are under {tenant}/.
var bucket = r2.Bucket("MEDIA")

func exportPrefix(id string) string { return "exports/" + id + "/" }

// source is a part of an export that D1 has. The query gets the subject's id, the last key of the piece before and the size of a piece, and returns the key of
// each row as "_key".
type source struct {
	name, query string
	piece       int
}

// small and large are the sizes of pieces, for rows that are short and for those with whole texts.
const small, large = 500, 10

var userSources = []source{
	{"account", `SELECT id AS _key, id, email, name, avatar_url, role, status, created_at, last_login_at FROM users WHERE id = ?1 AND id > ?2 LIMIT ?3`, small},
	{"identities", `SELECT provider || '/' || provider_subject AS _key, provider, provider_subject, email_at_link, linked_at FROM identities WHERE user_id = ?1 AND provider || '/' || provider_subject > ?2 ORDER BY _key LIMIT ?3`, small},
	{"history", `SELECT id AS _key, event, provider, ip_prefix, device_name, created_at FROM auth_audit WHERE user_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
	{"memberships", `SELECT m.tenant_id AS _key, t.subdomain, t.display_name, m.role, m.created_at FROM tenant_members m JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = ?1 AND m.tenant_id > ?2 ORDER BY m.tenant_id LIMIT ?3`, small},
	{"posts", `SELECT id AS _key, id, tenant_id, slug, title, body_md, tags, status, published_at, created_at, updated_at FROM posts WHERE author_id = ?1 AND id > ?2 AND status <> 'deleted' ORDER BY id LIMIT ?3`, large},
	{"media", `SELECT id AS _key, id, tenant_id, size, mime, alt, created_at FROM media WHERE uploaded_by = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
	{"comments", `SELECT id AS _key, id, tenant_id, post_id, parent_id, body, status, created_at, edited_at FROM comments WHERE author_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, 100},
	{"reactions", `SELECT post_id || '/' || type AS _key, post_id, type, present, created_at FROM reactions WHERE user_id = ?1 AND post_id || '/' || type > ?2 ORDER BY _key LIMIT ?3`, small},
	{"following", `SELECT followee_id AS _key, followee_id AS user_id, created_at FROM follows WHERE follower_id = ?1 AND followee_id > ?2 ORDER BY followee_id LIMIT ?3`, small},
	{"followers", `SELECT follower_id AS _key, follower_id AS user_id, created_at FROM follows WHERE followee_id = ?1 AND follower_id > ?2 ORDER BY follower_id LIMIT ?3`, small},
	{"blocks", `SELECT blocked_id AS _key, blocked_id AS user_id, kind, created_at FROM user_blocks WHERE user_id = ?1 AND blocked_id > ?2 ORDER BY blocked_id LIMIT ?3`, small},
	{"actions", `SELECT id AS _key, tenant_id, action, detail, created_at FROM audit_log WHERE actor_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
}

var siteSources = []source{
	{"site", `SELECT id AS _key, id, subdomain, display_name, description, theme, features, tier, status, storage_used, created_at, updated_at FROM tenants WHERE id = ?1 AND id > ?2 LIMIT ?3`, small},
	{"names", `SELECT subdomain || '/' || changed_at AS _key, subdomain, changed_at, hold_until FROM subdomain_history WHERE tenant_id = ?1 AND subdomain || '/' || changed_at > ?2 ORDER BY _key LIMIT ?3`, small},
	{"members", `SELECT m.user_id AS _key, m.user_id, u.name, m.role, m.created_at FROM tenant_members m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = ?1 AND m.user_id > ?2 ORDER BY m.user_id LIMIT ?3`, small},
	{"panel", `SELECT tenant_id AS _key, font, theme, editor_preferences, hidden_sections, updated_at FROM tenant_admin_config WHERE tenant_id = ?1 AND tenant_id > ?2 LIMIT ?3`, small},
	{"sections", `SELECT id AS _key, label, icon, href, enabled, sort_order FROM admin_sections WHERE tenant_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
	{"posts", `SELECT id AS _key, id, author_id, slug, title, excerpt, body_md, tags, status, published_at, created_at, updated_at FROM posts WHERE tenant_id = ?1 AND id > ?2 AND status <> 'deleted' ORDER BY id LIMIT ?3`, large},
	{"addresses", `SELECT slug AS _key, slug, post_id FROM post_slugs WHERE tenant_id = ?1 AND slug > ?2 ORDER BY slug LIMIT ?3`, small},
	{"media", `SELECT id AS _key, id, uploaded_by, substr(r2_key, length(tenant_id) + 2) AS file, size, mime, alt, sha256, created_at FROM media WHERE tenant_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
	{"comments", `SELECT c.id AS _key, c.id, c.post_id, c.parent_id, c.author_id, u.name AS author, c.body, c.status, c.created_at, c.edited_at FROM comments c LEFT JOIN users u ON u.id = c.author_id WHERE c.tenant_id = ?1 AND c.id > ?2 ORDER BY c.id LIMIT ?3`, 100},
	{"counters", `SELECT post_id AS _key, post_id, reactions, comments FROM post_counters WHERE tenant_id = ?1 AND post_id > ?2 ORDER BY post_id LIMIT ?3`, small},
	{"discussion", `SELECT tenant_id AS _key, enabled, moderation, counts_visible FROM comment_settings WHERE tenant_id = ?1 AND tenant_id > ?2 LIMIT ?3`, small},
	{"blocked", `SELECT user_id AS _key, user_id, reason, created_at FROM blocked_users WHERE tenant_id = ?1 AND user_id > ?2 ORDER BY user_id LIMIT ?3`, small},
	{"trails", `SELECT id AS _key, id, slug, name, intro, visibility, created_at, updated_at FROM trails WHERE tenant_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
	{"phases", `SELECT p.id AS _key, p.id, p.trail_id, p.name, p.sort_order FROM trail_phases p JOIN trails t ON t.id = p.trail_id WHERE t.tenant_id = ?1 AND p.id > ?2 ORDER BY p.id LIMIT ?3`, small},
	{"waypoints", `SELECT w.id AS _key, w.id, w.trail_id, w.phase_id, w.title, w.description, w.status, w.target_date, w.sort_order FROM trail_waypoints w JOIN trails t ON t.id = w.trail_id WHERE t.tenant_id = ?1 AND w.id > ?2 ORDER BY w.id LIMIT ?3`, small},
	{"days", `SELECT day AS _key, day, views, visitors, visitors_estimated, posts_created, comments, reactions FROM analytics_daily WHERE tenant_id = ?1 AND day > ?2 ORDER BY day LIMIT ?3`, small},
	{"hours", `SELECT day || printf('/%02d', hour) AS _key, day, hour, views, visitors FROM analytics_hourly WHERE tenant_id = ?1 AND day || printf('/%02d', hour) > ?2 ORDER BY _key LIMIT ?3`, small},
	{"paths", `SELECT day || '/' || path AS _key, day, path, views, visitors FROM analytics_pages WHERE tenant_id = ?1 AND day || '/' || path > ?2 ORDER BY _key LIMIT ?3`, small},
	{"actions", `SELECT id AS _key, actor_id, action, detail, created_at FROM audit_log WHERE tenant_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3`, small},
}

// The steps of exports: what D1 has, what only objects have, and the end.
var exportUser, exportSite []step

func init() { // not an initialiser: the steps come back to stepsOf
	exportUser = exportSteps(userSources, step{"sessions", exportSessions}, step{"feed", exportFeed}, step{"notifications", exportNotifications},
		step{"drafts", exportOwnDrafts}, step{"discussions", exportDiscussions})
	exportSite = exportSteps(siteSources, step{"drafts", exportDrafts}, step{"today", exportToday})
}

func exportSteps(sources []source, more ...step) (list []step) {
	for _, s := range sources {
		list = append(list, step{s.name, s.export})
	}
	return append(append(list, more...), step{"finish", finishExport})
}

// export writes one piece of a source.
func (s source) export(ctx context.Context, j *job) (next, error) {
	r, err := db.Prepare(s.query).Bind(j.user()+j.site(), j.Cursor, s.piece).Run(ctx)
	if err != nil {
		return next{}, err
	}
	cursor, rows := "", []any{}
	for _, values := range r.Rows {
		row := map[string]any{}
		for i, column := range r.Columns {
			if column == "_key" {
				cursor, _ = values[i].(string)
				continue
			}
			row[column] = values[i]
		}
		rows = append(rows, row)
	}
	return next{Cursor: cursor, Done: len(rows) < s.piece}, j.write(ctx, s.name, rows...)
}

// write stores a piece: a line of JSON for each row. The same piece written again takes the place of the first.
func (j *job) write(ctx context.Context, name string, rows ...any) error {
	if len(rows) == 0 {
		return nil
	}
	var lines bytes.Buffer
	for _, row := range rows {
		text, err := json.Marshal(row)
		if err != nil {
			return err
		}
		lines.Write(append(text, '\n'))
	}
	key := fmt.Sprintf("%s%s-%05d.jsonl", exportPrefix(j.ID), name, j.Parts)
	if _, err := bucket.Put(ctx, key, bytes.NewReader(lines.Bytes()), &r2.PutOptions{HTTPMetadata: r2.HTTPMetadata{ContentType: "application/x-ndjson"}}); err != nil {
		return err
	}
	j.Parts++
	return nil
}

func exportSessions(ctx context.Context, j *job) (next, error) {
	e, err := session.ExportUser.Call(ctx, session.Of(j.user()), j.user())
	if err != nil {
		return next{}, err
	}
	return next{Done: true}, j.write(ctx, "sessions", e)
}

func exportFeed(ctx context.Context, j *job) (next, error) {
	e, err := feed.ExportUser.Call(ctx, feed.Of(j.user()), j.user())
	if err != nil {
		return next{}, err
	}
	return next{Done: true}, j.write(ctx, "feed", e)
}

func exportNotifications(ctx context.Context, j *job) (next, error) {
	e, err := notification.ExportUser.Call(ctx, notification.Of(j.user()), j.user())
	if err != nil {
		return next{}, err
	}
	return next{Done: true}, j.write(ctx, "notifications", e)
}

// exportOwnDrafts writes the drafts that a user has at the sites they work on. The cursor is the site and the last draft.
func exportOwnDrafts(ctx context.Context, j *job) (next, error) {
	site, after, _ := strings.Cut(j.Cursor, "/")
	if site == "" || after == "" {
		found, err := db.Prepare(`SELECT tenant_id FROM tenant_members WHERE user_id = ? AND tenant_id > ? ORDER BY tenant_id LIMIT 1`).Bind(j.user(), site).First(ctx, &site)
		if err != nil || !found {
			return next{Done: true}, err
		}
	}
	part, err := tenant.ExportSite.Call(ctx, tenant.Of(site), tenant.ExportQuery{AuthorID: j.user(), After: after, Limit: large})
	if err != nil {
		return next{}, err
	}
	cursor := site + "/"
	if part.More {
		cursor += part.Drafts[len(part.Drafts)-1].DraftID
	}
	return next{Cursor: cursor}, j.write(ctx, "drafts", asAny(part.Drafts)...)
}

func exportDrafts(ctx context.Context, j *job) (next, error) {
	part, err := tenant.ExportSite.Call(ctx, tenant.Of(j.site()), tenant.ExportQuery{After: j.Cursor, Limit: large})
	if err != nil {
		return next{}, err
	}
	n := next{Done: !part.More}
	if part.More {
		n.Cursor = part.Drafts[len(part.Drafts)-1].DraftID
	}
	return n, j.write(ctx, "drafts", asAny(part.Drafts)...)
}

// exportToday writes the counts of the days that D1 does not have yet.
func exportToday(ctx context.Context, j *job) (next, error) {
	var open []any
	for _, day := range openDays(time.Now()) {
		s, err := analytics.GetStats.Call(ctx, analytics.Of(j.site(), day), durables.None{})
		if err != nil {
			return next{}, err
		}
		if s.PageViews+s.PostsCreated+s.CommentsCreated+s.ReactionsGiven > 0 {
			open = append(open, s)
		}
	}
	return next{Done: true}, j.write(ctx, "open-days", open...)
}

// openDays are the days that AnalyticsDO may still hold.
func openDays(now time.Time) []string {
	var days []string
	for d := -2; d <= 1; d++ {
		days = append(days, analytics.Day(now.AddDate(0, 0, d).UnixMilli()))
	}
	return days
}

func asAny[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}

// finishExport makes the file available, for a week from now.
func finishExport(ctx context.Context, j *job) (next, error) {
	now := time.Now()
	_, err := db.Prepare(`UPDATE export_jobs SET state = 'done', expires_at = ?3, heartbeat_at = ?4, lease = '', step = '' WHERE id = ?1 AND lease = ?2 AND state = 'running'`).
		Bind(j.ID, j.lease, now.Add(keepExports), now).Run(ctx)
	return next{Done: true}, err
}
