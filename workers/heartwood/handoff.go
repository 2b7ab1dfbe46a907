package heartwood

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"grove.place/lattice/durables/session"
	"grove.place/lattice/workers/grove/hosts"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood/oidc"
)

// A session lives on the apex host. A tenant's site gets its own cookie for it by a handoff: the site sends the browser to the apex, which
// sends it back with a code that is sealed for that site and that browser, lives for a minute and can be used once. So no cookie is shared between
// sites, and a site that somebody else writes on never sees another's.

const (
	// handoffCookie binds a handoff to the browser that began it, on the site.
	handoffCookie = "grove_handoff"
	handoffAge    = time.Minute
	handoffLabel  = "grove handoff\n"
)

var errHandoff = &web.Problem{Status: http.StatusBadRequest, Code: "stale_handoff", Title: "Signing in to this site took too long",
	Message: "The link was used already, is older than a minute, or belongs to another browser. Sign in again."}

// handoff is what a code says.
type handoff struct {
	UserID    string `json:"u"`
	SessionID string `json:"s"`
	Binding   string `json:"b"` // digest of the browser's secret
	Expires   int64  `json:"e"` // milliseconds
	Nonce     string `json:"n"`
}

// SiteRoutes adds what a tenant's site needs for sign-in to its mux.
func SiteRoutes(mux *http.ServeMux) {
	mux.Handle("GET /auth/login", handler(siteLogin))
	mux.Handle("GET /auth/enter", handler(enter))
	mux.Handle("POST /auth/logout", handler(logout))
	mux.Handle("GET /auth/session", handler(whoAmI))
}

// siteLogin begins a handoff: the apex knows who is signed in.
func siteLogin(w http.ResponseWriter, r *http.Request, c *config) error {
	path, err := checkReturnTo(r.URL.Query().Get("return_to"), c.origin, c.domain)
	if err != nil || !strings.HasPrefix(path, "/") {
		path = "/"
	}
	secret := oidc.Random()
	http.SetCookie(w, c.cookie(handoffCookie, secret, "/auth", flowAge))
	query := url.Values{"site": {r.Host}, "path": {path}, "binding": {digest(secret)}}
	http.Redirect(w, r, c.origin+"/auth/handoff?"+query.Encode(), http.StatusSeeOther)
	return nil
}

// giveHandoff answers at the apex with a code for the site, once the visitor is signed in here.
func giveHandoff(w http.ResponseWriter, r *http.Request, c *config) error {
	query := r.URL.Query()
	site, path, binding := query.Get("site"), query.Get("path"), query.Get("binding")
	if _, err := checkReturnTo(path, c.origin, c.domain); err != nil || !strings.HasPrefix(path, "/") || len(binding) != 64 || !plainID(binding) ||
		hosts.Classify(site, c.domain).Kind != hosts.Tenant {
		return errHandoff
	}
	visitor, err := authenticate(w, r, c)
	if err != nil {
		return err
	}
	if visitor == nil {
		http.Redirect(w, r, "/auth/login?return_to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return nil
	}
	text, err := json.Marshal(handoff{visitor.UserID, visitor.sessionID, binding, time.Now().Add(handoffAge).UnixMilli(), oidc.Random()})
	if err != nil {
		return err
	}
	code, err := c.tokenKeys.Seal(string(text), handoffLabel+site)
	if err != nil {
		return err
	}
	back := url.Values{"code": {code}, "path": {path}}
	http.Redirect(w, r, c.scheme()+site+"/auth/enter?"+back.Encode(), http.StatusSeeOther)
	return nil
}

// enter ends a handoff on the site.
func enter(w http.ResponseWriter, r *http.Request, c *config) error {
	query := r.URL.Query()
	path, err := checkReturnTo(query.Get("path"), c.origin, c.domain)
	cookie, missing := r.Cookie(handoffCookie)
	if err != nil || missing != nil || !strings.HasPrefix(path, "/") {
		return errHandoff
	}
	http.SetCookie(w, c.cookie(handoffCookie, "", "/auth", 0))
	code, now := query.Get("code"), time.Now()
	text, err := c.tokenKeys.Open(code, handoffLabel+r.Host)
	if err != nil {
		return errHandoff
	}
	var h handoff
	if err := json.Unmarshal([]byte(text), &h); err != nil || h.Binding != digest(cookie.Value) || h.Expires <= now.UnixMilli() {
		return errHandoff
	}
	if err := useHandoff(r, code, now); err != nil {
		return err
	}
	result, err := session.ValidateSession.Call(r.Context(), session.Of(h.UserID), h.SessionID)
	if err != nil {
		return web.Unavailable("Your account", err)
	}
	if !result.Valid {
		return errHandoff
	}
	if err := c.remember(w, r.Host, credential{h.UserID, h.SessionID}, idleLifetime); err != nil {
		return err
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// useHandoff notes that a code was used; of two that try only one gets through.
func useHandoff(r *http.Request, code string, now time.Time) error {
	_, err := db.Batch(r.Context(),
		db.Prepare(`DELETE FROM used_handoffs WHERE expires_at < ?`).Bind(now.UnixMilli()),
		db.Prepare(`INSERT INTO used_handoffs (code_hash, expires_at) VALUES (?, ?)`).Bind(digest(code), now.Add(2*handoffAge).UnixMilli()),
	)
	switch {
	case err == nil:
		return nil
	case strings.Contains(err.Error(), "UNIQUE"):
		return errors.Join(errHandoff, err)
	}
	return web.Unavailable("The sign-in service", err)
}
