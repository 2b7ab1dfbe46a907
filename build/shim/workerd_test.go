package shim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/build"
	"grove.place/lattice/tests/workerd"
)

// start runs testdata/guest on workerd, behind testdata/harness.mjs.
func start(t *testing.T, v8Flags ...string) *workerd.Direct {
	t.Helper()
	dir := t.TempDir()
	if _, err := build.Build(t.Context(), build.Options{Package: "./testdata/guest", Out: dir, NoSizes: true}); err != nil {
		t.Fatal(err)
	}
	harness, err := os.ReadFile("testdata/harness.mjs")
	if err == nil {
		err = os.WriteFile(dir+"/harness.mjs", harness, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := workerd.StartDirect(t.Context(), workerd.DirectOptions{
		Worker:  workerd.Worker{Name: "shim", Dir: dir, Main: "harness.mjs", Objects: map[string]string{"BOX": "Box"}},
		V8Flags: v8Flags,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("workerd says:\n%s", d.Output())
		}
		d.Close()
	})
	return d
}

// get returns the body of a response, whatever its status.
func get(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return strings.TrimSpace(string(body)), err
}

func call(object, method string, args ...any) string {
	if args == nil {
		args = []any{}
	}
	text, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("/js/%s/%s?args=%s", url.PathEscape(object), method, url.QueryEscape(string(text)))
}

func failure(class, name, message, own string) string {
	return fmt.Sprintf(`{"class":%q,"name":%q,"message":%q,"own":{%s}}`, class, name, message, own)
}

// The cases run in order, against one Worker.
func TestShim(t *testing.T) {
	d := start(t)
	const remote = `"remote":true`
	const reset = `"durableObjectReset":true`
	for _, c := range []struct{ name, path, want string }{
		{"a response in place", "/hello", "hello"},
		{"a sleep", "/sleep?ms=20", "slept"},
		{"a streamed response", "/stream?n=3", "line 0\nline 1\nline 2"},
		{"a promise through syscall/js", "/promise", "42x"},
		{"an insert", call("a", "add", "x"), "1"},
		{"a call from Go", "/box?name=a", "1 <nil>"},
		{"a query", call("a", "count"), "2"},
		{"structured values", call("a", "echo"), `["n",[1,2,3],5,[1.5,2],{"a":[1,null,true,"é"]}]`},
		{"a TypeError", call("a", "fail", "TypeError"), failure("TypeError", "TypeError", "as you wish", `"code":7,"detail":"none",`+remote)},
		{"an argument too many", call("a", "add", "x", 1), failure("TypeError", "TypeError", "add takes 1 argument, got 2", remote)},
		{"key-value", call("a", "kv", "k"), `"value of k (1)"`},
		{"a sleep, then a write", call("a", "nap", 10), "1"},
		{"a committed transaction", call("t", "txn", "commit"), "1"},
		{"a failed transaction", call("t", "txn", "error"), failure("Error", "Error", "no thanks", remote)},
		{"a transaction rolled back", call("t", "txn", "rollback"), "1"},
		{"a synchronous transaction", call("t", "txn", "sync"), "2"},
		{"a failed synchronous transaction", call("t", "txn", "sync error"), failure("Error", "Error", "no thanks", remote)},
		{"a critical section", call("t", "txn", "section"), "3"},
		{"A calls B calls A", call("A", "ping", "B"), `"A B pong from A: 0"`},
		{"a failed constructor", call("broken", "count"), failure("RangeError", "RangeError", "this box cannot be made", reset)},
		{"a reset", call("a", "reset", "bye"), failure("Error", "Error", "bye", reset)},
		{"after the reset", call("a", "count"), "2"},
		{"an exit", "/exit", "Error: the Go instance exited with code 7"},
		{"after the exit", call("a", "count"), "2"},
		{"a crash", "/crash", "Error: the Go instance exited with code 2: panic: stray goroutine"},
		{"after the crash", call("t", "count"), "3"},
		{"a synchronous transaction that blocks", call("t", "txn", "sync block"),
			failure("Error", "Error", "the Go instance was discarded: a function given to TransactionSync blocked", remote)},
		{"after the discarded instance", call("t", "add", "x"), "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			got, err := get(ctx, d.URL+c.path)
			if err != nil {
				t.Fatal(err)
			}
			if !same(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// same compares text, or JSON objects without regard to the order of properties.
func same(got, want string) bool {
	var a, b map[string]any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		return got == want
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// When the instance dies, everything in flight fails with the cause, in the Worker and in objects, and nothing hangs.
func TestEveryEventInFlightHearsOfTheDeath(t *testing.T) {
	d := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	const events = 20
	answers := make(chan string, events)
	var started sync.WaitGroup
	for i := range events {
		path := "/sleep?ms=600000"
		if i%2 == 1 {
			path = call(fmt.Sprint("o", i), "nap", 600000)
		}
		started.Add(1)
		go func() {
			started.Done()
			text, err := get(ctx, d.URL+path)
			answers <- fmt.Sprint(text, err)
		}()
	}
	started.Wait()
	// The requests have arrived once the number of events in flight says so.
	for {
		text, err := get(ctx, d.URL+"/flight")
		if err != nil {
			t.Fatal(err)
		}
		if text == fmt.Sprint(events) {
			break
		}
	}
	if _, err := get(ctx, d.URL+"/exit"); err != nil {
		t.Fatal(err)
	}
	for range events {
		if text := <-answers; !strings.Contains(text, "the Go instance exited with code 7") {
			t.Errorf("an event in flight was told %q", text)
		}
	}
	if text, err := get(ctx, d.URL+"/hello"); err != nil || text != "hello" {
		t.Errorf("after the death: %q, %v", text, err)
	}
}

// A frame is woken in its own I/O context, also once V8 has optimised the shim's code. Promises of an inlined constructor are not.
func TestOptimisedCodeKeepsItsContext(t *testing.T) {
	d := start(t, "--invocation-count-for-turbofan=20")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const callers, naps = 16, 60
	var wg sync.WaitGroup
	for i := range callers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range naps {
				text, err := get(ctx, d.URL+call(fmt.Sprint("o", (i+j)%10), "nap", 2))
				if err != nil || !regexp.MustCompile(`^[0-9]+$`).MatchString(text) {
					t.Errorf("caller %d, nap %d: %s, %v", i, j, text, err)
					return
				}
			}
		}()
	}
	wg.Wait()
}
