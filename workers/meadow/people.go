package meadow

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/feed"
	"grove.place/lattice/durables/notification"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// person is somebody in a list.
type person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Kind  string `json:"kind,omitempty"` // "block" or "mute", in lists of these
	Since int64  `json:"since"`          // ms
}

// list reads a page of people from D1: a statement that takes the visitor, the cursor and a limit.
func list(r *http.Request, v *heartwood.Visitor, query string) (people []person, next string, err error) {
	n, err := limit(r, 100)
	if err != nil {
		return nil, "", err
	}
	cursor, err := idCursor(r)
	if err != nil {
		return nil, "", err
	}
	people = []person{}
	if err := db.Prepare(query).Bind(v.UserID, cursor, n+1).All(r.Context(), &people); err != nil {
		return nil, "", web.Unavailable("Your list", err)
	}
	if len(people) > n {
		people = people[:n]
		next = people[n-1].ID
	}
	return people, next, nil
}

func followed(r *http.Request, v *heartwood.Visitor) ([]person, string, error) {
	return list(r, v, `SELECT u.id, u.name, f.created_at AS since FROM follows f JOIN users u ON u.id = f.followee_id AND u.status = 'active'
		WHERE f.follower_id = ? AND f.followee_id > ? ORDER BY f.followee_id LIMIT ?`)
}

func blocked(r *http.Request, v *heartwood.Visitor) ([]person, string, error) {
	return list(r, v, `SELECT u.id, u.name, b.kind, b.created_at AS since FROM user_blocks b JOIN users u ON u.id = b.blocked_id
		WHERE b.user_id = ? AND b.blocked_id > ? ORDER BY b.blocked_id LIMIT ?`)
}

func listFollowing(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	people, next, err := followed(r, v)
	return answerList(w, "following", people, next, err)
}

func listBlocks(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	people, next, err := blocked(r, v)
	return answerList(w, "blocks", people, next, err)
}

func answerList(w http.ResponseWriter, name string, people []person, next string, err error) error {
	if err != nil {
		return err
	}
	answer := map[string]any{name: people}
	if next != "" {
		answer["nextCursor"] = next
	}
	web.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func putFollowing(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	return changeFollowing(w, r, v, feed.Follow)
}

func deleteFollowing(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	return changeFollowing(w, r, v, feed.Unfollow)
}

func changeFollowing(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor, action string) error {
	id, err := userID(r)
	if err == nil {
		err = follow(r.Context(), v, id, action)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// follow has the visitor follow somebody, or no longer. It may be repeated.
func follow(ctx context.Context, v *heartwood.Visitor, id, action string) error {
	done, err := call(ctx, "Your feed", feed.Of(v.UserID), feed.UpdateFollowing, feed.Change{UserID: id, Action: action})
	if err != nil {
		return err
	}
	switch done.Problem {
	case "":
		return nil
	case "self":
		return web.BadRequest("self", "You cannot follow yourself: your posts are on your site.")
	case "fast":
		return &web.Problem{Status: http.StatusTooManyRequests, Code: "too_fast", Title: "That was a little fast", Message: "You followed many people just now. Go on in ten minutes.", Retry: 10 * time.Minute}
	case "quota":
		return web.Conflict("quota", fmt.Sprintf("You follow %d people, which is as many as one can. Unfollow somebody first.", feed.MaxFollowing), nil)
	default:
		return errNobody
	}
}

// Kinds of blocks. Who is muted is not seen nor heard of by the one who mutes. Of two of whom one has blocked the other, neither sees the other in a feed nor follows the
// other, and who has blocked does not hear of the other.
const (
	block = "block"
	mute  = "mute"
)

// maxBlocks is how many users one can block or mute.
const maxBlocks = 5000

func getBlock(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	id, err := userID(r)
	if err != nil {
		return err
	}
	kind, err := blockOf(r.Context(), v.UserID, id)
	if err != nil {
		return err
	}
	if kind == "" {
		return &web.Problem{Status: http.StatusNotFound, Code: "not_blocked", Title: "There is no block", Message: "You have neither blocked nor muted them."}
	}
	web.WriteJSON(w, http.StatusOK, map[string]string{"kind": kind})
	return nil
}

// blockOf is the kind of block that a user has put on another, "" for none.
func blockOf(ctx context.Context, userID, of string) (kind string, err error) {
	if _, err := db.Prepare(`SELECT kind FROM user_blocks WHERE user_id = ? AND blocked_id = ?`).Bind(userID, of).First(ctx, &kind); err != nil {
		return "", web.Unavailable("Your list", err)
	}
	return kind, nil
}

func putBlock(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	var body struct {
		Kind string `json:"kind"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		return err
	}
	if body.Kind != block && body.Kind != mute {
		return web.BadRequest("bad_kind", "kind is block or mute.")
	}
	return changeBlock(w, r, v, body.Kind)
}

func deleteBlock(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	return changeBlock(w, r, v, "")
}

func changeBlock(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor, kind string) error {
	id, err := userID(r)
	if err == nil {
		err = setBlock(r.Context(), v, id, kind)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setBlock blocks or mutes somebody, or neither for kind "". It may be repeated.
func setBlock(ctx context.Context, v *heartwood.Visitor, id, kind string) error {
	if id == v.UserID {
		return web.BadRequest("self", "You cannot block yourself.")
	}
	statement := db.Prepare(`DELETE FROM user_blocks WHERE user_id = ? AND blocked_id = ?`).Bind(v.UserID, id)
	if kind != "" {
		statement = db.Prepare(`INSERT INTO user_blocks (user_id, blocked_id, kind, created_at) SELECT ?1, id, ?3, ?4 FROM users WHERE id = ?2
			AND (SELECT count(*) FROM user_blocks WHERE user_id = ?1) < ?5 ON CONFLICT DO UPDATE SET kind = excluded.kind`).Bind(v.UserID, id, kind, time.Now(), maxBlocks)
	}
	result, err := statement.Run(ctx)
	if err != nil {
		return web.Unavailable("Your list", err)
	}
	if kind != "" && result.Meta.Changes == 0 {
		return noBlock(ctx, v, id, kind)
	}
	return spreadBlock(ctx, v, id, kind)
}

// noBlock says why nobody was blocked.
func noBlock(ctx context.Context, v *heartwood.Visitor, id, kind string) error {
	var there bool
	if _, err := db.Prepare(`SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)`).Bind(id).First(ctx, &there); err != nil {
		return web.Unavailable("Your list", err)
	}
	if !there {
		return errNobody
	}
	return web.Conflict("quota", fmt.Sprintf("You block and mute %d people, which is as many as one can. Take one off the list first.", maxBlocks), nil)
}

// spreadBlock has the objects follow what D1 says of a block. From feeds it has effect by itself: they show only what D1 confirms.
func spreadBlock(ctx context.Context, v *heartwood.Visitor, id, kind string) error {
	var failed error
	note := func(what string, err error) {
		if err != nil {
			slog.WarnContext(ctx, "block not spread", "to", what, "error", err)
			failed = err
		}
	}
	_, err := notification.RefreshBlocks.Call(ctx, notification.Of(v.UserID), durables.None{})
	note("notifications", err)
	if kind == block {
		_, err := feed.UpdateFollowing.Call(ctx, feed.Of(v.UserID), feed.Change{UserID: id, Action: feed.Unfollow})
		note("own feed", err)
		_, err = feed.UpdateFollowing.Call(ctx, feed.Of(id), feed.Change{UserID: v.UserID, Action: feed.Unfollow})
		note("other feed", err)
	}
	if failed != nil {
		return &web.Problem{Status: http.StatusServiceUnavailable, Code: "partly", Title: "That is only half done", Retry: 5 * time.Second,
			Message: "Your list is changed, but not everything follows it yet. Do it once more in a moment."}
	}
	return nil
}
