//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"grove.place/lattice/local-runtime"
	"grove.place/lattice/workers/grove/ids"
)

// knock asks for a WebSocket, and hangs up when it gets one.
func (p *person) knock(address string, header http.Header) int {
	p.g.Helper()
	req, err := http.NewRequestWithContext(p.g.Context(), "GET", address, nil)
	if err != nil {
		p.g.Fatal(err)
	}
	req.Header = header
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13", "Sec-Websocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} {
		header.Set(name, value)
	}
	resp, err := p.browser.Do(req)
	if err != nil {
		p.g.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestSocketsAreForThoseWhoMayHaveThem(t *testing.T) {
	g := open(t, "ann", "ed", "mallory")
	alice, bare := g.people["alice"], g.person("forger")
	p := publish(g, g.people["ann"], "Talk", "text")
	hidden := publish(g, g.people["ann"], "Hidden", "text")
	g.people["ann"].ask("alice", "POST", "/api/admin/posts/"+hidden.ID+"/unpublish", `{"version":2}`, 200, nil)
	over := map[string]string{"alice": g.people["mallory"].cookieAt("alice"), apex: g.people["mallory"].cookieAt(apex)}
	g.people["mallory"].ask("alice", "POST", "/auth/logout", "", 303, nil)
	for _, s := range []struct {
		site, path     string
		nobody, member int // the answers to somebody who is not signed in, and to bob
	}{{"alice", "/api/posts/" + p.ID + "/ws", 101, 101}, {"alice", "/api/posts/" + hidden.ID + "/ws", 404, 404}, {"bob", "/api/posts/" + p.ID + "/ws", 404, 404}, {"alice", "/api/live", 401, 403}, {apex, "/api/notifications/ws", 401, 101}} {
		at := g.address(s.site) + s.path
		for what, origin := range map[string]string{"none": "", "of bob's site": g.address("bob"), "of the apex": g.address(apex), "of alice's site": g.address("alice"), "null": "null", "longer": g.address(s.site) + ".evil.example", "of a path": g.address(s.site) + "/"} {
			if origin == g.address(s.site) {
				continue
			}
			header := http.Header{"Origin": {origin}}
			if origin == "" {
				header.Del("Origin")
			}
			if got := alice.knock(at, header); got != 403 && (got != 404 || s.nobody != 404) {
				t.Errorf("%s with the origin %s: %d, want 403", at, what, got)
			}
		}
		header := func(cookie string) http.Header {
			return http.Header{"Origin": {g.address(s.site)}, "Cookie": {"grove_session=" + cookie}, "Grove-User": {alice.id}, "Grove-Session": {"x"}}
		}
		other := apex
		if s.site == apex {
			other = "bob"
		}
		for what, cookie := range map[string]string{"nobody's": "", "of another host": alice.cookieAt(other), "of a session that is over": over[s.site], "forged": strings.Replace(g.people["bob"].cookieAt(s.site), g.people["bob"].id, alice.id, 1)} {
			if got := bare.knock(at, header(cookie)); got != s.nobody {
				t.Errorf("%s with a cookie %s: %d, want %d", at, what, got, s.nobody)
			}
		}
		if got := bare.knock(at, header(g.people["bob"].cookieAt(s.site))); got != s.member {
			t.Errorf("%s for bob: %d, want %d", at, got, s.member)
		}
	}
}

// TestARoleThatIsTakenAwayIsGoneAtOnce also when D1 is asked for it at that very moment and answers late.
func TestARoleThatIsTakenAwayIsGoneAtOnce(t *testing.T) {
	g := open(t, "ann", "ed")
	alice, ann, ed := g.people["alice"], g.people["ann"], g.people["ed"]
	ed.ask("alice", "GET", "/api/admin/members", "", 200, nil)
	alice.ask("alice", "PUT", "/api/admin/members/"+ed.id, `{"role":"author"}`, 204, nil)
	ed.ask("alice", "GET", "/api/admin/members", "", 403, nil)
	late := g.host.Inject(local.D1Fault{SQL: "SELECT m.role FROM tenant_members", Delay: 10 * time.Second, SlowAnswer: true, Times: 1})
	asked := make(chan int)
	go func() {
		status, _ := ann.at("alice", "GET", "/api/admin/posts", "")
		asked <- status
	}()
	for range 10_000 {
		if late.Count() > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	alice.ask("alice", "DELETE", "/api/admin/members/"+ann.id, "", 204, nil)
	g.host.Clock.Advance(10 * time.Second)
	if status := <-asked; status != 403 {
		t.Errorf("asked before, answered after: %d", status)
	}
	ann.ask("alice", "GET", "/api/admin/posts", "", 403, nil)
}

func TestAClosedAccountIsSignedOutEverywhere(t *testing.T) {
	g := open(t, "ann", "ed", "olga")
	ed, olga, ann := g.people["ed"], g.people["olga"], g.people["ann"]
	g.sql(`UPDATE users SET role = 'admin' WHERE id = ?`, olga.id)
	p := publish(g, ann, "Talk", "text")
	ed.comment("alice", p.ID, "mine")
	talk, _ := ed.socket("alice", "/api/posts/"+p.ID+"/ws")
	talk.until("hello")
	live, _ := ed.socket("alice", "/api/live")
	bell := ed.bell()
	bell()
	door := "/api/operator/accounts/" + ed.id
	ann.askApex("POST", door+"/close", "", 403, nil)
	olga.askApex("POST", "/api/operator/accounts/"+olga.id+"/close", "", 400, nil)
	olga.askApex("POST", "/api/operator/accounts/"+ids.New(time.Now())+"/close", "", 404, nil)
	for range 2 {
		olga.askApex("POST", door+"/close", "", 204, nil)
	}
	for _, path := range []string{"/auth/session", "/api/admin/posts", "/api/admin/drafts"} {
		ed.ask("alice", "GET", path, "", 401, nil)
	}
	ed.ask("alice", "POST", "/api/posts/"+p.ID+"/comments", `{"content":"still here"}`, 401, nil)
	ed.ask("alice", "PUT", "/api/posts/"+p.ID+"/reactions/like", "", 401, nil)
	ed.meadow("GET", "/api/feed", "", 401, nil)
	if a, b := talk.closed(), live.closed(); a != 4401 || b != 4401 {
		t.Errorf("the sockets are closed with %d and %d", a, b)
	}
	for got := bell(); got != "closed 4401"; got = bell() {
		if strings.HasPrefix(got, "closed") {
			t.Errorf("the bell is %s", got)
		}
	}
	if status := ed.signsIn(); status != 403 {
		t.Errorf("they sign in again: %d", status)
	}
	if n := one[int](g, `SELECT count(*) FROM operator_log WHERE action = 'account_closed' AND actor_id = ?`, olga.id); n < 2 {
		t.Errorf("%d rows in the log", n)
	}
	olga.askApex("POST", door+"/open", "", 204, nil)
	if status := ed.signsIn(); status != 303 {
		t.Errorf("an account that is open again: %d", status)
	}
	// Who has deleted their account is signed out as well.
	ann.askApex("POST", "/api/account/delete", `{"confirm":"ann@example.test"}`, 202, nil)
	ann.ask("alice", "GET", "/auth/session", "", 401, nil)
	ann.ask("alice", "POST", "/api/admin/posts", `{"title":"x","body":"x"}`, 401, nil)
}

// signsIn goes through the provider once more, and returns the answer of the callback.
func (p *person) signsIn() int {
	p.g.Helper()
	_, header, _ := p.send("GET", p.g.address(apex)+"/auth/login/dev", "", nil)
	back, err := p.browser.PostForm(header.Get("Location"), url.Values{"sub": {"s-" + p.name}, "name": {p.name}, "email": {p.name + "@example.test"}, "email_verified": {"1"}})
	if err != nil {
		p.g.Fatal(err)
	}
	back.Body.Close()
	status, _, _ := p.send("GET", back.Header.Get("Location"), "", nil)
	return status
}

// eavesdropper notes the tokens that providers give.
type eavesdropper struct {
	mu     sync.Mutex
	tokens []string
}

func (e *eavesdropper) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var given map[string]any
	if json.Unmarshal(body, &given) == nil {
		e.mu.Lock()
		for _, name := range []string{"access_token", "refresh_token", "id_token"} {
			if token, ok := given[name].(string); ok {
				e.tokens = append(e.tokens, token)
			}
		}
		e.mu.Unlock()
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, err
}

// notebook is a log that may be written to by many.
type notebook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notebook) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func TestNothingSecretIsLogged(t *testing.T) {
	log, ear, vars := &notebook{}, &eavesdropper{}, map[string]string{}
	g := openWith(t, func(o *local.Options) {
		vars = o.Vars
		o.Logger, o.Network = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), ear
	}, "stranger", "victor", "vera", "ann", "ed", "fay")
	names := marked(g)
	secrets := map[string]string{}
	for i, token := range ear.tokens {
		secrets[fmt.Sprint("token ", i)] = token
	}
	for _, p := range g.people {
		if p.id == "" {
			continue
		}
		secrets["e-mail address of "+p.name] = p.name + "@example.test"
		for _, site := range []string{"alice", "bob", apex} {
			parts := strings.Split(p.cookieAt(site), ".")
			secrets["session of "+p.name], secrets["MAC of "+p.name+site] = parts[3], parts[4]
			secrets["token of "+p.name+site] = p.headerAt(site).Get("X-Csrf-Token")
		}
	}
	for _, name := range []string{"SESSION_KEYS", "TOKEN_KEYS", "OIDC_DEV_SECRET"} {
		secrets[name] = vars[name][strings.LastIndex(vars[name], ":")+1:]
	}
	secrets["text of a post"], secrets["text of a draft"] = secret, "poisoned words"
	ann, bob := g.people["ann"], g.people["bob"]
	// What can go wrong, goes wrong.
	for _, f := range []local.Fault{local.D1Fault{}, local.D1Fault{AfterCommit: true}, local.StorageFault{Class: "SessionDO", On: local.OnRead}, local.StorageFault{Class: "TenantDO", On: local.OnWrite}, local.StorageFault{Class: "PostDO", On: local.OnCommit}} {
		fault := g.host.Inject(f)
		for _, p := range []*person{ann, bob} {
			p.at("alice", "PUT", "/api/admin/drafts/"+ids.New(time.Now()), `{"slug":"x","content":"poisoned words","metadata":{"title":"poisoned words","tags":[]},"baseRevision":0,"deviceId":"x"}`)
			p.at("alice", "POST", "/api/admin/posts", `{"title":"poisoned words","body":"poisoned words"}`)
			p.at("alice", "POST", "/api/posts/"+names["{talk}"]+"/comments", `{"content":"poisoned words"}`)
			p.at("alice", "GET", "/?csrf_token="+url.QueryEscape(p.csrf["alice"]), "")
			p.send("GET", g.address(apex)+"/auth/callback/dev?state=poisoned+words&code=poisoned+words", "", nil)
			p.send("GET", g.address("alice")+"/auth/enter?path=/&code=poisoned+words", "", nil)
			p.send("GET", g.address(apex)+"/auth/login/dev", "", nil)
			p.atApex("POST", "/api/notifications/read", `{"ids":"poisoned words"}`)
			p.atApex("GET", "/settings/data", "")
			p.atApex("POST", "/api/account/delete", `{"confirm":"poisoned words"}`)
		}
		fault.Remove()
		g.minutes(3)
	}
	fault := g.host.Inject(local.D1Fault{SQL: "INSERT INTO drafts", Err: fmt.Errorf("D1_ERROR: CHECK constraint failed: drafts: SQLITE_CONSTRAINT")})
	g.people["ed"].at("alice", "PUT", "/api/admin/drafts/"+ids.New(time.Now()), `{"slug":"x","content":"poisoned words","metadata":{"title":"poisoned words","tags":[]},"baseRevision":0,"deviceId":"x"}`)
	g.minutes(40)
	fault.Remove()
	log.mu.Lock()
	defer log.mu.Unlock()
	text := log.text.String()
	if lines := strings.Count(text, "\n"); lines < 60 || !strings.Contains(text, "level=ERROR") || len(ear.tokens) < 10 {
		t.Errorf("%d lines and %d tokens: the test does not tell", lines, len(ear.tokens))
	}
	for _, what := range slices.Sorted(maps.Keys(secrets)) {
		if value := secrets[what]; len(value) > 5 && strings.Contains(text, value) {
			at := strings.Index(text, value)
			t.Errorf("the log has the %s: …%s…", what, text[max(0, at-300):min(len(text), at+100)])
		}
	}
}
