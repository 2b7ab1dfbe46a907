package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

// exportFiles is where the files of a site's exports are.
const exportFiles = "/api/admin/export/"

func listExports(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	list, err := operations.ListExports(r.Context(), operations.Site(v.TenantID), v.User.UserID)
	for i := range list {
		list[i] = list[i].WithFile(exportFiles)
	}
	return answer(w, map[string]any{"exports": list}, err)
}

func postExport(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	j, err := StartExport(r.Context(), v)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusAccepted, j)
	return nil
}

// StartExport has everything collected that the site has.
func StartExport(ctx context.Context, v *access.Visit) (operations.Job, error) {
	j, err := operations.StartExport(ctx, operations.Site(v.TenantID), v.User.UserID)
	if err == nil {
		_, err = posts.Audit(v.TenantID, v.User.UserID, "export_started", map[string]string{"exportId": j.ID}, time.Now()).Run(ctx)
	}
	return j, err
}

func getExport(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	j, err := operations.GetExport(r.Context(), r.PathValue("id"), operations.Site(v.TenantID), v.User.UserID)
	return answer(w, j.WithFile(exportFiles), err)
}

func getExportFile(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	j, err := operations.GetExport(r.Context(), r.PathValue("id"), operations.Site(v.TenantID), v.User.UserID)
	if err != nil {
		return err
	}
	return operations.SendFile(w, r, j, v.TenantID)
}

func postDelete(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Confirm string `json:"confirm"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if err := Delete(r.Context(), v, body.Confirm); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusAccepted, map[string]string{"state": "deleting"})
	return nil
}

// Delete has the site deleted if its owner has typed its name.
func Delete(ctx context.Context, v *access.Visit, typed string) error {
	if strings.ToLower(strings.TrimSpace(typed)) != v.Subdomain {
		return web.BadRequest("not_confirmed", "Type the name of the site, "+v.Subdomain+", to have it deleted. Nothing was changed.")
	}
	if err := operations.DeleteSite(ctx, v.TenantID, v.User.UserID); err != nil {
		return err
	}
	access.Forget(v.Subdomain)
	return nil
}

// Entry is something that somebody did on the site.
type Entry struct {
	ID        string          `json:"id"`
	ActorID   string          `json:"actorId"`
	Actor     string          `json:"actor"` // their name, "" when they are gone
	Action    string          `json:"action"`
	Detail    json.RawMessage `json:"detail"`
	CreatedAt int64           `json:"createdAt"` // ms
}

func listAudit(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	n, err := limit(r)
	if err != nil {
		return err
	}
	list, cursor, err := Audit(r.Context(), v.TenantID, r.URL.Query().Get("cursor"), n)
	return answer(w, map[string]any{"entries": list, "nextCursor": cursor}, err)
}

// Audit lists what was done on a site, the latest first.
func Audit(ctx context.Context, tenantID, cursor string, n int) (list []Entry, nextCursor string, err error) {
	before, id := position(cursor)
	var rows []struct {
		Entry
		Text string `json:"text"`
	}
	err = db.Prepare(`SELECT a.id, a.actor_id AS actorId, coalesce(u.name, '') AS actor, a.action, a.detail AS text, a.created_at AS createdAt FROM audit_log a
		LEFT JOIN users u ON u.id = a.actor_id WHERE a.tenant_id = ? AND (a.created_at, a.id) < (?, ?) ORDER BY a.created_at DESC, a.id DESC LIMIT ?`).
		Bind(tenantID, before, id, n+1).All(ctx, &rows)
	if err != nil {
		return nil, "", web.Unavailable("The log", err)
	}
	list = []Entry{}
	for i, row := range rows {
		if i == n {
			last := list[n-1]
			return list, cursorAfter(last.CreatedAt, last.ID), nil
		}
		row.Detail = json.RawMessage(row.Text)
		list = append(list, row.Entry)
	}
	return list, "", nil
}

// cursorAfter is where a list that begins with the latest goes on: after the entry with that time and id.
func cursorAfter(ms int64, id string) string { return strconv.FormatInt(ms, 10) + "_" + id }

// position is what a cursor says: entries before that time and id follow. Without a cursor it is before all.
func position(cursor string) (ms int64, id string) {
	if at, rest, ok := strings.Cut(cursor, "_"); ok {
		if ms, err := strconv.ParseInt(at, 10, 64); err == nil && ids.Valid(rest) {
			return ms, rest
		}
	}
	return 1 << 52, "~"
}
