package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/internal/cloudflare"
	"grove.place/lattice/tests/cloudflareapi"
)

// tailing is lattice tail at work on the Worker "site" of a stand-in.
type tailing struct {
	t     *testing.T
	api   *cloudflareapi.Server
	lines *bufio.Scanner
	stop  func()
	code  chan int
	errs  bytes.Buffer // to be read after end
}

// cloudAccount is a stand-in with the Worker "site", to which the environment leads.
func cloudAccount(t *testing.T) *cloudflareapi.Server {
	api := cloudflareapi.Start(t)
	t.Chdir(t.TempDir())
	for _, v := range api.Environ() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	o, err := cloudflare.FromEnvironment(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	client, err := cloudflare.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Put(t.Context(), "site", &cloudflare.Upload{Metadata: map[string]any{"main_module": "a.mjs"}, Modules: []cloudflare.Module{{Name: "a.mjs", Type: "application/javascript+module"}}}); err != nil {
		t.Fatal(err)
	}
	api.Forget()
	return api
}

func startTail(t *testing.T, api *cloudflareapi.Server, args ...string) *tailing {
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	l := &tailing{t: t, api: api, lines: bufio.NewScanner(r), stop: stop, code: make(chan int, 1)}
	connected := api.Tailed()
	go func() {
		l.code <- run(ctx, append([]string{"tail", "--name", "site"}, args...), w, &l.errs)
		w.Close()
	}()
	<-connected
	return l
}

func (l *tailing) next() string {
	l.t.Helper()
	if !l.lines.Scan() {
		l.t.Fatalf("it ended with %d:\n%s", <-l.code, l.errs.String())
	}
	return l.lines.Text()
}

// end is Ctrl-C.
func (l *tailing) end() {
	l.t.Helper()
	l.stop()
	if code := <-l.code; code != exitOK {
		l.t.Errorf("it ended with %d:\n%s", code, l.errs.String())
	}
	made, deleted := l.api.Find("POST", "/accounts/*/workers/scripts/site/tails"), l.api.Find("DELETE", "/accounts/*/workers/scripts/site/tails/*")
	if len(made) == 0 || len(made) != len(deleted) {
		l.t.Errorf("%d tails were made, %d deleted", len(made), len(deleted))
	}
}

func TestTailShowsWhatAWorkerDoes(t *testing.T) {
	was := time.Local
	time.Local = time.UTC
	defer func() { time.Local = was }()
	api := cloudAccount(t)
	l := startTail(t, api, "--format", "pretty")
	for _, k := range []struct{ name, event, want string }{
		{"a request", `{"outcome":"ok","eventTimestamp":1795881904000,"event":{"request":{"method":"get","url":"https://a.example/x?y=1"}},"logs":[{"level":"log","message":["one",{"a":[1,"<"]},2]}],"exceptions":[]}`,
			"GET https://a.example/x?y=1 - Ok @ 11/28/2026, 4:05:04 PM\n  (log) one {\"a\":[1,\"<\"]} 2\n"},
		{"an exception", `{"outcome":"exception","eventTimestamp":1795881904000,"event":{"request":{"method":"POST","url":"https://a.example/"}},"logs":[],"exceptions":[{"name":"Error","message":"broken","stack":"    at main.go"}]}`,
			"POST https://a.example/ - Exception Thrown @ 11/28/2026, 4:05:04 PM\nError: broken\n    at main.go\n"},
		{"a cron trigger", `{"outcome":"exceededCpu","event":{"cron":"*/5 * * * *","scheduledTime":1795881904000},"logs":[],"exceptions":[]}`, "\"*/5 * * * *\" @ 11/28/2026, 4:05:04 PM - Exceeded CPU Limit\n"},
		{"an alarm", `{"outcome":"canceled","event":{"scheduledTime":"2026-11-28T16:05:04.000Z"},"logs":[],"exceptions":[]}`, "Alarm @ 11/28/2026, 4:05:04 PM - Canceled\n"},
		{"a queue", `{"outcome":"ok","eventTimestamp":1795881904000,"event":{"queue":"q","batchSize":1},"logs":[],"exceptions":[]}`, "Queue q (1 message) - Ok @ 11/28/2026, 4:05:04 PM\n"},
		{"a call", `{"outcome":"exceededMemory","eventTimestamp":1795881904000,"entrypoint":"Counter","event":{"rpcMethod":"add"},"logs":[],"exceptions":[]}`, "Counter.add - Exceeded Memory Limit @ 11/28/2026, 4:05:04 PM\n"},
		{"too many", `{"outcome":"unknown","event":{"type":"overload","message":"sampled"},"logs":[],"exceptions":[]}`, "sampled\n"},
		{"what would command the terminal", `{"outcome":"ok","eventTimestamp":1795881904000,"event":{"request":{"method":"GET","url":"https://a.example/\u001b[2J"}},"logs":[],"exceptions":[]}`, "GET https://a.example/\\u001b[2J - Ok @ 11/28/2026, 4:05:04 PM\n"},
		{"what is new", `{"outcome":"odd","eventTimestamp":1795881904000,"event":null,"logs":[],"exceptions":[]}`, "Unknown Event - Unknown @ 11/28/2026, 4:05:04 PM\n"},
	} {
		api.Tail(k.event)
		for want := range strings.Lines(k.want) {
			if got := l.next() + "\n"; got != want {
				t.Errorf("%s: %q, want %q", k.name, got, want)
			}
		}
	}
	l.end()
}

func TestTailAsksForWhatItsFlagsSay(t *testing.T) {
	api := cloudAccount(t)
	l := startTail(t, api, "--status", "ok,error", "--method", "get", "--method", "POST", "--search", "s", "--sampling-rate", "0.5", "--header", "x-a: b", "--ip", "self", "--json")
	api.Tail("{\n \"outcome\": \"ok\" }")
	if got := l.next(); got != `{"outcome":"ok"}` {
		t.Errorf("JSON: %s", got)
	}
	l.end()
	var want any
	if err := json.Unmarshal([]byte(`{"filters":[{"sampling_rate":0.5},{"outcome":["ok","exception","exceededCpu","exceededMemory","unknown"]},{"method":["GET","POST"]},
		{"header":{"key":"x-a","query":"b"}},{"client_ip":["self"]},{"query":"s"}]}`), &want); err != nil {
		t.Fatal(err)
	}
	if got := api.Find("POST", "/accounts/*/workers/scripts/site/tails")[0].JSON(); !reflect.DeepEqual(got, want) {
		t.Errorf("it asks for %v", got)
	}
}

func TestTailGoesOnWhenItsConnectionEndsOrExpires(t *testing.T) {
	was := tailLeast
	defer func() { tailLeast = was }()
	api := cloudAccount(t)
	l := startTail(t, api, "--json")
	api.CutTails()
	<-api.Tailed()
	api.Tail(`{"outcome":"after a cut"}`)
	if got := l.next(); !strings.Contains(got, "after a cut") {
		t.Error(got)
	}
	l.end()
	if !strings.Contains(l.errs.String(), "connecting again") {
		t.Errorf("it says\n%s", l.errs.String())
	}

	api.Forget()
	tailLeast = 50 * time.Millisecond
	api.ExpireTail(time.Now().UTC().Format(time.RFC3339))
	api.CutTails() // nobody listens; the next is the first
	l = startTail(t, api, "--json")
	api.AwaitTail(2)
	api.Tail(`{"outcome":"after the end"}`)
	if got := l.next(); !strings.Contains(got, "after the end") {
		t.Error(got)
	}
	l.end()
}

func TestTailSaysWhatIsWrong(t *testing.T) {
	api := cloudAccount(t)
	bad := filepath.Join(t.TempDir(), "bad.wasm")
	write(t, bad, "no module")
	for name, k := range map[string]struct {
		args []string
		code int
		want string
	}{
		"another Worker":       {[]string{"nobody"}, exitFailure, "lattice deploy"},
		"a route":              {[]string{"a.example/*"}, exitFailure, "name the Worker"},
		"no outcome":           {[]string{"site", "--status", "fine"}, exitUsage, "ok, error or canceled"},
		"no part":              {[]string{"site", "--sampling-rate", "2"}, exitUsage, "between 0 and 1"},
		"no header":            {[]string{"site", "--header", ":x"}, exitUsage, "NAME:value"},
		"another format":       {[]string{"site", "--format", "xml"}, exitUsage, "pretty or json"},
		"two formats":          {[]string{"site", "--format", "pretty", "--json"}, exitUsage, "short for"},
		"a map that is no map": {[]string{"site", "--map", bad}, exitFailure, "no Wasm module"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"tail"}, k.args...), &out, &errs); code != k.code || !strings.Contains(errs.String(), k.want) {
			t.Errorf("%s: %d %s, want %s", name, code, errs.String(), k.want)
		}
	}
	api.Fail(cloudflareapi.Fault{Method: "POST", Path: "/accounts/*/workers/scripts/site/tails", Status: 403, Code: 10000, Message: "Authentication error"})
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"tail", "site"}, &out, &errs); code != exitFailure || !strings.Contains(errs.String(), "Workers Tail: Read") {
		t.Errorf("a token without the permission: %d %s", code, errs.String())
	}
}
