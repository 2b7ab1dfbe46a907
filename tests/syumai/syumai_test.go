package syumai

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"grove.place/lattice/tests/workerd"
)

func TestHello(t *testing.T) {
	onBothHomes(t, "hello", workerd.Worker{}, func(h *home) {
		h.ask(request{path: "/hello"}, 200, "Hello, world!\n")
		h.ask(request{path: "/hello?name=Gr%C3%BC%C3%9Fe"}, 200, "Hello, Grüße!\n")
		h.ask(request{method: "POST", path: "/echo", body: "a body\x00\xff", header: map[string]string{"Content-Type": "application/x-test"}}, 201, "a body\x00\xff")
		h.ask(request{path: "/nothing"}, 204, "")
		h.ask(request{method: "PATCH", path: "/request?a=b&c", header: map[string]string{"X-Test": "yes"}}, 200, "PATCH /request a=b&c yes\n")
		h.ask(request{path: "/nowhere"}, 404, "404 page not found\n")
		if status, _, _ := h.send(request{path: "/panic"}); status != 500 {
			h.t.Errorf("a panic: status %d", status)
		}
		if h.local {
			log := h.log("GET /panic 500")
			if n := strings.Count(log, "panic: on purpose"); n != 1 || !strings.Contains(log, "hello/main.go:") || strings.Contains(log, "goroutine ") {
				h.t.Errorf("the panic is not one error with the program's own lines:\n%s", log)
			}
		}
		h.ask(request{path: "/hello"}, 200, "Hello, world!\n")
	})
}

func TestJSONAndVariables(t *testing.T) {
	w := workerd.Worker{Vars: map[string]string{"GREETING": "good day"}, JSONVars: map[string]json.RawMessage{"LIMITS": json.RawMessage(`{"perMinute":30}`)}}
	onBothHomes(t, "json", w, func(h *home) {
		h.ask(request{method: "POST", path: "/greet", body: `{"name":"Zoë"}`}, 200, `{"message":"good day, Zoë 😀"}`+"\n")
		h.ask(request{method: "POST", path: "/greet", body: `{`}, 400, "not JSON: unexpected EOF\n")
		h.ask(request{path: "/limits"}, 200, "30 a minute\n")
		h.ask(request{path: "/secret"}, 200, "undefined: true\n")
	})
}

func TestRequestsCronAndQueueInOneProgram(t *testing.T) {
	w := workerd.Worker{D1: []string{"DB"}, Queues: map[string]string{"QUEUE": "jobs"}}
	onBothHomes(t, "handlers", w, func(h *home) {
		h.ask(request{path: "/missing"}, 200, `"NO_QUEUE is undefined"`+"\n")
		if _, _, body := h.send(request{path: "/too-large"}); !strings.Contains(body, "failed on promise: Error: ") { // miniflare's text says nothing
			h.t.Errorf("a message that is too large: %s", body)
		}
		res, err := http.Get(h.scheduled + "?cron=*+*+*+*+1")
		if err != nil || res.StatusCode != 200 {
			h.t.Errorf("scheduled event: %v %v", res, err)
		}
		h.until("/notes", "cron * * * * 1 at a time after 2020: true\n")
		h.ask(request{path: "/wait-until"}, 200, "ok\n")
		h.ask(request{path: "/send"}, 200, `"sent"`+"\n")
		how := "buffer" // an ArrayBuffer, which the library's BytesBody refuses
		if h.dropIn {
			how = "bytes"
		}
		h.until("/notes", `cron * * * * 1 at a time after 2020: true
queue jobs attempt 1: `+how+` 0102ff
queue jobs attempt 1: text hello
queue jobs attempt 1: text one of a batch
queue jobs attempt 1: text three of a batch
queue jobs attempt 1: text two of a batch
queue jobs attempt 1: value {"list":[1,"two",null]}
queue jobs attempt 1: value {"n":1.5}
queue jobs attempt 2: text again
waitUntil ran
`)
	})
}

func TestCronAlone(t *testing.T) {
	onBothHomes(t, "cron", workerd.Worker{KV: []string{"NOTES"}}, func(h *home) {
		h.ask(request{path: "/"}, 200, "<null> <nil>\n")
		for cron, want := range map[string]int{"5+*+*+*+*": 200, "1+1+1+1+1": 500} {
			res, err := http.Get(h.scheduled + "?cron=" + cron)
			if err != nil {
				h.t.Fatal(err)
			}
			if res.StatusCode != want {
				h.t.Errorf("scheduled event %s: status %d, want %d", cron, res.StatusCode, want)
			}
		}
		h.ask(request{path: "/"}, 200, "5 * * * * <nil>\n")
	})
}

func TestQueueAlone(t *testing.T) {
	onBothHomes(t, "batch", workerd.Worker{KV: []string{"NOTES"}, Queues: map[string]string{"QUEUE": "jobs"}}, func(h *home) {
		h.ask(request{path: "/send"}, 200, "<nil>\n")
		h.until("/notes", "1 messages, attempt 2 <nil>\n")
	})
}

func TestD1(t *testing.T) {
	onBothHomes(t, "d1", workerd.Worker{D1: []string{"DB"}}, func(h *home) {
		h.ask(request{path: "/articles"}, 200, "[]\n")
		h.ask(request{method: "POST", path: "/articles", body: `{"title":"One","score":1.5,"cover":"AQL/","note":"n"}`}, 200, "article 1, 1 row\n")
		h.ask(request{method: "POST", path: "/articles", body: `{"title":"Two 'quoted'","score":9007199254740991}`}, 200, "article 2, 1 row\n")
		h.ask(request{method: "POST", path: "/articles", body: `{"title":"One"}`}, 409, "failed on promise: Error: D1_ERROR: UNIQUE constraint failed: articles.title: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)\n")
		h.ask(request{path: "/articles"}, 200,
			`[{"id":1,"title":"One","score":1.5,"cover":"AQL/","note":"n"},{"id":2,"title":"Two 'quoted'","score":9007199254740991,"cover":"","note":null}]`+"\n")
		h.ask(request{path: "/articles/2"}, 200, "Two 'quoted'\n")
		h.ask(request{path: "/articles/3"}, 404, "404 page not found\n")
		h.ask(request{path: "/wrong"}, 200, "failed on promise: Error: D1_ERROR: near \"SELEKT\": syntax error at offset 0: SQLITE_ERROR\nd1: transaction is not currently supported\ntrue\n")
	})
}

func TestR2(t *testing.T) {
	onBothHomes(t, "r2", workerd.Worker{R2: []string{"BUCKET"}}, func(h *home) {
		png := map[string]string{"Content-Type": "image/png"}
		h.ask(request{path: "/images/a/cat.png"}, 404, "404 page not found\n")
		h.ask(request{path: "/head/a/cat.png"}, 200, "true <nil>\n")
		h.ask(request{method: "PUT", path: "/images/a/cat.png", body: "meow", header: png}, 200,
			"a/cat.png 4 4a4be40c96ac6314e91d93f38043a634 \"4a4be40c96ac6314e91d93f38043a634\"\n")
		h.ask(request{path: "/images/a/cat.png"}, 200, "meow")
		h.ask(request{path: "/head/a/cat.png"}, 200, "a/cat.png 4 image/png map[from:test] true bodyUsed doesn't exist for this Object\n")
		h.ask(request{method: "PUT", path: "/images/b", body: "x", header: map[string]string{"X-Md5": "9dd4e461268c8034f5c8564e155c67a6"}}, 200,
			"b 1 9dd4e461268c8034f5c8564e155c67a6 \"9dd4e461268c8034f5c8564e155c67a6\"\n")
		h.ask(request{path: "/list"}, 200, "a/cat.png 4\nb 1\nfalse \"\" 0\n")
		h.ask(request{method: "DELETE", path: "/images/b"}, 204, "")
		h.ask(request{path: "/list"}, 200, "a/cat.png 4\nfalse \"\" 0\n")
		h.ask(request{path: "/missing"}, 200, "NO_BUCKET is undefined\n")
	})
}

func TestKV(t *testing.T) {
	onBothHomes(t, "kv", workerd.Worker{KV: []string{"COUNTERS"}}, func(h *home) {
		h.ask(request{path: "/count"}, 200, "1\n")
		h.ask(request{path: "/count"}, 200, "2\n")
		h.ask(request{method: "PUT", path: "/keys/a/b", body: "some text"}, 204, "")
		h.ask(request{path: "/keys/a/b"}, 200, "some text")
		h.ask(request{method: "PUT", path: "/keys/a/c?ttl=120", body: "more"}, 204, "")
		h.ask(request{method: "PUT", path: "/keys/a/d?ttl=1", body: "more"}, 400, "failed on promise: Error: KV PUT failed: 400 Invalid expiration_ttl of 1. Expiration TTL must be at least 60.\n")
		h.ask(request{path: "/list?prefix=a/"}, 200, "a/b false\na/c true\ntrue false\n")
		h.ask(request{path: "/list?limit=1"}, 200, "a/b false\nfalse true\na/c true\n")
		h.ask(request{method: "DELETE", path: "/keys/a/b"}, 204, "")
		h.ask(request{path: "/list?prefix=a/"}, 200, "a/c true\ntrue false\n")
		h.ask(request{path: "/missing"}, 200, "NO_KV is undefined\n<null>\n")
	})
}

func TestFetch(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			w.Header().Set("Location", "/answer")
			w.WriteHeader(302)
		case "/large":
			w.Write([]byte(strings.Repeat("large ", 100_000)))
		default:
			w.Header().Set("X-Answer", "yes")
			b := make([]byte, 100)
			n, _ := r.Body.Read(b)
			fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("X-Ask"), b[:n])
		}
	}))
	t.Cleanup(origin.Close)
	onBothHomes(t, "fetch", workerd.Worker{}, func(h *home) {
		to := map[string]string{"X-Origin": origin.URL}
		h.ask(request{path: "/get", header: to}, 200, "200 OK yes  GET please  <nil>\n")
		h.ask(request{path: "/post", header: to}, 200, "200 OK yes  POST please a body <nil>\n")
		h.ask(request{path: "/follow", header: to}, 200, "200 OK yes  GET please  <nil>\n")
		h.ask(request{path: "/manual", header: to}, 200, "302 Found  /answer  <nil>\n")
		h.ask(request{path: "/client", header: to}, 200, "200 OK yes  GET   <nil>\n")
		h.ask(request{path: "/nowhere", header: to}, 200, "refused: true\n")
		h.ask(request{path: "/proxy", header: to}, 200, strings.Repeat("large ", 100_000))
		list := "a|b" // the library splits every header at its commas
		if h.dropIn {
			list = "a,b"
		}
		h.ask(request{path: "/headers", header: map[string]string{"X-Test-A": "a,b", "X-Test-B": "c"}}, 200, "[X-Test-A="+list+" X-Test-B=c] true 0\n")
		if h.local && !h.dropIn { // workerd's own has a cf object where it can be fetched only, and the local host none for modules of the SDK
			_, _, body := h.send(request{path: "/incoming"})
			if body != "true HTTP/1.1\n" {
				h.t.Errorf("incoming properties: %q", body)
			}
		}
	})
}

func TestCache(t *testing.T) {
	onBothHomes(t, "cache", workerd.Worker{}, func(h *home) {
		h.ask(request{path: "/?n=1"}, 200, `before: not there
put: <nil>
after: 200 yes content <nil>
in another cache: not there
not to be kept: <nil> not there
delete: <nil>
delete again: true
at last: not there
`)
		h.ask(request{path: "/later"}, 200, "made\n")
		h.until("/later", "found: 200 yes content <nil>\n")
	})
}

// A Pages project: functions/api hands on to the program, everything else are files.
func TestPages(t *testing.T) {
	onBothHomes(t, "pages", workerd.Worker{}, func(h *home) {
		h.ask(request{path: "/api/hello?name=Ann"}, 200, "Hello, Ann!\n")
		h.ask(request{method: "POST", path: "/api/count", body: "four"}, 200, "4\n")
		h.ask(request{path: "/api/nowhere"}, 404, "404 page not found\n")
		if !h.local {
			return // there workerd runs the function alone
		}
		for path, want := range map[string]string{"/": "<h1>Start</h1>\n", "/about": "<h1>About</h1>\n", "/nowhere": "<h1>Not here</h1>\n"} {
			if _, _, body := h.send(request{path: path}); body != want {
				h.t.Errorf("%s: %q", path, body)
			}
		}
	})
}

// The stores of a program whose wrangler.toml has none are made up, and the lines that are missing are named.
func TestStoresThatTheFileLacks(t *testing.T) {
	onBothHomes(t, "bare", workerd.Worker{KV: []string{"VISITS"}, D1: []string{"DB"}, R2: []string{"FILES"}}, func(h *home) {
		h.ask(request{path: "/"}, 200, "visit 1, 1 in the database, a file of 1 bytes\n")
		h.ask(request{path: "/"}, 200, "visit 2, 2 in the database, a file of 1 bytes\n")
		if !h.local {
			return
		}
		for _, want := range []string{
			"opens the binding VISITS, which wrangler.toml does not have", "[[kv_namespaces]]\nbinding = \"VISITS\"",
			"[[d1_databases]]\nbinding = \"DB\"\ndatabase_name = \"bare\"", "[[r2_buckets]]\nbinding = \"FILES\"\nbucket_name = \"bare\"",
		} {
			if !strings.Contains(h.log(want), want) {
				h.t.Errorf("lattice dev does not say %q", want)
			}
		}
	})
}

// On workerd the library's call of a service binding is an illegal invocation, for it loses "this". The local host goes on, and warns.
func TestServiceBinding(t *testing.T) {
	onBothHomes(t, "services", workerd.Worker{Services: map[string]string{"SELF": "services"}}, func(h *home) {
		h.ask(request{method: "POST", path: "/inner", body: "x"}, 200, fmt.Sprintf("inner got \"x\" on %s", strings.TrimPrefix(h.url, "http://")))
		h.said = nil // the addresses differ
		status, _, body := h.send(request{path: "/outer"})
		if want := "200 POST inner got \"a message\" on inner.example <nil>\n"; (h.local || h.dropIn) && (status != 200 || body != want) || !h.local && !h.dropIn && status != 500 {
			h.t.Errorf("%d %q", status, body)
		}
	})
}

func TestDurableObject(t *testing.T) {
	onBothHomes(t, "objects", workerd.Worker{Main: "counter.mjs", Objects: map[string]string{"COUNTER": "Counter"}}, func(h *home) {
		h.ask(request{path: "/missing"}, 200, "NO_OBJECTS is undefined\n")
		h.ask(request{path: "/count/a"}, 200, "200 POST /increment: 1 <nil>\n")
		h.ask(request{path: "/count/a"}, 200, "200 POST /increment: 2 <nil>\n")
		h.ask(request{path: "/count/b"}, 200, "200 POST /increment: 1 <nil>\n")
		if h.dropIn { // the class is testdata/moved/objects/counter.go.txt, which stores like any object of the SDK
			h.ask(request{path: "/forward/b"}, 200, "GET /forward/b: 2")
			return
		}
		h.ask(request{path: "/store/c"}, 200, `[["a",1],["b",{"x":[1,"two",null]}]] undefined a,b 1 true rolled back: [["b",{"x":[1,"two",null]}]]`)
		// The library gives the request that it passes on a body, which workerd refuses. The local host leaves it out, and warns.
		status, _, body := h.send(request{path: "/forward/b"})
		if h.local && (status != 200 || body != "GET /forward/b: 2") || !h.local && status != 500 {
			h.t.Errorf("%d %q", status, body)
		}
		if h.local {
			h.send(request{path: "/forward/b"})
			h.send(request{path: "/the-last"})
			if n := strings.Count(h.log("/the-last"), "cannot have a body"); n != 1 {
				h.t.Errorf("warned %d times of one route", n)
			}
		}
	})
}

// Several programs run in one session. As in TestServiceBinding, workerd refuses the library's call of a service binding, whoever it leads to.
func TestProgramsTogether(t *testing.T) {
	t.Parallel()
	compare(t, "", func(h *home) {
		h.ask(request{path: "/count/a"}, 200, "200 POST /from-front: 1 <nil>\n")
		h.ask(request{path: "/count/a"}, 200, "200 POST /from-front: 2 <nil>\n")
		status, _, body := h.send(request{path: "/back/inner"})
		if want := fmt.Sprintf("200 PUT %d <nil>\n", 50_000*4+len(`inner got "" on back.example`)); h.local && (status != 200 || body != want) || !h.local && status != 500 {
			h.t.Errorf("%d %q", status, body)
		}
	}, func(t *testing.T) *home {
		return lattice(t, "front", "-c", "wrangler.toml", "-c", "../services/wrangler.toml", "-c", "../objects/wrangler.toml")
	}, func(t *testing.T) *home {
		return startWorkerd(t,
			workerd.Worker{Name: "front", Dir: bundle(t, "front"), Services: map[string]string{"BACK": "services"}, Objects: map[string]string{"COUNTER": "Counter"}, Scripts: map[string]string{"COUNTER": "objects"}},
			workerd.Worker{Name: "services", Dir: bundle(t, "services"), Services: map[string]string{"SELF": "services"}},
			workerd.Worker{Name: "objects", Dir: bundle(t, "objects"), Main: "counter.mjs", Objects: map[string]string{"COUNTER": "Counter"}})
	})
}

func TestStreamsAndSockets(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(conn).ReadString('\n')
			fmt.Fprintf(conn, "you said %s", line)
			conn.Close()
		}
	}()
	onBothHomes(t, "stream", workerd.Worker{R2: []string{"BUCKET"}}, func(h *home) {
		h.ask(request{path: "/numbers"}, 200, "0\n1\n2\n")
		large := strings.Repeat("0123456789abcdef", 5<<20/16)
		h.ask(request{path: "/large?size=5242880"}, 200, large)
		h.ask(request{path: "/fixed?size=100000"}, 200, strings.Repeat("x", 100_000))
		h.ask(request{method: "POST", path: "/sum", body: large}, 200, fmt.Sprintf("%d %x <nil>\n", len(large), sha256.Sum256([]byte(large))))
		h.ask(request{method: "POST", path: "/through-r2", body: large}, 200, large)
		h.ask(request{path: "/socket", header: map[string]string{"X-Address": l.Addr().String()}}, 200, "\"you said hello\\n\" <nil>\n<nil> <nil>\n")
		want := 500 // the library panics
		if h.dropIn {
			want = 200
		}
		if status, _, _ := h.send(request{path: "/socket-error"}); status != want {
			h.t.Errorf("a wrong address: status %d, want %d", status, want)
		}
	})
}
