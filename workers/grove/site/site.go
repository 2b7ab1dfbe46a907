// Package site is what a tenant's host serves: its public pages, the pages of its admin panel, and the routes of the packages that belong to a site.
//
// Pages are rendered here from D1 and TenantDO; what is live on them is added by small modules. A public page looks up what it shows first and asks the
// site once (access.Visit.Admit), so that only pages which are there are counted. Start with Routes.
package site

import (
	"embed"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

//go:embed pages/*.html
var pageFiles embed.FS

func init() {
	web.AddPagesWithin("pages/layout.html", pageFiles, "pages", "site-home", "site-post", "site-trail")
}

var db = d1.Database("DB")

// Routes adds everything that a tenant's host serves to its mux. Requests carry an access.Visit.
func Routes(mux *http.ServeMux) {
	heartwood.SiteRoutes(mux)
	admin.Routes(mux)
	mux.HandleFunc("GET /media/{name}", admin.Media)
	for pattern, p := range panels {
		mux.Handle(pattern, p)
	}
	mux.Handle("POST /admin/data/export", ownerForm(exportForm))
	mux.Handle("POST /admin/data/delete", ownerForm(deleteForm))
	for pattern, h := range map[string]handler{
		"GET /{$}":           home,
		"GET /posts/{slug}":  postPage,
		"GET /trails/{slug}": trail,
	} {
		mux.Handle(pattern, h)
	}
}

// handler answers with a public page.
type handler func(w http.ResponseWriter, r *http.Request, v *access.Visit) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Cookie")
	v := access.From(r)
	v.Identify(w, r)
	if _, err := r.Cookie(heartwood.SessionCookie); err == nil {
		w.Header().Set("Cache-Control", "private, no-cache") // it may have their token, or take their cookie away
	}
	if err := h(w, r, v); err != nil {
		web.Fail(w, r, err)
	}
}

// render shows a page in the site's frame.
func render(w http.ResponseWriter, r *http.Request, v *access.Visit, page string, data markup.Data) {
	accent, typeface := look(v.Config)
	frame := markup.Data{"site": v.Config.DisplayName, "description": v.Config.Description, "accent": accent, "typeface": typeface, "user": false, "writer": false,
		"editor": v.Can("editor"), "owner": v.Can("owner"), "front": false, "module": "", "here": r.URL.Path, "apex": web.Origin(r.Context())}
	if v.User != nil {
		frame["user"] = markup.Data{"csrf": v.User.CSRF}
		if v.Role == "" {
			if err := v.Member(r.Context()); err != nil {
				slog.WarnContext(r.Context(), "role not known", "error", err)
			}
		}
		frame["writer"] = v.Can("author")
	}
	maps.Copy(frame, data)
	web.Render(w, r, http.StatusOK, page, frame)
}

func date(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006") }

func iso(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// moment is a time to the minute.
func moment(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006, 15:04 UTC") }

// dayName writes a date yyyy-mm-dd as people do.
func dayName(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.Format("2 January 2006")
}
