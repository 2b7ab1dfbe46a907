package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"grove.place/lattice/tests/browser"
)

// TestABrowserIsSignedOutByAnother is the main job, as two people at two screens would see it.
func TestABrowserIsSignedOutByAnother(t *testing.T) {
	chromium := startChromium(t)
	onBothHosts(t, func(t *testing.T, s site) {
		desk, sofa := openWindow(t, chromium, s), openWindow(t, chromium, s)
		for _, w := range []*window{desk, sofa} {
			w.do("open the home page", chromedp.Navigate(s.url+"/"), chromedp.WaitVisible(chromedp.CSS("#sign-in")))
			w.do("choose a provider", chromedp.Click(chromedp.CSS("#sign-in")), chromedp.Click(chromedp.CSS(`[data-provider="dev"]`)))
			w.do("say who it is", chromedp.Click(chromedp.CSS(`[data-user="Alice Alder"]`)))
			w.do("come back signed in", chromedp.WaitVisible(chromedp.CSS("#who")))
			if got := w.text("h1"); got != "Welcome back, Alice Alder" {
				t.Fatalf("the home page says %q", got)
			}
			w.do("open the sessions", chromedp.Navigate(s.url+"/settings/sessions"), chromedp.WaitVisible(chromedp.CSS("#sessions")))
		}

		desk.do("load the list again", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#sessions")))
		if n := desk.count(".sessions li"); n != 2 {
			t.Fatalf("%d sessions are listed, want 2", n)
		}
		if n := desk.count(".sessions li .badge"); n != 1 {
			t.Errorf("%d sessions are this device, want 1", n)
		}
		desk.do("change its mind", chromedp.Click(chromedp.CSS("[data-revoke]")), chromedp.WaitVisible(chromedp.CSS("#confirm[open]")), chromedp.Click(chromedp.CSS(`#confirm button[value="no"]`)),
			chromedp.WaitNotPresent(chromedp.CSS("#confirm[open]")))
		if n := desk.count(".sessions li"); n != 2 {
			t.Fatalf("after cancelling %d sessions are listed, want 2", n)
		}
		desk.do("end the other session", chromedp.Click(chromedp.CSS("[data-revoke]")), chromedp.WaitVisible(chromedp.CSS("#confirm[open]")), chromedp.Click(chromedp.CSS(`#confirm button[value="yes"]`)))
		desk.do("see it gone", chromedp.WaitVisible(chromedp.CSS(".empty")))
		if n := desk.count(".sessions li"); n != 1 {
			t.Errorf("%d sessions are listed, want 1", n)
		}

		// Nobody touches the sofa: it notices by itself, and there is no way back.
		sofa.do("be signed out", chromedp.WaitVisible(chromedp.CSS(`[data-provider="dev"]`)))
		if at := sofa.location(); at != s.url+"/auth/login?return_to=%2Fsettings%2Fsessions" {
			t.Errorf("the other browser is at %s, want the sign-in page", at)
		}
		sofa.do("try the home page", chromedp.Navigate(s.url+"/"), chromedp.WaitVisible(chromedp.CSS("#sign-in")))

		desk.do("sign out", chromedp.Click(chromedp.CSS("#sign-out")), chromedp.WaitVisible(chromedp.CSS("#sign-in")))
		for _, w := range []*window{desk, sofa} {
			if wrong := w.complaints(); wrong != "" {
				t.Errorf("the browser complained:\n%s", wrong)
			}
		}
	})
}

// startChromium returns a headless Chromium, from Debian's package, that all tests share: each window has cookies and a storage of its own.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	all, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var chromium = sync.OnceValues(func() (context.Context, error) {
	all, end, err := browser.Start()
	if err == nil {
		closeChromium = end
	}
	return all, err
})

// closeChromium ends the browser, if there is one.
var closeChromium = func() {}

// window is a browser with cookies of its own.
type window struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	wrong []string
}

func openWindow(t *testing.T, all context.Context, s site) *window {
	t.Helper()
	ctx, closeWindow := chromedp.NewContext(all, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	w := &window{t: t, ctx: ctx}
	err := browser.Listen(ctx, func(c browser.Complaint) {
		w.mu.Lock()
		defer w.mu.Unlock()
		// The 401 by which the page learns that it is signed out is meant, and the 409 by which it learns that somebody was faster.
		meant := c.Network && (strings.HasSuffix(c.URL, "/auth/session") || strings.Contains(c.Text, "status of 409"))
		if !meant {
			w.wrong = append(w.wrong, c.String())
		}
	})
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	return w
}

func (w *window) complaints() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.wrong, "\n")
}

// patience is how long one step may take. Only a failure takes so long, and a machine that does much else.
const patience = time.Minute

// do performs one step.
func (w *window) do(step string, actions ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	see(w, step, chromedp.Steps(actions...))
}

// see performs one step that yields something.
func see[T any](w *window, step string, action chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if err != nil {
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
		defer cancel()
		page, _ := chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("html")))
		w.t.Fatalf("%s: %v\n%s", step, err, page)
	}
	return result
}

func (w *window) text(selector string) string {
	w.t.Helper()
	// Not chromedp.Text: the document may replace the numbers of its nodes between finding one and reading it.
	return see(w, "read "+selector, chromedp.Evaluate[string](fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector)))
}

func (w *window) location() string {
	w.t.Helper()
	return see(w, "read the address", chromedp.Location())
}

func (w *window) count(selector string) int {
	w.t.Helper()
	return see(w, "count "+selector, chromedp.Evaluate[int](fmt.Sprintf("document.querySelectorAll(%q).length", selector)))
}
