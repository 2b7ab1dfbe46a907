package site

import (
	"net/http"

	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/grove/web"
)

func init() { web.AddPagesWithin("pages/admin-layout.html", pageFiles, "pages", "admin-data") }

// data shows the owner what was done on the site, its exports, and how to have it deleted.
func data(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	exports, err := operations.ListExports(r.Context(), operations.Site(v.TenantID), v.User.UserID)
	if err != nil {
		return "", nil, err
	}
	entries, cursor, err := admin.Audit(r.Context(), v.TenantID, r.URL.Query().Get("cursor"), 50)
	log, next := []markup.Data{}, ""
	for _, e := range entries {
		log = append(log, markup.Data{"at": iso(e.CreatedAt), "day": date(e.CreatedAt), "who": e.Actor, "what": actions(e.Action), "detail": string(e.Detail)})
	}
	if cursor != "" {
		next = "/admin/data?cursor=" + cursor
	}
	return "admin-data", markup.Data{"title": "Data", "csrf": v.User.CSRF, "subdomain": v.Subdomain, "exports": operations.Shown(exports, "/api/admin/export/"), "entries": log, "next": next}, err
}

// actions are what the log calls them, as people say it.
func actions(action string) string {
	text := []byte(action)
	for i, c := range text {
		if c == '_' {
			text[i] = ' '
		}
	}
	return string(text)
}

// ownerForm is what the owner sends from the page Data: it needs no script.
type ownerForm func(w http.ResponseWriter, r *http.Request, v *access.Visit) error

func (h ownerForm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	v := access.From(r)
	err := v.Require(w, r, "owner")
	if err == nil {
		err = h(w, r, v)
	}
	if err != nil {
		web.Fail(w, r, err)
	}
}

func exportForm(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	if _, err := admin.StartExport(r.Context(), v); err != nil {
		return err
	}
	http.Redirect(w, r, "/admin/data", http.StatusSeeOther)
	return nil
}

func deleteForm(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	if err := admin.Delete(r.Context(), v, r.PostFormValue("confirm")); err != nil {
		return err
	}
	web.RenderProblem(w, r, http.StatusOK, "The site is deleted", "It is there no longer, and what it held is being removed. Nobody else gets its name for 90 days.")
	return nil
}
