//go:build !js

package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/heartwood"
)

// everyRoute are the rules of all routes, with the host that each is for: that of alice's site, or the apex "".
func everyRoute(t *testing.T) (list []struct {
	rule
	site, method string
}) {
	add := func(site, method string, r rule) {
		list = append(list, struct {
			rule
			site, method string
		}{r, site, method})
	}
	rules, methods := siteRules(t)
	for i, r := range rules {
		add("alice", methods[i], r)
	}
	for _, pattern := range slices.Sorted(maps.Keys(atApex)) {
		method, _, _ := strings.Cut(pattern, " ")
		if r := atApex[pattern]; r.needs != "" {
			add(apex, method, r)
		}
	}
	return list
}

func (g *grove) address(site string) string {
	if site == apex {
		return "http://" + g.domain
	}
	return "http://" + site + "." + g.domain
}

// cookieAt is the person's session cookie at a site, or at the apex.
func (p *person) cookieAt(site string) string {
	at, _ := url.Parse(p.g.address(site))
	for _, c := range p.browser.Jar.Cookies(at) {
		if c.Name == heartwood.SessionCookie {
			return c.Value
		}
	}
	return ""
}

func (p *person) headerAt(site string) http.Header {
	if site == apex {
		return p.apexHeader()
	}
	return p.header(site)
}

func TestForgedRequestsAreRefusedEverywhere(t *testing.T) {
	g := open(t, "stranger", "victor", "vera", "ann", "ed", "fay", "mallory")
	names := marked(g)
	fill := func(text string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	owner, bob, bare := g.people["alice"], g.people["bob"], g.person("forger")
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, owner.id) // so that nothing but the forgery is in the way
	ended := g.people["mallory"].cookieAt("alice")
	g.people["mallory"].ask("alice", "POST", "/auth/logout", "", 303, nil)
	part := func(cookie string, i int) string { return strings.Split(cookie, ".")[i] }
	before, seen := ofAlice(g, false), map[string]bool{}
	for _, r := range everyRoute(t) {
		whole := !seen[r.method+r.site] // each forgery for one route, the likeliest for all
		seen[r.method+r.site] = true
		good, other := owner.cookieAt(r.site), "alice"
		if r.site == "alice" {
			other = apex
		}
		what := fmt.Sprintf("%s %s%s", r.method, r.site, r.path)
		body := fill(r.body)
		for forgery, cookie := range map[string]string{
			"nothing": "", "no MAC": strings.TrimSuffix(good, part(good, 4)), "cut": good[:len(good)-1], "another MAC": strings.TrimSuffix(good, part(good, 4)) + part(bob.cookieAt(r.site), 4),
			"her name on his session": strings.Replace(bob.cookieAt(r.site), bob.id, owner.id, 1), "his session in hers": strings.Replace(good, part(good, 3), part(bob.cookieAt(r.site), 3), 1),
			"another key": strings.Replace(good, "."+part(good, 1)+".", ".k0.", 1), "a later version": "v2" + good[2:], "her cookie of another host": owner.cookieAt(other),
			"her cookie of another site": owner.cookieAt("bob"), "a session that is over": ended, "long": good + strings.Repeat("A", 4000), "text": "'--",
		} {
			if !whole && !slices.Contains([]string{"nothing", "her name on his session", "her cookie of another host"}, forgery) {
				continue
			}
			header := owner.headerAt(r.site)
			header["Cookie"] = []string{"grove_session=" + cookie}
			status, answer, text := bare.send(r.method, g.address(r.site)+fill(r.path), body, header)
			if r.needs != "anybody" && status != r.want(r.method, r.path, false, false) {
				t.Errorf("%s: %s: %d, want %d\n%s", forgery, what, status, r.want(r.method, r.path, false, false), text)
			}
			safe(t, forgery+": "+what, status, answer, text, secret)
		}
		if r.method == "GET" && r.needs != "anybody" {
			if status, _, _ := bare.send("HEAD", g.address(r.site)+fill(r.path), "", http.Header{}); status != 401 {
				t.Errorf("HEAD for nobody: %s: %d, want 401", what, status)
			}
		}
		if r.method == "GET" && !strings.HasSuffix(r.path, "/ws") && r.path != "/api/live" || r.needs == "anybody" && r.method != "GET" {
			continue
		}
		if r.method != "GET" {
			header := owner.headerAt(r.site)
			header.Del("Origin")
			header.Set("Referer", g.address(r.site)+".evil.example/")
			if status, _, text := owner.send(r.method, g.address(r.site)+fill(r.path), body, header); status != 403 {
				t.Errorf("a referrer of elsewhere: %s: %d\n%s", what, status, text)
			}
		}
		forgeries := map[string]func(h http.Header){
			"another site's origin":   func(h http.Header) { h.Set("Origin", g.address("bob")) },
			"the other host's origin": func(h http.Header) { h.Set("Origin", g.address(other)) },
			"a longer origin":         func(h http.Header) { h.Set("Origin", g.address(r.site)+".evil.example") },
			"another scheme":          func(h http.Header) { h.Set("Origin", strings.Replace(g.address(r.site), "http:", "https:", 1)) },
			"another port":            func(h http.Header) { h.Set("Origin", g.address(r.site)+"1") },
			"a null origin":           func(h http.Header) { h.Set("Origin", "null") },
			"no origin":               func(h http.Header) { h.Del("Origin") },
			"a cross-site fetch":      func(h http.Header) { h.Del("Origin"); h.Set("Sec-Fetch-Site", "same-site") },
			"another's referrer":      func(h http.Header) { h.Del("Origin"); h.Set("Referer", g.address("bob")+"/"+g.address(r.site)) },
		}
		if r.method != "GET" {
			maps.Copy(forgeries, map[string]func(h http.Header){
				"no token":               func(h http.Header) { h.Del("X-Csrf-Token") },
				"another host's token":   func(h http.Header) { h.Set("X-Csrf-Token", owner.csrf["bob"]) },
				"the other host's token": func(h http.Header) { h.Set("X-Csrf-Token", owner.headerAt(other).Get("X-Csrf-Token")) },
				"another's token":        func(h http.Header) { h.Set("X-Csrf-Token", bob.headerAt(r.site).Get("X-Csrf-Token")) },
				"half a token":           func(h http.Header) { h.Set("X-Csrf-Token", h.Get("X-Csrf-Token")[:20]) },
			})
		}
		for forgery, change := range forgeries {
			if !whole && !slices.Contains([]string{"the other host's origin", "no origin", "no token", "another's token"}, forgery) {
				continue
			}
			header := owner.headerAt(r.site)
			change(header)
			status, answer, text := owner.send(r.method, g.address(r.site)+fill(r.path), body, header)
			if status != 403 {
				t.Errorf("%s: %s: %d, want 403\n%s", forgery, what, status, text)
			}
			safe(t, forgery+": "+what, status, answer, text, secret)
		}
		// A method that is only claimed is none.
		header := owner.headerAt(r.site)
		for _, name := range []string{"X-Http-Method-Override", "X-Method-Override", "X-Http-Method"} {
			header.Set(name, r.method)
		}
		header.Del("X-Csrf-Token")
		for _, method := range []string{"GET", "OPTIONS"} {
			if r.method != "GET" {
				status, answer, text := owner.send(method, g.address(r.site)+fill(r.path)+"?_method="+r.method, "", header)
				safe(t, method+" instead of "+what, status, answer, text)
			}
		}
	}
	if changed := differs(before, ofAlice(g, false)); changed != "" {
		t.Errorf("a forged request changed something:\n%s", changed)
	}
}

// serve has the host answer a request as it would stand on the wire, without a client that tidies it.
func (g *grove) serve(method, host, target string, header http.Header) *httptest.ResponseRecorder {
	g.Helper()
	r := httptest.NewRequest(method, "http://x/", nil)
	at, err := url.ParseRequestURI(target)
	if err != nil {
		g.Fatal(err)
	}
	r.URL, r.RequestURI, r.Host, r.Header = at, target, host, header
	w := httptest.NewRecorder()
	g.host.ServeHTTP(w, r)
	return w
}

func TestHostsAndPathsAreWhatTheySay(t *testing.T) {
	g := open(t, "stranger", "victor", "vera", "ann", "ed", "fay")
	names := marked(g)
	d := g.domain
	for host, want := range map[string]int{
		"alice." + d: 200, "ALICE." + strings.ToUpper(d): 200, "alice." + d + ".": 404, "alice." + d + ".evil.example": 404, "alice." + d + "1": 404, "alice.localhost": 404, "alice": 404, "": 404,
		"evil.example": 404, "x.alice." + d: 404, ".alice." + d: 404, "alice-." + d: 404, "auth." + d: 404, "alice%2e" + d: 404, "alice\x00." + d: 404,
		"nobody-writes-here." + d: 404, "alice." + d + ":80": 404, strings.Repeat("a", 64) + "." + d: 404,
	} {
		w := g.serve("GET", host, "/", http.Header{"X-Forwarded-Host": {"alice." + d}, "Forwarded": {"host=alice." + d}, "X-Original-Url": {"/admin"}})
		if w.Code == http.StatusBadRequest && want == 404 {
			continue // the platform knows already that this is no host
		}
		if w.Code != want || w.Code == 200 != strings.Contains(w.Body.String(), public) {
			t.Errorf("%q: %d, want %d\n%s", host, w.Code, want, w.Body)
		}
		safe(t, host, w.Code, w.Header(), w.Body.String(), secret)
	}
	tenants, err := g.host.Objects("TenantDO")
	if err != nil || len(tenants) != 1 {
		t.Errorf("%d sites have objects, want alice's: %v", len(tenants), err)
	}
	// At bob's site, as its owner: nothing leads to alice's.
	bob := http.Header{"Cookie": {"grove_session=" + g.people["bob"].cookieAt("bob")}}
	id, image := names["{post}"], g.tenants["alice"]+"/"+names["{medium}"]+".png"
	escaped := strings.ReplaceAll(image, "/", "%2f")
	for _, path := range []string{
		"//evil.example/", "/\\evil.example", "/%5cevil.example", "//evil.example/%2e%2e", "///evil.example", "/./evil.example", "/posts//talk", "/posts/../admin", "/posts/%2e%2e/admin", "/%2e%2e/admin", "/posts%2ftalk", "/..%2fadmin",
		"/media/..%2f" + escaped, "/media/%2e%2e%2f" + escaped, "/media/../" + image, "/media/" + image, "/media/" + escaped, "/media/" + names["{medium}"] + ".png%00", "/media/" + names["{medium}"] + ".png/../x",
		"/media/%2e%2e", "/assets/..%2f..%2frouter.go", "/assets/%2e%2e%2fpages.go", "/assets/", "/assets/../admin", "/assets/page.mjs%00", "/assets/page%2emjs", "/assets//page.mjs",
		"/api/admin/posts/" + id, "/api/admin/posts/" + id + "%00", "/api/admin/posts/" + id + "/", "/api/admin/posts/" + strings.ToUpper(id), "/api/admin/posts/%20" + id, "/api//admin/posts/" + id, "/API/admin/posts/" + id, "/api/admin/posts/..%2f" + id,
		"/api/posts/" + id + "%2f..%2f" + id + "/comments", "/posts/talk;x=1", "/posts/talk%0d%0aSet-Cookie:%20x=y", "/posts/%ff%fe", "/trails/book%00", "/auth/login?return_to=//evil.example", "/auth/login?return_to=%2f%5cevil.example",
		"/auth/login?return_to=/%09/evil.example", "/auth/login?return_to=javascript:alert(1)", "/auth/login?return_to=http://alice." + d + ".evil.example/", "/auth/enter?path=//evil.example&code=x", "/auth/handoff", "/operator", "/settings/sessions", "/api/feed",
	} {
		w := g.serve("GET", "bob."+d, path, bob)
		safe(t, "bob's "+path, w.Code, w.Header(), w.Body.String(), secret, public)
		if to := w.Header().Get("Location"); to != "" && !regexp.MustCompile(`^(/([^/\\]|$)|http://`+regexp.QuoteMeta(d)+`/auth/handoff\?)`).MatchString(to) || strings.Contains(to, "path=%2F%2F") {
			t.Errorf("%s leads to %s", path, to)
		}
	}
	for _, path := range []string{"/api/admin/../admin/posts", "/api/x/../admin/posts", "//api/admin/posts", "/api/admin%2fposts", "/api/admin/posts?csrf_token=x", "/api/admin/posts/", "/Admin", "/admin/", "/admin;x", "/admin%2f", "/./admin"} {
		w := g.serve("GET", "alice."+d, path, http.Header{})
		safe(t, "alice's "+path, w.Code, w.Header(), w.Body.String(), secret)
		if w.Code == 200 {
			t.Errorf("%s: %d\n%s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/auth/login?return_to=//evil.example", "/auth/login/dev?return_to=https://evil.example", "/auth/handoff?site=evil.example&path=/&binding=" + strings.Repeat("a", 64), "/auth/handoff?site=alice." + d + ".evil.example&path=/&binding=" + strings.Repeat("a", 64),
		"/auth/handoff?site=alice." + d + "&path=//evil.example&binding=" + strings.Repeat("a", 64)} {
		if w := g.serve("GET", d, path, http.Header{"Cookie": {"grove_session=" + g.people["bob"].cookieAt(apex)}}); w.Code != 400 {
			t.Errorf("%s: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestNoInputBreaksARoute(t *testing.T) {
	g := open(t, "stranger", "victor", "vera", "ann", "ed", "fay")
	names := marked(g)
	alice := g.people["alice"]
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, alice.id)
	fill := func(text string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	taken := regexp.MustCompile(`\{[a-z]+\}`)
	bodies := []string{"{", "null", "[]", `"x"`, "{\"\x00\":1}", "\xff\xfe", strings.Repeat("[", 20_000), `{"title":1,"content":{},"ids":[1],"role":[],"version":"x"}`, `{"version":1e400}`, `{"title":"` + strings.Repeat("a", 300_000) + `"}`,
		"csrf_token=%zz&id=%00", strings.Repeat("x", 3<<20)}
	check := func(what, site, method, path, body string) {
		t.Helper()
		status, header, text := alice.try(site, method, path, body)
		if status == 429 {
			g.host.Clock.Advance(time.Minute)
			status, header, text = alice.try(site, method, path, body)
		}
		safe(t, what, status, header, text)
	}
	for _, r := range everyRoute(t) {
		what := r.method + " " + r.site + r.path
		if r.method == "GET" {
			for _, query := range []string{"?cursor=%00&limit=-1&day=x&before=1_x&comments=%ff&status=x&class=TenantDO&name=tenant:x&id=x&unread=7&sort=x", "?cursor=99999999999999999999_" + ids.New(time.Now()) + "&limit=99999999999999999999&day=9999-99-99&before=_&comments=" + strings.Repeat("A", 5000) + "&list=blocks",
				"?a;b=%zz&cursor=~&day=0000-01-01"} {
				path, _, _ := strings.Cut(r.path, "?")
				check(what+query, r.site, r.method, fill(path)+query, "")
			}
		} else if !strings.Contains(r.path, "revoke") {
			for _, body := range bodies {
				if len(body) > 1<<20 && r.site == apex {
					continue // more than the apex reads: the answer may come before all was sent
				}
				check(fmt.Sprintf("%s with %.40q", what, body), r.site, r.method, fill(r.path), body)
			}
		}
		if taken.MatchString(r.path) {
			for _, value := range []string{"x", "%00", "%ff", "..%2f..%2fx", "'%20OR%201=1--", strings.Repeat("a", 5000), "0192f0c4-7d1e-7c3a-9a51-2f6d6a1f0e77", "%F0%9F%8C%B3"} {
				check(fmt.Sprintf("%s with the id %.30q", what, value), r.site, r.method, taken.ReplaceAllString(r.path, value), r.body)
			}
		}
	}
	for name, value := range map[string]string{"Cookie": "grove_session=" + strings.Repeat("A", 60_000), "X-Csrf-Token": strings.Repeat("A.", 30_000), "Origin": strings.Repeat("x", 60_000), "Accept": "\x80", "User-Agent": "\xff<script>",
		"Content-Type": "multipart/form-data; boundary=\"", "If-None-Match": "\x80", "Cf-Connecting-Ip": "not an address"} {
		for _, path := range []string{"/", "/posts/talk", "/api/admin/posts", "/auth/session"} {
			for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get", "DELETE"} {
				header := alice.header("alice")
				header[name] = []string{value}
				w := g.serve(method, "alice."+g.domain, path, header)
				safe(t, fmt.Sprintf("%s %s with a strange %s", method, path, name), w.Code, w.Header(), w.Body.String(), secret)
			}
		}
	}
}
