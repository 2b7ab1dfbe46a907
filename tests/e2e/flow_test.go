package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"grove.place/lattice/tests/devoidc"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
	safari  = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"
)

var people atomic.Int64

// somebody is a person that no other test knows.
func somebody(name string) devoidc.User {
	n := people.Add(1)
	return devoidc.User{Subject: fmt.Sprintf("s-%d", n), Name: name, Email: fmt.Sprintf("%s%d@example.test", strings.ToLower(name), n), Verified: true}
}

func TestSigningInAndOut(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		alice, v := somebody("Alice"), s.visitor(t, firefox)
		if a := v.get("/auth/session"); a.status != http.StatusUnauthorized {
			t.Errorf("/auth/session before: %d, want 401", a.status)
		}
		if a := v.get("/settings/sessions"); a.status != http.StatusSeeOther || a.location() != "/auth/login?return_to=%2Fsettings%2Fsessions" {
			t.Errorf("/settings/sessions before: %d to %q, want the sign-in page", a.status, a.location())
		}
		if a := v.get("/auth/login"); a.status != http.StatusOK || !strings.Contains(a.body, "Continue with Development") {
			t.Errorf("the sign-in page: %d\n%s", a.status, a.body)
		}

		a := v.get(v.identify(v.begin("/settings/sessions"), alice))
		if a.status != http.StatusSeeOther || a.location() != "/settings/sessions" {
			t.Fatalf("callback: %d to %q", a.status, a.location())
		}
		cookie := sessionCookie(t, a)
		if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || cookie.Domain != "" || cookie.Secure || cookie.MaxAge <= 0 {
			t.Errorf("the cookie is %v", cookie)
		}
		if parts := strings.Split(cookie.Value, "."); len(parts) != 5 || parts[0] != "v1" || parts[1] != "k1" {
			t.Errorf("the cookie's value is not v1.kid.user.session.mac: %s", cookie.Value)
		}

		who := v.whoAmI()
		user := who["user"].(map[string]any)
		if user["name"] != alice.Name || user["email"] != alice.Email || v.csrf == "" {
			t.Errorf("who am I: %v", who)
		}
		if a := v.get("/"); !strings.Contains(a.body, "Welcome back, Alice") {
			t.Errorf("the home page does not know the visitor:\n%s", a.body)
		}
		page := v.get("/settings/sessions")
		if !strings.Contains(page.body, "Firefox on Linux") || !strings.Contains(page.body, "This device") || !strings.Contains(page.body, "signed in nowhere else") {
			t.Errorf("the sessions page:\n%s", page.body)
		}

		if a := v.submit("/auth/logout", url.Values{}); a.status != http.StatusSeeOther || a.location() != "/" {
			t.Errorf("sign out: %d to %q", a.status, a.location())
		}
		if v.signedIn() {
			t.Error("signed in after signing out")
		}
		replayed := s.visitor(t, firefox)
		if a := replayed.send(http.MethodGet, "/auth/session", "", map[string]string{"Cookie": "grove_session=" + cookie.Value}); a.status != http.StatusUnauthorized {
			t.Errorf("the cookie of an ended session: %d, want 401", a.status)
		}
	})
}

func sessionCookie(t *testing.T, a answer) *http.Cookie {
	t.Helper()
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "grove_session" {
			return c
		}
	}
	t.Fatalf("no session cookie was set: %v", a.header["Set-Cookie"])
	return nil
}

func TestEndingASessionElsewhere(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		alice := somebody("Alice")
		here, phone, tablet := s.visitor(t, firefox), s.visitor(t, safari), s.visitor(t, safari)
		here.signIn(alice)
		phone.signIn(alice)
		tablet.signIn(alice)
		list := here.sessions()
		if len(list) != 3 || list[0]["current"] != true || list[1]["current"] == true {
			t.Fatalf("%v: want three sessions, our own first", list)
		}

		// By API: one.
		target := phone.whoAmI()["session"].(map[string]any)["id"].(string)
		if a := here.change(http.MethodDelete, "/auth/sessions/"+target, "", nil); a.status != http.StatusNoContent {
			t.Fatalf("revoke: %d %s", a.status, a.body)
		}
		if phone.signedIn() || !tablet.signedIn() || !here.signedIn() {
			t.Error("want the revoked session signed out, and no other")
		}
		if a := here.change(http.MethodDelete, "/auth/sessions/"+target, "", nil); a.status != http.StatusNotFound {
			t.Errorf("revoke again: %d, want 404", a.status)
		}

		// By form, as without JavaScript: ask, confirm.
		target = tablet.whoAmI()["session"].(map[string]any)["id"].(string)
		if a := here.get("/settings/sessions/confirm?id=" + target); a.status != http.StatusOK || !strings.Contains(a.body, "End this session?") {
			t.Fatalf("confirm: %d\n%s", a.status, a.body)
		}
		if a := here.submit("/settings/sessions/revoke", url.Values{"id": {target}}); a.location() != "/settings/sessions?done=revoked" {
			t.Fatalf("revoke by form: %d to %q\n%s", a.status, a.location(), a.body)
		}
		if tablet.signedIn() || !here.signedIn() {
			t.Error("the form ended the wrong session")
		}

		// All others, then all.
		phone.signIn(alice)
		a := here.change(http.MethodPost, "/auth/sessions/revoke-all", `{"exceptCurrent":true}`, nil)
		if a.status != http.StatusOK || a.json(t)["revoked"] != 1.0 || phone.signedIn() || !here.signedIn() {
			t.Errorf("revoke all others: %d %s", a.status, a.body)
		}
		a = here.change(http.MethodPost, "/auth/sessions/revoke-all", `{}`, nil)
		if a.status != http.StatusOK || a.json(t)["revoked"] != 1.0 || here.signedIn() {
			t.Errorf("revoke all: %d %s", a.status, a.body)
		}
	})
}

func TestOneUserCannotTouchAnothersSessions(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		alice, mallory := s.visitor(t, firefox), s.visitor(t, firefox)
		alice.signIn(somebody("Alice"))
		mallory.signIn(somebody("Mallory"))
		target := alice.whoAmI()["session"].(map[string]any)["id"].(string)
		if a := mallory.change(http.MethodDelete, "/auth/sessions/"+target, "", nil); a.status != http.StatusNotFound {
			t.Errorf("another user's session: %d, want 404", a.status)
		}
		if a := mallory.change(http.MethodPost, "/auth/sessions/revoke-all", `{"exceptCurrent":true}`, nil); a.json(t)["revoked"] != 0.0 {
			t.Errorf("revoke all: %s, want none", a.body)
		}
		if !alice.signedIn() {
			t.Error("another user ended Alice's session")
		}
	})
}

func TestASignInWorksOnceAndInItsBrowser(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		alice := somebody("Alice")
		owner, thief := s.visitor(t, firefox), s.visitor(t, firefox)
		back := owner.identify(owner.begin("/"), alice)
		refused := func(name string, v *visitor, address string, status int) {
			t.Helper()
			if a := v.get(address); a.status != status || strings.Contains(strings.Join(a.header["Set-Cookie"], ";"), "grove_session=v1") {
				t.Errorf("%s: %d %v, want %d and no session", name, a.status, a.header["Set-Cookie"], status)
			}
		}
		refused("a browser that began nothing", thief, back, http.StatusBadRequest)
		thief.begin("/")
		refused("a browser that began another sign-in", thief, back, http.StatusBadRequest)
		refused("no state", owner, strings.Replace(back, "state=", "x=", 1), http.StatusBadRequest)
		refused("an invented state", owner, strings.Replace(back, "state=", "state=x", 1), http.StatusBadRequest)
		refused("another provider", owner, strings.Replace(back, "callback/dev", "callback/google", 1), http.StatusBadRequest)
		if a := owner.get(back); a.status != http.StatusSeeOther {
			t.Fatalf("its own browser: %d\n%s", a.status, a.body)
		}
		refused("a second time", owner, back, http.StatusBadRequest)

		code, _ := url.Parse(owner.identify(owner.begin("/"), alice))
		query := code.Query()
		query.Set("code", "invented")
		code.RawQuery = query.Encode()
		refused("an invented code", owner, code.String(), http.StatusForbidden)

		denied := owner.send(http.MethodPost, owner.begin("/"), "deny=1", map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
		refused("a sign-in that was denied", owner, denied.location(), http.StatusForbidden)
		if !owner.signedIn() {
			t.Error("what failed later ended the session")
		}
	})
}

func TestEmailLinksAccountsOnlyWhenVerified(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		alice := somebody("Alice")
		owner := s.visitor(t, firefox)
		id := owner.signIn(alice)["user"].(map[string]any)["id"]

		pretender, impostor := alice, s.visitor(t, firefox)
		pretender.Subject, pretender.Verified = "mallory-"+alice.Subject, false
		if a := impostor.get(impostor.identify(impostor.begin("/"), pretender)); a.status != http.StatusForbidden || !strings.Contains(a.body, "not verified") {
			t.Errorf("an unverified address of somebody else's: %d\n%s", a.status, a.body)
		}
		if impostor.signedIn() {
			t.Fatal("an unverified address signed in")
		}

		linked, second := alice, s.visitor(t, firefox)
		linked.Subject, linked.Email = "other-"+alice.Subject, strings.ToUpper(alice.Email)
		if got := second.signIn(linked)["user"].(map[string]any)["id"]; got != id {
			t.Errorf("the same verified address: user %v, want %v", got, id)
		}

		// The subject is the key: another address does not make another account.
		moved, third := alice, s.visitor(t, firefox)
		moved.Email, moved.Verified = "new-"+alice.Email, false
		if got := third.signIn(moved)["user"].(map[string]any)["id"]; got != id {
			t.Errorf("the same subject: user %v, want %v", got, id)
		}
	})
}

func TestFirstSignInsAtTheSameTimeMakeOneAccount(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		alice := somebody("Alice")
		var visitors []*visitor
		var backs []string
		for range 6 {
			v := s.visitor(t, firefox)
			visitors, backs = append(visitors, v), append(backs, v.identify(v.begin("/"), alice))
		}
		var returning sync.WaitGroup
		for i, v := range visitors {
			returning.Go(func() { v.get(backs[i]) })
		}
		returning.Wait()
		ids := map[any]bool{}
		for _, v := range visitors {
			ids[v.whoAmI()["user"].(map[string]any)["id"]] = true
		}
		if len(ids) != 1 || len(visitors[0].sessions()) != len(visitors) {
			t.Errorf("%d accounts with %d sessions, want one with %d", len(ids), len(visitors[0].sessions()), len(visitors))
		}
	})
}

func TestForgedRequestsChangeNothing(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		v, other := s.visitor(t, firefox), s.visitor(t, firefox)
		alice := somebody("Alice")
		v.signIn(alice)
		other.signIn(alice)
		sibling := strings.Replace(s.url, "localhost", "mallory.localhost", 1)
		for name, header := range map[string]map[string]string{
			"no token":           {"X-CSRF-Token": ""},
			"another's token":    {"X-CSRF-Token": other.csrf},
			"no origin":          {"Origin": ""},
			"a foreign origin":   {"Origin": "https://evil.test"},
			"a sibling's origin": {"Origin": sibling},
			"an opaque origin":   {"Origin": "null"},
		} {
			for _, request := range [][2]string{
				{http.MethodPost, "/auth/logout"}, {http.MethodPost, "/auth/sessions/revoke-all"},
				{http.MethodDelete, "/auth/sessions/" + v.sessions()[1]["id"].(string)},
				{http.MethodPost, "/settings/sessions/others"}, {http.MethodPost, "/settings/sessions/revoke"},
			} {
				if a := v.change(request[0], request[1], "", header); a.status != http.StatusForbidden {
					t.Errorf("%s %s with %s: %d, want 403", request[0], request[1], name, a.status)
				}
			}
		}
		if a := v.get("/auth/logout"); a.status != http.StatusMethodNotAllowed {
			t.Errorf("GET /auth/logout: %d, want 405", a.status)
		}
		if !v.signedIn() || !other.signedIn() {
			t.Error("a forged request ended a session")
		}
	})
}

func TestBadInput(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		v, nobody := s.visitor(t, firefox), s.visitor(t, firefox)
		v.signIn(somebody("Alice"))
		cookie := func(value string) map[string]string { return map[string]string{"Cookie": "grove_session=" + value} }
		json := map[string]string{"Accept": "application/json"}
		for _, c := range []struct {
			name   string
			answer answer
			status int
		}{
			{"a foreign return_to", nobody.get("/auth/login?return_to=https://evil.test/"), 400},
			{"a foreign return_to at the provider's link", nobody.get("/auth/login/dev?return_to=//evil.test"), 400},
			{"an unknown provider", nobody.get("/auth/login/facebook"), 404},
			{"an unknown page", nobody.get("/nothing/here"), 404},
			{"an unknown file", nobody.get("/assets/nothing.css"), 404},
			{"a file outside", nobody.get("/assets/..%2fpages%2fhome.html"), 404},
			{"an unknown tenant", nobody.send("GET", "/", "", map[string]string{"Host": strings.Replace(s.url[len("http://"):], "localhost", "nobody.localhost", 1)}), 404},
			{"a forged cookie", nobody.send("GET", "/auth/session", "", cookie("v1.k1.u1.s1.AAAA")), 401},
			{"a cookie of garbage", nobody.send("GET", "/auth/sessions", "", cookie("%00....")), 401},
			{"a very long cookie", nobody.send("GET", "/auth/session", "", cookie(strings.Repeat("v1.", 1000))), 401},
			{"a list without a session", nobody.get("/auth/sessions"), 401},
			{"a session that is none", v.change("DELETE", "/auth/sessions/nonsense", "", nil), 404},
			{"a body that is no JSON", v.change("POST", "/auth/sessions/revoke-all", "{", nil), 400},
			{"a body of another type", v.change("POST", "/auth/sessions/revoke-all", `{"exceptCurrent":"yes"}`, nil), 400},
			{"a body that is too large", v.change("POST", "/auth/sessions/revoke-all", strings.Repeat(" ", 70<<10), nil), 413},
			{"the wrong method", v.change("PUT", "/auth/sessions", "", nil), 405},
			{"a confirmation for no session", v.get("/settings/sessions/confirm?id=nonsense"), 404},
			{"JSON when asked for", nobody.send("GET", "/auth/callback/dev", "", json), 400},
		} {
			if c.answer.status != c.status {
				t.Errorf("%s: %d, want %d\n%s", c.name, c.answer.status, c.status, c.answer.body)
			}
		}
		if a := nobody.send("GET", "/auth/callback/dev", "", json); !strings.Contains(a.body, `"code":"stale_flow"`) {
			t.Errorf("an error for a program: %s", a.body)
		}
		if !v.signedIn() {
			t.Error("bad input ended the session")
		}
	})
}

func TestEveryAnswerIsProtected(t *testing.T) {
	onBothHosts(t, func(t *testing.T, s site) {
		v := s.visitor(t, firefox)
		v.signIn(somebody("Alice"))
		for _, path := range []string{"/", "/auth/login", "/auth/session", "/auth/sessions", "/settings/sessions", "/nothing", "/assets/grove.css"} {
			a := v.get(path)
			policy := a.header.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: the policy is %q", path, policy)
			}
			if a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: no nosniff", path)
			}
			if cached := a.header.Get("Cache-Control"); !strings.HasPrefix(path, "/assets") && path != "/nothing" && cached != "no-store" {
				t.Errorf("%s: Cache-Control %q, want no-store", path, cached)
			}
		}
	})
}
