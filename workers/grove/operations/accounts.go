package operations

import (
	"context"
	"net/http"

	"grove.place/lattice/durables/session"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// Accounts that operators close: D1 keeps everything, but nobody signs in to them. Each may be repeated.

// closeAccount signs a user out everywhere and lets them in no more. Their sockets are closed with their sessions.
func closeAccount(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	id := r.PathValue("userId")
	if id == v.UserID {
		return web.BadRequest("self", "You cannot close your own account here: delete it in your settings.")
	}
	if err := setStatus(r.Context(), v, id, "account_closed", "active", "banned"); err != nil {
		return err
	}
	if _, err := session.RevokeAllSessions.Call(r.Context(), session.Of(id), nil); err != nil {
		return web.Unavailable("The account", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// openAccount lets a user sign in again.
func openAccount(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	if err := setStatus(r.Context(), v, r.PathValue("userId"), "account_opened", "banned", "active"); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func setStatus(ctx context.Context, v *heartwood.Visitor, id, action, from, to string) error {
	if !ids.Valid(id) {
		return web.ErrNotFound
	}
	if err := note(ctx, v, action, map[string]string{"userId": id}); err != nil {
		return err
	}
	done, err := db.Prepare(`UPDATE users SET status = ?3 WHERE id = ?1 AND status IN (?2, ?3)`).Bind(id, from, to).Run(ctx)
	switch {
	case err != nil:
		return web.Unavailable("The account", err)
	case done.Meta.Changes == 0:
		return web.ErrNotFound
	}
	return nil
}
