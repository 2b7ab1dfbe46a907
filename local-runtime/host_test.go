package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/durables"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/local-runtime/testdata/thing"
)

func options() local.TestOptions {
	return local.TestOptions{
		Package: "./testdata/worker",
		Options: local.Options{
			Name:      "trial",
			Objects:   map[string]string{"THINGS": "Thing", "GHOSTS": "Ghost"},
			Databases: map[string]local.Database{"DB": {ID: "notes", Migrations: "testdata/migrations"}},
			Vars:      map[string]string{"WHO": "vars"},
			Services:  map[string]string{"SELF": "trial", "OTHER": "elsewhere"},
		},
	}
}

func start(t *testing.T) *local.Host { return local.StartTest(t, options()) }

func named(name string) *durables.Stub[thing.Thing] { return thing.Things.GetByName(name) }

// moving moves the clock until f has returned.
func moving(t *testing.T, h *local.Host, step time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		h.Clock.Advance(step)
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
	t.Fatal("still waiting after ten seconds")
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func request(t *testing.T, h http.Handler, method, target string, body io.Reader) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, target, body)
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestFrontDoor(t *testing.T) {
	h := start(t)
	big := strings.Repeat("0123456789", 30_000)
	lines := ""
	for i := range 1000 {
		lines += fmt.Sprintf("line %d\n", i)
	}
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		want                       string
	}{
		{"the environment and the client's address reach the handler", "GET", "/hello", "", 200, "hello vars from 192.0.2.1:0"},
		{"a small body is echoed", "POST", "/echo", "small", 200, "small"},
		{"a body larger than the inbox is streamed both ways", "POST", "/echo", big, 200, big},
		{"flushed chunks arrive", "GET", "/stream?n=1000", "", 200, lines},
		{"an unknown route is the Worker's 404", "GET", "/nowhere", "", 404, "404 page not found\n"},
		{"a panic is an error for its caller", "GET", "/panic", "", 500, "Internal Server Error\n"},
		{"an object answers by RPC", "GET", "/add/a", "", 200, "1"},
		{"and keeps what it stored", "GET", "/add/a", "", 200, "2"},
		{"an object answers fetch", "POST", "/thing/b/x", "quiet", 202, "QUIET"},
		{"a streamed body goes through to an object and back", "POST", "/thing/b/x", big + "a", 202, big + "A"},
		{"D1 stores", "GET", "/database?text=one", "", 200, "one<nil>"},
		{"D1 keeps", "GET", "/database?text=two", "", 200, "one,two<nil>"},
		{"a service binding to the Worker itself", "GET", "/service?binding=SELF", "", 200, "hello vars from 0.0.0.0:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, got := request(t, h, c.method, c.target, strings.NewReader(c.body))
			if status != c.status || got != c.want {
				t.Errorf("got %d %.200q, want %d %.200q", status, got, c.status, c.want)
			}
		})
	}
	if status, got := request(t, h, "GET", "/service?binding=OTHER", nil); status != 502 || !strings.Contains(got, `goes to the Worker "elsewhere", which this host does not run`) {
		t.Errorf("a foreign service binding: %d %s", status, got)
	}
}

func TestBodyLimit(t *testing.T) {
	h := start(t)
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/echo", strings.NewReader("x"))
	r.ContentLength = 101 << 20
	h.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("a declared length of 101 MB: %d", w.Code)
	}
}

func TestOutboundFetch(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/big", http.StatusFound)
			return
		}
		w.Header().Set("X-Seen", r.Method)
		w.Write(bytes.Repeat([]byte("ab"), 100_000))
	}))
	defer server.Close()
	h := start(t)
	status, got := request(t, h, "GET", "/get?url="+server.URL+"/redirect", nil)
	if status != 200 || len(got) != 200_000 {
		t.Errorf("%d, %d bytes: %.100s", status, len(got), got)
	}
	if status, got := request(t, h, "GET", "/get?url=http://127.0.0.1:1/", nil); status != 502 || !strings.Contains(got, "connection refused") {
		t.Errorf("nobody listens: %d %s", status, got)
	}
}

func TestDescriptorsCallTheHost(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	if n := must[int](t)(thing.Add.Call(ctx, named("n"), 41)); n != 41 {
		t.Errorf("add: %d", n)
	}
	id := must[durables.ID](t)(thing.Things.IDFromName(ctx, "n"))
	again := must[durables.ID](t)(thing.Things.IDFromString(ctx, id.String()))
	if n := must[int](t)(thing.Add.Call(ctx, thing.Things.Get(again), 1)); n != 42 {
		t.Errorf("by id: %d", n)
	}
	for _, bad := range []struct{ id, want string }{
		{"xyz", "TypeError: Invalid Durable Object ID: must be 64 hex digits"},
		{strings.Repeat("0", 64), "TypeError: Durable Object ID is not valid for this namespace."},
	} {
		if _, err := thing.Things.IDFromString(ctx, bad.id); err == nil || err.Error() != bad.want {
			t.Errorf("id %s: %v", bad.id, err)
		}
	}
	var got any
	want := map[string]any{"text": "x", "bytes": []byte{1, 2}, "list": []any{true, nil}}
	if err := named("n").Call(ctx, "echo", &got, want); err != nil || !reflect.DeepEqual(got, any(want)) {
		t.Errorf("echo: %v, %v", got, err)
	}
	big := make([]byte, 33<<20)
	if err := named("n").Call(ctx, "echo", nil, big); err == nil || !strings.Contains(err.Error(), "Serialized RPC arguments or return values are limited to 32MiB") {
		t.Errorf("33 MB: %.200v", err)
	}
	if err := named("n").Call(ctx, "nothing", nil); err == nil || !strings.Contains(err.Error(), `The RPC receiver does not implement the method "nothing".`) {
		t.Errorf("unknown method: %v", err)
	}
}

func TestErrorsCross(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	check := func(name string, err error, message string, remote, reset bool) {
		t.Helper()
		var e *durables.Error
		if !errors.As(err, &e) || e.Message != message || e.Remote != remote || e.DurableObjectReset != reset {
			t.Errorf("%s: %+v", name, err)
		}
	}
	_, err := thing.Fail.Call(ctx, named("e"), "as asked")
	check("an error of a method", err, "as asked", true, false)
	_, err = thing.Panic.Call(ctx, named("e"), "boom")
	check("a panic", err, "panic: boom", true, false)
	_, err = thing.Boots.Call(ctx, named("broken"), durables.None{})
	check("a failing constructor", err, "this object cannot be made", false, true)

	stub := named("e")
	_, err = thing.Abort.Call(ctx, stub, "enough")
	check("abort", err, "enough", false, true)
	if n := must[int](t)(thing.Count.Call(ctx, named("e"), durables.None{})); n != 0 {
		t.Errorf("abort kept %d rows that were not committed", n)
	}
	if n := must[int](t)(thing.Boots.Call(ctx, named("e"), durables.None{})); n != 2 {
		t.Errorf("constructed %d times, want 2", n)
	}
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://x/abort", nil)
	_, err = named("e").Fetch(ctx, req)
	check("abort in fetch", err, "fetch aborts", true, true)
}

func TestObjectsCallEachOther(t *testing.T) {
	h := start(t)
	got := must[string](t)(thing.Chain.Call(h.Context(), named("a"), thing.Hop{Names: []string{"b", "a", "c", "a", "b"}}))
	if got != "a>b>a>c>a>b" {
		t.Errorf("chain %s", got)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("a"), 0)); n != 3 {
		t.Errorf("a was entered %d times", n)
	}
}

func TestSleepersHopHome(t *testing.T) {
	h := start(t)
	var wg sync.WaitGroup
	moving(t, h, 50*time.Millisecond, func() {
		for i := range 60 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				call := thing.Sleep
				if i%3 == 0 {
					call = thing.Lock
				}
				if _, err := call.Call(h.Context(), named(fmt.Sprint("s", i%10)), 20+i%7); err != nil {
					t.Error(err)
				}
			}()
		}
		wg.Wait()
	})
	for i := range 10 {
		if n := must[int](t)(thing.Add.Call(h.Context(), named(fmt.Sprint("s", i)), 0)); n != 6 {
			t.Errorf("s%d: %d writes, want 6", i, n)
		}
	}
}

func TestCriticalSectionsExclude(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	var got string
	moving(t, h, 10*time.Millisecond, func() {
		var wg sync.WaitGroup
		stub := named("cs")
		for _, name := range []string{"1", "2", "3"} {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if _, err := thing.Block.Call(ctx, stub, thing.Blocking{Ms: 100, Name: name}); err != nil {
					t.Error(err)
				}
			}()
		}
		wg.Wait()
		got = must[string](t)(thing.Block.Call(ctx, stub, thing.Blocking{Name: "last"}))
	})
	var open string
	for _, step := range strings.Split(got, ",") {
		what, name, _ := strings.Cut(step, " ")
		switch what {
		case "in":
			if open != "" {
				t.Errorf("%s entered inside of %s: %s", name, open, got)
			}
			open = name
		case "out":
			open = ""
		}
	}
}

func TestFailedSectionResetsTheObject(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	_, err := thing.Block.Call(ctx, named("f"), thing.Blocking{Fail: "section fails"})
	var e *durables.Error
	if !errors.As(err, &e) || e.Message != "section fails" || !e.DurableObjectReset {
		t.Errorf("caller got %+v", err)
	}
	if n := must[int](t)(thing.Boots.Call(ctx, named("f"), durables.None{})); n != 2 {
		t.Errorf("constructed %d times, want 2", n)
	}
	moving(t, h, time.Second, func() {
		_, err = thing.Block.Call(ctx, named("slow"), thing.Blocking{Ms: 60_000})
	})
	if !errors.As(err, &e) || !strings.HasPrefix(e.Message, "A call to blockConcurrencyWhile() in a Durable Object waited for too long.") || !e.Overloaded || !e.DurableObjectReset {
		t.Errorf("a section of a minute: %+v", err)
	}
}

func TestTransactions(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	moving(t, h, 10*time.Millisecond, func() {
		_, err := thing.Transact.Call(ctx, named("t"), thing.Blocking{Ms: 50, Fail: "no"})
		if err == nil || err.Error() != "no" {
			t.Errorf("failing transaction: %v", err)
		}
		if n := must[int](t)(thing.Transact.Call(ctx, named("t"), thing.Blocking{Ms: 50})); n != 1 {
			t.Errorf("%d rows, want only the committed one", n)
		}
	})
	if n := must[int](t)(thing.Boots.Call(ctx, named("t"), durables.None{})); n != 1 {
		t.Errorf("a failed transaction reset the object")
	}
}

func TestDeadInstanceIsReplaced(t *testing.T) {
	o := options()
	o.Isolates = 1
	h := local.StartTest(t, o)
	ctx := h.Context()
	must[int](t)(thing.Insert.Call(ctx, named("d"), 1))
	failed := make(chan error, 1)
	go func() { // another event in flight fails with the cause as well
		_, err := thing.Sleep.Call(ctx, named("other"), 1000)
		failed <- err
	}()
	for objects := 0; objects < 2; { // wait until it is there
		list := must[[]local.Object](t)(h.Objects("Thing"))
		objects = len(list)
	}
	_, err := thing.Exit.Call(ctx, named("d"), 3)
	var e *durables.Error
	if !errors.As(err, &e) || e.Message != "the Go program exited: exit code 3" || !e.DurableObjectReset {
		t.Errorf("the caller got %+v", err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "exit code 3") {
		t.Errorf("the other caller got %v", err)
	}
	if n := must[int](t)(thing.Count.Call(ctx, named("d"), durables.None{})); n != 1 {
		t.Errorf("%d rows after the death", n)
	}
	if status, _ := request(t, h, "GET", "/die", nil); status != 500 {
		t.Errorf("a dying handler: %d", status)
	}
	if status, _ := request(t, h, "GET", "/hello", nil); status != 200 {
		t.Errorf("the next request: %d", status)
	}
}

func TestEviction(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	stub := named("ev")
	must[int](t)(thing.Add.Call(ctx, stub, 5))
	h.Clock.Advance(9 * time.Second)
	must[int](t)(thing.Add.Call(ctx, stub, 5))
	h.Clock.Advance(9 * time.Second)
	if n := must[int](t)(thing.Boots.Call(ctx, stub, durables.None{})); n != 1 {
		t.Fatalf("constructed %d times although never idle for ten seconds", n)
	}
	h.Clock.Advance(11 * time.Second)
	if n := must[int](t)(thing.Boots.Call(ctx, stub, durables.None{})); n != 2 {
		t.Errorf("constructed %d times, want 2 after ten idle seconds", n)
	}
	if n := must[int](t)(thing.Add.Call(ctx, stub, 0)); n != 10 {
		t.Errorf("total %d", n)
	}
}

func TestWorkGoesOnAfterItsEvent(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	must[durables.None](t)(thing.Background.Call(ctx, named("bg"), 500))
	h.Clock.Advance(time.Second)
	if n := must[int](t)(thing.Add.Call(ctx, named("bg"), 0)); n != 100 {
		t.Errorf("a goroutine left in an object wrote %d", n)
	}
	request(t, h, "GET", "/wait", nil)
	h.Clock.Advance(2 * time.Second)
	if n := must[int](t)(thing.Add.Call(ctx, named("waited"), 0)); n != 5 {
		t.Errorf("WaitUntil wrote %d", n)
	}
}

func TestDisconnectedClient(t *testing.T) {
	var log lockedBuffer
	o := options()
	o.Logger = log.logger()
	h := local.StartTest(t, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/hang", nil).WithContext(ctx))
	}()
	time.AfterFunc(50*time.Millisecond, cancel)
	<-done
	log.waitFor(t, "hang ended: the client disconnected")
}

func TestAlarms(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	now := h.Clock.Now()
	set := func(name string, p thing.AlarmPlan) {
		t.Helper()
		must[durables.None](t)(thing.SetAlarm.Call(ctx, named(name), p))
	}
	runs := func(name string) []string {
		t.Helper()
		return must[[]string](t)(thing.Alarms.Call(ctx, named(name), durables.None{}))
	}
	unix := now.Unix()
	t.Run("it runs when due, also out of memory, and knows its name", func(t *testing.T) {
		set("once", thing.AlarmPlan{At: now.Add(time.Minute)})
		if at := must[string](t)(thing.GetAlarm.Call(ctx, named("once"), durables.None{})); at != now.Add(time.Minute).Format(time.RFC3339) {
			t.Errorf("getAlarm %s", at)
		}
		h.Clock.Advance(59 * time.Second)
		if got := runs("once"); len(got) != 0 {
			t.Errorf("ran early: %v", got)
		}
		h.Clock.Advance(time.Second)
		want := []string{fmt.Sprintf("once retry 0 false alarm none at %d", unix+60)}
		if got := runs("once"); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if at := must[string](t)(thing.GetAlarm.Call(ctx, named("once"), durables.None{})); at != "none" {
			t.Errorf("still set: %s", at)
		}
	})
	t.Run("set again in its handler", func(t *testing.T) {
		set("again", thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Again: 1})
		h.Clock.Advance(2 * time.Minute)
		if got := runs("again"); len(got) != 2 || !strings.Contains(got[1], "retry 0 false") {
			t.Errorf("got %v", got)
		}
	})
	t.Run("it is retried six times and then given up", func(t *testing.T) {
		set("fails", thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Fails: 100})
		h.Clock.Advance(10 * time.Minute)
		got := runs("fails")
		if len(got) != 7 {
			t.Fatalf("ran %d times: %v", len(got), got)
		}
		for i, run := range got {
			if want := fmt.Sprintf("fails retry %d %v alarm none", i, i > 0); !strings.HasPrefix(run, want) {
				t.Errorf("run %d: %s", i, run)
			}
		}
		if at := must[string](t)(thing.GetAlarm.Call(ctx, named("fails"), durables.None{})); at != "none" {
			t.Errorf("still set: %s", at)
		}
	})
	t.Run("a retry that succeeds is the last", func(t *testing.T) {
		set("recovers", thing.AlarmPlan{At: h.Clock.Now().Add(time.Second), Fails: 2})
		h.Clock.Advance(10 * time.Minute)
		if got := runs("recovers"); len(got) != 3 {
			t.Errorf("got %v", got)
		}
	})
}

func TestStorageAndAlarmsSurviveTheHost(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	clock := local.NewVirtualClock(time.Unix(1_800_000_000, 0))
	o.Clock = clock
	h := local.StartTest(t, o)
	must[int](t)(thing.Add.Call(h.Context(), named("kept"), 7))
	must[durables.None](t)(thing.SetAlarm.Call(h.Context(), named("kept"), thing.AlarmPlan{At: clock.Now().Add(time.Hour)}))
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock = local.NewVirtualClock(time.Unix(1_800_100_000, 0))
	h = local.StartTest(t, o)
	h.Clock.Advance(0)
	got := must[[]string](t)(thing.Alarms.Call(h.Context(), named("kept"), durables.None{}))
	if len(got) != 1 || !strings.HasPrefix(got[0], "kept retry 0 false") {
		t.Errorf("overdue alarm: %v", got)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("kept"), 0)); n != 7 {
		t.Errorf("total %d", n)
	}
}

func TestReloadKeepsStorage(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	must[int](t)(thing.Add.Call(ctx, named("r"), 3))
	if err := h.Reload(ctx, []byte("not wasm")); err == nil {
		t.Error("garbage was accepted")
	}
	module, err := local.BuildTest("./testdata/worker")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(ctx, module); err != nil {
		t.Fatal(err)
	}
	if n := must[int](t)(thing.Add.Call(ctx, named("r"), 0)); n != 3 {
		t.Errorf("total %d after the reload", n)
	}
	if n := must[int](t)(thing.Boots.Call(ctx, named("r"), durables.None{})); n != 2 {
		t.Errorf("constructed %d times", n)
	}
}

func TestScheduled(t *testing.T) {
	o := options()
	o.Isolates = 1
	h := local.StartTest(t, o)
	if err := h.Scheduled(context.Background(), "* * * * *", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, got := request(t, h, "GET", "/crons", nil); got != "[* * * * *@00:00:00]" {
		t.Errorf("%s", got)
	}
	if err := h.Scheduled(context.Background(), "fail", time.Now()); err == nil || err.Error() != "TypeError: the cron fails" {
		t.Errorf("%v", err)
	}
}

func TestDamagedFileIsAClearError(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	must[int](t)(thing.Add.Call(h.Context(), named("x"), 1))
	files, _ := filepath.Glob(filepath.Join(o.Dir, "objects", "*", "*.sqlite"))
	if len(files) != 1 {
		t.Fatalf("files %v", files)
	}
	h.Clock.Advance(time.Minute)
	if err := os.WriteFile(files[0], []byte("this is not a database, it is a text that is long enough"), 0o644); err != nil {
		t.Fatal(err)
	}
	os.Remove(files[0] + "-wal")
	_, err := thing.Add.Call(h.Context(), named("x"), 1)
	if err == nil || !strings.Contains(err.Error(), files[0]) {
		t.Errorf("the caller got %v", err)
	}
	if n := must[int](t)(thing.Add.Call(h.Context(), named("y"), 1)); n != 1 {
		t.Errorf("another object: %d", n)
	}
}

func TestBrokenStubStaysBroken(t *testing.T) {
	o := options()
	o.Isolates = 1
	h := local.StartTest(t, o)
	status, got := request(t, h, "GET", "/broken", nil)
	want := "add 1 <nil>\nabort broken now\nsame stub 0 broken now\nnew stub 1 <nil>\nthrown reset Error: nested\nits stub 0 <nil>\n"
	if status != 200 || got != want {
		t.Errorf("got %d\n%swant\n%s", status, got, want)
	}
}

func TestStorageHasOneHost(t *testing.T) {
	o := options()
	o.Dir = t.TempDir()
	h := local.StartTest(t, o)
	module, err := local.BuildTest(o.Package)
	if err != nil {
		t.Fatal(err)
	}
	second := o.Options
	second.Module, second.CacheDir = module, local.TestCacheDir()
	if _, err := local.New(context.Background(), second); err == nil || !strings.Contains(err.Error(), "is in use by another local host") {
		t.Errorf("a second host: %v", err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := local.New(context.Background(), second)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	next.Close()
}

func TestEventsThatWaitForTheConstructorSurviveAReset(t *testing.T) {
	h := start(t)
	ctx := h.Context()
	var wg sync.WaitGroup
	for i := range 50 { // whatever the order, each call has an answer
		wg.Go(func() {
			name := named(fmt.Sprint("q", i%5))
			var err error
			if i%3 == 0 {
				_, err = thing.Abort.Call(ctx, name, "queue aborts")
			} else {
				_, err = thing.Add.Call(ctx, name, 1)
			}
			if err != nil && err.Error() != "queue aborts" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
