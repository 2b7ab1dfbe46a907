package site

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
)

func init() {
	web.AddPagesWithin("pages/admin-layout.html", pageFiles, "pages", "admin-dashboard", "admin-posts", "admin-drafts", "admin-editor", "admin-sections",
		"admin-images", "admin-analytics", "admin-trails", "admin-trail", "admin-members", "admin-comments", "admin-settings")
}

// panel is a page of the admin panel, for members with that role or a higher one. What it changes goes through the API of package admin.
type panel struct {
	role string
	page func(r *http.Request, v *access.Visit) (page string, data markup.Data, err error)
}

var panels = map[string]panel{
	"GET /admin":               {"author", dashboard},
	"GET /admin/posts":         {"author", postList},
	"GET /admin/posts/new":     {"author", newPost},
	"GET /admin/posts/{id}":    {"author", editPost},
	"GET /admin/drafts":        {"author", draftList},
	"GET /admin/comments":      {"editor", commentList},
	"GET /admin/images":        {"author", imageList},
	"GET /admin/trails":        {"author", trailList},
	"GET /admin/trails/{slug}": {"author", editTrail},
	"GET /admin/new-trail":     {"editor", newTrail},
	"GET /admin/analytics":     {"editor", analyticsDay},
	"GET /admin/sections":      {"editor", sectionList},
	"GET /admin/members":       {"editor", memberList},
	"GET /admin/settings":      {"editor", settings},
	"GET /admin/data":          {"owner", data},
}

// menu is the list of the panel's pages, with the role that each needs. It leaves out which of tenant.OptionalSections the site hides.
var menu = []struct{ label, href, role string }{
	{"Dashboard", "/admin", "author"}, {"Posts", "/admin/posts", "author"}, {"Drafts", "/admin/drafts", "author"}, {"Images", "/admin/images", "author"}, {"Trails", "/admin/trails", "author"},
	{"Comments", "/admin/comments", "editor"},
	{"Analytics", "/admin/analytics", "editor"}, {"Sections", "/admin/sections", "editor"},
	{"Members", "/admin/members", "editor"}, {"Settings", "/admin/settings", "editor"}, {"Data", "/admin/data", "owner"},
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
	config, err := tenant.GetAdminConfig.Call(r.Context(), v.Tenant(), durables.None{})
	page, data := "", markup.Data(nil)
	if err == nil {
		page, data, err = p.page(r, v)
	}
	if err != nil {
		web.Fail(w, r, err)
		return
	}
	links := []markup.Data{}
	for _, s := range config.CustomSections {
		if s.Enabled && !s.Locked {
			links = append(links, withIcon(s, markup.Data{"href": s.Href, "label": s.Label}))
		}
	}
	pages := []markup.Data{}
	for _, m := range menu {
		if v.Can(m.role) && !slices.Contains(config.HiddenSections, strings.TrimPrefix(m.href, "/admin/")) {
			current := r.URL.Path == m.href || m.href != "/admin" && strings.HasPrefix(r.URL.Path, m.href+"/")
			pages = append(pages, markup.Data{"href": m.href, "label": m.label, "current": current})
		}
	}
	frame := markup.Data{"sections": links, "hasSections": len(links) > 0, "menu": pages, "action": "", "actionName": ""}
	maps.Copy(frame, data)
	render(w, r, v, page, frame)
}

func number(name string, value int64) markup.Data {
	return markup.Data{"name": name, "value": thousands(value)}
}

// thousands writes a number as people read it: 12,345.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// choices are the options of a list: values and names in turn.
func choices(chosen string, pairs ...string) []markup.Data {
	list := []markup.Data{}
	for pair := range slices.Chunk(pairs, 2) {
		list = append(list, markup.Data{"value": pair[0], "name": pair[1], "chosen": pair[0] == chosen})
	}
	return list
}
