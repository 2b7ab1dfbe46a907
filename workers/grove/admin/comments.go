package admin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	postdo "grove.place/lattice/durables/post"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/conversation"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

// listed is a comment as moderators see it.
type listed struct {
	ID         string  `json:"id"`
	PostID     string  `json:"postId"`
	PostTitle  string  `json:"postTitle"`
	PostSlug   string  `json:"postSlug"`
	AuthorID   string  `json:"authorId"`
	AuthorName string  `json:"authorName"`
	ParentID   *string `json:"parentId"`
	Content    string  `json:"content"`
	Status     string  `json:"status"`
	CreatedAt  int64   `json:"createdAt"`
}

// listComments answers with a page of the comments of a status, the latest first, from D1: they are there half a minute after they were written.
func listComments(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	n, err := limit(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	page, err := Comments(r.Context(), v.TenantID, query.Get("status"), query.Get("cursor"), n)
	return answer(w, page, err)
}

// CommentPage is a page of comments for moderators. Next is the cursor of the following page, "" at the end.
type CommentPage struct {
	Comments []listed `json:"comments"`
	Next     string   `json:"nextCursor,omitempty"`
}

// Comments returns comments of a site: status is pending (also for ""), visible or hidden.
func Comments(ctx context.Context, tenantID, status, cursor string, limit int) (CommentPage, error) {
	page := CommentPage{Comments: []listed{}}
	if status == "" {
		status = postdo.Pending
	}
	if !slices.Contains([]string{postdo.Pending, postdo.Visible, postdo.Hidden}, status) {
		return page, web.BadRequest("bad_status", "status is pending, visible or hidden.")
	}
	before, id := int64(1)<<52, "~"
	if cursor != "" {
		at, rest, _ := strings.Cut(cursor, "_")
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil || n < 0 || n > before || !ids.Valid(rest) {
			return page, web.BadRequest("bad_cursor", "Use the cursor that the page before gave, or none.")
		}
		before, id = n, rest
	}
	err := db.Prepare(`SELECT c.id, c.post_id AS postId, p.title AS postTitle, p.slug AS postSlug, c.author_id AS authorId, coalesce(u.name, '') AS authorName, c.parent_id AS parentId,
		c.body AS content, c.status, c.created_at AS createdAt FROM comments c JOIN posts p ON p.id = c.post_id LEFT JOIN users u ON u.id = c.author_id
		WHERE c.tenant_id = ?1 AND c.status = ?2 AND (c.created_at, c.id) < (?3, ?4) AND p.status <> 'deleted' ORDER BY c.created_at DESC, c.id DESC LIMIT ?5`).
		Bind(tenantID, status, before, id, limit+1).All(ctx, &page.Comments)
	if err != nil {
		return page, web.Unavailable("The comments", err)
	}
	if len(page.Comments) > limit {
		page.Comments = page.Comments[:limit]
		last := page.Comments[limit-1]
		page.Next = fmt.Sprintf("%d_%s", last.CreatedAt, last.ID)
	}
	return page, nil
}

// moderate returns the handler of an action on a comment.
func moderate(action string) handler {
	return func(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
		postID, err := conversation.PostOf(r, v)
		if err != nil {
			return err
		}
		if ids.Valid(postID) { // else there is no such comment
			var p *posts.Post
			if p, err = posts.Get(r.Context(), v.TenantID, postID); err == nil && p == nil {
				err = web.ErrNotFound
			}
		} else {
			err = web.ErrNotFound
		}
		if err != nil {
			return err
		}
		id := r.PathValue("id")
		a, err := callPost(r.Context(), v, postID, postdo.ModerateComment, postdo.Moderation{ID: id, ModeratorID: v.User.UserID, Action: action})
		if err == nil {
			err = conversation.Problem(a.Problem)
		}
		if err != nil {
			return err
		}
		_, err = posts.Audit(v.TenantID, v.User.UserID, "comment_"+action, map[string]string{"commentId": id, "postId": postID}, time.Now()).Run(r.Context())
		return answer(w, a, err)
	}
}

// callPost is call for the object of a post of the site.
func callPost[P, R any](ctx context.Context, v *access.Visit, postID string, m *durables.MethodOf[postdo.Post, P, R], p P) (R, error) {
	result, err := m.Call(ctx, postdo.Of(v.TenantID, postID), p)
	return result, web.Told("The conversation", err)
}

// tellPost has the object of a post learn that it is shown or hidden, or gone for good. Should it not hear of it now, it finds out when it is used next.
func tellPost(ctx context.Context, v *access.Visit, p *posts.Post, m *durables.MethodOf[postdo.Post, durables.None, durables.None]) {
	if p == nil || p.PublishedAt == 0 {
		return // it never had one
	}
	var err error
	for range 3 {
		if _, err = m.Call(ctx, postdo.Of(v.TenantID, p.ID), durables.None{}); err == nil {
			return
		}
	}
	slog.ErrorContext(ctx, "the object of a post was not told of its state", "post", p.ID, "method", m.Name(), "error", err)
}

// Blocked is a user whom the site does not want to hear from.
type Blocked struct {
	UserID    string `json:"userId"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
	CreatedAt int64  `json:"createdAt"`
}

// BlockedUsers returns whom the site has blocked, the latest first.
func BlockedUsers(ctx context.Context, tenantID string) ([]Blocked, error) {
	list := []Blocked{}
	err := db.Prepare(`SELECT b.user_id AS userId, coalesce(u.name, '') AS name, b.reason, b.created_at AS createdAt FROM blocked_users b LEFT JOIN users u ON u.id = b.user_id
		WHERE b.tenant_id = ? ORDER BY b.created_at DESC, b.user_id LIMIT 1000`).Bind(tenantID).All(ctx, &list)
	if err != nil {
		return nil, web.Unavailable("The list", err)
	}
	return list, nil
}

func listBlocked(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	list, err := BlockedUsers(r.Context(), v.TenantID)
	return answer(w, map[string]any{"blocked": list}, err)
}

func getBlocked(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var b struct {
		Blocked   bool   `json:"blocked"`
		Reason    string `json:"reason,omitempty"`
		CreatedAt int64  `json:"createdAt,omitempty"`
	}
	_, err := db.Prepare(`SELECT 1 AS blocked, reason, created_at AS createdAt FROM blocked_users WHERE tenant_id = ? AND user_id = ?`).Bind(v.TenantID, r.PathValue("userId")).First(r.Context(), &b)
	return answer(w, b, err)
}

// putBlocked blocks a user: what they wrote is hidden, and they cannot take part. Members of the site cannot be blocked.
func putBlocked(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if body.Reason != "" {
		reason, err := content.Plain("reason", body.Reason, 500)
		if err != nil {
			return web.BadRequest("bad_reason", err.Error()+".")
		}
		body.Reason = reason
	}
	userID := r.PathValue("userId")
	result, err := db.Prepare(`INSERT INTO blocked_users (tenant_id, user_id, reason, created_at) SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2
		AND NOT EXISTS (SELECT 1 FROM tenant_members WHERE tenant_id = ?1 AND user_id = ?2) ON CONFLICT (tenant_id, user_id) DO UPDATE SET reason = ?3`).
		Bind(v.TenantID, userID, body.Reason, time.Now()).Run(r.Context())
	switch {
	case err != nil:
		return err
	case result.Meta.Changes == 0:
		return web.Conflict("cannot_block", "There is no such user, or they are a member of this site: take their role away first.", nil)
	}
	return blockChanged(w, r, v, userID, "user_blocked")
}

func deleteBlocked(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	userID := r.PathValue("userId")
	if _, err := db.Prepare(`DELETE FROM blocked_users WHERE tenant_id = ? AND user_id = ?`).Bind(v.TenantID, userID).Run(r.Context()); err != nil {
		return err
	}
	return blockChanged(w, r, v, userID, "user_unblocked")
}

// blockChanged tells the posts on which the user was last; the others learn of it within a minute.
func blockChanged(w http.ResponseWriter, r *http.Request, v *access.Visit, userID, action string) error {
	if _, err := posts.Audit(v.TenantID, v.User.UserID, action, map[string]string{"userId": userID}, time.Now()).Run(r.Context()); err != nil {
		return err
	}
	var list []string
	err := db.Prepare(`SELECT DISTINCT post_id FROM (SELECT post_id FROM comments WHERE author_id = ? AND tenant_id = ? ORDER BY created_at DESC LIMIT 50) LIMIT 20`).Bind(userID, v.TenantID).All(r.Context(), &list)
	for _, id := range list {
		if err == nil {
			_, err = callPost(r.Context(), v, id, postdo.RefreshSettings, durables.None{})
		}
	}
	if err != nil {
		slog.WarnContext(r.Context(), "posts not told of a blocked user", "error", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
