package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// tabTo goes from where the focus is to an element, by the Tab key alone.
func (w *window) tabTo(selector string) {
	w.t.Helper()
	for range 60 {
		w.do("press Tab", chromedp.KeyEvent("\t"))
		if see(w, "look where the focus is", chromedp.Evaluate[bool](fmt.Sprintf(`document.activeElement.matches(%q)`, selector))) {
			if !see(w, "look for the outline", chromedp.Evaluate[bool](`getComputedStyle(document.activeElement).outlineStyle !== "none"`)) {
				w.t.Errorf("%s has the focus and does not show it", selector)
			}
			return
		}
	}
	w.t.Fatalf("Tab does not lead to %s at %s", selector, w.location())
}

func (w *window) keys(text string) {
	w.t.Helper()
	w.do("type "+text, chromedp.KeyEvent(text))
}

// TestByKeyboardAlone signs in, comments, reacts and publishes without a mouse.
func TestByKeyboardAlone(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		w := openWindow(t, chromium, s)
		w.open(s.at(siteName, "/posts/otters"))
		w.tabTo(".skip")
		w.keys("\r")
		w.until("the content to have the focus", `document.activeElement.id === "main"`)
		w.tabTo(`a[href^="/auth/login"]`)
		w.keys("\r")
		w.until("the sign-in page", `document.querySelector('[data-provider="dev"]')`)
		w.tabTo(`[data-provider="dev"]`)
		w.keys("\r")
		w.until("the provider", `document.querySelector("#other")`)
		for name, value := range map[string]string{"name": willow.name, "email": willow.email, "sub": "e2e|" + willow.email} {
			w.js(`document.activeElement.blur()`)
			w.tabTo(fmt.Sprintf(`#other input[name=%q]`, name))
			w.keys(value)
		}
		w.tabTo(`#other button:not([name])`)
		w.keys("\r")
		w.until("the post, connected", `location.pathname === "/posts/otters" && document.querySelector("#conversation")?.dataset.open !== undefined`)

		w.tabTo(`.reactions button[value="insightful"]`)
		w.keys(" ")
		w.until("the reaction", `document.querySelector('.reactions [value="insightful"] .count').innerText === "1"`)
		w.tabTo("#words")
		w.keys("Written without a mouse.")
		w.tabTo("#write button")
		w.keys("\r")
		w.until("the comment", `document.querySelector('.comment[data-state="visible"] .words')?.innerText === "Written without a mouse."`)
		w.tabTo(`.comment button[value="delete"]`)
		w.keys("\r")
		w.do("be asked", chromedp.WaitVisible(chromedp.CSS("#confirm[open]")))
		w.keys("\x1b")
		w.until("the focus to be back", `document.activeElement.matches('.comment button[value="delete"]') && !document.querySelector("#confirm[open]")`)

		w.js(`document.activeElement.blur(); scrollTo(0, 0)`)
		w.tabTo(`nav a[href="/admin"]`)
		w.keys("\r")
		w.until("the panel", `location.pathname === "/admin" && document.querySelector("h1")`)
		w.tabTo(`a[href="/admin/posts/new"]`)
		w.keys("\r")
		w.until("the editor", `document.querySelector("#editor")`)
		w.tabTo("#title")
		w.keys("By keyboard")
		w.tabTo("#body")
		w.keys("Only *keys*.")
		w.tabTo("#publish")
		w.keys("\r")
		w.shows("#status", "Published")
		w.until("the focus on what was said", `document.activeElement.id === "status"`)
		w.tabTo("#see")
		w.keys("\r")
		w.until("the post", `document.querySelector("h1")?.innerText === "By keyboard" && document.querySelector(".prose em")?.innerText === "keys"`)
		if wrong := w.complaints(); wrong != "" {
			t.Errorf("the browser complained:\n%s", wrong)
		}
	})
}

// TestNotificationsArriveByThemselves has somebody comment while the author looks at Grove, and then at the notifications.
func TestNotificationsArriveByThemselves(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		author, linden := openWindow(t, chromium, s), openWindow(t, chromium, s)
		author.signIn(s, willow, s.url+"/notifications")
		author.js(`fetch("/api/notifications/read", {method: "POST", headers: {"X-CSRF-Token": document.querySelector('meta[name="csrf-token"]').content, "Content-Type": "application/json"}, body: '{"ids":"all"}'})`)
		author.until("everything to be read", `document.querySelector("#unread").hidden`)
		linden.enter(s, guest, "/posts/mist")
		linden.reads(s, "mist")
		linden.says("May I skate here?")
		author.until("the bell", `document.querySelector("#unread").innerText === "1" && document.title.startsWith("(1)")`)
		author.shows("#notifications", guest.name)
		if wrong := author.complaints(); wrong != "" {
			t.Errorf("the browser complained:\n%s", wrong)
		}
	})
}
