//go:build !js

package main

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables/notification"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
)

// rule is what a route must answer. What it takes from the path is alice's: {post}, {draft}, … as in things.
type rule struct {
	// needs is who may: "anybody", "user" for everybody who is signed in, a role at the site, or "operator".
	needs string
	path  string // as it is asked for
	body  string
	// at is the status for somebody who may, with the ids of alice's things: on a site, at bob's.
	at int
}

// onSites are the routes of the host of a site, without those of the API of the panel and of conversations: needs and talks have these.
var onSites = map[string]rule{
	"GET /{$}":                 {"anybody", "/", "", 200},
	"GET /posts/{slug}":        {"anybody", "/posts/talk", "", 404},
	"GET /trails/{slug}":       {"anybody", "/trails/book", "", 404},
	"GET /media/{name}":        {"anybody", "/media/{medium}.png", "", 404},
	"GET /auth/login":          {"anybody", "/auth/login", "", 303},
	"GET /auth/enter":          {"anybody", "/auth/enter?code=x&path=/", "", 400},
	"GET /auth/session":        {"user", "/auth/session", "", 200},
	"POST /auth/logout":        {},
	"GET /admin":               {"author", "/admin", "", 200},
	"GET /admin/posts":         {"author", "/admin/posts?cursor={post}", "", 200},
	"GET /admin/posts/new":     {"author", "/admin/posts/new", "", 200},
	"GET /admin/posts/{id}":    {"author", "/admin/posts/{post}", "", 404},
	"GET /admin/drafts":        {"author", "/admin/drafts", "", 200},
	"GET /admin/comments":      {"editor", "/admin/comments?status=visible", "", 200},
	"GET /admin/images":        {"author", "/admin/images", "", 200},
	"GET /admin/trails":        {"author", "/admin/trails", "", 200},
	"GET /admin/trails/{slug}": {"author", "/admin/trails/book", "", 404},
	"GET /admin/new-trail":     {"editor", "/admin/new-trail", "", 200},
	"GET /admin/analytics":     {"editor", "/admin/analytics", "", 200},
	"GET /admin/sections":      {"editor", "/admin/sections", "", 200},
	"GET /admin/members":       {"editor", "/admin/members", "", 200},
	"GET /admin/settings":      {"editor", "/admin/settings", "", 200},
	"GET /admin/data":          {"owner", "/admin/data", "", 200},
	"POST /admin/data/export":  {"owner", "/admin/data/export", "", 303},
	"POST /admin/data/delete":  {"owner", "/admin/data/delete", "confirm=alice", 400},
}

// foreign are the answers to requests of the panel's API at bob's site that are not 404, though they name what is alice's: there is nothing in them that could be hers.
var foreign = map[string]int{
	"GET /api/admin/config": 200, "PUT /api/admin/config": 200, "GET /api/admin/site": 200, "PUT /api/admin/site": 409, "PUT /api/admin/name": 400, "GET /api/admin/drafts": 200,
	"PUT /api/admin/drafts/{id}": 409, "GET /api/admin/sections": 200, "POST /api/admin/sections": 201, "POST /api/admin/sections/reorder": 400, "GET /api/admin/stats": 200,
	"POST /api/admin/stats/refresh": 200, "GET /api/admin/analytics": 200, "GET /api/live": 426, "GET /api/admin/posts": 200, "POST /api/admin/posts": 201,
	"POST /api/admin/preview": 200, "GET /api/admin/comments": 200, "GET /api/admin/blocked": 200, "GET /api/admin/blocked/{userId}": 200, "PUT /api/admin/blocked/{userId}": 204,
	"DELETE /api/admin/blocked/{userId}": 204, "GET /api/admin/trails": 200, "GET /api/admin/members": 200, "PUT /api/admin/members/{userId}": 204, "DELETE /api/admin/members/{userId}": 204,
	"GET /api/admin/audit": 200, "GET /api/admin/export": 200, "POST /api/admin/export": 202, "POST /api/admin/delete": 400, "GET /api/admin/media": 200, "POST /api/admin/media": 415,
}

// atApex are the routes of the apex host.
var atApex = map[string]rule{
	"GET /{$}":                                             {"anybody", "/", "", 200},
	"GET /people/{userId}":                                 {"anybody", "/people/{vera}", "", 0},
	"GET /assets/{name}":                                   {"anybody", "/assets/page.mjs", "", 200},
	"GET /auth/login":                                      {"anybody", "/auth/login", "", 0},
	"GET /auth/login/{provider}":                           {"anybody", "/auth/login/none", "", 404},
	"GET /auth/callback/{provider}":                        {"anybody", "/auth/callback/dev?state=x&code=x", "", 400},
	"GET /auth/handoff":                                    {"anybody", "/auth/handoff?site=evil.example&path=/&binding=x", "", 400},
	"POST /auth/logout":                                    {},
	"GET /auth/session":                                    {"user", "/auth/session", "", 200},
	"GET /auth/sessions":                                   {"user", "/auth/sessions", "", 200},
	"DELETE /auth/sessions/{id}":                           {"user", "/auth/sessions/{session}", "", 404},
	"POST /auth/sessions/revoke-all":                       {"user", "/auth/sessions/revoke-all", `{"exceptCurrent":true}`, 200},
	"GET /settings/sessions":                               {"user", "/settings/sessions", "", 200},
	"GET /settings/sessions/confirm":                       {"user", "/settings/sessions/confirm?id={session}", "", 404},
	"POST /settings/sessions/revoke":                       {"user", "/settings/sessions/revoke", "id={session}", 303},
	"POST /settings/sessions/others":                       {"user", "/settings/sessions/others", "", 303},
	"GET /settings/data":                                   {"user", "/settings/data", "", 200},
	"POST /settings/data/export":                           {"user", "/settings/data/export", "", 303},
	"POST /settings/data/delete":                           {"user", "/settings/data/delete", "confirm=alice%40example.test", 400},
	"GET /api/account/export":                              {"user", "/api/account/export", "", 200},
	"POST /api/account/export":                             {"user", "/api/account/export", "", 202},
	"GET /api/account/export/{id}":                         {"user", "/api/account/export/{own}", "", 404},
	"GET /api/account/export/{id}/file":                    {"user", "/api/account/export/{own}/file", "", 404},
	"POST /api/account/delete":                             {"user", "/api/account/delete", `{"confirm":"alice@example.test"}`, 400},
	"GET /operator":                                        {"operator", "/operator", "", 200},
	"POST /operator/retry":                                 {"operator", "/operator/retry", "source=x&seq=x", 400},
	"POST /operator/rebuild":                               {"operator", "/operator/rebuild", "class=x&name=x", 400},
	"GET /api/operator/backlog":                            {"operator", "/api/operator/backlog", "", 200},
	"GET /api/operator/dead-letters":                       {"operator", "/api/operator/dead-letters", "", 200},
	"POST /api/operator/dead-letters/{source}/{seq}/retry": {"operator", "/api/operator/dead-letters/x/1/retry", "", 404},
	"POST /api/operator/rebuild":                           {"operator", "/api/operator/rebuild", `{"class":"x","name":"x"}`, 400},
	"POST /api/operator/accounts/{userId}/close":           {"operator", "/api/operator/accounts/x/close", "", 404},
	"POST /api/operator/accounts/{userId}/open":            {"operator", "/api/operator/accounts/x/open", "", 404},
	"GET /api/feed":                                        {"user", "/api/feed", "", 200},
	"GET /api/following":                                   {"user", "/api/following?cursor={alice}", "", 200},
	"PUT /api/following/{userId}":                          {"user", "/api/following/{fay}", "", 204},
	"DELETE /api/following/{userId}":                       {"user", "/api/following/{fay}", "", 204},
	"GET /api/blocks":                                      {"user", "/api/blocks?cursor={alice}", "", 200},
	"GET /api/blocks/{userId}":                             {"user", "/api/blocks/{fay}", "", 404},
	"PUT /api/blocks/{userId}":                             {"user", "/api/blocks/{fay}", `{"kind":"mute"}`, 204},
	"DELETE /api/blocks/{userId}":                          {"user", "/api/blocks/{fay}", "", 204},
	"GET /api/notifications":                               {"user", "/api/notifications", "", 200},
	"GET /api/notifications/unread":                        {"user", "/api/notifications/unread", "", 200},
	"POST /api/notifications/read":                         {"user", "/api/notifications/read", `{"ids":["{note}"]}`, 200},
	"GET /api/notifications/ws":                            {"user", "/api/notifications/ws", "", 426},
	"GET /following":                                       {"user", "/following", "", 200},
	"GET /notifications":                                   {"user", "/notifications", "", 200},
	"GET /api/sites":                                       {"user", "/api/sites?cursor={alice}", "", 200},
	"POST /api/sites":                                      {"user", "/api/sites", `{"subdomain":"alice","displayName":"Alice"}`, 409},
	"GET /sites/new":                                       {"user", "/sites/new", "", 200},
	"POST /sites/new":                                      {"user", "/sites/new", "subdomain=alice&name=Alice", 409},
	"POST /notifications/read":                             {"user", "/notifications/read", "ids={note}", 303},
	"POST /people/{userId}/{action}":                       {"user", "/people/{fay}/mute", "", 303},
}

// patterns reads from a mux what it answers to: package net/http keeps it to itself.
func patterns(t *testing.T, mux *http.ServeMux) (list []string) {
	t.Helper()
	index := reflect.ValueOf(mux).Elem().FieldByName("index")
	add := func(all reflect.Value) {
		for i := range all.Len() {
			list = append(list, all.Index(i).Elem().FieldByName("str").String())
		}
	}
	for each := index.FieldByName("segments").MapRange(); each.Next(); {
		add(each.Value())
	}
	add(index.FieldByName("multis"))
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		t.Fatal("no patterns were found: net/http has changed, see ServeMux")
	}
	return list
}

// siteRules are the rules for every route of a site's host, in the order in which they can be asked for.
func siteRules(t *testing.T) (list []rule, methods []string) {
	_, tenants, _ := routes()
	for _, pattern := range patterns(t, tenants) {
		method, _, _ := strings.Cut(pattern, " ")
		var found []rule
		if r, ok := onSites[pattern]; ok {
			found = append(found, r)
		}
		for _, n := range needs {
			if covered(pattern, []string{n.method + " " + n.path}) && (!strings.HasSuffix(pattern, "/reorder") || strings.HasSuffix(n.path, "/reorder")) {
				found = append(found, rule{n.role, n.path, n.body, cmp.Or(foreign[pattern], 404)})
			}
		}
		for _, c := range talks {
			if covered(pattern, []string{c.method + " " + c.path}) {
				role := "user"
				if c.method == "GET" {
					role = "anybody"
				}
				found = append(found, rule{role, c.path, c.body, 404})
			}
		}
		if len(found) == 0 {
			t.Errorf("%s of a site is in no table: say in onSites, needs or talks who may, and what the answer is", pattern)
		}
		for _, r := range found {
			if r.needs != "" {
				list, methods = append(list, r), append(methods, method)
			}
		}
	}
	return list, methods
}

// TestEveryRouteIsInATable keeps the tables of the tests complete: a new route has to say who may use it.
func TestEveryRouteIsInATable(t *testing.T) {
	siteRules(t)
	apex, tenants, files := routes()
	for _, pattern := range patterns(t, apex) {
		if _, ok := atApex[pattern]; !ok {
			t.Errorf("%s of the apex is in no table: say in atApex who may, and what the answer is", pattern)
		}
	}
	for pattern := range atApex {
		if !slices.Contains(patterns(t, apex), pattern) {
			t.Errorf("atApex has %s, which is no route", pattern)
		}
	}
	for pattern := range onSites {
		if !slices.Contains(patterns(t, tenants), pattern) {
			t.Errorf("onSites has %s, which is no route", pattern)
		}
	}
	if list := patterns(t, files); !slices.Equal(list, []string{"GET /assets/{name}"}) {
		t.Errorf("every host answers to %v", list)
	}
}

const (
	secret = "alice-secret" // only members of alice's site may read it
	public = "alice-public" // everybody may, but not at bob's site
)

// marked has everything on alice's site that there can be, each with a mark in it, and returns the names that the tables use.
func marked(g *grove) map[string]string {
	g.Helper()
	alice, ann, ed, stranger := g.people["alice"], g.people["ann"], g.people["ed"], g.people["stranger"]
	m := map[string]string{"{draft}": ids.New(g.host.Clock.Now()), "{trail}": "book", "{waypoint}": ids.New(g.host.Clock.Now())}
	for name, p := range g.people {
		m["{"+name+"}"] = p.id
	}
	m["{member}"], m["{outsider}"] = m["{victor}"], m["{stranger}"]
	var made struct{ ID string }
	alice.ask("alice", "PUT", "/api/admin/site", `{"version":1,"displayName":"`+public+`","description":"`+public+`"}`, 200, nil)
	ann.ask("alice", "POST", "/api/admin/posts", `{"title":"`+secret+` title","body":"`+secret+` body","tags":["`+secret+`"]}`, 201, &made)
	m["{post}"] = made.ID
	ann.ask("alice", "PUT", "/api/admin/drafts/"+m["{draft}"], `{"slug":"d","content":"`+secret+`","metadata":{"title":"`+secret+`","tags":["`+secret+`"]},"baseRevision":0,"deviceId":"`+secret+`"}`, 200, nil)
	ann.ask("alice", "POST", "/api/admin/media?alt="+secret, png+public, 201, &made)
	m["{medium}"] = made.ID
	ed.ask("alice", "POST", "/api/admin/sections", `{"label":"`+secret+`","href":"/`+secret+`","icon":"book"}`, 201, &made)
	m["{section}"] = made.ID
	ed.ask("alice", "PUT", "/api/admin/trails/book", `{"name":"`+secret+`","intro":"`+secret+`","visibility":"private","version":0,"waypoints":[{"id":"`+m["{waypoint}"]+`","title":"`+secret+`","description":"`+secret+`","status":"planned"}]}`, 200, nil)
	talk := publish(g, ann, "Talk", public)
	g.sql(`UPDATE posts SET title = ? WHERE id = ?`, public, talk.ID)
	m["{talk}"] = talk.ID
	m["{comment}"] = stranger.comment("alice", talk.ID, public+" comment").ID
	hidden := stranger.comment("alice", talk.ID, secret+" hidden comment")
	g.host.Clock.Advance(time.Minute) // it is in D1
	ed.ask("alice", "POST", "/api/admin/comments/"+hidden.ID+"/hide?post="+talk.ID, "", 200, nil)
	ed.ask("alice", "PUT", "/api/admin/blocked/"+m["{fay}"], `{"reason":"`+secret+`"}`, 204, nil)
	alice.ask("alice", "POST", "/api/admin/export", "", 202, &made)
	m["{export}"] = made.ID
	alice.askApex("POST", "/api/account/export", "", 202, &made)
	m["{own}"] = made.ID
	var mine struct{ Sessions []struct{ ID string } }
	alice.askApex("GET", "/auth/sessions", "", 200, &mine)
	m["{session}"] = mine.Sessions[0].ID
	event := notification.Event{Type: notification.Reaction, ActorID: m["{ed}"], TargetType: "post", TargetID: talk.ID}
	must(g, notification.AddNotification, notification.Of(alice.id), event)
	var notes struct{ Notifications []struct{ ID string } }
	alice.askApex("GET", "/api/notifications", "", 200, &notes)
	m["{note}"] = notes.Notifications[0].ID
	alice.ask("alice", "GET", "/api/admin/stats", "", 200, nil)
	g.minutes(8)
	return m
}

// passing are tables of objects that keep copies of what D1 has, and count who comes.
var passing = []string{"rate_limits", "members", "analytics_buffer", "lattice_tasks", "meta", "settings", "people", "blocked", "config", "trails", "sqlite_sequence"}

// ofAlice is everything that there is of alice's site and of her account, as text: rows of D1 and of the objects, and the keys in the bucket. Looked at from her
// own site, all is false: what changes because somebody comes and looks is left out.
func ofAlice(g *grove, all bool) string {
	g.Helper()
	lines := slices.DeleteFunc(slices.Concat(traces(g, g.tenants["alice"]), traces(g, g.people["alice"].id)), func(l string) bool {
		return !strings.HasPrefix(l, "D1 ") && !strings.HasPrefix(l, "R2") || !all && strings.HasPrefix(l, "D1 analytics")
	})
	for _, class := range classesOf(g) {
		if class == "AnalyticsDO" && !all {
			continue
		}
		objects, err := g.host.Objects(class)
		if err != nil {
			g.Fatal(err)
		}
		for _, o := range objects {
			if !strings.Contains(o.Name, g.tenants["alice"]) && !strings.HasSuffix(o.Name, ":"+g.people["alice"].id) {
				continue
			}
			stored := g.host.Storage(class, o.ID)
			tables, err := local.Rows[string](stored, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf%'`)
			if err != nil {
				g.Fatal(err)
			}
			for _, table := range tables {
				if !all && slices.Contains(passing, table) {
					continue
				}
				rows, err := stored.Query(`SELECT * FROM "` + table + `"`)
				if err != nil {
					g.Fatal(err)
				}
				for _, row := range rows {
					if !all {
						delete(row, "last_active")
					}
					lines = append(lines, fmt.Sprint(o.Name, " ", table, " ", row))
				}
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// differs says which lines are new or gone.
func differs(before, after string) string {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	var b strings.Builder
	for _, l := range was {
		if !slices.Contains(is, l) {
			fmt.Fprintln(&b, "-", l)
		}
	}
	for _, l := range is {
		if !slices.Contains(was, l) {
			fmt.Fprintln(&b, "+", l)
		}
	}
	return b.String()
}

// try asks as a page of the host would, with the rule's body.
func (p *person) try(site, method, path, body string) (int, http.Header, string) {
	p.g.Helper()
	host, header := p.g.domain, p.apexHeader()
	if site != "" {
		host, header = site+"."+p.g.domain, p.header(site)
	}
	if body != "" && !strings.HasPrefix(body, "{") {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.send(method, "http://"+host+path, body, header)
}

// want is what a rule says to somebody with a role.
func (r rule) want(method, path string, signedIn, may bool) int {
	switch {
	case may:
		return r.at
	case signedIn:
		return http.StatusForbidden
	case method == "GET" && !strings.HasPrefix(path, "/api/") && !strings.HasPrefix(path, "/auth/session"):
		return http.StatusSeeOther
	}
	return http.StatusUnauthorized
}

// safe checks what every answer must have.
func safe(t *testing.T, what string, status int, header http.Header, text string, forbidden ...string) {
	t.Helper()
	all := text + fmt.Sprint(header)
	for _, mark := range forbidden {
		if strings.Contains(all, mark) {
			t.Errorf("%s: %d: the answer has %q:\n%v\n%s", what, status, mark, header, text)
		}
	}
	policy := header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: %d: not protected: %v", what, status, header)
	}
	for name := range header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s: %d: other origins may read it: %v", what, status, header)
		}
	}
	if status >= 500 {
		t.Errorf("%s: %d\n%s", what, status, text)
	}
	kept := !strings.Contains(header.Get("Cache-Control"), "no-store") && !strings.Contains(header.Get("Cache-Control"), "private")
	if personal := strings.Contains(text, `<meta name="csrf-token"`) || strings.Contains(text, `"csrfToken":`) || len(header["Set-Cookie"]) > 0 || strings.Contains(what, " /api/") && status < 300; kept && personal {
		t.Errorf("%s: %d: a shared cache may keep it: %v\n%s", what, status, header, text)
	}
	for _, cookie := range header["Set-Cookie"] {
		if !strings.Contains(cookie, "; HttpOnly") || !strings.Contains(cookie, "; SameSite=Lax") || strings.Contains(cookie, "Domain=") || !strings.Contains(cookie, "; Path=/") {
			t.Errorf("%s: the cookie %s", what, cookie)
		}
	}
	if strings.Contains(what, " /api/") && text != "" && status/100 != 3 {
		if kind := header.Get("Content-Type"); kind != "application/json" && kind != "application/x-tar" {
			t.Errorf("%s: %d: the API answers with %q", what, status, kind)
		}
	}
}

func TestTheWalkOfEveryRouteRoleAndSite(t *testing.T) {
	g := open(t, "stranger", "victor", "vera", "ann", "ed", "fay", "olga", "mallory")
	names := marked(g)
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, names["{olga}"])
	people := append(slices.Clone(everybody), struct{ name, alice, bob string }{"olga", "", ""})
	fill := func(text string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	list, methods := siteRules(t)
	g.host.Clock.Advance(10 * time.Minute) // all is written that was to be written
	before := ofAlice(g, true)
	if n := strings.Count(before, secret); n < 12 {
		t.Fatalf("%d marks are in what is alice's: the test does not tell\n%s", n, before)
	}
	// With alice's ids at bob's site.
	for _, e := range people {
		if e.name == "alice" {
			continue // what she does at his site is hers to do
		}
		p := g.people[e.name]
		for i, r := range list {
			may := r.needs == "anybody" || r.needs == "user" && p.id != "" || tenant.Covers(e.bob, r.needs)
			status, header, text := p.try("bob", methods[i], fill(r.path), fill(r.body))
			what := fmt.Sprintf("%s (%q) at bob's: %s %s", e.name, e.bob, methods[i], r.path)
			if want := r.want(methods[i], r.path, p.id != "", may); status != want {
				t.Errorf("%s: %d, want %d\n%s", what, status, want, text)
			}
			safe(t, what, status, header, text, secret, public)
		}
	}
	// At the apex.
	for _, pattern := range slices.Sorted(maps.Keys(atApex)) {
		method, _, _ := strings.Cut(pattern, " ")
		r := atApex[pattern]
		for _, e := range people {
			if r.needs == "" || e.name == "alice" {
				continue
			}
			p := g.people[e.name]
			may := r.needs == "anybody" || r.needs == "user" && p.id != "" || r.needs == "operator" && e.name == "olga"
			status, header, text := p.try("", method, fill(r.path), fill(r.body))
			what := fmt.Sprintf("%s at the apex: %s %s", e.name, method, r.path)
			if want := r.want(method, r.path, p.id != "", may); status != want && r.at != 0 {
				t.Errorf("%s: %d, want %d\n%s", what, status, want, text)
			}
			safe(t, what, status, header, text, secret)
		}
	}
	if changed := differs(before, ofAlice(g, true)); changed != "" {
		t.Errorf("something of alice's changed:\n%s", changed)
	}
	// At alice's, those who have no role there, or a lower one.
	before = ofAlice(g, false)
	for _, e := range people {
		p := g.people[e.name]
		g.host.Clock.Advance(time.Minute) // for the limit of requests
		for i, r := range list {
			if r.needs == "anybody" || r.needs == "user" || tenant.Covers(e.alice, r.needs) {
				continue
			}
			status, header, text := p.try("alice", methods[i], fill(r.path), fill(r.body))
			what := fmt.Sprintf("%s (%q) at alice's: %s %s", e.name, e.alice, methods[i], r.path)
			if want := r.want(methods[i], r.path, p.id != "", false); status != want {
				t.Errorf("%s: %d, want %d\n%s", what, status, want, text)
			}
			safe(t, what, status, header, text, secret)
		}
		if tenant.Covers(e.alice, "viewer") {
			continue
		}
		for _, path := range []string{"/", "/posts/talk", "/trails/book", "/api/posts/{talk}/comments", "/api/posts/{talk}/reactions", "/api/posts/{post}/comments", "/posts/alice-secret-title"} {
			status, header, text := p.try("alice", "GET", fill(path), "")
			safe(t, e.name+" at alice's: GET "+path, status, header, text, secret)
			if (path == "/" || path == "/posts/talk") && !strings.Contains(text, public) {
				t.Errorf("%s: %s: %d\n%s", e.name, path, status, text)
			}
		}
	}
	if changed := differs(before, ofAlice(g, false)); changed != "" {
		t.Errorf("something of alice's site changed:\n%s", changed)
	}
	// Signing out at one site ends one's own session, and no one else's.
	g.people["bob"].ask("bob", "POST", "/auth/logout", "", 303, nil)
	g.people["bob"].ask("bob", "GET", "/auth/session", "", 401, nil)
	g.people["alice"].ask("alice", "GET", "/auth/session", "", 200, nil)
}
