//go:build !js

package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/local-runtime"
)

type startedSite struct{ ID, Subdomain, DisplayName, Role, Status, URL string }

type siteList struct {
	Sites      []startedSite
	NextCursor string
}

type told struct {
	Error struct{ Code, Message string }
}

func wish(subdomain, name string) string {
	return fmt.Sprintf(`{"subdomain":%q,"displayName":%q}`, subdomain, name)
}

func TestANewcomerStartsASiteAndWritesOnIt(t *testing.T) {
	g := open(t, "fay")
	fay, nobody := g.people["fay"], g.people["nobody"]
	if text := fay.page("/", 200); !strings.Contains(text, "You have no site yet") || !strings.Contains(text, `href="/sites/new"`) {
		t.Errorf("the home page of a newcomer:\n%s", text)
	}
	// Nobody is there yet, and this isolate remembers it.
	if status, _ := nobody.at("fern", "GET", "/", ""); status != 404 {
		t.Fatalf("a site that nobody has started: %d", status)
	}
	status, to := fay.form("/sites/new", url.Values{"subdomain": {" Fern "}, "name": {" Fern & fay "}})
	if status != 303 || to != "/?started=fern" {
		t.Fatalf("%d to %q", status, to)
	}
	text := fay.page(to, 200)
	for _, want := range []string{`id="started"`, "http://fern." + g.domain + "/admin", "Fern &amp; fay", "a minute until it is found everywhere"} {
		if !strings.Contains(text, want) {
			t.Errorf("the home page has no %q:\n%s", want, text)
		}
	}
	if status, text := nobody.at("fern", "GET", "/", ""); status != 200 || !strings.Contains(text, "Fern &amp; fay") {
		t.Errorf("the new site: %d\n%s", status, text)
	}
	fay.enter("fern")
	var p madePost
	fay.ask("fern", "POST", "/api/admin/posts", `{"title":"First","body":"of *all*"}`, 201, &p)
	fay.ask("fern", "POST", "/api/admin/posts/"+p.ID+"/publish", `{"version":1}`, 200, nil)
	if status, text := nobody.at("fern", "GET", "/posts/first", ""); status != 200 || !strings.Contains(text, "<em>all</em>") {
		t.Errorf("the first post: %d\n%s", status, text)
	}
	var c tenant.Config
	if fay.ask("fern", "GET", "/api/admin/site", "", 200, &c); c.Tier != "wanderer" || c.OwnerID != fay.id {
		t.Errorf("%+v", c)
	}
	var log struct{ Entries []struct{ Action string } }
	if fay.ask("fern", "GET", "/api/admin/audit", "", 200, &log); !slices.ContainsFunc(log.Entries, func(e struct{ Action string }) bool { return e.Action == "site_started" }) {
		t.Errorf("the site's log: %+v", log)
	}
	for _, other := range []string{"alice", "bob"} {
		g.people[other].enter("fern")
		g.people[other].ask("fern", "GET", "/api/admin/posts", "", 403, nil)
	}
	// What is on the home page only when it is true.
	if text := g.people["bob"].page("/?started=fern", 200); strings.Contains(text, `id="started"`) {
		t.Errorf("bob is told that he has started fay's site:\n%s", text)
	}
}

func TestWhatANewSiteCannotBeCalled(t *testing.T) {
	g := open(t, "fay")
	fay := g.people["fay"]
	g.people["alice"].ask("alice", "PUT", "/api/admin/name", `{"subdomain":"wonder"}`, 200, nil)
	for _, c := range []struct {
		subdomain, name string
		status          int
		code, field     string
	}{
		{"bob", "B", 409, "taken", "subdomain"},
		{"alice", "A", 409, "held", "subdomain"},
		{"admin", "A", 409, "reserved", "subdomain"}, {"WWW", "A", 409, "reserved", "subdomain"},
		{"", "A", 400, "bad_subdomain", "subdomain"}, {"a", "A", 400, "bad_subdomain", "subdomain"}, {"-a", "A", 400, "bad_subdomain", "subdomain"},
		{"a.b", "A", 400, "bad_subdomain", "subdomain"}, {"a b", "A", 400, "bad_subdomain", "subdomain"}, {"xn--bb-eka", "A", 400, "bad_subdomain", "subdomain"},
		{strings.Repeat("x", 64), "A", 400, "bad_subdomain", "subdomain"}, {"' OR 1", "A", 400, "bad_subdomain", "subdomain"},
		{"fern", " ", 400, "bad_display_name", "name"}, {"fern", strings.Repeat("x", 101), 400, "bad_display_name", "name"}, {"fern", "a\nb", 400, "bad_display_name", "name"},
	} {
		g.host.Clock.Advance(20 * time.Minute) // what was tried is forgotten
		var problem told
		if fay.askApex("POST", "/api/sites", wish(c.subdomain, c.name), c.status, &problem); problem.Error.Code != c.code || len(problem.Error.Message) < 10 {
			t.Errorf("%q, %q: %+v", c.subdomain, c.name, problem)
		}
		// The form says it beside the field, and keeps what was in it.
		status, _, text := fay.try("", "POST", "/sites/new", url.Values{"subdomain": {c.subdomain}, "name": {c.name}}.Encode())
		if status != c.status || !strings.Contains(text, `id="`+c.field+`-wrong" role="alert"`) || !strings.Contains(text, `aria-describedby="`+c.field+`-hint `+c.field+`-wrong" aria-invalid="true"`) {
			t.Errorf("%q, %q: the form: %d\n%s", c.subdomain, c.name, status, text)
		}
		if c.subdomain == "bob" && !strings.Contains(text, `value="bob"`) {
			t.Errorf("the form has forgotten what was in it:\n%s", text)
		}
	}
	for _, bad := range []string{``, `{`, `{"subdomain":"fern","displayName":"F","tier":"evergreen"}`, `{"subdomain":"fern","displayName":"F","ownerId":"x"}`} {
		fay.askApex("POST", "/api/sites", bad, 400, nil)
	}
	if n := one[int](g, `SELECT count(*) FROM tenants`); n != 2 {
		t.Errorf("there are %d sites", n)
	}
	// A name is free when it is held no longer.
	g.sql(`UPDATE subdomain_history SET hold_until = ?`, g.host.Clock.Now())
	g.host.Clock.Advance(20 * time.Minute)
	fay.askApex("POST", "/api/sites", wish("alice", "Another Alice"), 201, nil)
	if id := one[string](g, `SELECT owner_user_id FROM tenants WHERE subdomain = 'alice'`); id != fay.id {
		t.Errorf("it belongs to %s", id)
	}
}

func TestASiteIsStartedOnceAndOnlySoMany(t *testing.T) {
	g := open(t, "fay")
	fay, alice := g.people["fay"], g.people["alice"]
	g.host.Clock.Advance(time.Second) // ids are in the order in which they were made
	lost := g.host.Inject(local.D1Fault{SQL: "INSERT INTO tenants", Times: 1, AfterCommit: true})
	fay.askApex("POST", "/api/sites", wish("fern", "Fern"), 503, nil)
	if lost.Count() != 1 {
		t.Fatal("no answer was lost")
	}
	var s startedSite
	if fay.askApex("POST", "/api/sites", wish("fern", "Fern"), 200, &s); s.Subdomain != "fern" || s.Role != "owner" || s.Status != "active" || s.URL != "http://fern."+g.domain+"/" {
		t.Errorf("%+v", s)
	}
	if status, to := fay.form("/sites/new", url.Values{"subdomain": {"fern"}, "name": {"Fern"}}); status != 303 || to != "/?started=fern" {
		t.Errorf("the form, sent again: %d to %q", status, to)
	}
	for table, want := range map[string]int{"tenants": 1, "tenant_members": 1, "audit_log": 1} {
		column := "tenant_id"
		if table == "tenants" {
			column = "id"
		}
		if n := one[int](g, `SELECT count(*) FROM `+table+` WHERE `+column+` = ?`, s.ID); n != want {
			t.Errorf("%s has %d rows of the site", table, n)
		}
	}
	// To somebody else the name is taken.
	alice.askApex("POST", "/api/sites", wish("fern", "Fern"), 409, nil)
	g.host.Clock.Advance(20 * time.Minute)
	for _, name := range []string{"moss", "oak-tree"} {
		fay.askApex("POST", "/api/sites", wish(name, name), 201, nil)
		g.host.Clock.Advance(time.Second)
	}
	var problem told
	if fay.askApex("POST", "/api/sites", wish("fourth", "Fourth"), 403, &problem); problem.Error.Code != "quota" {
		t.Errorf("%+v", problem)
	}
	if status, _, text := fay.try("", "POST", "/sites/new", "subdomain=fourth&name=Fourth"); status != 403 || !strings.Contains(text, `role="alert">You own 3 sites`) {
		t.Errorf("the form: %d\n%s", status, text)
	}
	fay.askApex("POST", "/api/sites", wish("moss", "moss"), 200, nil) // but one that is there is told
	// One that is being deleted counts until it is gone.
	g.host.Clock.Advance(20 * time.Minute)
	g.sql(`UPDATE tenants SET status = 'deleting' WHERE subdomain = 'moss'`)
	fay.askApex("POST", "/api/sites", wish("fourth", "Fourth"), 403, nil)
	fay.askApex("POST", "/api/sites", wish("moss", "Moss"), 409, nil)
	g.sql(`DELETE FROM tenants WHERE subdomain = 'moss'`)
	fay.askApex("POST", "/api/sites", wish("fourth", "Fourth"), 201, nil)
	// A member elsewhere, in pages.
	g.sql(`INSERT INTO tenant_members (tenant_id, user_id, role, created_at) VALUES (?, ?, 'editor', 0)`, g.tenants["bob"], fay.id)
	g.sql(`UPDATE tenants SET status = 'suspended' WHERE subdomain = 'fern'`)
	var seen []string
	for path := "/api/sites?limit=2"; path != ""; {
		var list siteList
		fay.askApex("GET", path, "", 200, &list)
		for _, s := range list.Sites {
			seen = append(seen, s.Subdomain+" "+s.Role+" "+s.Status)
		}
		if path = ""; list.NextCursor != "" {
			path = "/api/sites?limit=2&cursor=" + list.NextCursor
		}
	}
	if got := strings.Join(seen, ", "); got != "bob editor active, fern owner suspended, oak-tree owner active, fourth owner active" {
		t.Errorf("fay's sites: %s", got)
	}
	fay.askApex("GET", "/api/sites?limit=0", "", 400, nil)
	fay.askApex("GET", "/api/sites?cursor=x", "", 400, nil)
}

func TestNobodyCanTryManyNames(t *testing.T) {
	g := open(t, "fay")
	fay := g.people["fay"]
	for range 6 { // after the fifth one has to wait
		fay.askApex("POST", "/api/sites", wish("bob", "Bob"), 409, nil)
	}
	status, header, text := fay.atApex("POST", "/api/sites", wish("bob", "Bob"))
	if status != 429 || header.Get("Retry-After") == "" || !strings.Contains(text, "rate_limited") {
		t.Errorf("%d %v\n%s", status, header, text)
	}
	status, header, text = fay.try("", "POST", "/sites/new", "subdomain=bob&name=Bob")
	if status != 429 || header.Get("Retry-After") == "" || !strings.Contains(text, `role="alert">You have tried several`) {
		t.Errorf("the form: %d %v\n%s", status, header, text)
	}
	g.people["alice"].askApex("POST", "/api/sites", wish("bob", "Bob"), 409, nil) // others do not
	g.host.Clock.Advance(time.Minute)
	fay.askApex("POST", "/api/sites", wish("fern", "Fern"), 201, nil)
}

func TestTheHomePageDoesNotDependOnTheListOfSites(t *testing.T) {
	g := open(t)
	g.host.Inject(local.D1Fault{SQL: "FROM tenant_members m JOIN tenants t"})
	if text := g.people["alice"].page("/", 200); strings.Contains(text, "You have no site yet") {
		t.Errorf("the home page says what is not known:\n%s", text)
	}
	var problem told
	if g.people["alice"].askApex("GET", "/api/sites", "", 503, &problem); problem.Error.Code != "unavailable" {
		t.Errorf("%+v", problem)
	}
}
