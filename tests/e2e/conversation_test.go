package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"grove.place/lattice/internal/wstest"
	"grove.place/lattice/tests/devoidc"
)

// at has a visitor go to a site, signed in as somebody whom the database knows. The site's name is that of this machine.
func (v *visitor) at(s site, m member) {
	v.t.Helper()
	v.atName(s, siteName, m)
}

// atName is at for a site of another name.
func (v *visitor) atName(s site, name string, m member) {
	v.t.Helper()
	v.reachSites(s)
	v.signIn(devoidc.User{Subject: "e2e-" + m.name, Name: m.name, Email: m.email, Verified: true})
	v.enter(s, name)
}

// reachSites has the visitor find every site on this machine.
func (v *visitor) reachSites(s site) {
	v.t.Helper()
	apex, err := url.Parse(s.url)
	if err != nil {
		v.t.Fatal(err)
	}
	v.client.Transport = &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		if strings.HasSuffix(to, "."+apex.Host) {
			to = apex.Host
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}}
	v.t.Cleanup(v.client.CloseIdleConnections)
}

// enter takes the session of the apex over to a site, where the visitor then is.
func (v *visitor) enter(s site, name string) {
	v.t.Helper()
	address := s.at(name, "/auth/login?return_to=%2F")
	for range 3 {
		a := v.get(address)
		if a.status != http.StatusSeeOther {
			v.t.Fatalf("%s: %d\n%s", address, a.status, a.body)
		}
		address = a.location()
	}
	v.site.url = s.at(name, "")
	v.whoAmI()
}

// postID is the id of a post as its page says it.
func (v *visitor) postID(slug string) string {
	v.t.Helper()
	m := regexp.MustCompile(`data-post="([^"]+)"`).FindStringSubmatch(v.get("/posts/" + slug).body)
	if m == nil {
		v.t.Fatal("the page does not say which post it shows")
	}
	return m[1]
}

// line is a socket to a post.
type line struct {
	t    *testing.T
	body io.ReadWriteCloser
}

func (v *visitor) dial(path string) line {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.site.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for name, value := range map[string]string{"Origin": v.site.url, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		req.Header.Set(name, value)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(resp.Body)
		v.t.Fatalf("%s: %d\n%s", path, resp.StatusCode, text)
	}
	v.t.Cleanup(func() { resp.Body.Close() })
	return line{v.t, resp.Body.(io.ReadWriteCloser)}
}

func (l line) say(text string) {
	l.t.Helper()
	if err := wsutil.WriteClientText(l.body, []byte(text)); err != nil {
		l.t.Fatal(err)
	}
}

// hear returns the next message of a type that contains a text. "close" waits for the end, and returns its code.
func (l line) hear(kind, text string) (message map[string]any) {
	l.t.Helper()
	timer := time.AfterFunc(patience, func() { l.body.Close() })
	defer timer.Stop()
	for {
		f, err := wstest.ReadFrame(l.body)
		if err != nil {
			l.t.Fatalf("waiting for %s %q: %v", kind, text, err)
		}
		if f.Header.OpCode == ws.OpClose {
			if kind != "close" {
				l.t.Fatalf("closed with %x while waiting for %s", f.Payload, kind)
			}
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return map[string]any{"code": int(code)}
		}
		if string(f.Payload) == "pong" {
			if kind == "pong" {
				return nil
			}
			continue
		}
		message = nil
		if err := json.Unmarshal(f.Payload, &message); err != nil {
			l.t.Fatalf("%s: %v", f.Payload, err)
		}
		if message["type"] == kind && strings.Contains(string(f.Payload), text) {
			return message
		}
	}
}

// TestAConversation has two people talk below a post, react, and be signed out elsewhere.
func TestAConversation(t *testing.T) {
	t.Parallel()
	onBothHosts(t, func(t *testing.T, s site) {
		author, other := s.visitor(t, firefox), s.visitor(t, safari)
		author.at(s, willow)
		other.at(s, reader)
		id := other.postID("ice")
		at := "/api/posts/" + id
		one, two := author.dial(at+"/ws"), other.dial(at+"/ws")
		if hello := one.hear("hello", ""); hello["author"] != true {
			t.Errorf("%v", hello)
		}
		two.hear("hello", "")
		one.hear("presence", `"count":2`)
		two.say("ping")
		two.hear("pong", "")
		two.say(`{"type":"typing"}`)
		if m := one.hear("typing", ""); m["userName"] != reader.name {
			t.Errorf("%v", m)
		}
		text := fmt.Sprint("Cold, at ", time.Now().UnixNano())
		ask := fmt.Sprintf(`{"type":"comment","id":"c1","content":%q}`, text)
		two.say(ask)
		comment := two.hear("ack", `"c1"`)["comment"].(map[string]any)
		two.say(ask)
		if again := two.hear("ack", `"c1"`)["comment"].(map[string]any); again["id"] != comment["id"] {
			t.Errorf("the same comment twice is two: %v %v", comment, again)
		}
		one.hear("comment", text)
		if a := author.change(http.MethodPost, at+"/comments", fmt.Sprintf(`{"content":"Indeed","parentId":%q}`, comment["id"]), nil); a.status != http.StatusCreated {
			t.Fatalf("answer: %d %s", a.status, a.body)
		}
		two.hear("comment", "Indeed")
		two.say(`{"type":"react","id":"r1","reactionType":"insightful","on":true}`)
		two.hear("ack", `"r1"`)
		if m := one.hear("reaction", "insightful"); m["count"] != 1.0 {
			t.Errorf("%v", m)
		}
		path := fmt.Sprintf("/api/comments/%s?post=%s", comment["id"], id)
		if a := other.change(http.MethodPatch, path, `{"content":"Colder"}`, nil); a.status != http.StatusOK {
			t.Errorf("edit: %d %s", a.status, a.body)
		}
		one.hear("comment_edited", "Colder")
		if a := other.change(http.MethodDelete, path, "", nil); a.status != http.StatusNoContent {
			t.Errorf("delete: %d %s", a.status, a.body)
		}
		one.hear("comment_deleted", comment["id"].(string))
		if a := author.get(at + "/comments"); !strings.Contains(a.body, "Indeed") || strings.Contains(a.body, "Colder") || !strings.Contains(a.body, `"status":"deleted"`) {
			t.Errorf("%d %s", a.status, a.body)
		}
		two.say(`{"type":"resync","id":"s","lastSeq":0}`)
		if m := two.hear("resync", ""); m["complete"] != true {
			t.Errorf("%v", m)
		}
		// What is in the buffer reaches D1 within half a minute; from there it can be looked up without its post.
		deadline := time.Now().Add(2 * time.Minute)
		for {
			if a := author.change(http.MethodPost, "/api/admin/comments/"+comment["id"].(string)+"/hide", "", nil); a.status == http.StatusConflict {
				break // it is there, and deleted
			} else if time.Now().After(deadline) {
				t.Fatalf("the comment is not in D1: %d %s", a.status, a.body)
			}
			time.Sleep(500 * time.Millisecond)
		}
		if a := author.get("/api/admin/comments?status=visible"); a.status != http.StatusOK || !strings.Contains(a.body, "Indeed") {
			t.Errorf("%d %s", a.status, a.body)
		}
		// Signed out elsewhere.
		if a := other.change(http.MethodPost, "/auth/logout", "", nil); a.status != http.StatusSeeOther && a.status != http.StatusNoContent {
			t.Fatalf("sign out: %d %s", a.status, a.body)
		}
		if m := two.hear("close", ""); m["code"] != 4401 {
			t.Errorf("closed with %v", m["code"])
		}
		one.hear("presence", `"count":1`)
	})
}
