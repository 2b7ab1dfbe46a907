package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// at is the address of a tenant's site.
func (s site) at(tenant, path string) string {
	return strings.Replace(s.url, "http://", "http://"+tenant+".", 1) + path
}

// signIn signs somebody in at the development provider and comes back to a page.
func (w *window) signIn(s site, m member, page string) {
	w.t.Helper()
	w.do("begin to sign in", chromedp.Navigate(s.url+"/auth/login/dev"), chromedp.WaitVisible(chromedp.CSS("#other")))
	w.js(fmt.Sprintf(`{const f = document.querySelector("#other"); f.name.value = %q; f.email.value = %q; f.sub.value = %q; f.querySelector("button").click()}`,
		m.name, m.email, "e2e|"+m.email))
	w.do("be signed in", chromedp.WaitVisible(chromedp.CSS("#who")))
	w.open(page)
}

// enter is signIn for a page of a tenant's site, which takes the session over from the apex.
func (w *window) enter(s site, m member, path string) {
	w.t.Helper()
	w.signIn(s, m, s.at(siteName, "/auth/login?return_to="+path))
	w.until("the page that was asked for", fmt.Sprintf("location.pathname + location.search === %q", path))
}

func (w *window) open(address string) {
	w.t.Helper()
	w.do("open "+address, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("h1")))
}

// js runs a script in the page and does not look at what it yields.
func (w *window) js(script string) {
	w.t.Helper()
	see(w, "run "+script, chromedp.Evaluate[bool]("(() => {"+script+"; return true})()"))
}

// until waits for a condition in the page, or in the one that it is on its way to.
func (w *window) until(what, condition string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		// An error is that of a page that is being left, or not there yet.
		if met, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+condition+")")); err == nil && met {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			w.t.Fatalf("%s did not come: %s\n%s", what, condition, see(w, "read the page", chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText")))
		}
	}
}

// shows waits until an element has a text in it.
func (w *window) shows(selector, text string) {
	w.t.Helper()
	w.until(fmt.Sprintf("%q in %s", text, selector), fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.innerText.includes(%q))", selector, text))
}

// fill types into an input as a person does, over what is there.
func (w *window) fill(selector, text string) {
	w.t.Helper()
	w.js(fmt.Sprintf(`const e = document.querySelector(%q); e.focus(); e.select?.()`, selector))
	w.do("type into "+selector, chromedp.KeyEvent(text))
}

func (w *window) click(selector string) {
	w.t.Helper()
	w.do("press "+selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Click(chromedp.CSS(selector)))
}

// faults looks at the page as it is and says what somebody would stumble over: on a narrow screen, with a screen reader, with weak eyes.
const faults = `(() => {
  const wrong = [], say = (what, e) => wrong.push(what + (e ? ": " + e.outerHTML.slice(0, 120) : ""));
  const seen = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden" && e.closest("[hidden], dialog:not([open]), template") === null;
  if (document.documentElement.scrollWidth > innerWidth) {
    say("the page scrolls sideways, " + document.documentElement.scrollWidth + " > " + innerWidth,
      [...document.querySelectorAll("body *")].find((e) => seen(e) && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest("pre, nav, table")));
  }
  if (!document.documentElement.lang) say("no language");
  if (!document.title.trim()) say("no title");
  if (document.querySelectorAll("h1").length !== 1) say(document.querySelectorAll("h1").length + " h1");
  if (document.querySelectorAll("main").length !== 1) say("no main");
  if (document.body.firstElementChild?.className !== "skip") say("no skip link");
  let level = 1;
  for (const h of document.querySelectorAll("main :is(h1, h2, h3, h4)")) {
    if (!seen(h) || h.closest(".prose")) continue;
    if (Number(h.tagName[1]) > level + 1) say("a heading skips a level", h);
    level = Number(h.tagName[1]);
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) say("two elements have the id " + id);
  for (const e of document.querySelectorAll("input:not([type=hidden]), textarea, select")) {
    if (!e.labels?.length && !e.getAttribute("aria-label") && !e.getAttribute("aria-labelledby")) say("no label", e);
  }
  for (const e of document.querySelectorAll("a[href], button")) {
    const name = e.getAttribute("aria-label") || e.textContent.trim() || e.querySelector("img[alt]")?.alt;
    if (!name) say("no name", e);
  }
  for (const e of document.querySelectorAll("nav")) if (!e.getAttribute("aria-label")) say("a nav without a label", e);
  for (const e of document.querySelectorAll("img:not([alt])")) say("no alt", e);
  for (const e of document.querySelectorAll("[aria-labelledby], [aria-describedby], [aria-controls], label[for]")) {
    for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
      for (const id of (e.getAttribute(name) ?? "").split(" ").filter(Boolean)) if (!document.getElementById(id)) say(name + " leads nowhere", e);
    }
  }
  for (const e of document.querySelectorAll("[style], [onclick]")) say("inline style or handler", e);
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] === 1) return c; } return [255, 255, 255]; };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const e = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !seen(e) || e.closest(":disabled, .skip, .unseen, option, svg")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) say("contrast " + ((a + 0.05) / (b + 0.05)).toFixed(2), e);
  }
  for (const e of document.querySelectorAll("button, .button, nav a, select, input:not([type=hidden])")) {
    const box = e.getBoundingClientRect();
    if (seen(e) && !e.closest(".unseen") && Math.min(box.width, box.height) < 20) say("hard to hit, " + box.width + " × " + box.height, e);
  }
  return wrong.join("\n");
})()`

// TestEveryPageIsUsable looks at each page on a phone and on a narrower screen, light and dark.
func TestEveryPageIsUsable(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		look := func(w *window, address string) {
			t.Helper()
			for _, width := range []int64{390, 320} {
				theme := map[int64]string{390: "light", 320: "dark"}[width]
				w.theme(theme)
				w.do("make the window narrow", chromedp.EmulateViewport(width, 844))
				w.open(address)
				if wrong := see(w, "look at "+address, chromedp.Evaluate[string](faults)); wrong != "" {
					t.Errorf("%s, %d wide, %s:\n%s", address, width, theme, wrong)
				}
			}
		}
		nobody := openWindow(t, chromium, s)
		for _, address := range []string{s.url + "/", s.url + "/auth/login", s.url + "/nothing", s.at(siteName, "/"), s.at(siteName, "/posts/reeds"), s.at(siteName, "/trails/upstream"),
			s.at(siteName, "/nothing"), s.at("nobody-here", "/"), s.at("closed", "/")} {
			look(nobody, address)
		}
		owner := openWindow(t, chromium, s)
		owner.enter(s, willow, "/")
		for _, address := range []string{s.url + "/", s.url + "/settings/sessions", s.url + "/settings/sessions/confirm", s.url + "/following", s.url + "/notifications", s.url + "/settings/data", s.url + "/sites/new", s.at(siteName, "/"), s.at(siteName, "/posts/reeds"),
			s.at(siteName, "/trails/upstream")} {
			look(owner, address)
		}
		// Every page of the panel that its own list leads to, and those behind them.
		owner.open(s.at(siteName, "/admin"))
		links := see(owner, "read the list", chromedp.Evaluate[[]string](`[...document.querySelectorAll('nav[aria-label="Admin"] a')].map(a => a.href).filter(a => a.includes("/admin"))`))
		if len(links) < 8 {
			t.Errorf("the panel has %d pages: %v", len(links), links)
		}
		for _, address := range append(links, s.at(siteName, "/admin/posts/new"), s.at(siteName, "/admin/new-trail"), s.at(siteName, "/admin/trails/upstream")) {
			look(owner, address)
		}
		if wrong := owner.complaints(); wrong != "" {
			t.Errorf("the browser complained:\n%s", wrong)
		}
	})
}

func (w *window) theme(name string) {
	w.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}
	if _, err := chromedp.Call(w.ctx, emulation.SetEmulatedMedia, params); err != nil {
		w.t.Fatalf("choose %s: %v", name, err)
	}
}
