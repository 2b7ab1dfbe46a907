package site

import (
	"net/http"
	"net/url"

	"grove.place/lattice/durables/post"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/markup"
)

// commentList shows the comments that wait for a moderator, those that are shown, or those that are hidden; and who is blocked.
func commentList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	query := r.URL.Query()
	status := known(query.Get("status"), []string{post.Pending, "", post.Visible, "", post.Hidden, ""})
	page, err := admin.Comments(r.Context(), v.TenantID, status, query.Get("cursor"), 30)
	if err != nil {
		return "", nil, err
	}
	people, err := admin.BlockedUsers(r.Context(), v.TenantID)
	list, blocked, filters, next := []markup.Data{}, []markup.Data{}, []markup.Data{}, ""
	for _, c := range page.Comments {
		list = append(list, markup.Data{"id": c.ID, "post": c.PostID, "postTitle": c.PostTitle, "link": "/posts/" + c.PostSlug + "#c-" + c.ID, "authorId": c.AuthorID,
			"author": somebody(c.AuthorName), "text": c.Content, "when": iso(c.CreatedAt), "whenText": moment(c.CreatedAt), "pending": status == post.Pending,
			"hidden": status == post.Hidden})
	}
	for _, b := range people {
		blocked = append(blocked, markup.Data{"id": b.UserID, "name": somebody(b.Name), "since": date(b.CreatedAt)})
	}
	for _, c := range choices(status, post.Pending, "Waiting", post.Visible, "Shown", post.Hidden, "Hidden") {
		filters = append(filters, markup.Data{"href": "/admin/comments?status=" + c["value"].(string), "label": c["name"], "chosen": c["chosen"]})
	}
	if page.Next != "" {
		next = "/admin/comments?status=" + status + "&cursor=" + url.QueryEscape(page.Next)
	}
	return "admin-comments", markup.Data{"title": "Comments", "module": "moderation.mjs", "comments": list, "blocked": blocked, "filters": filters, "next": next}, err
}

// somebody is the name of who wrote something, also when they have none any more.
func somebody(name string) string {
	if name == "" {
		return "Somebody"
	}
	return name
}
