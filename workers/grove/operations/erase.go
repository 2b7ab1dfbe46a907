package operations

import (
	"context"
	"fmt"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/session"
	"grove.place/lattice/durables/tenant"
)

// Ghost is to whom the posts on other people's sites belong whose author is gone.
const Ghost = "00000000-0000-7000-8000-000000000000"

// settleFor is how long objects may keep what somebody did before D1 has it: they send it every five minutes, and when that failed they try again every
// fifteen at least. After it D1 says where to look.
const settleFor = 21 * time.Minute

// eraseUser are the steps of the deletion of a user. Each may be done again. D1's rows go last but for the user's own objects: they say which objects to ask.
var eraseUser []step

func init() {
	eraseUser = []step{
		{"close", closeUser}, {"sites", deleteSites}, {"settle", settle},
		{"followers", eachOf(`SELECT follower_id FROM (SELECT follower_id FROM follows WHERE followee_id = ?1 UNION SELECT follower_id FROM former_follows WHERE followee_id = ?1)
			WHERE follower_id > ?2 ORDER BY follower_id LIMIT 20`, func(ctx context.Context, j *job, other string) error {
			_, err := feed.EraseUser.Call(ctx, feed.Of(other), j.user())
			return err
		})},
		{"followed", eachOf(followed, eraseInNotifications)}, {"answered", eachOf(answered, eraseInNotifications)}, {"named", eachOf(named, eraseInNotifications)},
		{"discussions", eraseOnPosts}, {"posts", leavePosts}, {"blocks", unblock},
		{"members", eachOf(`SELECT tenant_id FROM (SELECT tenant_id FROM tenant_members WHERE user_id = ?1 UNION SELECT tenant_id FROM drafts WHERE author_id = ?1
			UNION SELECT tenant_id FROM comments WHERE author_id = ?1 UNION SELECT tenant_id FROM reactions WHERE user_id = ?1) WHERE tenant_id > ?2 ORDER BY tenant_id LIMIT 20`,
			func(ctx context.Context, j *job, site string) error {
				_, err := tenant.EraseUser.Call(ctx, tenant.Of(site), j.user())
				return err
			})},
		{"exports", eraseExports},
		{"reactions", rowsOf(`DELETE FROM reactions WHERE (post_id, user_id, type) IN (SELECT post_id, user_id, type FROM reactions WHERE user_id = ?1 LIMIT ?2)`)},
		// A comment that others have answered keeps its place, without its words.
		{"comments", rowsOf(`UPDATE comments SET author_id = '', body = '', status = 'deleted', deleted_at = coalesce(deleted_at, unixepoch() * 1000)
			WHERE id IN (SELECT id FROM comments WHERE author_id = ?1 LIMIT ?2)`)},
		{"letters", rowsOf(`DELETE FROM dead_letters WHERE (source, seq) IN (SELECT source, seq FROM dead_letters WHERE instr(source, ?1) > 0 OR instr(payload, ?1) > 0 LIMIT ?2)`)},
		{"following", rowsOf(`DELETE FROM follows WHERE (follower_id, followee_id) IN (SELECT follower_id, followee_id FROM follows WHERE follower_id = ?1 OR followee_id = ?1 LIMIT ?2)`)},
		{"account", eraseAccount},
		{"objects", eraseUserObjects},
	}
}

// Whose notifications may name the user: whom they follow or followed, and who follows them; whose posts and comments they reacted to or answered, and who
// answered them; who blocks them, and whoever D1's copies say. They are three queries, for D1 takes no more than five parts in one.
const (
	followed = `SELECT id FROM (SELECT followee_id AS id FROM follows WHERE follower_id = ?1 UNION SELECT followee_id FROM former_follows WHERE follower_id = ?1
		UNION SELECT follower_id FROM follows WHERE followee_id = ?1) WHERE id > ?2 ORDER BY id LIMIT 20`
	answered = `SELECT id FROM (SELECT p.author_id AS id FROM comments c JOIN posts p ON p.id = c.post_id WHERE c.author_id = ?1
		UNION SELECT q.author_id FROM comments c JOIN comments q ON q.id = c.parent_id WHERE c.author_id = ?1
		UNION SELECT q.author_id FROM comments c JOIN comments q ON q.post_id = c.post_id AND q.parent_id = c.id WHERE c.author_id = ?1
		UNION SELECT p.author_id FROM reactions r JOIN posts p ON p.id = r.post_id WHERE r.user_id = ?1)
		WHERE id > ?2 AND id <> ?1 AND id <> '` + Ghost + `' ORDER BY id LIMIT 20`
	named = `SELECT id FROM (SELECT user_id AS id FROM user_blocks WHERE blocked_id = ?1 UNION SELECT user_id FROM notifications WHERE instr(actors, ?1) > 0)
		WHERE id > ?2 AND id <> ?1 ORDER BY id LIMIT 20`
)

// eraseInNotifications has the notifications of another user forget this one.
func eraseInNotifications(ctx context.Context, j *job, other string) error {
	_, err := notification.EraseUser.Call(ctx, notification.Of(other), j.user())
	return err
}

// eachOf is a step that does something for each id that a query returns. The query gets the user and the last id of the piece before.
func eachOf(query string, do func(ctx context.Context, j *job, id string) error) func(ctx context.Context, j *job) (next, error) {
	return func(ctx context.Context, j *job) (next, error) {
		var list []string
		if err := db.Prepare(query).Bind(j.user(), j.Cursor).All(ctx, &list); err != nil || len(list) == 0 {
			return next{Done: true}, err
		}
		for _, id := range list {
			if err := do(ctx, j, id); err != nil {
				return next{}, fmt.Errorf("%s: %w", id, err)
			}
		}
		return next{Cursor: list[len(list)-1]}, nil
	}
}

// closeUser ends every session and lets nobody sign in to the account any more.
func closeUser(ctx context.Context, j *job) (next, error) {
	if _, err := db.Prepare(`UPDATE users SET status = 'deleting', updated_at = ?2 WHERE id = ?1 AND status <> 'deleting'`).Bind(j.user(), time.Now()).Run(ctx); err != nil {
		return next{}, err
	}
	_, err := session.Destroy.Call(ctx, session.Of(j.user()), durables.None{})
	return next{Done: true}, err
}

// deleteSites has the user's own sites deleted, and waits until they are gone.
func deleteSites(ctx context.Context, j *job) (next, error) {
	var sites []string
	if err := db.Prepare(`SELECT id FROM tenants WHERE owner_user_id = ? ORDER BY id LIMIT 50`).Bind(j.user()).All(ctx, &sites); err != nil || len(sites) == 0 {
		return next{Done: true}, err
	}
	for _, id := range sites {
		if err := DeleteSite(ctx, id, j.user()); err != nil {
			return next{}, err
		}
	}
	return next{After: time.Minute}, nil
}

// settle waits until what the user did has reached D1.
func settle(_ context.Context, j *job) (next, error) {
	if wait := time.Until(time.UnixMilli(j.StartedAt).Add(settleFor)); wait > 0 {
		return next{After: wait}, nil
	}
	return next{Done: true}, nil
}

// eraseAccount removes or rewrites every row that names the user, and the user.
func eraseAccount(ctx context.Context, j *job) (next, error) {
	id := j.user()
	_, err := db.Batch(ctx,
		// What belongs to others stays, under nobody's name.
		db.Prepare(`UPDATE media SET uploaded_by = ?2 WHERE uploaded_by = ?1`).Bind(id, Ghost),
		db.Prepare(`UPDATE comments SET moderated_by = ?2 WHERE moderated_by = ?1`).Bind(id, Ghost),
		db.Prepare(`UPDATE audit_log SET actor_id = replace(actor_id, ?1, ?2), detail = replace(detail, ?1, ?2) WHERE actor_id = ?1 OR instr(detail, ?1) > 0`).Bind(id, Ghost),
		db.Prepare(`UPDATE operator_log SET actor_id = replace(actor_id, ?1, ?2), detail = replace(detail, ?1, ?2) WHERE actor_id = ?1 OR instr(detail, ?1) > 0`).Bind(id, Ghost),
		db.Prepare(`UPDATE notifications SET actors = (SELECT json_group_array(value) FROM json_each(actors) WHERE value <> ?1) WHERE instr(actors, ?1) > 0`).Bind(id),
		db.Prepare(`UPDATE notifications SET target_id = ?2, group_key = replace(group_key, ?1, ?2) WHERE target_id = ?1 OR instr(group_key, ?1) > 0`).Bind(id, Ghost),
		db.Prepare(`UPDATE export_jobs SET requested_by = ?2 WHERE requested_by = ?1`).Bind(id, Ghost),
		// What is the user's goes.
		db.Prepare(`DELETE FROM drafts WHERE author_id = ?`).Bind(id),
		db.Prepare(`DELETE FROM former_follows WHERE follower_id = ?1 OR followee_id = ?1`).Bind(id),
		db.Prepare(`DELETE FROM follow_counts WHERE user_id = ?`).Bind(id),
		db.Prepare(`DELETE FROM applied_batches WHERE source = 'NotificationDO notifications:' || ?`).Bind(id),
		db.Prepare(`DELETE FROM users WHERE id = ?`).Bind(id),
	)
	return next{Done: true}, err
}

// eraseUserObjects empties the user's own objects, after everything that could fill them is gone.
func eraseUserObjects(ctx context.Context, j *job) (next, error) {
	if _, err := session.Destroy.Call(ctx, session.Of(j.user()), durables.None{}); err != nil {
		return next{}, err
	}
	if _, err := feed.EraseUser.Call(ctx, feed.Of(j.user()), j.user()); err != nil {
		return next{}, err
	}
	if _, err := notification.EraseUser.Call(ctx, notification.Of(j.user()), j.user()); err != nil {
		return next{}, err
	}
	if _, err := db.Prepare(`DELETE FROM applied_batches WHERE source = 'NotificationDO notifications:' || ?`).Bind(j.user()).Run(ctx); err != nil {
		return next{}, err
	}
	return next{Done: true}, j.close(ctx)
}
