package site

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"grove.place/lattice/durables/post"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/posts"
)

// What readers say to a post. The first comments are in the page, for those without JavaScript and for the first glance; the module post.mjs goes on from there.

// reactionTypes are the reactions that there are, with the outline of their icon on a grid of 24.
var reactionTypes = []struct{ value, name, icon string }{
	{"like", "Like", "M7 11v9H4v-9zM7 11l4-7c1.6 0 2.5 1 2.2 2.600L12.500 10H19a1.500 1.500 0 0 1 1.500 1.800l-1.300 6.700A2 2 0 0 1 17.200 20H7"},
	{"love", "Love", "M12 20S4 15 4 9.200C4 6.600 6 5 8 5c1.700 0 3.200 1 4 2.600C12.800 6 14.300 5 16 5c2 0 4 1.600 4 4.200C20 15 12 20 12 20z"},
	{"insightful", "Insightful", "M9 17a6 6 0 1 1 6 0v2H9zM10 21h4"},
	{"bookmark", "Bookmark", "M7 4h10v16l-5-4-5 4z"},
}

// shownComments is how many comments a page has at first.
const shownComments = 50

// conversation is the part of a post's page that its object knows. When the object cannot be asked the post is shown without it.
func conversation(r *http.Request, v *access.Visit, p *posts.Post) markup.Data {
	ctx, me := r.Context(), ""
	if v.User != nil {
		me = v.User.UserID
	}
	object := post.Of(v.TenantID, p.ID)
	page, err := post.GetRecentComments.Call(ctx, object, post.CommentQuery{Limit: shownComments, Cursor: r.URL.Query().Get("comments"), UserID: me})
	if err == nil && page.Problem != "" {
		page, err = post.GetRecentComments.Call(ctx, object, post.CommentQuery{Limit: shownComments, UserID: me})
	}
	var known post.Reactions
	if err == nil && (me != "" || v.Config.CountsVisible == "everyone") {
		known, err = post.GetReactionCounts.Call(ctx, object, me)
	}
	if err != nil {
		slog.ErrorContext(ctx, "post shown without its comments", "post", p.ID, "error", err)
		page.Partial = true
	}
	reactions := []markup.Data{}
	for _, t := range reactionTypes {
		count := ""
		if n := known.Counts[t.value]; n > 0 {
			count = thousands(n)
		}
		reactions = append(reactions, markup.Data{"type": t.value, "name": t.name, "icon": t.icon, "pressed": strconv.FormatBool(slices.Contains(known.Mine, t.value)), "count": count})
	}
	older := ""
	if page.NextCursor != "" {
		older = "/posts/" + p.Slug + "?comments=" + url.QueryEscape(page.NextCursor) + "#conversation"
	}
	list := threads(page.Comments)
	return markup.Data{"module": "post.mjs", "comments": v.Config.CommentsEnabled, "me": me, "seq": strconv.FormatInt(page.Seq, 10), "nextComments": page.NextCursor, "older": older,
		"reactions": reactions, "partial": page.Partial, "list": list, "any": len(list) > 0}
}

// threads puts comments into the order in which they are read: the newest thread first, in it the oldest answer first. comments.mjs does the same.
func threads(comments []post.Comment) []markup.Data {
	known := map[string]bool{}
	for _, c := range comments {
		known[c.ID] = true
	}
	answers := map[string][]post.Comment{}
	for _, c := range comments {
		above := c.ParentID
		if !known[above] {
			above = ""
		}
		answers[above] = append(answers[above], c)
	}
	oldest := func(a, b post.Comment) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}
	list := []markup.Data{}
	var walk func(above string)
	walk = func(above string) {
		level := answers[above]
		slices.SortFunc(level, oldest)
		if above == "" {
			slices.Reverse(level)
		}
		for _, c := range level {
			list = append(list, commentData(c))
			walk(c.ID)
		}
	}
	walk("")
	return list
}

func commentData(c post.Comment) markup.Data {
	d := markup.Data{"id": c.ID, "parent": c.ParentID, "depth": strconv.Itoa(c.Depth), "at": strconv.FormatInt(c.CreatedAt, 10), "authorId": c.AuthorID, "state": c.Status,
		"name": somebody(c.AuthorName), "text": c.Content, "when": iso(c.CreatedAt), "whenText": moment(c.CreatedAt), "edited": c.EditedAt > 0, "pending": c.Status == post.Pending}
	if c.Status == post.Deleted {
		d["name"], d["text"] = "", "This comment was deleted."
	}
	return d
}
