package operations

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/r2"
)

// How long things are kept that nobody needs any more.
const (
	keepBatches   = 30 * 24 * time.Hour // a batch whose answer was lost is sent again within minutes, or when D1 is back
	keepJobs      = 90 * 24 * time.Hour
	keepFormer    = 91 * 24 * time.Hour // a day more than notifications are kept
	keepOperators = 365 * 24 * time.Hour
	orphanAge     = 24 * time.Hour // a file that is younger may still get its row
	tidyPiece     = 1000
)

// Sweep brings jobs to the queue that are due. A cron trigger runs it every few minutes.
func Sweep(ctx context.Context) error { return sweep(ctx) }

// Tidy removes what is over. A cron trigger runs it once a day; it may be run at any time.
func Tidy(ctx context.Context) error {
	now := time.Now()
	var failed []error
	for _, t := range []struct {
		what, query string
		before      time.Time
	}{
		{"batches", `DELETE FROM applied_batches WHERE (source, batch_id) IN (SELECT source, batch_id FROM applied_batches WHERE applied_at < ?1 LIMIT ?2)`, now.Add(-keepBatches)},
		{"sign-ins", `DELETE FROM login_flows WHERE state_hash IN (SELECT state_hash FROM login_flows WHERE expires_at < ?1 LIMIT ?2)`, now},
		{"handoffs", `DELETE FROM used_handoffs WHERE code_hash IN (SELECT code_hash FROM used_handoffs WHERE expires_at < ?1 LIMIT ?2)`, now},
		{"deletions", `DELETE FROM deletion_jobs WHERE id IN (SELECT id FROM deletion_jobs WHERE state = 'done' AND done_at < ?1 LIMIT ?2)`, now.Add(-keepJobs)},
		{"former follows", `DELETE FROM former_follows WHERE (follower_id, followee_id) IN (SELECT follower_id, followee_id FROM former_follows WHERE ended_at < ?1 LIMIT ?2)`, now.Add(-keepFormer)},
		{"held names", `DELETE FROM subdomain_history WHERE (subdomain, changed_at) IN (SELECT subdomain, changed_at FROM subdomain_history WHERE hold_until < ?1
			AND tenant_id NOT IN (SELECT id FROM tenants) LIMIT ?2)`, now},
		{"operators' log", `DELETE FROM operator_log WHERE id IN (SELECT id FROM operator_log WHERE created_at < ?1 LIMIT ?2)`, now.Add(-keepOperators)},
	} {
		n, err := prune(ctx, t.query, t.before)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", t.what, err))
		}
		if n > 0 {
			slog.InfoContext(ctx, "tidied", "what", t.what, "rows", n)
		}
	}
	return errors.Join(append(failed, dropExpired(ctx, now), dropOrphans(ctx, now))...)
}

// prune deletes rows in pieces, and leaves the rest for the next day when there are very many.
func prune(ctx context.Context, query string, before time.Time) (rows int64, err error) {
	for range 20 {
		done, err := db.Prepare(query).Bind(before, tidyPiece).Run(ctx)
		if err != nil {
			return rows, err
		}
		rows += done.Meta.Changes
		if done.Meta.Changes < tidyPiece {
			break
		}
	}
	return rows, nil
}

// dropExpired removes exports whose time is over, with their files.
func dropExpired(ctx context.Context, now time.Time) error {
	var list []string
	if err := db.Prepare(`SELECT id FROM export_jobs WHERE expires_at < ? LIMIT 50`).Bind(now).All(ctx, &list); err != nil {
		return fmt.Errorf("operations: look for expired exports: %w", err)
	}
	for _, id := range list {
		if err := dropExport(ctx, id); err != nil {
			return fmt.Errorf("operations: drop export %s: %w", id, err)
		}
	}
	return nil
}

// dropOrphans removes files that no row refers to: of an upload that broke off, or an export whose row is gone. It walks over the bucket, a part of it each day.
func dropOrphans(ctx context.Context, now time.Time) error {
	var after string
	if _, err := db.Prepare(`SELECT cursor FROM walks WHERE name = 'orphans'`).First(ctx, &after); err != nil {
		return fmt.Errorf("operations: look for orphans: %w", err)
	}
	for range 20 {
		page, err := bucket.List(ctx, r2.ListOptions{StartAfter: after, Limit: 90})
		if err != nil {
			return fmt.Errorf("operations: list files: %w", err)
		}
		if err := dropUnknown(ctx, page.Objects, now); err != nil {
			return err
		}
		if after = ""; page.Truncated {
			after = page.Objects[len(page.Objects)-1].Key
		}
		_, err = db.Prepare(`INSERT INTO walks (name, cursor, updated_at) VALUES ('orphans', ?1, ?2) ON CONFLICT (name) DO UPDATE SET cursor = ?1, updated_at = ?2`).Bind(after, now).Run(ctx)
		if err != nil || after == "" {
			return err
		}
	}
	return nil
}

// dropUnknown removes those of the files that are old enough and that D1 does not know.
func dropUnknown(ctx context.Context, files []r2.Object, now time.Time) error {
	old := []any{}
	for _, f := range files {
		if now.Sub(f.Uploaded) > orphanAge {
			old = append(old, f.Key)
		}
	}
	if len(old) == 0 {
		return nil
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(old)), ",")
	var known []string
	if err := db.Prepare(`SELECT r2_key FROM media WHERE r2_key IN (`+marks+`)`).Bind(old...).All(ctx, &known); err != nil {
		return fmt.Errorf("operations: look for the rows of files: %w", err)
	}
	has := map[string]bool{}
	for _, key := range known {
		has[key] = true
	}
	var gone []string
	exports := map[string]bool{} // whether there is such a job
	for _, key := range old {
		key := key.(string)
		if id := exportOf(key); id != "" {
			there, asked := exports[id]
			if !asked {
				var err error
				if there, err = exists(ctx, `SELECT 1 FROM export_jobs WHERE id = ?`, id); err != nil {
					return err
				}
				exports[id] = there
			}
			has[key] = there
		}
		if !has[key] {
			gone = append(gone, key)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	slog.InfoContext(ctx, "files removed that nothing refers to", "files", len(gone))
	return bucket.Delete(ctx, gone...)
}

// exportOf is the export that a file belongs to, "" for an image.
func exportOf(key string) string {
	rest, ok := strings.CutPrefix(key, "exports/")
	id, _, _ := strings.Cut(rest, "/")
	if !ok || !ids.Valid(id) {
		return ""
	}
	return id
}
