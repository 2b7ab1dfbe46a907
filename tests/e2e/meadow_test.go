package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTheBellRingsByItself has one person follow another, whose open pages hear of it.
func TestTheBellRingsByItself(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		carol := s.visitor(t, firefox)
		carolID := carol.signIn(somebody("Carol"))["user"].(map[string]any)["id"].(string)
		bob := openWindow(t, chromium, s)
		bob.do("sign in", chromedp.Navigate(s.url+"/auth/login"), chromedp.Click(chromedp.CSS(`[data-provider="dev"]`)), chromedp.Click(chromedp.CSS(`[data-user="Bob Birch"]`)), chromedp.WaitVisible(chromedp.CSS("#who")))
		see(bob, "ask who it is", chromedp.Evaluate[int](`fetch("/auth/session").then((r) => r.json()).then((who) => document.body.setAttribute("data-me", who.user.id)), 1`))
		bob.do("be told", chromedp.WaitVisible(chromedp.CSS("body[data-me]")))
		id := see(bob, "read who it is", chromedp.Evaluate[string](`document.body.dataset.me`))
		if text := bob.text("main"); !strings.Contains(text, "nothing in your feed yet") {
			t.Errorf("an empty feed says %q", text)
		}

		follow := func(method string) {
			t.Helper()
			if a := carol.change(method, "/api/following/"+id, "", nil); a.status != http.StatusNoContent {
				t.Fatalf("carol follows: %d %s", a.status, a.body)
			}
		}
		follow(http.MethodPut)
		bob.do("hear of it", chromedp.WaitVisible(chromedp.CSS("#unread")))
		if n := bob.text("#unread"); n != "1" {
			t.Errorf("the bell says %q", n)
		}
		bob.do("see what it is", chromedp.Click(chromedp.CSS("#bell")), chromedp.WaitVisible(chromedp.CSS("#notifications .new")))
		if text := bob.text("#notifications"); !strings.Contains(text, "Carol follows you") {
			t.Errorf("the list says %q", text)
		}
		follow(http.MethodDelete)
		bob.do("see it taken back", chromedp.WaitVisible(chromedp.CSS("#notifications .empty")), chromedp.WaitNotVisible(chromedp.CSS("#unread")))
		follow(http.MethodPut)
		bob.do("see it again", chromedp.WaitVisible(chromedp.CSS("#notifications .new")))
		bob.do("read it, with the keyboard", chromedp.Focus(chromedp.CSS(`button[value="all"]`)), chromedp.KeyEvent("\r"), chromedp.WaitNotPresent(chromedp.CSS("#notifications .new")), chromedp.WaitNotVisible(chromedp.CSS("#unread")))
		bob.do("look who it is", chromedp.Click(chromedp.CSS("#notifications li a")), chromedp.WaitVisible(chromedp.CSS(".actions")))
		if at := bob.location(); at != s.url+"/people/"+carolID {
			t.Errorf("the notification leads to %s", at)
		}
		bob.do("follow back", chromedp.Focus(chromedp.CSS(".actions button:not(.quiet)")), chromedp.KeyEvent("\r"), chromedp.WaitVisible(chromedp.CSS(`[formaction$="/unfollow"]`)))
		if a := carol.get("/people/" + id); !strings.Contains(a.body, "1 follower") || a.status != http.StatusOK {
			t.Errorf("bob's page: %d\n%s", a.status, a.body)
		}
		for _, path := range []string{"/", "/?sort=relevance", "/notifications", "/following", "/following?list=blocks", "/people/" + carolID} {
			bob.do("hold a phone", chromedp.EmulateViewport(320, 640), chromedp.Navigate(s.url+path), chromedp.WaitVisible(chromedp.CSS("h1")))
			if wide := see(bob, "measure the page", chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); wide > 0 {
				t.Errorf("%s is %d pixels wider than a phone", path, wide)
			}
		}
		if wrong := bob.complaints(); wrong != "" {
			t.Errorf("the browser complained:\n%s", wrong)
		}
		// Without a script.
		if a := carol.submit("/people/"+id+"/unfollow", url.Values{"from": {"following"}}); a.status != http.StatusSeeOther || a.location() != "/following" {
			t.Errorf("the form: %d to %q\n%s", a.status, a.location(), a.body)
		}
		if a := carol.get("/following"); !strings.Contains(a.body, "Nobody is on this list") {
			t.Errorf("whom carol follows:\n%s", a.body)
		}
	})
}
