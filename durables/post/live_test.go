package post_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/durables"
	"grove.place/lattice/durables/post"
	"grove.place/lattice/workers/websocket"
)

// socket is one end of a reader's socket.
type socket struct {
	p page
	*websocket.Conn
}

// connect opens a socket; user is "" for a reader who is not signed in.
func (p page) connect(user, session string) socket {
	p.Helper()
	conn, resp, err := p.dial(user, session)
	if err != nil {
		p.Fatal(err, resp)
	}
	s := socket{p, conn}
	if hello := s.next(); hello.Type != "hello" {
		p.Fatalf("%+v", hello)
	}
	return s
}

func (p page) dial(user, session string) (*websocket.Conn, *http.Response, error) {
	return websocket.Dial(p.host.Context(), "ws://post/", &websocket.DialOptions{
		Header: http.Header{post.HeaderUser: {user}, post.HeaderSession: {session}}, Fetch: p.stub.Fetch})
}

// receive returns the next message, or the code that the socket was closed with.
func (s socket) receive() (m post.Message, code int) {
	s.p.Helper()
	ctx, cancel := context.WithTimeout(s.p.host.Context(), 20*time.Second)
	defer cancel()
	got, err := s.Receive(ctx)
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return m, closed.Code
	case err != nil:
		s.p.Fatal(err)
	}
	if err := got.JSON(&m); err != nil {
		s.p.Fatalf("%s: %v", got.Text(), err)
	}
	return m, 0
}

// next returns the next message that is not about presence.
func (s socket) next() post.Message {
	s.p.Helper()
	for {
		m, code := s.receive()
		if code != 0 {
			s.p.Fatalf("closed with %d", code)
		}
		if m.Type != "presence" {
			return m
		}
	}
}

// code returns what the socket is closed with.
func (s socket) code() int {
	s.p.Helper()
	for {
		if _, code := s.receive(); code != 0 {
			return code
		}
	}
}

func (s socket) send(format string, args ...any) {
	s.p.Helper()
	if err := s.SendText(s.p.host.Context(), fmt.Sprintf(format, args...)); err != nil {
		s.p.Fatal(err)
	}
}

// quiet checks that nothing came but what answers a last message.
func (s socket) quiet() {
	s.p.Helper()
	s.send(`{"type":"resync","id":"quiet"}`)
	if m := s.next(); m.Type != "resync" || m.ID != "quiet" {
		s.p.Errorf("%+v came", m)
	}
}

func TestCountsAreShownToTheAuthorOnSocketsToo(t *testing.T) {
	p := open(t)
	author, ann, annToo, bert := p.connect(p.author, "s1"), p.connect(p.ann, "s2"), p.connect(p.ann, "s3"), p.connect("", "")
	p.evict()
	ann.send(`{"type":"react","id":"m1","reactionType":"like"}`)
	for _, s := range []socket{ann, annToo} {
		if m := s.next(); m.Type != "reaction" || m.ReactionType != "like" || !*m.Mine || m.Count != nil {
			t.Errorf("%+v", m)
		}
	}
	if m := ann.next(); m.Type != "ack" || m.ID != "m1" || !*m.Mine || m.Count != nil {
		t.Errorf("%+v", m)
	}
	if m := author.next(); m.Type != "reaction" || *m.Count != 1 || m.Mine != nil {
		t.Errorf("%+v", m)
	}
	bert.quiet()
	// The same message twice toggles once; with "on" a message says what is to be.
	ann.send(`{"type":"react","id":"m1","reactionType":"like"}`)
	if m := ann.next(); m.Type != "ack" || !*m.Mine {
		t.Errorf("%+v", m)
	}
	ann.send(`{"type":"react","id":"m2","reactionType":"like","on":true}`)
	if m := ann.next(); m.Type != "ack" || !*m.Mine {
		t.Errorf("%+v", m)
	}
	author.quiet()
	p.sql(`INSERT INTO comment_settings (tenant_id, counts_visible, updated_at) VALUES (?, 'everyone', 0)`, p.tenant)
	call(p, post.RefreshSettings, durables.None{})
	call(p, post.SetReaction, post.Reaction{UserID: p.bert, Type: "like", On: true})
	for _, s := range []socket{author, bert} {
		if m := s.next(); m.Type != "reaction" || *m.Count != 2 {
			t.Errorf("%+v", m)
		}
	}
}

func TestASocketIsWhomTheWorkerSaidItIs(t *testing.T) {
	p := open(t)
	for _, who := range [][2]string{{p.ann, ""}, {"", "s1"}, {"ann", "s1"}} {
		if _, _, err := p.dial(who[0], who[1]); err == nil {
			t.Errorf("%q got a socket", who)
		}
	}
	ann, nobody := p.connect(p.ann, "s1"), p.connect("", "")
	ann.send(`{"type":"comment","id":"m1","content":"mine","userId":%q,"authorId":%q,"session":"s2"}`, p.author, p.author)
	if m := nobody.next(); m.Type != "comment" || m.Comment.AuthorID != p.ann || m.Comment.AuthorName != "Ann" {
		t.Errorf("%+v", m.Comment)
	}
	ann.next()
	if m := ann.next(); m.Type != "ack" || m.Comment.AuthorID != p.ann {
		t.Errorf("%+v", m)
	}
	ann.send(`{"type":"comment","id":"m1","content":"mine"}`)
	if m := ann.next(); m.Type != "ack" || m.Comment.Content != "mine" {
		t.Errorf("%+v", m)
	}
	for message, code := range map[string]string{
		`{"type":"react","id":"m","reactionType":"like","userId":"` + p.ann + `"}`: "signed_out",
		`{"type":"comment","id":"m","content":"x","userId":"` + p.ann + `"}`:       "signed_out",
		`{"type":"typing","userId":"` + p.ann + `"}`:                               "signed_out",
		`{"type":"hack"}`:      "bad_message",
		`[]`:                   "bad_message",
		`{"type":"resync"`:     "bad_message",
		`{"type":7,"id":"m8"}`: "bad_message",
	} {
		nobody.send("%s", message)
		if m := nobody.next(); m.Type != "error" || m.Code != code || m.Message == "" {
			t.Errorf("%s: %+v", message, m)
		}
	}
	if err := nobody.Send(p.host.Context(), []byte(`{"type":"resync"}`)); err != nil {
		t.Fatal(err)
	}
	if m := nobody.next(); m.Code != "bad_message" {
		t.Errorf("%+v", m)
	}
	ann.send(`{"type":"react","id":"m","reactionType":"hate"}`)
	if m := ann.next(); m.Type != "error" || m.Code != "bad_message" || m.ID != "m" {
		t.Errorf("%+v", m)
	}
	ann.send(`{"type":"comment","id":"m","content":"","parentId":""}`)
	if m := ann.next(); m.Type != "error" || m.Code != "bad_comment" || m.ID != "m" {
		t.Errorf("%+v", m)
	}
	p.reads("", "mine")
	ann.send(`{"type":"comment","content":%q}`, strings.Repeat("x", 16<<10))
	if code := ann.code(); code != 1009 {
		t.Errorf("a large message: closed with %d", code)
	}
}

func TestViewersAreCountedFromTheirSockets(t *testing.T) {
	p := open(t)
	count := func(want int) {
		t.Helper()
		if got := call(p, post.GetPresence, ""); got.Count != want || got.Viewers != nil {
			t.Errorf("%+v, want %d", got, want)
		}
	}
	count(0)
	ann, annToo, nobody, other := p.connect(p.ann, "s1"), p.connect(p.ann, "s2"), p.connect("", ""), p.connect("", "")
	count(3) // two tabs are one viewer
	if got := call(p, post.GetPresence, p.author); !slices.Equal(got.Viewers, []string{p.ann}) {
		t.Errorf("%+v", got)
	}
	p.evict()
	count(3)
	shown := func(s socket) []int64 {
		t.Helper()
		var list []int64
		s.send(`{"type":"resync","id":"here"}`)
		for {
			m, code := s.receive()
			if code != 0 {
				t.Fatalf("closed with %d", code)
			}
			if m.Type == "resync" {
				return list
			}
			list = append(list, *m.Count)
		}
	}
	p.host.Clock.Advance(time.Second)
	if got := shown(other); len(got) == 0 || len(got) > 2 || got[len(got)-1] != 3 {
		t.Errorf("viewers were told of %v", got)
	}
	if err := annToo.Close(p.host.Context(), 1000, ""); err != nil {
		t.Fatal(err)
	}
	annToo.code()
	count(3)
	if err := nobody.Close(p.host.Context(), 1000, ""); err != nil {
		t.Fatal(err)
	}
	nobody.code()
	count(2)
	p.host.Clock.Advance(time.Second)
	if got := shown(other); !slices.Equal(got, []int64{2}) {
		t.Errorf("viewers were told of %v", got)
	}
	_ = ann
	if _, err := p.host.DropSockets("PostDO", post.Name(p.tenant, p.id)); err != nil {
		t.Fatal(err)
	}
	p.host.Clock.Advance(time.Second)
	count(0)
}

func TestASocketThatSaysTooMuchHasToWait(t *testing.T) {
	p := open(t)
	ann := p.connect(p.ann, "s1")
	react := func() post.Message {
		ann.send(`{"type":"react","id":"m","reactionType":"like","on":false}`)
		return ann.next()
	}
	for i := range 20 {
		if m := react(); m.Type != "ack" {
			t.Fatalf("message %d: %+v", i+1, m)
		}
	}
	p.evict() // the bucket is with the socket
	if m := react(); m.Type != "error" || m.Code != "rate_limited" || m.ID != "m" {
		t.Errorf("%+v", m)
	}
	p.host.Clock.Advance(2 * time.Second)
	for range 2 {
		if m := react(); m.Type != "ack" {
			t.Errorf("%+v", m)
		}
	}
	for range 40 {
		if ann.SendText(p.host.Context(), `{"type":"react","reactionType":"like","on":false}`) != nil {
			break // it has been closed already
		}
	}
	if code := ann.code(); code != 4429 {
		t.Errorf("closed with %d", code)
	}
}

func TestTypingIsToldNowAndThen(t *testing.T) {
	p := open(t)
	ann, nobody := p.connect(p.ann, "s1"), p.connect("", "")
	for range 3 {
		ann.send(`{"type":"typing"}`)
	}
	if m := nobody.next(); m.Type != "typing" || m.UserID != p.ann || m.UserName != "Ann" {
		t.Errorf("%+v", m)
	}
	nobody.quiet()
	p.host.Clock.Advance(3 * time.Second)
	ann.send(`{"type":"typing"}`)
	if m := nobody.next(); m.Type != "typing" {
		t.Errorf("%+v", m)
	}
}

func TestAClientThatWasAwayLearnsWhatItMissed(t *testing.T) {
	p := open(t)
	old, changed := p.say(p.ann, "old", ""), p.say(p.ann, "changing", "")
	fleeting := p.say(p.ann, "fleeting", "")
	seq := call(p, post.GetRecentComments, post.CommentQuery{}).Seq
	call(p, post.DeleteComment, post.Removal{ID: fleeting.ID, UserID: p.ann}) // D1 never sees it
	p.say(p.bert, "flushed", "")
	call(p, post.EditComment, post.Edit{ID: changed.ID, UserID: p.ann, Content: "changed"})
	p.host.Clock.Advance(31 * time.Second)
	call(p, post.DeleteComment, post.Removal{ID: old.ID, UserID: p.ann}) // D1 has it
	p.say(p.ann, "waiting", "")
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "love", On: true})
	p.evict()
	s := p.connect(p.ann, "s1")
	s.send(`{"type":"resync","id":"r","lastSeq":%d}`, seq)
	m := s.next()
	if m.Type != "resync" || m.ID != "r" || !*m.Complete || m.Seq <= seq || *m.Count != 1 || !slices.Equal(m.Reactions.Mine, []string{"love"}) {
		t.Errorf("%+v", m)
	}
	if got := texts(m.Changed); !slices.Equal(got, []string{"changed", "flushed", "waiting"}) {
		t.Errorf("changed: %q", got)
	}
	if !slices.Equal(m.Gone, []string{fleeting.ID, old.ID}) {
		t.Errorf("gone: %v", m.Gone)
	}
	s.send(`{"type":"resync","lastSeq":%d}`, m.Seq)
	if again := s.next(); !*again.Complete || again.Changed != nil || again.Gone != nil {
		t.Errorf("%+v", again)
	}
	s.send(`{"type":"resync","lastSeq":%d}`, m.Seq+1) // of a former life of the object
	if again := s.next(); *again.Complete {
		t.Errorf("%+v", again)
	}
	p.host.Clock.Advance(26 * time.Hour) // what was fleeting is forgotten
	s.send(`{"type":"resync","lastSeq":%d}`, seq)
	if again := s.next(); *again.Complete || again.Changed != nil {
		t.Errorf("%+v", again)
	}
}

func TestSocketsSeeWhatTheirUserMay(t *testing.T) {
	p := open(t)
	p.sql(`INSERT INTO comment_settings (tenant_id, moderation, updated_at) VALUES (?, 'all', 0)`, p.tenant)
	ann, nobody := p.connect(p.ann, "s1"), p.connect("", "")
	c := p.say(p.ann, "hm", "")
	if m := ann.next(); m.Type != "comment" || m.Comment.Status != post.Pending {
		t.Errorf("%+v", m)
	}
	nobody.quiet()
	moderate := func(action string) {
		call(p, post.ModerateComment, post.Moderation{ID: c.ID, ModeratorID: p.author, Action: action})
	}
	moderate("approve")
	if m := nobody.next(); m.Type != "comment" || m.Comment.ID != c.ID || m.Comment.Status != post.Visible {
		t.Errorf("%+v", m)
	}
	moderate("hide")
	if m := nobody.next(); m.Type != "comment_deleted" || m.CommentID != c.ID {
		t.Errorf("%+v", m)
	}
	nobody.send(`{"type":"resync","lastSeq":1}`)
	if m := nobody.next(); len(m.Changed) != 0 || !slices.Equal(m.Gone, []string{c.ID}) {
		t.Errorf("%+v", m)
	}
}

func TestSocketsAreClosedWithTheirSessionAndTheirPost(t *testing.T) {
	p := open(t)
	one, two, nobody := p.connect(p.ann, "s1"), p.connect(p.ann, "s2"), p.connect("", "")
	p.evict()
	if n := call(p, post.CloseSession, "s1"); n != 1 {
		t.Errorf("%d sockets were closed, want 1", n)
	}
	if code := one.code(); code != post.CloseRevoked {
		t.Errorf("closed with %d", code)
	}
	p.say(p.ann, "still here", "")
	if m := two.next(); m.Type != "comment" {
		t.Errorf("%+v", m)
	}
	p.sql(`UPDATE posts SET status = 'draft'`)
	call(p, post.RefreshSettings, durables.None{})
	for _, s := range []socket{two, nobody} {
		if code := s.code(); code != post.CloseGone {
			t.Errorf("closed with %d", code)
		}
	}
	if _, resp, err := p.dial("", ""); err == nil || resp.StatusCode != http.StatusNotFound {
		t.Errorf("a post that is not published has a socket: %v", err)
	}
}

func TestAUserCanHaveSoManySockets(t *testing.T) {
	p := open(t)
	for range 20 {
		p.connect(p.ann, "s1")
	}
	if _, resp, err := p.dial(p.ann, "s1"); err == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more: %v", err)
	}
	p.connect(p.bert, "s2")
	p.connect("", "")
}

func TestFiveThousandViewers(t *testing.T) {
	p := open(t)
	viewers := 5000
	if testing.Short() {
		viewers = 500
	}
	var some []socket
	for i := range viewers {
		conn, _, err := p.dial("", "")
		if err != nil {
			t.Fatalf("viewer %d: %v", i+1, err)
		}
		if i%500 == 0 {
			some = append(some, socket{p, conn})
		}
	}
	if got := call(p, post.GetPresence, ""); got.Count != viewers {
		t.Errorf("%+v", got)
	}
	author := p.connect(p.author, "s1")
	p.evict()
	started := time.Now()
	p.say(p.ann, "hello", "")
	call(p, post.SetReaction, post.Reaction{UserID: p.ann, Type: "like", On: true})
	t.Logf("a comment and a reaction reached %d viewers of an object that was asleep in %v", viewers, time.Since(started))
	for _, s := range some {
		m := s.next()
		if m.Type == "hello" {
			m = s.next()
		}
		if m.Type != "comment" || m.Comment.Content != "hello" {
			t.Errorf("%+v", m)
		}
	}
	if m := author.next(); m.Type != "comment" {
		t.Errorf("%+v", m)
	}
	if m := author.next(); m.Type != "reaction" || *m.Count != 1 {
		t.Errorf("%+v", m)
	}
	if _, err := p.host.DropSockets("PostDO", post.Name(p.tenant, p.id)); err != nil {
		t.Fatal(err)
	}
	p.host.Clock.Advance(2 * time.Second)
	if got := call(p, post.GetPresence, ""); got.Count != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAPingIsAnsweredWithoutTheObject(t *testing.T) {
	p := open(t)
	s := p.connect("", "")
	p.evict()
	s.send("ping")
	ctx, cancel := context.WithTimeout(p.host.Context(), 20*time.Second)
	defer cancel()
	got, err := s.Receive(ctx)
	for err == nil && strings.Contains(got.Text(), "presence") { // told before it slept
		got, err = s.Receive(ctx)
	}
	if err != nil || got.Text() != "pong" {
		t.Errorf("%q, %v", got.Text(), err)
	}
	if woken, err := p.host.Evict("PostDO", post.Name(p.tenant, p.id)); err != nil || woken {
		t.Errorf("the object was woken: %v, %v", woken, err)
	}
}
