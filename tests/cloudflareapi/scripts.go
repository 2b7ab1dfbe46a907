package cloudflareapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// scriptRoutes are those of uploads, and of what is set for a script as a whole.
func (s *Server) scriptRoutes(at route) {
	at("GET /accounts/{account}/workers/services/{script}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			ok(w, map[string]any{"id": worker.Name, "default_environment": map[string]any{"environment": "production", "script": worker.script()}})
		}
	})
	at("GET /accounts/{account}/workers/scripts", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		var list []map[string]any
		for _, worker := range s.state.workers {
			list = append(list, worker.script())
		}
		page(w, list)
	})
	at("PUT /accounts/{account}/workers/scripts/{script}", func(w http.ResponseWriter, r *http.Request, req Request) {
		worker, v := s.upload(w, r, req)
		if v == nil {
			return
		}
		worker.deploy(&s.state, []Traffic{{v.ID, 100}}, annotations(v.Metadata))
		ok(w, map[string]any{"id": worker.Name, "etag": "e" + v.ID, "deployment_id": strings.ReplaceAll(v.ID, "-", ""), "startup_time_ms": 12, "entry_point": v.Metadata["main_module"]})
	})
	at("GET /accounts/{account}/workers/scripts/{script}/settings", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			ok(w, map[string]any{"bindings": worker.bindings(len(worker.Versions))})
		}
	})
	at("GET /accounts/{account}/workers/scripts/{script}/references", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			incoming := []map[string]any{}
			for _, name := range worker.UsedBy {
				incoming = append(incoming, map[string]any{"service": name, "environment": "production"})
			}
			ok(w, map[string]any{"services": map[string]any{"incoming": incoming, "outgoing": []any{}}})
		}
	})
	at("GET /accounts/{account}/workers/tails/by-consumer/{script}", func(w http.ResponseWriter, _ *http.Request, _ Request) { ok(w, []any{}) })
	at("DELETE /accounts/{account}/workers/services/{script}", func(w http.ResponseWriter, r *http.Request, req Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		if len(worker.UsedBy) > 0 && req.Query.Get("force") != "true" {
			fail(w, http.StatusBadRequest, 10064, "Cannot delete this Worker as it is still referenced by other Workers: "+strings.Join(worker.UsedBy, ", "))
			return
		}
		delete(s.state.workers, worker.Name)
		ok(w, nil)
	})
	at("PATCH /accounts/{account}/workers/scripts/{script}/script-settings", func(w http.ResponseWriter, r *http.Request, req Request) {
		if worker := s.worker(w, r); worker != nil {
			for name, v := range decode[map[string]any](req) {
				worker.Settings[name] = v
			}
			if tags, is := worker.Settings["tags"].([]any); is {
				worker.Tags = nil
				for _, t := range tags {
					worker.Tags = append(worker.Tags, fmt.Sprint(t))
				}
			}
			ok(w, worker.Settings)
		}
	})
	at("GET /accounts/{account}/workers/scripts/{script}/secrets", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			var list []map[string]string
			for _, n := range worker.Secrets {
				list = append(list, map[string]string{"name": n, "type": "secret_text"})
			}
			page(w, list)
		}
	})
	at("PUT /accounts/{account}/workers/scripts/{script}/secrets", func(w http.ResponseWriter, r *http.Request, req Request) {
		if worker := s.worker(w, r); worker != nil {
			secret := decode[struct{ Name, Type string }](req)
			worker.setSecret(secret.Name)
			ok(w, map[string]any{"name": secret.Name, "type": secret.Type})
		}
	})
	at("PATCH /accounts/{account}/workers/scripts/{script}/secrets-bulk", func(w http.ResponseWriter, r *http.Request, req Request) {
		if worker := s.worker(w, r); worker != nil {
			body := decode[struct{ Secrets map[string]any }](req)
			for _, name := range slices.Sorted(maps.Keys(body.Secrets)) {
				v := body.Secrets[name]
				worker.Secrets = slices.DeleteFunc(worker.Secrets, func(n string) bool { return n == name })
				if v != nil {
					worker.setSecret(name)
				}
			}
			ok(w, []any{})
		}
	})
	at("DELETE /accounts/{account}/workers/scripts/{script}/secrets/{name}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		if !slices.Contains(worker.Secrets, r.PathValue("name")) {
			fail(w, http.StatusNotFound, 10056, "Binding '"+r.PathValue("name")+"' not found")
			return
		}
		worker.Secrets = slices.DeleteFunc(worker.Secrets, func(n string) bool { return n == r.PathValue("name") })
		ok(w, nil)
	})
	at("POST /accounts/{account}/workers/scripts/{script}/assets-upload-session", s.startAssets)
	at("POST /accounts/{account}/workers/scripts/{script}/tails", s.startTail)
	at("DELETE /accounts/{account}/workers/scripts/{script}/tails/{id}", s.stopTail)
	at("GET /accounts/{account}/workers/scripts/{script}/content/v2", s.content)
}

func (w *Worker) setSecret(name string) {
	if !slices.Contains(w.Secrets, name) {
		w.Secrets = append(w.Secrets, name)
	}
}

func (w *Worker) script() map[string]any {
	return map[string]any{"id": w.Name, "tag": "tag-of-" + w.Name, "tags": append([]string{}, w.Tags...), "migration_tag": w.MigrationTag, "last_deployed_from": "wrangler", "created_on": created, "modified_on": created}
}

func annotations(metadata map[string]any) map[string]any {
	notes, _ := metadata["annotations"].(map[string]any)
	return notes
}

// upload makes a version of what was sent, or refuses it.
func (s *Server) upload(w http.ResponseWriter, r *http.Request, req Request) (*Worker, *Version) {
	part := req.Part("metadata")
	v := &Version{}
	if part == nil || json.Unmarshal(part.Content, &v.Metadata) != nil {
		fail(w, http.StatusBadRequest, 10021, "No metadata part, or one that is not JSON")
		return nil, nil
	}
	for _, p := range req.Parts {
		if p.Name != "metadata" {
			v.Modules = append(v.Modules, p)
		}
	}
	name := r.PathValue("script")
	worker := s.state.workers[name]
	if worker == nil {
		worker = &Worker{Name: name, Settings: map[string]any{}}
	}
	tag, classes, status, code, text := worker.check(v, req.Query.Get("bindings_inherit") == "strict")
	if text != "" {
		fail(w, status, code, text)
		return nil, nil
	}
	v.ID, v.Number = s.state.id(), len(worker.Versions)+1
	worker.MigrationTag, worker.Classes = tag, classes
	bindings, _ := v.Metadata["bindings"].([]any)
	for _, b := range bindings {
		if b, _ := b.(map[string]any); b["type"] == "secret_text" {
			worker.setSecret(fmt.Sprint(b["name"]))
		}
	}
	worker.Versions = append(worker.Versions, v)
	s.state.workers[name] = worker
	return worker, v
}

// check refuses what the API refuses, and returns the tag and the classes after the migrations.
func (w *Worker) check(v *Version, strict bool) (tag string, classes []string, status, code int, text string) {
	refuse := func(code int, format string, args ...any) (string, []string, int, int, string) {
		return "", nil, http.StatusBadRequest, code, fmt.Sprintf(format, args...)
	}
	main, _ := v.Metadata["main_module"].(string)
	alone := v.Metadata["main_module"] == nil && v.Metadata["assets"] != nil && len(v.Modules) == 0
	if !alone && !slices.ContainsFunc(v.Modules, func(p Part) bool { return p.Name == main }) {
		return refuse(10021, "Uncaught Error: No such module %q.", main)
	}
	tag, classes = w.MigrationTag, slices.Clone(w.Classes)
	if m, _ := v.Metadata["migrations"].(map[string]any); m != nil {
		if old, _ := m["old_tag"].(string); old != w.MigrationTag {
			return "", nil, http.StatusPreconditionFailed, 10079, fmt.Sprintf("Migration tag precondition failed; current tag is %q, expected %q.", w.MigrationTag, old)
		}
		tag, _ = m["new_tag"].(string)
		steps, _ := m["steps"].([]any)
		for _, step := range steps {
			classes = migrate(classes, step.(map[string]any))
		}
	}
	bindings, _ := v.Metadata["bindings"].([]any)
	for _, b := range bindings {
		b, _ := b.(map[string]any)
		switch b["type"] {
		case "durable_object_namespace":
			class, _ := b["class_name"].(string)
			if b["script_name"] == nil && !slices.Contains(classes, class) {
				return refuse(10061, "Cannot create binding for class '%s' because it is not currently configured to implement Durable Objects.", class)
			}
		case "inherit":
			name, _ := b["name"].(string)
			had := slices.ContainsFunc(w.bindings(len(w.Versions)), func(b any) bool { return b.(map[string]any)["name"] == name })
			if strict && !slices.Contains(w.Secrets, name) && !had {
				return refuse(10057, "inherit binding '%s' is invalid: no binding of that name in the previous version", name)
			}
		}
	}
	return tag, classes, 0, 0, ""
}

// bindings are those of the version before the nth, with those that it took over from earlier ones.
func (w *Worker) bindings(n int) []any {
	if n == 0 {
		return []any{}
	}
	list, _ := w.Versions[n-1].Metadata["bindings"].([]any)
	all := []any{}
	for _, b := range list {
		b, _ := b.(map[string]any)
		if b["type"] == "inherit" {
			i := slices.IndexFunc(w.bindings(n-1), func(e any) bool { return e.(map[string]any)["name"] == b["name"] })
			if i < 0 {
				continue // a secret
			}
			b, _ = w.bindings(n - 1)[i].(map[string]any)
		}
		all = append(all, b)
	}
	return all
}

func migrate(classes []string, step map[string]any) []string {
	names := func(key string) (list []string) {
		values, _ := step[key].([]any)
		for _, v := range values {
			list = append(list, fmt.Sprint(v))
		}
		return list
	}
	classes = append(classes, names("new_classes")...)
	classes = append(classes, names("new_sqlite_classes")...)
	renamed, _ := step["renamed_classes"].([]any)
	for _, r := range renamed {
		r, _ := r.(map[string]any)
		if i := slices.Index(classes, fmt.Sprint(r["from"])); i >= 0 {
			classes[i] = fmt.Sprint(r["to"])
		}
	}
	return slices.DeleteFunc(classes, func(c string) bool { return slices.Contains(names("deleted_classes"), c) })
}
