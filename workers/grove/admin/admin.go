// Package admin is the API with which people work on their site, under /api/admin/ of the site's host, and the live dashboard.
//
// The one idea: routes is a table that says of each route which role it needs, and nothing is called before access.Require has checked the session, the
// origin, the CSRF token and the membership in the site of this very host. Start with the table.
package admin

import (
	"context"
	"net/http"
	"strconv"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/web"
)

var db = d1.Database("DB")

const maxBody = 2 << 20 // of JSON: the longest draft with every character escaped

type handler func(w http.ResponseWriter, r *http.Request, v *access.Visit) error

type route struct {
	role   string
	handle handler
}

// routes are the routes and the lowest role that may use each.
var routes = map[string]route{
	"GET /api/admin/config": {"author", getConfig},
	"PUT /api/admin/config": {"editor", putConfig},
	"GET /api/admin/site":   {"author", getSite},
	"PUT /api/admin/site":   {"editor", putSite},
	"PUT /api/admin/name":   {"owner", putName},

	"GET /api/admin/drafts":         {"author", listDrafts},
	"GET /api/admin/drafts/{id}":    {"author", getDraft},
	"PUT /api/admin/drafts/{id}":    {"author", putDraft},
	"DELETE /api/admin/drafts/{id}": {"author", deleteDraft},

	"GET /api/admin/sections":          {"author", listSections},
	"POST /api/admin/sections":         {"editor", addSection},
	"PUT /api/admin/sections/{id}":     {"editor", putSection},
	"DELETE /api/admin/sections/{id}":  {"editor", deleteSection},
	"POST /api/admin/sections/reorder": {"editor", reorderSections},

	"GET /api/admin/stats":          {"author", getStats},
	"POST /api/admin/stats/refresh": {"author", refreshStats},
	"GET /api/admin/analytics":      {"editor", getAnalytics},
	"GET /api/live":                 {"editor", live},

	"GET /api/admin/posts":                 {"author", listPosts},
	"POST /api/admin/posts":                {"author", createPost},
	"POST /api/admin/preview":              {"author", preview},
	"GET /api/admin/posts/{id}":            {"author", getPost},
	"PUT /api/admin/posts/{id}":            {"author", putPost},
	"DELETE /api/admin/posts/{id}":         {"author", deletePost},
	"POST /api/admin/posts/{id}/publish":   {"author", publishPost},
	"POST /api/admin/posts/{id}/unpublish": {"author", unpublishPost},

	"GET /api/admin/comments":               {"editor", listComments},
	"POST /api/admin/comments/{id}/approve": {"editor", moderate("approve")},
	"POST /api/admin/comments/{id}/hide":    {"editor", moderate("hide")},
	"POST /api/admin/comments/{id}/restore": {"editor", moderate("restore")},
	"GET /api/admin/blocked":                {"editor", listBlocked},
	"GET /api/admin/blocked/{userId}":       {"editor", getBlocked},
	"PUT /api/admin/blocked/{userId}":       {"editor", putBlocked},
	"DELETE /api/admin/blocked/{userId}":    {"editor", deleteBlocked},

	"GET /api/admin/trails":                              {"author", listTrails},
	"GET /api/admin/trails/{slug}":                       {"author", getTrail},
	"PUT /api/admin/trails/{slug}":                       {"editor", putTrail},
	"DELETE /api/admin/trails/{slug}":                    {"editor", deleteTrail},
	"PUT /api/admin/trails/{slug}/waypoints/{id}/status": {"author", putWaypointStatus},

	"GET /api/admin/members":             {"editor", listMembers},
	"POST /api/admin/members":            {"owner", addMember},
	"PUT /api/admin/members/{userId}":    {"owner", putMember},
	"DELETE /api/admin/members/{userId}": {"owner", deleteMember},

	"GET /api/admin/audit":            {"owner", listAudit},
	"GET /api/admin/export":           {"owner", listExports},
	"POST /api/admin/export":          {"owner", postExport},
	"GET /api/admin/export/{id}":      {"owner", getExport},
	"GET /api/admin/export/{id}/file": {"owner", getExportFile},
	"POST /api/admin/delete":          {"owner", postDelete},

	"GET /api/admin/media":         {"author", listMedia},
	"POST /api/admin/media":        {"author", uploadMedia},
	"DELETE /api/admin/media/{id}": {"author", deleteMedia},
}

// Routes adds the API to the mux of a site. Requests carry an access.Visit.
func Routes(mux *http.ServeMux) {
	for pattern, rt := range routes {
		mux.Handle(pattern, rt)
	}
}

// Patterns returns the patterns of all routes.
func Patterns() []string {
	var list []string
	for pattern := range routes {
		list = append(list, pattern)
	}
	return list
}

func (rt route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	r.Body = http.MaxBytesReader(w, r.Body, maxMedia)
	v := access.From(r)
	err := v.Require(w, r, rt.role)
	if err == nil {
		err = rt.handle(w, r, v)
	}
	if err != nil {
		web.Fail(w, r, err)
	}
}

// readJSON reads a body of at most maxBody.
func readJSON(w http.ResponseWriter, r *http.Request, dest any) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return web.ReadJSON(r, dest)
}

// call calls the site's object. What the object says of a value that came from the caller is told to the caller.
func call[P, R any](ctx context.Context, v *access.Visit, m *durables.MethodOf[tenant.Tenant, P, R], p P) (R, error) {
	result, err := m.Call(ctx, v.Tenant(), p)
	return result, web.Told("Your site", err)
}

// limit is the number of entries that a request asks for.
func limit(r *http.Request) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return 20, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 100 {
		return 0, web.BadRequest("bad_limit", "limit is a number from 1 to 100.")
	}
	return n, nil
}

// answer writes the outcome of a call, or passes its error on.
func answer[R any](w http.ResponseWriter, value R, err error) error {
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, value)
	return nil
}
