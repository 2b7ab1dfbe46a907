//go:build !js

package heartwood

import (
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
	"grove.place/lattice/workers/heartwood/keyring"
)

// grove is the Worker on a local host with a clock that the test moves.
type grove struct {
	t        *testing.T
	host     *local.Host
	server   *httptest.Server
	vars     devoidc.Variables
	provider *devoidc.Provider
}

// startGrove starts the Worker; change takes bindings away.
func startGrove(t *testing.T, change func(*local.Options)) *grove {
	t.Helper()
	g := &grove{t: t}
	g.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Who a request comes from is the host's to say, so a test cannot say it in CF-Connecting-IP.
		if ip := r.Header.Get("Test-From"); ip != "" {
			r.RemoteAddr = net.JoinHostPort(ip, "1")
		}
		g.host.ServeHTTP(w, r)
	}))
	t.Cleanup(g.server.Close)
	var stop func()
	var err error
	if g.provider, stop, err = devoidc.Start("127.0.0.1:0", devoidc.DefaultClient); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	g.vars = devoidc.Vars(g.server.Listener.Addr().String(), g.provider.Issuer(), g.provider.Client())
	options := local.Options{
		Objects:   map[string]string{"SESSIONS": "SessionDO", "TENANTS": "TenantDO", "ANALYTICS": "AnalyticsDO", "FEEDS": "FeedDO", "NOTIFICATIONS": "NotificationDO", "POSTS": "PostDO"},
		Databases: map[string]local.Database{"DB": {Migrations: "../../migrations"}},
		Vars:      g.vars, Isolates: 1,
		// The provider's tokens are dated with the machine's clock.
		Clock: local.NewVirtualClock(time.Now()),
	}
	if change != nil {
		change(&options)
	}
	g.host = local.StartTest(t, local.TestOptions{Package: "grove.place/lattice/workers/grove", Options: options})
	return g
}

func (g *grove) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (g *grove) send(browser *http.Client, method, path string, header http.Header) (*http.Response, string) {
	g.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = g.server.URL + path
	}
	req, err := http.NewRequestWithContext(g.t.Context(), method, path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Host = header.Get("Host")
	resp, err := browser.Do(req)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp, string(body)
}

func (g *grove) get(browser *http.Client, path string) (int, string) {
	g.t.Helper()
	resp, body := g.send(browser, http.MethodGet, path, nil)
	return resp.StatusCode, body
}

// signIn goes through the provider and returns the callback's answer.
func (g *grove) signIn(browser *http.Client, user url.Values) (*http.Response, string) {
	g.t.Helper()
	resp, body := g.send(browser, http.MethodGet, "/auth/login/dev", nil)
	if resp.StatusCode != http.StatusSeeOther {
		return resp, body
	}
	back, err := browser.PostForm(resp.Header.Get("Location"), user)
	if err != nil {
		g.t.Fatal(err)
	}
	back.Body.Close()
	return g.send(browser, http.MethodGet, back.Header.Get("Location"), nil)
}

var alice = url.Values{"sub": {"s-1"}, "name": {"Alice"}, "email": {"alice@example.test"}, "email_verified": {"1"}}

func renewed(resp *http.Response) bool {
	for _, c := range resp.Cookies() {
		if c.Name == SessionCookie && c.MaxAge > 0 {
			return true
		}
	}
	return false
}

func TestTheCookieIsRenewedAtHalfOfItsTime(t *testing.T) {
	g := startGrove(t, nil)
	browser := g.browser()
	if resp, body := g.signIn(browser, alice); resp.StatusCode != http.StatusSeeOther || !renewed(resp) {
		t.Fatalf("sign in: %d\n%s", resp.StatusCode, body)
	}
	for _, step := range []struct {
		after time.Duration
		renew bool
	}{{idleLifetime/2 - time.Hour, false}, {2 * time.Hour, true}, {time.Hour, false}, {idleLifetime - 2*time.Hour, true}} {
		g.host.Clock.Advance(step.after)
		resp, _ := g.send(browser, http.MethodGet, "/auth/session", nil)
		if resp.StatusCode != http.StatusOK || renewed(resp) != step.renew {
			t.Fatalf("after %v more: %d, renewed %v, want it %v", step.after, resp.StatusCode, renewed(resp), step.renew)
		}
	}
	g.host.Clock.Advance(idleLifetime + time.Hour)
	if status, _ := g.get(browser, "/auth/session"); status != http.StatusUnauthorized {
		t.Errorf("unused for too long: %d, want 401", status)
	}
}

func TestManyAttemptsFromOnePlaceAreDelayed(t *testing.T) {
	g := startGrove(t, nil)
	from := func(ip string) *http.Response {
		t.Helper()
		resp, _ := g.send(g.browser(), http.MethodGet, "/auth/login/dev", http.Header{"Test-From": {ip}})
		return resp
	}
	for i := range 31 {
		if resp := from("198.51.100.7"); resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("attempt %d: %d", i+1, resp.StatusCode)
		}
	}
	limited := from("198.51.100.200") // of the same network
	if limited.StatusCode != http.StatusTooManyRequests || limited.Header.Get("Retry-After") != "2" {
		t.Errorf("attempt 32: %d, Retry-After %q, want 429 and 2", limited.StatusCode, limited.Header.Get("Retry-After"))
	}
	if resp := from("203.0.113.7"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("another network: %d, want it unaffected", resp.StatusCode)
	}
	g.host.Clock.Advance(3 * time.Second)
	if resp := from("198.51.100.7"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("after the delay: %d", resp.StatusCode)
	}
}

func TestClaimingAnAddressDoesNotLockItsOwnerOut(t *testing.T) {
	g := startGrove(t, nil)
	claim := url.Values{"sub": {"mallory"}, "email": {"alice@example.test"}}
	statuses := map[int]int{}
	for range 8 {
		resp, _ := g.signIn(g.browser(), claim)
		statuses[resp.StatusCode]++
	}
	if statuses[http.StatusForbidden] != 6 || statuses[http.StatusTooManyRequests] != 2 {
		t.Errorf("eight claims without proof: %v, want six refused and then a delay", statuses)
	}
	if resp, body := g.signIn(g.browser(), alice); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the owner, with proof: %d\n%s", resp.StatusCode, body)
	}
}

func TestAClosedAccountCannotSignIn(t *testing.T) {
	g := startGrove(t, nil)
	if resp, _ := g.signIn(g.browser(), alice); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign in: %d", resp.StatusCode)
	}
	if _, err := db.Prepare(`UPDATE users SET status = 'banned'`).Run(g.host.Context()); err != nil {
		t.Fatal(err)
	}
	browser := g.browser()
	if resp, body := g.signIn(browser, alice); resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "closed") {
		t.Errorf("sign in: %d\n%s", resp.StatusCode, body)
	}
	if status, _ := g.get(browser, "/auth/session"); status != http.StatusUnauthorized {
		t.Errorf("/auth/session: %d, want 401", status)
	}
}

// signedCookie is a cookie that this deployment would have given.
func (g *grove) signedCookie() http.Header {
	g.t.Helper()
	ring, err := keyring.Parse(g.vars["SESSION_KEYS"])
	if err != nil {
		g.t.Fatal(err)
	}
	value, err := credential{"u1", "s1"}.encode(ring, g.vars["GROVE_DOMAIN"])
	if err != nil {
		g.t.Fatal(err)
	}
	return http.Header{"Cookie": {SessionCookie + "=" + value}, "Origin": {g.server.URL}, "X-Csrf-Token": {csrfToken(ring, g.vars["GROVE_DOMAIN"], "s1")}}
}

func TestWithoutObjectsWritesFailClosedAndPagesStayPublic(t *testing.T) {
	g := startGrove(t, func(o *local.Options) { o.Objects = nil })
	visitor := g.signedCookie()
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"GET", "/auth/login", 200}, {"GET", "/auth/session", 503}, {"GET", "/auth/sessions", 503},
		{"GET", "/settings/sessions", 503}, {"POST", "/auth/logout", 503}, {"POST", "/auth/sessions/revoke-all", 503},
		{"DELETE", "/auth/sessions/x", 503}, {"POST", "/settings/sessions/revoke", 503}, {"GET", "/auth/login/dev", 503},
	} {
		resp, body := g.send(g.browser(), c.method, c.path, visitor)
		if resp.StatusCode != c.status {
			t.Errorf("%s %s: %d, want %d\n%s", c.method, c.path, resp.StatusCode, c.status, body)
		}
		if c.status == 503 && resp.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", c.method, c.path)
		}
		if strings.Contains(strings.Join(resp.Header["Set-Cookie"], ";"), SessionCookie+"=;") {
			t.Errorf("%s %s: an outage signs the visitor out", c.method, c.path)
		}
		if c.path == "/" && !strings.Contains(body, `id="sign-in"`) {
			t.Errorf("the home page is not that of nobody:\n%s", body)
		}
	}
}

func TestWithoutD1NobodySignsInButSessionsGoOn(t *testing.T) {
	dir := t.TempDir()
	g := startGrove(t, func(o *local.Options) { o.Databases = nil; o.Dir = dir })
	if status, _ := g.get(g.browser(), "/auth/login/dev"); status != http.StatusServiceUnavailable {
		t.Errorf("sign in: %d, want 503", status)
	}
	// A validation reads no D1: it can tell that this session does not exist.
	resp, _ := g.send(g.browser(), http.MethodGet, "/auth/sessions", g.signedCookie())
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a session that does not exist: %d, want 401", resp.StatusCode)
	}
}

func TestWithoutKeysNothingIsSigned(t *testing.T) {
	g := startGrove(t, func(o *local.Options) { delete(o.Vars, "SESSION_KEYS") })
	if status, body := g.get(g.browser(), "/auth/login/dev"); status != http.StatusInternalServerError || strings.Contains(body, "SESSION_KEYS") {
		t.Errorf("sign in: %d, want 500 and no configuration in the page\n%s", status, body)
	}
}

func TestOutsideLocalhostEverythingIsSecure(t *testing.T) {
	g := startGrove(t, func(o *local.Options) {
		o.Vars["GROVE_DOMAIN"], o.Vars["COOKIE_DOMAIN"] = "grove.place", "grove.place"
	})
	begun, body := g.send(g.browser(), http.MethodGet, "/auth/login/dev", http.Header{"Host": {"grove.place"}})
	if begun.StatusCode != http.StatusSeeOther {
		t.Fatalf("begin: %d\n%s", begun.StatusCode, body)
	}
	if at := begun.Header.Get("Location"); !strings.Contains(at, "redirect_uri="+url.QueryEscape("https://grove.place/auth/callback/dev")) {
		t.Errorf("the redirect address is not ours: %s", at)
	}
	for _, c := range begun.Cookies() {
		if !c.Secure || !c.HttpOnly || c.Domain != "" || c.Path != "/auth" {
			t.Errorf("the cookie %v", c)
		}
	}
	c, err := newConfig(func(name string) string { return g.vars[name] })
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := c.remember(w, "grove.place", credential{"u1", "s1"}, idleLifetime); err != nil {
		t.Fatal(err)
	}
	if cookie := w.Result().Cookies()[0]; !cookie.Secure || !cookie.HttpOnly || cookie.Domain != "grove.place" || cookie.SameSite != http.SameSiteLaxMode {
		t.Errorf("the session cookie is %v", cookie)
	}
}
