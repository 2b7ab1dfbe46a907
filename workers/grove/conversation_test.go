//go:build !js

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables/post"
	"grove.place/lattice/durables/session"
	local "grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/conversation"
	"grove.place/lattice/workers/grove/ids"
)

// comment writes a comment to a post, as a page does.
func (p *person) comment(site, postID, text string) post.Comment {
	p.g.Helper()
	var a post.Answer
	p.ask(site, "POST", "/api/posts/"+postID+"/comments", fmt.Sprintf(`{"id":%q,"content":%q}`, ids.New(p.g.host.Clock.Now()), text), 201, &a)
	return *a.Comment
}

// read are the texts that the person reads below a post, the latest first.
func (p *person) read(site, postID string) string {
	p.g.Helper()
	var page post.CommentPage
	p.ask(site, "GET", "/api/posts/"+postID+"/comments", "", 200, &page)
	var list []string
	for _, c := range page.Comments {
		list = append(list, c.Content)
	}
	return strings.Join(list, ", ")
}

// line is a person's socket.
type line struct {
	g    *grove
	body io.ReadWriteCloser
}

// socket opens a WebSocket of a path on a site; status is that of the answer.
func (p *person) socket(site, path string) (l line, status int) {
	p.g.Helper()
	req, err := http.NewRequestWithContext(p.g.Context(), "GET", "http://"+site+"."+p.g.domain+path, nil)
	if err != nil {
		p.g.Fatal(err)
	}
	req.Header = p.header(site)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
		"Grove-User": p.g.people["alice"].id, "Grove-Session": "forged"} {
		req.Header.Set(name, value)
	}
	resp, err := p.browser.Do(req)
	if err != nil {
		p.g.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		resp.Body.Close()
		return l, resp.StatusCode
	}
	p.g.Cleanup(func() { resp.Body.Close() })
	return line{p.g, resp.Body.(io.ReadWriteCloser)}, resp.StatusCode
}

// next returns the next message, or the code that the socket was closed with.
func (l line) next() (m post.Message, code int) {
	l.g.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(l.body, head); err != nil {
		l.g.Fatal(err)
	}
	size := int(head[1])
	if size == 126 {
		var wide [2]byte
		if _, err := io.ReadFull(l.body, wide[:]); err != nil {
			l.g.Fatal(err)
		}
		size = int(binary.BigEndian.Uint16(wide[:]))
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(l.body, data); err != nil {
		l.g.Fatal(err)
	}
	if head[0] == 0x88 {
		return m, int(binary.BigEndian.Uint16(data))
	}
	if err := json.Unmarshal(data, &m); err != nil {
		l.g.Fatalf("%s: %v", data, err)
	}
	return m, 0
}

// until returns the next message of a type.
func (l line) until(kind string) post.Message {
	l.g.Helper()
	for {
		m, code := l.next()
		if code != 0 {
			l.g.Fatalf("closed with %d instead of a message %q", code, kind)
		}
		if m.Type == kind {
			return m
		}
	}
}

// closed returns the code that the socket is closed with, after what came before.
func (l line) closed() int {
	l.g.Helper()
	for {
		if _, code := l.next(); code != 0 {
			return code
		}
	}
}

// say sends a message, masked with zeros.
func (l line) say(text string) {
	l.g.Helper()
	frame := []byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}
	if len(text) > 125 {
		frame = binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(text)))
		frame = append(frame, 0, 0, 0, 0)
	}
	if _, err := l.body.Write(append(frame, text...)); err != nil {
		l.g.Fatal(err)
	}
}

func TestTwoPeopleTalkBelowAPost(t *testing.T) {
	g := open(t, "ann", "stranger", "victor")
	ann, stranger, nobody := g.people["ann"], g.people["stranger"], g.people["nobody"]
	p := publish(g, ann, "Talk", "text")
	at := "/api/posts/" + p.ID
	one, _ := stranger.socket("alice", at+"/ws")
	if hello := one.until("hello"); hello.UserID != stranger.id || hello.Author || *hello.Count != 1 || hello.Reactions.Counts != nil {
		t.Errorf("%+v", hello)
	}
	two, _ := ann.socket("alice", at+"/ws")
	if hello := two.until("hello"); !hello.Author || hello.Reactions.Counts["like"] != 0 {
		t.Errorf("%+v", hello)
	}
	g.host.Clock.Advance(time.Second)
	if m := one.until("presence"); *m.Count != 1 {
		t.Errorf("%+v", m)
	}
	if m := one.until("presence"); *m.Count != 2 {
		t.Errorf("%+v", m)
	}
	c := stranger.comment("alice", p.ID, "hello")
	for _, l := range []line{one, two} {
		if m := l.until("comment"); m.Comment.ID != c.ID || m.Comment.Content != "hello" || m.Comment.AuthorName != "stranger" {
			t.Errorf("%+v", m.Comment)
		}
	}
	two.say(`{"type":"comment","id":"m1","content":"welcome","parentId":"` + c.ID + `","userId":"` + stranger.id + `"}`)
	if m := two.until("ack"); m.ID != "m1" || m.Comment.AuthorID != ann.id {
		t.Errorf("%+v", m)
	}
	if m := one.until("comment"); m.Comment.ParentID != c.ID || m.Comment.AuthorID != ann.id {
		t.Errorf("%+v", m.Comment)
	}
	if got := nobody.read("alice", p.ID); got != "welcome, hello" {
		t.Errorf("nobody reads %q", got)
	}
	// Not yet in D1: the page says which post the comment is on.
	stranger.ask("alice", "PATCH", "/api/comments/"+c.ID, `{"content":"x"}`, 404, nil)
	stranger.ask("alice", "PATCH", "/api/comments/"+c.ID+"?post="+p.ID, `{"content":"hello!"}`, 200, nil)
	ann.ask("alice", "PATCH", "/api/comments/"+c.ID+"?post="+p.ID, `{"content":"mine"}`, 403, nil)
	if m := two.until("comment_edited"); m.Comment.Content != "hello!" {
		t.Errorf("%+v", m.Comment)
	}
	g.host.Clock.Advance(31 * time.Second)
	stranger.ask("alice", "DELETE", "/api/comments/"+c.ID, "", 204, nil)
	if m := two.until("comment_deleted"); m.CommentID != c.ID {
		t.Errorf("%+v", m)
	}
	if got := nobody.read("alice", p.ID); got != "welcome, " {
		t.Errorf("nobody reads %q", got)
	}
	var done post.Reacted
	for range 2 {
		if stranger.ask("alice", "PUT", at+"/reactions/like", "", 200, &done); !done.Added || done.NewCount != nil {
			t.Errorf("%+v", done)
		}
	}
	if m := two.until("reaction"); m.ReactionType != "like" || *m.Count != 1 || m.Mine != nil {
		t.Errorf("%+v", m)
	}
	if m := one.until("reaction"); m.Count != nil || !*m.Mine {
		t.Errorf("%+v", m)
	}
	var all post.Reactions
	if ann.ask("alice", "GET", at+"/reactions", "", 200, &all); all.Counts["like"] != 1 || len(all.Mine) != 0 {
		t.Errorf("%+v", all)
	}
	if nobody.ask("alice", "GET", at+"/reactions", "", 200, &all); all.Mine == nil {
		t.Errorf("%+v", all)
	}
	if status, text := stranger.at("alice", "PUT", at+"/reactions/hate", ""); status != 400 || !strings.Contains(text, "bad_type") {
		t.Errorf("%d %s", status, text)
	}
	var who post.Presence
	if ann.ask("alice", "GET", at+"/presence", "", 200, &who); who.Count != 2 || len(who.Viewers) != 2 {
		t.Errorf("%+v", who)
	}
	who = post.Presence{}
	if nobody.ask("alice", "GET", at+"/presence", "", 200, &who); who.Count != 2 || who.Viewers != nil {
		t.Errorf("%+v", who)
	}
	for _, bad := range []string{`{}`, `{"content":""}`, `{"content":"x","userId":"y"}`, `x`} {
		stranger.ask("alice", "POST", at+"/comments", bad, 400, nil)
	}
	stranger.ask("alice", "GET", at+"/comments?cursor=x", "", 400, nil)
	stranger.ask("alice", "GET", at+"/comments?limit=0", "", 400, nil)
}

func TestAPostThatIsHiddenOrDeletedIsSilent(t *testing.T) {
	g := open(t, "ann", "stranger")
	ann, stranger := g.people["ann"], g.people["stranger"]
	p := publish(g, ann, "Talk", "text")
	at := "/api/posts/" + p.ID
	stranger.comment("alice", p.ID, "hello")
	first, _ := stranger.socket("alice", at+"/ws")
	first.until("hello")
	ann.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/unpublish", fmt.Sprintf(`{"version":%d}`, p.Version), 200, &p)
	if code := first.closed(); code != 4403 {
		t.Errorf("closed with %d", code)
	}
	for _, path := range []string{"/comments", "/reactions", "/presence", "/ws"} {
		stranger.ask("alice", "GET", at+path, "", 404, nil)
	}
	stranger.ask("alice", "POST", at+"/comments", `{"content":"x"}`, 404, nil)
	ann.ask("alice", "POST", "/api/admin/posts/"+p.ID+"/publish", fmt.Sprintf(`{"version":%d}`, p.Version), 200, &p)
	if got := stranger.read("alice", p.ID); got != "hello" {
		t.Errorf("%q", got)
	}
	two, _ := stranger.socket("alice", at+"/ws")
	two.until("hello")
	stranger.comment("alice", p.ID, "last")
	ann.ask("alice", "DELETE", "/api/admin/posts/"+p.ID, "", 204, nil)
	if code := two.closed(); code != 4403 {
		t.Errorf("closed with %d", code)
	}
	if n := one[int](g, `SELECT count(*) FROM comments WHERE post_id = ?`, p.ID); n != 2 {
		t.Errorf("D1 has %d comments of the deleted post, want both", n)
	}
	stranger.ask("alice", "GET", at+"/comments", "", 404, nil)
	if tables, err := local.Rows[string](g.host.Storage("PostDO", post.Name(g.tenants["alice"], p.ID)), `SELECT name FROM sqlite_master`); err != nil || len(tables) != 0 {
		t.Errorf("the object keeps %v, %v", tables, err)
	}
}

func TestModeratorsHideAndBlock(t *testing.T) {
	g := open(t, "ann", "ed", "stranger", "victor")
	ed, stranger, nobody := g.people["ed"], g.people["stranger"], g.people["nobody"]
	p := publish(g, g.people["ann"], "Talk", "text")
	var site struct{ Version int64 }
	ed.ask("alice", "GET", "/api/admin/site", "", 200, &site)
	ed.ask("alice", "PUT", "/api/admin/site", fmt.Sprintf(`{"version":%d,"moderation":"all"}`, site.Version), 200, nil)
	c := stranger.comment("alice", p.ID, "hm")
	if c.Status != post.Pending || stranger.read("alice", p.ID) != "hm" || nobody.read("alice", p.ID) != "" {
		t.Errorf("%+v", c)
	}
	g.host.Clock.Advance(31 * time.Second)
	var list struct {
		Comments   []struct{ ID, PostID, AuthorName, PostSlug string }
		NextCursor string
	}
	if ed.ask("alice", "GET", "/api/admin/comments?status=pending", "", 200, &list); len(list.Comments) != 1 || list.Comments[0].ID != c.ID || list.Comments[0].AuthorName != "stranger" || list.Comments[0].PostSlug != "talk" {
		t.Errorf("%+v", list)
	}
	ed.ask("alice", "GET", "/api/admin/comments?status=deleted", "", 400, nil)
	ed.ask("alice", "POST", "/api/admin/comments/"+c.ID+"/restore", "", 409, nil)
	ed.ask("alice", "POST", "/api/admin/comments/"+c.ID+"/approve", "", 200, nil)
	if got := nobody.read("alice", p.ID); got != "hm" {
		t.Errorf("%q", got)
	}
	ed.ask("alice", "POST", "/api/admin/comments/"+c.ID+"/hide", "", 200, nil)
	if got := nobody.read("alice", p.ID); got != "" {
		t.Errorf("%q", got)
	}
	ed.ask("alice", "POST", "/api/admin/comments/"+c.ID+"/restore", "", 200, nil)
	ed.ask("alice", "PUT", "/api/admin/blocked/"+stranger.id, `{"reason":"spam"}`, 204, nil)
	ed.ask("alice", "PUT", "/api/admin/blocked/"+g.people["victor"].id, `{}`, 409, nil)
	stranger.ask("alice", "POST", "/api/posts/"+p.ID+"/comments", `{"content":"x"}`, 403, nil)
	if got := nobody.read("alice", p.ID); got != "" {
		t.Errorf("%q", got)
	}
	var blocked struct {
		Blocked []struct{ Name, Reason string }
	}
	if ed.ask("alice", "GET", "/api/admin/blocked", "", 200, &blocked); len(blocked.Blocked) != 1 || blocked.Blocked[0].Name != "stranger" || blocked.Blocked[0].Reason != "spam" {
		t.Errorf("%+v", blocked)
	}
	ed.ask("alice", "DELETE", "/api/admin/blocked/"+stranger.id, "", 204, nil)
	if got := nobody.read("alice", p.ID); got != "hm" {
		t.Errorf("%q", got)
	}
	if got := one[string](g, `SELECT group_concat(action, ' ') FROM (SELECT action FROM audit_log WHERE action LIKE 'comment_%' OR action LIKE 'user_%' ORDER BY action)`); got != "comment_approve comment_hide comment_restore user_blocked user_unblocked" {
		t.Errorf("the audit log has %q", got)
	}
}

// talks are the routes of a conversation, as needs has those of the panel. want is the answer to somebody who is signed in and wrote nothing.
var talks = []struct {
	method, path, body string
	want               int
}{
	{"GET", "/api/posts/{talk}/comments", "", 200},
	{"GET", "/api/posts/{talk}/reactions", "", 200},
	{"GET", "/api/posts/{talk}/presence", "", 200},
	{"GET", "/api/posts/{talk}/ws", "", 426},
	{"PATCH", "/api/comments/{comment}", `{"content":"intruder"}`, 403},
	{"PATCH", "/api/comments/{comment}?post={talk}", `{"content":"intruder"}`, 403},
	{"DELETE", "/api/comments/{comment}", "", 403},
	{"POST", "/api/posts/{talk}/comments", `{"content":"from me"}`, 201},
	{"PUT", "/api/posts/{talk}/reactions/like", "", 200},
	{"DELETE", "/api/posts/{talk}/reactions/like", "", 200},
}

func TestEveryRouteOfAConversationAsksWhoItIsAndWhere(t *testing.T) {
	for _, pattern := range conversation.Patterns() {
		pieces := strings.FieldsFunc(pattern, func(r rune) bool { return r == ' ' || r == '/' })
		if !slices.ContainsFunc(talks, func(c struct {
			method, path, body string
			want               int
		}) bool {
			path, _, _ := strings.Cut(c.path, "?")
			got := strings.FieldsFunc(c.method+" "+path, func(r rune) bool { return r == ' ' || r == '/' })
			return slices.EqualFunc(pieces, got, func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") })
		}) {
			t.Errorf("%s is not tested", pattern)
		}
	}
	g := open(t, "stranger", "victor", "vera", "ann", "ed")
	names := things(g)
	fill := func(text string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, name, value)
		}
		return text
	}
	// On bob's site alice's post is not there, and a draft of hers is nowhere.
	before := state(g)
	draft := strings.NewReplacer(names["{talk}"], names["{post}"])
	for _, c := range talks {
		for _, e := range everybody {
			for site, path := range map[string]string{"bob": fill(c.path), "alice": draft.Replace(fill(c.path))} {
				if site == "alice" && path == fill(c.path) {
					continue
				}
				want := 404
				if e.name == "nobody" && c.method != "GET" {
					want = 401
				}
				if status, text := g.people[e.name].at(site, c.method, path, fill(c.body)); status != want {
					t.Errorf("%s at %s: %s %s: %d, want %d\n%s", e.name, site, c.method, c.path, status, want, text)
				}
			}
		}
	}
	// Forged requests of somebody who may.
	owner, bare := g.people["alice"], g.person("forger")
	for _, c := range talks {
		address := "http://alice." + g.domain + fill(c.path)
		if c.method == "GET" && !strings.HasSuffix(c.path, "/ws") {
			continue
		}
		forged := map[string]func(h http.Header){
			"another origin": func(h http.Header) { h.Set("Origin", "http://bob."+g.domain) },
			"no origin":      func(h http.Header) { h.Del("Origin") },
		}
		if c.method != "GET" {
			forged["no token"] = func(h http.Header) { h.Del("X-Csrf-Token") }
			forged["the token of another host"] = func(h http.Header) { h.Set("X-Csrf-Token", owner.csrf["bob"]) }
			forged["the token of another session"] = func(h http.Header) { h.Set("X-Csrf-Token", g.people["bob"].csrf["alice"]) }
			header := owner.header("alice")
			header["Cookie"] = []string{"grove_session=" + strings.Replace(owner.cookie("alice"), owner.id, g.people["bob"].id, 1)}
			if status, _, text := bare.send(c.method, address, fill(c.body), header); status != 401 {
				t.Errorf("a cookie of another user: %s %s: %d\n%s", c.method, c.path, status, text)
			}
		}
		for what, change := range forged {
			header := owner.header("alice")
			change(header)
			if status, _, text := owner.send(c.method, address, fill(c.body), header); status != 403 {
				t.Errorf("%s: %s %s: %d\n%s", what, c.method, c.path, status, text)
			}
		}
	}
	if after := state(g); after != before {
		t.Errorf("somebody changed alice's site:\n%s\nwas\n%s", after, before)
	}
	for _, c := range talks {
		for _, e := range everybody {
			want := c.want
			switch {
			case e.name == "nobody" && c.method != "GET":
				want = 401
			case e.name == "stranger" && c.want == 403: // it is theirs
				want = map[string]int{"PATCH": 200, "DELETE": 204}[c.method]
			}
			if status, text := g.people[e.name].at("alice", c.method, fill(c.path), fill(c.body)); status != want {
				t.Errorf("%s: %s %s: %d, want %d\n%s", e.name, c.method, c.path, status, want, text)
			}
		}
	}
	if objects, err := g.host.Objects("PostDO"); err != nil || len(objects) != 1 {
		t.Errorf("%d posts have objects, want the one that was talked about: %v", len(objects), err)
	}
}

func TestSocketsAreClosedWithTheSession(t *testing.T) {
	g := open(t, "ann")
	ann, alice := g.people["ann"], g.people["alice"]
	p := publish(g, ann, "Talk", "text")
	at := "/api/posts/" + p.ID + "/ws"
	talk, _ := alice.socket("alice", at)
	talk.until("hello")
	live, _ := alice.socket("alice", "/api/live")
	other, _ := ann.socket("alice", at)
	other.until("hello")
	alice.ask("alice", "POST", "/auth/logout", "", 303, nil)
	for what, l := range map[string]line{"the conversation": talk, "the dashboard": live} {
		if code := l.closed(); code != 4401 {
			t.Errorf("%s was closed with %d", what, code)
		}
	}
	rows, err := local.Rows[int](g.host.Storage("SessionDO", "session:"+alice.id), `SELECT (SELECT count(*) FROM sockets) + (SELECT count(*) FROM closures)`)
	if err != nil || rows[0] != 0 {
		t.Errorf("%v rows are left, %v", rows, err)
	}
	if _, status := alice.socket("alice", "/api/live"); status != 401 {
		t.Errorf("a socket of a session that is over: %d", status)
	}
	ann.comment("alice", p.ID, "still here")
	other.until("comment")
	// An object that cannot be reached is told later.
	if _, err := g.host.EvictAll(); err != nil {
		t.Fatal(err)
	}
	fault := g.host.Inject(local.StorageFault{Class: "PostDO", On: local.OnRead, Times: 2})
	if n, err := session.RevokeAllSessions.Call(g.host.Context(), session.Of(ann.id), nil); err != nil || n == 0 {
		t.Errorf("%d, %v", n, err)
	}
	g.host.Clock.Advance(30 * time.Second)
	if code := other.closed(); code != 4401 {
		t.Errorf("closed with %d", code)
	}
	if fault.Count() != 2 {
		t.Errorf("the object failed %d times, want 2: the test does not tell", fault.Count())
	}
}

func TestAReactionIsTakenBack(t *testing.T) {
	g := open(t, "ann", "stranger")
	ann, stranger := g.people["ann"], g.people["stranger"]
	at := "/api/posts/" + publish(g, ann, "Talk", "text").ID + "/reactions"
	likes := func(want int64, mine ...string) {
		t.Helper()
		var counts, own post.Reactions
		ann.ask("alice", "GET", at, "", 200, &counts)
		if stranger.ask("alice", "GET", at, "", 200, &own); counts.Counts["like"] != want || !slices.Equal(own.Mine, mine) {
			t.Errorf("%+v %+v, want %d", counts, own, want)
		}
	}
	stranger.ask("alice", "PUT", at+"/like", "", 200, nil)
	likes(1, "like")
	var done post.Reacted
	for range 2 {
		done.Added = true
		if stranger.ask("alice", "DELETE", at+"/like", "", 200, &done); done.Added || done.NewCount != nil {
			t.Errorf("%+v", done)
		}
		likes(0)
	}
	if status, text := stranger.at("alice", "DELETE", at+"/hate", ""); status != 400 || !strings.Contains(text, "bad_type") {
		t.Errorf("%d %s", status, text)
	}
}
