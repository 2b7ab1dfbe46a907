package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"grove.place/lattice/workers"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/conversation"
	"grove.place/lattice/workers/grove/hosts"
	"grove.place/lattice/workers/grove/operations"
	"grove.place/lattice/workers/grove/site"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
	"grove.place/lattice/workers/meadow"
)

// newRouter sends a request to what its host name means.
func newRouter() http.Handler {
	apex, tenants, files := routes()
	return secured(contained(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		domain := workers.Getenv(r.Context(), "GROVE_DOMAIN")
		if r.URL.Path == "/healthz" {
			fmt.Fprintln(w, "ok")
			return
		}
		switch place := hosts.Classify(r.Host, domain); place.Kind {
		case hosts.Apex:
			serve(apex, w, r)
		case hosts.Tenant:
			if strings.HasPrefix(r.URL.Path, "/assets/") {
				serve(files, w, r)
				return
			}
			visit, err := access.Open(r.Context(), place.Tenant)
			if err != nil {
				web.Fail(w, r, err)
				return
			}
			serve(tenants, w, r.WithContext(access.With(r.Context(), visit)))
		default:
			web.Fail(w, r, &web.Problem{Status: http.StatusNotFound, Code: "unknown_site", Title: "There is no such site", Message: "Grove is at " + domain + ".", Away: true})
		}
	})))
}

// routes are what the apex host, the hosts of sites, and every host whether there is a site or not answer to.
func routes() (apex, tenants, files *http.ServeMux) {
	apex, tenants, files = http.NewServeMux(), http.NewServeMux(), http.NewServeMux()
	heartwood.Routes(apex)
	meadow.Routes(apex)
	operations.Routes(apex)
	site.Routes(tenants)
	conversation.Routes(tenants)
	files.HandleFunc("GET /assets/{name}", web.Asset)
	return apex, tenants, files
}

// serve answers with the mux, and with pages of ours for what it has no route for.
func serve(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	refuse, pattern := mux.Handler(r)
	if pattern != "" {
		mux.ServeHTTP(w, r)
		return
	}
	refusal := head{header: http.Header{}}
	refuse.ServeHTTP(&refusal, r)
	if refusal.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", refusal.header.Get("Allow"))
		web.RenderProblem(w, r, refusal.status, "That cannot be done here", "Go back and use the buttons of the page.")
		return
	}
	web.RenderProblem(w, r, http.StatusNotFound, "There is nothing here", "Look at the address once more, or go to the home page.")
}

// head keeps only the head of a response.
type head struct {
	header http.Header
	status int
}

func (h *head) Header() http.Header         { return h.header }
func (h *head) WriteHeader(status int)      { h.status = status }
func (h *head) Write(p []byte) (int, error) { return len(p), nil }

// contained turns a panic into an answer for its caller alone.
func contained(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if reason := recover(); reason != nil {
				slog.ErrorContext(r.Context(), "handler panicked", "path", r.URL.Path, "reason", reason)
				web.RenderProblem(w, r, http.StatusInternalServerError, "Something went wrong here", "It is not your fault. Try again in a moment.")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured sets the headers that every answer carries. Pages load nothing from elsewhere and run no inline script.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if r.TLS != nil || r.URL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}
