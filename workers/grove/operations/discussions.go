package operations

import (
	"context"
	"fmt"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
)

// destroyPost destroys the object of a post.
func destroyPost(ctx context.Context, tenantID, postID string) error {
	_, err := post.Destroy.Call(ctx, post.Of(tenantID, postID), durables.None{})
	return err
}

// discussed selects the posts on which somebody commented or reacted, also when it was taken back, or whose comments they moderated.
const discussed = `SELECT p.id, p.tenant_id FROM (SELECT post_id FROM comments WHERE author_id = ?1 UNION SELECT post_id FROM reactions WHERE user_id = ?1
	UNION SELECT post_id FROM comments WHERE moderated_by = ?1) d JOIN posts p ON p.id = d.post_id WHERE p.id > ?2 ORDER BY p.id LIMIT 20`

type postID struct {
	ID       string `json:"id"`
	TenantID string `json:"tenant_id"`
}

// discussions are the next posts on which the user commented or reacted.
func discussions(ctx context.Context, j *job) (list []postID, n next, err error) {
	if err := db.Prepare(discussed).Bind(j.user(), j.Cursor).All(ctx, &list); err != nil || len(list) == 0 {
		return nil, next{Done: true}, err
	}
	return list, next{Cursor: list[len(list)-1].ID}, nil
}

// eraseOnPosts has the objects of the posts forget a user who commented or reacted there.
func eraseOnPosts(ctx context.Context, j *job) (next, error) {
	list, n, err := discussions(ctx, j)
	for _, p := range list {
		if _, err := post.EraseUser.Call(ctx, post.Of(p.TenantID, p.ID), j.user()); err != nil {
			return next{}, fmt.Errorf("post %s: %w", p.ID, err)
		}
	}
	return n, err
}

// exportDiscussions writes what the objects of the posts hold of a user, which D1 may not have yet.
func exportDiscussions(ctx context.Context, j *job) (next, error) {
	list, n, err := discussions(ctx, j)
	var held []any
	for _, p := range list {
		e, err := post.ExportUser.Call(ctx, post.Of(p.TenantID, p.ID), j.user())
		if err != nil {
			return next{}, fmt.Errorf("post %s: %w", p.ID, err)
		}
		held = append(held, map[string]any{"post_id": p.ID, "comments": e.Comments, "reactions": e.Reactions})
	}
	if err != nil {
		return n, err
	}
	return n, j.write(ctx, "discussions", held...)
}

// leavePosts gives the posts that the user wrote for others to nobody, and tells their objects. The cursor has those that are being told: once D1 has
// changed, nothing else says which they were.
func leavePosts(ctx context.Context, j *job) (next, error) {
	if j.Cursor == "" {
		var list []postID
		if err := db.Prepare(`SELECT id, tenant_id FROM posts WHERE author_id = ? ORDER BY id LIMIT 20`).Bind(j.user()).All(ctx, &list); err != nil || len(list) == 0 {
			return next{Done: true}, err
		}
		var names []string
		for _, p := range list {
			names = append(names, p.TenantID+":"+p.ID)
		}
		return next{Cursor: strings.Join(names, " ")}, nil
	}
	for name := range strings.FieldsSeq(j.Cursor) {
		site, id, _ := strings.Cut(name, ":")
		if _, err := db.Prepare(`UPDATE posts SET author_id = ? WHERE id = ? AND author_id = ?`).Bind(Ghost, id, j.user()).Run(ctx); err != nil {
			return next{}, err
		}
		if _, err := post.RefreshSettings.Call(ctx, post.Of(site, id), durables.None{}); err != nil {
			return next{}, fmt.Errorf("post %s: %w", id, err)
		}
	}
	return next{}, nil
}

// unblock takes the user off the lists of sites that block them, and tells the objects of the sites' posts. The cursor is the site and the last post.
func unblock(ctx context.Context, j *job) (next, error) {
	site, after, _ := strings.Cut(j.Cursor, "/")
	if site == "" {
		found, err := db.Prepare(`SELECT tenant_id FROM blocked_users WHERE user_id = ? LIMIT 1`).Bind(j.user()).First(ctx, &site)
		return next{Cursor: site + "/", Done: !found}, err
	}
	if _, err := db.Prepare(`DELETE FROM blocked_users WHERE tenant_id = ? AND user_id = ?`).Bind(site, j.user()).Run(ctx); err != nil {
		return next{}, err
	}
	var list []string
	if err := db.Prepare(`SELECT id FROM posts WHERE tenant_id = ? AND id > ? AND published_at IS NOT NULL ORDER BY id LIMIT 20`).Bind(site, after).All(ctx, &list); err != nil || len(list) == 0 {
		return next{}, err
	}
	for _, id := range list {
		if _, err := post.RefreshSettings.Call(ctx, post.Of(site, id), durables.None{}); err != nil {
			return next{}, fmt.Errorf("post %s: %w", id, err)
		}
	}
	return next{Cursor: site + "/" + list[len(list)-1]}, nil
}
