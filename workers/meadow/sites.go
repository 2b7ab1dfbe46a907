package meadow

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables/session"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/content"
	"grove.place/lattice/workers/grove/hosts"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/grove/web"
	"grove.place/lattice/workers/heartwood"
)

// maxSites is how many sites a user can own; one that is being deleted counts until it is gone.
const maxSites = 3

// site is a site that the visitor works on.
type site struct {
	ID          string `json:"id"`
	Subdomain   string `json:"subdomain"`
	DisplayName string `json:"displayName"`
	Role        string `json:"role"`
	Status      string `json:"status"` // "active" or "suspended"
	URL         string `json:"url"`
}

// sites are those that a user has a role at, from a cursor on, the oldest first.
func sites(ctx context.Context, userID, cursor string, limit int) ([]site, error) {
	found := []site{}
	err := db.Prepare(`SELECT t.id, t.subdomain, t.display_name AS displayName, m.role, t.status FROM tenant_members m JOIN tenants t ON t.id = m.tenant_id AND t.status <> 'deleting'
		WHERE m.user_id = ? AND m.tenant_id > ? ORDER BY m.tenant_id LIMIT ?`).Bind(userID, cursor, limit).All(ctx, &found)
	for i := range found {
		found[i].URL = siteURL(ctx, found[i].Subdomain, "/")
	}
	return found, err
}

func listSites(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	n, err := limit(r, 100)
	if err != nil {
		return err
	}
	cursor, err := idCursor(r)
	if err != nil {
		return err
	}
	found, err := sites(r.Context(), v.UserID, cursor, n+1)
	if err != nil {
		return web.Unavailable("Your list", err)
	}
	answer := map[string]any{"sites": found}
	if len(found) > n {
		answer["sites"], answer["nextCursor"] = found[:n], found[n-1].ID
	}
	web.WriteJSON(w, http.StatusOK, answer)
	return nil
}

func postSite(w http.ResponseWriter, r *http.Request, v *heartwood.Visitor) error {
	var wish siteWish
	if err := web.ReadJSON(r, &wish); err != nil {
		return err
	}
	s, made, err := startSite(r.Context(), v, wish)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
	}
	web.WriteJSON(w, status, s)
	return nil
}

// siteWish is what somebody says of a site to start.
type siteWish struct {
	Subdomain   string `json:"subdomain"`
	DisplayName string `json:"displayName"`
}

// What can be wrong with the address of a site. The page shows these beside the field.
var (
	errAddress  = web.BadRequest("bad_subdomain", "An address has 2 to 63 letters from a to z, digits and hyphens, and a hyphen neither begins nor ends it.")
	errReserved = &web.Problem{Status: http.StatusConflict, Code: "reserved", Title: "That address is not given out", Message: "Grove keeps that address for itself. Choose another."}
	errTaken    = &web.Problem{Status: http.StatusConflict, Code: "taken", Title: "That address is taken", Message: "Another site has that address. Choose another."}
	errHeld     = &web.Problem{Status: http.StatusConflict, Code: "held", Title: "That address is held",
		Message: "Another site had that address not long ago, and it is held so that nobody poses as that site. Choose another."}
	errQuota = &web.Problem{Status: http.StatusForbidden, Code: "quota", Title: "You have as many sites as one can",
		Message: fmt.Sprintf("You own %d sites, which is as many as one can. One that you delete counts until it is gone, a few minutes later.", maxSites)}
)

const badName = "bad_display_name"

// check puts a wish into the form in which it is kept, and says what is wrong with it.
func (s siteWish) check() (siteWish, error) {
	s.Subdomain = strings.ToLower(strings.TrimSpace(s.Subdomain))
	switch hosts.Choice(s.Subdomain) {
	case hosts.Tenant:
	case hosts.Reserved:
		return s, errReserved
	default:
		return s, errAddress
	}
	name, err := content.Plain("The name", s.DisplayName, 100)
	switch {
	case err != nil:
		return s, web.BadRequest(badName, err.Error()+".")
	case strings.ContainsAny(name, "\n\t"):
		return s, web.BadRequest(badName, "The name is one line.")
	}
	s.DisplayName = name
	return s, nil
}

// startSite makes a site that the visitor owns, and reports whether it did: the same wish twice, such as because an answer was lost, makes one site and returns it. Other
// isolates that were asked for the name when there was no such site may answer so for a minute more.
func startSite(ctx context.Context, v *heartwood.Visitor, wish siteWish) (s site, made bool, err error) {
	if wish, err = wish.check(); err != nil {
		return s, false, err
	}
	if err := mayStart(ctx, v); err != nil {
		return s, false, err
	}
	now := time.Now()
	id := ids.New(now)
	results, err := db.Batch(ctx,
		db.Prepare(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, status, created_at, updated_at) SELECT ?1, ?2, id, ?4, 'wanderer', 'active', ?5, ?5 FROM users
			WHERE id = ?3 AND status = 'active' AND NOT EXISTS (SELECT 1 FROM tenants WHERE subdomain = ?2)
			AND NOT EXISTS (SELECT 1 FROM subdomain_history WHERE subdomain = ?2 AND hold_until > ?5)
			AND (SELECT count(*) FROM tenants WHERE owner_user_id = ?3) < ?6`).Bind(id, wish.Subdomain, v.UserID, wish.DisplayName, now, maxSites),
		db.Prepare(`INSERT INTO tenant_members (tenant_id, user_id, role, created_at) SELECT id, owner_user_id, 'owner', created_at FROM tenants WHERE id = ?`).Bind(id),
		db.Prepare(`INSERT INTO audit_log (id, tenant_id, actor_id, action, detail, created_at)
			SELECT ?1, id, owner_user_id, 'site_started', json_object('subdomain', subdomain), created_at FROM tenants WHERE id = ?2`).Bind(ids.New(now), id),
		db.Prepare(`SELECT id, subdomain, display_name AS displayName, 'owner' AS role, status FROM tenants WHERE subdomain = ? AND owner_user_id = ? AND status <> 'deleting'`).
			Bind(wish.Subdomain, v.UserID),
		db.Prepare(`SELECT EXISTS (SELECT 1 FROM tenants WHERE subdomain = ?1) AS taken, EXISTS (SELECT 1 FROM subdomain_history WHERE subdomain = ?1 AND hold_until > ?3) AS held,
			(SELECT count(*) FROM tenants WHERE owner_user_id = ?2) AS owned`).Bind(wish.Subdomain, v.UserID, now))
	if err != nil {
		return s, false, web.Unavailable("The list of sites", fmt.Errorf("meadow: start a site: %w", err))
	}
	var mine []site
	if err := results[3].Scan(&mine); err != nil {
		return s, false, err
	}
	if len(mine) == 0 {
		return s, false, whyNot(results[4])
	}
	access.Forget(wish.Subdomain)
	s = mine[0]
	s.URL = siteURL(ctx, s.Subdomain, "/")
	return s, s.ID == id, nil
}

// mayStart counts the wishes of a user, so that nobody can try which names there are, or have many made and deleted.
func mayStart(ctx context.Context, v *heartwood.Visitor) error {
	attempt, err := session.RecordLoginAttempt.Call(ctx, session.LimitOf("site", v.UserID), false)
	switch {
	case err != nil:
		return web.Unavailable("The list of sites", err)
	case !attempt.Allowed:
		return &web.Problem{Status: http.StatusTooManyRequests, Code: "rate_limited", Title: "That was a little fast", Message: "You have tried several addresses. Wait a little, then try again.",
			Retry: time.Duration(attempt.LockoutRemaining) * time.Second}
	}
	return nil
}

// whyNot says why no site was made.
func whyNot(r d1.Result) error {
	var found []struct {
		Taken bool `json:"taken"`
		Held  bool `json:"held"`
		Owned int  `json:"owned"`
	}
	if err := r.Scan(&found); err != nil {
		return err
	}
	switch why := found[0]; {
	case why.Taken:
		return errTaken
	case why.Held:
		return errHeld
	case why.Owned >= maxSites:
		return errQuota
	}
	return web.ErrForbidden // the account was closed a moment ago
}

// yourSites are the visitor's sites for the home page, nil when they cannot be said: the page does not depend on them.
func yourSites(ctx context.Context, v *heartwood.Visitor) []site {
	found, err := sites(ctx, v.UserID, "", 50)
	if err != nil {
		slog.WarnContext(ctx, "sites not shown", "error", err)
		return nil
	}
	return found
}
