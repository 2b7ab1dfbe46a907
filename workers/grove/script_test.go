//go:build !js

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"grove.place/lattice/durables/notification"
	"grove.place/lattice/tests/hostile"
	"grove.place/lattice/workers/grove/ids"
)

// scripted lists what in a page is not the page's own doing: whatever could run, load or lead elsewhere by other means than a link.
func scripted(page string, domain string) (wrong []string) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	asset := regexp.MustCompile(`^/assets/[a-z]+\.(mjs|css|svg)$`)
	metas := []string{"viewport", "description", "csrf-token", "color-scheme", "theme-color"}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.CommentNode {
			say("a comment: %q", n.Data)
		}
		if n.Type == html.ElementNode {
			get := func(name string) string {
				for _, a := range n.Attr {
					if a.Key == name {
						return a.Val
					}
				}
				return ""
			}
			switch n.Data {
			case "script":
				if !asset.MatchString(get("src")) || get("type") != "module" || n.FirstChild != nil {
					say("a script from %q", get("src"))
				}
			case "noscript":
				if n.Parent.Data != "section" || n.FirstChild == nil || strings.Contains(n.FirstChild.Data, "__xss") {
					say("a <noscript>")
				}
			case "link":
				if !asset.MatchString(get("href")) {
					say("a link to %q", get("href"))
				}
			case "img":
				if src := get("src"); src != "" && !asset.MatchString(src) && !regexp.MustCompile(`^/media/[a-zA-Z0-9._-]+$`).MatchString(src) {
					say("an image from %q", src)
				}
			case "meta":
				if get("charset") == "" && !slices.Contains(metas, get("name")) || get("http-equiv") != "" {
					say("a meta %v", n.Attr)
				}
			case "style", "iframe", "frame", "object", "embed", "base", "applet", "math", "audio", "video", "foreignobject", "animate", "set", "use":
				say("a <%s>", n.Data)
			}
			for _, a := range n.Attr {
				switch key := strings.ToLower(a.Key); {
				case strings.HasPrefix(key, "on"), key == "style", key == "srcdoc", key == "ping", key == "background", key == "srcset", a.Namespace != "":
					say("<%s %s=%q>", n.Data, key, a.Val)
				case key == "action" || key == "formaction":
					if !strings.HasPrefix(a.Val, "/") || strings.HasPrefix(a.Val, "//") {
						say("<%s %s=%q>", n.Data, key, a.Val)
					}
				case key == "href":
					u, err := url.Parse(strings.TrimSpace(a.Val))
					if err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme) || strings.ContainsAny(a.Val, "\\\t\n\x00") {
						say("a link to %q", a.Val)
					} else if u.Host != "" && !strings.HasSuffix(u.Host, domain) && !strings.Contains(get("rel"), "noreferrer") {
						say("a link to %q that says where it is from", a.Val)
					}
				case strings.ContainsAny(key, "\"'<={"):
					say("an attribute called %q", key)
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return wrong
}

// poisoned has the texts on every page of alice's site and of the apex, by the API where it takes them, and in the database where it does not.
func poisoned(g *grove) (paths []string) {
	g.Helper()
	alice, ann, bob, ed := g.people["alice"], g.people["ann"], g.people["bob"], g.people["ed"]
	quoted := func(v any) string { text, _ := json.Marshal(v); return string(text) }
	all := strings.Join(slices.Concat(hostile.Texts, hostile.Markdown), "\n\n")
	clean := strings.ReplaceAll(all, "\x00", "")
	now := g.host.Clock.Now()
	var p madePost
	for i, text := range hostile.Texts {
		text = strings.ReplaceAll(text, "\x00", "")
		ann.ask("alice", "POST", "/api/admin/posts", quoted(map[string]any{"title": text, "body": all, "tags": []string{text[:min(len(text), 40)]}}), 201, &p)
		if i < 12 {
			ann.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/publish", `{"version":1}`, 200, &p)
			paths = append(paths, "/posts/"+p.Slug, "/admin/posts/"+p.ID)
		}
		id := ids.New(now)
		ann.ask("alice", "PUT", "/api/admin/drafts/"+id, quoted(map[string]any{"slug": text, "content": all, "metadata": map[string]any{"title": text, "tags": []string{text}}, "baseRevision": 0, "deviceId": text}), 200, nil)
		if i%8 == 0 {
			paths = append(paths, "/admin/posts/new?draft="+id, "/admin/drafts?x="+url.QueryEscape(text), "/auth/login?return_to="+url.QueryEscape(text))
		}
		if i < 10 { // a label has 60 bytes
			ed.at("alice", "POST", "/api/admin/sections", quoted(map[string]any{"label": text, "href": fmt.Sprint("/s", i), "icon": "book"}))
		}
		for _, href := range []string{text, "//" + text, "/\\" + text, "javascript:__xss=1", "/x\njavascript:__xss=1", "/" + text} {
			if status, body := ed.at("alice", "POST", "/api/admin/sections", quoted(map[string]any{"label": "x", "href": href, "icon": "book"})); status != 400 {
				g.Errorf("a section leads to %q: %d\n%s", href, status, body)
			}
		}
		if status, body := ed.at("alice", "POST", "/api/admin/sections", quoted(map[string]any{"label": "x", "href": "/icon", "icon": text})); status != 400 {
			g.Errorf("a section has the icon %q: %d\n%s", text, status, body)
		}
	}
	talk := p.ID
	ann.ask("alice", "POST", "/api/admin/posts/"+talk+"/publish", `{"version":1}`, 200, &p)
	for _, text := range hostile.Texts {
		bob.comment("alice", talk, strings.ReplaceAll(text, "\x00", "")+" below")
		g.host.Clock.Advance(20 * time.Second)
	}
	waypoints := []map[string]any{}
	for _, text := range hostile.Texts[:20] {
		waypoints = append(waypoints, map[string]any{"id": ids.New(now), "title": text, "description": clean[:1900], "status": "planned"})
	}
	ed.ask("alice", "PUT", "/api/admin/trails/book", quoted(map[string]any{"name": hostile.Texts[1], "intro": clean[:1900], "visibility": "public", "version": 0, "waypoints": waypoints}), 200, nil)
	ed.at("alice", "PUT", "/api/admin/trails/"+url.PathEscape(hostile.Texts[1]), quoted(map[string]any{"name": "x", "visibility": "public", "version": 0}))
	alice.ask("alice", "POST", "/api/admin/media?alt="+url.QueryEscape(hostile.Texts[1]), png, 201, nil)
	alice.ask("alice", "PUT", "/api/admin/site", quoted(map[string]any{"version": one[int64](g, `SELECT config_version FROM tenants WHERE subdomain = 'alice'`), "displayName": hostile.Texts[1], "description": hostile.Texts[0] + hostile.Texts[3],
		"theme": map[string]any{"accent": hostile.Texts[3], "typeface": hostile.Texts[1]}}), 200, nil)
	ed.ask("alice", "PUT", "/api/admin/blocked/"+g.people["fay"].id, quoted(map[string]any{"reason": hostile.Texts[1]}), 204, nil)
	alice.ask("alice", "POST", "/api/admin/export", "", 202, nil)
	for i, name := range []string{"bob", "ann", "fay", "ed", "alice"} { // a provider says what people are called
		g.sql(`UPDATE users SET name = ? WHERE id = ?`, hostile.Texts[i]+hostile.Texts[16], g.people[name].id)
	}
	g.sql(`INSERT INTO dead_letters (source, seq, kind, payload, error, attempts, died_at) VALUES (?, 1, ?, ?, ?, 5, 0)`, hostile.Texts[1], hostile.Texts[2], hostile.Texts[0], hostile.Texts[0])
	g.sql(`INSERT INTO export_jobs (id, subject, requested_by, state, step, error, r2_key, heartbeat_at, expires_at, created_at) VALUES (?, ?, 'x', 'failed', ?, ?, 'x', 0, 0, 0)`, ids.New(now), hostile.Texts[0], hostile.Texts[1], hostile.Texts[2])
	g.sql(`INSERT INTO audit_log (id, tenant_id, actor_id, action, detail, created_at) VALUES (?, ?, ?, ?, ?, ?)`, ids.New(now), g.tenants["alice"], bob.id, hostile.Texts[0], quoted(hostile.Texts), g.host.Clock.Now())
	alice.follow(ann.id)
	bob.follow(alice.id)
	bob.meadow("PUT", "/api/blocks/"+g.people["fay"].id, `{"kind":"mute"}`, 204, nil)
	must(g, notification.AddNotification, notification.Of(bob.id), notification.Event{Type: notification.Comment, ActorID: ann.id, TargetType: "post", TargetID: talk})
	must(g, notification.AddNotification, notification.Of(alice.id), notification.Event{Type: notification.Follow, ActorID: bob.id, TargetType: "profile", TargetID: alice.id})
	g.minutes(7)
	return append(paths, "/posts/"+p.Slug, "/posts/"+p.Slug+"?comments=%3Cscript%3E__xss%3C/script%3E", "/admin/posts/"+talk)
}

func TestNothingThatPeopleWriteRuns(t *testing.T) {
	g := open(t, "ann", "ed", "fay")
	paths := poisoned(g)
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, g.people["alice"].id)
	paths = append(paths, "/", "/trails/book", "/admin", "/admin/posts", "/admin/drafts", "/admin/comments?status=visible", "/admin/comments", "/admin/images", "/admin/trails", "/admin/trails/book", "/admin/new-trail", "/admin/sections", "/admin/members", "/admin/settings",
		"/admin/data", "/admin/analytics", "/nothing/%3Cscript%3E__xss=1%3C/script%3E", "/posts/%22%3E%3Cscript%3E__xss=1%3C%2fscript%3E", "/admin/analytics?day=%3Cscript%3E__xss%3C/script%3E", "/auth/login?return_to=%22%3E%3Cscript%3E")
	apexPaths := []string{"/", "/?sort=relevance", "/?cursor=%3Cscript%3E", "/following", "/following?list=blocks", "/notifications", "/notifications?unread=1", "/people/" + g.people["ann"].id, "/people/" + g.people["bob"].id + "?done=%3Cscript%3E", "/people/%3Cscript%3E__xss%3C%2fscript%3E",
		"/settings/sessions", "/settings/sessions/confirm?id=%3Cscript%3E", "/settings/data", "/operator", "/operator?class=TenantDO&name=%22%3E%3Cscript%3E", "/auth/login", "/auth/login?return_to=javascript:__xss=1", "/auth/callback/dev?error=%3Cscript%3E&error_description=%3Cscript%3E", "/auth/login/%3Cscript%3E"}
	shown := 0
	look := func(who, site, path string) {
		t.Helper()
		p := g.people[who]
		header := p.headerAt(site)
		header.Set("User-Agent", `Mozilla/5.0 Firefox/130.0 "><script>__xss=1</script>`)
		status, answer, text := p.send("GET", g.address(site)+path, "", header)
		what := fmt.Sprintf("%s: %s%s", who, site, path)
		safe(t, what, status, answer, text)
		if kind := answer.Get("Content-Type"); status != 303 && status != 301 && kind != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %q", what, status, kind)
		}
		for _, wrong := range scripted(text, g.domain) {
			t.Errorf("%s: %d: %s", what, status, wrong)
		}
		if status == 200 && strings.Contains(text, "__xss") {
			shown++
		}
	}
	for _, path := range paths {
		for _, who := range []string{"alice", "nobody"} {
			look(who, "alice", path)
		}
	}
	for _, path := range apexPaths {
		for _, who := range []string{"alice", "bob", "nobody"} {
			look(who, apex, path)
		}
	}
	if want := len(paths); shown < want {
		t.Errorf("%d pages show what was written, want at least %d: the test does not tell", shown, want)
	}
	// What the modules of the pages put into them comes as JSON; of that only the preview is HTML.
	for _, text := range slices.Concat(hostile.Texts, hostile.Markdown) {
		var rendered struct{ HTML string }
		body, _ := json.Marshal(map[string]string{"body": text})
		g.people["ann"].ask("alice", "POST", "/api/admin/preview", string(body), 200, &rendered)
		for _, wrong := range scripted("<!doctype html><html><head></head><body>"+rendered.HTML+"</body></html>", g.domain) {
			t.Errorf("%q becomes %q: %s", text, rendered.HTML, wrong)
		}
		if strings.Contains(rendered.HTML, " id=") || strings.Contains(rendered.HTML, "<input") || strings.Contains(rendered.HTML, "<form") {
			t.Errorf("%q becomes %q", text, rendered.HTML)
		}
	}
	for _, path := range []string{"/api/admin/posts", "/api/admin/drafts", "/api/admin/sections", "/api/admin/comments?status=visible", "/api/admin/members", "/api/admin/trails/book", "/api/admin/media", "/api/admin/audit", "/api/admin/blocked"} {
		status, header, text := g.people["alice"].send("GET", g.address("alice")+path, "", nil)
		safe(t, "GET "+path, status, header, text)
		if status != 200 || !strings.Contains(text, "__xss") || strings.ContainsAny(text, "<>") {
			t.Errorf("%s: %d: not there, or a browser that guesses would see HTML:\n%.2000s", path, status, text)
		}
	}
}

func TestUploadsAreImagesWhateverTheyHold(t *testing.T) {
	g := open(t)
	alice := g.people["alice"]
	script := `<script>__xss=1</script>`
	for what, body := range map[string]string{
		"SVG": `<svg xmlns="http://www.w3.org/2000/svg"><script>__xss=1</script></svg>`, "SVG with a mark": "\xef\xbb\xbf<svg onload=__xss=1>", "XML": `<?xml version="1.0"?><svg/>`, "HTML": "<!doctype html>" + script, "a comment first": "<!-- \x89PNG -->" + script,
		"space first": "  \n\x89PNG\r\n\x1a\n" + script, "PDF": "%PDF-1.4" + script, "a program": "\x00asm\x01\x00\x00\x00", "JavaScript": "__xss=1", "half a PNG": "\x89PNG\r\n", "an icon": "\x00\x00\x01\x00" + script, "BMP": "BM" + script, "MP4": "\x00\x00\x00\x18ftypmp42" + script,
	} {
		if status, text := alice.at("alice", "POST", "/api/admin/media", body); status != 415 {
			t.Errorf("%s: %d\n%s", what, status, text)
		}
	}
	for mime, body := range map[string]string{"image/png": png + script, "image/gif": "GIF89a/*" + script, "image/jpeg": "\xff\xd8\xff" + script, "image/webp": "RIFF\x10\x00\x00\x00WEBPVP8 " + script} {
		var m struct{ URL string }
		header := alice.header("alice")
		header.Set("Content-Type", "text/html")
		status, _, text := alice.send("POST", g.address("alice")+"/api/admin/media?alt="+url.QueryEscape(script), body, header)
		if status != 201 || json.Unmarshal([]byte(text), &m) != nil {
			t.Fatalf("%s: %d\n%s", mime, status, text)
		}
		for _, path := range []string{m.URL, strings.TrimSuffix(m.URL, ".png") + ".html", m.URL + ".html", m.URL + "/x.html", m.URL + "?x=.html"} {
			status, answer, _ := g.people["nobody"].send("GET", g.address("alice")+path, "", http.Header{"Accept": {"text/html"}})
			safe(t, "GET "+path, status, answer, "")
			if status == 200 && (answer.Get("Content-Type") != mime || answer.Get("Content-Security-Policy") != "default-src 'none'; sandbox") {
				t.Errorf("%s: %v", path, answer)
			}
		}
	}
}
