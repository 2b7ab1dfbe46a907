package meadow

import (
	"context"
	"fmt"
	"net/http"

	"grove.place/lattice/durables/feed"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// profile is what a page says of a person.
type profile struct {
	Name      string `json:"name"`
	Follows   bool   `json:"follows"` // the visitor follows them
	Kind      string `json:"kind"`    // of the visitor's block of them, "" for none
	Blocked   bool   `json:"blocked"` // they have blocked the visitor
	Followers int64  `json:"followers"`
}

const latest = 20 // posts of a person's page

// readProfile reads a person and their latest posts. Visitors who are not signed in see only those who have published something.
func readProfile(ctx context.Context, v *heartwood.Visitor, id string) (p profile, posts []feed.PostRow, err error) {
	visitor := ""
	if v != nil {
		visitor = v.UserID
	}
	results, err := db.Batch(ctx,
		db.Prepare(`SELECT u.name, EXISTS (SELECT 1 FROM follows WHERE follower_id = ?2 AND followee_id = u.id) AS follows,
			coalesce((SELECT kind FROM user_blocks WHERE user_id = ?2 AND blocked_id = u.id), '') AS kind,
			EXISTS (SELECT 1 FROM user_blocks WHERE user_id = u.id AND blocked_id = ?2 AND kind = 'block') AS blocked,
			coalesce((SELECT followers FROM follow_counts WHERE user_id = u.id), 0) AS followers FROM users u WHERE u.id = ?1 AND u.status = 'active'`).Bind(id, visitor),
		db.Prepare(`SELECT `+feed.PostColumns+` FROM `+feed.PostTables+` WHERE p.author_id = ? AND p.status = 'published' ORDER BY p.published_at DESC, p.id DESC LIMIT ?`).
			Bind(id, latest))
	if err != nil {
		return p, nil, web.Unavailable("This page", fmt.Errorf("meadow: read a person: %w", err))
	}
	var found []profile
	if err := results[0].Scan(&found); err != nil {
		return p, nil, err
	}
	if err := results[1].Scan(&posts); err != nil {
		return p, nil, err
	}
	if len(found) == 0 || v == nil && len(posts) == 0 {
		return p, nil, errNobody
	}
	if p = found[0]; p.Blocked || p.Kind == block {
		posts = nil
	}
	return p, posts, nil
}

var personNotices = map[string]string{
	"follow": "You follow them now. What they publish is in your feed.", "unfollow": "You follow them no longer.",
	"block": "They are blocked. Neither of you sees the other.", "mute": "They are muted. They do not know.", "unblock": "They are neither blocked nor muted.",
}

func personPage(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	p, rows, err := readProfile(r.Context(), v, id)
	if err != nil {
		return err
	}
	posts := []markup.Data{}
	for _, row := range rows {
		posts = append(posts, postData(r.Context(), feed.Item{Post: row.Post()}))
	}
	other := v != nil && v.UserID != id
	return show(w, r, v, http.StatusOK, "person", markup.Data{
		"title": p.Name, "id": id, "posts": posts, "other": other, "self": v != nil && !other, "nobody": v == nil, "here": "/people/" + id, "signIn": "/auth/login?return_to=/people/" + id,
		"follows": p.Follows, "blocked": p.Kind == block, "muted": p.Kind == mute, "free": p.Kind == "", "canFollow": p.Kind != block && !p.Blocked && !p.Follows,
		"followers": count(p.Followers, "follower"), "notice": personNotices[r.URL.Query().Get("done")],
	})
}

// personActions are what the buttons of a person's page do.
var personActions = map[string]func(ctx context.Context, v *heartwood.Visitor, id string) error{
	"follow": func(ctx context.Context, v *heartwood.Visitor, id string) error {
		return follow(ctx, v, id, feed.Follow)
	},
	"unfollow": func(ctx context.Context, v *heartwood.Visitor, id string) error {
		return follow(ctx, v, id, feed.Unfollow)
	},
	"block":   func(ctx context.Context, v *heartwood.Visitor, id string) error { return setBlock(ctx, v, id, block) },
	"mute":    func(ctx context.Context, v *heartwood.Visitor, id string) error { return setBlock(ctx, v, id, mute) },
	"unblock": func(ctx context.Context, v *heartwood.Visitor, id string) error { return setBlock(ctx, v, id, "") },
}

// personForm does what a button of a person's page says, and shows the page again, or the list that the button was on.
func personForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	action := r.PathValue("action")
	do := personActions[action]
	if do == nil {
		return web.ErrNotFound
	}
	if err := do(r.Context(), v, id); err != nil {
		return err
	}
	to := "/people/" + id + "?done=" + action
	switch r.PostFormValue("from") {
	case "following":
		to = "/following"
	case "blocks":
		to = "/following?list=blocks"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
