package heartwood

import (
	"context"
	"errors"
	"grove.place/lattice/workers/grove/web"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/durables/session"
	"grove.place/lattice/workers"
	"grove.place/lattice/workers/heartwood/oidc"
)

var (
	errStaleFlow = &web.Problem{Status: http.StatusBadRequest, Code: "stale_flow", Title: "This sign-in is over",
		Message: "It was used already, took longer than ten minutes, or was begun in another browser. Sign in again."}
	errDeclined = &web.Problem{Status: http.StatusForbidden, Code: "declined", Title: "You were not signed in",
		Message: "The service that you chose did not confirm who you are. Sign in again, or choose another one."}
	errBanned = &web.Problem{Status: http.StatusForbidden, Code: "account_closed", Title: "This account is closed",
		Message: "Write to support if you think that this is a mistake."}
)

// client is what is known of the browser behind a request.
type client struct {
	ip, userAgent, deviceID, deviceName string
}

func clientOf(r *http.Request) client {
	c := client{ip: clientIP(r), userAgent: r.UserAgent(), deviceName: deviceName(r.UserAgent())}
	if cookie, err := r.Cookie(deviceCookie); err == nil && len(cookie.Value) == 43 && plainID(cookie.Value) {
		c.deviceID = cookie.Value
	} else {
		c.deviceID = oidc.Random()
	}
	return c
}

// callback ends a sign-in: the browser is back from the provider.
func callback(w http.ResponseWriter, r *http.Request, c *config) error {
	provider, ok := c.provider(r.PathValue("provider"))
	cookie, err := r.Cookie(flowCookie)
	query := r.URL.Query()
	if !ok || err != nil || query.Get("state") == "" {
		return errStaleFlow
	}
	now, ctx, providerID := time.Now(), r.Context(), provider.Config().ID
	flow, returnTo, found, err := takeFlow(ctx, c, providerID, query.Get("state"), cookie.Value, now)
	if err != nil {
		return web.Unavailable("The sign-in service", err)
	}
	if !found {
		return errStaleFlow
	}
	if query.Get("error") != "" || query.Get("code") == "" {
		return errDeclined
	}
	who, err := provider.Exchange(ctx, flow, c.redirectURI(providerID), query.Get("code"), query.Get("iss"))
	if errors.Is(err, oidc.ErrRejected) {
		slog.WarnContext(ctx, "sign-in rejected", "provider", providerID, "error", err)
		return errDeclined
	}
	if err != nil {
		return web.Unavailable(provider.Config().Name, err)
	}
	from := clientOf(r)
	cred, err := signIn(ctx, providerID, who, from, now)
	if err != nil {
		return err
	}
	c.leave(r, cred)
	http.SetCookie(w, c.cookie(deviceCookie, from.deviceID, "/auth", deviceAge))
	if err := c.remember(w, r.Host, cred, idleLifetime); err != nil {
		return err
	}
	http.Redirect(w, r, returnTo, http.StatusSeeOther)
	return nil
}

// signIn turns an identity into a session of its account.
func signIn(ctx context.Context, provider string, who oidc.Identity, from client, now time.Time) (credential, error) {
	user, err := resolve(ctx, provider, who, now)
	if errors.Is(err, errUnverified) {
		// Counted by address, for whoever claims one without proof. Its owner, who has proof, does not come this way.
		if limited := admit(ctx, "email", emailHash(who.Email)); limited != nil {
			return credential{}, limited
		}
		return credential{}, err
	}
	if err != nil {
		return credential{}, web.Unavailable("The account database", err)
	}
	object, active := session.Of(user.ID), user.Status == "active"
	attempt, err := session.RecordLoginAttempt.Call(ctx, object, active)
	switch {
	case err != nil:
		return credential{}, web.Unavailable("Your account", err)
	case !active:
		return credential{}, errBanned
	case !attempt.Allowed:
		return credential{}, tooMany(attempt)
	}
	_, err = db.Batch(ctx,
		db.Prepare(`UPDATE users SET last_login_at = ? WHERE id = ?`).Bind(now.UnixMilli(), user.ID),
		audit(user.ID, "sign_in", provider, from, now),
	)
	if err != nil {
		return credential{}, web.Unavailable("The account database", err)
	}
	created, err := session.CreateSession.Call(ctx, object, session.CreateParams{
		DeviceID: from.deviceID, DeviceName: from.deviceName, RefreshToken: who.RefreshToken,
		UserAgent: from.userAgent, IPAddress: from.ip, ExpiresIn: int64(idleLifetime / time.Second),
	})
	if err != nil {
		return credential{}, web.Unavailable("Your account", err)
	}
	workers.WaitUntil(ctx, func(ctx context.Context) error {
		_, err := session.RecordLoginAttempt.Call(ctx, session.LimitOf("ip", ipPrefix(from.ip)), true)
		return err
	})
	return credential{user.ID, created.SessionID}, nil
}

// leave ends the session that this browser had before, when it belongs to somebody else: nobody could reach it any more. A session of the
// same user was replaced already, since the device is the same.
func (c *config) leave(r *http.Request, now credential) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return
	}
	before, err := decodeCredential(c.sessionKeys, c.scope(r.Host), cookie.Value)
	if err != nil || before.userID == now.userID {
		return
	}
	workers.WaitUntil(r.Context(), func(ctx context.Context) error {
		_, err := session.RevokeSession.Call(ctx, session.Of(before.userID), before.sessionID)
		return err
	})
}
