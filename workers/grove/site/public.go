package site

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

const postsPerPage = 10

func home(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	if err := v.Admit(r, true); err != nil {
		return err
	}
	page, err := posts.Recent(r.Context(), v.TenantID, r.URL.Query().Get("before"), postsPerPage)
	if err != nil {
		return web.Unavailable("This site", err)
	}
	var trails []struct{ Slug, Name string }
	if err := db.Prepare(`SELECT slug AS Slug, name AS Name FROM trails WHERE tenant_id = ? AND visibility = 'public' ORDER BY id LIMIT 20`).Bind(v.TenantID).All(r.Context(), &trails); err != nil {
		return web.Unavailable("This site", err)
	}
	paths := []markup.Data{}
	for _, t := range trails {
		paths = append(paths, markup.Data{"link": "/trails/" + t.Slug, "name": t.Name})
	}
	shown := []markup.Data{}
	for _, p := range page.Posts {
		shown = append(shown, postData(p))
	}
	next := ""
	if page.Next != "" {
		next = "/?before=" + url.QueryEscape(page.Next)
	}
	render(w, r, v, "site-home", markup.Data{"title": v.Config.DisplayName, "front": true, "posts": shown, "next": next, "trails": paths, "hasTrails": len(paths) > 0})
	return nil
}

func postData(p posts.Post) markup.Data {
	tags := []markup.Data{}
	for _, tag := range p.Tags {
		tags = append(tags, markup.Data{"tag": tag})
	}
	return markup.Data{"id": p.ID, "link": "/posts/" + p.Slug, "edit": "/admin/posts/" + p.ID, "heading": p.Title, "excerpt": p.Excerpt, "author": p.AuthorName, "authorPage": "/people/" + p.AuthorID, "tags": tags, "hasTags": len(tags) > 0,
		"date": date(p.PublishedAt), "dateAt": iso(p.PublishedAt), "minutes": strconv.Itoa(p.ReadingMinutes)}
}

// postPage shows a post, and sends those who come by a former address to the one of now.
func postPage(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	slug := r.PathValue("slug")
	var p *posts.Post
	var to string
	var err error
	if content.ValidSlug(slug) {
		if p, err = posts.Published(r.Context(), v.TenantID, slug); err == nil && p == nil {
			to, err = posts.Moved(r.Context(), v.TenantID, slug)
		}
	}
	if err != nil {
		return web.Unavailable("This post", err)
	}
	if err := v.Admit(r, p != nil); err != nil {
		return err
	}
	switch {
	case p != nil:
		data := postData(*p)
		data["title"], data["body"] = p.Title, markup.HTML(p.HTML)
		maps.Copy(data, conversation(r, v, p))
		render(w, r, v, "site-post", data)
	case to != "":
		http.Redirect(w, r, "/posts/"+to, http.StatusMovedPermanently)
	default:
		return web.ErrNotFound
	}
	return nil
}
