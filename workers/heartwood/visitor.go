package heartwood

import (
	"errors"
	"grove.place/lattice/workers/grove/web"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/durables/session"
)

// idleLifetime is how long a session lasts without use; SessionDO has the absolute limit.
const idleLifetime = 30 * 24 * time.Hour

// Visitor is somebody who is signed in.
type Visitor struct {
	UserID    string
	CSRF      string // token for what the visitor changes from pages of this host
	sessionID string
}

// Session is the id that the visitor's own session has in lists; it lets nobody in.
func (v *Visitor) Session() string { return session.PublicID(v.sessionID) }

// Authenticate says who the visitor is, nil for nobody, with one call of the user's object and without D1. An error
// means that it cannot be said now: public pages go on as for nobody, everything else must stop.
func Authenticate(w http.ResponseWriter, r *http.Request) (*Visitor, error) {
	c, err := loadConfig(r.Context())
	if err != nil {
		return nil, err
	}
	return authenticate(w, r, c)
}

// Require is Authenticate for what only a signed-in visitor may see.
func Require(w http.ResponseWriter, r *http.Request) (*Visitor, error) {
	c, err := loadConfig(r.Context())
	if err != nil {
		return nil, err
	}
	return require(w, r, c)
}

// RequireIntent is Require for what changes something: the request must come from a page of the host that it goes to, and carry its
// CSRF token in the header X-CSRF-Token or the form field csrf_token.
func RequireIntent(w http.ResponseWriter, r *http.Request) (*Visitor, error) {
	c, err := loadConfig(r.Context())
	if err != nil {
		return nil, err
	}
	return requireIntent(w, r, c)
}

// SameOrigin reports whether a request was made by a page of the very host that it goes to. WebSocket upgrades must be: browsers send
// cookies with them whoever asks.
func SameOrigin(r *http.Request) bool {
	c, err := loadConfig(r.Context())
	return err == nil && sameOrigin(r.Header, c.scheme()+r.Host)
}

func authenticate(w http.ResponseWriter, r *http.Request, c *config) (*Visitor, error) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return nil, nil
	}
	cred, err := decodeCredential(c.sessionKeys, c.scope(r.Host), cookie.Value)
	if err != nil {
		c.forget(w)
		return nil, nil
	}
	user := session.Of(cred.userID)
	result, err := session.ValidateSession.Call(r.Context(), user, cred.sessionID)
	if err != nil {
		return nil, web.Unavailable("Your account", err)
	}
	if !result.Valid {
		c.forget(w)
		return nil, nil
	}
	if result.NeedsRefresh {
		c.refresh(w, r, cred)
	}
	return &Visitor{UserID: cred.userID, sessionID: cred.sessionID, CSRF: csrfToken(c.sessionKeys, r.Host, cred.sessionID)}, nil
}

// refresh renews a session and its cookie. Should it fail the session is still good, so that the next request can try
// again.
func (c *config) refresh(w http.ResponseWriter, r *http.Request, cred credential) {
	ctx := r.Context()
	renewed, err := session.RefreshSession.Call(ctx, session.Of(cred.userID), cred.sessionID)
	if err == nil && renewed != nil {
		err = c.remember(w, r.Host, cred, time.Duration(renewed.ExpiresIn)*time.Second)
	}
	if err != nil {
		slog.WarnContext(ctx, "session not renewed", "error", err)
	}
}

// remember sets the session cookie of a host; forget removes it.
func (c *config) remember(w http.ResponseWriter, host string, cred credential, lifetime time.Duration) error {
	value, err := cred.encode(c.sessionKeys, c.scope(host))
	if err != nil {
		return err
	}
	http.SetCookie(w, c.cookie(SessionCookie, value, "/", lifetime))
	return nil
}

func (c *config) forget(w http.ResponseWriter) {
	http.SetCookie(w, c.cookie(SessionCookie, "", "/", 0))
}

func require(w http.ResponseWriter, r *http.Request, c *config) (*Visitor, error) {
	v, err := authenticate(w, r, c)
	if err == nil && v == nil {
		err = ErrSignedOut
	}
	return v, err
}

func requireIntent(w http.ResponseWriter, r *http.Request, c *config) (*Visitor, error) {
	if !sameOrigin(r.Header, c.scheme()+r.Host) {
		return nil, errForgery
	}
	v, err := require(w, r, c)
	if err != nil {
		return nil, err
	}
	token := submittedToken(r)
	if token == "" && bodyTooLarge(r) {
		return nil, errTooLarge
	}
	if !checkCSRFToken(c.sessionKeys, r.Host, v.sessionID, token) {
		return nil, errForgery
	}
	return v, nil
}

func bodyTooLarge(r *http.Request) bool {
	var tooLarge *http.MaxBytesError
	return errors.As(r.ParseForm(), &tooLarge)
}
