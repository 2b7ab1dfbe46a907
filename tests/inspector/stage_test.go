package inspector

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"grove.place/lattice/internal/inspector"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/browser"
)

// stage is a Worker with its inspector, and a browser before it.
type stage struct {
	t      *testing.T
	host   *local.Host
	site   *httptest.Server // of the Worker
	page   string           // address of the inspector
	clock  *local.AdjustableClock
	record *inspector.Record
	window context.Context
	served *inspector.Inspector
	end    func()                 // of what is served
	down   atomic.Pointer[string] // why the Worker does not run; nil: it does
	stale  atomic.Pointer[string] // why its latest sources do not; nil: they do

	mu    sync.Mutex
	wrong []string // what the browser complained about
}

func open(t *testing.T) *stage {
	t.Helper()
	wasm, err := local.BuildTest("./app")
	if err != nil {
		t.Fatal(err)
	}
	record := inspector.NewRecord()
	s := &stage{t: t, clock: local.NewAdjustableClock(), record: record}
	s.host, err = local.New(t.Context(), local.Options{
		Module: wasm, Name: "site", Objects: map[string]string{"ROOMS": "Room"}, Queues: map[string]string{"MAIL": "mail"},
		Databases: map[string]local.Database{"DB": {}}, KV: map[string]string{"CACHE": "cache"}, Buckets: map[string]string{"FILES": "files"},
		Consumers: map[string]local.Consumer{"mail": {MaxBatchTimeout: -1, MaxRetries: -1, DeadLetterQueue: "dead"}},
		Dir:       t.TempDir(), CacheDir: local.TestCacheDir(), Isolates: 1, Clock: s.clock, Observe: record.Observe,
		Logger: record.Tee(slog.New(slog.DiscardHandler), []string{"site"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.host.Close(); err != nil {
			t.Error(err)
		}
	})
	s.site = httptest.NewServer(s.host)
	t.Cleanup(s.site.Close)
	s.inspect(0)
	t.Cleanup(func() { s.end() })
	window, end, err := browser.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	s.window = window
	s.listen()
	return s
}

// inspect serves the inspector, as lattice dev does from its start to its end.
func (s *stage) inspect(port int) {
	s.t.Helper()
	i, err := inspector.New(inspector.Options{Port: port, Clock: s.clock, Record: s.record, URL: s.site.URL, Log: slog.New(slog.DiscardHandler), Workers: func() []inspector.Worker {
		w := inspector.Worker{Name: "site", Crons: []string{"0 * * * *"}, Enter: func(context.Context) (*local.Host, func(), error) { return s.host, func() {}, nil }}
		if why := s.down.Load(); why != nil {
			w.Down = *why
		}
		if why := s.stale.Load(); why != nil {
			w.Stale = *why
		}
		return []inspector.Worker{w}
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- i.Serve(ctx) }()
	s.served, s.page = i, strings.TrimSuffix(i.URL(), "/")
	s.end = func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	}
}

// listen notes what the browser complains about: a script that fails, and what the pages' policy forbids.
func (s *stage) listen() {
	err := browser.Listen(s.window, func(c browser.Complaint) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.wrong = append(s.wrong, c.String())
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// post sends the Worker a request.
func (s *stage) post(path string) {
	s.t.Helper()
	resp, err := http.Post(s.site.URL+path, "", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s", path, resp.Status)
	}
}

// do performs steps in the browser, within a minute.
func (s *stage) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.window, time.Minute)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Steps(steps...)); err != nil {
		s.t.Fatalf("%s: %v\n%s", what, err, s.text())
	}
}

func (s *stage) open(path string) {
	s.t.Helper()
	s.do("open "+path, chromedp.Navigate(s.page+path), chromedp.WaitVisible(chromedp.CSS("#main")))
}

// click clicks, or submits, and waits for the page that follows.
func (s *stage) click(selector string) {
	s.t.Helper()
	s.do("mark the page", evaluate("document.body.dataset.old = 'yes'"))
	s.do("click "+selector, chromedp.Click(chromedp.CSS(selector)), chromedp.WaitVisible(chromedp.CSS("body:not([data-old]) #main")))
}

func evaluate(script string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Evaluate[any](script)(ctx, target)
		return chromedp.Void{}, err
	}
}

func (s *stage) text() string {
	ctx, cancel := context.WithTimeout(s.window, time.Minute)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		s.t.Error(err)
	}
	return text
}

// shows is a promise that the page has a text, now or after a change.
const shows = `new Promise((done) => {
	const look = () => { if (document.body.innerText.includes(%q)) done(true); };
	new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
	look();
})`

// see waits until the page shows a text; nothing loads it again but its own script.
func (s *stage) see(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		ctx, cancel := context.WithTimeout(s.window, time.Minute)
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](fmt.Sprintf(shows, text), chromedp.EvalAwaitPromise))
		cancel()
		if err != nil {
			s.t.Fatalf("the page does not show %q (%v):\n%s", text, err, s.text())
		}
	}
}

func (s *stage) seeNot(text string) {
	s.t.Helper()
	if strings.Contains(s.text(), text) {
		s.t.Errorf("the page shows %q:\n%s", text, s.text())
	}
}

// openRoom opens the page of an object.
func (s *stage) openRoom(name, more string) {
	s.t.Helper()
	id, err := s.host.ObjectID("Room", name)
	if err != nil {
		s.t.Fatal(err)
	}
	s.open("/object?worker=site&class=Room&id=" + id + more)
}
