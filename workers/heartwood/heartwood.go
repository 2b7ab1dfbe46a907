// Package heartwood is Grove's sign-in: OpenID Connect and OAuth 2 clients, the session cookie, and the pages on which
// people see and end their sessions.
//
// The one idea: the cookie names a user's SessionDO and the object alone decides, so that to ask whether somebody is signed
// in costs one object call, and to end a session ends it everywhere. D1 holds accounts, and is read only where an
// account is shown or changed. Start with Routes; the flow is login.go, then callback.go.
package heartwood

import (
	"errors"
	"net/http"

	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/web"
)

// maxBody is more than any form or JSON body here needs.
const maxBody = 64 << 10

var db = d1.Database("DB")

// Routes adds the sign-in and settings routes, and the files of the pages, to the mux of the apex host.
func Routes(mux *http.ServeMux) {
	for pattern, h := range map[string]handler{
		"GET /auth/login":                loginPage,
		"GET /auth/login/{provider}":     startLogin,
		"GET /auth/callback/{provider}":  callback,
		"GET /auth/handoff":              giveHandoff,
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
	mux.HandleFunc("GET /assets/{name}", web.Asset)
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

var (
	// ErrSignedOut is the problem of somebody who has to sign in first.
	ErrSignedOut = &web.Problem{Status: http.StatusUnauthorized, Code: "signed_out", Title: "You are signed out", Message: "Sign in to go on.",
		SignIn: true}
	errForgery = &web.Problem{Status: http.StatusForbidden, Code: "forbidden", Title: "This request did not come from our page",
		Message: "Go back, load the page again and repeat what you did."}
	errTooLarge = &web.Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Title: "That was too much", Message: "Send at most 64 KB."}
)

// fail answers with an error.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = errTooLarge
	}
	web.Fail(w, r, err)
}
