package site

import (
	"net/http"
	"strconv"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/grove/web"
)

// Trails: the page that readers see, and those of the panel.

var statusNames = map[string]string{"planned": "planned", "active": "under way", "done": "done", "dropped": "given up"}

// trail shows a trail. A private one is there only for members.
func trail(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	t, err := tenant.GetTrail.Call(r.Context(), v.Tenant(), r.PathValue("slug"))
	if err != nil {
		return web.Unavailable("This trail", err)
	}
	if t != nil && t.Visibility != "public" {
		if err := v.Member(r.Context()); err != nil {
			return err
		}
		if !v.Can("viewer") {
			t = nil
		}
	}
	if err := v.Admit(r, t != nil); err != nil {
		return err
	}
	if t == nil {
		return web.ErrNotFound
	}
	phases := []markup.Data{}
	for _, p := range append([]tenant.Phase{{}}, t.Phases...) {
		points := []markup.Data{}
		for _, point := range t.Waypoints {
			if point.PhaseID == p.ID {
				points = append(points, waypointData(point))
			}
		}
		if p.ID != "" || len(points) > 0 {
			phases = append(phases, markup.Data{"phase": p.Name, "waypoints": points})
		}
	}
	render(w, r, v, "site-trail", markup.Data{"title": t.Name, "intro": t.Intro, "phases": phases, "private": t.Visibility != "public", "edit": "/admin/trails/" + t.Slug})
	return nil
}

func waypointData(w tenant.Waypoint) markup.Data {
	return markup.Data{"id": w.ID, "point": w.Title, "text": w.Description, "status": w.Status, "statusName": statusNames[w.Status], "phaseId": w.PhaseID,
		"target": w.TargetDate, "targetText": dayName(w.TargetDate), "statuses": statusChoices(w.Status)}
}

func statusChoices(chosen string) []markup.Data {
	var pairs []string
	for _, status := range tenant.WaypointStatuses {
		pairs = append(pairs, status, statusNames[status])
	}
	return choices(chosen, pairs...)
}

func trailList(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	var trails []struct {
		Slug, Name, Visibility string
		Count, Done            int64
	}
	err := db.Prepare(`SELECT t.slug AS Slug, t.name AS Name, t.visibility AS Visibility, count(w.id) AS Count, coalesce(sum(w.status = 'done'), 0) AS Done
		FROM trails t LEFT JOIN trail_waypoints w ON w.trail_id = t.id WHERE t.tenant_id = ? GROUP BY t.id ORDER BY t.id LIMIT 200`).Bind(v.TenantID).All(r.Context(), &trails)
	list := []markup.Data{}
	for _, t := range trails {
		list = append(list, markup.Data{"link": "/trails/" + t.Slug, "edit": "/admin/trails/" + t.Slug, "trail": t.Name, "private": t.Visibility != "public",
			"count": thousands(t.Count), "done": thousands(t.Done)})
	}
	data := markup.Data{"title": "Trails", "list": list}
	if v.Can("editor") {
		data["action"], data["actionName"] = "/admin/new-trail", "New trail"
	}
	return "admin-trails", data, err
}

func newTrail(*http.Request, *access.Visit) (string, markup.Data, error) {
	return "admin-trail", trailData("New trail", tenant.Trail{}), nil
}

func editTrail(r *http.Request, v *access.Visit) (string, markup.Data, error) {
	t, err := tenant.GetTrail.Call(r.Context(), v.Tenant(), r.PathValue("slug"))
	if err == nil && t == nil {
		err = web.ErrNotFound
	}
	if err != nil {
		return "", nil, err
	}
	data := trailData(t.Name, *t)
	data["link"] = "/trails/" + t.Slug
	return "admin-trail", data, nil
}

func trailData(title string, t tenant.Trail) markup.Data {
	phases, points := []markup.Data{}, []markup.Data{}
	for _, p := range t.Phases {
		phases = append(phases, markup.Data{"id": p.ID, "phase": p.Name})
	}
	for _, w := range t.Waypoints {
		points = append(points, waypointData(w))
	}
	return markup.Data{"title": title, "module": "trail.mjs", "link": "", "slug": t.Slug, "version": strconv.FormatInt(t.Version, 10), "name": t.Name, "intro": t.Intro,
		"private": t.Visibility == "private", "phases": phases, "waypoints": points, "newStatuses": statusChoices("planned")}
}
