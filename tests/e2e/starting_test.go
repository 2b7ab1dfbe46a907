package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestANewcomerStartsASite is the way of somebody who has never been here to their first post, without JavaScript, and from there into the feed of who follows them.
func TestANewcomerStartsASite(t *testing.T) {
	t.Parallel()
	onBothHosts(t, func(t *testing.T, s site) {
		v, reader := s.visitor(t, firefox), s.visitor(t, firefox)
		v.reachSites(s)
		reader.reachSites(s)
		fern := v.signIn(somebody("Fern"))["user"].(map[string]any)["id"]
		follower := s.visitor(t, safari)
		follower.signIn(somebody("Moss"))
		feed := func() string { return follower.get("/api/feed?sort=recent").body }
		if before := feed(); !strings.Contains(before, `"items":[]`) {
			t.Errorf("before following anybody: %s", before)
		}
		if a := follower.change(http.MethodPut, fmt.Sprintf("/api/following/%s", fern), "", nil); a.status != http.StatusNoContent {
			t.Fatalf("follow: %d %s", a.status, a.body)
		}
		if a := v.get("/"); a.status != http.StatusOK || !strings.Contains(a.body, `href="/sites/new"`) {
			t.Fatalf("the home page: %d\n%s", a.status, a.body)
		}
		if a := v.get("/sites/new"); a.status != http.StatusOK || !strings.Contains(a.body, `action="/sites/new"`) {
			t.Fatalf("the form: %d\n%s", a.status, a.body)
		}
		for subdomain, want := range map[string]int{siteName: http.StatusConflict, "www": http.StatusConflict, "-": http.StatusBadRequest} {
			if a := v.submit("/sites/new", url.Values{"subdomain": {subdomain}, "name": {"Fern"}}); a.status != want || !strings.Contains(a.body, `id="subdomain-wrong"`) {
				t.Errorf("%q: %d, want %d\n%s", subdomain, a.status, want, a.body)
			}
		}
		const name = "ferns-corner"
		// Another name: an isolate that was asked for this one would remember for a minute that it is nobody's.
		if a := reader.get(s.at("mosses-corner", "/")); a.status != http.StatusNotFound {
			t.Fatalf("a site that nobody has started answers with %d", a.status)
		}
		for range 2 { // the second time because an answer was lost
			a := v.submit("/sites/new", url.Values{"subdomain": {name}, "name": {"Fern’s corner"}})
			if a.status != http.StatusSeeOther || a.location() != "/?started="+name {
				t.Fatalf("%d to %q\n%s", a.status, a.location(), a.body)
			}
		}
		if a := v.get("/?started=" + name); !strings.Contains(a.body, s.at(name, "/admin")) || strings.Count(a.body, "Panel of Fern’s corner") != 1 {
			t.Errorf("the home page:\n%s", a.body)
		}
		v.enter(s, name)
		if a := v.get("/admin"); a.status != http.StatusOK || !strings.Contains(a.body, "Fern’s corner") {
			t.Fatalf("the panel: %d\n%s", a.status, a.body)
		}
		a := v.change(http.MethodPost, "/api/admin/posts", `{"title":"Hello there","body":"It is *mine*."}`, nil)
		if a.status != http.StatusCreated {
			t.Fatalf("write: %d %s", a.status, a.body)
		}
		id := a.json(t)["id"]
		if a := v.change(http.MethodPost, fmt.Sprintf("/api/admin/posts/%s/publish", id), `{"version":1}`, nil); a.status != http.StatusOK {
			t.Fatalf("publish: %d %s", a.status, a.body)
		}
		if a := reader.get(s.at(name, "/posts/hello-there")); a.status != http.StatusOK || !strings.Contains(a.body, "<em>mine</em>") {
			t.Errorf("the post: %d\n%s", a.status, a.body)
		}
		if a := reader.get(s.at(name, "/")); a.status != http.StatusOK || !strings.Contains(a.body, "Hello there") || !strings.Contains(a.body, "Fern’s corner") {
			t.Errorf("the site: %d\n%s", a.status, a.body)
		}
		if a := reader.get(s.at(siteName, "/posts/hello-there")); a.status != http.StatusNotFound {
			t.Errorf("another site has the post: %d", a.status)
		}
		// The feed was built before there was a post: the queue brings it.
		for end := time.Now().Add(time.Minute); !strings.Contains(feed(), "Hello there"); time.Sleep(250 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the post has not reached the follower's feed: %s", feed())
			}
		}
	})
}
