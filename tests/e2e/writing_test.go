package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// hurry lets the editors of a window save after a fifth of a second instead of half a minute.
func (w *window) hurry() (stop func()) {
	w.t.Helper()
	return w.before(`{ const every = setInterval; window.setInterval = (run, ms, ...rest) => every(run, ms === 30000 ? 200 : ms, ...rest) }`)
}

// before has a script run at the start of each page, until stop is called.
func (w *window) before(script string) (stop func()) {
	w.t.Helper()
	added, err := chromedp.Call(w.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		w.t.Fatalf("add a script: %v", err)
	}
	return func() {
		_, err := chromedp.Call(w.ctx, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added))
		if err != nil {
			w.t.Errorf("take the script away: %v", err)
		}
	}
}

func (w *window) value(selector string) string {
	w.t.Helper()
	return see(w, "read "+selector, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q).value", selector)))
}

// TestADraftOnTwoDevices edits one text at a desk and on a sofa.
func TestADraftOnTwoDevices(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		desk, sofa := openWindow(t, chromium, s), openWindow(t, chromium, s)
		unhurry := desk.hurry()
		desk.enter(s, willow, "/admin/posts/new")
		sofa.enter(s, willow, "/admin")

		// What is typed is kept here at once and on the site without a press of a button.
		desk.fill("#title", "On ice")
		desk.fill("#body", "It is thin.")
		desk.shows("#saved", "Draft saved")
		address := desk.location()
		unhurry() // from here on it saves when it is told to
		desk.open(address)
		desk.until("the text again", `document.querySelector("#body").value === "It is thin."`)

		// The other device gets it, without a question, as long as nothing was typed there.
		sofa.open(address)
		sofa.until("the text of the desk", `document.querySelector("#body").value === "It is thin."`)
		sofa.fill("#body", "It is thick.")
		sofa.click(`button[value="draft"]`)
		sofa.shows("#saved", "Draft saved")
		desk.do("load it again", chromedp.Reload())
		desk.until("the text of the sofa", `document.querySelector("#body").value === "It is thick."`)
		if n := desk.count("dialog[open]"); n != 0 {
			t.Errorf("somebody who has typed nothing is asked")
		}

		// Both type: whoever saves later is asked, sees both, and keeps theirs.
		sofa.fill("#body", "It is very thick.")
		sofa.click(`button[value="draft"]`)
		sofa.until("it to be saved", `document.querySelector("#saved").innerText.startsWith("Draft saved") && !JSON.parse(localStorage.getItem("grove-draft-" + new URLSearchParams(location.search).get("draft"))).dirty`)
		desk.fill("#body", "It is blue.")
		desk.click(`button[value="draft"]`)
		desk.do("be asked", chromedp.WaitVisible(chromedp.CSS("#conflict[open]")))
		if mine, theirs := desk.text("#mine"), desk.text("#theirs"); mine != "On ice\n\nIt is blue." || theirs != "On ice\n\nIt is very thick." {
			t.Errorf("the dialog shows %q and %q", mine, theirs)
		}
		desk.click(`#conflict button[value="mine"]`)
		desk.shows("#status", "Your version goes on")
		desk.until("it to be saved", saved("It is blue."))

		// The other one is asked in turn, and takes what the desk has.
		sofa.fill("#body", "It is green.")
		sofa.click(`button[value="draft"]`)
		sofa.do("be asked", chromedp.WaitVisible(chromedp.CSS("#conflict[open]")))
		if theirs := sofa.text("#theirs"); theirs != "On ice\n\nIt is blue." {
			t.Errorf("the sofa is shown %q", theirs)
		}
		sofa.click(`#conflict button[value="theirs"]`)
		sofa.shows("#status", "The other version is shown")
		if got := sofa.value("#body"); got != "It is blue." {
			t.Errorf("the sofa goes on with %q", got)
		}

		// Publishing at the desk ends the draft. What is typed on the sofa is not lost by that, and does not bring the old draft back.
		desk.click("#publish")
		desk.shows("#status", "Published")
		sofa.fill("#body", "It melts.")
		sofa.click(`button[value="draft"]`)
		sofa.shows("#status", "published or deleted elsewhere")
		sofa.until("the new draft to be saved", saved("It melts."))
		desk.click("#see")
		desk.shows("h1", "On ice")
		desk.shows(".prose", "It is blue.")

		// And back again.
		desk.do("go back", chromedp.NavigateBack(), chromedp.WaitVisible(chromedp.CSS("#unpublish")))
		desk.click("#unpublish")
		desk.shows("#status", "Taken back")
		desk.click(`button[value="delete"]`)
		desk.click(`#confirm button[value="yes"]`)
		desk.until("the list of posts", `location.pathname === "/admin/posts" && document.querySelector("h1")`)
		for _, w := range []*window{desk, sofa} {
			if wrong := w.complaints(); wrong != "" {
				t.Errorf("the browser complained:\n%s", wrong)
			}
		}
	})
}

// saved is a condition: the draft of the page is saved with that text, as this browser knows.
func saved(text string) string {
	return fmt.Sprintf(`Object.keys(localStorage).some(k => k.startsWith("grove-draft-") && (d => !d.dirty && d.revision > 0 && d.text.body === %q)(JSON.parse(localStorage.getItem(k))))`, text)
}

// TestThePanelInUse does once what the other pages of the panel are for.
func TestThePanelInUse(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		w := openWindow(t, chromium, s)
		w.enter(s, willow, "/admin/posts/new")
		w.fill("#title", "A picture")
		w.fill("#body", "Look: <script>alert(1)</script> *here*\n\n")
		w.click("#insert")
		w.do("wait for the dialog", chromedp.WaitVisible(chromedp.CSS("#images[open]")))
		w.js(`const bytes = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), c => c.charCodeAt(0));
			const t = new DataTransfer(); t.items.add(new File([bytes], "dot.png", {type: "image/png"})); document.querySelector("#file").files = t.files`)
		w.fill("#alt", "A dot")
		w.click("#upload")
		w.until("the image in the text", `document.querySelector("#body").value.includes("![A dot](/media/")`)
		w.click("#show-preview")
		w.until("the image in the preview", `(i => i && i.complete && i.naturalWidth === 1)(document.querySelector("#preview img[alt='A dot']"))`)
		if got := w.text("#preview"); got != "Look: alert(1) here" {
			t.Errorf("the preview shows %q", got)
		}

		w.open(s.at(siteName, "/admin/images"))
		w.js(`const bytes = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), c => c.charCodeAt(0));
			const t = new DataTransfer(); t.items.add(new File([bytes], "dot.png", {type: "image/png"})); document.querySelector("#file").files = t.files`)
		w.fill("#alt", "Another dot")
		w.click("#upload button")
		w.shows("#status", "The image is on the site now")
		w.until("the new image", `(i => i && i.complete && i.naturalWidth === 1)(document.querySelector("[data-alt='Another dot'] img"))`)
		w.js(`document.querySelector("[data-alt='Another dot'] button").focus()`)
		w.do("ask to delete it", chromedp.KeyEvent("\r"))
		w.click(`#confirm button[value="no"]`)
		w.until("the focus to be back", `document.activeElement.matches("[data-alt='Another dot'] button")`)
		w.do("ask again", chromedp.KeyEvent("\r"))
		w.click(`#confirm button[value="yes"]`)
		w.shows("#status", "The image was deleted")
		if n := w.count("[data-alt='Another dot']"); n != 0 {
			t.Error("the image is listed after it was deleted")
		}

		w.open(s.at(siteName, "/admin/sections"))
		w.click("#show-trails")
		w.click("#pages button")
		w.shows("#status", "The list of the panel is as you chose")
		if n := w.count(`nav[aria-label="Admin"] a[href="/admin/trails"]`); n != 0 {
			t.Error("what was hidden is in the list")
		}
		w.click("#show-trails")
		w.click("#pages button")
		w.until("it to be back", `document.querySelector('nav[aria-label="Admin"] a[href="/admin/trails"]')`)
		w.fill("#label", "Bread")
		w.fill("#href", "/bread")
		w.click("#add button")
		w.shows("#status", "Bread was added")
		w.until("it in the list of the panel, with a picture", `document.querySelector('nav[aria-label="Admin"] a[href="/bread"] svg')`)
		w.click(`[data-label="Bread"] button[value="remove"]`)
		w.click(`#confirm button[value="yes"]`)
		w.shows("#status", "Bread was removed")
		w.js(`document.querySelector('[data-label="Ice"] button[value="up"]').focus()`)
		w.do("move it up twice", chromedp.KeyEvent("\r"))
		w.shows("#status", "Ice is number 2 of 3")
		w.until("the focus to stay", `document.activeElement.matches('[data-label="Ice"] button[value="up"]')`)
		w.do("and again", chromedp.KeyEvent("\r"))
		w.shows("#status", "Ice is number 1 of 3")
		if first := w.text("#sections li:first-child h2"); first != "Ice" {
			t.Errorf("the first section is %q", first)
		}

		w.open(s.at(siteName, "/admin/trails/upstream"))
		w.js(`const e = document.querySelector('[data-name="status"]'); e.value = "done"; e.dispatchEvent(new Event("change", {bubbles: true}))`)
		w.shows("#status", "changed for all who look")
		w.click("#add-waypoint")
		w.do("name it", chromedp.KeyEvent("Find the source"))
		w.click(`#trail button:not([type])`)
		w.until("the trail to be saved", `location.search === "?saved=1" && document.querySelectorAll("#waypoints > li").length === 2`)
		w.open(s.at(siteName, "/trails/upstream"))
		w.shows(`[data-status="done"]`, "Mend the boat")
		w.shows(`[data-status="planned"]`, "Find the source")

		w.open(s.at(siteName, "/admin/settings"))
		w.click(`input[value="river"]`)
		w.fill("#display-name", "Willow upstream")
		w.click("#settings button")
		w.shows("#status", "Saved")
		w.open(s.at(siteName, "/"))
		w.shows("h1", "Willow upstream")
		w.until("the colour", `document.documentElement.dataset.accent === "river"`)

		w.open(s.at(siteName, "/admin/comments"))
		for _, c := range []struct{ text, button, said string }{{"May I come in?", "approve", "Everybody sees"}, {"Buy my boats.", "hide", "is hidden"}} {
			w.shows("#list .words", c.text)
			w.js(fmt.Sprintf(`[...document.querySelectorAll("[data-comment]")].find(e => e.innerText.includes(%q)).querySelector('[value=%q]').click()`, c.text, c.button))
			w.shows("#status", c.said)
			w.until("it to be gone", fmt.Sprintf(`!document.querySelector("#list").innerText.includes(%q)`, c.text))
		}
		w.open(s.at(siteName, "/posts/moss"))
		w.shows(".comment .words", "May I come in?")
		if n := w.count(".comment"); n != 1 {
			t.Errorf("%d comments are shown, want the one that was approved", n)
		}

		w.open(s.at(siteName, "/admin/members"))
		w.fill("#email", reader.email)
		w.click("#add button")
		w.shows("#members", reader.name)
		w.click(fmt.Sprintf(`[data-name=%q] button[value="remove"]`, reader.name))
		w.click(`#confirm button[value="yes"]`)
		w.shows("#status", reader.name+" was removed")
		if wrong := w.complaints(); wrong != "" {
			t.Errorf("the browser complained:\n%s", wrong)
		}
	})
}
