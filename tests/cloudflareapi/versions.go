package cloudflareapi

import (
	"net/http"
	"slices"
	"strings"
)

// versionRoutes are those of versions and deployments.
func (s *Server) versionRoutes(at route) {
	const script = "/accounts/{account}/workers/scripts/{script}"
	at("POST "+script+"/versions", func(w http.ResponseWriter, r *http.Request, req Request) {
		if s.worker(w, r) == nil {
			return
		}
		metadata, _ := req.JSON().(map[string]any)
		if metadata["migrations"] != nil {
			fail(w, http.StatusBadRequest, 10211, "Version uploads cannot have migrations.")
			return
		}
		if worker, v := s.upload(w, r, req); v != nil {
			ok(w, v.view(worker))
		}
	})
	at("GET "+script+"/versions", func(w http.ResponseWriter, r *http.Request, _ Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		items := []any{}
		for _, v := range slices.Backward(worker.Versions) {
			items = append(items, v.view(worker))
		}
		ok(w, map[string]any{"items": items})
	})
	at("GET "+script+"/versions/{id}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		if v := worker.version(r.PathValue("id")); v != nil {
			ok(w, v.view(worker))
			return
		}
		fail(w, http.StatusNotFound, 10009, "This Worker version does not exist.")
	})
	at("GET "+script+"/deployments", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			list := append([]Deployment{}, worker.Deployments...)
			slices.Reverse(list)
			ok(w, map[string]any{"deployments": list})
		}
	})
	at("POST "+script+"/deployments", func(w http.ResponseWriter, r *http.Request, req Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		body := decode[struct {
			Versions    []Traffic
			Annotations map[string]any
		}](req)
		sum := 0.0
		for _, t := range body.Versions {
			if sum += t.Percentage; worker.version(t.Version) == nil {
				fail(w, http.StatusBadRequest, 10009, "Version "+t.Version+" does not exist.")
				return
			}
		}
		if sum != 100 {
			fail(w, http.StatusBadRequest, 10208, "Percentages must add up to 100.")
			return
		}
		ok(w, worker.deploy(&s.state, body.Versions, body.Annotations))
	})
}

func (w *Worker) deploy(s *state, versions []Traffic, notes map[string]any) Deployment {
	if notes == nil {
		notes = map[string]any{}
	}
	d := Deployment{ID: s.id(), Source: "wrangler", Strategy: "percentage", Author: "someone@example.com", Created: created, Notes: notes, Versions: versions}
	w.Deployments = append(w.Deployments, d)
	return d
}

func (w *Worker) version(id string) *Version {
	if i := slices.IndexFunc(w.Versions, func(v *Version) bool { return v.ID == id }); i >= 0 {
		return w.Versions[i]
	}
	return nil
}

func (v *Version) view(w *Worker) map[string]any {
	bindings, _ := v.Metadata["bindings"].([]any)
	notes := map[string]any{"workers/triggered_by": "upload"}
	for name, text := range annotations(v.Metadata) {
		notes[name] = text
	}
	runtime := map[string]any{"usage_model": "standard", "compatibility_date": v.Metadata["compatibility_date"], "compatibility_flags": v.Metadata["compatibility_flags"]}
	if w.MigrationTag != "" {
		runtime["migration_tag"] = w.MigrationTag
	}
	return map[string]any{
		"id": v.ID, "number": v.Number, "startup_time_ms": 12, "annotations": notes,
		"metadata": map[string]any{"created_on": created, "modified_on": created, "source": "wrangler", "author_email": "someone@example.com", "author_id": "0b0b", "has_preview": false},
		"resources": map[string]any{
			"bindings":       append([]any{}, bindings...),
			"script":         map[string]any{"etag": "e" + strings.ReplaceAll(v.ID, "-", ""), "handlers": []string{"fetch"}, "last_deployed_from": "wrangler"},
			"script_runtime": runtime,
		},
	}
}
