package admin

import (
	"net/http"
	"time"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

func listTrails(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	list := []tenant.Trail{}
	err := db.Prepare(`SELECT id, slug, name, intro, visibility, version FROM trails WHERE tenant_id = ? ORDER BY id LIMIT 200`).Bind(v.TenantID).All(r.Context(), &list)
	return answer(w, map[string]any{"trails": list}, err)
}

func trail(r *http.Request, v *access.Visit) (*tenant.Trail, error) {
	t, err := call(r.Context(), v, tenant.GetTrail, r.PathValue("slug"))
	if err == nil && t == nil {
		err = web.ErrNotFound
	}
	return t, err
}

func getTrail(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	t, err := trail(r, v)
	return answer(w, t, err)
}

// putTrail writes a trail: a new one with version 0, or a change of the version that it names. Its slug may differ from the one in the address, which is
// then the one that it had.
func putTrail(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var t tenant.Trail
	if err := readJSON(w, r, &t); err != nil {
		return err
	}
	if t.Slug == "" {
		t.Slug = r.PathValue("slug")
	}
	if t.Version > 0 {
		before, err := trail(r, v)
		if err != nil {
			return err
		}
		t.ID = before.ID
	}
	done, err := call(r.Context(), v, tenant.SetTrail, t)
	if err == nil && done.Conflict {
		err = web.Conflict("conflict", "The trail was changed elsewhere, or another one has that address.", map[string]any{"current": done.Trail})
	}
	return answer(w, done.Trail, err)
}

func deleteTrail(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	slug := r.PathValue("slug")
	results, err := db.Batch(r.Context(),
		db.Prepare(`DELETE FROM trails WHERE tenant_id = ? AND slug = ?`).Bind(v.TenantID, slug),
		posts.AuditChange(v.TenantID, v.User.UserID, "trail_deleted", map[string]string{"slug": slug}, time.Now()))
	if err == nil && results[0].Meta.Changes == 0 {
		err = web.ErrNotFound
	}
	if err == nil {
		_, err = call(r.Context(), v, tenant.InvalidateTrail, slug)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func putWaypointStatus(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Status string `json:"status"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.QueueWaypointUpdate, tenant.WaypointUpdate{Slug: r.PathValue("slug"), WaypointID: r.PathValue("id"), Status: body.Status})
	if err == nil && !done {
		err = web.ErrNotFound
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
