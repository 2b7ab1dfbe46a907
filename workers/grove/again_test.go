//go:build !js

package main

import (
	"fmt"
	"testing"

	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
)

// TestAPostIsMadeOnceHoweverOftenItIsAskedFor: the answer to the request that makes it was lost, and it is sent again.
func TestAPostIsMadeOnceHoweverOftenItIsAskedFor(t *testing.T) {
	g := open(t, "ann", "ed", "vera")
	ann, ed, vera := g.people["ann"], g.people["ed"], g.people["vera"]
	id := ids.New(g.host.Clock.Now())
	body := func(id, title string) string { return fmt.Sprintf(`{"id":%q,"title":%q,"body":"x"}`, id, title) }
	const path = "/api/admin/posts"
	lost := g.host.Inject(local.D1Fault{SQL: "INSERT INTO posts", Times: 1, AfterCommit: true})
	if status, text := ann.at("alice", "POST", path, body(id, "Once")); status < 500 || lost.Count() != 1 {
		t.Fatalf("the answer was not lost: %d\n%s", status, text)
	}
	var p madePost
	for range 2 {
		if ann.ask("alice", "POST", path, body(id, "Once"), 200, &p); p.ID != id || p.Slug != "once" || p.Version != 1 {
			t.Errorf("%+v", p)
		}
	}
	if n := one[int](g, `SELECT count(*) FROM posts`); n != 1 {
		t.Errorf("there are %d posts", n)
	}
	if n := one[int](g, `SELECT count(*) FROM audit_log WHERE action = 'post_created'`); n != 1 {
		t.Errorf("the log has %d", n)
	}
	// What it is by then is told, not what the request said.
	ann.ask("alice", "PUT", path+"/"+id, `{"title":"Twice","body":"y","version":1}`, 200, nil)
	var now struct{ Title string }
	if ann.ask("alice", "POST", path, body(id, "Once"), 200, &now); now.Title != "Twice" {
		t.Errorf("%+v", now)
	}
	// To others the id is taken, at this site and at another, and they learn nothing of the post.
	var problem struct {
		Error   struct{ Code string }
		Title   string
		Current any
	}
	ed.ask("alice", "POST", path, body(id, "Mine"), 409, &problem)
	vera.ask("bob", "POST", path, body(id, "Mine"), 409, &problem)
	if problem.Error.Code != "id_taken" || problem.Title != "" || problem.Current != nil {
		t.Errorf("%+v", problem)
	}
	other := ids.New(g.host.Clock.Now())
	ann.ask("alice", "POST", path, fmt.Sprintf(`{"id":%q,"title":"Other","slug":"once","body":"x"}`, other), 409, &problem)
	if problem.Error.Code != "slug_taken" {
		t.Errorf("%+v", problem)
	}
	ann.ask("alice", "DELETE", path+"/"+id, "", 204, nil)
	ann.ask("alice", "POST", path, body(id, "Once"), 409, nil)
	for _, bad := range []string{"x", "00000000-0000-4000-8000-000000000000", "' OR 1"} {
		ann.ask("alice", "POST", path, body(bad, "Bad"), 400, nil)
	}
	if n := one[int](g, `SELECT count(*) FROM posts`); n != 1 {
		t.Errorf("there are %d posts", n)
	}
}

func TestASectionIsAddedOnceHoweverOftenItIsAskedFor(t *testing.T) {
	g := open(t, "ed", "vera")
	ed := g.people["ed"]
	id := ids.New(g.host.Clock.Now())
	body := func(id, label, href string) string {
		return fmt.Sprintf(`{"id":%q,"label":%q,"href":%q}`, id, label, href)
	}
	const path = "/api/admin/sections"
	lost := g.host.Inject(local.D1Fault{SQL: "INSERT INTO admin_sections", Times: 1, AfterCommit: true})
	if status, text := ed.at("alice", "POST", path, body(id, "Books", "/books")); status < 500 || lost.Count() != 1 {
		t.Fatalf("the answer was not lost: %d\n%s", status, text)
	}
	var s struct{ ID, Label string }
	for range 2 {
		if ed.ask("alice", "POST", path, body(id, "Books", "/books"), 200, &s); s.ID != id || s.Label != "Books" {
			t.Errorf("%+v", s)
		}
	}
	ed.ask("alice", "POST", path, body(ids.New(g.host.Clock.Now()), "Books", "/books"), 409, nil)
	ed.ask("alice", "POST", path, body(ids.New(g.host.Clock.Now()), "More", "/more"), 201, nil)
	var problem struct{ Error struct{ Code string } }
	if g.people["bob"].ask("bob", "POST", path, body(id, "Mine", "/mine"), 409, &problem); problem.Error.Code != "id_taken" {
		t.Errorf("%+v", problem)
	}
	ed.ask("alice", "POST", path, body("x", "Bad", "/bad"), 400, nil)
	if n := one[int](g, `SELECT count(*) FROM admin_sections`); n != 2 {
		t.Errorf("there are %d sections", n)
	}
}
