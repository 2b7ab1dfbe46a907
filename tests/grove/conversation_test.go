package grove

import (
	"context"
	"errors"
	"slices"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
)

// conversations are kept by PostDO and brought to D1; who is concerned hears of them, and the site counts them. After each step what was acknowledged is read, and
// is there once: what waits here and what D1 has are one.
func conversations(w *world) run {
	id := w.id()
	w.sql(`INSERT INTO posts (id, tenant_id, author_id, slug, title, body_md, body_html, status, published_at, created_at, updated_at) VALUES (?, ?, ?, 'post', 'Post', '', '', 'published', 0, 0, 0)`, id, w.tenant, w.owner)
	stub := func() *durables.Stub[post.Post] { return post.Of(w.tenant, id) }
	ann, bert := w.people[0], w.people[1]
	made := map[string]string{} // the comments by the client's ids
	reads := func(want ...string) step {
		return call(stub, post.GetRecentComments, post.CommentQuery{Limit: 100}, func(p post.CommentPage) string {
			if p.Partial {
				return "D1 is away"
			}
			var got []string
			for _, c := range p.Comments {
				got = append(got, c.Content)
			}
			if !slices.Equal(got, want) {
				w.t.Errorf("%q are read, want %q", got, want)
			}
			return ""
		})
	}
	say := func(client, user, text, parent string) step {
		return func(ctx context.Context) error {
			a, err := post.AddComment.Call(ctx, stub(), post.NewComment{ID: client, UserID: user, Content: text, ParentID: made[parent]})
			if err == nil && a.Comment == nil {
				err = errors.New(a.Problem)
			}
			if err == nil {
				made[client] = a.Comment.ID
			}
			return err
		}
	}
	gone := func(a post.Answer) string {
		if a.Problem == "not_found" { // done by an attempt whose answer was lost
			return ""
		}
		return a.Problem
	}
	edit := func(client, user, text string) step {
		return func(ctx context.Context) error {
			return call(stub, post.EditComment, post.Edit{ID: made[client], UserID: user, Content: text}, gone)(ctx)
		}
	}
	remove := func(client, user string) step {
		return func(ctx context.Context) error {
			return call(stub, post.DeleteComment, post.Removal{ID: made[client], UserID: user}, gone)(ctx)
		}
	}
	react := func(user, kind string, on bool) step {
		return call(stub, post.SetReaction, post.Reaction{UserID: user, Type: kind, On: on}, func(r post.Reacted) string { return r.Problem })
	}
	toggle := func(user, kind, request string) step {
		return call(stub, post.ToggleReaction, post.Toggle{UserID: user, Type: kind, RequestID: request}, func(r post.Reacted) string { return r.Problem })
	}
	return run{
		steps: []step{
			say("c1", ann, "one", ""), react(ann, "like", true), reads("one"),
			say("c2", bert, "two", "c1"), edit("c1", ann, "one!"), reads("two", "one!"),
			say("c3", ann, "three", ""), toggle(bert, "love", "t1"), react(ann, "like", false), remove("c3", ann), reads("two", "one!"),
			say("c4", bert, "four", ""), toggle(bert, "love", "t2"), toggle(ann, "insightful", "t3"), remove("c1", ann), reads("four", "two", ""),
		},
		quiet: 2 * day,
		check: func() {
			if err := reads("four", "two", "")(w.Context()); err != nil {
				w.t.Error(err)
			}
			w.has("comments", []string{" deleted", "two visible", "four visible"}, `SELECT body || ' ' || status FROM comments WHERE id <> ? ORDER BY created_at`, made["c3"])
			w.has("reactions", []string{ann + " insightful 1", ann + " like 0", bert + " love 0"}, `SELECT user_id || ' ' || type || ' ' || present FROM reactions ORDER BY user_id, type`)
			w.has("counts", []string{`{"bookmark":0,"insightful":1,"like":0,"love":0} 2`}, `SELECT reactions || ' ' || comments FROM post_counters`)
			w.has("counted by the site", []string{"4 3"}, `SELECT sum(comments) || ' ' || sum(reactions) FROM analytics_daily`)
			w.has("told", []string{"comment 1", "reaction 1"}, `SELECT type || ' ' || sum(actor_count) FROM notifications WHERE user_id = ? AND actor_count > 0 GROUP BY type ORDER BY type`, w.owner)
			w.has("told of the answer", []string{"reply " + made["c1"] + " 1"}, `SELECT type || ' ' || target_id || ' ' || actor_count FROM notifications WHERE user_id = ?`, ann)
			if b, err := post.GetBacklog.Call(w.Context(), stub(), durables.None{}); err != nil || b != (post.Backlog{}) {
				w.t.Errorf("PostDO has %+v, %v", b, err)
			}
		},
	}
}
