package cloudflareapi

import (
	"net/http"
	"strings"
)

// storeRoutes are those of KV, R2 and D1, as far as deployments and migrations use them.
func (s *Server) storeRoutes(at route) {
	at("GET /accounts/{account}/storage/kv/namespaces", func(w http.ResponseWriter, _ *http.Request, _ Request) { page(w, s.state.kv) })
	at("POST /accounts/{account}/storage/kv/namespaces", func(w http.ResponseWriter, _ *http.Request, req Request) {
		ns := decode[map[string]any](req)
		ns["id"] = strings.ReplaceAll(s.state.id(), "-", "")
		s.state.kv = append(s.state.kv, ns)
		ok(w, ns)
	})
	at("GET /accounts/{account}/workers/dispatch/namespaces", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		page(w, []map[string]any{{"namespace_id": "0d0d", "namespace_name": "dispatched", "script_count": 0}})
	})
	at("GET /accounts/{account}/r2/buckets", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		ok(w, map[string]any{"buckets": append([]map[string]any{}, s.state.buckets...)})
	})
	at("GET /accounts/{account}/r2/buckets/{name}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		ok(w, map[string]any{"name": r.PathValue("name"), "creation_date": created})
	})
	at("POST /accounts/{account}/r2/buckets", func(w http.ResponseWriter, _ *http.Request, req Request) {
		s.state.buckets = append(s.state.buckets, decode[map[string]any](req))
		ok(w, s.state.buckets[len(s.state.buckets)-1])
	})
	s.d1Routes(at)
}
