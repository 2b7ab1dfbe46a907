package tenant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/workers/grove/hosts"
	"grove.place/lattice/workers/grove/ids"
)

// Roles, from the least to the most.
var Roles = []string{"viewer", "author", "editor", "owner"}

// Covers reports whether a role may do what another may.
func Covers(role, needed string) bool {
	have, want := slices.Index(Roles, role), slices.Index(Roles, needed)
	return have >= 0 && want >= 0 && have >= want
}

// membersAge is how old a copied membership may be.
const membersAge = time.Minute

// getRole returns the role of a user, "" for none. It is a copy of at most membersAge; changes through the object count at once.
func (t *Tenant) getRole(ctx context.Context, userID string) (string, error) {
	if !ids.Valid(userID) {
		return "", nil
	}
	if err := t.object.Prepare(ctx); err != nil {
		return "", err
	}
	now := time.Now()
	role, found, err := durables.First[string](ctx, t.object.SQL(), `SELECT role FROM members WHERE user_id = ? AND loaded_at > ?`, userID, now.Add(-membersAge))
	if err != nil || found {
		return role, err
	}
	for changes := -1; changes != t.roles; { // what D1 said before a change that was made meanwhile must not be kept
		changes, role = t.roles, ""
		if _, err := db.Prepare(`SELECT m.role FROM tenant_members m JOIN users u ON u.id = m.user_id AND u.status = 'active' WHERE m.tenant_id = ? AND m.user_id = ?`).
			Bind(t.id, userID).First(ctx, &role); err != nil {
			return "", fmt.Errorf("tenant: read the role: %w", err)
		}
	}
	return role, t.object.Exec(ctx, `INSERT OR REPLACE INTO members (user_id, role, loaded_at) VALUES (?, ?, ?)`, userID, role, now)
}

// Member is somebody who works on the site.
type Member struct {
	UserID string `json:"userId"`
	Name   string `json:"name"`
	Role   string `json:"role"`
}

func (t *Tenant) listMembers(ctx context.Context, _ durables.None) (list []Member, err error) {
	list = []Member{}
	err = db.Prepare(`SELECT m.user_id AS userId, u.name, m.role FROM tenant_members m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = ? ORDER BY m.created_at, m.user_id`).
		Bind(t.id).All(ctx, &list)
	return list, err
}

// MemberChange gives a user a role, or takes it away when Role is "".
type MemberChange struct {
	UserID string `json:"userId"`
	Role   string `json:"role"`
}

// setMember changes a role. The owner stays the owner: a site always has one. Dashboards that the new role does not cover are closed.
func (t *Tenant) setMember(ctx context.Context, m MemberChange) (durables.None, error) {
	none := durables.None{}
	if !ids.Valid(m.UserID) || m.Role != "" && (!slices.Contains(Roles, m.Role) || m.Role == "owner") {
		return none, durables.TypeError("setMember: role is one of viewer, author, editor, or empty to take it away")
	}
	if err := t.object.Prepare(ctx); err != nil {
		return none, err
	}
	change := db.Prepare(`DELETE FROM tenant_members WHERE tenant_id = ? AND user_id = ? AND role <> 'owner'`).Bind(t.id, m.UserID)
	if m.Role != "" {
		change = db.Prepare(`INSERT INTO tenant_members (tenant_id, user_id, role, created_at) VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = ?3 WHERE role <> 'owner'`).Bind(t.id, m.UserID, m.Role, time.Now())
	}
	result, err := change.Run(ctx)
	switch {
	case err != nil && strings.Contains(err.Error(), "FOREIGN KEY"):
		return none, durables.TypeError("setMember: there is no such user")
	case err != nil:
		return none, fmt.Errorf("tenant: write the role: %w", err)
	case result.Meta.Changes == 0 && m.Role != "":
		return none, durables.TypeError("setMember: the owner's role cannot be changed")
	}
	t.roles++
	if err := t.object.Exec(ctx, `DELETE FROM members WHERE user_id = ?`, m.UserID); err != nil || Covers(m.Role, liveRole) {
		return none, err
	}
	return none, t.closeUser(ctx, m.UserID, "the role is gone")
}

const (
	// holdNames is how long a name that a site gave up is kept for it.
	holdNames = 90 * 24 * time.Hour
)

// Renamed is the outcome of a rename: "" when it was done, otherwise "taken".
type Renamed struct {
	Problem string `json:"problem,omitempty"`
}

// rename gives the site another subdomain. The old one is held for it, so that nobody can pose as the site under a name that people know. Nothing else moves:
// objects and rows are named by the tenant's id.
func (t *Tenant) rename(ctx context.Context, subdomain string) (Renamed, error) {
	if hosts.Choice(subdomain) != hosts.Tenant {
		return Renamed{}, durables.TypeError("rename: a name has 2 to 63 letters, digits and inner hyphens, and is not reserved")
	}
	if err := t.object.Prepare(ctx); err != nil {
		return Renamed{}, err
	}
	now := time.Now()
	results, err := db.Batch(ctx,
		db.Prepare(`INSERT OR REPLACE INTO subdomain_history (subdomain, tenant_id, changed_at, hold_until) SELECT subdomain, id, ?2, ?3 FROM tenants
			WHERE id = ?1 AND subdomain <> ?4 AND NOT EXISTS (SELECT 1 FROM tenants WHERE subdomain = ?4)
			AND NOT EXISTS (SELECT 1 FROM subdomain_history WHERE subdomain = ?4 AND tenant_id <> ?1 AND hold_until > ?2)`).
			Bind(t.id, now, now.Add(holdNames), subdomain),
		db.Prepare(`UPDATE tenants SET subdomain = ?2, config_version = config_version + 1, updated_at = ?3 WHERE id = ?1 AND subdomain <> ?2
			AND NOT EXISTS (SELECT 1 FROM tenants WHERE subdomain = ?2)
			AND NOT EXISTS (SELECT 1 FROM subdomain_history WHERE subdomain = ?2 AND tenant_id <> ?1 AND hold_until > ?3)`).Bind(t.id, subdomain, now),
	)
	if err != nil {
		return Renamed{}, fmt.Errorf("tenant: rename: %w", err)
	}
	c, err := t.refresh(ctx)
	if err != nil {
		return Renamed{}, err
	}
	if results[1].Meta.Changes == 0 && c.Subdomain != subdomain { // otherwise it was renamed before, and the answer to that was lost
		return Renamed{Problem: "taken"}, nil
	}
	return Renamed{}, nil
}
