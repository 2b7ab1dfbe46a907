//go:build !js

package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"grove.place/lattice/local-runtime"
	"grove.place/lattice/tests/devoidc"
	"grove.place/lattice/workers/d1"
	"grove.place/lattice/workers/grove/ids"
	"grove.place/lattice/workers/heartwood"
)

var db = d1.Database("DB")

// grove is the Worker on a local host, with two sites.
type grove struct {
	*testing.T
	host    *local.Host
	domain  string
	dial    *http.Transport
	tenants map[string]string  // subdomain → id
	people  map[string]*person // name → who has signed in
}

// person is somebody in a browser.
type person struct {
	g       *grove
	name    string
	id      string
	browser *http.Client
	csrf    map[string]string // host → token
}

// everybody is who the tests know, with their roles at alice's and bob's sites.
var everybody = []struct{ name, alice, bob string }{
	{"nobody", "", ""}, {"stranger", "", ""}, {"victor", "viewer", ""}, {"vera", "viewer", "author"}, {"ann", "author", ""}, {"ed", "editor", "viewer"}, {"bob", "", "owner"}, {"alice", "owner", ""},
}

func open(t *testing.T, who ...string) *grove {
	t.Helper()
	return openWith(t, func(*local.Options) {}, who...)
}

// openWith is open with other options of the host.
func openWith(t *testing.T, change func(*local.Options), who ...string) *grove {
	t.Helper()
	g := &grove{T: t, tenants: map[string]string{}, people: map[string]*person{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ip := r.Header.Get("Test-From"); ip != "" { // where a request comes from is the host's to say
			r.RemoteAddr = net.JoinHostPort(ip, "1")
		}
		g.host.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	g.domain = "localhost:" + port
	g.dial = &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		if strings.HasSuffix(to, g.domain) {
			to = address
		}
		return new(net.Dialer).DialContext(ctx, network, to)
	}}
	t.Cleanup(g.dial.CloseIdleConnections)
	provider, stop, err := devoidc.Start("127.0.0.1:0", devoidc.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	options := local.Options{
		Objects:   map[string]string{"SESSIONS": "SessionDO", "TENANTS": "TenantDO", "ANALYTICS": "AnalyticsDO", "FEEDS": "FeedDO", "NOTIFICATIONS": "NotificationDO", "POSTS": "PostDO"},
		Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}},
		Buckets:   map[string]string{"MEDIA": "media"},
		Queues:    map[string]string{"FANOUT": "grove-fanout", "JOBS": "grove-jobs"},
		Consumers: map[string]local.Consumer{
			"grove-fanout": {MaxBatchSize: 5, MaxBatchTimeout: time.Second, MaxRetries: 20, DeadLetterQueue: "grove-dead"},
			"grove-jobs":   {MaxBatchSize: 1, MaxBatchTimeout: time.Second, MaxRetries: 3, DeadLetterQueue: "grove-dead"},
			"grove-dead":   {MaxBatchTimeout: time.Second},
		},
		Vars: devoidc.Vars(g.domain, provider.Issuer(), provider.Client()), Isolates: 1,
		Clock: local.NewVirtualClock(time.Now()), // the provider's tokens are dated with the machine's clock
	}
	change(&options)
	g.host = local.StartTest(t, local.TestOptions{Package: "grove.place/lattice/workers/grove", Options: options})
	g.host.Clock.Advance(time.Since(g.host.Clock.Now())) // building the module takes its time
	now := g.host.Clock.Now()
	for _, name := range append([]string{"alice", "bob"}, who...) {
		if g.people[name] == nil {
			g.signIn(name)
		}
	}
	for _, site := range []string{"alice", "bob"} {
		id := ids.New(now)
		g.tenants[site] = id
		g.sql(`INSERT INTO tenants (id, subdomain, owner_user_id, display_name, tier, created_at, updated_at) VALUES (?, ?, ?, ?, 'evergreen', ?, ?)`, id, site, g.people[site].id, site+"'s site", now, now)
	}
	for _, e := range everybody {
		for site, role := range map[string]string{"alice": e.alice, "bob": e.bob} {
			if p := g.people[e.name]; p != nil && role != "" {
				g.sql(`INSERT INTO tenant_members (tenant_id, user_id, role, created_at) VALUES (?, ?, ?, ?)`, g.tenants[site], p.id, role, now)
			}
		}
	}
	for _, p := range g.people {
		for _, site := range []string{"alice", "bob"} {
			p.enter(site)
		}
	}
	g.people["nobody"] = g.person("nobody")
	return g
}

func (g *grove) person(name string) *person {
	jar, _ := cookiejar.New(nil)
	return &person{g: g, name: name, csrf: map[string]string{}, browser: &http.Client{Jar: jar, Transport: g.dial,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signIn goes through the provider at the apex.
func (g *grove) signIn(name string) {
	g.Helper()
	p := g.person(name)
	_, header, _ := p.send("GET", "http://"+g.domain+"/auth/login/dev", "", nil)
	back, err := p.browser.PostForm(header.Get("Location"), url.Values{"sub": {"s-" + name}, "name": {name}, "email": {name + "@example.test"}, "email_verified": {"1"}})
	if err != nil {
		g.Fatal(err)
	}
	back.Body.Close()
	if status, _, body := p.send("GET", back.Header.Get("Location"), "", nil); status != http.StatusSeeOther {
		g.Fatalf("%s signs in: %d\n%s", name, status, body)
	}
	if _, err := db.Prepare(`SELECT id FROM users WHERE name = ?`).Bind(name).First(g.host.Context(), &p.id); err != nil || p.id == "" {
		g.Fatalf("%s has no account: %v", name, err)
	}
	g.people[name] = p
}

// enter takes the session of the apex to a site, as a browser does.
func (p *person) enter(site string) {
	p.g.Helper()
	at := "http://" + site + "." + p.g.domain + "/auth/login?return_to=%2F"
	for range 3 {
		status, header, body := p.send("GET", at, "", nil)
		if status != http.StatusSeeOther {
			p.g.Fatalf("%s enters %s at %s: %d\n%s", p.name, site, at, status, body)
		}
		at = header.Get("Location")
	}
	var who struct{ CSRFToken string }
	if status, _, body := p.send("GET", "http://"+site+"."+p.g.domain+"/auth/session", "", nil); status != 200 || json.Unmarshal([]byte(body), &who) != nil {
		p.g.Fatalf("%s at %s: %d\n%s", p.name, site, status, body)
	}
	p.csrf[site] = who.CSRFToken
}

func (p *person) send(method, address, body string, header http.Header) (int, http.Header, string) {
	p.g.Helper()
	req, err := http.NewRequestWithContext(p.g.Context(), method, address, strings.NewReader(body))
	if err != nil {
		p.g.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := p.browser.Do(req)
	if err != nil {
		p.g.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.g.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(text)
}

// at sends a request as a page of the site does.
func (p *person) at(site, method, path, body string) (int, string) {
	p.g.Helper()
	status, _, text := p.send(method, "http://"+site+"."+p.g.domain+path, body, p.header(site))
	return status, text
}

func (p *person) header(site string) http.Header {
	return http.Header{"Origin": {"http://" + site + "." + p.g.domain}, "X-Csrf-Token": {p.csrf[site]}, "User-Agent": {"Mozilla/5.0 Firefox/130.0"}}
}

// ask is at for what must succeed with that status; the answer is stored in dest unless it is nil.
func (p *person) ask(site, method, path, body string, want int, dest any) {
	p.g.Helper()
	status, text := p.at(site, method, path, body)
	if status != want {
		p.g.Fatalf("%s: %s %s: %d, want %d\n%s", p.name, method, path, status, want, text)
	}
	if dest != nil {
		if err := json.Unmarshal([]byte(text), dest); err != nil {
			p.g.Fatalf("%s %s: %v\n%s", method, path, err, text)
		}
	}
}

func (g *grove) sql(query string, args ...any) {
	g.Helper()
	if _, err := db.Prepare(query).Bind(args...).Run(g.host.Context()); err != nil {
		g.Fatal(err)
	}
}

func one[V any](g *grove, query string, args ...any) (v V) {
	g.Helper()
	if _, err := db.Prepare(query).Bind(args...).First(g.host.Context(), &v); err != nil {
		g.Fatal(err)
	}
	return v
}

// cookie is the person's session cookie at a site.
func (p *person) cookie(site string) string {
	for _, c := range p.browser.Jar.Cookies(&url.URL{Scheme: "http", Host: site + "." + p.g.domain, Path: "/"}) {
		if c.Name == heartwood.SessionCookie {
			return c.Value
		}
	}
	return ""
}
