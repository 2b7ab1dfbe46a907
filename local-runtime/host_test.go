package local_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
			Objects:   map[string]string{"THINGS": "Thing", "GHOSTS": "Ghost", "ROOMS": "Room"},
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
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		h.Clock.Advance(step)
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
	t.Fatal("still waiting after a minute")
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
	if status, got := request(t, h, "GET", "/service?binding=OTHER", nil); status != 503 || !strings.Contains(got, `Worker "elsewhere" not found. Make sure it is running locally.`) {
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
	if status, got := request(t, h, "GET", "/get?url=http://127.0.0.1:1/", nil); status != 502 || !strings.Contains(got, "Network connection lost.") {
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
