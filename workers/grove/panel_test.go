//go:build !js

package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/tenant"
)

func TestThePagesOfTheAdminPanel(t *testing.T) {
	g := open(t, "stranger", "victor", "vera", "ann", "ed")
	names := things(g)
	post := "/admin/posts/" + names["{post}"]
	for path, editors := range map[string]bool{
		"/admin": false, "/admin/posts": false, "/admin/posts/new": false, post: false, "/admin/images": false, "/admin/trails": false,
		"/admin/drafts": false, "/admin/trails/book": false, "/admin/new-trail": true, "/admin/members": true, "/admin/comments": true, "/admin/comments?status=hidden": true, "/admin/analytics": true, "/admin/sections": true, "/admin/settings": true,
	} {
		for who, want := range map[string]int{"nobody": 303, "vera": 403, "bob": 403, "ann": 200, "ed": 200, "alice": 200} {
			if who == "ann" && editors {
				want = 403
			}
			status, header, text := g.people[who].send("GET", "http://alice."+g.domain+path, "", nil)
			if status != want || status == 303 && !strings.HasPrefix(header.Get("Location"), "/auth/login?return_to=") {
				t.Errorf("%s: %s: %d, want %d\n%s", who, path, status, want, text)
			}
			if status != 200 {
				continue
			}
			if header.Get("Cache-Control") != "no-store" || !strings.Contains(text, `name="csrf-token" content="`+g.people[who].csrf["alice"]) {
				t.Errorf("%s: %s may be kept, or has no token", who, path)
			}
			// Each input has a label, and what the page loads is there.
			for _, input := range regexp.MustCompile(`<(?:input|textarea|select)[^>]* id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
				if !strings.Contains(text, `for="`+input[1]+`"`) {
					t.Errorf("%s: the input %s has no label", path, input[1])
				}
			}
			for _, file := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(text, -1) {
				if status, _ := g.people[who].at("alice", http.MethodGet, file[1], ""); status != 200 {
					t.Errorf("%s loads %s: %d", path, file[1], status)
				}
			}
		}
	}
	if status, _ := g.people["bob"].at("bob", "GET", post, ""); status != 404 {
		t.Errorf("bob edits alice's post at his site: %d", status)
	}
	if _, text := g.people["ann"].at("alice", "GET", post, ""); !strings.Contains(text, "my words</textarea>") {
		t.Errorf("the editor is empty:\n%s", text)
	}
}

func TestTheImagesOfASite(t *testing.T) {
	g := open(t, "ann", "ed")
	ann, ed := g.people["ann"], g.people["ed"]
	var hers, his struct{ ID, URL string }
	ann.ask("alice", "POST", "/api/admin/media?alt=A+rose", png, 201, &hers)
	g.host.Clock.Advance(time.Second)
	ed.ask("alice", "POST", "/api/admin/media", png+strings.Repeat("x", 2048), 201, &his)
	_, text := ann.at("alice", "GET", "/admin/images", "")
	for _, want := range []string{`<img src="` + hers.URL + `" alt=""`, "<h3>A rose</h3>", fmt.Sprint(len(png), " bytes · ann · "), "2 KB · ed · ", "An image without a description", "2 KB of 100.0 GB are in use", fmt.Sprintf(`value="%d"`, 2*len(png)+2048), `aria-label="Delete: A rose"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if n := strings.Count(text, `value="delete"`); n != 1 {
		t.Errorf("an author may delete %d of the images", n)
	}
	if strings.Index(text, his.URL) > strings.Index(text, hers.URL) {
		t.Error("the latest image is not the first")
	}
	if _, text := ed.at("alice", "GET", "/admin/images", ""); strings.Count(text, `value="delete"`) != 2 {
		t.Errorf("an editor may not delete both:\n%s", text)
	}
	ann.ask("alice", "DELETE", "/api/admin/media/"+his.ID, "", 403, nil)
	ed.ask("alice", "DELETE", "/api/admin/media/"+hers.ID, "", 204, nil)
	if _, text := ann.at("alice", "GET", "/admin/images", ""); strings.Contains(text, hers.URL) || !strings.Contains(text, his.URL) || !strings.Contains(text, fmt.Sprintf(`value="%d"`, len(png)+2048)) {
		t.Errorf("after one was deleted:\n%s", text)
	}
	if _, text := g.people["bob"].at("bob", "GET", "/admin/images", ""); strings.Contains(text, "/media/") || !strings.Contains(text, "There are no images here") {
		t.Errorf("bob's site shows\n%s", text)
	}
	// More than a page: each once.
	for range 40 {
		ann.ask("alice", "POST", "/api/admin/media", png, 201, nil)
	}
	seen, pages := map[string]bool{}, 0
	for path := "/admin/images"; path != ""; pages++ {
		_, text := ann.at("alice", "GET", path, "")
		path = ""
		for _, m := range regexp.MustCompile(`<img src="(/media/[^"]+)"`).FindAllStringSubmatch(text, -1) {
			if seen[m[1]] {
				t.Errorf("%s is there twice", m[1])
			}
			seen[m[1]] = true
		}
		if next := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(text); next != nil {
			path = next[1]
		}
	}
	if len(seen) != 41 || pages != 2 {
		t.Errorf("%d images on %d pages", len(seen), pages)
	}
}

// nav is the list of the panel in one of its pages.
func nav(g *grove, text string) string {
	g.Helper()
	_, rest, _ := strings.Cut(text, `<nav aria-label="Admin">`)
	list, _, found := strings.Cut(rest, "</nav>")
	if !found {
		g.Fatalf("the panel has no list:\n%s", text)
	}
	return list
}

func TestWhatThePanelListsAndItsIcons(t *testing.T) {
	g := open(t, "ann", "ed")
	ann, ed := g.people["ann"], g.people["ed"]
	list := func() string {
		t.Helper()
		_, text := ed.at("alice", "GET", "/admin/sections", "")
		return nav(g, text)
	}
	if text := list(); !strings.Contains(text, `"/admin/analytics"`) || !strings.Contains(text, `"/admin/trails"`) || !strings.Contains(text, `"/admin/images"`) {
		t.Errorf("%s", text)
	}
	ann.ask("alice", "PUT", "/api/admin/config", `{"version":0,"hiddenSections":["trails"]}`, 403, nil)
	ed.ask("alice", "PUT", "/api/admin/config", `{"version":0,"hiddenSections":["members"]}`, 400, nil)
	ed.ask("alice", "PUT", "/api/admin/config", `{"version":0,"hiddenSections":["trails","analytics"]}`, 200, nil)
	ed.ask("alice", "PUT", "/api/admin/config", `{"version":0,"hiddenSections":[]}`, 409, nil)
	if text := list(); strings.Contains(text, "/admin/analytics") || strings.Contains(text, "/admin/trails") || !strings.Contains(text, `"/admin/images"`) {
		t.Errorf("what is hidden is in the list, or more is gone:\n%s", text)
	}
	for _, path := range []string{"/admin/analytics", "/admin/trails", "/api/admin/trails", "/api/admin/analytics"} { // only the list has changed
		ed.ask("alice", "GET", path, "", 200, nil)
	}
	if _, text := ed.at("alice", "GET", "/admin/sections", ""); strings.Contains(text, `value="trails" checked`) || !strings.Contains(text, `data-version="1"`) {
		t.Errorf("the page does not say what is hidden:\n%s", text)
	}
	if _, text := g.people["bob"].at("bob", "GET", "/admin", ""); !strings.Contains(nav(g, text), `"/admin/trails"`) {
		t.Error("bob's list has changed")
	}

	var mine, theirs struct{ ID, URL string }
	ann.ask("alice", "POST", "/api/admin/media?alt=A+rose", png, 201, &mine)
	g.people["bob"].ask("bob", "POST", "/api/admin/media", png, 201, &theirs)
	add := func(path, icon string, want int) {
		t.Helper()
		ed.ask("alice", "POST", "/api/admin/sections", `{"label":"S","href":"`+path+`","icon":"`+icon+`"}`, want, nil)
	}
	add("/drawn", "rocket", 201)
	add("/unknown", "axolotl", 201)
	add("/image", "media:"+mine.ID, 201)
	add("/theirs", "media:"+theirs.ID, 400)
	add("/bad", "../rocket", 400)
	shows := func(what string, pictures ...string) {
		t.Helper()
		text := list()
		for i, path := range []string{"/drawn", "/unknown", "/image"} {
			if want := `<a href="` + path + `">` + pictures[i]; !strings.Contains(text, want) {
				t.Errorf("%s: %s is not in\n%s", what, want, text)
			}
		}
	}
	svg := func(outline string) string {
		return `<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true"><path d="` + outline
	}
	const rocket, dot = "M12 3c4 3", "M12 9a3 3"
	img := `<img class="icon" src="` + mine.URL + `" alt=""`
	shows("evergreen", svg(rocket), svg(dot), img)
	if _, text := ed.at("alice", "GET", "/admin/sections", ""); !strings.Contains(text, `<option value="media:`+mine.ID+`">A rose</option>`) || strings.Contains(text, theirs.ID) {
		t.Errorf("the images that can be icons:\n%s", text)
	}
	tier := func(name string) {
		t.Helper()
		g.sql(`UPDATE tenants SET tier = ?, config_version = config_version + 1 WHERE subdomain = 'alice'`, name)
		must(g, tenant.Invalidate, tenant.Of(g.tenants["alice"]), durables.None{})
	}
	tier("oak")
	shows("oak", svg(rocket), svg(dot), svg(dot))
	add("/late", "media:"+mine.ID, 403)
	if _, text := ed.at("alice", "GET", "/admin/sections", ""); strings.Contains(text, `id="image"`) || !strings.Contains(text, `<option value="rocket">`) || !strings.Contains(text, "Its icon is not in your plan") {
		t.Errorf("what oak is offered:\n%s", text)
	}
	tier("evergreen")
	ed.ask("alice", "DELETE", "/api/admin/media/"+mine.ID, "", 204, nil)
	shows("without the image", svg(rocket), svg(dot), svg(dot))
	tier("sapling")
	if _, text := ed.at("alice", "GET", "/admin/sections", ""); strings.Contains(text, `<option value="rocket">`) || !strings.Contains(text, `<option value="star">`) {
		t.Errorf("what sapling is offered:\n%s", text)
	}
}
