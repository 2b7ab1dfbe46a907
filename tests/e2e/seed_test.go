package e2e

import (
	"fmt"
	"strings"
	"time"

	"grove.place/lattice/workers/grove/ids"
)

// The people and the site that the tests of the pages know. They are in the database before the host starts, on both hosts, as a last migration.

// member is somebody who signs in by an e-mail address that the database knows.
type member struct{ name, email, role string }

var (
	willow = member{"Willow Weir", "willow@example.test", "owner"}
	rowan  = member{"Rowan Reed", "rowan@example.test", "editor"}
	reader = member{"Hazel Hill", "hazel@example.test", ""}
	guest  = member{"Linden Lake", "linden@example.test", ""}
)

const (
	siteName = "willow"
	siteText = "Notes from the *river*.\n\n## What is here\n\n- reeds\n- otters\n"
)

// seed is the SQL that makes them.
func seed(now time.Time) string {
	var b strings.Builder
	insert := func(table, columns string, values ...any) {
		fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES (", table, columns)
		for i, v := range values {
			if i > 0 {
				b.WriteString(", ")
			}
			if text, ok := v.(string); ok {
				v = "'" + strings.ReplaceAll(text, "'", "''") + "'"
			}
			fmt.Fprint(&b, v)
		}
		b.WriteString(");\n")
	}
	at := now.UnixMilli()
	users := map[string]string{}
	for _, m := range []member{willow, rowan, reader, guest} {
		users[m.name] = ids.New(now)
		insert("users", "id, email, email_norm, email_verified_at, name, created_at, updated_at", users[m.name], m.email, m.email, at, m.name, at, at)
	}
	tenant := ids.New(now)
	insert("tenants", "id, subdomain, owner_user_id, display_name, description, tier, created_at, updated_at", tenant, siteName, users[willow.name], "Willow by the river",
		"What the water brings.", "evergreen", at, at)
	insert("tenants", "id, subdomain, owner_user_id, display_name, status, created_at, updated_at", ids.New(now), "closed", users[rowan.name], "Closed", "suspended", at, at)
	for _, m := range []member{willow, rowan} {
		insert("tenant_members", "tenant_id, user_id, role, created_at", tenant, users[m.name], m.role, at)
	}
	var post string
	for _, slug := range []string{"reeds", "otters", "ice", "mist", "rain", "moss"} {
		post = ids.New(now)
		insert("posts", "id, tenant_id, author_id, slug, title, excerpt, body_md, body_html, tags, status, word_count, reading_minutes, published_at, created_at, updated_at",
			post, tenant, users[willow.name], slug, "About "+slug, "Notes from the river.", siteText, "<p>Notes from the <em>river</em>.</p><h2>What is here</h2><ul><li>reeds</li><li>otters</li></ul>",
			`["river"]`, "published", 8, 1, at, at, at)
	}
	for i, text := range []string{"May I come in?", "Buy my boats."} { // on the last of them, and not shown yet
		insert("comments", "id, tenant_id, post_id, author_id, body, status, seq, created_at", ids.New(now), tenant, post, users[reader.name], text, "pending", i+1, at+int64(i))
	}
	trail, phase := ids.New(now), ids.New(now)
	insert("trails", "id, tenant_id, slug, name, intro, created_at, updated_at", trail, tenant, "upstream", "Upstream", "To the source.", at, at)
	insert("trail_phases", "id, trail_id, name, sort_order", phase, trail, "Spring", 0)
	insert("trail_waypoints", "id, trail_id, phase_id, title, status, sort_order, updated_at", ids.New(now), trail, phase, "Mend the boat", "planned", 0, at)
	for i, label := range []string{"Reeds", "Otters", "Ice"} {
		insert("admin_sections", "id, tenant_id, label, icon, href, sort_order, created_at, updated_at", ids.New(now), tenant, label, "leaf", "/posts/"+strings.ToLower(label), i, at, at)
	}
	return b.String()
}
