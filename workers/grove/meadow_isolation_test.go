//go:build !js

package main

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables/notification"
	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/meadow"
)

// asked are requests of every route of Meadow, with things of alice's: {note} is a notification, {cursor} and {notes} places in her lists, {ann} whom she follows,
// {victor} whom she blocks.
var asked = []struct{ method, path, body string }{
	{"GET", "/api/feed?cursor={cursor}", ""},
	{"GET", "/api/feed", ""},
	{"GET", "/api/following", ""},
	{"PUT", "/api/following/{vera}", ""},
	{"DELETE", "/api/following/{ann}", ""},
	{"GET", "/api/blocks", ""},
	{"GET", "/api/blocks/{victor}", ""},
	{"PUT", "/api/blocks/{ann}", `{"kind":"block"}`},
	{"DELETE", "/api/blocks/{victor}", ""},
	{"GET", "/api/notifications", ""},
	{"GET", "/api/notifications?cursor={notes}", ""},
	{"GET", "/api/notifications/unread", ""},
	{"GET", "/api/notifications/ws", ""},
	{"GET", "/following", ""},
	{"GET", "/following?list=blocks", ""},
	{"GET", "/notifications", ""},
	{"POST", "/people/{vera}/follow", ""},
	{"POST", "/people/{ann}/unfollow", ""},
	{"POST", "/people/{ann}/mute", ""},
	{"POST", "/people/{ann}/block", ""},
	{"POST", "/people/{victor}/unblock", ""},
	{"POST", "/api/notifications/read", `{"ids":["{note}"]}`},
	{"POST", "/api/notifications/read", `{"ids":"all"}`},
	{"POST", "/notifications/read", ""},
	{"GET", "/api/sites", ""},
	{"POST", "/api/sites", `{"subdomain":"alice","displayName":"Mine"}`},
	{"GET", "/sites/new", ""},
	{"POST", "/sites/new", ""},
}

// social is everything that is alice's, as text.
func social(g *grove) string {
	alice := g.people["alice"].id
	var b strings.Builder
	for _, query := range []string{`SELECT * FROM follows WHERE follower_id = ? ORDER BY 1, 2`, `SELECT * FROM user_blocks WHERE user_id = ? ORDER BY 1, 2`,
		`SELECT * FROM tenants WHERE owner_user_id = ?`} {
		_, rows, err := db.Prepare(query).Bind(alice).Raw(g.host.Context())
		if err != nil {
			g.Fatal(err)
		}
		fmt.Fprintln(&b, rows)
	}
	for _, of := range []struct{ class, object, query string }{
		{"FeedDO", "feed:", `SELECT post_id FROM feed_items ORDER BY 1`}, {"FeedDO", "feed:", `SELECT user_id FROM following ORDER BY 1`},
		{"NotificationDO", "notifications:", `SELECT id || ' ' || actor_count || ' ' || coalesce(read_at, 'new') FROM notifications ORDER BY 1`},
		{"NotificationDO", "notifications:", `SELECT user_id FROM blocks ORDER BY 1`},
	} {
		rows, err := local.Rows[string](g.host.Storage(of.class, of.object+alice), of.query)
		if err != nil {
			g.Fatal(err)
		}
		fmt.Fprintln(&b, rows)
	}
	return b.String()
}

func TestNobodyReadsOrChangesWhatIsAnothers(t *testing.T) {
	var listed []string
	for _, a := range asked {
		listed = append(listed, a.method+" "+a.path)
	}
	for _, pattern := range meadow.Patterns() {
		if !covered(pattern, listed) {
			t.Errorf("%s is not tested", pattern)
		}
	}
	g := open(t, "ann", "victor", "vera")
	alice, bob := g.people["alice"], g.people["bob"]
	names := map[string]string{"{ann}": g.people["ann"].id, "{victor}": g.people["victor"].id, "{vera}": g.people["vera"].id}
	for range 3 {
		publish(g, g.people["ann"], "Ann's garden", "x")
	}
	alice.follow(names["{ann}"])
	alice.meadow("PUT", "/api/blocks/"+names["{victor}"], `{"kind":"block"}`, 204, nil)
	for range 2 {
		event := notification.Event{Type: notification.Reaction, ActorID: names["{vera}"], TargetType: "post", TargetID: ids.New(g.host.Clock.Now())}
		if _, err := notification.AddNotification.Call(g.host.Context(), notification.Of(alice.id), event); err != nil {
			t.Fatal(err)
		}
	}
	var page feedPage
	var notes struct {
		Notifications []struct{ ID string }
		NextCursor    string
	}
	alice.meadow("GET", "/api/feed?limit=1", "", 200, &page)
	alice.meadow("GET", "/api/notifications?limit=1", "", 200, &notes)
	names["{cursor}"], names["{notes}"], names["{note}"] = url.QueryEscape(page.NextCursor), url.QueryEscape(notes.NextCursor), notes.Notifications[0].ID
	g.host.Clock.Advance(time.Minute)
	bob.feed() // he has objects of his own
	fill := func(text string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	send := func(p *person, method, path, body string, header http.Header) (int, string) {
		if body == "" && method == "POST" {
			body = "ids=" + names["{note}"]
			header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if strings.HasSuffix(path, "/ws") {
			for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
				"Grove-User": alice.id, "Grove-Session": "x"} {
				header.Set(name, value)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+g.domain+fill(path), strings.NewReader(fill(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header = header
		resp, err := p.browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text := make([]byte, 1<<20)
		n := 0
		if resp.StatusCode != http.StatusSwitchingProtocols {
			for {
				m, err := resp.Body.Read(text[n:])
				if n += m; err != nil {
					break
				}
			}
		} else if n, err = resp.Body.Read(text); err != nil { // the first message
			t.Fatal(err)
		}
		return resp.StatusCode, string(text[:n])
	}
	before := social(g)
	check := func(what string) {
		t.Helper()
		if after := social(g); after != before {
			t.Fatalf("%s changed what is alice's:\n%s\nwas\n%s", what, after, before)
		}
	}
	good := ""
	for _, c := range alice.browser.Jar.Cookies(&url.URL{Scheme: "http", Host: g.domain, Path: "/"}) {
		if c.Name == "grove_session" {
			good = c.Value
		}
	}
	forger := g.person("forger")
	for _, a := range asked {
		signedOut := 401
		if a.method == "GET" && !strings.HasPrefix(a.path, "/api/") {
			signedOut = 303
		}
		for what, cookie := range map[string]string{"nobody": "", "a forged signature": good[:len(good)-4] + "AAAA", "another's name": strings.Replace(good, alice.id, bob.id, 1), "her name on his": strings.Replace(good, "v1", "v2", 1)} {
			header := alice.apexHeader()
			if cookie != "" {
				header.Set("Cookie", "grove_session="+cookie)
			}
			if status, text := send(forger, a.method, a.path, a.body, header); status != signedOut {
				t.Errorf("%s: %s %s: %d, want %d\n%s", what, a.method, a.path, status, signedOut, text)
			}
		}
		forged := map[string]func(http.Header){}
		if a.method != "GET" || strings.HasSuffix(a.path, "/ws") {
			forged["the origin of a site"] = func(h http.Header) { h.Set("Origin", "http://alice."+g.domain) }
			forged["no origin"] = func(h http.Header) { h.Del("Origin") }
		}
		if a.method != "GET" {
			forged["no token"] = func(h http.Header) { h.Del("X-Csrf-Token") }
			forged["the token of a site"] = func(h http.Header) { h.Set("X-Csrf-Token", alice.csrf["alice"]) }
			forged["the token of another"] = func(h http.Header) { h.Set("X-Csrf-Token", bob.apexHeader().Get("X-Csrf-Token")) }
		}
		for what, forge := range forged {
			header := alice.apexHeader()
			forge(header)
			if status, text := send(alice, a.method, a.path, a.body, header); status != 403 {
				t.Errorf("%s: %s %s: %d, want 403\n%s", what, a.method, a.path, status, text)
			}
		}
	}
	check("a forged request")
	for _, a := range asked {
		status, text := send(bob, a.method, a.path, a.body, bob.apexHeader())
		if status == 401 || status == 403 || status >= 500 {
			t.Errorf("bob: %s %s: %d\n%s", a.method, a.path, status, text)
		}
		if a.method == "GET" && (strings.Contains(text, "garden") || strings.Contains(text, names["{note}"]) || strings.Contains(text, names["{victor}"]) || strings.Contains(text, `"unread":2`)) {
			t.Errorf("bob reads what is alice's: %s %s: %d\n%s", a.method, a.path, status, text)
		}
	}
	check("bob")
	for _, a := range asked {
		if status, text := send(alice, a.method, a.path, a.body, alice.apexHeader()); status == 401 || status == 403 || status >= 500 {
			t.Errorf("alice: %s %s: %d\n%s", a.method, a.path, status, text)
		}
	}
	if social(g) == before {
		t.Error("alice could change nothing: the test does not tell")
	}
}

func TestThePagesOfMeadow(t *testing.T) {
	g := open(t, "stranger", "ann")
	alice, bob, nobody := g.people["alice"], g.people["bob"], g.people["nobody"]
	const evil = `<script>alert(1)</script>"onclick=x`
	g.sql(`UPDATE users SET name = ? WHERE id = ?`, evil, g.people["ann"].id)
	publish(g, g.people["ann"], `<img src=x onerror=alert(1)>`, "# Hello")
	ann := "/people/" + g.people["ann"].id
	g.host.Clock.Advance(2 * time.Minute) // names are remembered for a minute

	if text := nobody.page("/", 200); !strings.Contains(text, `id="sign-in"`) || strings.Contains(text, "bell.mjs") {
		t.Errorf("the home page for nobody:\n%s", text)
	}
	if text := nobody.page(ann, 200); !strings.Contains(text, "Sign in to follow") || strings.Contains(text, "<form") {
		t.Errorf("a person, for nobody:\n%s", text)
	}
	for _, path := range []string{"/people/" + bob.id, "/people/x", "/people/" + ids.New(time.Now())} {
		nobody.page(path, 404) // who has published nothing is for those who are signed in
	}
	bob.page("/people/"+alice.id, 200)

	if text := bob.page("/", 200); !strings.Contains(text, "Welcome back, bob") || !strings.Contains(text, "nothing in your feed yet") || !strings.Contains(text, ann+"/follow") {
		t.Errorf("an empty feed:\n%s", text)
	}
	press := func(path, want string, fields url.Values) {
		t.Helper()
		if status, to := bob.form(path, fields); status != 303 || to != want {
			t.Errorf("%s: %d to %q, want %q", path, status, to, want)
		}
	}
	press(ann+"/follow", ann+"?done=follow", url.Values{})
	if text := bob.page(ann+"?done=follow", 200); !strings.Contains(text, "You follow them now") || !strings.Contains(text, "/unfollow") || strings.Contains(text, "<button>Follow") {
		t.Errorf("followed:\n%s", text)
	}
	home := bob.page("/", 200)
	if !strings.Contains(home, "&lt;img src=x onerror") || !strings.Contains(home, `href="http://alice.`+g.domain+`/posts/`) || !strings.Contains(home, `href="`+ann+`"`) {
		t.Errorf("the feed:\n%s", home)
	}
	g.host.Clock.Advance(time.Second)
	event := notification.Event{Type: notification.Reaction, ActorID: g.people["ann"].id, TargetType: "post", TargetID: one[string](g, `SELECT id FROM posts`)}
	if _, err := notification.AddNotification.Call(g.host.Context(), notification.Of(bob.id), event); err != nil {
		t.Fatal(err)
	}
	list := bob.page("/notifications", 200)
	if !strings.Contains(list, "&lt;script&gt;") || !strings.Contains(list, "Mark all as read") || !strings.Contains(list, `id="unread">1</span>`) {
		t.Errorf("the notifications:\n%s", list)
	}
	pages := map[string]string{"/": home, "/notifications": list, "/following": bob.page("/following", 200), ann: bob.page(ann, 200), "/?sort=relevance": bob.page("/?sort=relevance", 200), "/notifications?unread=1": bob.page("/notifications?unread=1", 200)}
	for path, text := range pages {
		if strings.Contains(text, "<script>") || strings.Contains(text, "<img src=x") || strings.Contains(text, `"onclick`) {
			t.Errorf("%s lets a script in:\n%s", path, text)
		}
		for _, file := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(text, -1) {
			bob.page(file[1], 200)
		}
		for _, button := range regexp.MustCompile(`<form[^>]*method="([^"]*)"[^>]*>(?s:.*?)</form>`).FindAllStringSubmatch(text, -1) {
			if button[1] != "post" || !strings.Contains(button[0], `name="csrf_token" value="`+bob.csrf[apex]) {
				t.Errorf("%s has a form without a token:\n%s", path, button[0])
			}
		}
	}
	id := regexp.MustCompile(`name="ids" value="([0-9a-f-]{36})"`).FindStringSubmatch(list)[1]
	press("/notifications/read", "/notifications", url.Values{"ids": {id}})
	if text := bob.page("/notifications", 200); strings.Contains(text, "Mark all as read") || !strings.Contains(text, `id="unread" hidden`) {
		t.Errorf("read:\n%s", text)
	}
	press("/notifications/read", "/notifications", url.Values{"ids": {"all"}})
	press(ann+"/block", "/following?list=blocks", url.Values{"from": {"blocks"}})
	if text := bob.page("/following?list=blocks", 200); !strings.Contains(text, "blocked") || !strings.Contains(text, "/unblock") {
		t.Errorf("the blocked:\n%s", text)
	}
	if text := bob.page(ann, 200); strings.Contains(text, "onerror") || strings.Contains(text, "/mute") || !strings.Contains(text, "/unblock") {
		t.Errorf("who is blocked:\n%s", text)
	}
	press(ann+"/unblock", ann+"?done=unblock", url.Values{})
	press(ann+"/mute", ann+"?done=mute", url.Values{})
	for path, want := range map[string]int{ann + "/poke": 404, "/people/x/follow": 404, "/people/" + bob.id + "/follow": 400, "/notifications/read": 400} {
		if status, _ := bob.form(path, url.Values{}); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

func TestWithoutFeedsTheWayToEverythingElseIsThere(t *testing.T) {
	g := open(t)
	bob := g.people["bob"]
	down := g.host.Inject(local.StorageFault{Class: "FeedDO", Object: "feed:" + bob.id, On: local.OnRead})
	text := bob.page("/", 503)
	down.Remove()
	if !strings.Contains(text, "cannot be shown just now") || !strings.Contains(text, "/notifications") {
		t.Errorf("%s", text)
	}
	d1 := g.host.Inject(local.D1Fault{SQL: "FROM follows"})
	defer d1.Remove()
	bob.page("/", 503)
	bob.meadow("GET", "/api/feed", "", 503, nil)
	bob.meadow("PUT", "/api/following/"+g.people["alice"].id, "", 503, nil)
}
