//go:build !js

package main

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// A site takes a session over from the apex by a code: for one browser, once, and for a minute.
func TestASiteIsEnteredOnceAndInItsBrowser(t *testing.T) {
	g := open(t)
	alice, thief := g.people["alice"], g.person("thief")
	site := "http://alice." + g.domain
	// begin returns where the apex sends the browser back to.
	begin := func(p *person) string {
		t.Helper()
		_, header, _ := p.send("GET", site+"/auth/login?return_to=%2Fposts%2Fx", "", nil)
		status, back, text := alice.send("GET", header.Get("Location"), "", nil)
		if status != 303 || !strings.HasPrefix(back.Get("Location"), site+"/auth/enter?") {
			t.Fatalf("%d to %q\n%s", status, back.Get("Location"), text)
		}
		return back.Get("Location")
	}
	refused := func(what string, p *person, address string) {
		t.Helper()
		if status, header, _ := p.send("GET", address, "", nil); status != 400 || strings.Contains(strings.Join(header["Set-Cookie"], ";"), "grove_session=v1") {
			t.Errorf("%s: %d %v", what, status, header["Set-Cookie"])
		}
	}
	address := begin(alice)
	refused("a browser that began nothing", thief, address)
	begin(thief)
	refused("a browser that began another", thief, address)
	address = begin(alice)
	if status, header, text := alice.send("GET", address, "", nil); status != 303 || header.Get("Location") != "/posts/x" || !strings.Contains(strings.Join(header["Set-Cookie"], ";"), "grove_session=v1") {
		t.Errorf("%d to %q\n%s", status, header.Get("Location"), text)
	}
	begin(alice) // the cookie of a handoff is there again
	refused("a second time", alice, address)
	address = begin(alice)
	alice.send("GET", "http://bob."+g.domain+"/auth/login?return_to=%2F", "", nil) // for the cookie
	refused("another site", alice, strings.Replace(address, "alice."+g.domain, "bob."+g.domain, 1))
	refused("another code", alice, strings.Replace(address, "code=", "code=x", 1))
	address = begin(alice)
	g.host.Clock.Advance(time.Minute)
	refused("after a minute", alice, address)
	for what, query := range map[string]string{"a site that is none of ours": "site=evil.test", "the apex": "site=" + g.domain, "a path elsewhere": "site=alice." + g.domain + "&path=https%3A%2F%2Fevil.test"} {
		if !strings.Contains(query, "path") {
			query += "&path=%2F"
		}
		refused(what, alice, "http://"+g.domain+"/auth/handoff?binding="+strings.Repeat("a", 64)+"&"+query)
	}
	if status, header, _ := thief.send("GET", "http://"+g.domain+"/auth/handoff?site=alice."+g.domain+"&path=%2F&binding="+strings.Repeat("a", 64), "", nil); status != 303 || !strings.HasPrefix(header.Get("Location"), "/auth/login?") {
		t.Errorf("somebody who is not signed in: %d to %q", status, header.Get("Location"))
	}
}

func TestWhatHappensToAnAccountIsWrittenDown(t *testing.T) {
	g := open(t)
	alice := g.people["alice"]
	g.host.Clock.Advance(time.Second)
	alice.atApex("GET", "/", "")
	if status, _, text := alice.atApex("POST", "/auth/sessions/revoke-all", `{"exceptCurrent":true}`); status != 200 {
		t.Fatalf("%d\n%s", status, text)
	}
	g.host.Clock.Advance(time.Second)
	if status, _, text := alice.atApex("POST", "/auth/logout", ""); status != 303 {
		t.Fatalf("%d\n%s", status, text)
	}
	if got := one[string](g, `SELECT group_concat(event || ' ' || provider || ' ' || ip_prefix, ', ') FROM (SELECT * FROM auth_audit WHERE user_id = ? ORDER BY created_at, id)`, alice.id); got != "sign_in dev 127.0.0.0/24, sessions_revoked  127.0.0.0/24, sign_out  127.0.0.0/24" {
		t.Errorf("the history says %q", got)
	}
}

func TestEverywhereElseIsSignedOutByAForm(t *testing.T) {
	g := open(t)
	lost := g.people["alice"]
	g.signIn("alice")
	here := g.people["alice"]
	if status, _, text := here.send("GET", "http://"+g.domain+"/settings/sessions/confirm", "", nil); status != 200 || !strings.Contains(text, "Sign out everywhere else?") {
		t.Errorf("%d\n%s", status, text)
	}
	if status, to := here.form("/settings/sessions/others", url.Values{}); status != 303 || to != "/settings/sessions?done=others" {
		t.Errorf("%d to %q", status, to)
	}
	for p, want := range map[*person]int{lost: 401, here: 200} {
		if status, _, _ := p.atApex("GET", "/auth/session", ""); status != want {
			t.Errorf("%d, want %d", status, want)
		}
	}
}
