//go:build !js

package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestThePagesOfTheAdminPanel(t *testing.T) {
	g := open(t, "stranger", "victor", "vera", "ann", "ed")
	names := things(g)
	post := "/admin/posts/" + names["{post}"]
	for path, editors := range map[string]bool{
		"/admin": false, "/admin/posts": false, "/admin/posts/new": false, post: false, "/admin/trails": false,
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
