// Command gallery takes the pictures of docs/images: it serves Grove with the demonstration data, opens it in Chromium as several people, and photographs what
// they see. make screenshots runs it.
//
// The pictures are the list in pictures.go; what it takes to serve Grove and to drive a browser is here.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"grove.place/lattice/tests/browser"
	"grove.place/lattice/tests/demo"
	"grove.place/lattice/tests/devoidc"
)

// maxPicture is the size in bytes of the largest picture that the repository takes.
const maxPicture = 150 << 10

func main() {
	out := flag.String("out", "docs/images", "`folder` for the pictures")
	port := flag.Int("port", 8797, "`port` to serve Grove on meanwhile")
	flag.Parse()
	if err := run(*out, *port); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(out string, port int) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	address, stop, err := serve(port)
	if err != nil {
		return err
	}
	defer stop()
	window, closeBrowser, err := browser.Start(chromedp.Flag("hide-scrollbars", true))
	if err != nil {
		return err
	}
	defer closeBrowser()
	return take(&studio{browser: window, out: out, address: address, inspector: fmt.Sprintf("http://localhost:%d", port+1)})
}

// serve runs Grove in lattice dev, with nothing stored but the data to show.
func serve(port int) (address string, stop func(), err error) {
	work, err := os.MkdirTemp("", "grove-gallery-")
	if err != nil {
		return "", nil, err
	}
	provider, stopProvider, err := devoidc.Start("127.0.0.1:0", devoidc.DefaultClient)
	if err != nil {
		return "", nil, err
	}
	cli := filepath.Join(work, "lattice")
	if text, err := exec.Command("go", "build", "-o", cli, "./cmd/lattice").CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build the command: %w\n%s", err, text)
	}
	domain := fmt.Sprintf("localhost:%d", port)
	statements, err := demo.SQL(time.Now())
	if err != nil {
		return "", nil, err
	}
	seed := filepath.Join(work, "demo.sql")
	if err := os.WriteFile(seed, []byte(statements), 0o600); err != nil {
		return "", nil, err
	}
	args := []string{"dev", "--port", fmt.Sprint(port), "--inspector-port", fmt.Sprint(port + 1), "--persist-to", filepath.Join(work, "state"), "--d1-seed", "DB=" + seed}
	for name, value := range devoidc.Vars(domain, provider.Issuer(), provider.Client()) {
		args = append(args, "--var", name+":"+value)
	}
	host := exec.Command(cli, args...)
	host.Stderr = os.Stderr
	if err := host.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = host.Process.Signal(syscall.SIGINT)
		_ = host.Wait()
		stopProvider()
		os.RemoveAll(work)
	}
	address = "http://" + domain
	ready := func() bool {
		resp, err := http.Get(address + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}
	for deadline := time.Now().Add(2 * time.Minute); !ready(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			stop()
			return "", nil, errors.New("grove was not ready after two minutes")
		}
	}
	return address, stop, nil
}

// studio is where the pictures are taken.
type studio struct {
	browser context.Context
	out     string
	address string

	inspector string // its address
}

// window is a browser with cookies of its own. The first thing that goes wrong in it is kept, and everything after it does nothing.
type window struct {
	*studio
	ctx context.Context
	err error
}

// open opens a window of that size; user is somebody whom the development provider suggests, "" for nobody.
func (s *studio) open(user string, width, height int64, theme string) *window {
	ctx, _ := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext())
	w := &window{studio: s, ctx: ctx, err: chromedp.Do(ctx)} // which opens it, for as long as ctx lasts
	w.do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(1)))
	if w.err == nil {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
		_, w.err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	}
	if user != "" {
		w.do(chromedp.Navigate(s.address+"/auth/login/dev"), chromedp.Click(chromedp.CSS(fmt.Sprintf("[data-user=%q]", user))))
		w.until(`document.querySelector("#who")`)
	}
	return w
}

func (w *window) do(steps ...chromedp.Action[chromedp.Void]) { ask(w, chromedp.Steps(steps...)) }

// ask does something in the window that yields a value.
func ask[V any](w *window, action chromedp.Action[V]) (v V) {
	if w.err != nil {
		return v
	}
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	v, w.err = chromedp.Run(ctx, action)
	return v
}

// visit goes to a page of a site, and signs in there first.
func (w *window) visit(site, path string) {
	at := "http://" + site + "." + w.address[len("http://"):]
	w.do(chromedp.Navigate(at + "/auth/login?return_to=" + path))
	w.until(fmt.Sprintf(`location.host.startsWith(%q) && location.pathname === %q && document.querySelector("h1")`, site+".", path))
}

// js runs a script in the page.
func (w *window) js(script string) {
	ask(w, chromedp.Evaluate[bool]("(() => {"+script+"; return true})()"))
}

func (w *window) write(selector, text string) {
	w.js(fmt.Sprintf(`const e = document.querySelector(%q); e.focus(); e.select?.()`, selector))
	w.do(chromedp.KeyEvent(text))
}

func (w *window) click(selector string) {
	w.until(fmt.Sprintf("document.querySelector(%q)", selector))
	w.js(fmt.Sprintf("document.querySelector(%q).click()", selector))
}

// until waits for a condition in the page.
func (w *window) until(condition string) {
	if w.err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		// An error is that of a page that is being left, or not there yet.
		if met, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+condition+")")); err == nil && met {
			return
		}
	}
	w.err = fmt.Errorf("%s did not come", condition)
}

// shoot takes a picture of what the window shows, from an element on unless selector is "".
func (w *window) shoot(name, selector string) error {
	if selector != "" {
		w.js(fmt.Sprintf(`document.querySelector(%q).scrollIntoView({block: "start"})`, selector))
	}
	w.until(`document.fonts.status === "loaded" && [...document.images].every(i => i.complete)`)
	png := ask(w, chromedp.CaptureScreenshot())
	switch {
	case w.err != nil:
		return fmt.Errorf("%s: %w", name, w.err)
	case len(png) > maxPicture:
		return fmt.Errorf("%s has %d bytes: %d are allowed", name, len(png), maxPicture)
	}
	fmt.Printf("%s.png %d KB\n", name, len(png)/1024)
	return os.WriteFile(filepath.Join(w.out, name+".png"), png, 0o644)
}

// firstError is the first thing that went wrong in any of the windows.
func firstError(windows ...*window) error {
	i := slices.IndexFunc(windows, func(w *window) bool { return w.err != nil })
	if i < 0 {
		return nil
	}
	return windows[i].err
}
