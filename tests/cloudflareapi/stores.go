package cloudflareapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// storeRoutes are those of KV, R2 and D1, as far as deployments and migrations use them.
func (s *Server) storeRoutes(at route) {
	at("GET /accounts/{account}/storage/kv/namespaces", func(w http.ResponseWriter, _ *http.Request, _ Request) { page(w, s.state.kv) })
	at("POST /accounts/{account}/storage/kv/namespaces", func(w http.ResponseWriter, _ *http.Request, req Request) {
		ns := decode[map[string]any](req)
		if slices.ContainsFunc(s.state.kv, func(other map[string]any) bool { return other["title"] == ns["title"] }) {
			fail(w, http.StatusBadRequest, 10014, "create namespace: 'a namespace with this account ID and title already exists'")
			return
		}
		ns["id"] = strings.ReplaceAll(s.state.id(), "-", "")
		s.state.kv = append(s.state.kv, ns)
		ok(w, ns)
	})
	at("GET /accounts/{account}/workers/dispatch/namespaces", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		page(w, []map[string]any{{"namespace_id": "0d0d", "namespace_name": "dispatched", "script_count": 0}})
	})
	s.bucketRoutes(at)
	s.valueRoutes(at)
	s.d1Routes(at)
}

// valueRoutes are those of a KV namespace and its keys.
func (s *Server) valueRoutes(at route) {
	const one = "/accounts/{account}/storage/kv/namespaces/{id}"
	find := func(w http.ResponseWriter, r *http.Request) map[string]Part {
		i := slices.IndexFunc(s.state.kv, func(ns map[string]any) bool { return ns["id"] == r.PathValue("id") })
		if i < 0 {
			fail(w, http.StatusNotFound, 10013, "list keys: 'namespace not found'")
			return nil
		}
		if s.state.values[r.PathValue("id")] == nil {
			s.state.values[r.PathValue("id")] = map[string]Part{}
		}
		return s.state.values[r.PathValue("id")]
	}
	at("DELETE "+one, func(w http.ResponseWriter, r *http.Request, _ Request) {
		if find(w, r) != nil {
			s.state.kv = slices.DeleteFunc(s.state.kv, func(ns map[string]any) bool { return ns["id"] == r.PathValue("id") })
			ok(w, nil)
		}
	})
	at("GET "+one+"/keys", func(w http.ResponseWriter, r *http.Request, _ Request) {
		values := find(w, r)
		if values == nil {
			return
		}
		list, next := []map[string]any{}, ""
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if !strings.HasPrefix(name, r.FormValue("prefix")) || name <= r.FormValue("cursor") {
				continue
			}
			if len(list) == 2 { // on a page
				next = list[1]["name"].(string)
				break
			}
			key := map[string]any{"name": name}
			if text := values[name].Type; text != "" {
				key["metadata"] = json.RawMessage(text)
			}
			list = append(list, key)
		}
		reply(w, envelope{Success: true, Errors: []apiError{}, Messages: []string{}, Result: list, Info: map[string]any{"count": len(list), "cursor": next}}, http.StatusOK)
	})
	at("GET "+one+"/values/{key}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		values := find(w, r)
		if v, is := values[r.PathValue("key")]; is {
			_, _ = w.Write(v.Content)
		} else if values != nil {
			fail(w, http.StatusNotFound, 10009, "get: 'key not found'")
		}
	})
	at("GET "+one+"/metadata/{key}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		values := find(w, r)
		if v, is := values[r.PathValue("key")]; is && v.Type != "" {
			ok(w, json.RawMessage(v.Type))
		} else if is {
			ok(w, nil)
		} else if values != nil {
			fail(w, http.StatusNotFound, 10009, "get: 'key not found'")
		}
	})
	at("PUT "+one+"/values/{key}", func(w http.ResponseWriter, r *http.Request, req Request) {
		if values := find(w, r); values != nil {
			v := Part{Content: req.Body}
			if p := req.Part("metadata"); p != nil {
				v = Part{Content: req.Part("value").Content, Type: string(p.Content)}
			}
			values[r.PathValue("key")] = v
			ok(w, nil)
		}
	})
	at("DELETE "+one+"/values/{key}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if values := find(w, r); values != nil {
			delete(values, r.PathValue("key"))
			ok(w, nil)
		}
	})
}

// AddNamespace makes a KV namespace.
func (s *Server) AddNamespace(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.kv = append(s.state.kv, map[string]any{"id": id, "title": id})
}
