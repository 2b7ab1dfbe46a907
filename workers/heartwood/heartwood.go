// Package heartwood is Grove's sign-in: OpenID Connect and OAuth 2 clients, the session cookie, and the pages on which
// people see and end their sessions.
//
// The one idea: the cookie names a user's SessionDO and the object alone decides, so that to ask whether somebody is signed
// in costs one object call, and to end a session ends it everywhere. D1 holds accounts, and is read only where an
// account is shown or changed. Start with Routes; the flow is login.go, then callback.go.
package heartwood

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/markup"
)

// maxBody is more than any form or JSON body here needs.
const maxBody = 64 << 10

var db = d1.Database("DB")

// Routes adds the sign-in and settings routes to the mux of the apex host.
func Routes(mux *http.ServeMux) {
	for pattern, h := range map[string]handler{
		"GET /{$}":                       home,
		"GET /auth/login":                loginPage,
		"GET /auth/login/{provider}":     startLogin,
		"GET /auth/callback/{provider}":  callback,
		"POST /auth/logout":              logout,
		"GET /auth/session":              whoAmI,
		"GET /auth/sessions":             listSessions,
		"DELETE /auth/sessions/{id}":     deleteSession,
		"POST /auth/sessions/revoke-all": revokeAll,
		"GET /settings/sessions":         sessionsPage,
		"GET /settings/sessions/confirm": confirmPage,
		"POST /settings/sessions/revoke": revokeForm,
		"POST /settings/sessions/others": revokeOthersForm,
	} {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("GET /assets/{name}", Asset)
}

// handler answers a request of the apex host. An error becomes a page, or JSON for those who ask for it.
type handler func(w http.ResponseWriter, r *http.Request, c *config) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Cookie")
	c, err := loadConfig(r.Context())
	if err == nil {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		err = h(w, r, c)
	}
	if err != nil {
		fail(w, r, err)
	}
}

// problem is an error that the visitor is told about.
type problem struct {
	status  int
	code    string // for programs
	title   string // for people
	message string // what to do
	retry   time.Duration
}

func (p *problem) Error() string { return p.code + ": " + p.message }

var (
	errSignedOut = &problem{status: http.StatusUnauthorized, code: "signed_out", title: "You are signed out", message: "Sign in to go on."}
	errForgery   = &problem{status: http.StatusForbidden, code: "forbidden", title: "This request did not come from our page",
		message: "Go back, load the page again and repeat what you did."}
	errTooLarge = &problem{status: http.StatusRequestEntityTooLarge, code: "too_large", title: "That was too much", message: "Send at most 64 KB."}
)

// unavailable wraps the failure of something that a safe answer needs: nothing was done, and it can be tried again.
func unavailable(what string, err error) error {
	return errors.Join(&problem{
		status: http.StatusServiceUnavailable, code: "unavailable", title: "That does not work just now",
		message: what + " cannot be reached. Nothing was changed; try again in a moment.", retry: 5 * time.Second,
	}, err)
}

// fail answers with an error. What is not meant for the visitor is logged.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		p = errTooLarge
	case !errors.As(err, &p):
		p = &problem{status: http.StatusInternalServerError, code: "internal", title: "Something went wrong here", message: "It is not your fault. Try again in a moment."}
	}
	if p.status >= 500 {
		slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "status", p.status, "error", err)
	}
	if p.retry > 0 {
		w.Header().Set("Retry-After", retryAfter(p.retry))
	}
	if p == errSignedOut && r.Method == http.MethodGet && !wantsJSON(r) {
		http.Redirect(w, r, "/auth/login?return_to="+url.QueryEscape(r.URL.Path), http.StatusSeeOther)
		return
	}
	if wantsJSON(r) {
		writeJSON(w, p.status, map[string]any{"error": map[string]string{"code": p.code, "message": p.message}})
		return
	}
	render(w, r, p.status, "problem", markup.Data{"title": p.title, "message": p.message})
}

// wantsJSON tells programs from people: the session API always answers with JSON, the rest when it is asked for it and not
// for HTML.
func wantsJSON(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/auth/session") {
		return true
	}
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
