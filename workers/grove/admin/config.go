package admin

import (
	"net/http"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/access"
	"grove.place/lattice/workers/grove/posts"
	"grove.place/lattice/workers/grove/web"
)

func getConfig(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	c, err := call(r.Context(), v, tenant.GetAdminConfig, durables.None{})
	return answer(w, c, err)
}

func putConfig(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var u tenant.AdminUpdate
	if err := readJSON(w, r, &u); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.UpdateAdminConfig, u)
	if err == nil && done.Conflict {
		err = web.Conflict("conflict", "These settings were changed elsewhere. Look at them and try again.", map[string]any{"current": done.Config})
	}
	return answer(w, done.Config, err)
}

func getSite(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	c, err := call(r.Context(), v, tenant.GetConfig, durables.None{})
	return answer(w, c, err)
}

func putSite(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var u tenant.Update
	if err := readJSON(w, r, &u); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.UpdateConfig, u)
	if err == nil && done.Conflict {
		err = web.Conflict("conflict", "These settings were changed elsewhere. Look at them and try again.", map[string]any{"current": done.Config})
	}
	return answer(w, done.Config, err)
}

// putName gives the site another subdomain. Its pages are at the new address at once, and no longer at the old one.
func putName(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Subdomain string `json:"subdomain"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	done, err := call(r.Context(), v, tenant.Rename, body.Subdomain)
	if err != nil {
		return err
	}
	if done.Problem != "" {
		return web.Conflict("taken", "Another site has that name, or had it not long ago. Choose another.", nil)
	}
	now := time.Now()
	if _, err := posts.Audit(v.TenantID, v.User.UserID, "site_renamed", map[string]string{"from": v.Subdomain, "to": body.Subdomain}, now).Run(r.Context()); err != nil {
		return err
	}
	access.Forget(v.Subdomain, body.Subdomain)
	web.WriteJSON(w, http.StatusOK, body)
	return nil
}

func getStats(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	s, err := call(r.Context(), v, tenant.GetDashboardStats, durables.None{})
	return answer(w, s, err)
}

// refreshStats computes the numbers now, a few times a minute at most.
func refreshStats(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	if err := v.Limit(r.Context(), "stats", 6, time.Minute); err != nil {
		return err
	}
	s, err := call(r.Context(), v, tenant.RefreshDashboardStats, durables.None{})
	return answer(w, s, err)
}

func listMembers(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	list, err := call(r.Context(), v, tenant.ListMembers, durables.None{})
	return answer(w, map[string]any{"members": list}, err)
}

// addMember gives somebody a role whom the owner knows by their e-mail address. It is limited, so that nobody can find out by it who is here.
func addMember(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Email string `json:"email"`
		Role  string `json:"role"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if body.Role == "" {
		return web.BadRequest("bad_role", "role is viewer, author or editor.")
	}
	if err := v.Limit(r.Context(), "members", 20, time.Hour); err != nil {
		return err
	}
	var userID string
	found, err := db.Prepare(`SELECT id FROM users WHERE email_norm = ? AND email_verified_at IS NOT NULL AND status = 'active'`).
		Bind(strings.ToLower(strings.TrimSpace(body.Email))).First(r.Context(), &userID)
	if err != nil {
		return err
	}
	if !found {
		return &web.Problem{Status: http.StatusNotFound, Code: "unknown_user", Title: "Nobody is known by that address",
			Message: "Nobody has signed in to Grove with that address. Ask them to do it once, and add them then."}
	}
	return setMember(w, r, v, tenant.MemberChange{UserID: userID, Role: body.Role})
}

func putMember(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	var body struct {
		Role string `json:"role"`
	}
	if err := readJSON(w, r, &body); err != nil {
		return err
	}
	if body.Role == "" {
		return web.BadRequest("bad_role", "role is viewer, author or editor.")
	}
	return setMember(w, r, v, tenant.MemberChange{UserID: r.PathValue("userId"), Role: body.Role})
}

func deleteMember(w http.ResponseWriter, r *http.Request, v *access.Visit) error {
	return setMember(w, r, v, tenant.MemberChange{UserID: r.PathValue("userId")})
}

func setMember(w http.ResponseWriter, r *http.Request, v *access.Visit, m tenant.MemberChange) error {
	if _, err := call(r.Context(), v, tenant.SetMember, m); err != nil {
		return err
	}
	if _, err := posts.Audit(v.TenantID, v.User.UserID, "member_changed", map[string]string{"userId": m.UserID, "role": m.Role}, time.Now()).Run(r.Context()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
