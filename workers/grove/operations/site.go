package operations

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/r2"
)

const (
	// holdNames is how long the name of a deleted site is nobody's.
	holdNames = 90 * 24 * time.Hour
	// forgetNames is how long an isolate may still take a name for that of a site; until then requests for it can make its object anew.
	forgetNames = 90 * time.Second
)

// eraseSite are the steps of the deletion of a site. Each may be done again.
var eraseSite []step

func init() {
	eraseSite = []step{
		{"close", closeSite}, {"quiet", quietSite}, {"posts", erasePosts}, {"feeds", tellFeeds}, {"objects", eraseSiteObjects}, {"media", eraseMedia}, {"exports", eraseExports},
		{"reactions", rowsOf(`DELETE FROM reactions WHERE (post_id, user_id, type) IN (SELECT post_id, user_id, type FROM reactions WHERE post_id IN (SELECT id FROM posts WHERE tenant_id = ?1) LIMIT ?2)`)},
		{"comments", rowsOf(`DELETE FROM comments WHERE id IN (SELECT id FROM comments WHERE tenant_id = ?1 LIMIT ?2)`)},
		{"paths", rowsOf(`DELETE FROM analytics_pages WHERE (tenant_id, day, path) IN (SELECT tenant_id, day, path FROM analytics_pages WHERE tenant_id = ?1 LIMIT ?2)`)},
		{"hours", rowsOf(`DELETE FROM analytics_hourly WHERE (tenant_id, day, hour) IN (SELECT tenant_id, day, hour FROM analytics_hourly WHERE tenant_id = ?1 LIMIT ?2)`)},
		{"actions", rowsOf(`DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE tenant_id = ?1 LIMIT ?2)`)},
		{"batches", rowsOf(`DELETE FROM applied_batches WHERE (source, batch_id) IN (SELECT source, batch_id FROM applied_batches
			WHERE source = 'TenantDO tenant:' || ?1 OR source >= 'PostDO post:' || ?1 || ':' AND source < 'PostDO post:' || ?1 || ';' LIMIT ?2)`)},
		{"letters", rowsOf(`DELETE FROM dead_letters WHERE (source, seq) IN (SELECT source, seq FROM dead_letters WHERE instr(source, ?1) > 0 OR instr(payload, ?1) > 0 LIMIT ?2)`)},
		{"texts", rowsOf(`DELETE FROM posts WHERE id IN (SELECT id FROM posts WHERE tenant_id = ?1 LIMIT ?2)`)},
		{"site", eraseSiteRow},
	}
}

// closeSite takes the site off the network: D1 says that it is being deleted, its name is held, and its object hears of it.
func closeSite(ctx context.Context, j *job) (next, error) {
	now := time.Now()
	_, err := db.Batch(ctx,
		db.Prepare(`INSERT OR REPLACE INTO subdomain_history (subdomain, tenant_id, changed_at, hold_until) SELECT subdomain, id, ?2, ?3 FROM tenants
			WHERE id = ?1 AND status <> 'deleting'`).Bind(j.site(), now, now.Add(holdNames)),
		db.Prepare(`UPDATE tenants SET status = 'deleting', config_version = config_version + 1, updated_at = ?2 WHERE id = ?1 AND status <> 'deleting'`).Bind(j.site(), now))
	if err != nil {
		return next{}, err
	}
	there, err := exists(ctx, `SELECT 1 FROM tenants WHERE id = ?`, j.site())
	if err != nil || !there {
		return next{Done: true}, err
	}
	_, err = tenant.Invalidate.Call(ctx, tenant.Of(j.site()), durables.None{})
	return next{Done: true}, err
}

// quietSite waits until no isolate remembers the name.
func quietSite(_ context.Context, j *job) (next, error) {
	if wait := time.Until(time.UnixMilli(j.StartedAt).Add(forgetNames)); wait > 0 {
		return next{After: wait}, nil
	}
	return next{Done: true}, nil
}

// erasePosts unpublishes each post, which the triggers of D1 announce to the feeds, and destroys its object. The cursor is the last post.
func erasePosts(ctx context.Context, j *job) (next, error) {
	var list []string
	err := db.Prepare(`SELECT id FROM posts WHERE tenant_id = ? AND id > ? ORDER BY id LIMIT 20`).Bind(j.site(), j.Cursor).All(ctx, &list)
	if err != nil || len(list) == 0 {
		return next{Done: true}, err
	}
	last := list[len(list)-1]
	if _, err := db.Prepare(`UPDATE posts SET status = 'deleted', version = version + 1 WHERE tenant_id = ? AND id > ? AND id <= ? AND status <> 'deleted'`).Bind(j.site(), j.Cursor, last).Run(ctx); err != nil {
		return next{}, err
	}
	for _, id := range list {
		if err := destroyPost(ctx, j.site(), id); err != nil {
			return next{}, err
		}
	}
	return next{Cursor: last}, nil
}

// tellFeeds waits until the feeds have been told of every post.
func tellFeeds(ctx context.Context, j *job) (next, error) {
	waits, err := exists(ctx, `SELECT 1 FROM announcements WHERE tenant_id = ? LIMIT 1`, j.site())
	if waits {
		return next{After: 30 * time.Second}, err
	}
	return next{Done: true}, err
}

func eraseSiteObjects(ctx context.Context, j *job) (next, error) {
	if _, err := tenant.Destroy.Call(ctx, tenant.Of(j.site()), durables.None{}); err != nil {
		return next{}, err
	}
	for _, day := range openDays(time.Now()) {
		if _, err := analytics.Destroy.Call(ctx, analytics.Of(j.site(), day), durables.None{}); err != nil {
			return next{}, err
		}
	}
	return next{Done: true}, nil
}

// eraseMedia removes the site's files, also those that D1 does not know.
func eraseMedia(ctx context.Context, j *job) (next, error) { return eraseFiles(ctx, j.site()+"/") }

// eraseFiles removes a page of what the bucket has under a prefix.
func eraseFiles(ctx context.Context, prefix string) (next, error) {
	page, err := bucket.List(ctx, r2.ListOptions{Prefix: prefix, Limit: 500})
	if err != nil || len(page.Objects) == 0 {
		return next{Done: true}, err
	}
	var keys []string
	for _, o := range page.Objects {
		keys = append(keys, o.Key)
	}
	return next{Done: !page.Truncated}, bucket.Delete(ctx, keys...)
}

// eraseExports removes the exports of the subject, one after the other: the files first, so that none is left without a row that leads to it.
func eraseExports(ctx context.Context, j *job) (next, error) {
	var id string
	found, err := db.Prepare(`SELECT id FROM export_jobs WHERE subject = ?1 OR requested_by = ?2 LIMIT 1`).Bind(j.Subject, j.user()).First(ctx, &id)
	if err != nil || !found {
		return next{Done: true}, err
	}
	return next{}, dropExport(ctx, id)
}

// dropExport removes an export with its files. A Worker that still works on it loses it.
func dropExport(ctx context.Context, id string) error {
	if _, err := db.Prepare(`UPDATE export_jobs SET state = 'failed', lease = '' WHERE id = ?`).Bind(id).Run(ctx); err != nil {
		return err
	}
	for {
		n, err := eraseFiles(ctx, exportPrefix(id))
		if err != nil {
			return err
		}
		if n.Done {
			break
		}
	}
	_, err := db.Prepare(`DELETE FROM export_jobs WHERE id = ?`).Bind(id).Run(ctx)
	return err
}

// rowsOf is a step that runs a statement which deletes at most ?2 rows of the subject ?1, until none is left: D1 does not like long statements.
func rowsOf(query string) func(ctx context.Context, j *job) (next, error) {
	const piece = 500
	return func(ctx context.Context, j *job) (next, error) {
		done, err := db.Prepare(query).Bind(j.user()+j.site(), piece).Run(ctx)
		if err != nil {
			return next{}, err
		}
		return next{Done: done.Meta.Changes < piece}, nil
	}
}

// eraseSiteRow removes what is left of the site, and whose it was from the job. The object is destroyed once more: a request that was under way may have made it anew.
func eraseSiteRow(ctx context.Context, j *job) (next, error) {
	if _, err := db.Prepare(`DELETE FROM tenants WHERE id = ?`).Bind(j.site()).Run(ctx); err != nil {
		return next{}, err
	}
	if _, err := tenant.Destroy.Call(ctx, tenant.Of(j.site()), durables.None{}); err != nil {
		return next{}, err
	}
	return next{Done: true}, j.close(ctx)
}

// close ends a deletion. What it was about is forgotten too: the row only says that something was deleted, and when.
func (j *job) close(ctx context.Context) error {
	_, err := db.Prepare(`UPDATE deletion_jobs SET state = 'done', subject = 'done:' || id, requested_by = '', step = '', cursor = '', lease = '', error = '', done_at = ?3
		WHERE id = ?1 AND lease = ?2 AND state = 'running'`).Bind(j.ID, j.lease, time.Now()).Run(ctx)
	if err != nil {
		return fmt.Errorf("operations: end the deletion: %w", err)
	}
	return nil
}

func exists(ctx context.Context, query string, args ...any) (bool, error) {
	var n int
	return db.Prepare(query).Bind(args...).First(ctx, &n)
}
