package operations

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

//go:embed pages/*.html
var pageFiles embed.FS

func init() { web.AddPages(pageFiles, "pages", "data", "operator", "goodbye") }

// Routes adds what people do with their own data, and what operators do, to the mux of the apex host.
func Routes(mux *http.ServeMux) {
	for pattern, h := range map[string]http.Handler{
		"GET /settings/data":                                   personal(dataPage),
		"POST /settings/data/export":                           personal(exportForm),
		"POST /settings/data/delete":                           personal(deleteForm),
		"GET /api/account/export":                              personal(listExports),
		"POST /api/account/export":                             personal(postExport),
		"GET /api/account/export/{id}":                         personal(getExport),
		"GET /api/account/export/{id}/file":                    personal(getExportFile),
		"POST /api/account/delete":                             personal(postDelete),
		"GET /operator":                                        operator(operatorPage),
		"POST /operator/retry":                                 operator(retryForm),
		"POST /operator/rebuild":                               operator(rebuildForm),
		"GET /api/operator/backlog":                            operator(getBacklog),
		"GET /api/operator/dead-letters":                       operator(getLetters),
		"POST /api/operator/dead-letters/{source}/{seq}/retry": operator(postRetry),
		"POST /api/operator/rebuild":                           operator(postRebuild),
		"POST /api/operator/accounts/{userId}/close":           operator(closeAccount),
		"POST /api/operator/accounts/{userId}/open":            operator(openAccount),
	} {
		mux.Handle(pattern, h)
	}
}

// personal is a route for somebody who is signed in, about themselves.
type personal func(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error

func (h personal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	serve(w, r, func(v *heartwood.Visitor) error { return h(w, r, v) })
}

// serve finds out who is there, and answers with what goes wrong. What changes something must come from a page of this host.
func serve(w http.ResponseWriter, r *http.Request, next func(v *heartwood.Visitor) error) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	require := heartwood.RequireIntent
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		require = heartwood.Require
	}
	v, err := require(w, r)
	if err == nil {
		err = next(v)
	}
	if err != nil {
		web.Fail(w, r, err)
	}
}

var notices = map[string]string{
	"export":  "Your data is being collected. Come back in a few minutes.",
	"retried": "The letter was given back to where it came from.",
	"rebuilt": "The object is being made anew from the database.",
}

// signedIn is what the layout shows of the visitor. Their name is nothing to fail for.
func signedIn(ctx context.Context, v *heartwood.Visitor) markup.Data {
	var u struct{ Name, Email string }
	if _, err := db.Prepare(`SELECT name AS Name, email AS Email FROM users WHERE id = ?`).Bind(v.UserID).First(ctx, &u); err != nil {
		slog.WarnContext(ctx, "name not known", "error", err)
	}
	return markup.Data{"name": u.Name, "email": u.Email, "csrf": v.CSRF}
}

// WithFile says where the file of a finished export is: below prefix.
func (j Job) WithFile(prefix string) Job {
	if j.State == "done" {
		j.File = prefix + j.ID + "/file"
	}
	return j
}

const accountFiles = "/api/account/export/"

func dataPage(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	ctx := r.Context()
	list, err := ListExports(ctx, User(v.UserID), v.UserID)
	if err != nil {
		return err
	}
	var sites []struct{ Name, Subdomain string }
	if err := db.Prepare(`SELECT display_name AS Name, subdomain AS Subdomain FROM tenants WHERE owner_user_id = ? AND status <> 'deleting' ORDER BY id LIMIT 50`).Bind(v.UserID).All(ctx, &sites); err != nil {
		return web.Unavailable("Your sites", err)
	}
	user, owned := signedIn(ctx, v), []markup.Data{}
	for _, s := range sites {
		owned = append(owned, markup.Data{"site": s.Name, "subdomain": s.Subdomain})
	}
	web.Render(w, r, http.StatusOK, "data", markup.Data{"title": "Your data", "user": user, "csrf": v.CSRF, "address": user["email"], "notice": notices[r.URL.Query().Get("done")],
		"exports": Shown(list, accountFiles), "sites": owned, "owner": len(owned) > 0})
	return nil
}

// Shown are exports as pages list them. files is where the files of finished ones are.
func Shown(list []Job, files string) []markup.Data {
	states := map[string]string{"running": "being collected", "done": "ready", "failed": "did not work: ask for another"}
	shown := []markup.Data{}
	for _, j := range list {
		shown = append(shown, markup.Data{"date": when(j.CreatedAt), "state": states[j.State], "file": j.WithFile(files).File, "until": when(j.ExpiresAt)})
	}
	return shown
}

func when(ms int64) string { return time.UnixMilli(ms).UTC().Format("2 January 2006, 15:04 UTC") }

func listExports(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	list, err := ListExports(r.Context(), User(v.UserID), v.UserID)
	if err != nil {
		return err
	}
	for i := range list {
		list[i] = list[i].WithFile(accountFiles)
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{"exports": list})
	return nil
}

func postExport(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	j, err := StartExport(r.Context(), User(v.UserID), v.UserID)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusAccepted, j)
	return nil
}

func exportForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if _, err := StartExport(r.Context(), User(v.UserID), v.UserID); err != nil {
		return err
	}
	http.Redirect(w, r, "/settings/data?done=export", http.StatusSeeOther)
	return nil
}

func getExport(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	j, err := GetExport(r.Context(), r.PathValue("id"), User(v.UserID), v.UserID)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, j.WithFile(accountFiles))
	return nil
}

func getExportFile(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	j, err := GetExport(r.Context(), r.PathValue("id"), User(v.UserID), v.UserID)
	if err != nil {
		return err
	}
	return SendFile(w, r, j, "")
}

// SendFile sends the file of an export that is ready. tenantID is that of a site whose images go with it, or "".
func SendFile(w http.ResponseWriter, r *http.Request, j Job, tenantID string) error {
	if j.State != "done" {
		return web.Conflict("not_ready", "The export is not ready. Try again in a few minutes.", nil)
	}
	Download(w, r, j.ID, tenantID)
	return nil
}

func postDelete(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	var body struct {
		Confirm string `json:"confirm"`
	}
	if err := web.ReadJSON(r, &body); err != nil {
		return err
	}
	if err := deleteConfirmed(r.Context(), v, body.Confirm); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusAccepted, map[string]string{"state": "deleting"})
	return nil
}

func deleteForm(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if err := deleteConfirmed(r.Context(), v, r.PostFormValue("confirm")); err != nil {
		return err
	}
	web.Render(w, r, http.StatusOK, "goodbye", markup.Data{"title": "Your account is closed"})
	return nil
}

// deleteConfirmed has the visitor's account deleted if they have typed its e-mail address.
func deleteConfirmed(ctx context.Context, v *heartwood.Visitor, typed string) error {
	var email string
	found, err := db.Prepare(`SELECT email FROM users WHERE id = ?`).Bind(v.UserID).First(ctx, &email)
	switch {
	case err != nil:
		return web.Unavailable("Your account", err)
	case !found || !strings.EqualFold(strings.TrimSpace(typed), email):
		return web.BadRequest("not_confirmed", "Type the e-mail address of your account to have it deleted. Nothing was changed.")
	}
	return DeleteUser(ctx, v.UserID)
}
