// Package inspector drives the inspector of lattice dev in a browser: every part of it, and everything that can be done there.
package inspector

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

func TestTheInspector(t *testing.T) {
	s := open(t)
	step := func(name string, f func()) {
		t.Run(name, func(t *testing.T) {
			s.t = t
			f()
		})
	}
	step("the overview shows requests as they come, with the objects that they called", func() {
		s.open("/")
		s.see("site runs", "Nothing yet.", "live")
		s.post("/fill/red")
		s.see("POST /fill/red", "rpc fill", "Room red")
		s.open("/requests?q=nothing+like+it")
		s.see("Nothing yet.")
		s.open("/")
		s.see("MB") // of the isolate
	})
	step("logs come live and are filtered", func() {
		s.open("/logs")
		s.see("filled notes=120")
		s.open("/logs?level=WARN")
		s.seeNot("filled")
		s.open("/logs?object=0000")
		s.seeNot("filled")
		id, _ := s.host.ObjectID("Room", "blue")
		s.open("/logs?object=" + id)
		s.see("Nothing that fits.")
		s.post("/fill/blue")
		s.see("filled notes=120")
	})
	step("objects are listed, with their tables, keys and alarm", func() {
		s.open("/objects")
		s.see("Room", "red", "blue")
		s.openRoom("red", "")
		s.see("notes 120", "settings", `"colour":"green"`, "2026-01-02T03:04:05Z", "in 59m")
		s.click("a.tab")
		s.see("note <1>", "note <50>", "rows 1 to 50 of 120")
		s.seeNot("note <51>")
		s.click("#later")
		s.see("note <51>", "rows 51 to 100 of 120")
		s.click("#earlier")
		s.see("rows 1 to 50 of 120")
		s.click("#last")
		s.see("note <120>", "rows 101 to 120 of 120")
	})
	step("SQL reads at once, and writes after a question", func() {
		s.openRoom("red", "")
		s.do("write a query", chromedp.SendKeys(chromedp.CSS("#sql"), "SELECT max(n) AS highest FROM notes"))
		s.click("#run-sql")
		s.see("highest", "1 row;")
		s.openRoom("red", "")
		s.do("write a change", chromedp.SendKeys(chromedp.CSS("#sql"), "DELETE FROM notes WHERE n > 100"))
		s.click("#run-sql")
		s.see("This statement writes.", "notes 120")
		s.click("#confirm-sql")
		s.see("notes 100")
		s.openRoom("red", "")
		s.do("write nonsense", chromedp.SendKeys(chromedp.CSS("#sql"), "SELEC"))
		s.click("#run-sql")
		s.see("syntax error")
	})
	step("an alarm runs at once", func() {
		s.open("/alarms")
		s.see("Room blue", "Room red")
		s.click("button.run")
		s.see("The alarm ran.")
		s.openRoom("red", "")
		if strings.Contains(s.text(), "in 59m") { // blue's was first, or red's
			s.click("#run-alarm")
			s.see("The alarm ran.")
		}
		s.see("rang", "none")
	})
	step("an object is evicted and deleted", func() {
		s.openRoom("blue", "")
		s.click("#evict")
		s.see("Evicted: the next event constructs it again.")
		s.click("#delete")
		s.see("There is no way back.")
		s.click("#confirm-delete")
		s.see("Deleted, with all that it had stored.")
		if exists, err := s.host.Exists("Room", "blue"); exists || err != nil {
			s.t.Errorf("it exists: %v, %v", exists, err)
		}
		s.absent("blue")
	})
	step("messages go through WebSockets", func() { s.sockets() })
	step("so they do through ordinary ones, of objects and of the Worker", func() { s.ordinarySockets() })
	step("D1 databases, KV namespaces and R2 buckets are browsed and changed", func() { s.stores() })
	step("dead letters are looked at and retried", func() {
		s.post("/mail/worse")
		s.post("/mail/bad")
		s.open("/queues?queue=dead")
		s.see("dead letters of mail", "worse", "bad", "2 messages")
		s.click("button.drop")
		s.see("Dropped.", "1 message")
		s.seeNot("worse")
		s.post("/cheer")
		s.click("button.retry")
		s.see("The message is in mail", "No messages.")
		s.open("/logs")
		s.see("consumed messages=1")
	})
	step("the scheduled handler runs now", func() {
		s.open("/cron")
		s.click("button.run")
		s.see("The scheduled handler ran", "0 * * * *")
		s.open("/logs?level=WARN")
		s.see("scheduled for 0 * * * *")
	})
	step("the clock is frozen, moved, and runs on", func() { s.moveTheClock() })
	step("an open page lives on when the Worker is built again, and when the server is started again", func() { s.again() })
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) > 0 {
		t.Errorf("the browser complained:\n%s", strings.Join(s.wrong, "\n"))
	}
}

func (s *stage) sockets() {
	conn := s.dial("/live/red")
	s.openRoom("red", "")
	s.see("visitor", `{"nick":"ada"}`)
	s.do("write to the client", chromedp.SendKeys(chromedp.CSS(`input[name="text"]`), "hello client"))
	s.click("button.send")
	s.see("Sent to the other end.")
	if text, err := wsutil.ReadServerText(conn); string(text) != "hello client" {
		s.t.Errorf("the client got %q, %v", text, err)
	}
	s.do("write to the object", chromedp.SendKeys(chromedp.CSS(`input[name="text"]`), "hello object"), evaluate(`document.querySelector("select[name=to]").value = "owner"`))
	s.click("button.send")
	s.see("Sent to the Worker's side", "heard", "hello object")
	s.click("button.close")
	s.see("Closed.", "None is open.", "left")
	if _, err := wsutil.ReadServerText(conn); err == nil || !strings.Contains(err.Error(), "closed in the inspector") {
		s.t.Errorf("the client learned %v", err)
	}
}

// dial opens a WebSocket of the Worker.
func (s *stage) dial(path string) net.Conn {
	s.t.Helper()
	conn, _, _, err := ws.Dial(s.t.Context(), "ws"+strings.TrimPrefix(s.site.URL, "http")+path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	return conn
}

func (s *stage) ordinarySockets() {
	for _, c := range []struct{ path, owner string }{{"/plain/red", "Room red"}, {"/echo", "site"}} {
		conn := s.dial(c.path)
		s.open("/sockets")
		s.see(c.owner, "ordinary, open")
		s.do("write to the owner", chromedp.SendKeys(chromedp.CSS(`input[name="text"]`), "as a client"), evaluate(`document.querySelector("select[name=to]").value = "owner"`))
		s.click("button.send")
		if text, err := wsutil.ReadServerText(conn); string(text) != "echo as a client" {
			s.t.Errorf("%s: the client got %q, %v", c.path, text, err)
		}
		s.click("button.close")
		s.see("Closed.", "None is open.")
		if _, err := wsutil.ReadServerText(conn); err == nil || !strings.Contains(err.Error(), "closed in the inspector") {
			s.t.Errorf("%s: the client learned %v", c.path, err)
		}
	}
}

func (s *stage) stores() {
	s.post("/stock")
	s.open("/stores")
	s.see("D1 databases", "DB", "CACHE", "files", "this machine")
	s.open("/database?worker=site&binding=DB&table=users")
	s.see("users 2", "names view", "<script>alert(1)</script>", "x'00ff'", "rows 1 to 2 of 2")
	s.do("write a change", chromedp.SendKeys(chromedp.CSS("#sql"), "DELETE FROM users WHERE name <> 'ada'"))
	s.click("#run-sql")
	s.see("This statement writes.", "users 2")
	s.click("#confirm-sql")
	s.see("0 rows;", "users 1")
	s.open("/namespace?worker=site&binding=CACHE")
	s.see("user:ada", `{"by":"test"}`, "in 59m")
	s.click(`a[href*="user%3Aada"]`)
	s.see(`first\x1b[31m`, "10 bytes")
	s.do("write another value", chromedp.SetValue(chromedp.CSS("#value"), "second"))
	s.click("#put-key")
	s.see("Stored under user:ada.", "second", `{"by":"test"}`, "in 59m")
	s.click("#delete-key")
	s.see("Deleted user:ada.")
	s.open("/namespace?worker=site&binding=CACHE&key=0")
	s.see("x'00ff'", "2 bytes")
	s.open("/bucket?worker=site&binding=FILES")
	s.click(`a[href*="prefix=pages"]`)
	s.click(`a[href*="key="]`)
	s.see("text/html", "25 bytes", "<script>alert(1)</script>")
	s.downloads()
	s.click("#delete-file")
	s.see("Deleted pages/<b>.html.", "The bucket is empty.")
}

// absent looks at the page of an object that is not there, to which links still lead.
func (s *stage) absent(name string) {
	s.t.Helper()
	id, err := s.host.ObjectID("Room", name)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.Get(s.page + "/object?class=Room&id=" + id)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusNotFound || !strings.Contains(string(text), "it was deleted, or never wrote") {
		s.t.Errorf("%s: %s %s, %v", name, resp.Status, text, err)
	}
}

// downloads looks at what a file that is a page with a script comes with: nothing would run it here.
func (s *stage) downloads() {
	resp, err := http.Get(s.page + "/bucket/download?worker=site&binding=FILES&key=pages%2F%3Cb%3E.html")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || string(text) != "<script>alert(1)</script>" {
		s.t.Errorf("the file is %q, %v", text, err)
	}
	for name, want := range map[string]string{"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment; filename", "Content-Security-Policy": "sandbox"} {
		if got := resp.Header.Get(name); !strings.HasPrefix(got, want) {
			s.t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func (s *stage) again() {
	s.open("/")
	s.see("live", "site runs")
	for _, why := range []string{"building", "main.go:7: undefined: x"} {
		s.down.Store(&why)
		s.served.Changed()
		s.see(map[bool]string{true: "site is being built", false: "site does not run"}[why == "building"])
	}
	s.see("undefined: x")
	s.down.Store(nil)
	s.served.Changed()
	s.see("site runs")
	why := "main.go:9: undefined: y"
	s.stale.Store(&why)
	s.served.Changed()
	s.see("the last good build goes on", "undefined: y", "site runs")
	s.stale.Store(nil)

	s.openRoom("green", "")
	s.see("live")
	s.do("begin to write", chromedp.SendKeys(chromedp.CSS("#sql"), "SELECT 40 + 2 AS answer"))
	port, err := strconv.Atoi(s.page[strings.LastIndex(s.page, ":")+1:])
	if err != nil {
		s.t.Fatal(err)
	}
	s.end()
	s.see("not connected")
	s.inspect(port)
	s.see("live")
	s.click("#run-sql") // with what was written, and the token of the new server
	s.see("answer", "42")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = slices.DeleteFunc(s.wrong, func(text string) bool { return strings.Contains(text, "ERR_CONNECTION_REFUSED") }) // while nobody was there
}

func (s *stage) moveTheClock() {
	s.post("/fill/green")
	s.open("/clock")
	s.seeNot("The clock is frozen")
	s.click("#freeze")
	s.see("The clock is frozen at", "frozen")
	stands := s.clock.Now()
	s.do("say how far", evaluate(`document.querySelector("#by").value = "2h"`))
	s.click("#move")
	s.see("The clock is 2h0m0s further")
	if by := s.clock.Now().Sub(stands); by != 2*time.Hour {
		s.t.Errorf("the clock moved by %v", by)
	}
	s.openRoom("green", "")
	s.see("The clock is frozen at", "rang", "none") // its alarm was due
	s.open("/clock")
	s.click("#resume")
	s.see("ahead of the machine's")
	s.click("#reset")
	s.seeNot("ahead of")
}
