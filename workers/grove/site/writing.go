package site

import (
	"net/http"
	"strconv"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

// The pages of the panel on which posts and drafts are listed and written.

var postStatuses = map[string]string{"draft": "Not published", "published": "Published"}

func postList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	cursor, f := r.URL.Query().Get("cursor"), posts.Filter{Status: r.URL.Query().Get("status")}
	if !ids.Valid(cursor) {
		cursor = ""
	}
	if postStatuses[f.Status] == "" {
		f.Status = ""
	}
	if !v.Can("editor") {
		f.Author = v.User.UserID
	}
	page, err := posts.List(r.Context(), v.TenantID, f, cursor, 30)
	shown, next := []markup.Data{}, ""
	for _, p := range page.Posts {
		edit, view := "/admin/posts/"+p.ID, ""
		if p.Status == "published" {
			view = "/posts/" + p.Slug
		}
		shown = append(shown, markup.Data{"edit": edit, "view": view, "heading": p.Title, "statusName": postStatuses[p.Status], "author": p.AuthorName,
			"changed": date(p.UpdatedAt), "words": thousands(int64(p.WordCount))})
	}
	if page.Next != "" {
		next = "/admin/posts?status=" + f.Status + "&cursor=" + page.Next
	}
	filters := []markup.Data{}
	for _, c := range choices(f.Status, "", "All", "published", "Published", "draft", "Not published") {
		filters = append(filters, markup.Data{"href": "/admin/posts?status=" + c["value"].(string), "label": c["name"], "chosen": c["chosen"]})
	}
	return "admin-posts", markup.Data{"title": "Posts", "posts": shown, "next": next, "filters": filters, "action": "/admin/posts/new", "actionName": "Write a post"}, err
}

func draftList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	drafts, err := tenant.ListDrafts.Call(r.Context(), v.Tenant(), durables.None{})
	shown := []markup.Data{}
	for _, d := range drafts {
		if d.AuthorID != v.User.UserID && !v.Can("editor") {
			continue
		}
		edit, heading := "/admin/posts/new?draft="+d.DraftID, d.Metadata.Title
		if d.PostID != "" {
			edit = "/admin/posts/" + d.PostID
		}
		if strings.TrimSpace(heading) == "" {
			heading = "Without a title"
		}
		shown = append(shown, markup.Data{"id": d.DraftID, "edit": edit, "heading": heading, "change": d.PostID != "", "saved": moment(d.SavedAt), "savedAt": iso(d.SavedAt)})
	}
	return "admin-drafts", markup.Data{"title": "Drafts", "module": "drafts.mjs", "drafts": shown, "action": "/admin/posts/new", "actionName": "Write a post"}, err
}

func newPost(*http.Request, *access.Visit) (string, markup.Data, error) {
	return "admin-editor", markup.Data{"title": "Write a post", "module": "editor.mjs", "id": "", "version": "0", "heading": "", "markdown": "", "slug": "", "tagText": "",
		"status": ""}, nil
}

func editPost(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	if !ids.Valid(r.PathValue("id")) {
		return "", nil, web.ErrNotFound
	}
	p, err := posts.Get(r.Context(), v.TenantID, r.PathValue("id"))
	switch {
	case err != nil:
		return "", nil, err
	case p == nil:
		return "", nil, web.ErrNotFound
	case p.AuthorID != v.User.UserID && !v.Can("editor"):
		return "", nil, web.ErrForbidden
	}
	return "admin-editor", markup.Data{"title": "Edit", "module": "editor.mjs", "id": p.ID, "version": strconv.FormatInt(p.Version, 10), "heading": p.Title,
		"markdown": p.Body, "slug": p.Slug, "tagText": strings.Join(p.Tags, ", "), "status": p.Status}, nil
}
