package cloudflareapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// triggerRoutes are those of what leads events to a Worker.
func (s *Server) triggerRoutes(at route) {
	const script = "/accounts/{account}/workers/scripts/{script}"
	at("GET /accounts/{account}/workers/subdomain", func(w http.ResponseWriter, _ *http.Request, _ Request) { ok(w, map[string]any{"subdomain": "tests"}) })
	at("GET /accounts/{account}/workers/workers/{script}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			ok(w, map[string]any{"id": "id-of-" + worker.Name, "name": worker.Name, "subdomain": map[string]any{"enabled": worker.WorkersDev, "previews_enabled": worker.Previews,
				"url": "https://" + worker.Name + ".tests.workers.dev", "preview_url_suffix": "-" + worker.Name + ".tests.workers.dev"}})
		}
	})
	at("GET "+script+"/subdomain", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if worker := s.worker(w, r); worker != nil {
			ok(w, map[string]any{"enabled": worker.WorkersDev, "previews_enabled": worker.Previews})
		}
	})
	at("POST "+script+"/subdomain", func(w http.ResponseWriter, r *http.Request, req Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		body := decode[struct {
			Enabled  bool
			Previews *bool `json:"previews_enabled"`
		}](req)
		worker.WorkersDev, worker.Previews = body.Enabled, body.Enabled
		if body.Previews != nil {
			worker.Previews = *body.Previews
		}
		ok(w, map[string]any{"enabled": worker.WorkersDev, "previews_enabled": worker.Previews})
	})
	at("PUT "+script+"/schedules", func(w http.ResponseWriter, r *http.Request, req Request) {
		worker := s.worker(w, r)
		if worker == nil {
			return
		}
		worker.Schedules = nil
		for _, c := range decode[[]struct{ Cron string }](req) {
			if len(strings.Fields(c.Cron)) != 5 {
				fail(w, http.StatusBadRequest, 10100, "invalid cron string: "+c.Cron)
				return
			}
			worker.Schedules = append(worker.Schedules, c.Cron)
		}
		ok(w, map[string]any{"schedules": decode[[]any](req)})
	})
	at("PUT "+script+"/routes", func(w http.ResponseWriter, r *http.Request, req Request) {
		if worker := s.worker(w, r); worker != nil {
			worker.Routes = nil
			for _, p := range decode[[]struct{ Pattern string }](req) {
				worker.Routes = append(worker.Routes, p.Pattern)
			}
			ok(w, worker.Routes)
		}
	})
	at("POST "+script+"/domains/changeset", func(w http.ResponseWriter, r *http.Request, req Request) {
		if s.worker(w, r) != nil {
			ok(w, map[string]any{"added": []any{}, "removed": []any{}, "updated": []any{}, "conflicting": s.conflicts(decode[[]struct{ Hostname string }](req))})
		}
	})
	at("PUT "+script+"/domains/records", func(w http.ResponseWriter, r *http.Request, req Request) {
		if worker := s.worker(w, r); worker != nil {
			worker.Domains = nil
			for _, o := range decode[struct{ Origins []struct{ Hostname string } }](req).Origins {
				worker.Domains = append(worker.Domains, o.Hostname)
			}
			ok(w, nil)
		}
	})
	at("GET /zones/{zone}/workers/routes", func(w http.ResponseWriter, _ *http.Request, _ Request) {
		var list []map[string]any
		for _, worker := range s.state.workers {
			for _, p := range worker.Routes {
				list = append(list, map[string]any{"id": "route-" + p, "pattern": p, "script": worker.Name})
			}
		}
		page(w, list)
	})
	at("POST /zones/{zone}/workers/routes", func(w http.ResponseWriter, _ *http.Request, req Request) {
		body := decode[struct{ Pattern, Script string }](req)
		if worker := s.state.workers[body.Script]; worker != nil {
			worker.Routes = append(worker.Routes, body.Pattern)
		}
		ok(w, map[string]any{"id": "route-" + body.Pattern, "pattern": body.Pattern, "script": body.Script})
	})
	s.queueRoutes(at)
}

// TakeDomain makes a DNS record that is in the way of a custom domain.
func (s *Server) TakeDomain(hostname string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.records = append(s.state.records, hostname)
}

func (s *Server) conflicts(origins []struct{ Hostname string }) []map[string]any {
	list := []map[string]any{}
	for _, o := range origins {
		if slices.Contains(s.state.records, o.Hostname) {
			list = append(list, map[string]any{"id": "record-" + o.Hostname, "hostname": o.Hostname})
		}
	}
	return list
}

func (s *Server) queueRoutes(at route) {
	find := func(w http.ResponseWriter, r *http.Request) *queue {
		i := slices.IndexFunc(s.state.queues, func(q *queue) bool { return q.ID == r.PathValue("queue") })
		if i < 0 {
			fail(w, http.StatusNotFound, 11000, "Queue not found")
			return nil
		}
		return s.state.queues[i]
	}
	at("GET /accounts/{account}/queues", func(w http.ResponseWriter, r *http.Request, req Request) {
		names := req.Query["name"]
		page(w, slices.DeleteFunc(slices.Clone(s.state.queues), func(q *queue) bool { return len(names) > 0 && !slices.Contains(names, q.Name) }))
	})
	at("POST /accounts/{account}/queues", func(w http.ResponseWriter, _ *http.Request, req Request) {
		name := decode[struct {
			Name string `json:"queue_name"`
		}](req).Name
		if slices.ContainsFunc(s.state.queues, func(q *queue) bool { return q.Name == name }) {
			fail(w, http.StatusConflict, 11009, "Queue name '"+name+"' is already taken.")
			return
		}
		q := &queue{ID: strings.ReplaceAll(s.state.id(), "-", ""), Name: name, Consumers: []map[string]any{}, Producers: []map[string]any{}}
		s.state.queues = append(s.state.queues, q)
		ok(w, q)
	})
	at("DELETE /accounts/{account}/queues/{queue}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if q := find(w, r); q != nil {
			s.state.queues = slices.DeleteFunc(s.state.queues, func(other *queue) bool { return other == q })
			ok(w, nil)
		}
	})
	at("DELETE /accounts/{account}/queues/{queue}/consumers/{id}", func(w http.ResponseWriter, r *http.Request, _ Request) {
		if q := find(w, r); q != nil {
			q.Consumers = slices.DeleteFunc(q.Consumers, func(c map[string]any) bool { return c["consumer_id"] == r.PathValue("id") })
			ok(w, nil)
		}
	})
	at("POST /accounts/{account}/queues/{queue}/consumers", func(w http.ResponseWriter, r *http.Request, req Request) {
		if q := find(w, r); q != nil {
			if len(q.Consumers) > 0 {
				fail(w, http.StatusBadRequest, 11004, "Queue already has a consumer")
				return
			}
			c := consumer(req)
			c["consumer_id"] = s.state.id()
			q.Consumers = append(q.Consumers, c)
			ok(w, c)
		}
	})
	at("PUT /accounts/{account}/queues/{queue}/consumers/{id}", func(w http.ResponseWriter, r *http.Request, req Request) {
		q := find(w, r)
		if q == nil {
			return
		}
		for i, c := range q.Consumers {
			if fmt.Sprint(c["consumer_id"]) == r.PathValue("id") {
				q.Consumers[i] = consumer(req)
				q.Consumers[i]["consumer_id"] = r.PathValue("id")
				ok(w, q.Consumers[i])
				return
			}
		}
		fail(w, http.StatusNotFound, 11001, "Consumer not found")
	})
}

// consumer is one as lists show it: the script under another name.
func consumer(req Request) map[string]any {
	c := decode[map[string]any](req)
	c["service"], c["environment"] = c["script_name"], "production"
	c["script"] = c["script_name"]
	return c
}
