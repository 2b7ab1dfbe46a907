package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// reads opens a post and waits until its socket is open.
func (w *window) reads(s site, slug string) {
	w.t.Helper()
	w.open(s.at(siteName, "/posts/"+slug))
	w.until("the connection", `document.querySelector("#conversation").dataset.open !== undefined`)
}

// says types a comment and sends it.
func (w *window) says(text string) {
	w.t.Helper()
	w.fill("#words", text)
	w.click("#write button")
}

// TestTwoPeopleOnOnePost is the page of a post as its author and two readers have it open at the same time.
func TestTwoPeopleOnOnePost(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		author, hazel, nobody := openWindow(t, chromium, s), openWindow(t, chromium, s), openWindow(t, chromium, s)
		author.enter(s, willow, "/posts/reeds")
		hazel.enter(s, reader, "/posts/reeds")
		for _, w := range []*window{author, hazel, nobody} {
			w.reads(s, "reeds")
		}
		for _, w := range []*window{author, hazel, nobody} {
			w.shows("#presence", "3 reading")
		}

		// Typing is seen by the others, and ends with the comment.
		hazel.fill("#words", "How tall are th")
		author.shows("#typing", "Hazel Hill is typing")
		nobody.shows("#typing", "Hazel Hill is typing")
		if got := hazel.text("#typing"); got != "" {
			t.Errorf("one's own typing is shown: %q", got)
		}
		hazel.says("How tall are they? <b>2 m</b>")
		for _, w := range []*window{author, nobody} {
			w.shows(".comment .words", "How tall are they? <b>2 m</b>")
			w.until("the typing to end", `document.querySelector("#typing").innerText === ""`)
			if n := w.count(".comment .words b"); n != 0 {
				t.Error("a comment is taken for HTML")
			}
		}
		hazel.until("the acknowledgement", `document.querySelectorAll('.comment[data-state="visible"]').length === 1`)

		// An answer stands below what it answers, in all windows.
		author.click(`.comment button[value="answer"]`)
		author.do("answer", chromedp.KeyEvent("Taller than you."), chromedp.Click(chromedp.CSS(".comment form button")))
		for _, w := range []*window{author, hazel, nobody} {
			w.shows(`.comment[data-depth="1"] .words`, "Taller than you.")
		}

		// One changes what one wrote, and takes it back; the place stays because of the answer.
		hazel.click(`.comment button[value="edit"]`)
		hazel.js(`document.querySelector(".comment form textarea").select()`)
		hazel.do("write it anew", chromedp.KeyEvent("How deep are they?"), chromedp.Click(chromedp.CSS(".comment form button")))
		for _, w := range []*window{author, nobody} {
			w.shows(".comment .words", "How deep are they?")
			w.shows(".comment .byline", "changed")
		}
		hazel.click(`.comment button[value="delete"]`)
		hazel.click(`#confirm button[value="yes"]`)
		for _, w := range []*window{author, hazel, nobody} {
			w.shows(".comment .words", "This comment was deleted.")
			w.shows(`.comment[data-depth="1"] .words`, "Taller than you.")
		}

		// Reactions: the author sees how many, the others only their own.
		hazel.click(`.reactions button[value="love"]`)
		author.until("the count", `document.querySelector('.reactions [value="love"] .count').innerText === "1"`)
		hazel.until("the answer", `document.querySelector('.reactions [value="love"]').getAttribute("aria-pressed") === "true"`)
		author.click(`.reactions button[value="love"]`)
		author.until("the count", `document.querySelector('.reactions [value="love"] .count').innerText === "2"`)
		for who, w := range map[string]*window{"a reader": hazel, "nobody": nobody} {
			if got := see(w, "read the counts", chromedp.Evaluate[string](`[...document.querySelectorAll(".count")].map(e => e.textContent).join("")`)); got != "" {
				t.Errorf("%s sees counts: %q", who, got)
			}
		}
		if pressed := see(nobody, "read", chromedp.Evaluate[bool](`document.querySelector('.reactions [value="love"]').getAttribute("aria-pressed") === "true"`)); pressed {
			t.Error("somebody else's reaction is shown as one's own")
		}

		// What is there without a socket, in the page itself, is the same; and somebody who leaves is not counted.
		hazel.do("load it again", chromedp.Reload(), chromedp.WaitReady(chromedp.CSS("h1")))
		hazel.shows(`.comment[data-depth="1"] .words`, "Taller than you.")
		hazel.until("one's reaction", `document.querySelector('.reactions [value="love"]').getAttribute("aria-pressed") === "true"`)
		hazel.open(s.at(siteName, "/"))
		author.shows("#presence", "2 reading")
		for _, w := range []*window{author, hazel, nobody} {
			if wrong := w.complaints(); wrong != "" {
				t.Errorf("the browser complained:\n%s", wrong)
			}
		}
	})
}

// TestAConnectionThatWasLost writes while the network is away: nothing is lost, and nothing is there twice.
func TestAConnectionThatWasLost(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		author, hazel := openWindow(t, chromium, s), openWindow(t, chromium, s)
		// The sockets of this window can be cut: what is sent then goes nowhere, as with a train in a tunnel.
		hazel.before(`{ const Real = WebSocket; window.sockets = []; window.WebSocket = class extends Real {
			constructor(url) { super(window.tunnel ? url.replace("/ws", "/nowhere") : url); sockets.push(this); }
			send(text) { if (!window.deaf) super.send(text); } } }`)
		author.enter(s, willow, "/posts/rain")
		hazel.enter(s, reader, "/posts/rain")
		author.reads(s, "rain")
		hazel.reads(s, "rain")

		hazel.js(`window.deaf = true`)
		hazel.says("Is it safe?")
		hazel.shows(`.comment[data-state="sending"]`, "Is it safe?")
		hazel.js(`window.tunnel = true; sockets.at(-1).close()`)
		hazel.shows(`.comment[data-state="sending"]`, "Waits for the connection")
		author.says("The ice is thin today.")
		author.until("the acknowledgement", `document.querySelectorAll('.comment[data-state="visible"]').length === 1`)
		hazel.js(`window.tunnel = window.deaf = false; window.dispatchEvent(new Event("online"))`)
		for _, w := range []*window{author, hazel} {
			w.until("both comments, once each", `[...document.querySelectorAll('.comment[data-state="visible"] .words')].map(e => e.innerText).sort().join("|") === "Is it safe?|The ice is thin today."`)
		}
	})
}

// TestTheDashboardCountsLive has somebody read while the owner looks at the dashboard.
func TestTheDashboardCountsLive(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		owner, visitor := openWindow(t, chromium, s), openWindow(t, chromium, s)
		owner.enter(s, willow, "/admin")
		owner.until("the connection", `document.querySelector("#live").dataset.open !== undefined`)
		before := see(owner, "read the number", chromedp.Evaluate[int](`Number(document.querySelector("#recent").innerText)`))
		visitor.open(s.at(siteName, "/posts/ice"))
		owner.shows("#feed li", "Somebody reads /posts/ice") // which no other test reads
		owner.until("the number to grow", fmt.Sprintf(`Number(document.querySelector("#recent").innerText) > 0 && Number(document.querySelector("#recent").innerText) !== %d`, before))
		if wrong := owner.complaints(); wrong != "" {
			t.Errorf("the browser complained:\n%s", wrong)
		}
	})
}

// TestASessionThatEndsClosesItsPages ends a session from another browser while it has a post and a dashboard open.
func TestASessionThatEndsClosesItsPages(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		for _, c := range []struct{ path, ready, closed string }{
			{"/posts/otters", `document.querySelector("#conversation").dataset.open !== undefined`,
				`document.querySelector("#conversation").dataset.ended === "4401" && document.querySelector("#write").hidden && document.querySelector("#status").innerText.startsWith("You were signed out")`},
			{"/admin", `document.querySelector("#live").dataset.open !== undefined`, `location.pathname === "/auth/login" && document.querySelector('[data-provider="dev"]')`},
		} {
			lost, here := openWindow(t, chromium, s), openWindow(t, chromium, s)
			lost.enter(s, rowan, c.path)
			lost.until("the connection of "+c.path, c.ready)
			here.signIn(s, rowan, s.url+"/settings/sessions")
			here.click("[data-revoke-others]")
			here.click(`#confirm button[value="yes"]`)
			here.shows("#status", "signed out everywhere else")
			lost.until("the end of "+c.path, c.closed)
		}
	})
}
