package templates

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"grove.place/lattice/tests/browser"
)

// pages use the page of each template that has one, in a browser. On the local host something happens to the server meanwhile.
var pages = map[string]func(t *testing.T, addr string, h *home){"chat": chat, "app": notes}

// chat is two people in the lobby, of whom one loads the page again.
func chat(t *testing.T, addr string, h *home) {
	ann, bob := open(t, addr), open(t, addr)
	for person, name := range map[*window]string{ann: "ann", bob: "Bob <i>"} {
		person.write("#name", name)
	}
	ann.write("#say input", "<b>hello</b> & wèlcome")
	for _, person := range []*window{ann, bob} {
		person.see("ann<b>hello</b> & wèlcome")
	}
	if h != nil {
		if _, err := h.host.Load().EvictAll(); err != nil { // the room leaves memory, its sockets stay
			t.Fatal(err)
		}
	}
	bob.write("#say input", "still here")
	ann.see("Bob <i>still here")
	bob.load()
	bob.see("ann<b>hello</b> & wèlcome", "Bob <i>still here") // without being asked for the name again
	if h != nil {
		h.end() // as lattice dev does when a source has changed
		bob.see("Reconnecting…")
		h.begin()
		bob.await(`document.querySelector("#status").textContent === ""`)
		ann.await(`document.querySelector("#status").textContent === ""`)
		bob.write("#say input", "after the build")
		ann.see("Bob <i>after the build")
		if n := ann.count("#messages li", "still here"); n != 1 {
			t.Errorf("what was said before is there %d times", n)
		}
	}
}

// notes is somebody who begins a session and writes.
func notes(t *testing.T, addr string, _ *home) {
	w := open(t, addr)
	w.write("#name", "cy")
	w.write("#write input", "<script>alert(1)</script>")
	w.see("cy: <script>alert(1)</script>", "cy: 1") // the note, and the count that the queue brings
	w.load()
	w.see("cy: <script>alert(1)</script>")
	w.await(`document.querySelector("#begin").hidden && !document.querySelector("#write").hidden`)
}

// chromium is one for all tests, until the last of them ends.
var chromium = sync.OnceValues(func() (context.Context, error) {
	all, end, err := browser.Start()
	if err == nil {
		endBrowser = end
	}
	return all, err
})

var endBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	endBrowser()
	os.Exit(code)
}

// window is a window with cookies and storage of its own.
type window struct {
	t   *testing.T
	ctx context.Context
	url string

	mu    sync.Mutex
	wrong []string // what the browser complained about
}

func open(t *testing.T, addr string) *window {
	t.Helper()
	all, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := chromedp.NewContext(all, chromedp.WithNewBrowserContext())
	w := &window{t: t, ctx: ctx, url: "http://" + addr + "/"}
	t.Cleanup(func() {
		end()
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.wrong) > 0 {
			t.Errorf("the browser complained:\n%s", strings.Join(w.wrong, "\n"))
		}
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	w.listen()
	w.load()
	return w
}

// listen notes scripts that fail and what the pages' policy forbids, but not that a server is away for a moment.
func (w *window) listen() {
	err := browser.Listen(w.ctx, func(c browser.Complaint) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !c.Network {
			w.wrong = append(w.wrong, c.String())
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *window) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Minute)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Steps(steps...)); err != nil {
		w.t.Fatalf("%s: %v\n%s", what, err, w.text())
	}
}

func (w *window) load() {
	w.t.Helper()
	w.do("load the page", chromedp.Navigate(w.url))
}

// write fills a field of a form and sends it with the Enter key, as people do.
func (w *window) write(field, text string) {
	w.t.Helper()
	w.do("write "+text, chromedp.WaitVisible(chromedp.CSS(field)), chromedp.SendKeys(chromedp.CSS(field), text+"\r"))
}

// await waits until a condition of the page holds.
func (w *window) await(condition string) {
	w.t.Helper()
	w.promise(condition, fmt.Sprintf("() => %s", condition))
}

// see waits until the page shows texts.
func (w *window) see(texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		w.promise(text, fmt.Sprintf(`() => [...document.querySelectorAll("li, p")].some((one) => one.textContent.includes(%q))`, text))
	}
}

func (w *window) promise(what, condition string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, 2*time.Minute)
	defer cancel()
	script := fmt.Sprintf(`new Promise((done) => {
		const holds = %s;
		const look = () => { if (holds()) done(true); };
		new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
		look();
	})`, condition)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script, chromedp.EvalAwaitPromise)); err != nil {
		w.t.Fatalf("not so: %s (%v):\n%s", what, err, w.text())
	}
}

func (w *window) count(selector, text string) int {
	w.t.Helper()
	n, err := chromedp.Run(w.ctx, chromedp.Evaluate[int](fmt.Sprintf(`[...document.querySelectorAll(%q)].filter((one) => one.textContent.includes(%q)).length`, selector, text)))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *window) text() string {
	text, err := chromedp.Run(w.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}
