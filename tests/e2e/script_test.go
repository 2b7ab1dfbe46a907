package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"grove.place/lattice/tests/hostile"
)

// TestNothingThatPeopleWriteRunsInABrowser opens a post that is nothing but attempts to run a script, with comments of the kind: some that are in the page, and some
// that come while it is open.
func TestNothingThatPeopleWriteRunsInABrowser(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		author := s.visitor(t, firefox)
		author.at(s, willow)
		mallory := s.visitor(t, firefox)
		mallory.at(s, member{`<img src=x onerror=__xss=1>"><script>__xss=1</script>`, "mallory@example.test", ""})
		body := strings.ReplaceAll(strings.Join(slices.Concat(hostile.Texts, hostile.Markdown), "\n\n"), "/media/a.png", "/assets/leaf.svg")
		id, slug := author.publishes(hostile.Texts[1], body)
		for _, text := range hostile.Texts[:12] {
			mallory.comments(id, text)
		}
		w := openWindow(t, chromium, s)
		dialogs := 0
		if err := chromedp.Listen(w.ctx, func(event any) {
			if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
				dialogs++
			}
		}); err != nil {
			t.Fatal(err)
		}
		w.enter(s, willow, "/posts/"+slug)
		w.reads(s, slug)
		for _, text := range hostile.Texts[12:20] {
			mallory.comments(id, text+" live")
		}
		w.shows(".comment .words", strings.ReplaceAll(hostile.Texts[19], "\x00", "")+" live")
		w.harmless("the post")
		if n := w.count(".comment"); n < 20 {
			t.Errorf("%d comments are shown, want 20", n)
		}
		w.js(`document.querySelectorAll(".prose a, .comment a").forEach((a) => { a.target = "_self"; if (a.protocol !== "mailto:" && a.host === location.host) a.dispatchEvent(new MouseEvent("mouseover", { bubbles: true })) })`)
		w.harmless("the post under the mouse")
		w.open(s.at(siteName, "/admin/posts/"+id))
		w.click("#show-preview")
		w.until("the preview", `document.querySelector("#preview").innerText.includes("__xss")`)
		w.harmless("the preview")
		for _, path := range []string{"/", "/admin/posts", "/admin/comments?status=visible", "/admin/drafts"} {
			w.open(s.at(siteName, path))
			w.harmless(path)
		}
		for _, path := range []string{"/", "/notifications"} {
			w.open(s.url + path)
			w.harmless("the apex' " + path)
		}
		if wrong := w.complaints(); wrong != "" || dialogs > 0 {
			t.Errorf("%d dialogs; the browser complained:\n%s", dialogs, wrong)
		}
		author.change(http.MethodDelete, "/api/admin/posts/"+id, "", nil)
	})
}

// harmless looks for what ran, and for what would.
func (w *window) harmless(where string) {
	w.t.Helper()
	const found = `(() => {
  const wrong = [];
  if ("__xss" in window) wrong.push("a script ran");
  for (const e of document.querySelectorAll("*")) {
    for (const a of e.attributes) if (/^on|^style$|^srcdoc$/i.test(a.name)) wrong.push(e.outerHTML.slice(0, 200));
    const link = e.href ?? e.action ?? e.src;
    if (typeof link === "string" && link && !/^(https?|wss?|mailto):/.test(link)) wrong.push(e.outerHTML.slice(0, 200));
  }
  for (const e of document.querySelectorAll("script:not([src^='/assets/']), iframe, object, embed, base, style, meta[http-equiv]")) wrong.push(e.outerHTML.slice(0, 200));
  return wrong.join("\n");
})()`
	if wrong := see(w, "look for scripts", chromedp.Evaluate[string](found)); wrong != "" {
		w.t.Errorf("%s:\n%s", where, wrong)
	}
}

// publishes writes a post, and returns its id and where it is.
func (v *visitor) publishes(title, body string) (id, slug string) {
	v.t.Helper()
	text, err := json.Marshal(map[string]any{"title": title, "body": body, "tags": []string{hostile.Texts[3]}})
	if err != nil {
		v.t.Fatal(err)
	}
	a := v.change(http.MethodPost, "/api/admin/posts", string(text), nil)
	if a.status != http.StatusCreated {
		v.t.Fatalf("write: %d %s", a.status, a.body)
	}
	made := a.json(v.t)
	id, slug = made["id"].(string), made["slug"].(string)
	if a := v.change(http.MethodPost, "/api/admin/posts/"+id+"/publish", `{"version":1}`, nil); a.status != http.StatusOK {
		v.t.Fatalf("publish: %d %s", a.status, a.body)
	}
	return id, slug
}

func (v *visitor) comments(postID, text string) {
	v.t.Helper()
	body, err := json.Marshal(map[string]string{"content": text})
	if err != nil {
		v.t.Fatal(err)
	}
	if a := v.change(http.MethodPost, fmt.Sprintf("/api/posts/%s/comments", postID), string(body), nil); a.status != http.StatusCreated {
		v.t.Fatalf("comment: %d %s", a.status, a.body)
	}
}
