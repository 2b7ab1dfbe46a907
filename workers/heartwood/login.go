package heartwood

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"grove.place/lattice/workers/grove/web"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"grove.place/lattice/durables/session"
	"grove.place/lattice/workers/grove/markup"
	"grove.place/lattice/workers/heartwood/oidc"
)

// loginPage offers the providers.
func loginPage(w http.ResponseWriter, r *http.Request, c *config) error {
	returnTo, err := returnTo(r, c)
	if err != nil {
		return err
	}
	visitor, err := authenticate(w, r, c)
	if err == nil && visitor != nil {
		http.Redirect(w, r, returnTo, http.StatusSeeOther)
		return nil
	}
	for _, wrong := range c.wrongs {
		slog.ErrorContext(r.Context(), "sign-in provider left out", "error", wrong)
	}
	providers := []markup.Data{}
	for _, p := range c.providers {
		link := "/auth/login/" + p.Config().ID + "?return_to=" + url.QueryEscape(returnTo)
		providers = append(providers, markup.Data{"id": p.Config().ID, "name": p.Config().Name, "link": link})
	}
	web.Render(w, r, http.StatusOK, "login", markup.Data{"title": "Sign in", "providers": providers})
	return nil
}

func returnTo(r *http.Request, c *config) (string, error) {
	to, err := checkReturnTo(r.URL.Query().Get("return_to"), c.origin, c.domain)
	if err != nil {
		return "", &web.Problem{Status: http.StatusBadRequest, Code: "bad_return_to", Title: "That address is not ours",
			Message: "The link that brought you here asks to send you elsewhere after signing in. Sign in from our home page."}
	}
	return to, nil
}

// startLogin sends the browser to a provider, and keeps what is needed to know it again when it comes back.
func startLogin(w http.ResponseWriter, r *http.Request, c *config) error {
	provider, ok := c.provider(r.PathValue("provider"))
	if !ok {
		return &web.Problem{Status: http.StatusNotFound, Code: "unknown_provider", Title: "There is no such way to sign in",
			Message: "Choose one from the sign-in page."}
	}
	returnTo, err := returnTo(r, c)
	if err != nil {
		return err
	}
	if err := admit(r.Context(), "ip", ipPrefix(clientIP(r))); err != nil {
		return err
	}
	flow := oidc.NewFlow()
	address, err := provider.AuthURL(r.Context(), flow, c.redirectURI(provider.Config().ID))
	if err != nil {
		return web.Unavailable(provider.Config().Name, err)
	}
	binding := browserBinding(r)
	if err := saveFlow(r.Context(), c, provider.Config().ID, flow, binding, returnTo, time.Now()); err != nil {
		return web.Unavailable("The sign-in service", err)
	}
	http.SetCookie(w, c.cookie(flowCookie, binding, "/auth", flowAge))
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// admit counts an attempt to sign in against what is known of the visitor, and refuses it during a delay.
func admit(ctx context.Context, kind, key string) error {
	attempt, err := session.RecordLoginAttempt.Call(ctx, session.LimitOf(kind, key), false)
	if err != nil {
		return web.Unavailable("The sign-in service", err)
	}
	if !attempt.Allowed {
		return tooMany(attempt)
	}
	return nil
}

func tooMany(attempt session.Attempt) error {
	return &web.Problem{Status: http.StatusTooManyRequests, Code: "too_many_attempts", Title: "Too many attempts to sign in",
		Message: "Wait a little, then try again.", Retry: time.Duration(attempt.LockoutRemaining) * time.Second}
}

// browserBinding is the secret that ties sign-ins to this browser. Tabs share it, so that two can be under way.
func browserBinding(r *http.Request) string {
	if cookie, err := r.Cookie(flowCookie); err == nil && len(cookie.Value) == 43 && plainID(cookie.Value) {
		return cookie.Value
	}
	return oidc.Random()
}

// saveFlow keeps a sign-in that is under way, and drops those that nobody came back to.
func saveFlow(ctx context.Context, c *config, provider string, flow oidc.Flow, binding, returnTo string, now time.Time) error {
	state := digest(flow.State)
	sealed, err := c.tokenKeys.Seal(flow.Nonce+" "+flow.Verifier, state)
	if err != nil {
		return err
	}
	_, err = db.Batch(ctx,
		db.Prepare(`DELETE FROM login_flows WHERE expires_at < ?`).Bind(now.UnixMilli()),
		db.Prepare(`INSERT INTO login_flows (state_hash, provider, secrets_enc, browser_binding_hash, return_to, expires_at) VALUES (?, ?, ?, ?, ?, ?)`).
			Bind(state, provider, sealed, digest(binding), returnTo, now.Add(flowAge).UnixMilli()),
	)
	return err
}

// takeFlow finds the sign-in that a callback belongs to and uses it up: one statement, so that of two callbacks with the
// same state only one gets it. The browser must be the one that began it.
func takeFlow(ctx context.Context, c *config, provider, state, binding string, now time.Time) (flow oidc.Flow, returnTo string, found bool, err error) {
	var row struct {
		Secrets  string `json:"secrets_enc"`
		ReturnTo string `json:"return_to"`
	}
	hash := digest(state)
	found, err = db.Prepare(`UPDATE login_flows SET used_at = ? WHERE state_hash = ? AND provider = ? AND browser_binding_hash = ?
		AND used_at IS NULL AND expires_at > ? RETURNING secrets_enc, return_to`).
		Bind(now.UnixMilli(), hash, provider, digest(binding), now.UnixMilli()).First(ctx, &row)
	if err != nil || !found {
		return oidc.Flow{}, "", false, err
	}
	secrets, err := c.tokenKeys.Open(row.Secrets, hash)
	if err != nil {
		return oidc.Flow{}, "", false, err
	}
	nonce, verifier, ok := strings.Cut(secrets, " ")
	if !ok {
		return oidc.Flow{}, "", false, errors.New("heartwood: a stored sign-in has no verifier")
	}
	return oidc.Flow{State: state, Nonce: nonce, Verifier: verifier}, row.ReturnTo, true, nil
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
