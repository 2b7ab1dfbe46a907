//go:build !js

package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/analytics"
	"grove.place/lattice/durables/tenant"
	"grove.place/lattice/workers/grove/ids"
)

func TestAnUnknownSiteMakesNoObject(t *testing.T) {
	g := open(t)
	before, err := g.host.Objects("TenantDO")
	if err != nil {
		t.Fatal(err)
	}
	nobody := g.people["nobody"]
	for _, site := range []string{"carol", "carol", "not-here", "www", "x--y"} {
		if status, text := nobody.at(site, "GET", "/", ""); status != 404 || !strings.Contains(text, "There is no such site") {
			t.Errorf("%s: %d\n%s", site, status, text)
		}
		if status, text := nobody.at(site, "GET", "/api/admin/posts", ""); status != 404 {
			t.Errorf("%s, API: %d\n%s", site, status, text)
		}
	}
	if after, err := g.host.Objects("TenantDO"); err != nil || len(after) != len(before) {
		t.Errorf("%d objects, before there were %d: %v", len(after), len(before), err)
	}
	// A site that is made later is there within a minute.
	now := g.host.Clock.Now()
	g.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, created_at, updated_at) VALUES (?, 'carol', ?, 'Carol', 0, 0)`, ids.New(now), g.people["alice"].id)
	g.host.Clock.Advance(time.Minute)
	if status, text := nobody.at("carol", "GET", "/", ""); status != 200 || !strings.Contains(text, "Carol") {
		t.Errorf("a new site: %d\n%s", status, text)
	}
}

func TestASuspendedSiteIsNotShown(t *testing.T) {
	g := open(t)
	g.sql(`UPDATE tenants SET status = 'suspended', config_version = config_version + 1 WHERE subdomain = 'alice'`)
	g.host.Clock.Advance(6 * time.Minute)
	for who, path := range map[string]string{"nobody": "/", "alice": "/api/admin/posts"} {
		if status, text := g.people[who].at("alice", "GET", path, ""); status != 403 || !strings.Contains(text, "suspended") && !strings.Contains(text, "not shown just now") {
			t.Errorf("%s: %d\n%s", path, status, text)
		}
	}
	if status, _ := g.people["nobody"].at("bob", "GET", "/", ""); status != 200 {
		t.Errorf("the other site: %d", status)
	}
}

func TestARenamedSiteIsAtItsNewNameOnly(t *testing.T) {
	g := open(t)
	alice, nobody := g.people["alice"], g.people["nobody"]
	alice.ask("alice", "PUT", "/api/admin/name", `{"subdomain":"bob"}`, 409, nil)
	alice.ask("alice", "PUT", "/api/admin/name", `{"subdomain":"wonder"}`, 200, nil)
	for site, want := range map[string]int{"wonder": 200, "alice": 404} {
		if status, text := nobody.at(site, "GET", "/", ""); status != want {
			t.Errorf("%s: %d, want %d\n%s", site, status, want, text)
		}
	}
	// Another isolate renames it: this one learns of it from the site's object.
	if r, err := tenant.Rename.Call(g.host.Context(), tenant.Of(g.tenants["alice"]), "third"); err != nil || r.Problem != "" {
		t.Fatal(r, err)
	}
	for site, want := range map[string]int{"wonder": 404, "third": 200} {
		if status, text := nobody.at(site, "GET", "/", ""); status != want {
			t.Errorf("after the second name, %s: %d, want %d\n%s", site, status, want, text)
		}
	}
}

func TestManyRequestsFromOnePlaceHaveToWait(t *testing.T) {
	g := open(t)
	g.sql(`UPDATE tenants SET tier = 'wanderer', config_version = config_version + 1 WHERE subdomain = 'alice'`)
	if _, err := tenant.Invalidate.Call(g.host.Context(), tenant.Of(g.tenants["alice"]), durables.None{}); err != nil {
		t.Fatal(err)
	}
	nobody := g.people["nobody"]
	get := func(ip string) (int, http.Header, string) {
		return nobody.send("GET", "http://alice."+g.domain+"/", "", http.Header{"Test-From": {ip}})
	}
	for i := range 120 {
		if status, _, text := get("198.51.100.7"); status != 200 {
			t.Fatalf("request %d: %d\n%s", i+1, status, text)
		}
	}
	for range 2 { // the second one is refused from memory
		if status, header, text := get("198.51.100.200"); status != 429 || header.Get("Retry-After") != "1" || !strings.Contains(text, "a little fast") {
			t.Errorf("%d, Retry-After %q\n%s", status, header.Get("Retry-After"), text)
		}
	}
	if status, _, _ := get("203.0.113.9"); status != 200 {
		t.Errorf("another network: %d", status)
	}
	g.host.Clock.Advance(time.Second)
	if status, _, _ := get("198.51.100.7"); status != 200 {
		t.Errorf("after the wait: %d", status)
	}
}

func TestOnlyPagesThatPeopleSeeAreCounted(t *testing.T) {
	g := open(t)
	ann := g.people["alice"]
	publish(g, ann, "Hello", "text")
	nobody := g.people["nobody"]
	view := func(path string, header http.Header) {
		h := nobody.header("alice")
		for name, values := range header {
			h[name] = values
		}
		nobody.send("GET", "http://alice."+g.domain+path, "", h)
	}
	view("/", nil)
	view("/posts/hello", nil)
	for _, path := range []string{"/posts/none", "/nothing", "/assets/grove.css", "/trails/none", "/api/admin/posts", "/auth/session", "/media/x.png"} {
		view(path, nil)
	}
	for name, value := range map[string]string{"Dnt": "1", "Sec-Gpc": "1", "User-Agent": "ExampleBot/1.0", "Sec-Purpose": "prefetch"} {
		view("/", http.Header{name: {value}})
	}
	g.host.Clock.Advance(time.Minute)
	stats, err := analytics.GetStats.Call(g.host.Context(), analytics.Of(g.tenants["alice"], analytics.Day(g.host.Clock.Now().UnixMilli())), durables.None{})
	if err != nil || stats.PageViews != 2 || stats.UniqueVisitors != 1 || stats.PostsCreated != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
	var answer analytics.DailyStats
	if ann.ask("alice", "GET", "/api/admin/analytics", "", 200, &answer); answer.PageViews != 2 {
		t.Errorf("%+v", answer)
	}
	ann.ask("alice", "GET", "/api/admin/analytics?day=2999-01-01", "", 400, nil)
}

type madePost struct {
	ID, Slug, Status string
	Version          int64
}

func publish(g *grove, by *person, title, body string) (p madePost) {
	g.Helper()
	by.ask("alice", "POST", "/api/admin/posts", fmt.Sprintf(`{"title":%q,"body":%q,"tags":["Go"," go "]}`, title, body), 201, &p)
	by.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/publish", `{"version":1}`, 200, &p)
	return p
}

func TestThePathOfAPost(t *testing.T) {
	g := open(t, "ann")
	ann, alice, nobody := g.people["ann"], g.people["alice"], g.people["nobody"]
	p := publish(g, ann, "My Garden", "# Roses\n\nthey are *red* <b onclick=x>and</b>\n\n<script>alert(1)</script>")
	if p.Slug != "my-garden" || p.Status != "published" || p.Version != 2 {
		t.Fatalf("%+v", p)
	}
	if status, text := nobody.at("alice", "GET", "/posts/my-garden", ""); status != 200 || !strings.Contains(text, "<em>red</em>") || strings.Contains(text, "alert(1)") || strings.Contains(text, "onclick") || !strings.Contains(text, "My Garden") {
		t.Errorf("%d\n%s", status, text)
	}
	if status, text := nobody.at("alice", "GET", "/", ""); status != 200 || !strings.Contains(text, `href="/posts/my-garden"`) {
		t.Errorf("%d\n%s", status, text)
	}
	if status, _ := nobody.at("bob", "GET", "/posts/my-garden", ""); status != 404 {
		t.Errorf("the post is on another site: %d", status)
	}
	// Two writers.
	at := "/api/admin/posts/" + p.ID
	ann.ask("alice", "PUT", at, `{"title":"My Roses","slug":"roses","body":"new","version":2}`, 200, &p)
	var conflict struct{ Current struct{ Title, Body string } }
	if alice.ask("alice", "PUT", at, `{"title":"Late","body":"late","version":2}`, 409, &conflict); conflict.Current.Body != "new" {
		t.Errorf("%+v", conflict)
	}
	status, header, _ := nobody.send("GET", "http://alice."+g.domain+"/posts/my-garden", "", nil)
	if status != 301 || header.Get("Location") != "/posts/roses" {
		t.Errorf("the former address: %d to %q", status, header.Get("Location"))
	}
	var second madePost
	if ann.ask("alice", "POST", "/api/admin/posts", `{"title":"Roses","body":"x"}`, 201, &second); second.Slug != "roses-2" {
		t.Errorf("%+v", second)
	}
	ann.ask("alice", "POST", "/api/admin/posts", `{"title":"Roses","slug":"roses","body":"x"}`, 409, nil)
	for _, bad := range []string{`{"title":" ","body":"x"}`, `{"title":"x","slug":"UPPER","body":"x"}`, `{"title":"x","slug":"new"}`, `{"title":"x","status":"published"}`, `{`, ``} {
		ann.ask("alice", "POST", "/api/admin/posts", bad, 400, nil)
	}
	// Taken back, and gone.
	ann.ask("alice", "POST", at+"/unpublish", `{"version":3}`, 200, &p)
	ann.ask("alice", "POST", at+"/unpublish", `{"version":3}`, 200, nil) // again, because the answer was lost
	for _, path := range []string{"/posts/roses", "/posts/my-garden"} {
		if status, _ := nobody.at("alice", "GET", path, ""); status != 404 {
			t.Errorf("%s is still there: %d", path, status)
		}
	}
	ann.ask("alice", "DELETE", at, "", 204, nil)
	ann.ask("alice", "DELETE", at, "", 404, nil)
	if got := one[string](g, `SELECT status || body_md || body_html || title FROM posts WHERE id = ?`, p.ID); got != "deleted" {
		t.Errorf("of a deleted post D1 keeps %q", got)
	}
	if got := one[string](g, `SELECT group_concat(action, ' ') FROM (SELECT action FROM audit_log WHERE detail LIKE '%' || ? || '%' ORDER BY action)`, p.ID); got != "post_created post_deleted post_published post_unpublished post_updated" {
		t.Errorf("the audit log has %q", got)
	}
	var list struct {
		Posts      []madePost
		NextCursor string
	}
	for i := range 3 {
		g.host.Clock.Advance(time.Second) // of two that were made within a millisecond either may come first
		publish(g, ann, fmt.Sprintf("Post %d", i), "x")
	}
	var seen []string
	for path := "/api/admin/posts?limit=2"; ; path = "/api/admin/posts?limit=2&cursor=" + list.NextCursor {
		list.NextCursor = ""
		ann.ask("alice", "GET", path, "", 200, &list)
		for _, p := range list.Posts {
			seen = append(seen, p.Slug)
		}
		if list.NextCursor == "" {
			break
		}
	}
	if got := strings.Join(seen, " "); got != "post-2 post-1 post-0 roses-2" {
		t.Errorf("the pages of the list: %s", got)
	}
}

func TestADraftThatWasSavedElsewhere(t *testing.T) {
	g := open(t, "ann", "ed")
	ann := g.people["ann"]
	at := "/api/admin/drafts/" + ids.New(g.host.Clock.Now())
	save := func(content string, base int) string {
		return fmt.Sprintf(`{"slug":"s","content":%q,"metadata":{"title":"T","tags":[]},"baseRevision":%d,"deviceId":"desk"}`, content, base)
	}
	var d struct {
		Revision int64
		AuthorID string
	}
	ann.ask("alice", "PUT", at, save("one", 0), 200, nil)
	if g.people["ed"].ask("alice", "PUT", at, save("two", 1), 200, &d); d.Revision != 2 || d.AuthorID != ann.id {
		t.Errorf("an editor took the draft from its author: %+v", d)
	}
	var conflict struct {
		Current, Yours struct{ Content string }
		Deleted        bool
	}
	if ann.ask("alice", "PUT", at, save("three", 1), 409, &conflict); conflict.Current.Content != "two" || conflict.Yours.Content != "three" {
		t.Errorf("%+v", conflict)
	}
	ann.ask("alice", "DELETE", at, "", 204, nil)
	if ann.ask("alice", "PUT", at, save("four", 2), 409, &conflict); !conflict.Deleted {
		t.Errorf("%+v", conflict)
	}
	ann.ask("alice", "GET", at, "", 404, nil)
}

func TestImages(t *testing.T) {
	g := open(t)
	alice, nobody := g.people["alice"], g.people["nobody"]
	for _, bad := range []string{"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>", "<html>", "plain", ""} {
		alice.ask("alice", "POST", "/api/admin/media", bad, 415, nil)
	}
	var m struct{ ID, URL, Mime string }
	alice.ask("alice", "POST", "/api/admin/media?alt=A+rose", png, 201, &m)
	status, header, body := nobody.send("GET", "http://alice."+g.domain+m.URL, "", nil)
	if status != 200 || body != png || header.Get("Content-Type") != "image/png" || !strings.Contains(header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", status, header)
	}
	if status, _, _ := nobody.send("GET", "http://alice."+g.domain+m.URL, "", http.Header{"If-None-Match": {header.Get("ETag")}}); status != 304 {
		t.Errorf("the same image again: %d", status)
	}
	if used := one[int](g, `SELECT storage_used FROM tenants WHERE subdomain = 'alice'`); used != len(png) {
		t.Errorf("%d bytes used", used)
	}
	alice.ask("alice", "POST", "/api/admin/media", "\x89PNG\r\n\x1a\n"+strings.Repeat("x", 10<<20), 413, nil)
	g.sql(`UPDATE tenants SET storage_used = ? WHERE subdomain = 'alice'`, int64(100)<<30)
	alice.ask("alice", "POST", "/api/admin/media", png, 403, nil)
	alice.ask("alice", "DELETE", "/api/admin/media/"+m.ID, "", 204, nil)
	if status, _ := nobody.at("alice", "GET", m.URL, ""); status != 404 {
		t.Errorf("a deleted image: %d", status)
	}
}

func TestAPrivateTrailIsForMembers(t *testing.T) {
	g := open(t, "vera", "ed")
	g.people["ed"].ask("alice", "PUT", "/api/admin/trails/book", `{"name":"The book","visibility":"private","version":0,"waypoints":[]}`, 200, nil)
	for who, want := range map[string]int{"nobody": 404, "bob": 404, "vera": 200, "alice": 200} {
		if status, text := g.people[who].at("alice", "GET", "/trails/book", ""); status != want {
			t.Errorf("%s: %d, want %d\n%s", who, status, want, text)
		}
	}
}

func TestTheLiveDashboard(t *testing.T) {
	g := open(t)
	alice := g.people["alice"]
	header := alice.header("alice")
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Grove-User": "somebody", "Grove-Session": "else"} {
		header.Set(name, value)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://alice."+g.domain+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := alice.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the socket is answered with %d", resp.StatusCode)
	}
	read := func() string {
		head := make([]byte, 2)
		if _, err := io.ReadFull(resp.Body, head); err != nil || head[0] != 0x81 || head[1] > 125 {
			t.Fatalf("frame % x, %v", head, err)
		}
		text := make([]byte, head[1])
		if _, err := io.ReadFull(resp.Body, text); err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if hello := read(); !strings.Contains(hello, `"hello"`) {
		t.Errorf("%s", hello)
	}
	g.people["nobody"].at("alice", "GET", "/", "")
	if event := read(); !strings.Contains(event, `"page_view"`) || !strings.Contains(event, `"recent":1`) {
		t.Errorf("%s", event)
	}
	// The socket belongs to the session, whatever the browser said.
	if n, err := tenant.CloseSession.Call(g.host.Context(), tenant.Of(g.tenants["alice"]), "else"); err != nil || n != 0 {
		t.Errorf("%d sockets of another session, %v", n, err)
	}
}
