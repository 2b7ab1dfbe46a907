package site

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

func init() {
	web.AddPagesWithin("pages/admin-layout.html", pageFiles, "pages", "admin-dashboard", "admin-posts", "admin-editor", "admin-sections", "admin-analytics",
		"admin-trails", "admin-settings")
}

// panel is a page of the admin panel, for members with that role or a higher one. What it changes goes through the API of package admin.
type panel struct {
	role string
	page func(r *http.Request, v *access.Visit) (page string, data markup.Data, err error)
}

var panels = map[string]panel{
	"GET /admin":            {"author", dashboard},
	"GET /admin/posts":      {"author", postList},
	"GET /admin/posts/new":  {"author", newPost},
	"GET /admin/posts/{id}": {"author", editPost},
	"GET /admin/trails":     {"author", trailList},
	"GET /admin/analytics":  {"editor", analyticsDay},
	"GET /admin/sections":   {"editor", sectionList},
	"GET /admin/settings":   {"editor", settings},
}

func (p panel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	v := access.From(r)
	err := v.Require(w, r, p.role)
	if err != nil {
		web.Fail(w, r, err)
		return
	}
	sections, err := tenant.GetCustomSections.Call(r.Context(), v.Tenant(), durables.None{})
	page, data := "", markup.Data(nil)
	if err == nil {
		page, data, err = p.page(r, v)
	}
	if err != nil {
		web.Fail(w, r, err)
		return
	}
	links := []markup.Data{}
	for _, s := range sections {
		if s.Enabled && !s.Locked {
			links = append(links, markup.Data{"href": s.Href, "label": s.Label})
		}
	}
	data["sections"] = links
	if data["module"] == nil {
		data["module"] = ""
	}
	render(w, r, v, page, data)
}

func number(name string, value int64) markup.Data {
	return markup.Data{"name": name, "value": strconv.FormatInt(value, 10)}
}

func dashboard(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	s, err := tenant.GetDashboardStats.Call(r.Context(), v.Tenant(), durables.None{})
	return "admin-dashboard", markup.Data{"title": "Dashboard", "module": "dashboard.mjs", "numbers": []markup.Data{
		number("Posts", int64(s.PostCount)), number("Words", int64(s.TotalWords)), number("Drafts", int64(s.DraftCount)),
		number("Published this month", int64(s.PublishedThisMonth)), number("Days here", int64(s.AccountAge)), number("KB of images", s.StorageUsed/1024),
	}}, err
}

func postList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	cursor, f := r.URL.Query().Get("cursor"), posts.Filter{}
	if !ids.Valid(cursor) {
		cursor = ""
	}
	if !v.Can("editor") {
		f.Author = v.User.UserID
	}
	page, err := posts.List(r.Context(), v.TenantID, f, cursor, 30)
	shown, next := []markup.Data{}, ""
	for _, p := range page.Posts {
		shown = append(shown, markup.Data{"edit": "/admin/posts/" + p.ID, "heading": p.Title, "status": p.Status, "author": p.AuthorName, "changed": date(p.UpdatedAt)})
	}
	if page.Next != "" {
		next = "/admin/posts?cursor=" + page.Next
	}
	return "admin-posts", markup.Data{"title": "Posts", "posts": shown, "next": next}, err
}

func newPost(*http.Request, *access.Visit) (string, markup.Data, error) {
	return "admin-editor", markup.Data{"title": "Write a post", "module": "editor.mjs", "id": "", "version": "0", "heading": "", "markdown": "", "slug": "", "tagText": ""}, nil
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
		"markdown": p.Body, "slug": p.Slug, "tagText": strings.Join(p.Tags, ", ")}, nil
}

func trailList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	var trails []struct{ Slug, Name, Visibility string }
	err := db.Prepare(`SELECT slug AS Slug, name AS Name, visibility AS Visibility FROM trails WHERE tenant_id = ? ORDER BY id LIMIT 200`).Bind(v.TenantID).All(r.Context(), &trails)
	list := []markup.Data{}
	for _, t := range trails {
		list = append(list, markup.Data{"link": "/trails/" + t.Slug, "trail": t.Name, "private": t.Visibility != "public"})
	}
	return "admin-trails", markup.Data{"title": "Trails", "list": list}, err
}

func analyticsDay(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	s, err := admin.Day(r.Context(), v.TenantID, r.URL.Query().Get("day"))
	pages := []markup.Data{}
	for _, p := range s.Pages {
		pages = append(pages, markup.Data{"path": p.Path, "views": strconv.Itoa(p.Views), "visitors": strconv.Itoa(p.UniqueViews)})
	}
	return "admin-analytics", markup.Data{"title": "Analytics", "day": s.Day, "today": analytics.Day(time.Now().UnixMilli()), "estimated": s.Estimated, "pages": pages,
		"numbers": []markup.Data{number("Views", int64(s.PageViews)), number("Visitors", int64(s.UniqueVisitors)), number("Comments", int64(s.CommentsCreated)),
			number("Reactions", int64(s.ReactionsGiven))}}, err
}

func sectionList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	sections, err := tenant.GetCustomSections.Call(r.Context(), v.Tenant(), durables.None{})
	list, icons := []markup.Data{}, []markup.Data{}
	for _, s := range sections {
		list = append(list, markup.Data{"id": s.ID, "label": s.Label, "href": s.Href, "enabled": s.Enabled, "locked": s.Locked})
	}
	for _, icon := range tenant.BasicIcons {
		icons = append(icons, markup.Data{"icon": icon})
	}
	return "admin-sections", markup.Data{"title": "Sections", "module": "sections.mjs", "list": list, "icons": icons}, err
}

func settings(_ *http.Request, v *access.Visit) (string, markup.Data, error) {
	c := v.Config
	return "admin-settings", markup.Data{"title": "Settings", "module": "settings.mjs", "version": strconv.FormatInt(c.Version, 10), "comments": c.CommentsEnabled,
		"moderations": choices(c.Moderation, "none", "None", "first", "The first of each reader", "all", "All"),
		"counts":      choices(c.CountsVisible, "author", "The author", "everyone", "Everybody")}, nil
}

// choices are the options of a list: values and names in turn.
func choices(chosen string, pairs ...string) []markup.Data {
	list := []markup.Data{}
	for pair := range slices.Chunk(pairs, 2) {
		list = append(list, markup.Data{"value": pair[0], "name": pair[1], "chosen": pair[0] == chosen})
	}
	return list
}
