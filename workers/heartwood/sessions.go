package heartwood

import (
	"context"
	"encoding/json"
	"errors"
	"grove.place/lattice/workers/grove/web"
	"io"
	"log/slog"
	"net/http"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/session"
	"grove.place/lattice/workers"
)

// listed is a session as the API shows it.
type listed struct {
	ID         string `json:"id"`
	Current    bool   `json:"current"`
	DeviceName string `json:"deviceName"`
	IPAddress  string `json:"ipAddress"`
	CreatedAt  int64  `json:"createdAt"`
	LastActive int64  `json:"lastActive"`
	ExpiresAt  int64  `json:"expiresAt"`
}

var errNoSession = &web.Problem{Status: http.StatusNotFound, Code: "no_such_session", Title: "That session is over",
	Message: "It has ended already. Load the list again."}

// whoAmI tells a page whose it is, and gives it the CSRF token for what it asks next.
func whoAmI(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := require(w, r, c)
	if err != nil {
		return err
	}
	user, err := accountOf(r.Context(), v.UserID)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{
		"user":      map[string]string{"id": user.ID, "name": user.Name, "email": user.Email},
		"session":   map[string]string{"id": v.Session()},
		"csrfToken": v.CSRF,
	})
	return nil
}

func listSessions(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := require(w, r, c)
	if err != nil {
		return err
	}
	list, err := v.sessions(r.Context())
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{"sessions": list})
	return nil
}

// sessions lists the visitor's sessions, their own first.
func (v *Visitor) sessions(ctx context.Context) ([]listed, error) {
	infos, err := session.ListSessions.Call(ctx, session.Of(v.UserID), durables.None{})
	if err != nil {
		return nil, web.Unavailable("Your account", err)
	}
	list := make([]listed, 0, len(infos))
	for _, info := range infos {
		entry := listed{info.ID, info.ID == v.Session(), info.DeviceName, info.IPAddress, info.CreatedAt, info.LastActive, info.ExpiresAt}
		if entry.Current {
			list = append([]listed{entry}, list...)
		} else {
			list = append(list, entry)
		}
	}
	return list, nil
}

func deleteSession(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := requireIntent(w, r, c)
	if err != nil {
		return err
	}
	if err := revoke(w, r, c, v, r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// revoke ends one session of the visitor, named by its public id.
func revoke(w http.ResponseWriter, r *http.Request, c *config, v *Visitor, id string) error {
	list, err := v.sessions(r.Context())
	if err != nil {
		return err
	}
	for _, entry := range list {
		if entry.ID != id {
			continue
		}
		if _, err := session.RevokeSession.Call(r.Context(), session.Of(v.UserID), id); err != nil {
			return web.Unavailable("Your account", err)
		}
		if entry.Current {
			c.forget(w)
		}
		record(r, v, "session_revoked")
		return nil
	}
	return errNoSession
}

func revokeAll(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := requireIntent(w, r, c)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var options struct {
		ExceptCurrent bool `json:"exceptCurrent"`
	}
	if len(body) > 0 && json.Unmarshal(body, &options) != nil {
		return &web.Problem{Status: http.StatusBadRequest, Code: "bad_body", Title: "That was not understood",
			Message: `Send a JSON object such as {"exceptCurrent":true}.`}
	}
	revoked, err := revokeOthers(w, r, c, v, options.ExceptCurrent)
	if err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, map[string]any{"revoked": revoked})
	return nil
}

func revokeOthers(w http.ResponseWriter, r *http.Request, c *config, v *Visitor, exceptCurrent bool) (int64, error) {
	var except *string
	if exceptCurrent {
		except = &v.sessionID
	}
	revoked, err := session.RevokeAllSessions.Call(r.Context(), session.Of(v.UserID), except)
	if err != nil {
		return 0, web.Unavailable("Your account", err)
	}
	if !exceptCurrent {
		c.forget(w)
	}
	record(r, v, "sessions_revoked")
	return revoked, nil
}

// logout ends the session of this browser. Somebody who is signed out already needs no token to stay so, but the request must
// still come from our own page: a cookie is not to be removed from elsewhere.
func logout(w http.ResponseWriter, r *http.Request, c *config) error {
	v, err := requireIntent(w, r, c)
	if err != nil && !errors.Is(err, ErrSignedOut) {
		return err
	}
	if v != nil {
		if _, err := session.RevokeSession.Call(r.Context(), session.Of(v.UserID), v.sessionID); err != nil {
			return web.Unavailable("Your account", err)
		}
		record(r, v, "sign_out")
		c.forget(w)
	}
	if web.WantsJSON(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// record writes to the account's history after the answer: what was done must not depend on it.
func record(r *http.Request, v *Visitor, event string) {
	from := clientOf(r)
	workers.WaitUntil(r.Context(), func(ctx context.Context) error {
		_, err := audit(v.UserID, event, "", from, time.Now()).Run(ctx)
		if err != nil {
			slog.WarnContext(ctx, "history not written", "event", event, "error", err)
		}
		return nil
	})
}
