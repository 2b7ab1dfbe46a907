//go:build !js

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/admin"
	"grove.place/lattice/workers/grove/ids"
)

// needs is the lowest role for each route and what to send. {post}, {draft}, … stand for things of alice's site.
var needs = []struct{ method, path, role, body string }{
	{"GET", "/api/admin/config", "author", ""},
	{"PUT", "/api/admin/config", "editor", `{"version":0,"font":"Serif"}`},
	{"GET", "/api/admin/site", "author", ""},
	{"PUT", "/api/admin/site", "editor", `{"version":0,"description":"x"}`},
	{"PUT", "/api/admin/name", "owner", `{"subdomain":"-"}`},
	{"GET", "/api/admin/drafts", "author", ""},
	{"GET", "/api/admin/drafts/{draft}", "author", ""},
	{"PUT", "/api/admin/drafts/{draft}", "author", `{"slug":"d","content":"intruder","metadata":{"title":"D","tags":[]},"baseRevision":1,"deviceId":"x"}`},
	{"GET", "/api/admin/sections", "author", ""},
	{"POST", "/api/admin/sections", "editor", `{"label":"New","href":"/new","icon":"book"}`},
	{"PUT", "/api/admin/sections/{section}", "editor", `{"label":"Changed"}`},
	{"POST", "/api/admin/sections/reorder", "editor", `{"ids":["{section}"]}`},
	{"GET", "/api/admin/stats", "author", ""},
	{"POST", "/api/admin/stats/refresh", "author", ""},
	{"GET", "/api/admin/analytics", "editor", ""},
	{"GET", "/api/live", "editor", ""},
	{"GET", "/api/admin/posts", "author", ""},
	{"POST", "/api/admin/posts", "author", `{"title":"New","body":"text"}`},
	{"POST", "/api/admin/preview", "author", `{"body":"*text*"}`},
	{"GET", "/api/admin/posts/{post}", "author", ""},
	{"PUT", "/api/admin/posts/{post}", "author", `{"title":"Changed","body":"intruder","version":1}`},
	{"POST", "/api/admin/posts/{post}/publish", "author", `{"version":1}`},
	{"POST", "/api/admin/posts/{post}/unpublish", "author", `{"version":1}`},
	{"GET", "/api/admin/comments", "editor", ""},
	{"POST", "/api/admin/comments/{comment}/approve", "editor", ""},
	{"POST", "/api/admin/comments/{comment}/hide", "editor", ""},
	{"POST", "/api/admin/comments/{comment}/restore", "editor", ""},
	{"GET", "/api/admin/blocked", "editor", ""},
	{"GET", "/api/admin/blocked/{outsider}", "editor", ""},
	{"PUT", "/api/admin/blocked/{outsider}", "editor", `{"reason":"x"}`},
	{"DELETE", "/api/admin/blocked/{outsider}", "editor", ""},
	{"GET", "/api/admin/trails", "author", ""},
	{"GET", "/api/admin/trails/{trail}", "author", ""},
	{"PUT", "/api/admin/trails/{trail}", "editor", `{"name":"Changed","visibility":"public","version":9}`},
	{"PUT", "/api/admin/trails/{trail}/waypoints/{waypoint}/status", "author", `{"status":"done"}`},
	{"GET", "/api/admin/members", "editor", ""},
	{"POST", "/api/admin/members", "owner", `{"email":"unknown@example.test","role":"author"}`},
	{"PUT", "/api/admin/members/{member}", "owner", `{"role":"viewer"}`},
	{"GET", "/api/admin/audit", "owner", ""},
	{"GET", "/api/admin/export", "owner", ""},
	{"POST", "/api/admin/export", "owner", ""},
	{"GET", "/api/admin/export/{export}", "owner", ""},
	{"GET", "/api/admin/export/{export}/file", "owner", ""},
	{"POST", "/api/admin/delete", "owner", `{"confirm":"-"}`},
	{"GET", "/api/admin/media", "author", ""},
	{"POST", "/api/admin/media", "author", "no image"},
	{"DELETE", "/api/admin/media/{medium}", "author", ""},
	{"DELETE", "/api/admin/sections/{section}", "editor", ""},
	{"DELETE", "/api/admin/drafts/{draft}", "author", ""},
	{"DELETE", "/api/admin/posts/{post}", "author", ""},
	{"DELETE", "/api/admin/trails/{trail}", "editor", ""},
	{"DELETE", "/api/admin/members/{member}", "owner", ""},
}

// things are what alice's site has, by the names that needs uses.
func things(g *grove) map[string]string {
	now := g.host.Clock.Now()
	ann := g.people["ann"]
	m := map[string]string{"{draft}": ids.New(now), "{trail}": "book", "{waypoint}": ids.New(now), "{member}": g.people["victor"].id}
	var made struct{ ID string }
	ann.ask("alice", "POST", "/api/admin/posts", `{"title":"Mine","body":"my words"}`, 201, &made)
	m["{post}"] = made.ID
	ann.ask("alice", "PUT", "/api/admin/drafts/"+m["{draft}"], `{"slug":"d","content":"my draft","metadata":{"title":"D","tags":[]},"baseRevision":0,"deviceId":"desk"}`, 200, nil)
	ann.ask("alice", "POST", "/api/admin/media?alt=x", png, 201, &made)
	m["{medium}"] = made.ID
	g.people["ed"].ask("alice", "POST", "/api/admin/sections", `{"label":"Recipes","href":"/recipes","icon":"book"}`, 201, &made)
	m["{section}"] = made.ID
	g.people["alice"].ask("alice", "POST", "/api/admin/export", "", 202, &made)
	m["{export}"] = made.ID
	g.host.Clock.Advance(time.Minute) // it is ready
	g.people["ed"].ask("alice", "PUT", "/api/admin/trails/book", `{"name":"Book","visibility":"private","version":0,"waypoints":[{"id":"`+m["{waypoint}"]+`","title":"One","status":"planned"}]}`, 200, nil)
	talk := publish(g, ann, "Talk", "a talk")
	m["{talk}"], m["{outsider}"] = talk.ID, g.people["stranger"].id
	m["{comment}"] = g.people["stranger"].comment("alice", talk.ID, "a stranger's").ID
	if _, err := post.Flush.Call(g.host.Context(), post.Of(g.tenants["alice"], talk.ID), durables.None{}); err != nil {
		g.Fatal(err)
	}
	return m
}

const png = "\x89PNG\r\n\x1a\n and pixels"

// state is everything that D1 and TenantDO have of alice's site, as text.
func state(g *grove) string {
	var b strings.Builder
	for _, table := range []string{"posts", "post_slugs", "media", "admin_sections", "tenant_admin_config", "tenant_members", "trails", "audit_log", "comment_settings", "comments", "blocked_users", "reactions"} {
		_, rows, err := db.Prepare(`SELECT * FROM ` + table + ` WHERE tenant_id = ? ORDER BY 1, 2`).Bind(g.tenants["alice"]).Raw(g.host.Context())
		if err != nil {
			g.Fatal(err)
		}
		fmt.Fprintln(&b, table, rows)
	}
	_, rows, err := db.Prepare(`SELECT * FROM tenants WHERE id = ?`).Bind(g.tenants["alice"]).Raw(g.host.Context())
	if err != nil {
		g.Fatal(err)
	}
	fmt.Fprintln(&b, rows)
	paths := []string{"/api/admin/drafts", "/api/admin/trails/book"}
	var published []string
	if err := db.Prepare(`SELECT id FROM posts WHERE tenant_id = ? AND status = 'published'`).Bind(g.tenants["alice"]).All(g.host.Context(), &published); err != nil {
		g.Fatal(err)
	}
	for _, id := range published {
		paths = append(paths, "/api/posts/"+id+"/comments", "/api/posts/"+id+"/reactions")
	}
	for _, path := range paths {
		_, text := g.people["alice"].at("alice", "GET", path, "")
		fmt.Fprintln(&b, text)
	}
	return b.String()
}

// covered reports whether one of the requests is for a route.
func covered(pattern string, requests []string) bool {
	method, path, _ := strings.Cut(pattern, " ")
	pieces := strings.Split(path, "/")
	return slices.ContainsFunc(requests, func(request string) bool {
		m, p, _ := strings.Cut(request, " ")
		p, _, _ = strings.Cut(p, "?")
		return m == method && slices.EqualFunc(pieces, strings.Split(p, "/"), func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") })
	})
}

func TestEveryRouteAsksForARoleAtThatSite(t *testing.T) {
	var listed []string
	for _, n := range needs {
		listed = append(listed, n.method+" "+n.path)
	}
	for _, pattern := range admin.Patterns() {
		if !covered(pattern, listed) {
			t.Errorf("%s is not tested", pattern)
		}
	}
	g := open(t, "stranger", "victor", "vera", "ann", "ed")
	names := things(g)
	fill := func(text string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	before := state(g)
	// With ids of alice's things at bob's site, and without the role at alice's, nothing of hers changes.
	for _, site := range []string{"bob", "alice"} {
		for _, n := range needs {
			for _, e := range everybody {
				role := map[string]string{"alice": e.alice, "bob": e.bob}[site]
				allowed := tenant.Covers(role, n.role)
				if site == "alice" && allowed {
					continue
				}
				status, text := g.people[e.name].at(site, n.method, fill(n.path), fill(n.body))
				switch {
				case e.name == "nobody" && status != 401, e.name != "nobody" && !allowed && status != 403:
					t.Errorf("%s (%q at %s): %s %s: %d\n%s", e.name, role, site, n.method, n.path, status, text)
				case allowed && (status == 401 || status == 403 || status >= 500):
					t.Errorf("%s (%q at %s): %s %s: %d\n%s", e.name, role, site, n.method, n.path, status, text)
				case allowed && strings.Contains(text, "my words") || strings.Contains(text, "my draft"):
					t.Errorf("%s reads alice's things at %s: %s %s\n%s", e.name, site, n.method, n.path, text)
				}
			}
		}
	}
	if after := state(g); after != before {
		t.Errorf("somebody changed alice's site:\n%s\nwas\n%s", after, before)
	}
	if status, _ := g.people["bob"].at("bob", "GET", "/media/"+names["{medium}"]+".png", ""); status != 404 {
		t.Errorf("bob's site shows alice's image: %d", status)
	}
	// The same requests with forged headers, from those who may.
	owner := g.people["alice"]
	good := owner.cookie("alice")
	cookie := func(value string) http.Header {
		return http.Header{"Cookie": {"grove_session=" + value}, "Origin": owner.header("alice")["Origin"], "X-Csrf-Token": {owner.csrf["alice"]}}
	}
	bare := g.person("forger")
	for _, n := range needs {
		address := "http://alice." + g.domain + fill(n.path)
		for what, header := range map[string]http.Header{
			"a cookie with another signature": cookie(good[:len(good)-4] + "AAAA"),
			"a cookie of another user":        cookie(strings.Replace(good, owner.id, g.people["bob"].id, 1)),
			"no cookie":                       cookie(""),
		} {
			if status, _, text := bare.send(n.method, address, fill(n.body), header); status != 401 {
				t.Errorf("%s: %s %s: %d\n%s", what, n.method, n.path, status, text)
			}
		}
		forged := map[string]http.Header{}
		if n.method != "GET" || n.path == "/api/live" {
			forged["the other site's origin"] = owner.header("alice")
			forged["the other site's origin"]["Origin"] = []string{"http://bob." + g.domain}
			forged["no origin"] = owner.header("alice")
			delete(forged["no origin"], "Origin")
		}
		if n.method != "GET" {
			forged["the CSRF token of another host"] = owner.header("alice")
			forged["the CSRF token of another host"]["X-Csrf-Token"] = []string{owner.csrf["bob"]}
			forged["the CSRF token of another session"] = owner.header("alice")
			forged["the CSRF token of another session"]["X-Csrf-Token"] = []string{g.people["bob"].csrf["alice"]}
			forged["no CSRF token"] = owner.header("alice")
			delete(forged["no CSRF token"], "X-Csrf-Token")
		}
		for what, header := range forged {
			if status, _, text := owner.send(n.method, address, fill(n.body), header); status != 403 {
				t.Errorf("%s: %s %s: %d\n%s", what, n.method, n.path, status, text)
			}
		}
	}
	if after := state(g); after != before {
		t.Errorf("a forged request changed alice's site:\n%s\nwas\n%s", after, before)
	}
	// And now those who may.
	for _, n := range needs {
		for _, e := range slices.Backward(everybody) {
			if !tenant.Covers(e.alice, n.role) {
				continue
			}
			if status, text := g.people[e.name].at("alice", n.method, fill(n.path), fill(n.body)); status == 401 || status == 403 || status >= 500 {
				t.Errorf("%s (%q): %s %s: %d\n%s", e.name, e.alice, n.method, n.path, status, text)
			}
		}
	}
	if after := state(g); after == before {
		t.Error("nobody could change anything: the test does not tell")
	}
}
